#pragma once
// Campaign and Zone: a buyer's standing bid with what its caps have counted, and the clock windows
// its caps follow. Parts of the market engine; they belong to its thread.

#include <cstdint>
#include <optional>
#include <set>

#include "matching/market/command.hpp"
#include "matching/market/listing.hpp"
#include "matching/market/outcome.hpp"
#include "matching/targeting/expression.hpp"
#include "matching/targeting/index.hpp"

namespace leadex::market {

struct Zone {
  Windows windows;                   // all 0 until the first SetZoneWindows
  std::set<std::int64_t> campaigns;  // by number
  [[nodiscard]] bool known() const { return windows[0].end_us != 0; }
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
  CounterWindows counters;
  std::optional<ListingRank> sweep_from;  // where its sweep of listings goes on

  /// The least it pays for anything.
  [[nodiscard]] std::int64_t least_bid() const {
    return terms.exclusivity == auction::Exclusivity::exclusive && terms.exclusive_bid_micros > 0
               ? terms.exclusive_bid_micros
               : terms.bid_micros;
  }
};

}  // namespace leadex::market
