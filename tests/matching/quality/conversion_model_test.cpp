#include "matching/quality/conversion_model.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "matching/market/codec.hpp"
#include "matching/quality/after_sale.hpp"
#include "tests/matching/quality/bank_marketing.hpp"
#include "tests/matching/seed.hpp"

namespace leadex::quality {
namespace {

using Kind = market::AttributeText::Kind;
using targeting::AttributeDef;
using targeting::AttributeType;

std::vector<AttributeDef> attributes() {
  std::vector<AttributeDef> defs(3);
  defs[0] = {.name = "state", .type = AttributeType::choice, .choices = {"CA", "TX"}};
  defs[1] = {.name = "age", .type = AttributeType::integer, .minimum = 16, .maximum = 110};
  defs[2] = {.name = "own_home", .type = AttributeType::boolean};
  return defs;
}

/// Leads whose true chance of being won is known.
class ModelMarket : public ::testing::Test {
 protected:
  double uniform() { return std::uniform_real_distribution<double>{0, 1}(random_); }
  KnownLead lead(double base) {
    KnownLead one;
    bool const ca = uniform() < 0.5;
    auto const age = 16 + static_cast<std::int64_t>(uniform() * 80);
    bool const owns = uniform() < 0.3;
    one.lead.values = {{Kind::text, 0, ca ? "CA" : "TX"},
                       {Kind::number, age, {}},
                       {Kind::number, owns ? 1 : 0, {}}};
    one.lead.vehicle = uniform() < 0.5 ? 0 : 6;
    one.lead.reason = "quote";
    auto const logit = base + (ca ? 1.0 : 0.0) + (owns ? 0.8 : 0.0) + (age > 60 ? -1.5 : 0.0);
    one.won = uniform() < 1 / (1 + std::exp(-logit));
    return one;
  }
  std::vector<KnownLead> leads(int n, double base) {
    std::vector<KnownLead> all;
    for (int i = 0; i < n; ++i) all.push_back(lead(base));
    return all;
  }
  std::mt19937_64 random_{seed_of_run()};
};

TEST(ConversionModel, WhatIsKnownAfterTheSaleIsRefusedByName) {
  for (auto const* name :
       {"duration", "outcome", "disposition", "call_seconds", "sold_price", "y"}) {
    EXPECT_TRUE(named_after_sale(name)) << name;
    std::vector<AttributeDef> const defs{{.name = name, .type = AttributeType::integer}};
    auto const fitted = fit_conversions(defs, std::vector<KnownLead>(50), {});
    ASSERT_FALSE(fitted);
    EXPECT_EQ(fitted.error(), ModelError::known_after_sale);
  }
  for (auto const* name : {"age", "poutcome", "previous", "campaign", "callback_wanted", "loan"}) {
    EXPECT_FALSE(named_after_sale(name)) << name;
  }
}

TEST_F(ModelMarket, AFitWantsBothOutcomes) {
  auto known = leads(200, 0);
  for (auto& one : known) one.won = false;
  for (std::size_t i = 0; i < 19; ++i) known[i].won = true;
  auto const few = fit_conversions(attributes(), known, {});
  ASSERT_FALSE(few);
  EXPECT_EQ(few.error(), ModelError::too_few);
  known[19].won = true;
  EXPECT_TRUE(fit_conversions(attributes(), known, {}));
}

TEST_F(ModelMarket, WhatRaisesTheChanceRaisesTheEstimate) {
  auto const model = fit_conversions(attributes(), leads(8000, -2), {});
  ASSERT_TRUE(model);
  ModelLead plain{
      {{Kind::text, 0, "TX"}, {Kind::number, 30, {}}, {Kind::number, 0, {}}}, 0, "quote"};
  auto const base = model->foretell_ppm(plain);
  EXPECT_NEAR(static_cast<double>(base), 1e6 / (1 + std::exp(2.0)), 30'000);
  auto better = plain;
  better.values[0].text = "CA";
  EXPECT_GT(model->foretell_ppm(better), base + 50'000);
  better = plain;
  better.values[2].number = 1;
  EXPECT_GT(model->foretell_ppm(better), base + 30'000);
  auto worse = plain;
  worse.values[1].number = 80;
  EXPECT_LT(model->foretell_ppm(worse), base - 30'000);
  // Nothing is known of it, or all is of another type: still an estimate.
  ModelLead const blank{{}, -1, ""};
  EXPECT_GT(model->foretell_ppm(blank), 0);
  EXPECT_EQ(model->foretell_ppm(blank),
            model->foretell_ppm({{{Kind::number, 5, {}}, {Kind::text, 0, "x"}}, 99, "unseen"}));
}

TEST_F(ModelMarket, AVersionComesBackFromItsBytesAndForetellsTheSame) {
  auto const model = fit_conversions(attributes(), leads(2000, -1), progressive_settings());
  ASSERT_TRUE(model);
  auto const read = market::decode_value<ConversionModel>(market::encode_value(*model));
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, *model);
  auto const again = lead(0).lead;
  EXPECT_EQ(read->foretell_ppm(again), model->foretell_ppm(again));
}

/// The plain twin: the same regression by slow climbing, dense.
class SlowRegression {
 public:
  SlowRegression(ConversionModel const& shape, std::span<KnownLead const> known, double ridge) {
    for (auto const& feature : shape.features)
      firsts_.push_back(size_), size_ += feature.weights_micros.size();
    weights_.assign(size_ + 1, 0.0);
    for (int round = 0; round < 4000; ++round) climb(shape, known, ridge);
  }
  [[nodiscard]] double chance(ConversionModel const& shape, ModelLead const& lead) const {
    double logit = weights_.back();
    for (auto const c : columns(shape, lead)) logit += weights_[c];
    return 1 / (1 + std::exp(-logit));
  }

 private:
  [[nodiscard]] std::vector<std::size_t> columns(ConversionModel const& shape,
                                                 ModelLead const& lead) const {
    std::vector<std::size_t> columns;
    for (std::size_t f = 0; f < shape.features.size(); ++f) {
      auto const& feature = shape.features[f];
      std::size_t cell = 0;
      std::string word;
      if (feature.name == "vehicle")
        word = targeting::kVehicles[static_cast<std::size_t>(lead.vehicle)];
      else if (feature.name == "source_reason")
        word = lead.reason;
      else if (lead.values[f].kind == Kind::text)
        word = lead.values[f].text;
      for (std::size_t w = 0; w < feature.words.size(); ++w)
        if (feature.words[w] == word) cell = w + 1;
      if (feature.kind == ModelFeature::Kind::numbers) {
        cell = 1;
        for (auto const bound : feature.bounds) cell += lead.values[f].number > bound ? 1U : 0U;
      }
      columns.push_back(firsts_[f] + cell);
    }
    return columns;
  }
  void climb(ConversionModel const& shape, std::span<KnownLead const> known, double ridge) {
    std::vector<double> slope(size_ + 1, 0.0);
    for (auto const& one : known) {
      auto const gap = (one.won ? 1.0 : 0.0) - chance(shape, one.lead);
      for (auto const c : columns(shape, one.lead)) slope[c] += gap;
      slope[size_] += gap;
    }
    for (std::size_t c = 0; c < size_; ++c) slope[c] -= ridge * weights_[c];
    for (std::size_t c = 0; c <= size_; ++c)
      weights_[c] += slope[c] / static_cast<double>(known.size());
  }
  std::vector<std::size_t> firsts_;
  std::size_t size_ = 0;
  std::vector<double> weights_;
};

TEST_F(ModelMarket, AgreesWithASlowPlainRegression) {
  auto const known = leads(150, -0.5);
  auto const model = fit_conversions(attributes(), known, {.outcomes_min = 5, .ridge_milli = 2000});
  ASSERT_TRUE(model);
  SlowRegression const slow{*model, known, 2.0};
  for (auto const& one : known) {
    auto const ppm = static_cast<double>(model->foretell_ppm(one.lead));
    ASSERT_NEAR(ppm / 1e6, slow.chance(*model, one.lead), 0.002);
  }
}

TEST_F(ModelMarket, TheShiftFollowsABaseRateThatRises) {
  auto known = leads(3000, -3);
  auto const risen = leads(300, -1);
  known.insert(known.end(), risen.begin(), risen.end());
  auto const now = leads(2000, -1);
  auto const sum = [&](ModelSettings const& settings) {
    auto const model = fit_conversions(attributes(), known, settings);
    EXPECT_TRUE(model);
    std::vector<std::optional<std::int64_t>> told;
    for (auto const& one : now) told.emplace_back(model->foretell_ppm(one.lead));
    auto const judged = judge_estimates(told, now);
    return static_cast<double>(judged.foretold_milli) / 1000 / static_cast<double>(judged.won);
  };
  EXPECT_LT(sum({}), 0.6);
  auto const shifted = sum(progressive_settings());
  EXPECT_TRUE(shifted > 0.7 && shifted < 1.4) << shifted;
}

TEST_F(ModelMarket, AucCountsPairsAndTiesHalf) {
  for (int run = 0; run < 50; ++run) {
    auto const known = leads(60, -0.5);
    std::vector<std::optional<std::int64_t>> ppm;
    for (std::size_t i = 0; i < known.size(); ++i) {
      auto const told = static_cast<std::int64_t>(uniform() * 10) * 1000;
      ppm.push_back(i % 7 == 0 ? std::nullopt : std::optional{told});
    }
    double right = 0;
    double pairs = 0;
    for (std::size_t i = 0; i < known.size(); ++i) {
      for (std::size_t k = 0; k < known.size(); ++k) {
        if (!ppm[i] || !ppm[k] || !known[i].won || known[k].won) continue;
        pairs += 1;
        right += *ppm[i] > *ppm[k] ? 1 : *ppm[i] == *ppm[k] ? 0.5 : 0;
      }
    }
    if (pairs == 0) continue;
    EXPECT_NEAR(static_cast<double>(judge_estimates(ppm, known).auc_ppm), 1e6 * right / pairs,
                1.01);
  }
}

TEST_F(ModelMarket, ProgressiveEstimatesNeverSeeTheirOwnOutcome) {
  auto known = leads(600, -0.5);
  auto const before = foretell_progressively(attributes(), known, 200, 100, progressive_settings());
  ASSERT_EQ(before.size(), 400U);
  for (std::size_t i = 500; i < known.size(); ++i) known[i].won = !known[i].won;
  auto const after = foretell_progressively(attributes(), known, 200, 100, progressive_settings());
  EXPECT_EQ(before, after) << "the last block's outcomes are nobody's past";
  known[150].won = !known[150].won;
  EXPECT_NE(before, foretell_progressively(attributes(), known, 200, 100, progressive_settings()));
}

TEST(BankMarketing, ProgressiveEstimatesFollowTheBaseRate) {
  auto data = read_bank_marketing();
  if (!data) GTEST_SKIP() << "set LEADEX_SHARED_DATA to the folder of the shared corpora";
  auto const refused = fit_conversions(data->attributes, data->leads, {});
  ASSERT_FALSE(refused);
  ASSERT_EQ(refused.error(), ModelError::known_after_sale);
  data->drop("duration");
  auto const half = data->leads.size() / 2;
  auto const later = std::span<KnownLead const>{data->leads}.subspan(half);
  auto const estimates = foretell_progressively(data->attributes, data->leads, half,
                                                full_run() ? 100 : 500, progressive_settings());
  auto const judged = judge_estimates(estimates, later);
  auto const ratio =
      static_cast<double>(judged.foretold_milli) / 1000 / static_cast<double>(judged.won);
  std::cout << judged.leads << " leads, AUC " << judged.auc_ppm << " ppm, predicted/observed "
            << ratio << "\n";
  EXPECT_GT(judged.auc_ppm, 740'000);
  EXPECT_GT(ratio, 0.8);
  EXPECT_LT(ratio, 1.25);
}

}  // namespace
}  // namespace leadex::quality
