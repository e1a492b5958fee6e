// Visits that are paid for by what comes of them, and conversions of clicks, as the API states
// them: to the buyer by the click's id, to the generator by its placement.

#include <map>

#include "tests/server/api/trade_harness.hpp"

namespace leadex::api {
namespace {

class VisitsOnResult : public TradeHarness {
 protected:
  void SetUp() override {
    TradeHarness::SetUp();
    deposit(buyer_, "1000.00");
    deposit(other_, "1000.00");
  }
  std::string placement() {
    auto const made =
        post("/v1/placements", generator_.key,
             R"({"market":")" + std::string{kMarket} +
                 R"(","name":"Front page","attributes":{"state":"CA"},"fallback_url":)"
                 R"("https://news.example.com/","postback_url":)"
                 R"("https://track.example.com/?c={click_id}&s={status}&v={payout}{currency}"})");
    EXPECT_EQ(made.status, 201) << made.body;
    return made.text("id");
  }
  static std::string terms(std::string const& model, std::string const& bid,
                           std::string const& pricing = {}, std::string const& more = {}) {
    return R"({"name":"Visitors","market":")" + std::string{kMarket} + R"(","pricing":{"model":")" +
           model + R"(","bid":)" + usd(bid) + pricing + R"(},"landing_url":"https://)" + model +
           R"(.example.com/?c={click_id}")" + more + '}';
  }
  std::string visitors(Account const& buyer, std::string const& model, std::string const& bid,
                       std::string const& pricing = {}) {
    auto const made = post("/v1/campaigns", buyer.key, terms(model, bid, pricing));
    EXPECT_EQ(made.status, 201) << made.body;
    auto const id = made.text("id");
    EXPECT_EQ(
        post("/v1/campaigns/" + id + "/fund", buyer.key, R"({"amount":)" + usd("500.00") + '}')
            .status,
        200);
    return id;
  }
  std::string went(std::string const& placement, std::string const& agent) {
    auto const done = call({.method = "GET",
                            .target = "/c/" + placement,
                            .key = {},
                            .body = {},
                            .idempotency_key = {},
                            .headers = {{"user-agent", agent}}});
    EXPECT_EQ(done.status, 302) << done.body;
    return done.header("Location");
  }
  /// Of the address a visitor was sent to.
  static std::string click_in(std::string const& url) { return url.substr(url.find("c=") + 2); }
  static std::string told(std::string const& which, std::string const& id,
                          std::string const& transaction, std::string const& more = {}) {
    return R"({")" + which + R"(":")" + id + R"(","transaction_id":")" + transaction +
           R"(","at":")" + ago(std::chrono::seconds{0}) + '"' + more + '}';
  }
  Reply report(Account const& buyer, std::string body, std::string const& key) {
    return call({.method = "POST",
                 .target = "/v1/conversions",
                 .key = buyer.key,
                 .body = std::move(body),
                 .headers = {{"idempotency-key", key}}});
  }
  Reply stats(std::string const& id) {
    return get("/v1/placements/" + id + "/stats", generator_.key);
  }
};

TEST_F(VisitsOnResult, AVisitGoesWhereItIsWorthMostAndCostsWhenItConverts) {
  visitors(other_, "cpc", "0.40");
  visitors(buyer_, "cpa", "100.00", R"(,"event":"policy")");  // × 2 % × 0.7
  auto const id = placement();
  auto const to = went(id, "Browser 1");
  ASSERT_TRUE(to.starts_with("https://cpa.example.com/?c=clk_")) << to;
  auto const click = click_in(to);
  auto const sales = get("/v1/sales", buyer_.key);
  ASSERT_EQ(sales.data().Size(), 1U);
  auto const& sale = sales.data()[0];
  EXPECT_EQ(field(sale, "model"), "cpa");
  EXPECT_EQ(field(sale, "status"), "waiting");
  EXPECT_EQ(field(sale, "click_id"), click);
  EXPECT_TRUE(json::find_member(sale, "lead_id")->IsNull());
  EXPECT_TRUE(json::find_member(sale, "return_until")->IsNull());
  EXPECT_EQ(post("/v1/sales/" + field(sale, "id") + "/returns", buyer_.key, R"({"reason":"bogus"})")
                .text("code"),
            "not_of_this_model");
  EXPECT_EQ(get("/v1/sales/" + field(sale, "id"), generator_.key).text("click_id"), click);

  auto const counted = stats(id);
  EXPECT_EQ(counted.number("clicks"), 1);
  EXPECT_EQ(counted.number("charged"), 0);
  EXPECT_EQ(counted.number("on_result"), 1);
  EXPECT_EQ(amount(counted.json, "gross"), "0.00") << "nothing is earned yet";

  EXPECT_EQ(report(other_, told("click_id", click, "p-1", R"(,"event":"policy")"), "k-0").status,
            422);
  EXPECT_EQ(report(buyer_, told("click_id", click, "p-1"), "k-1").text("code"), "event_unknown");
  auto const again = click_in(went(id, "Browser 1"));
  ASSERT_EQ(again, click) << "who comes a second time before buying";
  auto const body = told("click_id", again, "p-1", R"(,"event":"policy")");
  auto const made = report(buyer_, body, "k-2");
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(made.text("status"), "approved");
  EXPECT_EQ(made.text("click_id"), click);
  EXPECT_TRUE(made.find("lead_id")->IsNull());
  EXPECT_EQ(amount(made.json, "price"), "100.00");
  EXPECT_EQ(report(buyer_, body, "k-2").body, made.body);
  EXPECT_EQ(get("/v1/sales/" + field(sale, "id"), buyer_.key).text("status"), "settled");
  expect_true_books();
}

