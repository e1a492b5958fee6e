// Campaigns per acquisition, conversions and estimates as the API states them.

#include "tests/server/api/trade_harness.hpp"

namespace leadex::api {
namespace {

class Conversions : public TradeHarness {
 protected:
  std::string cpa_campaign(Account const& buyer, std::string const& bid, std::string const& budget,
                           std::string const& more = {}) {
    auto const made = post("/v1/campaigns", buyer.key,
                           R"({"name":"Clients","market":")" + std::string{kMarket} +
                               R"(","pricing":{"model":"cpa","bid":)" + usd(bid) + more + "}}");
    EXPECT_EQ(made.status, 201) << made.body;
    auto const id = made.text("id");
    EXPECT_EQ(post("/v1/campaigns/" + id + "/fund", buyer.key, R"({"amount":)" + usd(budget) + '}')
                  .status,
              200);
    return id;
  }
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
  /// What a postback would tell: it waits for its buyer's word.
  std::string pending(std::string const& sale_id, std::string const& transaction) {
    auto const sale = *context_.ids.open_sale(sale_id);
    market::ReportConversion report;
    report.lead_no = sale.lead_no;
    report.slot = sale.slot;
    report.buyer_no = context_.ids.open_as<AccountId>(buyer_.id)->no;
    report.event = "conversion";
    report.transaction_id = transaction;
    report.at_us =
        to_unix_micros(std::chrono::time_point_cast<Micros>(std::chrono::system_clock::now()));
    market::Submission submission;
    submission.command = report;
    auto const done = await(markets_->find(sale.market)->submit(std::move(submission)));
    EXPECT_TRUE(done.has_value());
    EXPECT_EQ(done->outcome.refusal, market::Refusal::none);
    return context_.ids.seal(ConversionId{sale.market, done->outcome.number});
  }
};

TEST_F(Conversions, AreReportedByTheirBuyerOnceAndPayTheSale) {
  deposit(buyer_, "2000.00");
  cpa_campaign(buyer_, "500.00", "1500.00", R"(,"event":"policy","value_bp":1000)");
  auto const first = lead("ann").text("lead_id");
  lead("bob");
  auto const sale = get("/v1/sales/" + newest_sale(buyer_), buyer_.key);
  EXPECT_EQ(sale.text("model"), "cpa");
  auto const body = told("lead_id", first, "p-1", R"(,"event":"policy","value":)" + usd("1200.00"));
  auto const made = report(buyer_, body, "c-1");
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(made.text("status"), "approved");
  EXPECT_NE(made.body.find("120.00"), std::string::npos) << made.body;
  auto const path = "/v1/conversions/" + made.text("id");
  EXPECT_EQ(made.header("Location"), path);
  auto const again = report(buyer_, body, "c-1");
  EXPECT_EQ(again.body, made.body);
  EXPECT_EQ(again.header("Idempotent-Replayed"), "true");
  EXPECT_EQ(get(path, buyer_.key).body, made.body);
  EXPECT_EQ(get(path, other_.key).status, 404);
  EXPECT_EQ(get(path, admin_).status, 200);
  EXPECT_EQ(get("/v1/conversions?status=approved", buyer_.key).data().Size(), 1U);
  EXPECT_EQ(get("/v1/conversions", other_.key).data().Size(), 0U);
  EXPECT_EQ(get("/v1/sales/" + made.text("sale_id"), buyer_.key).text("status"), "settled");

  EXPECT_EQ(report(buyer_, body, "c-2").text("code"), "transaction_known");
  auto const on = [&](std::string const& which, std::string const& more) {
    static int n = 10;
    auto const number = std::to_string(++n);
    return report(buyer_, told("sale_id", which, "p-" + number, more), "c-" + number).text("code");
  };
  EXPECT_EQ(on(made.text("sale_id"), R"(,"event":"policy")"), "already_converted");
  auto const second = sale.text("id");
  EXPECT_EQ(on(second, {}), "event_unknown");
  EXPECT_EQ(
      report(buyer_,
             R"({"sale_id":")" + second + R"(","event":"policy","transaction_id":"x","at":")" +
                 ago(std::chrono::hours{3}) + R"("})",
             "c-3")
          .text("code"),
      "conversion_window_closed");
  EXPECT_EQ(report(other_, told("sale_id", second, "p-9"), "c-4").status, 422);
  EXPECT_EQ(
      post("/v1/sales/" + made.text("sale_id") + "/returns", buyer_.key, R"({"reason":"bogus"})")
          .text("code"),
      "return_window_closed");
  ASSERT_EQ(post("/v1/sales/" + second + "/returns", buyer_.key, R"({"reason":"bogus"})").status,
            201);
  EXPECT_EQ(on(second, R"(,"event":"policy")"), "return_open");
  expect_true_books();
}

