// Deals, reserves and grades of sources, and the market's routes as the API states them.

#include "tests/server/api/trade_harness.hpp"

namespace leadex::api {
namespace {

class TradeDeals : public TradeHarness {
 protected:
  std::string deal_json(Account const& with, std::string const& price,
                        std::string const& more = {}) {
    return R"({"market":")" + std::string{kMarket} + R"(","counterparty":")" + with.id +
           R"(","price":)" + usd(price) + more + '}';
  }
  static std::string gross(Reply const& posted, std::size_t share) {
    auto const& sales = posted.find("sales")->GetArray();
    if (share >= sales.Size()) return "none";
    return amount(sales[static_cast<rapidjson::SizeType>(share)], "gross");
  }
  Reply put(std::string const& path, std::string const& key, std::string body) {
    return call({.method = "PUT", .target = path, .key = key, .body = std::move(body)});
  }
  Reply change_market(std::string const& body) {
    return patch("/v1/admin/markets/" + std::string{kMarket}, admin_, body);
  }
};

TEST_F(TradeDeals, AreProposedByOneSideAcceptedByTheOtherAndSellFirst) {
  deposit(buyer_, "100.00");
  deposit(other_, "100.00");
  campaign(buyer_, "2.00", "50.00");
  campaign(other_, "9.00", "50.00");
  auto const made = call({.method = "POST",
                          .target = "/v1/deals",
                          .key = generator_.key,
                          .body = deal_json(buyer_, "3.00", R"(,"exclusive":true)"),
                          .headers = {{"idempotency-key", "deal-1"}}});
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(made.text("status"), "proposed");
  EXPECT_EQ(made.text("proposed_by"), generator_.id);
  auto const path = "/v1/deals/" + made.text("id");
  EXPECT_EQ(made.header("Location"), path);
  auto const again = call({.method = "POST",
                           .target = "/v1/deals",
                           .key = generator_.key,
                           .body = deal_json(buyer_, "3.00", R"(,"exclusive":true)"),
                           .headers = {{"idempotency-key", "deal-1"}}});
  EXPECT_EQ(again.body, made.body);
  EXPECT_EQ(again.header("Idempotent-Replayed"), "true");

  EXPECT_EQ(get(path, buyer_.key).body, made.body);
  EXPECT_EQ(get(path, other_.key).status, 404);
  EXPECT_EQ(get(path, admin_).status, 200);
  EXPECT_EQ(post(path + "/accept", generator_.key).text("code"), "not_counterparty");
  EXPECT_EQ(post(path + "/accept", other_.key).status, 404);
  EXPECT_EQ(gross(lead("ann"), 0), "9.00");  // a proposal is no deal
  ASSERT_EQ(post(path + "/accept", buyer_.key).text("status"), "active");
  EXPECT_EQ(post(path + "/accept", buyer_.key).text("code"), "deal_not_open");
  EXPECT_EQ(post("/v1/deals", buyer_.key, deal_json(generator_, "0.10")).text("code"),
            "below_reserve");

  auto const sold = lead("bob");
  EXPECT_EQ(gross(sold, 0), "3.00");
  EXPECT_EQ(gross(sold, 1), "none");  // agreed for the whole lead
  auto const lost = get("/v1/auctions/" + sold.text("auction_id"), admin_);
  EXPECT_NE(lost.body.find("earlier_route"), std::string::npos) << lost.body;

  EXPECT_EQ(get("/v1/deals?status=active", generator_.key).data().Size(), 1U);
  EXPECT_EQ(get("/v1/deals", other_.key).data().Size(), 0U);
  EXPECT_EQ(post(path + "/end", generator_.key).text("status"), "ended");
  EXPECT_EQ(post(path + "/end", buyer_.key).text("code"), "deal_not_open");
  EXPECT_EQ(gross(lead("cid"), 0), "9.00");
}

TEST_F(TradeDeals, NeedATraderOfTheOtherSide) {
  for (auto const& with : {generator_, Account{"acct_x", ""}}) {
    auto const refused = post("/v1/deals", generator_.key, deal_json(with, "3.00"));
    EXPECT_EQ(refused.status, 422);
    EXPECT_NE(refused.body.find("/counterparty"), std::string::npos) << refused.body;
  }
  EXPECT_EQ(post("/v1/deals", buyer_.key, deal_json(other_, "3.00")).status, 422);
  EXPECT_EQ(post("/v1/deals", admin_, deal_json(buyer_, "3.00")).status, 403);
}

TEST_F(TradeDeals, AGeneratorsReserveAndItsGradeHoldForItsNextLeads) {
  auto const reserve = "/v1/markets/" + std::string{kMarket} + "/reserve";
  auto const grade = "/v1/admin/accounts/" + generator_.id + "/grade";
  auto const graded = [](std::string const& word) {
    return R"({"market":")" + std::string{kMarket} + R"(","grade":)" + word + '}';
  };
  deposit(buyer_, "100.00");
  campaign(buyer_, "4.00", "50.00");
  EXPECT_EQ(get(reserve, generator_.key).find("reserve")->IsNull(), true);
  auto const own = put(reserve, generator_.key, R"({"reserve":)" + usd("5.00") + '}');
  ASSERT_EQ(own.status, 200) << own.body;
  EXPECT_EQ(amount(own.json, "reserve"), "5.00");
  EXPECT_EQ(lead("ann").text("outcome"), "listed");
  EXPECT_EQ(put(reserve, generator_.key, R"({"reserve":null})").status, 200);
  EXPECT_EQ(lead("bob").text("outcome"), "sold");

  ASSERT_EQ(change_market(R"({"auction":{"grade_reserve":{"B":)" + usd("6.00") + "}}}").status,
            200);
  EXPECT_EQ(put(grade, generator_.key, graded(R"("A")")).status, 403);
  EXPECT_EQ(put(grade, admin_, graded(R"("Z")")).status, 422);
  EXPECT_EQ(put(grade, admin_, graded(R"("B")")).text("grade"), "B");
  EXPECT_EQ(lead("cid").text("outcome"), "listed");
  EXPECT_EQ(put(grade, admin_, graded("null")).status, 200);
  EXPECT_EQ(get(reserve, generator_.key).find("grade")->IsNull(), true);
  EXPECT_EQ(lead("dan").text("outcome"), "sold");
  EXPECT_EQ(put("/v1/admin/accounts/" + buyer_.id + "/grade", admin_, graded("null")).status, 422);
  EXPECT_EQ(put("/v1/admin/accounts/acct_x/grade", admin_, graded("null")).status, 404);
}

