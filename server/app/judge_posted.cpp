#include "server/app/judge_posted.hpp"

#include "matching/quality/posted_day.hpp"
#include "server/app/open_fraud_case.hpp"
#include "server/observe/log.hpp"

namespace leadex::app {

namespace {

constexpr int kDaysPerJob = 20;
constexpr int kJobsPerRound = 200;
constexpr int kForgottenPerRound = 10'000;
/// After midnight, for counts that are still in the memory of a process.
constexpr auto kLate = std::chrono::minutes{10};

std::int32_t day_of(Timestamp at) {
  return static_cast<std::int32_t>(
      std::chrono::floor<std::chrono::days>(at).time_since_epoch().count());
}

std::int64_t judge(storage::PlatformTx& tx, storage::WaitingDay const& day, std::int32_t today) {
  auto const& of = day.posted.of;
  auto const since = of.day - kReferenceDays;
  quality::DayReference const reference{tx.posted_signs().of_others(of, since),
                                        tx.posted_signs().of_itself(of, since)};
  std::int64_t opened = 0;
  for (auto const& finding :
       quality::judge_posted_day(day.posted.counts, reference, day.looks + 1, {})) {
    bool const is_new = open_fraud_case(tx, {.market = of.market,
                                             .generator_no = of.generator_no,
                                             .posted_day = of.day,
                                             .finding = finding});
    opened += is_new ? 1 : 0;
  }
  tx.posted_signs().mark_looked(of, quality::next_look(day.posted.posts), of.day < today);
  return opened;
}

struct Judged {
  std::int64_t days{};
  std::int64_t opened{};
};

Judged judge_some(storage::PlatformTx& tx) {
  Judged judged;
  auto const today = day_of(tx.now() - kLate);
  for (auto const& day : tx.posted_signs().waiting(today, kDaysPerJob)) {
    judged.opened += judge(tx, day, today);
    ++judged.days;
  }
  return judged;
}

}  // namespace

boost::asio::awaitable<std::int64_t> judge_posted(storage::Database& database) {
  std::int64_t opened = 0;
  for (int job = 0; job < kJobsPerRound; ++job) {
    auto const judged = co_await database.transact(judge_some);
    if (!judged) break;
    opened += judged->opened;
    if (judged->days < kDaysPerJob) break;
  }
  auto const forgotten = co_await database.transact([](storage::PlatformTx& tx) {
    return tx.posted_signs().forget_before(day_of(tx.now()) - kPostedDaysKept, kForgottenPerRound);
  });
  if (!forgotten) log::warn("fraud.days_not_forgotten", "old days of posts could not be deleted");
  if (opened > 0) {
    log::info("fraud.posted", "cases about posted leads were opened").field("cases", opened);
  }
  co_return opened;
}

}  // namespace leadex::app