TEST_F(Conversions, WaitForAWordWhenSomebodyElseToldOfThem) {
  deposit(buyer_, "3000.00");
  cpa_campaign(buyer_, "500.00", "2500.00");
  std::vector<std::string> waiting;
  for (auto const* person : {"ann", "bob", "cid"}) {
    lead(person);
    waiting.push_back(pending(newest_sale(buyer_), person));
  }
  auto const path = [&](std::size_t i) { return "/v1/conversions/" + waiting[i]; };
  EXPECT_EQ(get(path(0), buyer_.key).text("status"), "pending");
  EXPECT_EQ(post(path(0) + "/approve", other_.key, "{}").status, 404);
  auto const approved = post(path(0) + "/approve", buyer_.key, R"({"value":)" + usd("80.00") + '}');
  ASSERT_EQ(approved.status, 200) << approved.body;
  EXPECT_EQ(approved.text("status"), "approved");
  EXPECT_EQ(post(path(0) + "/approve", buyer_.key, "{}").text("code"), "conversion_decided");
  EXPECT_EQ(post(path(1) + "/reject", buyer_.key).text("status"), "rejected");
  EXPECT_EQ(post("/v1/admin" + path(2).substr(3) + "/decide", admin_, R"({"decision":"approve"})")
                .text("status"),
            "approved");
  expect_true_books();
}

TEST_F(Conversions, PostbacksTellNobodyAnything) {
  deposit(buyer_, "3000.00");
  cpa_campaign(buyer_, "500.00", "2500.00");
  auto const first = lead("ann").text("lead_id");
  auto const made = post("/v1/postback-tokens", buyer_.key);
  ASSERT_EQ(made.status, 201) << made.body;
  auto const token = made.text("token");
  EXPECT_EQ(get("/v1/postback-tokens", buyer_.key).data().Size(), 1U);
  EXPECT_EQ(get("/v1/postback-tokens", buyer_.key).body.find(token), std::string::npos);
  EXPECT_EQ(sql("select count(*)::text from leadex.postback_token where digest in (sha256('" +
                token + "'::bytea), sha256('" + token.substr(4) + "'::bytea))"),
            "0")
      << "the digest is keyed";
  auto const count = [&] {
    return std::to_string(get("/v1/conversions", buyer_.key).data().Size());
  };
  auto const silent = [&](std::string const& query, std::string const& conversions) {
    auto const said = get("/pb?" + query, {});
    EXPECT_EQ(said.status, 200) << query;
    EXPECT_EQ(said.body, "") << query;
    EXPECT_EQ(count(), conversions) << query;
  };
  silent({}, "0");
  silent("token=lxp_other&transaction_id=1&lead_id=" + first, "0");
  silent("token=" + token + "&transaction_id=1&lead_id=lead_nothing", "0");
  silent("token=" + token + "&transaction_id=1&event=other&lead_id=" + first, "0");
  silent("token=" + token + "&token=x&odd=1&lead_id=" + first, "0");
  silent("token=" + token + "&transaction_id=1&payout=9&lead_id=" + first, "1");
  silent("token=" + token + "&transaction_id=1&payout=9&lead_id=" + first, "1");
  auto const told = get("/v1/conversions", buyer_.key);
  EXPECT_EQ(field(told.data()[0], "status"), "pending");
  EXPECT_EQ(field(told.data()[0], "reported_by"), "postback");

  auto const path = "/v1/postback-tokens/" + made.text("id");
  auto const remove = [&](Account const& who) {
    return call({.method = "DELETE", .target = path, .key = who.key}).status;
  };
  EXPECT_EQ(remove(other_), 404);
  EXPECT_EQ(remove(buyer_), 204);
  auto const second = lead("bob").text("lead_id");
  silent("token=" + token + "&transaction_id=2&lead_id=" + second, "1");
}

