// Deals, terms of sources, caps per source, trials and rights of leads as the tables keep them:
// what is stored is what a reload finds, and constraints stand behind the engine.

#include "server/market/replay.hpp"
#include "tests/server/market/market_fixture.hpp"

namespace leadex::market {
namespace {

class StoredRoutes : public MarketFixture {
 protected:
  [[nodiscard]] MarketRules rules() const override {
    auto rules = MarketRun::rules();
    rules.routing = auction::Routing::round_robin;
    rules.fall_us = 24 * kHourUs;
    rules.grade_reserve = {2 * kUnit, 3 * kUnit};
    return rules;
  }
  static std::string everything() {
    auto const schema = targeting::Schema::make(MarketRun::rules().attributes).value();
    auto const bytes = targeting::encode(targeting::all_of({}), schema, {});
    return {reinterpret_cast<char const*>(bytes.data()), bytes.size()};
  }
  static UpsertCampaign campaign(std::int64_t no) {
    UpsertCampaign upsert;
    upsert.campaign_no = upsert.buyer_no = no;
    upsert.version = 1;
    upsert.terms.bid_micros = 5 * kUnit;
    upsert.terms.exclusivity = auction::Exclusivity::shared;
    upsert.terms.targeting = everything();
    return upsert;
  }
  Outcome told(MarketHost& at, Command command) {
    auto const answer = run(at, std::move(command));
    EXPECT_TRUE(answer.has_value());
    return answer ? answer->outcome : Outcome{};
  }
  std::string state(MarketHost& at) {
    return look<std::string>(at, [](auto const& view) { return view.engine.describe(); });
  }
};

TEST_F(StoredRoutes, AReloadFindsDealsTermsCountsTrialsAndRights) {
  std::string before;
  {
    auto const first = host();
    auto capped = campaign(1);
    capped.terms.source_leads_max = {kNone, 3, kNone, kNone};
    capped.terms.delivery = Delivery::webhook;
    auto tried = campaign(2);
    tried.terms.trial = {2, 2 * kUnit, 0, 0};
    told(*first, capped);
    told(*first, tried);
    told(*first, FundBudget{{1, 1}, 1, 500 * kUnit});
    told(*first, FundBudget{{2, 2}, 2, 500 * kUnit});
    told(*first, FundBudget{{3, 0}, 3, 500 * kUnit});

    told(*first, SetSourceTerms{101, kNone, 1});
    told(*first, SetSourceTerms{102, 4 * kUnit, 0});
    auto const deal = told(*first, ProposeDeal{1, 101, 3 * kUnit, false, 101});
    told(*first, AcceptDeal{deal.number, 1});
    auto const better = told(*first, ProposeDeal{1, 101, 2 * kUnit, false, 1});
    told(*first, AcceptDeal{better.number, 101});  // the first one ends with it
    told(*first, ProposeDeal{2, 101, 2 * kUnit, true, 2});
    told(*first, ProposeDeal{2, 101, kUnit, true, 2});  // replaces the one before

    for (std::int64_t lead = 1; lead <= 6; ++lead) {
      auto offer = plain_offer(lead);
      if (lead == 5) offer.generator_no = 102;
      if (lead == 6) {
        offer.named = true;
        offer.named_for = {7};
        offer.withheld = {3, 9};
      }
      told(*first, offer);
    }
    told(*first, RefuseDelivery{1, 0});
    told(*first, WithholdLeads{3, {4, 5}});
    before = state(*first);
    first->stop();
  }
  EXPECT_EQ(number("select count(*) from leadex.deal where state = 2"), 2);
  EXPECT_EQ(number("select day_n from leadex.campaign_source_counter where generator = 101"), 2);
  EXPECT_EQ(number("select trial_n from leadex.campaign_counter where campaign_no = 2"), 2);
  EXPECT_EQ(number("select count(*) from leadex.sale where trial"), 2);
  EXPECT_EQ(number("select count(*) from leadex.lead_withheld"), 4);
  EXPECT_EQ(number("select reserve_micros from leadex.lead where lead_no = 5"), 4 * kUnit);
  EXPECT_EQ(ledger_problem(), "");
  expect_true_books();

  auto const store = storage::make_market_store(database_.app());
  auto const report = replay(*store, kMarket, ReplayScope::decisions);
  ASSERT_TRUE(report.has_value());
  EXPECT_FALSE(report->fault.has_value());

  auto const second = host("second");
  told(*second, Tick{0, 1});
  EXPECT_EQ(state(*second), before);
  // The lead is kept from the buyer by its own list, and by a consent for others.
  EXPECT_EQ(told(*second, PlaceBid{4, {3, 0}, 5 * kUnit, false}).refusal, Refusal::lead_unknown);
  EXPECT_EQ(told(*second, PlaceBid{6, {3, 0}, 5 * kUnit, false}).refusal, Refusal::lead_unknown);
}

TEST_F(StoredRoutes, ManyStepsOfOnePairAtOnceLeaveOneDealInForce) {
  auto const at = host();
  told(*at, campaign(1));
  std::vector<std::future<Result<Answer, SubmitError>>> answers;
  auto const send = [&](Command command) {
    Submission submission;
    submission.command = std::move(command);
    answers.push_back(submit(*at, std::move(submission)));
  };
  for (std::int64_t no = 1; no <= 40; ++no) {  // numbers are given in order: 1, 2, 3, …
    bool const by_buyer = no % 2 == 0;
    send(ProposeDeal{1, 101, 2 * kUnit, false, by_buyer ? 1 : 101});
    send(AcceptDeal{no, by_buyer ? 101 : 1});
  }
  for (auto& answer : answers) {  // they arrive in any order: some come too early or too late
    auto const got = answer.get();
    ASSERT_TRUE(got.has_value()) << static_cast<int>(got.error());
  }
  EXPECT_LT(number("select count(*) from leadex.commit_batch"), 60);  // several steps shared one
  EXPECT_EQ(number("select count(*) from leadex.deal"), 40);
  EXPECT_LE(number("select count(*) from leadex.deal where state = 0"), 1);
  EXPECT_LE(number("select count(*) from leadex.deal where state = 1"), 1);
}

TEST_F(StoredRoutes, TwoDealsOfTheSamePairCannotBothBeInForce) {
  exec("insert into leadex.deal values (7, 1, 5, 6, 10, false, 5, 1, 0, 0)");
  EXPECT_THROW(exec("insert into leadex.deal values (7, 2, 5, 6, 10, false, 5, 1, 0, 0)"),
               pqxx::unique_violation);
  EXPECT_THROW(exec("insert into leadex.deal values (7, 3, 5, 6, 10, false, 8, 0, 0, 0)"),
               pqxx::check_violation);
  EXPECT_THROW(exec("insert into leadex.campaign_source_counter values (7, 1, 1, 0, 2, 1, 0, 0, "
                    "null, 0, 0, null, 0, 0, null)"),
               pqxx::check_violation);
}

}  // namespace
}  // namespace leadex::market
