#include "matching/quality/conversion_model.hpp"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <map>

#include "billing/values/check.hpp"
#include "matching/quality/after_sale.hpp"
#include "matching/quality/half_life.hpp"

namespace leadex::quality {
namespace {

using market::AttributeText;
using targeting::AttributeDef;
using targeting::AttributeType;
using Kind = ModelFeature::Kind;
using Cells = std::vector<Eigen::Index>;  // columns of a lead that are 1; all others are 0

constexpr int kRoundsMax = 30;
constexpr double kSettled = 1e-7;
constexpr double kMicros = 1e6;
constexpr double kWeightMax = 1e3;     // of a logit
constexpr std::int64_t kRareMin = 10;  // a word of fewer leads is no word of its own

std::size_t cells_of(ModelFeature const& feature) {
  return 1 + (feature.kind == Kind::words ? feature.words.size() : feature.bounds.size() + 1);
}

std::size_t cell_of(ModelFeature const& feature, std::string_view word) {
  auto const at = std::ranges::find(feature.words, word);
  return at == feature.words.end() ? 0 : static_cast<std::size_t>(at - feature.words.begin()) + 1;
}

std::size_t cell_of(ModelFeature const& feature, AttributeText const& value) {
  switch (value.kind) {
    case AttributeText::Kind::missing:
      return 0;
    case AttributeText::Kind::text:
      return feature.kind == Kind::words ? cell_of(feature, std::string_view{value.text}) : 0;
    case AttributeText::Kind::number:
      break;
  }
  if (feature.kind == Kind::words) return 0;
  auto const at = std::ranges::lower_bound(feature.bounds, value.number);
  return static_cast<std::size_t>(at - feature.bounds.begin()) + 1;
}

/// Of attributes first, then of the vehicle and of the source's reason.
std::size_t cell_of(std::span<ModelFeature const> features, std::size_t i, ModelLead const& lead) {
  if (i + 2 == features.size()) {
    auto const vehicle = static_cast<std::size_t>(lead.vehicle);
    if (lead.vehicle < 0 || vehicle >= std::size(targeting::kVehicles)) return 0;
    return cell_of(features[i], targeting::kVehicles[vehicle]);
  }
  if (i + 1 == features.size()) return cell_of(features[i], std::string_view{lead.reason});
  return i < lead.values.size() ? cell_of(features[i], lead.values[i]) : 0;
}

/// The most frequent words, the more frequent first, then by their bytes.
std::vector<std::string> frequent(std::map<std::string, std::int64_t> const& counts,
                                  std::int32_t words_max) {
  std::vector<std::pair<std::int64_t, std::string>> order;
  for (auto const& [word, n] : counts) {
    if (n >= kRareMin) order.emplace_back(-n, word);
  }
  std::ranges::sort(order);
  if (std::ssize(order) > words_max) order.resize(static_cast<std::size_t>(words_max));
  std::vector<std::string> words;
  for (auto& [n, word] : order) words.push_back(std::move(word));
  return words;
}

/// Ranges that hold about equally many; a number that is very frequent has one of its own.
std::vector<std::int64_t> bounds_of(std::vector<std::int64_t> numbers, std::int32_t ranges) {
  std::vector<std::int64_t> bounds;
  if (numbers.empty()) return bounds;
  std::ranges::sort(numbers);
  for (std::int32_t k = 1; k < ranges; ++k) {
    auto const at = numbers.size() * static_cast<std::size_t>(k) / static_cast<std::size_t>(ranges);
    auto const bound = numbers[at];
    bool const more = bound < numbers.back() && (bounds.empty() || bound > bounds.back());
    if (more) bounds.push_back(bound);
  }
  return bounds;
}

class FeatureMaker {
 public:
  FeatureMaker(std::span<KnownLead const> known, ModelSettings const& settings)
      : known_(known), settings_(settings) {}

