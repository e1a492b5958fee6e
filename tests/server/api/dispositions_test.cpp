// What buyers tell of their leads: a lead's stages from new to won or lost, who sees which part,
// and what leads were lost for.

#include "tests/server/api/scored_market.hpp"

namespace leadex::api {
namespace {

class Dispositions : public ScoredMarket {
 protected:
  void SetUp() override {
    ScoredMarket::SetUp();
    deposit(buyer_, "500.00");
    campaign(buyer_, "10.00", "400.00");
  }
  /// A lead sold to buyer_; its sale.
  std::string sold(std::string const& person, std::string const& state = "CA", int age = 30) {
    auto const posted = lead(person, state, age);
    EXPECT_EQ(posted.text("outcome"), "sold") << posted.body;
    lead_ = posted.text("lead_id");
    return newest_sale(buyer_);
  }
  static std::string word(std::string const& stage, std::string const& more = {}) {
    return R"({"stage":")" + stage + R"(","at":")" + ago(std::chrono::seconds{0}) + '"' + more +
           '}';
  }
  Reply tell(std::string const& sale, std::string const& body, std::string const& key = {}) {
    return call({.method = "POST",
                 .target = "/v1/sales/" + sale + "/dispositions",
                 .key = buyer_.key,
                 .body = body,
                 .idempotency_key = key.empty() ? "told-" + std::to_string(++told_) : key});
  }
  Reply told(std::string const& sale, std::string const& key) {
    return get("/v1/sales/" + sale + "/dispositions", key);
  }
  std::string stages(std::string const& key) {
    auto const stage = get("/v1/leads/" + lead_ + "/stage", key);
    EXPECT_EQ(stage.status, 200) << stage.body;
    std::string all;
    for (auto const& step : stage.find("history")->GetArray()) all += field(step, "stage") + ' ';
    EXPECT_TRUE(all.ends_with(stage.text("stage") + ' ')) << stage.body;
    return all;
  }
  static std::string fault(Reply const& reply) {
    auto const* const errors = reply.find("errors");
    return errors == nullptr || errors->Empty()
               ? std::string{}
               : field((*errors)[0], "pointer") + ' ' + field((*errors)[0], "code");
  }

