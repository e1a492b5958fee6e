#pragma once
// What share of leads like one is won: versions of an estimate made from what became of the leads
// sold so far, each judged by leads whose outcome came after it. It prices nothing. Safe to run
// twice, on any node; any executor. See docs/decisions/0025-score-and-stages.md.

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "matching/quality/conversion_model.hpp"
#include "server/market/market_host.hpp"
#include "server/storage/database.hpp"

namespace leadex::app {

inline constexpr std::int64_t kEstimateBlock = 100;  ///< outcomes that make a version at once
inline constexpr std::int64_t kEstimateAgeUs = 21'600'000'000;  ///< after it, any outcome does
inline constexpr int kEstimateOutcomesMax = 10'000;             ///< that a version is fitted on
inline constexpr std::int64_t kOutcomeAgeUs = 180LL * 86'400'000'000;  ///< words older than that

struct LeadEstimateServices {
  storage::Database& database;
  market::MarketHost& markets;
  std::function<Timestamp()> now;  ///< the wall clock
};

/// One round over all markets owned here. @return how many versions were made
[[nodiscard]] boost::asio::awaitable<std::int64_t> refresh_lead_estimates(
    LeadEstimateServices services);

/// The attributes an estimate of that market looks at: none that is known after the sale only.
[[nodiscard]] std::vector<targeting::AttributeDef> estimate_attributes(
    market::MarketSettings const& settings);

struct JudgedVersion {
  storage::LeadEstimateRow row;
  quality::ConversionModel model;
  quality::ModelQuality judged;  ///< by leads it was in force for
};
/// Newest first, with what the last 10,000 outcomes of those versions say of them.
[[nodiscard]] std::vector<JudgedVersion> judged_versions(storage::PlatformTx& tx, MarketNo market,
                                                         std::optional<std::int64_t> before,
                                                         int limit);

/// What the newest version foretells of a lead; nothing before the first.
/// @param settings  of the version that the lead keeps
[[nodiscard]] std::optional<storage::Foretold> foretell(storage::PlatformTx& tx,
                                                        market::MarketSettings const& settings,
                                                        storage::ScoredLeadRow const& lead);

}  // namespace leadex::app
