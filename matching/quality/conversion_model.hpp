#pragma once
// What share of leads like this one are won: a ridge logistic regression on what became of earlier
// leads. It is fitted with real numbers and kept as whole ones, so that what a version foretells is
// the same everywhere and replays. It prices nothing. Pure; any thread.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "billing/values/result.hpp"
#include "matching/market/command.hpp"
#include "matching/targeting/schema.hpp"

namespace leadex::quality {

/// A lead of which it is known whether it was won. Values in the order of the attributes the model
/// is fitted with.
struct ModelLead {
  std::vector<market::AttributeText> values;
  std::int32_t vehicle{};  // ordinal in targeting::kVehicles
  std::string reason;      // of the source
};
struct KnownLead {
  ModelLead lead;
  bool won{};
};

/// One thing that is looked at, as cells of which a lead has exactly one: cell 0 stands for missing
/// or unlike all others, then one for each word, or one for each range of numbers.
struct ModelFeature {
  enum class Kind : std::uint8_t { words = 0, numbers = 1 };
  std::string name;
  Kind kind{};
  std::vector<std::string> words;
  std::vector<std::int64_t> bounds;          // cell i + 1: up to bounds[i]; the last has no bound
  std::vector<std::int64_t> weights_micros;  // of the logit, one per cell
  friend bool operator==(ModelFeature const&, ModelFeature const&) = default;
  static void fields(auto& self, auto& io) {
    io(self.name, self.kind, self.words, self.bounds, self.weights_micros);
  }
};

/// How well versions foretold what they had not seen, each its own block.
struct ModelQuality {
  std::int64_t leads{};
  std::int64_t won{};
  std::int64_t foretold_milli{};  // 1000 × sum of the estimates
  std::int64_t auc_ppm{};         // chance that a won lead was put above a lost one
  friend bool operator==(ModelQuality const&, ModelQuality const&) = default;
  static void fields(auto& self, auto& io) {
    io(self.leads, self.won, self.foretold_milli, self.auc_ppm);
  }
};

struct ConversionModel {
  std::int64_t leads{};  // fitted on
  std::int64_t won{};
  std::int64_t intercept_micros{};
  std::int64_t shift_micros{};         // what the latest outcomes add to it
  std::vector<ModelFeature> features;  // attributes, then vehicle and source_reason
  ModelQuality progressive;
  friend bool operator==(ConversionModel const&, ConversionModel const&) = default;
  static void fields(auto& self, auto& io) {
    io(self.leads, self.won, self.intercept_micros, self.shift_micros, self.features,
       self.progressive);
  }

  /// Millionths. `lead.values` in the order of the attributes the model was fitted with; what is
  /// not there, or of another type, counts as missing. @cost O(features × log cells)
  [[nodiscard]] std::int64_t foretell_ppm(ModelLead const& lead) const;
};

enum class ModelError : std::uint8_t {
  known_after_sale,  // an attribute by whose name nothing can be foretold
  too_few,           // of either outcome: ModelSettings::outcomes_min
  no_solution,       // numbers beyond what can be solved
};

struct ModelSettings {
  std::int64_t outcomes_min = 20;     // won and lost, each
  std::int32_t ranges = 8;            // of a number, about equally full
  std::int32_t words_max = 30;        // of a free text, the most frequent; others are one
  std::int64_t ridge_milli = 10'000;  // pull of weights towards 0, the intercept's is none
  std::int64_t half_life = 0;         // outcomes after which one counts half; 0: all count alike
  std::int64_t shift_half_life = 0;   // the same for the base rate; 0: no shift
};
/// What a market's versions are made with: weights change slowly, the base rate quickly.
[[nodiscard]] ModelSettings progressive_settings();

/// @param attributes  what to look at, at most kMarketAttributesMax
/// @param known       by the instant at which the outcome was known, earliest first
/// @errors ModelError, in the order of the enum
/// @cost O(iterations × (n f² + c³)) for f features and c cells; 10,000 leads of 16 features take
///       about 0.1 s
[[nodiscard]] Result<ConversionModel, ModelError> fit_conversions(
    std::span<targeting::AttributeDef const> attributes, std::span<KnownLead const> known,
    ModelSettings const& settings);

/// Each block of leads foretold by a fit on all before it, from `begin` on. Blocks before the first
/// possible fit are left out. @return estimates in ppm for known[begin…], none where there was no
/// fit
[[nodiscard]] std::vector<std::optional<std::int64_t>> foretell_progressively(
    std::span<targeting::AttributeDef const> attributes, std::span<KnownLead const> known,
    std::size_t begin, std::size_t block, ModelSettings const& settings);

/// AUC by ranks, ties half. Estimates without a value are left out.
[[nodiscard]] ModelQuality judge_estimates(std::span<std::optional<std::int64_t> const> ppm,
                                           std::span<KnownLead const> known);

}  // namespace leadex::quality
