// Placements and visits through the API: where visitors go, who is charged, who never is.

#include <set>

#include "tests/server/api/trade_harness.hpp"

namespace leadex::api {
namespace {

class Clicks : public TradeHarness {
 protected:
  void SetUp() override {
    TradeHarness::SetUp();
    deposit(buyer_, "100.00");
    deposit(other_, "100.00");
  }
  static std::string placement_json(std::string const& more = {}) {
    return R"({"market":")" + std::string{kMarket} +
           R"(","name":"Front page","attributes":{"state":"CA"},)" +
           R"("fallback_url":"https://news.example.com/more")" + more + '}';
  }
  /// Its id, with the path that visitors follow.
  std::string placement(std::string const& more = {}) {
    auto const made = post("/v1/placements", generator_.key, placement_json(more));
    EXPECT_EQ(made.status, 201) << made.body;
    return made.text("id");
  }
  static std::string click_campaign_json(std::string const& bid, std::string const& more = {}) {
    return R"({"name":"Clicks )" + bid + R"(","market":")" + kMarket +
           R"(","pricing":{"model":"cpc","bid":)" + usd(bid) +
           R"(},"landing_url":"https://shop.example.com/{state}?c={click_id}&s={sub1}&a={age}")" +
           more + '}';
  }
  std::string click_campaign(Account const& buyer, std::string const& bid,
                             std::string const& more = {}, std::string const& budget = "50.00") {
    auto const made = post("/v1/campaigns", buyer.key, click_campaign_json(bid, more));
    EXPECT_EQ(made.status, 201) << made.body;
    auto const id = made.text("id");
    EXPECT_EQ(post("/v1/campaigns/" + id + "/fund", buyer.key, R"({"amount":)" + usd(budget) + '}')
                  .status,
              200);
    return id;
  }
  Reply visit(std::string const& id, std::string const& agent, std::string const& query = {},
              http::Headers headers = {}, std::string const& method = "GET") {
    if (!agent.empty()) headers.add("user-agent", agent);
    auto done = call({.method = method,
                      .target = "/c/" + id + query,
                      .key = {},
                      .body = {},
                      .idempotency_key = {},
                      .headers = std::move(headers)});
    EXPECT_EQ(done.status, 302) << done.body;
    EXPECT_EQ(done.header("Cache-Control"), "no-store");
    EXPECT_EQ(done.header("Referrer-Policy"), "no-referrer");
    return done;
  }
  std::string went(std::string const& id, std::string const& agent, std::string const& query = {}) {
    return visit(id, agent, query).header("Location");
  }
  Reply stats(std::string const& id) {
    auto done = get("/v1/placements/" + id + "/stats", generator_.key);
    EXPECT_EQ(done.status, 200) << done.body;
    return done;
  }
  static std::int64_t uncharged(Reply const& stats, std::string_view reason) {
    return json::find_member(*stats.find("uncharged"), reason)->GetInt64();
  }
  std::int64_t sales() { return std::stoll(sql("select count(*)::text from leadex.sale")); }

  static constexpr char const* kFallback = "https://news.example.com/more";
};

TEST_F(Clicks, AVisitorGoesToTheBestBidAndItsBuyerIsChargedOnce) {
  (void)click_campaign(buyer_, "0.40");
  auto const best = click_campaign(other_, "0.50");
  auto const id = placement();
  auto const to = went(id, "Browser 1", "?age=30&sub1=front%20%26%20top&junk=1&age=2&state=ZZ");
  ASSERT_TRUE(to.starts_with("https://shop.example.com/CA?c=clk_")) << to;
  EXPECT_TRUE(to.ends_with("&s=front%20%26%20top&a=30")) << to;
  auto const sale = get("/v1/sales", other_.key);
  ASSERT_EQ(sale.data().Size(), 1U);
  auto const& sold = sale.data()[0];
  EXPECT_EQ(field(sold, "model"), "cpc");
  EXPECT_EQ(field(sold, "campaign_id"), best);
  EXPECT_TRUE(json::find_member(sold, "lead_id")->IsNull());
  EXPECT_TRUE(json::find_member(sold, "return_until")->IsNull());
  EXPECT_NE(to.find(field(sold, "click_id")), std::string::npos);
  EXPECT_EQ(amount(sold, "gross"), "0.50");
  EXPECT_EQ(amount(sold, "net"), "0.425");
  EXPECT_EQ(field(sold, "status"), "delivered");
  auto const own = get("/v1/sales", generator_.key);
  ASSERT_EQ(own.data().Size(), 1U);
  EXPECT_EQ(amount(own.data()[0], "net"), "0.425");

  EXPECT_EQ(went(id, "Browser 1"),
            "https://shop.example.com/CA?c=" + field(sold, "click_id") + "&s=&a=")
      << "whatever comes of a repeated visit is the first one's";
  EXPECT_EQ(sales(), 1);
  auto const counted = stats(id);
  EXPECT_EQ(counted.number("clicks"), 2);
  EXPECT_EQ(counted.number("charged"), 1);
  EXPECT_EQ(uncharged(counted, "repeated"), 1);
  EXPECT_EQ(amount(counted.json, "net"), "0.425");
  expect_true_books();
}

