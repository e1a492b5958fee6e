#include "server/http/request_id.hpp"

#include <openssl/rand.h>

#include "billing/values/check.hpp"

namespace leadex::http {

namespace {

constexpr char kCrockford[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr std::size_t kIdChars = 26;
constexpr std::size_t kIdBytes = 16;

struct Pool {
  std::array<std::uint8_t, 64 * kIdBytes> bytes{};
  std::size_t used = sizeof(bytes);
};

}  // namespace

std::string request_id_of(std::span<std::uint8_t const, 16> bytes) {
  std::string id = "req_";
  id.reserve(id.size() + kIdChars);
  // 26 characters hold 130 bits: two zero bits stand in front.
  std::uint32_t bits = 0;
  unsigned count = 2;
  for (auto const byte : bytes) {
    bits = (bits << 8U) | byte;
    count += 8;
    while (count >= 5) {
      count -= 5;
      id += kCrockford[(bits >> count) & 31U];
    }
  }
  return id;
}

std::string make_request_id() {
  // One call of the generator costs about a microsecond: fetch for 64 ids at a time.
  thread_local Pool pool;
  if (pool.used == pool.bytes.size()) {
    LEADEX_CHECK(RAND_bytes(pool.bytes.data(), static_cast<int>(pool.bytes.size())) == 1);
    pool.used = 0;
  }
  auto const id = request_id_of(std::span(pool.bytes).subspan(pool.used).first<kIdBytes>());
  pool.used += kIdBytes;
  return id;
}

}  // namespace leadex::http