  static constexpr char const* kBant =
      R"(,"bant":{"budget":"about five hundred a month","authority":true,"need":"old policy ends",)"
      R"("timeline":true})";
  std::string lead_;
  int told_ = 0;
};

TEST_F(Dispositions, ALeadGoesAllTheWay) {
  auto const sale = sold("ann");
  EXPECT_EQ(stages(generator_.key), "new marketing_qualified ");
  EXPECT_EQ(tell(sale, word("contacted")).status, 201);
  EXPECT_EQ(stages(generator_.key), "new marketing_qualified ") << "a talk alone accepts nothing";
  EXPECT_EQ(tell(sale, word("contacted")).status, 201);
  EXPECT_EQ(tell(sale, word("sales_accepted")).status, 201);
  auto const qualified = tell(sale, word("sales_qualified", kBant));
  ASSERT_EQ(qualified.status, 201) << qualified.body;
  EXPECT_EQ(qualified.find("bant"), nullptr) << "kept answers hold nothing of the person";
  EXPECT_EQ(tell(sale, word("won")).number("number"), 5);
  EXPECT_EQ(stages(generator_.key), "new marketing_qualified sales_accepted sales_qualified won ");
  EXPECT_EQ(stages(admin_), stages(generator_.key));
  auto const late = tell(sale, word("lost", R"(,"reason":"price")"));
  EXPECT_EQ(late.status, 409) << late.body;
  EXPECT_EQ(sql("select count(*) from leadex.disposition"), "5");
}

TEST_F(Dispositions, WhatThePersonAnsweredOpensForItsBuyerAlone) {
  auto const sale = sold("ann");
  ASSERT_EQ(tell(sale, word("sales_qualified", kBant)).status, 201);
  auto const own = told(sale, buyer_.key);
  ASSERT_EQ(own.data().Size(), 1U) << own.body;
  auto const* const bant = json::find_member(own.data()[0], "bant");
  ASSERT_NE(bant, nullptr) << own.body;
  EXPECT_EQ(field(*bant, "budget"), "about five hundred a month");
  for (auto const& key : {generator_.key, admin_}) {
    auto const others = told(sale, key);
    ASSERT_EQ(others.data().Size(), 1U) << others.body;
    EXPECT_EQ(others.body.find("five hundred"), std::string::npos);
  }
  EXPECT_EQ(sql("select count(*) from leadex.disposition where position('five hundred'::bytea in "
                "bant_sealed) > 0"),
            "0");
  // Erasing takes them along; what is left tells that there was a word.
  sql_do("delete from leadex.lead_key");
  auto const erased = told(sale, buyer_.key);
  ASSERT_EQ(erased.data().Size(), 1U) << erased.body;
  EXPECT_EQ(json::find_member(erased.data()[0], "bant"), nullptr) << erased.body;
  EXPECT_EQ(tell(sale, word("won")).status, 201);
}

TEST_F(Dispositions, AKeyThatDoesNotOpenIsAFaultOfOneRequest) {
  auto const sale = sold("ann");
  auto const other = sold("bob");
  ASSERT_EQ(tell(sale, word("sales_qualified", kBant)).status, 201);
  sql_do("update leadex.lead_key set wrapped = set_byte(wrapped, 20, get_byte(wrapped, 20) # 1)");
  auto const read = told(sale, buyer_.key);
  EXPECT_EQ(read.status, 500) << read.body;
  auto const sealing = tell(other, word("sales_qualified", kBant));
  EXPECT_EQ(sealing.status, 500) << sealing.body;
  EXPECT_EQ(told(sale, generator_.key).status, 200) << "who sees no answers needs no key";
  EXPECT_EQ(tell(sale, word("won")).status, 201);
  EXPECT_EQ(sql("select count(*) from leadex.disposition"), "2");
}

TEST_F(Dispositions, ARepeatedKeyTellsOnce) {
  auto const sale = sold("ann");
  auto const body = word("sales_qualified", kBant);
  auto const first = tell(sale, body, "same");
  ASSERT_EQ(first.status, 201) << first.body;
  auto const again = tell(sale, body, "same");
  EXPECT_EQ(again.status, 201);
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(again.header("Idempotent-Replayed"), "true");
  EXPECT_EQ(tell(sale, word("won"), "same").text("code"), "idempotency_key_reused");
  EXPECT_EQ(sql("select count(*) from leadex.disposition"), "1");
  auto const none = call({.method = "POST",
                          .target = "/v1/sales/" + sale + "/dispositions",
                          .key = buyer_.key,
                          .body = word("won")});
  EXPECT_EQ(none.text("code"), "idempotency_key_missing");
}

TEST_F(Dispositions, RefuseWhatCannotBe) {
  using namespace std::chrono_literals;
  auto const sale = sold("ann");
  auto const at = [](std::chrono::seconds age) {
    return R"({"stage":"contacted","at":")" + ago(age) + "\"}";
  };
  EXPECT_EQ(fault(tell(sale, at(1h))), "/at before_sale");
  EXPECT_EQ(fault(tell(sale, at(-1h))), "/at in_future");
  EXPECT_EQ(fault(tell(sale, word("lost"))), "/reason missing_field");
  EXPECT_EQ(fault(tell(sale, word("lost", R"(,"reason":"call_5551234")"))), "/reason text_invalid");
  EXPECT_EQ(fault(tell(sale, word("won", R"(,"reason":"price")"))), "/reason unwelcome");
  EXPECT_EQ(fault(tell(sale, word("sales_qualified"))), "/bant incomplete");
  EXPECT_EQ(fault(tell(sale, word("sales_qualified",
                                  R"(,"bant":{"budget":true,"authority":false,"need":true,)"
                                  R"("timeline":true})"))),
            "/bant incomplete");
  EXPECT_EQ(fault(tell(sale, word("contacted", kBant))), "/bant unwelcome");
  ASSERT_EQ(tell(sale, word("sales_accepted")).status, 201);
  EXPECT_EQ(fault(tell(sale, word("contacted"))), "/stage backward");
  EXPECT_EQ(fault(tell(sale, at(60s))), "/at before_last");
  // What was refused left nothing, and a return ends the talk.
  EXPECT_EQ(sql("select count(*) from leadex.disposition"), "1");
  auto const opened =
      post("/v1/sales/" + sale + "/returns", buyer_.key, R"({"reason":"out_of_area"})");
  ASSERT_EQ(opened.status, 201) << opened.body;
  ASSERT_EQ(post("/v1/returns/" + opened.text("id") + "/accept", generator_.key, "{}").status, 200);
  EXPECT_EQ(tell(sale, word("won")).status, 409);
}

