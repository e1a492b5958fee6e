#include "server/api/v1/visit_counts.hpp"

namespace leadex::api {

namespace {
constexpr std::int64_t kDayUs = 86'400'000'000;
}  // namespace

void VisitCounts::add(PlacementId placement, std::int64_t at_us, storage::VisitOutcome outcome) {
  auto const day = static_cast<std::int32_t>(at_us / kDayUs);
  std::lock_guard const lock{guard_};
  ++counts_[{placement, day, outcome}];
}

boost::asio::awaitable<Result<void, storage::StoreError>> VisitCounts::flush() {
  std::map<Key, std::int64_t> taken;
  {
    std::lock_guard const lock{guard_};
    taken.swap(counts_);
  }
  if (taken.empty()) co_return Result<void, storage::StoreError>{};
  std::vector<storage::VisitCount> rows;
  for (auto const& [key, n] : taken) {
    rows.push_back({.placement = std::get<0>(key),
                    .day = std::get<1>(key),
                    .outcome = std::get<2>(key),
                    .n = n});
  }
  auto const done = co_await store_.add(std::move(rows));
  if (done) co_return Result<void, storage::StoreError>{};
  // Of an unknown outcome, adding again could count twice: nobody is charged by these.
  if (done.error() != storage::StoreError::outcome_unknown) {
    std::lock_guard const lock{guard_};
    for (auto const& [key, n] : taken) counts_[key] += n;
  }
  co_return refuse(done.error());
}

}  // namespace leadex::api