  [[nodiscard]] ModelFeature of(AttributeDef const& def, std::size_t at) const {
    ModelFeature feature{.name = def.name, .kind = Kind::words};
    if (def.type == AttributeType::choice && std::ssize(def.choices) <= settings_.words_max) {
      feature.words = def.choices;
    } else if (def.type == AttributeType::choice) {
      feature.words = frequent(texts(at), settings_.words_max);
    } else if (def.type == AttributeType::text) {
      feature.words = frequent(texts(at), settings_.words_max);
    } else {
      feature.kind = Kind::numbers;
      feature.bounds =
          bounds_of(numbers(at), def.type == AttributeType::boolean ? 2 : settings_.ranges);
      if (def.type == AttributeType::boolean) feature.bounds = {0};
    }
    return feature;
  }
  [[nodiscard]] ModelFeature of_vehicles() const {
    return {.name = "vehicle",
            .kind = Kind::words,
            .words = {std::begin(targeting::kVehicles), std::end(targeting::kVehicles)}};
  }
  [[nodiscard]] ModelFeature of_reasons() const {
    std::map<std::string, std::int64_t> counts;
    for (auto const& one : known_) ++counts[one.lead.reason];
    return {.name = "source_reason",
            .kind = Kind::words,
            .words = frequent(counts, settings_.words_max)};
  }

 private:
  [[nodiscard]] std::map<std::string, std::int64_t> texts(std::size_t at) const {
    std::map<std::string, std::int64_t> counts;
    for (auto const& [lead, won] : known_) {
      if (at < lead.values.size() && lead.values[at].kind == AttributeText::Kind::text) {
        ++counts[lead.values[at].text];
      }
    }
    return counts;
  }
  [[nodiscard]] std::vector<std::int64_t> numbers(std::size_t at) const {
    std::vector<std::int64_t> numbers;
    for (auto const& [lead, won] : known_) {
      if (at < lead.values.size() && lead.values[at].kind == AttributeText::Kind::number) {
        numbers.push_back(lead.values[at].number);
      }
    }
    return numbers;
  }

  std::span<KnownLead const> known_;
  ModelSettings const& settings_;
};

double recency(std::size_t age, std::int64_t half_life) {
  return half_life == 0 ? 1.0
                        : std::exp2(-static_cast<double>(age) / static_cast<double>(half_life));
}

double chance(double logit) { return 1.0 / (1.0 + std::exp(-logit)); }

/// Iterated least squares of a logistic regression whose rows hold a few ones each.
class Regression {
 public:
  Regression(std::vector<Cells> rows, std::vector<double> won, std::vector<double> weights,
             Eigen::Index columns)
      : rows_(std::move(rows)),
        won_(std::move(won)),
        weights_(std::move(weights)),
        columns_(columns) {}

  /// Weights by column, the last is the intercept; nothing when there is no solution.
  [[nodiscard]] std::optional<Eigen::VectorXd> solve(double ridge) const {
    Eigen::VectorXd beta = Eigen::VectorXd::Zero(columns_ + 1);
    beta[columns_] = first_intercept();
    for (int round = 0; round < kRoundsMax; ++round) {
      Eigen::MatrixXd curve = Eigen::MatrixXd::Zero(columns_ + 1, columns_ + 1);
      Eigen::VectorXd slope = Eigen::VectorXd::Zero(columns_ + 1);
      for (std::size_t i = 0; i < rows_.size(); ++i) add(i, beta, curve, slope);
      for (Eigen::Index c = 0; c < columns_; ++c) {
        curve(c, c) += ridge;
        slope[c] -= ridge * beta[c];
      }
      Eigen::VectorXd const step = curve.selfadjointView<Eigen::Lower>().ldlt().solve(slope);
      if (!step.allFinite()) return std::nullopt;
      // A step that overshoots comes back in the next round; a wild one is cut.
      double const length = step.cwiseAbs().maxCoeff();
      beta += length > 5.0 ? Eigen::VectorXd{step * (5.0 / length)} : step;
      if (length < kSettled) break;
    }
    if (beta.cwiseAbs().maxCoeff() > kWeightMax) return std::nullopt;
    return beta;
  }

