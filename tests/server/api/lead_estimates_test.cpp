// Estimates of what share of leads is won: made as outcomes arrive, judged by leads they were not
// fitted on, blind to what is known after the sale only.

#include <random>

#include "matching/market/codec.hpp"
#include "server/crypto/bytes.hpp"
#include "tests/matching/seed.hpp"
#include "tests/server/api/scored_market.hpp"

namespace leadex::api {
namespace {

class LeadEstimates : public ScoredMarket {
 protected:
  [[nodiscard]] std::string market_more() const override {
    return ScoredMarket::market_more() +
           R"(,"attributes":{"type":"object","properties":{"state":{"type":"string","enum":["CA",)"
           R"("TX"]},"age":{"type":"integer"},"call_minutes":{"type":"integer"},)"
           R"("rank":{"type":"integer","known_after_sale":true}},"required":["state"]})";
  }
  void SetUp() override {
    // The same names as the harness's market, and two that must not be looked at.
    ApiHarness::SetUp();
    auto body = market_json(kMarket, market_more());
    auto const first = body.find(R"("attributes")");
    body.erase(first, body.find(R"("auction")") - first);
    auto const made = post("/v1/admin/markets", admin_, body);
    ASSERT_EQ(made.status, 201) << made.body;
    generator_ = open_account("generator");
    buyer_ = open_account("buyer");
    market_no_ = std::stoll(sql("select market_id from leadex.market"));
  }

  struct Past {
    bool in_ca{};
    bool won{};
    std::int64_t told_us{};
  };
  /// A lead that was sold and of which its buyer has told, straight into the tables. What is known
  /// after the sale foretells everything.
  void add(std::vector<Past> const& leads) {
    pqxx::connection connection(database_.owner());
    pqxx::work tx(connection);
    for (auto const& past : leads) {
      auto const no = std::to_string(++lead_no_);
      auto const key = std::to_string(market_no_) + ',' + no;
      auto const at = std::to_string(past.told_us);
      using Kind = market::AttributeText::Kind;
      std::vector<market::AttributeText> const values{{Kind::text, 0, past.in_ca ? "CA" : "TX"},
                                                      {Kind::number, 30, ""},
                                                      {Kind::number, past.won ? 9 : 0, ""},
                                                      {Kind::number, past.won ? 1 : 2, ""}};
      auto const bytes = crypto::hex_encode(market::encode_value(values));
      tx.exec(
          "insert into leadex.lead (market_id, lead_no, batch_no, row_no, tenant_no, version, "
          "state, vehicle, reason, captured_us, listed_us, ask_micros, consent_us, "
          "consent_digest, attributes, external_id) values (" +
          key + ",0,0," + std::to_string(number_of(generator_)) + ",1,2,0,'quote'," + at + ',' +
          at + ",-1," + at + ",'','\\x" + bytes + "','')");
      tx.exec(
          "insert into leadex.sale (market_id, lead_no, slot, batch_seq, n, buyer, campaign, "
          "generator, gross, fee, holdback, credited, state, exclusive, shares_max, "
          "auction_no, sold_us, due_us, windows) values (" +
          key + ",0,1,0," + std::to_string(number_of(buyer_)) + ",9," +
          std::to_string(number_of(generator_)) + ",1000000,0,0,0,2,true,1,1," + at + ",0,'')");
      tx.exec(
          "insert into leadex.disposition (market_id, lead_no, slot, n, buyer, generator, "
          "stage, reason, loss_group, at_us, told_us) values (" +
          key + ",0,0," + std::to_string(number_of(buyer_)) + ',' +
          std::to_string(number_of(generator_)) + (past.won ? ",4,''" : ",5,'price'") +
          (past.won ? ",null," : ",3,") + at + ',' + at + ')');
    }
    tx.commit();
  }
  /// Leads of which most in CA and few in TX are won.
  void add_like_these(std::mt19937_64& random, int count) {
    std::vector<Past> leads;
    for (int i = 0; i < count; ++i) {
      bool const in_ca = random() % 2 == 0;
      bool const won = random() % 100 < (in_ca ? 70U : 10U);
      leads.push_back({in_ca, won, begin_us_ + 1'000'000 * ++told_});
    }
    add(leads);
  }
  std::int64_t run_job() {
    auto const ran = post("/v1/admin/jobs/lead_estimates/run", admin_);
    EXPECT_EQ(ran.status, 200) << ran.body;
    return ran.number("items");
  }
  Reply versions(std::string const& query = {}) {
    return get("/v1/admin/markets/" + std::string{kMarket} + "/lead-estimates" + query, admin_);
  }
  static std::int64_t in(json::Value const& version, char const* part, char const* name) {
    auto const* const value = json::find_member(*json::find_member(version, part), name);
    return value->IsInt64() ? value->GetInt64() : -1;
  }

