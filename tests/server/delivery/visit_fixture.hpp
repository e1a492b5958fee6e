#pragma once
// VisitFixture: a market where campaigns pay for visitors, or for what comes of them; each visitor
// comes once.

#include "tests/server/delivery/delivery_fixture.hpp"

namespace leadex::delivery::test {

class VisitFixture : public DeliveryFixture {
 protected:
  [[nodiscard]] market::MarketRules rules() const override {
    auto rules = market::MarketRun::rules();
    rules.cpa_window_us = 24 * market::kHourUs;
    rules.cpa_review_us = 24 * market::kHourUs;
    return rules;
  }
  /// A campaign for visitors with its model, of buyer kBuyer; every second visit converts.
  void visitors(std::int64_t no, PricingModel model, std::int64_t bid_units,
                std::int32_t value_bp = 0) {
    market::SetEstimates set;
    set.estimates.version = no;
    set.estimates.visits.market_ppb = 500'000'000;
    set.estimates.visits.unknown_buyer_ppb = estimate::kWhole;
    ASSERT_TRUE(run(*host_, set).has_value());
    auto const schema = targeting::Schema::make(market::MarketRun::rules().attributes).value();
    auto const bytes = targeting::encode(targeting::all_of({}), schema, {});
    market::UpsertCampaign upsert;
    upsert.campaign_no = no;
    upsert.buyer_no = kBuyer;
    upsert.version = 1;
    upsert.terms.model = model;
    if (model == PricingModel::cpa) upsert.terms.event = "policy";
    upsert.terms.value_bp = value_bp;
    upsert.terms.landing_url = "https://shop.example.com/";
    upsert.terms.exclusivity = auction::Exclusivity::exclusive;
    upsert.terms.bid_micros = bid_units * kUnit;
    upsert.terms.targeting = {reinterpret_cast<char const*>(bytes.data()), bytes.size()};
    ASSERT_EQ(run(*host_, upsert)->outcome.refusal, market::Refusal::none);
    ASSERT_TRUE(run(*host_, market::FundBudget{{kBuyer, no}, no, 10'000 * kUnit}).has_value());
  }
  /// A visitor of its own to that placement, who is sold. @return the click
  std::int64_t click(std::int64_t placement_no, std::int64_t generator_no) {
    market::OfferClick click;
    click.click_no = ++clicks_;
    click.generator_no = generator_no;
    click.version = 1;
    click.attributes.resize(market::MarketRun::rules().attributes.size());
    market::Submission submission;
    submission.command = std::move(click);
    submission.click = storage::NewClick{};
    submission.click->placement_no = placement_no;
    submission.click->visitor = std::string(8, 'v') + std::to_string(10'000'000 + clicks_);
    submission.click->subs = subs_;
    auto const answer = run(*host_, std::move(submission));
    EXPECT_TRUE(answer && answer->outcome.sold.size() == 1U);
    return clicks_;
  }

  std::int64_t clicks_{};  // number of the last
  std::vector<std::string> subs_{"my sub", "", "", "", ""};
};

}  // namespace leadex::delivery::test
