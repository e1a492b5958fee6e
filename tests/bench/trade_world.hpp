#pragma once
// TradeWorld: one market's rules, a book of campaigns and leads for it, the same for every
// benchmark and every run (seeded). Values only; one thread.

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "matching/market/command.hpp"
#include "matching/market/engine.hpp"

namespace leadex::bench {

inline constexpr std::int64_t kUnit = 1'000'000;  // micros

class TradeWorld {
 public:
  explicit TradeWorld(std::uint64_t seed) : random_(seed) {}

  /// A state of 51, age, home, model year, insurance, credit; a lead goes to `max_shares` at most.
  [[nodiscard]] static market::MarketRules rules(std::int32_t max_shares);

  /// Campaigns that take every lead as a whole, so that a lead is one sale.
  [[nodiscard]] static market::UpsertCampaign takes_all(std::int64_t campaign_no,
                                                        std::int64_t buyer_no);
  /// A campaign with five predicates, as a buyer with an idea of its customers would write them.
  [[nodiscard]] market::UpsertCampaign picky(std::int64_t campaign_no, std::int64_t buyer_no);
  [[nodiscard]] static market::FundBudget fund(market::UpsertCampaign const& campaign,
                                               std::int64_t intent_no);

  [[nodiscard]] market::OfferLead offer(std::int64_t lead_no, std::int64_t generator_no,
                                        std::int64_t now_us);

 private:
  [[nodiscard]] std::int64_t below(std::int64_t n) {
    return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(n));
  }
  std::mt19937_64 random_;
};

/// Sends an engine what a market's writer would tell it first: rules, and zones when they are new.
void begin(market::Engine& engine, market::MarketRules const& rules, std::int64_t now_us);

}  // namespace leadex::bench