TEST_F(VisitsOnResult, ACampaignPerLeadPaysForTheVisitThatBecomesOne) {
  visitors(buyer_, "cpl", "50.00");
  auto const id = placement();
  auto const click = click_in(went(id, "Browser 1"));
  ASSERT_TRUE(click.starts_with("clk_")) << click;
  EXPECT_EQ(report(buyer_, told("click_id", click, "p-1"), "k-1").text("code"), "event_unknown");
  auto const made = report(
      buyer_, told("click_id", click, "p-1", R"(,"event":"lead","value":)" + usd("1.00")), "k-2");
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(amount(made.json, "price"), "50.00");
  ASSERT_EQ(lead("ann").status, 201);
  EXPECT_EQ(get("/v1/sales/" + newest_sale(buyer_), buyer_.key).text("model"), "cpl");
  expect_true_books();
}

TEST_F(VisitsOnResult, PostbacksNameTheClickToo) {
  visitors(buyer_, "cpa", "100.00");
  visitors(other_, "cpc", "0.40");
  auto const id = placement();
  auto const click = click_in(went(id, "Browser 1"));
  auto const token = post("/v1/postback-tokens", buyer_.key).text("token");
  auto const silent = [&](std::string const& query, unsigned conversions) {
    auto const said = get("/pb?token=" + token + '&' + query, {});
    EXPECT_EQ(said.status, 200) << query;
    EXPECT_EQ(said.body, "") << query;
    EXPECT_EQ(get("/v1/conversions", buyer_.key).data().Size(), conversions) << query;
  };
  silent("transaction_id=1&click_id=clk_nothing", 0);
  silent("transaction_id=1&click_id=" + click + "&lead_id=" + click, 0);
  silent("transaction_id=1&lead_id=" + click, 0);
  silent("transaction_id=1&payout=3&click_id=" + click, 1);
  silent("transaction_id=2&click_id=" + click, 1);
  auto const conversions = get("/v1/conversions", buyer_.key);
  EXPECT_EQ(field(conversions.data()[0], "status"), "pending");
  auto const path = "/v1/conversions/" + field(conversions.data()[0], "id");
  EXPECT_EQ(post(path + "/approve", buyer_.key, "{}").text("status"), "approved");
  expect_true_books();
}

TEST_F(VisitsOnResult, APostbackWithoutAnEventMeansWhatTheSaleIsPaidFor) {
  deposit(buyer_, "500.00");
  visitors(buyer_, "cpl", "60.00");
  visitors(buyer_, "cpa", "50.00", R"(,"event":"policy")");
  visitors(buyer_, "cpc", "0.10");
  auto const token = post("/v1/postback-tokens", buyer_.key).text("token");
  std::map<std::string, std::string> told;
  for (auto const* model : {"cpl", "cpa", "cpc"}) {
    // Each of the three gets the visitor once.
    auto const to = went(placement(), "Browser 1");
    ASSERT_TRUE(to.starts_with("https://" + std::string{model})) << to;
    EXPECT_EQ(
        get("/pb?token=" + token + "&event=&transaction_id=" + model + "&click_id=" + click_in(to),
            {})
            .status,
        200);
  }
  auto const conversions = get("/v1/conversions", buyer_.key);
  for (auto const& one : conversions.data().GetArray()) {
    told[field(one, "transaction_id")] = field(one, "event");
  }
  EXPECT_EQ(told, (std::map<std::string, std::string>{
                      {"cpl", "lead"}, {"cpa", "policy"}, {"cpc", "conversion"}}));
}

