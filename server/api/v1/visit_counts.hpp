#pragma once
// VisitCounts: visits that were charged to nobody, counted in memory and added to the tables now
// and then; what a process that dies has not added yet is lost. Any thread.

#include <map>
#include <mutex>
#include <tuple>

#include "server/storage/clicks.hpp"

namespace leadex::api {

class VisitCounts {
 public:
  explicit VisitCounts(storage::ClickStore& store) : store_(store) {}

  void add(PlacementId placement, std::int64_t at_us, storage::VisitOutcome outcome);
  /// Adds what was counted to the tables; what could not be added is kept.
  [[nodiscard]] boost::asio::awaitable<Result<void, storage::StoreError>> flush();

 private:
  using Key = std::tuple<PlacementId, std::int32_t, storage::VisitOutcome>;
  storage::ClickStore& store_;
  std::mutex guard_;  // of the counts
  std::map<Key, std::int64_t> counts_;
};

}  // namespace leadex::api