TEST_F(Clicks, FilteredVisitsGoTheSameWayAndCostNothing) {
  (void)click_campaign(buyer_, "0.40");
  auto const id = placement();
  std::string const page = "https://shop.example.com/CA?c=&s=&a=";
  EXPECT_EQ(visit(id, "Browser", {}, {}, "HEAD").header("Location"), page);
  for (auto const* name : {"sec-purpose", "purpose", "x-purpose", "x-moz"}) {
    EXPECT_EQ(visit(id, "Browser", {}, {{name, "Prefetch;prerender"}}).header("Location"), page);
  }
  EXPECT_EQ(went(id, "Some-BOT/2.1 (+https://bot.example.com)"), page);
  EXPECT_EQ(went(id, ""), page);
  EXPECT_EQ(sales(), 0);
  auto const counted = stats(id);
  EXPECT_EQ(counted.number("charged"), 0);
  EXPECT_EQ(uncharged(counted, "not_get"), 1);
  EXPECT_EQ(uncharged(counted, "prefetch"), 4);
  EXPECT_EQ(uncharged(counted, "bot"), 2);
  EXPECT_EQ(counted.find("days")->Size(), 1U);
}

TEST_F(Clicks, WhateverElseALinkCarriesIsNoFault) {
  (void)click_campaign(buyer_, "0.40");
  auto const id = placement();
  int browsers = 0;
  for (auto const* query :
       {"?utm_campaign=50%", "?sub1=caf%E9&x=1", "?a=%00", "?state=%ff", "?&&="}) {
    auto const sent = went(id, "Browser " + std::to_string(++browsers), query);
    EXPECT_TRUE(sent.starts_with("https://shop.example.com/")) << query << ' ' << sent;
  }
  EXPECT_EQ(stats(id).number("charged"), browsers);
}

TEST_F(Clicks, TooManyFromOneAddressAreNotCharged) {
  (void)click_campaign(buyer_, "0.10");
  auto const id = placement();
  for (int i = 0; i < 45; ++i) (void)visit(id, "Browser " + std::to_string(i));
  // The minute may have turned in between: then up to 40 were within the limit.
  auto const counted = stats(id);
  EXPECT_EQ(counted.number("clicks"), 45);
  EXPECT_EQ(counted.number("charged") + uncharged(counted, "velocity"), 45);
  EXPECT_GE(counted.number("charged"), 20);
  EXPECT_LE(counted.number("charged"), 40);
  EXPECT_EQ(sales(), counted.number("charged"));
}

TEST_F(Clicks, EqualClicksAtOnceAreChargedOnce) {
  (void)click_campaign(buyer_, "0.10");
  auto const id = placement();
  std::vector<std::future<Reply>> all;
  for (int i = 0; i < 10; ++i) {
    all.push_back(later({.method = "GET",
                         .target = "/c/" + id,
                         .key = {},
                         .body = {},
                         .idempotency_key = {},
                         .headers = {{"user-agent", "Browser"}}}));
  }
  std::set<std::string> to;
  for (auto& one : all) {
    auto const done = one.get();
    EXPECT_EQ(done.status, 302);
    to.insert(done.header("Location"));
  }
  EXPECT_EQ(sales(), 1);
  ASSERT_EQ(to.size(), 1U) << "all are the same visit";
  EXPECT_NE(to.begin()->find("?c=clk_"), std::string::npos) << *to.begin();
  EXPECT_EQ(uncharged(stats(id), "repeated"), 9);
}

