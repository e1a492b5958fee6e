// Caps and opening hours while clocks change: an engine that is told real zones as the market's
// actor tells them, and a clock on the wall that counts for itself.

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "server/market/zone_windows.hpp"
#include "tests/matching/market/market_run.hpp"
#include "tests/matching/seed.hpp"
#include "tests/server/market/local_clock.hpp"

namespace leadex::market {
namespace {

enum Buyer : std::int64_t { hourly = 1, daily = 2, weekly = 3, monthly = 4, opens = 5, both = 6 };

constexpr std::int64_t kDaysAround = 6;  // of the change: a Monday is among them

class ClockChangeRun {
 public:
  ClockChangeRun(ClockChange const& change, std::uint64_t seed)
      : zone_(change.zone),
        random_(seed),
        now_us_(change.noon_us() - kDaysAround * kClockDayUs - below(kClockDayUs)),
        end_us_(change.noon_us() + kDaysAround * kClockDayUs) {
    auto rules = MarketRun::rules();
    rules.max_shares = kSharesPerRound;
    apply(ConfigureMarket{rules});
    schedule_ = random_hours();
    auto const capped = [&](Buyer buyer, std::size_t kind, std::int64_t leads) {
      limits_[buyer] = {kind, leads};
      campaign(buyer, [&](CampaignTerms& terms) { terms.leads_max.at(kind) = leads; });
    };
    capped(hourly, 0, 1 + below(3));
    capped(daily, 1, 10 + below(40));
    capped(weekly, 2, 100 + below(300));
    capped(monthly, 3, 100 + below(900));
    campaign(opens, [&](CampaignTerms& terms) { terms.schedule = schedule_; });
    limits_[both] = {1, 5 + below(10)};
    campaign(both, [&](CampaignTerms& terms) {
      terms.schedule = schedule_;
      terms.leads_max[1] = limits_[both].leads;
    });
  }

  /// A lead every few minutes; each goes to whom the clock on the wall lets have it.
  void run() {
    while (now_us_ < end_us_) {
      now_us_ += 1 + below(8 * kClockMinuteUs);
      LocalClock const clock(zone_, now_us_);
      auto const expected = wanted(clock);
      ASSERT_EQ(offer(), expected)
          << zone_ << " at " << now_us_ << ", week minute " << clock.week_minute();
    }
  }

  /// Of every local day but the first and the last: the daily cap has sold exactly its number.
  void check_days() const {
    auto const& limit = limits_.at(daily);
    auto const& sold = sold_.at(daily);
    ASSERT_GE(sold.size(), 2 * kDaysAround);
    for (auto const& [day, n] : sold) {
      EXPECT_LE(n, limit.leads);
      if (day != sold.begin()->first && day != sold.rbegin()->first) {
        EXPECT_EQ(n, limit.leads) << zone_ << ", day " << day.first;
      }
    }
  }
  [[nodiscard]] std::int64_t told() const { return told_; }

 private:
  struct Limit {
    std::size_t kind;
    std::int64_t leads;
  };
  using Change = std::function<void(CampaignTerms&)>;

  std::int64_t below(std::int64_t n) {
    return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(n));
  }

  /// Some hours of the night of each day, where clocks change, and some of the day.
  std::vector<ScheduleSpan> random_hours() {
    std::vector<ScheduleSpan> spans;
    auto const span = [&](std::int64_t from, std::int64_t minutes) {
      spans.push_back({static_cast<std::int32_t>(from), static_cast<std::int32_t>(from + minutes)});
    };
    for (std::int64_t day = 0; day < 7; ++day) {
      auto const midnight = day * kMinutesOfDay;
      if (below(4) == 0) continue;
      span(midnight + below(90), 15 + below(150));
      span(midnight + 9 * 60 + below(60), 60 + below(300));
      if (below(2) == 0) span(midnight + 23 * 60, 60);  // to midnight
    }
    if (spans.empty()) span(0, kMinutesOfWeek);
    return spans;
  }

  void campaign(std::int64_t no, Change const& change) {
    UpsertCampaign upsert;
    upsert.campaign_no = upsert.buyer_no = no;
    upsert.version = 1;
    upsert.terms.bid_micros = 2 * kUnit;
    upsert.terms.exclusivity = auction::Exclusivity::shared;
    upsert.terms.zone = zone_;
    auto const schema = targeting::Schema::make(MarketRun::rules().attributes).value();
    auto const bytes = targeting::encode(targeting::all_of({}), schema, {});
    upsert.terms.targeting = {reinterpret_cast<char const*>(bytes.data()), bytes.size()};
    change(upsert.terms);
    tell_zone();
    apply(upsert);
    apply(FundBudget{{no, no}, no, 1'000'000 * kUnit});
  }

  /// As the actor does before a command: only where the hour known is over, or none is known.
  void tell_zone() {
    auto const zones = engine_.zones();
    if (!zones.empty() && zones.front().second > now_us_) return;
    auto const set = zone_windows(zone_, now_us_);
    ASSERT_TRUE(set.has_value());
    apply(*set);
    ++told_;
  }

  Applied apply(Command const& command) {
    auto applied = engine_.apply(from_unix_micros(now_us_), command);
    EXPECT_EQ(applied.outcome.refusal, Refusal::none);
    return applied;
  }

  std::set<std::int64_t> offer() {
    tell_zone();
    auto lead = MarketRun::plain_lead(++leads_);
    lead.captured_us = now_us_;
    std::set<std::int64_t> buyers;
    for (auto const& effect : apply(lead).effects) {
      auto const* const sale = std::get_if<SaleAwarded>(&effect);
      if (sale != nullptr) buyers.insert(sale->budget.buyer_no);
    }
    return buyers;
  }

  std::set<std::int64_t> wanted(LocalClock const& clock) {
    auto const place = clock.place();
    auto const minute = clock.week_minute();
    bool const open = std::ranges::any_of(schedule_, [&](ScheduleSpan const& span) {
      return span.from <= minute && minute < span.to;
    });
    std::set<std::int64_t> buyers;
    if (open) buyers.insert(opens);
    for (auto const& [buyer, limit] : limits_) {
      if (buyer == both && !open) continue;
      auto& n = sold_[buyer][place.at(limit.kind)];
      if (n >= limit.leads) continue;
      ++n;
      buyers.insert(buyer);
    }
    return buyers;
  }

  std::string zone_;
  std::mt19937_64 random_;
  std::int64_t now_us_;
  std::int64_t end_us_;
  Engine engine_;
  std::vector<ScheduleSpan> schedule_;
  std::map<std::int64_t, Limit> limits_;  // by buyer
  // By buyer and window: how often the clock on the wall let it buy.
  std::map<std::int64_t, std::map<LocalPlace::value_type, std::int64_t>> sold_;
  std::int64_t leads_{};
  std::int64_t told_{};
};

TEST(ClockChangeTrade, CapsSellExactlyTheirNumberAndHoursOpenAsTheClockOnTheWallSays) {
  auto const seed = seed_of_run();
  for (auto const& change : kClockChanges) {
    for (std::uint64_t round = 0; round < (full_run() ? 20 : 1); ++round) {
      SCOPED_TRACE(std::string{change.zone} + ", round " + std::to_string(round));
      ClockChangeRun run(change, seed + round);
      run.run();
      if (HasFatalFailure()) return;
      run.check_days();
      // Once an hour, and once more where an hour is cut: never for every command.
      EXPECT_LE(run.told(), (2 * kDaysAround + 2) * 24 + 4);
    }
  }
}

}  // namespace
}  // namespace leadex::market
