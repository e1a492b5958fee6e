#pragma once
// MarketDefinition: a market's rules as staff state them, complete, with the checks that JSON
// schemas cannot make, and their translation to what the market's writer reads. Pure; any thread.

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "matching/quality/spot_check_plan.hpp"
#include "server/app/app_error.hpp"
#include "server/app/scoring_definition.hpp"
#include "server/market/settings.hpp"
#include "server/storage/duplicate_rules.hpp"

namespace leadex::app {

struct AttributeDefinition {
  targeting::AttributeDef def;
  market::Visibility visibility{};
  bool required{};
  bool known_after_sale{};  ///< nothing may be foretold by it
};

/// Whether posted leads are sampled, and what they wait for
/// (docs/decisions/0034-realtime-checks.md). Stored as words.
enum class RealtimeCheck : std::uint8_t { none, after_sale, hold };
inline constexpr std::int32_t kRealtimeCheckBp = 200;

/// Amounts are of the market's currency. The defaults hold for what a definition leaves out.
struct MarketDefinition {
  std::string id;     ///< vertical.country.currency
  std::string title;  ///< for people, 1 … 200 bytes
  std::string currency;
  std::string country;
  std::vector<AttributeDefinition> attributes;

  std::int32_t max_shares = 4;
  Money reserve;
  Money click_reserve;
  std::optional<Money> ask;
  auction::PriceRule price_rule{};
  market::RankBy rank_by{};
  auction::Routing routing{};
  std::int32_t hybrid_n = 1;
  std::string fallback_campaign;                                       ///< id; none when empty
  std::int64_t fallback_campaign_no{};                                 ///< the same, once resolved
  std::array<std::optional<Money>, market::kGradesMax> grade_reserve;  ///< of the source, A first
  std::chrono::seconds fall{};
  std::chrono::seconds listing_ttl{2'592'000};
  std::chrono::seconds listing_auction{86'400};

  std::int32_t commission_bp{};
  std::optional<Money> commission_minimum;
  std::optional<Money> commission_maximum;

  quality::SpotCheckSettings spot_check;
  quality::PlanMethod check_method{};
  std::int32_t second_opinion_bp{};  ///< of the checks, judged by two verifiers apart
  std::int32_t unreachable_max_bp = 7000;
  RealtimeCheck realtime_check{};
  std::int32_t realtime_check_bp = kRealtimeCheckBp;  ///< share of the posted leads

  std::chrono::seconds return_window{604'800};
  std::chrono::seconds contest{172'800};
  std::chrono::seconds decide{604'800};
  std::int32_t return_ceiling_bp = 2000;
  std::int32_t holdback_bp = 1000;
  std::chrono::seconds holdback{2'592'000};
  std::chrono::seconds dedupe{7'776'000};
  std::string dedupe_group;  ///< of markets that know each other's persons; none when empty
  storage::DuplicateCredit duplicate_credit{};
  std::optional<std::int32_t> split_bp{};  ///< shared: the later generator's part of the net
  std::chrono::seconds delivery_deadline{300};
  std::chrono::seconds consent_age_max{7'776'000};
  bool do_not_call{};                 ///< phones are held against the list of the market's country
  std::chrono::seconds retention{0};  ///< after it a lead's contact is destroyed; 0: kept
  std::chrono::seconds ping_ttl{60};
  std::chrono::seconds cpa_window{2'592'000};
  market::CpaHold cpa_hold{};
  std::chrono::seconds cpa_review{86'400};
  std::chrono::seconds click_review{86'400};
  std::int32_t recycle_rounds{};  ///< 0: what is not sold, or comes back, is not listed again
  std::chrono::seconds recycle_rest{86'400};
  std::int32_t recycle_price_bp{8000};           ///< of the ask of the round before
  std::optional<ScoringDefinition> scoring;      ///< none: leads have no score
  std::vector<std::string> estimate_features{};  ///< none: all attributes known before the sale
};

inline constexpr std::chrono::seconds kMarketDurationMax{315'360'000};

/// All faults, with pointers into the definition; empty when sound.
[[nodiscard]] std::vector<FieldFault> check_market_definition(MarketDefinition const& definition);

/// The settings of that version. The definition must be sound.
[[nodiscard]] market::MarketSettings settings_of(MarketDefinition const& definition,
                                                 std::int32_t version);

/// Whether the exchange's own cut is another one.
[[nodiscard]] bool same_commission(MarketDefinition const& a, MarketDefinition const& b);

}  // namespace leadex::app