TEST_F(Clicks, WithoutABuyerAndWhilePausedVisitorsGoToTheFallback) {
  auto const id = placement();
  EXPECT_EQ(went(id, "Browser 1"), kFallback);
  (void)click_campaign(buyer_, "0.40", R"(,"targeting":{"attribute":"state","in":["TX"]})");
  EXPECT_EQ(went(id, "Browser 2"), kFallback);
  EXPECT_TRUE(went(id, "Browser 3", "?state=TX").starts_with("https://shop.example.com/TX?c=clk_"));
  auto const paused = patch("/v1/placements/" + id, generator_.key, R"({"status":"paused"})");
  EXPECT_EQ(paused.text("status"), "paused");
  EXPECT_EQ(went(id, "Browser 4", "?state=TX"), kFallback);
  EXPECT_EQ(patch("/v1/placements/" + id, generator_.key, R"({"status":"active"})").status, 200);
  EXPECT_TRUE(went(id, "Browser 5", "?state=TX").starts_with("https://shop.example.com/"));
  auto const counted = stats(id);
  EXPECT_EQ(uncharged(counted, "unsold"), 2);
  EXPECT_EQ(uncharged(counted, "paused"), 1);
  EXPECT_EQ(counted.number("charged"), 2);
}

TEST_F(Clicks, OfASuspendedGeneratorAndAHaltedMarketNobodyPays) {
  (void)click_campaign(buyer_, "0.40");
  auto const id = placement();
  auto const halt = "/v1/admin/markets/" + std::string{kMarket} + "/halt";
  ASSERT_EQ(post(halt, admin_).status, 200);
  EXPECT_EQ(went(id, "Browser 1"), kFallback);
  EXPECT_EQ(uncharged(stats(id), "busy"), 1);
  ASSERT_EQ(post("/v1/admin/markets/" + std::string{kMarket} + "/resume", admin_).status, 200);
  clicks_.cache.forget(*ids_.open_as<PlacementId>(id));
  auto const gone = post("/v1/admin/accounts/" + generator_.id + "/suspend", admin_);
  ASSERT_EQ(gone.status, 200) << gone.body;
  EXPECT_EQ(went(id, "Browser 2"), kFallback);
  EXPECT_EQ(sales(), 0);
}

TEST_F(Clicks, ForgedAndUnknownIdsAreNotFound) {
  auto const id = placement();
  auto forged = id;
  forged.back() = forged.back() == '0' ? '1' : '0';
  for (auto const& wrong : {forged, std::string{"plc_"}, std::string{"nothing"}, generator_.id,
                            ids_.seal(PlacementId{99, 1}), ids_.seal(PlacementId{1, 999})}) {
    auto const done = call({.method = "GET", .target = "/c/" + wrong});
    EXPECT_EQ(done.status, 404) << wrong;
  }
}

TEST_F(Clicks, AClickHasNoContactAndIsNotReturned) {
  (void)click_campaign(buyer_, "0.40");
  (void)visit(placement(), "Browser");
  auto const sale = "/v1/sales/" + newest_sale(buyer_);
  EXPECT_EQ(get(sale + "/contact", buyer_.key).status, 404);
  auto const returned = post(sale + "/returns", buyer_.key, R"({"reason":"bogus"})");
  EXPECT_EQ(returned.status, 422);
  EXPECT_EQ(returned.text("code"), "not_of_this_model");
  auto const auction = get("/v1/auctions/" + get(sale, buyer_.key).text("auction_id"), admin_);
  EXPECT_EQ(auction.status, 200) << auction.body;
  EXPECT_TRUE(auction.text("click_id").starts_with("clk_"));
  auto const own = get("/v1/auctions/" + get(sale, buyer_.key).text("auction_id"), generator_.key);
  EXPECT_EQ(own.status, 200) << own.body;
}

