#pragma once
// The words by which the API names states and reasons; openapi.yaml lists the same. Pure; any
// thread.

#include <optional>
#include <string_view>
#include <vector>

#include "billing/ledger/transfer.hpp"
#include "billing/values/pricing_model.hpp"
#include "matching/auction/auction.hpp"
#include "matching/market/outcome.hpp"

namespace leadex::render {

[[nodiscard]] std::string_view word(market::SaleState state);
[[nodiscard]] std::string_view word(market::ConversionState state);
[[nodiscard]] std::string_view word(market::ReturnState state);
/// "cpl", "cpa", "cpc".
[[nodiscard]] std::string_view word(PricingModel model);
[[nodiscard]] std::string_view word(market::CampaignStatus status);
/// "pending", "posted", "voided", "expired": how the money of the transfer stands by it.
[[nodiscard]] std::string_view word(Phase phase);
[[nodiscard]] std::string_view word(market::DealState state);
[[nodiscard]] std::optional<market::DealState> deal_state(std::string_view word);
/// Grades of sources, 1 first.
inline constexpr std::string_view kGrades = "ABCDEF";
static_assert(kGrades.size() == market::kGradesMax);
/// Nothing for none.
[[nodiscard]] std::optional<std::string_view> word(auction::LossReason reason);
[[nodiscard]] std::string_view word(auction::Exclusivity exclusivity);
[[nodiscard]] std::optional<std::string_view> ruling_word(std::uint8_t ruling);
/// "hot", "warm", "cold"; nothing without a score.
[[nodiscard]] std::optional<std::string_view> temperature_word(std::optional<std::int64_t> score);
[[nodiscard]] std::string_view vehicle_word(std::int32_t vehicle);

[[nodiscard]] std::optional<market::SaleState> sale_state(std::string_view word);
[[nodiscard]] std::optional<market::ConversionState> conversion_state(std::string_view word);
[[nodiscard]] std::optional<PricingModel> pricing_model(std::string_view word);
[[nodiscard]] std::optional<market::ReturnState> return_state(std::string_view word);
[[nodiscard]] std::optional<market::CampaignStatus> campaign_status(std::string_view word);
[[nodiscard]] std::optional<auction::Exclusivity> exclusivity(std::string_view word);

}  // namespace leadex::render