  std::int64_t market_no_{};
  std::int64_t lead_no_ = 1000;
  std::int64_t told_ = 0;
  std::int64_t begin_us_ = to_unix_micros(context_.now()) - 86'400'000'000;
};

TEST_F(LeadEstimates, VersionsFollowTheOutcomesAndAreJudgedByWhatTheyDidNotSee) {
  std::mt19937_64 random{seed_of_run()};
  EXPECT_EQ(run_job(), 0);
  add_like_these(random, 530);
  EXPECT_EQ(run_job(), 5);
  EXPECT_EQ(run_job(), 0) << "thirty more do not make a version of their own yet";
  // Each lead once, and never by a version that was fitted on it.
  EXPECT_EQ(sql("select count(*) from leadex.lead_outcome"), "530");
  EXPECT_EQ(sql("select count(*) from leadex.lead_outcome where version is null"), "100");
  EXPECT_EQ(sql("select count(*) from leadex.lead_outcome o join leadex.lead_estimate e using "
                "(market_id, version) where o.outcome_no <= e.outcome_no"),
            "0");
  EXPECT_EQ(sql("select count(*) from leadex.lead_outcome o join leadex.lead_estimate e using "
                "(market_id, version) where o.outcome_no > e.outcome_no + 100"),
            "0");
  auto const page = versions("?limit=2");
  ASSERT_EQ(page.status, 200) << page.body;
  ASSERT_EQ(page.data().Size(), 2U);
  EXPECT_TRUE(page.find("has_more")->GetBool());
  auto const& newest = page.data()[0];
  EXPECT_EQ(json::find_member(newest, "version")->GetInt64(), 5);
  EXPECT_EQ(json::find_member(newest, "fitted_leads")->GetInt64(), 500);
  EXPECT_EQ(in(newest, "judged", "leads"), 30);
  EXPECT_EQ(in(newest, "before", "leads"), 400);
  EXPECT_GT(in(newest, "before", "auc_ppm"), 650'000) << page.body;
  EXPECT_LT(in(newest, "before", "auc_ppm"), 950'000) << "it does not know what came after";
  EXPECT_EQ(in(page.data()[1], "judged", "leads"), 100);
  EXPECT_EQ(json::to_text(*json::find_member(newest, "features")),
            R"(["state","age","vehicle","source_reason"])");
}

TEST_F(LeadEstimates, AfterSixHoursAnyOutcomeMakesAVersion) {
  std::mt19937_64 random{seed_of_run()};
  add_like_these(random, 100);
  EXPECT_EQ(run_job(), 1);
  add_like_these(random, 1);
  EXPECT_EQ(run_job(), 0);
  auto const now = context_.now;
  context_.now = [now] { return now() + std::chrono::hours{7}; };
  EXPECT_EQ(run_job(), 1);
  EXPECT_EQ(run_job(), 0) << "nothing has come since";
}

TEST_F(LeadEstimates, StaffSeesWhatIsForetoldOfALead) {
  std::mt19937_64 random{seed_of_run()};
  add_like_these(random, 300);
  ASSERT_EQ(run_job(), 3);
  auto const foretold = [this](std::string const& person, std::string const& state) {
    auto const told = score_of(lead(person, state).text("lead_id"), admin_);
    EXPECT_EQ(told.status, 200) << told.body;
    auto const* const estimate = told.find("estimate");
    EXPECT_NE(estimate, nullptr) << told.body;
    return estimate == nullptr ? -1 : json::find_member(*estimate, "won_ppm")->GetInt64();
  };
  EXPECT_GT(foretold("ann", "CA"), 450'000);
  EXPECT_LT(foretold("bob", "TX"), 350'000);
  auto const own = score_of(lead("cid").text("lead_id"), generator_.key);
  EXPECT_EQ(own.find("estimate"), nullptr) << own.body;
  EXPECT_EQ(get("/v1/admin/markets/" + std::string{kMarket} + "/lead-estimates", buyer_.key).status,
            403);
}

TEST_F(LeadEstimates, ALeadIsLostOnceAllItsSalesAre) {
  add({{true, false, begin_us_}});
  // Another buyer of the same lead has not told yet.
  sql_do(
      "insert into leadex.sale select market_id, lead_no, 1, batch_seq, n + 2, buyer + 1, "
      "campaign, generator, gross, fee, holdback, credited, state, exclusive, shares_max, "
      "auction_no, sold_us, due_us, windows from leadex.sale");
  run_job();
  EXPECT_EQ(sql("select count(*) from leadex.lead_outcome"), "0");
  sql_do(
      "insert into leadex.disposition select market_id, lead_no, 1, 0, buyer + 1, generator, 4, "
      "'', null, at_us, told_us + 1, null from leadex.disposition");
  run_job();
  EXPECT_EQ(sql("select won from leadex.lead_outcome"), "t");
  EXPECT_EQ(sql("select count(*) from leadex.lead_estimate"), "0") << "one outcome foretells none";
}

}  // namespace
}  // namespace leadex::api