TEST_F(Clicks, CampaignsThatPayPerClickSayWhereVisitorsGoAndNothingThatLeadsNeed) {
  auto const refused = [&](std::string const& body, std::string const& pointer,
                           std::string const& code) {
    auto const done = post("/v1/campaigns", buyer_.key, body);
    EXPECT_EQ(done.status, 422) << done.body;
    EXPECT_NE(done.body.find(R"("pointer":")" + pointer + '"'), std::string::npos) << done.body;
    EXPECT_NE(done.body.find('"' + code + '"'), std::string::npos) << done.body;
  };
  auto const with = [&](std::string const& url) {
    return R"({"name":"C","market":")" + std::string{kMarket} +
           R"(","pricing":{"model":"cpc","bid":)" + usd("0.10") + R"(},"landing_url":")" + url +
           R"("})";
  };
  refused(with("http://shop.example.com/"), "/landing_url", "address_refused");
  refused(with("https://me@shop.example.com/"), "/landing_url", "address_refused");
  refused(with("https://10.0.0.1/"), "/landing_url", "address_refused");
  refused(with("https://{state}.example.com/"), "/landing_url", "macro_misplaced");
  refused(with("https://shop.example.com/{email}"), "/landing_url", "macro_unknown");
  refused(R"({"name":"C","market":")" + std::string{kMarket} +
              R"(","pricing":{"model":"cpc","bid":)" + usd("0.10") + "}}",
          "/landing_url", "missing_field");
  refused(click_campaign_json("0.10", R"(,"buys_listings":true)"), "/buys_listings",
          "not_for_model");
  refused(click_campaign_json("0.10", R"(,"minimum_score":10)"), "/minimum_score", "not_for_model");

  auto const made = post("/v1/campaigns", buyer_.key, click_campaign_json("0.10"));
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_TRUE(made.text("landing_url").starts_with("https://shop.example.com/"));
  auto const id = made.text("id");
  auto const changed = call(
      {.method = "PATCH",
       .target = "/v1/campaigns/" + id,
       .key = buyer_.key,
       .body = R"({"pricing":{"model":"cpl","bid":)" + usd("3.00") + R"(},"landing_url":null})",
       .idempotency_key = {},
       .headers = {{"if-match", "\"1\""}}});
  EXPECT_EQ(changed.status, 422) << changed.body;
  EXPECT_EQ(changed.text("code"), "not_of_this_model");
  ASSERT_EQ(lead("ann").status, 201);
  EXPECT_EQ(get("/v1/sales", buyer_.key).data().Size(), 0U) << "a lead for a campaign of clicks";
}

TEST_F(Clicks, PlacementsAreListedToTheirGeneratorAlone) {
  auto const body = placement_json(
      R"(,"postback_url":"https://track.example.com/p?c={click_id}&e={event}&v={payout}")");
  Ask const ask{.method = "POST",
                .target = "/v1/placements",
                .key = generator_.key,
                .body = body,
                .idempotency_key = "once",
                .headers = {{"host", "go.example.com"}}};
  auto const made = call(ask);
  ASSERT_EQ(made.status, 201) << made.body;
  auto const id = made.text("id");
  EXPECT_EQ(made.text("url"), "https://go.example.com/c/" + id);
  EXPECT_EQ(call(ask).body, made.body) << "the same key makes no second one";
  auto const other = open_account("generator");
  EXPECT_EQ(get("/v1/placements", generator_.key).data().Size(), 1U);
  EXPECT_EQ(get("/v1/placements", other.key).data().Size(), 0U);
  EXPECT_EQ(get("/v1/placements?market=" + std::string{kMarket}, admin_).data().Size(), 1U);
  EXPECT_EQ(get("/v1/placements/" + id, generator_.key).status, 200);
  for (auto const* more : {"", "/stats"}) {
    EXPECT_EQ(get("/v1/placements/" + id + more, other.key).status, 404);
  }
  EXPECT_EQ(patch("/v1/placements/" + id, other.key, R"({"status":"paused"})").status, 404);
  EXPECT_EQ(get("/v1/placements", buyer_.key).status, 403);
  auto const refused = [&](std::string const& more, std::string const& code) {
    auto const done = post("/v1/placements", generator_.key, placement_json(more));
    EXPECT_EQ(done.status, 422) << done.body;
    EXPECT_NE(done.body.find(code), std::string::npos) << done.body;
  };
  refused(R"(,"postback_url":"https://track.example.com/{email}")", "macro_unknown");
  refused(R"(,"postback_url":"ftp://track.example.com/")", "address_refused");
  refused(R"(,"postback_url":"http://127.0.0.1:3000/")", "address_refused");
  auto const wrong = post("/v1/placements", generator_.key,
                          R"({"market":")" + std::string{kMarket} +
                              R"(","name":"N","attributes":{"state":"ZZ","x":1},)" +
                              R"("fallback_url":"https://news.example.com/{click_id}"})");
  EXPECT_EQ(wrong.status, 422);
  for (auto const* code : {"attribute_invalid", "unknown_field", "macro_unknown"}) {
    EXPECT_NE(wrong.body.find(code), std::string::npos) << wrong.body;
  }
}

}  // namespace
}  // namespace leadex::api