TEST_F(VisitsOnResult, ANoteOfSomebodyElsesKeepsNoBuyerFromItsOwnTransactions) {
  visitors(buyer_, "cpa", "100.00");
  auto const paid = click_in(went(placement(), "Browser 1"));
  visitors(buyer_, "cpc", "2.00");
  auto const noted = click_in(went(placement(), "Browser 2"));
  auto const token = post("/v1/postback-tokens", buyer_.key).text("token");
  // Whoever saw the link may name what is not its own.
  ASSERT_EQ(get("/pb?token=" + token + "&transaction_id=order-1&click_id=" + noted, {}).status,
            200);
  ASSERT_EQ(get("/v1/conversions?status=noted", buyer_.key).data().Size(), 1U);
  auto const made = report(buyer_, told("click_id", paid, "order-1"), "k-1");
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(made.text("status"), "approved");
  EXPECT_EQ(
      report(buyer_, told("click_id", noted, "order-1", R"(,"event":"x")"), "k-2").text("code"),
      "transaction_known");
  expect_true_books();
}

TEST_F(VisitsOnResult, AConversionOfAPaidClickIsNotedAndCostsNothing) {
  visitors(buyer_, "cpc", "0.40");
  auto const id = placement();
  auto const click = click_in(went(id, "Browser 1"));
  auto const sale = newest_sale(buyer_);
  auto const body = told("click_id", click, "p-1", R"(,"event":"signup","value":)" + usd("9.00"));
  auto const made = report(buyer_, body, "k-1");
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(made.text("status"), "noted");
  EXPECT_EQ(made.text("sale_id"), sale);
  EXPECT_TRUE(made.find("price")->IsNull());
  EXPECT_EQ(amount(made.json, "value"), "9.00");
  EXPECT_EQ(report(buyer_, body, "k-1").body, made.body) << "the same key, the same answer";
  EXPECT_EQ(report(buyer_, body, "k-2").text("code"), "transaction_known");
  EXPECT_EQ(
      report(buyer_, told("sale_id", sale, "p-2", R"(,"event":"signup")"), "k-3").text("code"),
      "already_converted");
  EXPECT_EQ(report(buyer_, told("sale_id", sale, "p-3"), "k-4").text("status"), "noted");
  auto const token = post("/v1/postback-tokens", buyer_.key).text("token");
  EXPECT_EQ(
      get("/pb?token=" + token + "&transaction_id=p-4&event=call&click_id=" + click, {}).status,
      200);
  auto const noted = get("/v1/conversions?status=noted", buyer_.key);
  ASSERT_EQ(noted.data().Size(), 3U) << noted.body;
  EXPECT_EQ(field(noted.data()[0], "reported_by"), "postback");
  auto const path = "/v1/conversions/" + made.text("id");
  EXPECT_EQ(post(path + "/approve", buyer_.key, "{}").text("code"), "conversion_decided");
  EXPECT_EQ(get(path, generator_.key).status, 403);
  EXPECT_EQ(get("/v1/sales/" + sale, buyer_.key).text("status"), "delivered");
  EXPECT_EQ(amount(stats(id).json, "gross"), "0.40");
  expect_true_books();
}