 private:
  [[nodiscard]] double first_intercept() const {
    double won = 0;
    double all = 0;
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      won += weights_[i] * won_[i];
      all += weights_[i];
    }
    auto const share = std::clamp(won / all, 1e-6, 1 - 1e-6);
    return std::log(share / (1 - share));
  }

  void add(std::size_t i, Eigen::VectorXd const& beta, Eigen::MatrixXd& curve,
           Eigen::VectorXd& slope) const {
    auto const& cells = rows_[i];
    double logit = beta[columns_];
    for (auto const c : cells) logit += beta[c];
    auto const p = chance(logit);
    auto const w = weights_[i] * std::max(p * (1 - p), 1e-9);
    auto const g = weights_[i] * (won_[i] - p);
    slope[columns_] += g;
    curve(columns_, columns_) += w;
    for (auto const c : cells) {
      slope[c] += g;
      curve(columns_, c) += w;
      // Cells grow from feature to feature: this fills the lower half.
      for (auto const d : cells) {
        if (d > c) break;
        curve(c, d) += w;
      }
    }
  }

  std::vector<Cells> rows_;
  std::vector<double> won_;
  std::vector<double> weights_;
  Eigen::Index columns_;
};

std::int64_t micros(double logit) { return std::llround(logit * kMicros); }

/// What has to be added to all logits for the recent outcomes to be foretold on the whole.
double shift_of(ConversionModel const& model, std::span<KnownLead const> known,
                std::int64_t half_life) {
  std::vector<std::pair<double, double>> recent;  // weight, logit
  double won = 0;
  for (std::size_t i = known.size(); i-- > 0;) {
    auto const weight = recency(known.size() - 1 - i, half_life);
    if (weight < 1e-4) break;
    std::int64_t logit = model.intercept_micros;
    for (std::size_t f = 0; f < model.features.size(); ++f) {
      logit += model.features[f].weights_micros[cell_of(model.features, f, known[i].lead)];
    }
    recent.emplace_back(weight, static_cast<double>(logit) / kMicros);
    won += known[i].won ? weight : 0;
  }
  // A pull towards no shift: a tail without any outcome of one kind must not run away.
  constexpr double kPull = 1.0;
  double low = -8;
  double high = 8;
  for (int step = 0; step < 50; ++step) {
    auto const middle = (low + high) / 2;
    double foretold = kPull * middle;
    for (auto const& [weight, logit] : recent) foretold += weight * chance(logit + middle);
    (foretold < won ? low : high) = middle;
  }
  return (low + high) / 2;
}

void set_weights(ConversionModel& model, Eigen::VectorXd const& beta) {
  Eigen::Index column = 0;
  for (auto& feature : model.features) {
    for (std::size_t c = 0; c < cells_of(feature); ++c) {
      feature.weights_micros.push_back(micros(beta[column++]));
    }
  }
  model.intercept_micros = micros(beta[column]);
}

}  // namespace

std::int64_t ConversionModel::foretell_ppm(ModelLead const& lead) const {
  auto logit = intercept_micros + shift_micros;
  for (std::size_t f = 0; f < features.size(); ++f) {
    logit += features[f].weights_micros.at(cell_of(features, f, lead));
  }
  return logistic_ppm(logit);
}

ModelSettings progressive_settings() {
  ModelSettings settings;
  settings.half_life = 700;
  settings.shift_half_life = 60;
  return settings;
}

