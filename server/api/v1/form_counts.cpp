#include "server/api/v1/form_counts.hpp"

namespace leadex::api {

namespace {
constexpr std::int64_t kDayUs = 86'400'000'000;
}  // namespace

void FormCounts::add(storage::FormId form, Timestamp at, storage::FormStep step) {
  auto const day = static_cast<std::int32_t>(to_unix_micros(at) / kDayUs);
  std::lock_guard const lock{guard_};
  ++counts_[{form, day, step}];
}

boost::asio::awaitable<Result<void, storage::StoreError>> FormCounts::flush() {
  std::map<Key, std::int64_t> taken;
  {
    std::lock_guard const lock{guard_};
    taken.swap(counts_);
  }
  if (taken.empty()) co_return Result<void, storage::StoreError>{};
  std::vector<storage::FormCount> rows;
  for (auto const& [key, n] : taken) {
    rows.push_back({std::get<0>(key), std::get<1>(key), std::get<2>(key), n});
  }
  auto const done = co_await store_.add(std::move(rows));
  if (done) co_return Result<void, storage::StoreError>{};
  // Of an unknown outcome, adding again could count twice.
  if (done.error() != storage::StoreError::outcome_unknown) {
    std::lock_guard const lock{guard_};
    for (auto const& [key, n] : taken) counts_[key] += n;
  }
  co_return refuse(done.error());
}

}  // namespace leadex::api