TEST_F(Dispositions, BelongToTheTwoOfTheSale) {
  auto const sale = sold("ann");
  ASSERT_EQ(tell(sale, word("contacted")).status, 201);
  auto const stranger = open_account("generator");
  EXPECT_EQ(told(sale, other_.key).status, 404);
  EXPECT_EQ(told(sale, stranger.key).status, 404);
  auto const foreign = post("/v1/sales/" + sale + "/dispositions", other_.key, word("won"));
  auto const unknown =
      post("/v1/sales/sale_" + std::string(26, '0') + "/dispositions", other_.key, word("won"));
  EXPECT_EQ(foreign.status, 404);
  EXPECT_EQ(foreign.body, unknown.body);
  EXPECT_EQ(post("/v1/sales/" + sale + "/dispositions", generator_.key, word("won")).status, 403);
  EXPECT_EQ(told(sale, generator_.key).data().Size(), 1U);
  auto const page = get("/v1/sales/" + sale + "/dispositions?limit=1", buyer_.key);
  EXPECT_FALSE(page.find("has_more")->GetBool());
}

TEST_F(Dispositions, LossesAreCountedByDayReasonAndSource) {
  auto const lose = [this](std::string const& person, std::string const& reason,
                           std::string const& reached = {}) {
    auto const sale = sold(person);
    if (!reached.empty()) EXPECT_EQ(tell(sale, word(reached)).status, 201);
    auto const lost = tell(sale, word("lost", R"(,"reason":")" + reason + '"'));
    EXPECT_EQ(lost.status, 201) << lost.body;
    return lost.text("group");
  };
  EXPECT_EQ(lose("ann", "no_answer"), "never_reached");
  EXPECT_EQ(lose("bob", "no_answer", "sales_accepted"), "never_reached");
  EXPECT_EQ(lose("cid", "our_own_word", "contacted"), "refused_to_talk");
  EXPECT_EQ(lose("dan", "our_own_word", "sales_accepted"), "refused_to_buy");
  EXPECT_EQ(stages(generator_.key), "new marketing_qualified sales_accepted lost ");
  auto const report = get("/v1/reports/disqualification?days=2", generator_.key);
  ASSERT_EQ(report.status, 200) << report.body;
  auto const& groups = *report.find("groups");
  EXPECT_EQ(json::find_member(groups, "never_reached")->GetInt64(), 2);
  EXPECT_EQ(json::find_member(groups, "refused_to_talk")->GetInt64(), 1);
  EXPECT_EQ(json::find_member(groups, "refused_to_buy")->GetInt64(), 1);
  auto const& rows = *report.find("rows");
  ASSERT_EQ(rows.Size(), 3U) << report.body;
  EXPECT_EQ(json::find_member(rows[0], "sales")->GetInt64(), 2);
  EXPECT_EQ(field(*json::find_member(rows[0], "source"), "vehicle"), "web_form");
  EXPECT_EQ(json::find_member(rows[0], "generator_id"), nullptr);
  auto const stranger = open_account("generator");
  EXPECT_EQ(get("/v1/reports/disqualification", stranger.key).find("rows")->Size(), 0U);
  EXPECT_EQ(get("/v1/reports/disqualification", buyer_.key).status, 403);
  auto const all = get("/v1/reports/disqualification?market=" + std::string{kMarket}, admin_);
  ASSERT_EQ(all.find("rows")->Size(), 3U) << all.body;
  EXPECT_EQ(field((*all.find("rows"))[0], "generator_id"), generator_.id);
}

TEST_F(Dispositions, OfSeveralSalesTheFurthestCounts) {
  deposit(other_, "100.00");
  campaign(other_, "9.00", "50.00");
  auto const posted = lead("ann");
  lead_ = posted.text("lead_id");
  ASSERT_EQ(posted.find("sales")->Size(), 2U) << posted.body;
  auto const mine = newest_sale(buyer_);
  auto const theirs = newest_sale(other_);
  ASSERT_EQ(tell(mine, word("lost", R"(,"reason":"price")")).status, 201);
  EXPECT_TRUE(stages(generator_.key).ends_with("lost "));
  ASSERT_EQ(post("/v1/sales/" + theirs + "/dispositions", other_.key, word("won")).status, 201);
  EXPECT_TRUE(stages(generator_.key).ends_with("lost won ")) << stages(generator_.key);
  EXPECT_EQ(told(mine, buyer_.key).data().Size(), 1U) << "the other's words are the other's";
}

}  // namespace
}  // namespace leadex::api
