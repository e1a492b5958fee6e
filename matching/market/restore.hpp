#pragma once
// Image: what a market's tables say of its engine, read once at start or after a takeover. Pure
// values; storage fills it, Engine::restore takes it.

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "matching/market/outcome.hpp"
#include "matching/market/trade.hpp"

namespace leadex::market {

/// Last numbers given out by the engine.
struct Numbers {
  std::int64_t auction{};
  std::int64_t bid{};
  std::int64_t order{};
  std::int64_t returned{};
  std::int64_t deal{};
  std::int64_t conversion{};
  static void fields(auto& self, auto& io) {
    io(self.auction, self.bid, self.order, self.returned);
    if (io.since(2)) io(self.deal);
    if (io.since(5)) io(self.conversion);
  }
};

struct CampaignImage {
  UpsertCampaign latest;
  CampaignStatus status{};
  CounterWindows counters;
  std::int64_t turn{};
  std::int64_t trial_n{};
  std::int64_t visits{};
  std::int64_t visit_turn{};
};

struct BudgetImage {
  BudgetKey budget;
  std::int64_t available_micros{};  // by the ledger; holds of standing bids not yet taken off
};

struct LeadImage {
  OfferLead lead;
  LeadState state{};
  std::int64_t listed_us{};
  std::int64_t reserve_micros{};
  std::int32_t round{};        // how often it was listed again
  std::int64_t relisted_us{};  // when that began: sales before it are over; 0 never
};

struct SaleImage {
  SaleAwarded award;  // state and due as they are now
  std::int64_t credited_micros{};
};

struct BidImage {
  std::int64_t bid_no{};
  PlaceBid bid;
};

struct ReturnImage {
  ReturnMoved latest;  // state as it is now; accepted ones of the last 30 days count for ceilings
  std::int64_t opened_us{};
};

struct Image {
  std::vector<MarketRules> rules;  // all versions, ascending; the last is in force
  std::vector<CampaignImage> campaigns;
  std::vector<BudgetImage> budgets;
  std::vector<LeadImage> leads;  // listed ones, and sold ones with a pending delivery
  std::vector<SaleImage> sales;  // all sales of those leads, every sale with something to come, and
                                 // of its lead those that stand settled
  std::vector<BidImage> bids;    // standing
  std::vector<ReturnImage> returns;
  struct Delivered {
    std::int64_t buyer_no{};
    std::int64_t hour{};
    std::int64_t sales{};
  };
  std::vector<Delivered> delivered;  // of the last 30 days
  std::vector<SourceCounted> source_counts;
  std::vector<DealMoved> deals;  // proposed and active
  std::vector<SetSourceTerms> source_terms;
  std::vector<PromiseUsed> promises;  // called in, and not expired at last_at_us
  std::optional<estimate::EstimateVersion> estimates;
  std::vector<ConversionMoved> conversions;  // pending and uncovered
  std::vector<LeadShared> shares;            // of those leads and sales at least
  Numbers numbers;
  std::int64_t last_at_us{};  // of the last command
};

}  // namespace leadex::market
