#pragma once
// MarketSettings: one version of a market's settings as its writer and its readers use them; the
// bytes stand in market_version.settings. Immutable once stored; any thread.

#include <cstdint>
#include <string>

#include "billing/commission/commission.hpp"
#include "matching/market/codec.hpp"
#include "matching/market/command.hpp"
#include "matching/quality/score_table.hpp"

namespace leadex::market {

/// What of an attribute a listing shows before it is sold.
enum class Visibility : std::uint8_t { exact = 0, band = 1, hidden = 2 };

struct MarketSettings {
  MarketRules rules;                   // with the attributes
  std::vector<Visibility> visibility;  // one per attribute
  std::vector<std::uint8_t> required;  // one per attribute
  std::string currency;                // ISO 4217
  std::string country;                 // ISO 3166-1 alpha-2
  std::int32_t commission_bp{};
  std::int64_t commission_min_micros{kNone};
  std::int64_t commission_max_micros{kNone};
  std::int32_t holdback_bp{};
  std::int64_t dedupe_us{};
  std::int64_t consent_age_max_us{};
  std::int32_t acceptable_bp{};
  std::int32_t rejectable_bp{};
  std::int32_t seller_risk_bp{};
  std::int32_t buyer_risk_bp{};
  std::int32_t unreachable_max_bp{};
  std::int64_t ping_ttl_us{60'000'000};
  quality::ScoreTable scoring;
  std::vector<std::uint8_t> known_after_sale;    // one per attribute
  std::vector<std::uint16_t> estimate_features;  // attributes' places; none: all known before

  [[nodiscard]] CommissionRule commission() const {
    CommissionRule rule;
    rule.rate = BasisPoints{commission_bp};
    if (commission_min_micros != kNone) rule.minimum = Money{commission_min_micros};
    if (commission_max_micros != kNone) rule.maximum = Money{commission_max_micros};
    return rule;
  }

  static void fields(auto& self, auto& io) {
    io(self.rules, self.visibility, self.required, self.currency, self.country, self.commission_bp,
       self.commission_min_micros, self.commission_max_micros, self.holdback_bp, self.dedupe_us,
       self.consent_age_max_us, self.acceptable_bp, self.rejectable_bp, self.seller_risk_bp,
       self.buyer_risk_bp, self.unreachable_max_bp);
    if (io.since(2)) MarketRules::later_fields(self.rules, io);
    if (io.since(3)) io(self.ping_ttl_us);
    if (io.since(7)) io(self.scoring, self.known_after_sale, self.estimate_features);
  }
};

}  // namespace leadex::market
