#pragma once
// ClickServices: what the handlers of placements and visits need beside the ApiContext. Built once
// by main; outlives the server. Any thread.

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "server/api/v1/visit_counts.hpp"
#include "server/api/v1/visit_filters.hpp"

namespace leadex::api {

/// Placements as visitors need them. An entry holds for two seconds: a pause made by another
/// process acts that late, one made here at once.
class PlacementCache {
 public:
  using Entry = std::shared_ptr<storage::Placement const>;
  using Clock = std::chrono::steady_clock;
  /// Null when it is not here, or no longer holds.
  [[nodiscard]] Entry find(PlacementId id, Clock::time_point now);
  /// @param reading  what reading() said before the row was read: a row that was changed since is
  ///                 not kept
  void keep(Entry placement, Clock::time_point now, std::uint64_t reading);
  [[nodiscard]] std::uint64_t reading();
  /// After the row was changed.
  void forget(PlacementId id);

 private:
  static constexpr std::size_t kEntriesMax = 4096;  // then it starts anew
  static constexpr std::chrono::seconds kHolds{2};
  struct Kept {
    Entry placement;
    Clock::time_point until;
  };
  std::mutex guard_;  // of the entries
  std::unordered_map<PlacementId, Kept> entries_;
  std::uint64_t changes_{};
};

struct ClickOptions {
  std::string public_url;                ///< empty: the host that the caller named
  std::int64_t per_minute_max = 60;      ///< of one address
  std::vector<std::string> bots{"bot"};  ///< parts of user agents, in lower case
};

struct ClickServices {
  ClickServices(storage::ClickStore& clicks, ClickOptions given)
      : store(clicks),
        options(std::move(given)),
        counts(clicks),
        velocity(options.per_minute_max) {}

  storage::ClickStore& store;
  ClickOptions options;
  VisitCounts counts;
  VisitVelocity velocity;
  PlacementCache cache;
};

}  // namespace leadex::api