TEST_F(TradeDeals, AMarketStatesItsRoutesAndSellsByThem) {
  deposit(buyer_, "100.00");
  deposit(other_, "100.00");
  auto const low = campaign(buyer_, "3.00", "50.00", R"(,"priority":1,"exclusivity":"shared")");
  auto const high = campaign(other_, "9.00", "50.00", R"(,"exclusivity":"shared")");
  ASSERT_EQ(change_market(R"({"auction":{"max_shares":1}})").status, 200);
  EXPECT_EQ(gross(lead("ann"), 0), "3.00");  // its priority is before the other's

  auto const changed =
      change_market(R"({"auction":{"max_shares":1,"price_rule":"second_price","routing":{"rule":)"
                    R"("price","fallback_campaign":")" +
                    low + R"("}},"listing":{"fall_s":86400}})");
  ASSERT_EQ(changed.status, 200) << changed.body;
  EXPECT_NE(changed.body.find(R"("fallback_campaign":")" + low), std::string::npos);
  EXPECT_NE(changed.body.find(R"("fall_s":86400)"), std::string::npos);
  // Whose campaign it is, is the staff's business.
  auto const path = "/v1/markets/" + std::string{kMarket};
  EXPECT_NE(get(path, admin_).body.find(low), std::string::npos);
  for (auto const& key : {buyer_.key, other_.key, generator_.key}) {
    EXPECT_EQ(get(path, key).body.find(low), std::string::npos);
    EXPECT_EQ(get("/v1/markets", key).body.find(low), std::string::npos);
  }
  auto const sold = lead("bob");
  EXPECT_EQ(gross(sold, 0), "2.00") << sold.body;  // alone in its tier: the reserve
  ASSERT_EQ(post("/v1/campaigns/" + high + "/pause", other_.key).status, 200);
  EXPECT_EQ(lead("cid").text("outcome"), "sold");  // the fallback takes it

  EXPECT_EQ(change_market(R"({"auction":{"routing":{"rule":"waterfall"}}})").status, 422)
      << "a second price needs an order by price";
  auto const unknown = change_market(R"({"auction":{"routing":{"fallback_campaign":"camp_x"}}})");
  EXPECT_NE(unknown.body.find("/auction/routing/fallback_campaign"), std::string::npos);
  EXPECT_EQ(
      change_market(R"({"auction":{"routing":{"fallback_campaign":null,"rule":"round_robin"},)"
                    R"("price_rule":"first_price"}})")
          .status,
      200);
}

TEST_F(TradeDeals, ATrialEndsAndWaitsForItsBuyer) {
  deposit(buyer_, "100.00");
  auto const id = campaign(buyer_, "5.00", "50.00",
                           R"(,"trial":{"leads":1,"price":)" + usd("2.00") +
                               R"(,"return_window_s":86400,"return_ceiling_bp":10000})");
  EXPECT_EQ(gross(lead("ann"), 0), "2.00");
  EXPECT_EQ(get("/v1/campaigns/" + id, buyer_.key).text("status"), "trial_ended");
  auto const longer = call({.method = "PATCH",
                            .target = "/v1/campaigns/" + id,
                            .key = buyer_.key,
                            .body = R"({"trial":{"leads":9,"price":)" + usd("2.00") + "}}",
                            .headers = {{"if-match", "\"1\""}}});
  EXPECT_EQ(longer.text("code"), "trial_fixed") << longer.body;
  EXPECT_EQ(get("/v1/campaigns?status=trial_ended", buyer_.key).data().Size(), 1U);
  EXPECT_EQ(lead("bob").text("outcome"), "listed");
  EXPECT_EQ(post("/v1/campaigns/" + id + "/resume", buyer_.key).text("status"), "active");
  EXPECT_EQ(gross(lead("cid"), 0), "5.00");
}

TEST_F(TradeDeals, HoursAreReadToTheMinuteAndFaultsAreNamed) {
  auto const made =
      post("/v1/campaigns", buyer_.key,
           campaign_json("5.00", R"(,"schedule":{"mon":["09:00-12:00","12:00-17:30"],)"
                                 R"("sun":["20:00-24:00"]},"pacing":"even")"));
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_NE(made.body.find(R"("sun":["20:00-24:00"])"), std::string::npos);
  for (auto const* hours :
       {R"({"mon":["9:00-17:00"]})", R"({"mon":["17:00-09:00"]})", R"({"mon":["09:00-24:01"]})",
        R"({"mon":["09:00-12:00","11:00-13:00"]})", R"({})", R"({"mon":["09:60-12:00"]})"}) {
    auto const bad = post("/v1/campaigns", buyer_.key,
                          campaign_json("5.00", std::string{R"(,"schedule":)"} + hours));
    EXPECT_EQ(bad.status, 422) << hours;
    EXPECT_NE(bad.body.find("/schedule"), std::string::npos) << bad.body;
  }
}

}  // namespace
}  // namespace leadex::api
