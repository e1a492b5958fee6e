#include "server/crypto/random.hpp"

#include <openssl/rand.h>
#include <pthread.h>

#include <atomic>
#include <cstring>

#include "billing/values/check.hpp"
#include "server/crypto/evp.hpp"

namespace leadex::crypto {
namespace {

constexpr std::size_t kReserveBytes = 1024;

// Counts forks: parent and child must not hand out the same reserve.
std::atomic<std::uint64_t>& fork_count() {
  static std::atomic<std::uint64_t> count{0};
  [[maybe_unused]] static int const registered =
      pthread_atfork(nullptr, nullptr, [] { fork_count().fetch_add(1); });
  return count;
}

struct Reserve {
  std::array<std::uint8_t, kReserveBytes> bytes{};
  std::size_t left{};
  std::uint64_t fork{};

  ~Reserve() { OPENSSL_cleanse(bytes.data(), bytes.size()); }

  void refill(std::uint64_t current_fork) {
    evp::must(RAND_bytes(bytes.data(), static_cast<int>(bytes.size())));
    left = bytes.size();
    fork = current_fork;
  }
};

}  // namespace

void random_fill(std::uint8_t* out, std::size_t size) {
  if (size > kReserveBytes / 4) {
    LEADEX_CHECK(size <= (1U << 20));
    evp::must(RAND_bytes(out, static_cast<int>(size)));
    return;
  }
  thread_local Reserve reserve;
  auto const fork = fork_count().load(std::memory_order_relaxed);
  if (reserve.left < size || reserve.fork != fork) reserve.refill(fork);
  reserve.left -= size;
  auto* const from = reserve.bytes.data() + reserve.left;
  std::memcpy(out, from, size);
  OPENSSL_cleanse(from, size);
}

Bytes random_bytes(std::size_t size) {
  Bytes bytes(size, '\0');
  if (size > 0) random_fill(octets(bytes), size);
  return bytes;
}

Secret random_secret(std::size_t size) {
  LEADEX_CHECK(size > 0 && size <= 4096);
  Secret secret(size);
  evp::must(RAND_priv_bytes(secret.data(), static_cast<int>(size)));
  return secret;
}

}  // namespace leadex::crypto