TEST_F(Conversions, NeedASaleThatIsPaidForThen) {
  deposit(buyer_, "100.00");
  campaign(buyer_, "5.00", "50.00");
  lead("ann");
  auto const sale = newest_sale(buyer_);
  EXPECT_EQ(report(buyer_, told("sale_id", sale, "x"), "k-1").text("code"), "not_per_acquisition");
  EXPECT_EQ(report(buyer_, told("sale_id", "sale_nothing", "x"), "k-2").status, 422);
  EXPECT_EQ(report(buyer_, R"({"transaction_id":"x","at":")" + ago(std::chrono::seconds{1}) + "\"}",
                   "k-3")
                .status,
            422);
  EXPECT_EQ(post("/v1/conversions", generator_.key, told("sale_id", sale, "x")).status, 403);
}

TEST_F(Conversions, TermsThatOnlyLeadsHaveAreRefused) {
  auto const refused = [&](std::string const& pricing, std::string const& more,
                           std::string const& pointer) {
    auto const made =
        post("/v1/campaigns", buyer_.key,
             R"({"name":"x","market":")" + std::string{kMarket} + R"(","pricing":{"model":"cpa",)" +
                 R"("bid":)" + usd("9.00") + pricing + '}' + more + '}');
    EXPECT_EQ(made.status, 422) << made.body;
    EXPECT_NE(made.body.find(pointer), std::string::npos) << made.body;
  };
  refused({}, R"(,"buys_listings":true)", "/buys_listings");
  refused({}, R"(,"trial":{"leads":3,"price":)" + usd("1.00") + '}', "/trial");
  refused(R"(,"value_bp":10001)", {}, "value_bp");
}

TEST_F(Conversions, EstimatesAreMadeByTheirJobAndShownToStaff) {
  auto const path = "/v1/admin/markets/" + std::string{kMarket} + "/estimates";
  auto const before = get(path, admin_);
  ASSERT_EQ(before.status, 200) << before.body;
  EXPECT_EQ(before.find("version")->GetInt64(), 0);
  EXPECT_EQ(get(path, buyer_.key).status, 403);

  deposit(buyer_, "3000.00");
  cpa_campaign(buyer_, "500.00", "2500.00");
  for (auto const* person : {"ann", "bob", "cid", "dan"}) {
    auto const id = lead(person).text("lead_id");
    if (person[0] == 'a') {
      ASSERT_EQ(report(buyer_, told("lead_id", id, "a"), "a").status, 201);
    }
  }
  // As if all of it were four days ago.
  sql_do(
      "update leadex.sale set sold_us = sold_us - 345600000000::bigint; update leadex.conversion "
      "set told_us = told_us - 345600000000::bigint");
  ASSERT_EQ(post("/v1/admin/jobs/estimates/run", admin_).status, 200);
  auto const after = get(path, admin_);
  EXPECT_EQ(after.find("version")->GetInt64(), 1) << after.body;
  EXPECT_EQ(after.find("campaigns")->GetInt64(), 1) << after.body;
  auto const& all = *json::find_member(*after.find("calibration"), "all");
  EXPECT_EQ(json::find_member(all, "leads")->GetInt64(), 4) << after.body;
  EXPECT_EQ(json::find_member(all, "observed")->GetInt64(), 1) << after.body;
  EXPECT_GT(after.find("conversion_rate_ppb")->GetInt64(),
            before.find("conversion_rate_ppb")->GetInt64());
}

}  // namespace
}  // namespace leadex::api
