#include "server/crypto/evp.hpp"

#include <atomic>

namespace leadex::crypto::evp {

std::uint64_t next_key_serial() noexcept {
  static std::atomic<std::uint64_t> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

}  // namespace leadex::crypto::evp
