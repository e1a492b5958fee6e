#include "server/app/find_untruths.hpp"

#include <algorithm>
#include <span>

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
constexpr std::int32_t kPeriods = 4;      // that a judgement may wait for a return to be decided
constexpr std::int32_t kPairDays = 180;   // that a returned lead and its win may lie back
constexpr std::size_t kCasesPerJob = 100;

using Read = TruthReads::Later<std::vector<EventCounts>> (TruthReads::*)(MarketNo, SaleDays);
using Add = std::function<bool(std::span<EventCounts const>)>;

void log_too_many(MarketNo market, std::int32_t day) {
  log::error("truth.not_counted", "a day of sales could not be counted; its test waits")
      .field("market", std::int64_t{market})
      .field("day", std::int64_t{day});
}

/// A week at a time, and day by day once that is too much for one read; until `add` wants no more.
/// @return false when not all could be read: a test of a part would be wrong
asio::awaitable<bool> read_days(TruthReads& truth, MarketNo market, Read read, SaleDays days,
                                Add add) {
  auto step = TruthReads::kDaysMax;
  for (auto from = days.from; from < days.until;) {
    auto const counts = co_await (truth.*read)(market, {from, std::min(from + step, days.until)});
    if (counts && counts->size() < TruthReads::kCountsMax) {
      bool const more = add(*counts);
      if (!more) break;
      from += step;
    } else if (step > 1) {
      step = 1;
    } else {
      log_too_many(market, from);
      co_return false;
    }
  }
  co_return true;
}

void append(std::vector<NewFinding>& to, std::vector<NewFinding> more) {
  to.insert(to.end(), more.begin(), more.end());
}

/// What one round found in a market.
struct Found {
  std::vector<NewFinding> findings;
  std::vector<std::int32_t> periods;  // whose returns were judged, by their first day
};

/// Sequential tests look at the year before and at this one, which bounds what a round reads: their
/// α counts anew with each year. Sales of today are not complete.
SaleDays tested_days(std::int32_t as_of) {
  return {std::max(0, as_of / kYearDays - 1) * kYearDays, as_of};
}

asio::awaitable<std::vector<NewFinding>> compare(TruthReads& truth, MarketNo market, SaleDays days,
                                                 PastFindings past) {
  Comparisons comparisons(days.from, past);
  bool const whole = co_await read_days(
      truth, market, &TruthReads::conversions, days,
      [&comparisons](std::span<EventCounts const> counts) { return comparisons.add(counts); });
  if (!whole) co_return std::vector<NewFinding>{};
  co_return comparisons.findings();
}

asio::awaitable<std::vector<NewFinding>> test_holdout(TruthReads& truth, MarketNo market,
                                                      SaleDays days, PastFindings past) {
  auto const verified = co_await truth.verified(market, days);
  if (!verified) co_return std::vector<NewFinding>{};
  if (verified->size() >= TruthReads::kCountsMax) {
    log_too_many(market, days.from);
    co_return std::vector<NewFinding>{};
  }
  Holdouts holdouts(days.from, past);
  holdouts.add(*verified);
  co_return holdouts.findings();
}

/// The same periods for everybody, each judged once: when all its returns are decided.
asio::awaitable<Found> judge_periods(TruthReads& truth, MarketNo market, std::int32_t as_of,
                                     PastFindings past) {
  Found found;
  auto const last = as_of / kPeriodDays;  // not complete
  auto const first = std::max(0, last - kPeriods);
  auto const judged = co_await truth.judged(market, first * kPeriodDays);
  if (!judged) co_return found;
  for (auto period = first; period < last; ++period) {
    SaleDays const days{period * kPeriodDays, (period + 1) * kPeriodDays};
    if (std::ranges::binary_search(*judged, days.from)) continue;
    ReturnShares shares(days.from, past);
    bool const whole = co_await read_days(
        truth, market, &TruthReads::returns, days,
        [&shares](std::span<EventCounts const> counts) { return shares.add(counts); });
    if (!whole || !shares.closed()) continue;
    append(found.findings, shares.findings(days.until));
    found.periods.push_back(days.from);
  }
  co_return found;
}

asio::awaitable<Found> test_market(UntruthServices services,
                                   std::shared_ptr<market::MarketActor> market,
                                   std::int32_t as_of) {
  Found found;
  if (market->settings() == nullptr) co_return found;
  auto const market_no = market->market_no();
  auto const since_us = (as_of - kPairDays) * kDayUs;
  auto const cases = co_await services.truth.past_cases(market_no, since_us);
  if (!cases) co_return found;
  PastFindings const past(*cases);
  auto const days = tested_days(as_of);
  found = co_await judge_periods(services.truth, market_no, as_of, past);
  append(found.findings, co_await compare(services.truth, market_no, days, past));
  append(found.findings, co_await test_holdout(services.truth, market_no, days, past));
  append(found.findings, co_await find_returned_wins(services, market, since_us, past));
  for (auto& one : found.findings) one.market = market_no;
  co_return found;
}

std::int64_t open_cases(storage::PlatformTx& tx, std::vector<NewFinding> const& found,
                        Timestamp round) {
  std::vector<NewFinding> opened;
  for (auto one : found) {
    one.finding_no = tx.next_number(0, storage::NumberKind::finding);
    if (tx.findings().open(one, {tx.now(), round})) opened.push_back(one);
  }
  for (auto const& one : opened) {
    audit(tx, 0, "finding.opened", {one.finding.buyer_no, "finding", one.finding_no},
          AuditPayload{}
              .add("market", std::int64_t{one.market})
              .add("kind", static_cast<std::int64_t>(one.finding.kind)));
  }
  return std::ssize(opened);
}

asio::awaitable<void> mark_judged(storage::Database& database, MarketNo market,
                                  std::vector<std::int32_t> periods) {
  auto const marked = co_await database.transact([market, periods](storage::PlatformTx& tx) {
    for (auto const from : periods) tx.findings().mark_judged(market, from, tx.now());
    return true;
  });
  if (!marked) log::warn("truth.not_marked", "judged periods could not be marked as such");
}

/// Periods are marked last: what is left of a round that failed is found again, by the same counts.
asio::awaitable<std::int64_t> find_in(UntruthServices services,
                                      std::shared_ptr<market::MarketActor> market) {
  auto const round = services.now();
  auto const as_of = static_cast<std::int32_t>(to_unix_micros(round) / kDayUs);
  auto const found = co_await test_market(services, market, as_of);
  auto const& cases = found.findings;
  std::int64_t opened = 0;
  std::size_t from = 0;
  while (from < cases.size()) {
    auto const until = std::min(from + kCasesPerJob, cases.size());
    std::vector<NewFinding> const some(cases.begin() + static_cast<std::ptrdiff_t>(from),
                                       cases.begin() + static_cast<std::ptrdiff_t>(until));
    auto const count = co_await services.database.transact(
        [some, round](storage::PlatformTx& tx) { return open_cases(tx, some, round); });
    if (!count) break;
    opened += *count;
    from = until;
  }
  if (from == cases.size() && !found.periods.empty()) {
    co_await mark_judged(services.database, market->market_no(), found.periods);
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
