// What rests: listings with their masks, filters and order; bids and purchases from the desk.

#include <set>

#include "tests/server/api/trade_harness.hpp"

namespace leadex::api {
namespace {

class TradeListings : public TradeHarness {
 protected:
  static std::string ask(std::string const& amount) { return R"(,"ask":)" + usd(amount); }
  std::vector<std::string> asks(std::string const& query) {
    auto const page = get("/v1/listings?market=" + std::string{kMarket} + query, buyer_.key);
    EXPECT_EQ(page.status, 200) << page.body;
    std::vector<std::string> found;
    for (auto const& item : page.data().GetArray()) found.push_back(amount(item, "ask"));
    return found;
  }
  using Asks = std::vector<std::string>;
};

TEST_F(TradeListings, ShowWhatRestsWithoutThePerson) {
  lead("ann", "CA", 34, ask("7.00"));
  auto const page = get("/v1/listings?market=" + std::string{kMarket}, buyer_.key);
  ASSERT_EQ(page.data().Size(), 1U) << page.body;
  auto const& listing = page.data()[0];
  EXPECT_EQ(amount(listing, "ask"), "7.00");
  EXPECT_EQ(amount(listing, "ask_exclusive"), "28.00");
  EXPECT_EQ(field(*json::find_member(listing, "attributes"), "state"), "CA");
  EXPECT_EQ(field(listing, "captured_at").substr(13), ":00:00Z");
  EXPECT_EQ(page.body.find("example.org"), std::string::npos);
  EXPECT_EQ(page.body.find("Lee"), std::string::npos);
  auto const one = get("/v1/listings/" + field(listing, "id"), buyer_.key);
  EXPECT_EQ(one.status, 200) << one.body;
  EXPECT_EQ(one.body, json::to_text(listing));
  EXPECT_EQ(get("/v1/listings/lst_00000000000000000000000000", buyer_.key).status, 404);
  EXPECT_EQ(get("/v1/listings?market=none.us.usd", buyer_.key).status, 422);
}

TEST_F(TradeListings, FilterAndSort) {
  lead("a", "CA", 20, ask("9.00"));
  lead("b", "TX", 40, ask("5.00"));
  lead("c", "CA", 60, ask("7.00"));
  EXPECT_EQ(asks(""), (Asks{"5.00", "7.00", "9.00"}));
  EXPECT_EQ(asks("&state=CA"), (Asks{"7.00", "9.00"}));
  EXPECT_EQ(asks("&state=CA,TX&age[gte]=30&age[lte]=50"), (Asks{"5.00"}));
  EXPECT_EQ(asks("&sort=-captured_at").size(), 3U);
  EXPECT_EQ(asks("&sort=-score").size(), 3U);
  EXPECT_EQ(asks("&score[gte]=1"), Asks{});
  auto const path = "/v1/listings?market=" + std::string{kMarket};
  EXPECT_EQ(get(path + "&state=NV", buyer_.key).status, 422);
  EXPECT_EQ(get(path + "&shoe=3", buyer_.key).status, 422);
  EXPECT_EQ(get(path + "&age[gte]=x", buyer_.key).status, 422);
  EXPECT_EQ(get(path, generator_.key).status, 403);
}

TEST_F(TradeListings, AConsentForNamedCompaniesIsForNobodyElse) {
  deposit(buyer_, "100.00");
  campaign(buyer_, "9.00", "50.00");
  auto body = lead_json("ann");
  std::string const text = R"("text":"I agree to be called.")";
  body.replace(body.find(text), text.size(), text + R"(,"companies":["Acme Insurance"])");
  auto const posted = call({.method = "POST",
                            .target = "/v1/leads",
                            .key = generator_.key,
                            .body = body,
                            .headers = {{"idempotency-key", "named-1"}}});
  ASSERT_EQ(posted.status, 201) << posted.body;
  EXPECT_EQ(posted.text("outcome"), "listed") << "a campaign wants it, but is not named";
  EXPECT_EQ(sql("select count(*) from leadex.lead where named_for is not null"), "1");
  auto const bought = post("/v1/purchases", buyer_.key,
                           R"({"market":")" + std::string{kMarket} +
                               R"(","quantity":5,"limit_price":)" + usd("50.00") + '}');
  EXPECT_EQ(bought.number("filled"), 0) << bought.body;
  EXPECT_EQ(sql("select count(*) from leadex.sale"), "0");
  EXPECT_EQ(lead("bob").text("outcome"), "sold");
}

TEST_F(TradeListings, AreCountedByWhatTheyShow) {
  lead("a", "CA", 20, ask("9.00"));
  lead("b", "TX", 40, ask("5.00"));
  lead("c", "CA", 60, ask("7.00"));
  auto const path = "/v1/listings/facets?market=" + std::string{kMarket};
  auto const found = get(path + "&facets=state,age:30:50,vehicle&state=CA", buyer_.key);
  ASSERT_EQ(found.status, 200) << found.body;
  EXPECT_EQ(found.number("matches"), 2);
  // The state's own filter does not narrow its own counts; the others' are narrowed by it.
  EXPECT_NE(found.body.find(R"({"value":"TX","count":1})"), std::string::npos) << found.body;
  EXPECT_NE(found.body.find(R"({"value":"CA","count":2})"), std::string::npos);
  EXPECT_NE(found.body.find(R"({"gte":null,"lt":30,"count":1})"), std::string::npos);
  EXPECT_NE(found.body.find(R"({"gte":50,"lt":null,"count":1})"), std::string::npos);
  EXPECT_NE(found.body.find(R"({"value":"web_form","count":2})"), std::string::npos);
  for (auto const* facets :
       {"shoe", "age", "age:50:30", "age:x", "state:3", "source_reason", "state,state",
        "age:1:2:3:4:5:6:7:8:9:10:11:12:13:14:15:16:17:18:19:20:21:22:23:24:25"}) {
    auto const bad = get(path + "&facets=" + facets, buyer_.key);
    EXPECT_EQ(bad.status, 422) << facets;
    EXPECT_NE(bad.body.find("/query/facets"), std::string::npos) << bad.body;
  }
  EXPECT_EQ(get(path + "&facets=state&shoe=3", buyer_.key).status, 422);
  EXPECT_EQ(get(path + "&facets=state", generator_.key).status, 403);
}

TEST_F(TradeListings, PageThroughEachOrderWithoutRepeats) {
  for (int i = 0; i < 7; ++i) lead("p" + std::to_string(i), "CA", 20 + i, ask("5.00"));
  for (std::string const sort : {"ask", "-score", "-captured_at"}) {
    std::set<std::string> seen;
    std::string cursor;
    for (int pages = 0; pages < 4; ++pages) {
      auto const page =
          get("/v1/listings?market=" + std::string{kMarket} + "&limit=3&sort=" + sort +
                  (cursor.empty() ? "" : "&cursor=" + cursor),
              buyer_.key);
      for (auto const& item : page.data().GetArray()) {
        EXPECT_TRUE(seen.insert(field(item, "id")).second) << sort;
      }
      cursor = page.text("next_cursor");
      if (cursor.empty()) break;
    }
    EXPECT_EQ(seen.size(), 7U) << sort;
  }
}

TEST_F(TradeListings, TakeABidAtTheAskFromTheWallet) {
  deposit(buyer_, "30.00");
  lead("ann", "CA", 34, ask("7.00"));
  auto const page = get("/v1/listings?market=" + std::string{kMarket}, buyer_.key);
  auto const path = "/v1/listings/" + field(page.data()[0], "id") + "/bids";
  Ask bid{.method = "POST",
          .target = path,
          .key = buyer_.key,
          .body = R"({"price":)" + usd("9.00") + '}',
          .idempotency_key = "b1"};
  auto const bought = call(bid);
  ASSERT_EQ(bought.status, 201) << bought.body;
  EXPECT_EQ(bought.text("outcome"), "sold");
  EXPECT_EQ(wallet(buyer_), "23.00");
  auto const again = call(bid);
  EXPECT_EQ(again.body, bought.body);
  EXPECT_EQ(again.header("Idempotent-Replayed"), "true");
  EXPECT_EQ(wallet(buyer_), "23.00");
  EXPECT_EQ(get("/v1/sales/" + bought.text("sale_id"), buyer_.key).status, 200);
  EXPECT_EQ(post(path, buyer_.key, bid.body).text("code"), "already_bought");
  EXPECT_EQ(post(path, other_.key, bid.body).status, 402);
  EXPECT_EQ(post(path, other_.key, R"({"price":)" + usd("1.99") + '}').text("code"),
            "below_reserve");
  auto const shared = get("/v1/listings?market=" + std::string{kMarket}, buyer_.key);
  EXPECT_TRUE(json::find_member(shared.data()[0], "ask_exclusive")->IsNull());
  EXPECT_EQ(json::find_member(shared.data()[0], "shares_left")->GetInt(), 3);
  expect_true_books();
}

TEST_F(TradeListings, HoldAStandingBidUntilItIsWithdrawn) {
  deposit(buyer_, "30.00");
  lead("ann", "CA", 34, ask("7.00"));
  auto const page = get("/v1/listings?market=" + std::string{kMarket}, buyer_.key);
  auto const path = "/v1/listings/" + field(page.data()[0], "id") + "/bids";
  auto const standing = post(path, buyer_.key, R"({"price":)" + usd("4.00") + '}');
  ASSERT_EQ(standing.status, 201) << standing.body;
  EXPECT_EQ(standing.text("outcome"), "standing");
  auto const drop = path + '/' + standing.text("id");
  lead("bob", "CA", 35, ask("7.00"));
  auto const both = get("/v1/listings?market=" + std::string{kMarket}, buyer_.key);
  for (auto const& listing : both.data().GetArray()) {
    auto const id = field(listing, "id");
    if (path.find(id) != std::string::npos) continue;
    auto const elsewhere = "/v1/listings/" + id + "/bids/" + standing.text("id");
    EXPECT_EQ(call({.method = "DELETE", .target = elsewhere, .key = buyer_.key}).status, 404)
        << "the bid stands on another listing";
  }
  EXPECT_EQ(call({.method = "DELETE", .target = drop, .key = other_.key}).status, 404);
  EXPECT_EQ(call({.method = "DELETE", .target = drop, .key = buyer_.key}).status, 204);
  EXPECT_EQ(call({.method = "DELETE", .target = drop, .key = buyer_.key}).status, 404);
}

TEST_F(TradeListings, SweepTheCheapestFromTheDesk) {
  deposit(buyer_, "20.00");
  lead("a", "CA", 20, ask("9.00"));
  lead("b", "TX", 40, ask("5.00"));
  lead("c", "CA", 60, ask("7.00"));
  Ask sweep{.method = "POST",
            .target = "/v1/purchases",
            .key = buyer_.key,
            .body = R"({"market":")" + std::string{kMarket} + R"(","quantity":2,"limit_price":)" +
                    usd("8.00") + R"(,"filter":{"attribute":"state","in":["CA","TX"]}})",
            .idempotency_key = "p1"};
  auto const bought = call(sweep);
  ASSERT_EQ(bought.status, 201) << bought.body;
  EXPECT_EQ(bought.number("filled"), 2);
  EXPECT_EQ(amount(bought.json, "total"), "12.00");
  EXPECT_EQ(wallet(buyer_), "8.00");
  EXPECT_EQ(call(sweep).body, bought.body);
  EXPECT_EQ(wallet(buyer_), "8.00");
  EXPECT_EQ(sql("select count(*) from leadex.sale"), "2");

  sweep.idempotency_key = "p2";
  sweep.body = R"({"market":")" + std::string{kMarket} + R"(","quantity":5,"limit_price":)" +
               usd("9.00") + '}';
  EXPECT_EQ(call(sweep).text("code"), "insufficient_funds");
  deposit(buyer_, "1.00");
  auto const later = call(sweep);
  EXPECT_EQ(later.status, 201) << "the same key goes on once the money is there: " << later.body;
  EXPECT_EQ(later.number("filled"), 1);
  EXPECT_EQ(wallet(buyer_), "0.00");
  EXPECT_EQ(post("/v1/purchases", buyer_.key,
                 R"({"market":")" + std::string{kMarket} + R"(","quantity":5,"limit_price":)" +
                     usd("9.00") + R"(,"filter":{"attribute":"age","gte":60,"lte":20}})")
                .status,
            422);
  expect_true_books();
}

TEST_F(TradeListings, ExplainWhyAListingDoesNotFit) {
  lead("ann", "CA", 34, ask("7.00"));
  auto const id = campaign(buyer_, "3.00", "", R"(,"targeting":{"attribute":"state","in":["TX"]})");
  auto const page = get("/v1/listings?market=" + std::string{kMarket}, buyer_.key);
  auto const why =
      get("/v1/campaigns/" + id + "/explain?lead_id=" + field(page.data()[0], "id"), buyer_.key);
  ASSERT_EQ(why.status, 200) << why.body;
  EXPECT_FALSE(why.find("matches")->GetBool());
  EXPECT_EQ(get("/v1/campaigns/" + id + "/explain?lead_id=lead_x", buyer_.key).status, 404);
}

}  // namespace
}  // namespace leadex::api
