#include "server/render/words.hpp"

#include <array>

#include "matching/targeting/schema.hpp"

namespace leadex::render {

namespace {

using Words5 = std::array<std::string_view, 5>;
constexpr std::array<std::string_view, 7> kSaleStates{"pending", "delivered", "settled", "returned",
                                                      "voided",  "waiting",   "lapsed"};
constexpr std::array<std::string_view, 6> kConversionStates{"pending", "approved",  "rejected",
                                                            "",        "uncovered", "noted"};
constexpr std::array<std::string_view, 4> kReturnStates{"open", "accepted", "disputed", "denied"};
constexpr Words5 kCampaignStates{"active", "paused", "exhausted", "trial_ended", "owing"};
constexpr std::array<std::string_view, 3> kPricingModels{"cpl", "cpa", "cpc"};
constexpr std::array<std::string_view, 3> kDealStates{"proposed", "active", "ended"};
constexpr std::array<std::string_view, 3> kExclusivities{"exclusive", "shared", "any"};
constexpr std::array<std::string_view, 9> kLossReasons{
    "",       "already_sold",  "below_reserve", "same_buyer", "share_limit", "package_lost",
    "outbid", "earlier_route", "not_its_turn"};
constexpr Words5 kPhases{"posted", "pending", "posted", "voided", "expired"};

// Bands of the score, as the engine publishes them through its virtual attribute.
constexpr std::int64_t kHotScore = 70;
constexpr std::int64_t kWarmScore = 40;

template <class Words, class Enum>
std::string_view at(Words const& words, Enum value) {
  return words.at(static_cast<std::size_t>(value));
}

template <class Enum, class Words>
std::optional<Enum> find(Words const& words, std::string_view wanted) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words.at(i) == wanted) return static_cast<Enum>(i);
  }
  return std::nullopt;
}

}  // namespace

std::string_view word(market::SaleState state) { return at(kSaleStates, state); }
std::string_view word(market::ConversionState state) { return at(kConversionStates, state); }
std::string_view word(PricingModel model) { return at(kPricingModels, model); }
std::string_view word(market::ReturnState state) { return at(kReturnStates, state); }
std::string_view word(market::CampaignStatus status) { return at(kCampaignStates, status); }
std::string_view word(market::DealState state) { return at(kDealStates, state); }
std::string_view word(Phase phase) { return at(kPhases, phase); }
std::string_view word(auction::Exclusivity exclusivity) { return at(kExclusivities, exclusivity); }

std::optional<PricingModel> pricing_model(std::string_view word) {
  return find<PricingModel>(kPricingModels, word);
}
std::optional<market::DealState> deal_state(std::string_view word) {
  return find<market::DealState>(kDealStates, word);
}

std::optional<std::string_view> word(auction::LossReason reason) {
  if (reason == auction::LossReason::none) return std::nullopt;
  return at(kLossReasons, reason);
}

std::optional<std::string_view> ruling_word(std::uint8_t ruling) {
  if (ruling == 0) return std::nullopt;
  return ruling == 1 ? "automatic" : "manual";
}

std::optional<std::string_view> temperature_word(std::optional<std::int64_t> score) {
  if (!score) return std::nullopt;
  return *score >= kHotScore ? "hot" : *score >= kWarmScore ? "warm" : "cold";
}

std::string_view vehicle_word(std::int32_t vehicle) {
  constexpr auto kLast = std::ssize(targeting::kVehicles) - 1;
  return targeting::kVehicles[vehicle < 0 || vehicle > kLast ? kLast : vehicle];
}

std::optional<market::SaleState> sale_state(std::string_view wanted) {
  return find<market::SaleState>(kSaleStates, wanted);
}
std::optional<market::ConversionState> conversion_state(std::string_view wanted) {
  return find<market::ConversionState>(kConversionStates, wanted);
}
std::optional<market::ReturnState> return_state(std::string_view wanted) {
  return find<market::ReturnState>(kReturnStates, wanted);
}
std::optional<market::CampaignStatus> campaign_status(std::string_view wanted) {
  return find<market::CampaignStatus>(kCampaignStates, wanted);
}
std::optional<auction::Exclusivity> exclusivity(std::string_view wanted) {
  return find<auction::Exclusivity>(kExclusivities, wanted);
}

}  // namespace leadex::render
