#include "server/app/find_untruths.hpp"

#include <algorithm>
#include <span>

#include "matching/estimate/observations.hpp"
#include "server/app/action.hpp"
#include "server/app/buyer_tests.hpp"
#include "server/app/returned_wins.hpp"
#include "server/observe/log.hpp"

namespace leadex::app {

namespace asio = boost::asio;
using storage::EventCounts;
using storage::NewFinding;
using storage::SaleDays;
using storage::TruthReads;

namespace {

constexpr std::int64_t kSecondUs = 1'000'000;
constexpr std::int64_t kDayUs = 86'400 * kSecondUs;
constexpr std::int32_t kYearDays = 365;
constexpr std::int32_t kPeriodDays = 90;  // of one judgement of returns
constexpr std::int32_t kPairDays = 180;   // that a returned lead and its win may lie back
constexpr std::size_t kCasesPerJob = 100;

/// The days that the tests of one market count on one day.
struct TestDays {
  SaleDays mature;  // of sales per acquisition
  std::int64_t buckets{};
  SaleDays returns;  // a closed period
};

/// How old a day of sale is when all its returns are decided.
std::int32_t return_days(market::MarketRules const& rules) {
  auto const us =
      rules.delivery_deadline_us + rules.return_window_us + rules.contest_us + rules.decide_us;
  return static_cast<std::int32_t>((us + kDayUs - 1) / kDayUs + 1);
}

/// Sequential tests look at the year before and at this one, which bounds what a round reads: their
/// α counts anew with each year. Returns are judged by closed periods, the same for everybody.
TestDays test_days(std::int32_t as_of, market::MarketRules const& rules) {
  TestDays days;
  days.buckets = std::min(
      estimate::buckets_of(rules.cpa_window_us / kSecondUs, rules.cpa_review_us / kSecondUs),
      estimate::kBucketsMax);
  days.mature.from = std::max(0, as_of / kYearDays - 1) * kYearDays;
  days.mature.until = static_cast<std::int32_t>(quality::mature_before(as_of, days.buckets));
  days.returns.until = std::max(0, as_of - return_days(rules)) / kPeriodDays * kPeriodDays;
  days.returns.from = std::max(0, days.returns.until - kPeriodDays);
  return days;
}

using Read = TruthReads::Later<std::vector<EventCounts>> (TruthReads::*)(MarketNo, SaleDays);
using Add = std::function<void(std::span<EventCounts const>)>;

/// A week at a time, and day by day once that is too much for one read.
/// @return false when not all could be read: a test of a part would be wrong
asio::awaitable<bool> read_days(TruthReads& truth, MarketNo market, Read read, SaleDays days,
                                Add add) {
  auto step = TruthReads::kDaysMax;
  for (auto from = days.from; from < days.until;) {
    auto const counts = co_await (truth.*read)(market, {from, std::min(from + step, days.until)});
    if (counts && counts->size() < TruthReads::kCountsMax) {
      add(*counts);
      from += step;
    } else if (step > 1) {
      step = 1;
    } else {
      log::error("truth.not_counted", "a day of sales could not be counted; its test waits")
          .field("market", std::int64_t{market})
          .field("day", std::int64_t{from});
      co_return false;
    }
  }
  co_return true;
}

void append(std::vector<NewFinding>& to, std::vector<NewFinding> more) {
  to.insert(to.end(), more.begin(), more.end());
}

asio::awaitable<std::vector<NewFinding>> test_market(UntruthServices services,
                                                     std::shared_ptr<market::MarketActor> market,
                                                     std::int32_t as_of) {
  std::vector<NewFinding> found;
  auto const settings = market->settings();
  if (settings == nullptr) co_return found;
  auto const market_no = market->market_no();
  auto const cases = co_await services.truth.past_cases(market_no);
  if (!cases) co_return found;
  PastFindings const past(*cases);
  auto const days = test_days(as_of, settings->rules);

  Comparisons comparisons(days.mature.from, past);
  bool whole = co_await read_days(
      services.truth, market_no, &TruthReads::conversions, days.mature,
      [&comparisons](std::span<EventCounts const> counts) { comparisons.add(counts); });
  if (whole) append(found, comparisons.findings(days.mature.until));

  ReturnShares shares(days.returns.from, past);
  whole =
      co_await read_days(services.truth, market_no, &TruthReads::returns, days.returns,
                         [&shares](std::span<EventCounts const> counts) { shares.add(counts); });
  if (whole) append(found, shares.findings(days.returns.until));

  auto const verified = co_await services.truth.verified(market_no, days.mature, days.buckets);
  if (verified) {
    Holdouts holdouts(days.mature.from, past);
    holdouts.add(*verified);
    append(found, holdouts.findings(days.mature.until));
  }
  append(found, co_await find_returned_wins(services, market, (as_of - kPairDays) * kDayUs, past));
  for (auto& one : found) one.market = market_no;
  co_return found;
}

std::int64_t open_cases(storage::PlatformTx& tx, std::vector<NewFinding> const& found) {
  std::vector<NewFinding> opened;
  for (auto one : found) {
    one.finding_no = tx.next_number(0, storage::NumberKind::finding);
    if (tx.findings().open(one, tx.now())) opened.push_back(one);
  }
  for (auto const& one : opened) {
    audit(tx, 0, "finding.opened", {one.finding.buyer_no, "finding", one.finding_no},
          AuditPayload{}
              .add("market", std::int64_t{one.market})
              .add("kind", static_cast<std::int64_t>(one.finding.kind)));
  }
  return std::ssize(opened);
}

asio::awaitable<std::int64_t> find_in(UntruthServices services,
                                      std::shared_ptr<market::MarketActor> market) {
  auto const as_of = static_cast<std::int32_t>(to_unix_micros(services.now()) / kDayUs);
  auto const found = co_await test_market(services, market, as_of);
  std::int64_t opened = 0;
  for (std::size_t from = 0; from < found.size(); from += kCasesPerJob) {
    auto const until = std::min(from + kCasesPerJob, found.size());
    std::vector<NewFinding> const some(found.begin() + static_cast<std::ptrdiff_t>(from),
                                       found.begin() + static_cast<std::ptrdiff_t>(until));
    auto const done = co_await services.database.transact(
        [some](storage::PlatformTx& tx) { return open_cases(tx, some); });
    if (!done) break;  // what is left is found again tomorrow
    opened += *done;
  }
  if (opened > 0) {
    log::info("truth.found", "cases about buyers were opened")
        .field("market", std::string_view{market->name()})
        .field("cases", opened);
  }
  co_return opened;
}

}  // namespace

asio::awaitable<std::int64_t> find_untruths(UntruthServices services) {
  std::int64_t opened = 0;
  for (auto const& market : services.markets.all()) {
    if (!market->ready()) continue;
    opened += co_await find_in(services, market);
  }
  co_return opened;
}

}  // namespace leadex::app
