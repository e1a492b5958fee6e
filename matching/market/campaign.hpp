#pragma once
// Campaign and Zone: a buyer's standing bid with what its caps have counted, and the clock windows
// its caps follow. Parts of the market engine; they belong to its thread.

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <set>

#include "matching/market/command.hpp"
#include "matching/market/listing.hpp"
#include "matching/market/outcome.hpp"
#include "matching/storefront/query.hpp"
#include "matching/targeting/expression.hpp"
#include "matching/targeting/index.hpp"

namespace leadex::market {

struct Zone {
  Windows windows;                   // all 0 until the first SetZoneWindows
  std::int32_t week_minute{};        // local minute of the week at the begin of the hour
  std::set<std::int64_t> campaigns;  // by number
  [[nodiscard]] bool known() const { return windows[0].end_us != 0; }
};

/// What open pings hold of a campaign besides what it has sold. It counts in whatever windows run.
struct Reserved {
  std::int64_t n{};
  std::int64_t micros{};
  std::int64_t trial_n{};
  std::map<std::int64_t, std::int64_t> by_source;  // generator → n
};

/// What leads that were sold per acquisition may still cost, where no budget holds their prices.
struct Pool {
  std::int64_t expected_micros{};
  std::multiset<std::int64_t> bids;
  void add(std::int64_t bid, std::int64_t expected) {
    expected_micros += expected;
    bids.insert(bid);
  }
  void remove(std::int64_t bid, std::int64_t expected) {
    expected_micros -= expected;
    bids.extract(bid);
  }
  [[nodiscard]] std::int64_t largest() const { return bids.empty() ? 0 : *bids.rbegin(); }
  /// What is kept of the budget for it.
  [[nodiscard]] std::int64_t held() const { return std::max(expected_micros, largest()); }
};

struct Campaign {
  std::int64_t campaign_no{};
  std::int64_t buyer_no{};
  std::int32_t version{};
  CampaignStatus status{CampaignStatus::active};
  CampaignTerms terms;
  targeting::Expression expression;
  bool targeting_valid{true};  // a new market schema can make old targeting unreadable
  targeting::CampaignSlot slot{};
  std::int64_t const* money{};  // its budget, which stays in its place
  CounterWindows counters;
  std::optional<storefront::Place> sweep_from;  // where its sweep of listings goes on
  std::int64_t turn{};                          // number of the last auction it won in turn
  // Visits of a campaign that buys leads as well: they are served, and take turns, by themselves.
  std::int64_t visits{};  // of what its day counts
  std::int64_t visit_turn{};
  std::int64_t trial_sold{};
  std::map<std::int64_t, CounterWindows> source_counters;  // by generator; caps per source alone
  Reserved reserved;
  bool barred{};  // stopped by staff: its promises end too. Like them in memory alone
  Pool pool;
  std::set<std::int64_t> uncovered;      // conversions it owes, paid in this order
  std::int64_t conversion_factor_ppb{};  // of the estimates in force
  std::int64_t return_factor_ppb{};
  std::int64_t visit_factor_ppb{};  // of conversions of visits

  [[nodiscard]] bool per_acquisition() const { return terms.model == PricingModel::cpa; }
  /// Whether it pays for what comes of a lead, or of a visit: a visit pays per lead when it becomes
  /// one.
  [[nodiscard]] bool pays_on_result(bool of_visit) const {
    return of_visit ? !pays_for_clicks() : per_acquisition();
  }
  [[nodiscard]] bool buys_visits() const {
    // A trial is about leads.
    return pays_for_clicks() || (!terms.landing_url.empty() && !in_trial());
  }
  /// Its money less what its pool keeps.
  [[nodiscard]] std::int64_t spendable() const { return *money - pool.held(); }
  /// By its buyer, because its trial is over, or because it owes.
  [[nodiscard]] bool stopped() const {
    return status == CampaignStatus::paused || status == CampaignStatus::trial_ended ||
           status == CampaignStatus::owing;
  }
  [[nodiscard]] bool pays_for_clicks() const { return terms.model == PricingModel::cpc; }
  [[nodiscard]] bool in_trial() const { return trial_sold < terms.trial.leads; }
  /// What it bids now: for a share, and for the whole lead when that is another amount.
  [[nodiscard]] std::int64_t bid() const {
    return in_trial() ? terms.trial.price_micros : terms.bid_micros;
  }
  [[nodiscard]] std::optional<std::int64_t> exclusive_bid() const {
    if (in_trial() || terms.exclusive_bid_micros == kNone) return std::nullopt;
    return terms.exclusive_bid_micros;
  }
  /// The least it bids for a lead. A visit is always bid for as for a share.
  [[nodiscard]] std::int64_t least_lead_bid() const {
    return terms.exclusivity == auction::Exclusivity::exclusive ? exclusive_bid().value_or(bid())
                                                                : bid();
  }
  /// The least it pays for anything.
  [[nodiscard]] std::int64_t least_bid() const {
    return buys_visits() ? std::min(bid(), least_lead_bid()) : least_lead_bid();
  }
};

}  // namespace leadex::market
