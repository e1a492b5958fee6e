#pragma once
// Filters of visits: what keeps one from being charged before any market is asked. The velocity of
// addresses is counted in memory, per process; everything here may be called by any thread.

#include <array>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/http/message.hpp"
#include "server/privacy/key_ring.hpp"
#include "server/storage/clicks.hpp"

namespace leadex::api {

/// Words of a comma-separated list, in lower case.
[[nodiscard]] std::vector<std::string> bot_words(std::string_view list);

/// What the request itself says against charging it: not_get, prefetch or bot; nothing otherwise.
/// No user agent at all is a bot's.
[[nodiscard]] std::optional<storage::VisitOutcome> filtered_by_headers(
    http::Request const& request, std::vector<std::string> const& bots);

/// 16 bytes that tell one visitor from another and say nothing of address or agent. Addresses of
/// one IPv6 /64 are one, as are those behind one IPv4 address.
[[nodiscard]] std::string visitor_digest(privacy::KeyRing const& keys,
                                         http::Request const& request);

/// Visits of an address, of IPv6 its /64, in the minute that runs. The table has a fixed size: of
/// more addresses than it holds, those that came first in their row are forgotten.
class VisitVelocity {
 public:
  /// @param per_minute_max  0: any number
  explicit VisitVelocity(std::int64_t per_minute_max);
  /// Counts one visit. @return whether it is within the limit
  [[nodiscard]] bool admit(std::string_view peer_address, std::int64_t now_us);

 private:
  static constexpr std::size_t kRows = 1 << 14;
  static constexpr std::size_t kPlaces = 4;
  struct Place {
    std::uint64_t address{};  // hashed with a seed of this process
    std::int64_t minute{};
    std::int64_t n{};
  };
  std::int64_t const per_minute_max_;
  std::uint64_t const seed_;
  std::mutex guard_;  // of the table
  std::vector<std::array<Place, kPlaces>> rows_;
};

}  // namespace leadex::api