Result<ConversionModel, ModelError> fit_conversions(std::span<AttributeDef const> attributes,
                                                    std::span<KnownLead const> known,
                                                    ModelSettings const& settings) {
  LEADEX_CHECK(attributes.size() <= targeting::kMarketAttributesMax);
  for (auto const& def : attributes) {
    if (named_after_sale(def.name)) return refuse(ModelError::known_after_sale);
  }
  ConversionModel model;
  model.leads = std::ssize(known);
  model.won = std::ranges::count_if(known, &KnownLead::won);
  if (model.won < settings.outcomes_min || model.leads - model.won < settings.outcomes_min) {
    return refuse(ModelError::too_few);
  }
  FeatureMaker const maker{known, settings};
  for (std::size_t i = 0; i < attributes.size(); ++i) {
    model.features.push_back(maker.of(attributes[i], i));
  }
  model.features.push_back(maker.of_vehicles());
  model.features.push_back(maker.of_reasons());

  std::vector<Cells> rows;
  std::vector<double> won;
  std::vector<double> weights;
  Eigen::Index columns = 0;
  for (auto const& feature : model.features)
    columns += static_cast<Eigen::Index>(cells_of(feature));
  for (std::size_t i = 0; i < known.size(); ++i) {
    auto& row = rows.emplace_back();
    Eigen::Index first = 0;
    for (std::size_t f = 0; f < model.features.size(); ++f) {
      row.push_back(first + static_cast<Eigen::Index>(cell_of(model.features, f, known[i].lead)));
      first += static_cast<Eigen::Index>(cells_of(model.features[f]));
    }
    won.push_back(known[i].won ? 1 : 0);
    weights.push_back(recency(known.size() - 1 - i, settings.half_life));
  }
  Regression const regression{std::move(rows), std::move(won), std::move(weights), columns};
  auto const beta = regression.solve(static_cast<double>(settings.ridge_milli) / 1000);
  if (!beta) return refuse(ModelError::no_solution);
  set_weights(model, *beta);
  if (settings.shift_half_life > 0) {
    model.shift_micros = micros(shift_of(model, known, settings.shift_half_life));
  }
  return model;
}

std::vector<std::optional<std::int64_t>> foretell_progressively(
    std::span<AttributeDef const> attributes, std::span<KnownLead const> known, std::size_t begin,
    std::size_t block, ModelSettings const& settings) {
  LEADEX_CHECK(block > 0);
  std::vector<std::optional<std::int64_t>> estimates;
  for (auto from = begin; from < known.size(); from += block) {
    auto const until = std::min(from + block, known.size());
    auto const model = fit_conversions(attributes, known.first(from), settings);
    for (auto i = from; i < until; ++i) {
      estimates.push_back(model ? std::optional{model->foretell_ppm(known[i].lead)} : std::nullopt);
    }
  }
  return estimates;
}

ModelQuality judge_estimates(std::span<std::optional<std::int64_t> const> ppm,
                             std::span<KnownLead const> known) {
  LEADEX_CHECK(ppm.size() == known.size());
  ModelQuality quality;
  std::vector<std::pair<std::int64_t, bool>> ranked;
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < ppm.size(); ++i) {
    if (!ppm[i]) continue;
    ranked.emplace_back(*ppm[i], known[i].won);
    sum += *ppm[i];
    quality.won += known[i].won ? 1 : 0;
  }
  quality.leads = std::ssize(ranked);
  quality.foretold_milli = sum / 1000;
  auto const lost = quality.leads - quality.won;
  if (quality.won == 0 || lost == 0) return quality;
  std::ranges::sort(ranked);
  std::int64_t halves = 0;  // 2 for each pair in the right order, 1 for a tie
  std::int64_t lost_below = 0;
  for (std::size_t from = 0; from < ranked.size();) {
    auto until = from;
    std::int64_t won_here = 0;
    for (; until < ranked.size() && ranked[until].first == ranked[from].first; ++until) {
      won_here += ranked[until].second ? 1 : 0;
    }
    auto const lost_here = static_cast<std::int64_t>(until - from) - won_here;
    halves += won_here * (2 * lost_below + lost_here);
    lost_below += lost_here;
    from = until;
  }
  using Wide = __int128;
  quality.auc_ppm =
      static_cast<std::int64_t>(Wide{halves} * 1'000'000 / (Wide{2} * quality.won * lost));
  return quality;
}

}  // namespace leadex::quality