TEST_F(VisitsOnResult, PostbacksAreListedToTheirGenerator) {
  visitors(buyer_, "cpc", "0.40");
  auto const id = placement();
  auto const click = click_in(went(id, "Browser 1"));
  auto const list = "/v1/placements/" + id + "/postbacks";
  EXPECT_EQ(get(list, generator_.key).data().Size(), 0U);
  for (auto const* name : {"a", "b"}) {
    auto const body = told("click_id", click, name, R"(,"event":")" + std::string{name} + '"');
    ASSERT_EQ(report(buyer_, body, name).status, 201);
  }
  // As the fan-out makes them and the sender leaves them.
  sql_do(
      "insert into leadex.postback select c.market_id, c.conversion_no, k.generator, "
      "k.placement_no, c.state, case c.event when 'a' then 'delivered' else 'waiting' end, 1, "
      "now(), 500, 'timeout', now(), now() from leadex.conversion c join leadex.click k on "
      "k.market_id = c.market_id and k.click_no = c.lead_no");
  auto const page = get(list + "?limit=1", generator_.key);
  ASSERT_EQ(page.data().Size(), 1U) << page.body;
  EXPECT_EQ(field(page.data()[0], "event"), "b");
  EXPECT_EQ(field(page.data()[0], "status"), "waiting");
  EXPECT_EQ(field(page.data()[0], "conversion_status"), "noted");
  EXPECT_EQ(field(page.data()[0], "click_id"), click);
  auto const next = get(list + "?limit=1&cursor=" + page.text("next_cursor"), generator_.key);
  ASSERT_EQ(next.data().Size(), 1U) << next.body;
  EXPECT_EQ(field(next.data()[0], "event"), "a");
  EXPECT_TRUE(json::find_member(next.data()[0], "next_at")->IsNull());
  EXPECT_EQ(page.body.find(buyer_.id), std::string::npos);
  EXPECT_EQ(get(list, admin_).data().Size(), 2U);
  EXPECT_EQ(get(list, open_account("generator").key).status, 404);
  EXPECT_EQ(get(list, buyer_.key).status, 403);
}

TEST_F(VisitsOnResult, TermsThatVisitsCannotMeetAreRefused) {
  auto const made =
      post("/v1/campaigns", buyer_.key, terms("cpl", "5.00", {}, R"(,"minimum_score":10)"));
  EXPECT_EQ(made.status, 422) << made.body;
  EXPECT_NE(made.body.find("/minimum_score"), std::string::npos) << made.body;
  auto const macro = post("/v1/campaigns", buyer_.key,
                          campaign_json("5.00", R"(,"landing_url":"https://x.example.com/{x}")"));
  EXPECT_NE(macro.body.find("macro_unknown"), std::string::npos) << macro.body;
  // One that visitors had goes on for leads alone.
  auto const id = visitors(buyer_, "cpl", "5.00");
  auto const changed = call({.method = "PATCH",
                             .target = "/v1/campaigns/" + id,
                             .key = buyer_.key,
                             .body = R"({"landing_url":null})",
                             .idempotency_key = {},
                             .headers = {{"if-match", "\"1\""}}});
  ASSERT_EQ(changed.status, 200) << changed.body;
  EXPECT_EQ(went(placement(), "Browser 1"), "https://news.example.com/");
}

TEST_F(VisitsOnResult, TheirEstimatesAreTheirOwn) {
  visitors(buyer_, "cpa", "30.00");
  auto const id = placement();
  for (int i = 0; i < 4; ++i) {
    auto const click = click_in(went(id, "Browser " + std::to_string(i)));
    if (i > 1) continue;
    auto const transaction = std::to_string(i);
    ASSERT_EQ(report(buyer_, told("click_id", click, transaction), transaction).status, 201);
  }
  sql_do(
      "update leadex.sale set sold_us = sold_us - 345600000000::bigint; update leadex.conversion "
      "set told_us = told_us - 345600000000::bigint");
  auto const path = "/v1/admin/markets/" + std::string{kMarket} + "/estimates";
  auto const before = get(path, admin_);
  ASSERT_EQ(post("/v1/admin/jobs/estimates/run", admin_).status, 200);
  auto const after = get(path, admin_);
  EXPECT_EQ(after.number("version"), 1) << after.body;
  EXPECT_GT(after.number("visit_conversion_rate_ppb"), before.number("visit_conversion_rate_ppb"));
  EXPECT_EQ(after.number("conversion_rate_ppb"), before.number("conversion_rate_ppb"));
  EXPECT_EQ(after.number("return_rate_ppb"), before.number("return_rate_ppb"))
      << "what cannot be returned says nothing of returns";
}

class NothingComesLater : public VisitsOnResult {
 protected:
  [[nodiscard]] std::string market_more() const override { return R"(,"cpa_window_s":0)"; }
};

TEST_F(NothingComesLater, SoNobodyPaysForIt) {
  auto const made = post("/v1/campaigns", buyer_.key, terms("cpl", "5.00"));
  EXPECT_EQ(made.status, 422) << made.body;
  EXPECT_NE(made.body.find("/landing_url"), std::string::npos) << made.body;
}

}  // namespace
}  // namespace leadex::api
