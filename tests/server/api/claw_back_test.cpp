// Claw-backs of settled sales, as staff orders them and both parties see them.

#include <set>
#include <thread>

#include "tests/server/api/trade_harness.hpp"

namespace leadex::api {
namespace {

class TradeClawBacks : public TradeHarness {
 protected:
  [[nodiscard]] std::string market_more() const override {
    return R"(,"return_window_s":0,"holdback_bp":1000,"holdback_s":3600)";
  }

  /// One sale of that price, settled; the generator's part is on the platform.
  void settle_one(std::string const& bid) {
    deposit(buyer_, "9000.00");
    deposit(buyer_, "9000.00");
    campaign_ = campaign(buyer_, bid, "15000.00");
    lead("ann");
    sale_ = newest_sale(buyer_);
    wait_for("select max(state) from leadex.sale", "2");
    await(app::remit_earnings({numbers_, ledger_, *markets_, intents_}));
  }
  void wait_for(std::string const& query, std::string const& wanted) {
    for (int i = 0; i < 200 && sql(query) != wanted; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds{50});
    }
    ASSERT_EQ(sql(query), wanted);
  }
  Reply claw_back(std::string const& amount = {}, std::string const& key = {}) {
    auto const money = amount.empty() ? "" : R"("amount":)" + usd(amount) + ',';
    return post("/v1/admin/sales/" + sale_ + "/claw-back", key.empty() ? admin_ : key,
                '{' + money + R"("reason":"Sold by mistake"})");
  }
  std::string payable() {
    auto const earnings = get("/v1/earnings", generator_.key);
    return amount(earnings.data()[0], "payable");
  }
  std::string budget() {
    return amount(get("/v1/campaigns/" + campaign_, buyer_.key).json, "budget");
  }
  std::string campaign_;
  std::string sale_;
};

TEST_F(TradeClawBacks, GoFromTheHoldbackThenFromWhatWasSentToThePlatform) {
  settle_one("10.00");
  ASSERT_EQ(payable(), "7.65");
  auto const part = claw_back("2.00");
  ASSERT_EQ(part.status, 201) << part.body;
  EXPECT_EQ(amount(part.json, "amount"), "2.00");
  EXPECT_EQ(part.text("sale_id"), sale_);
  EXPECT_EQ(part.text("reason"), "Sold by mistake");
  auto const after = get("/v1/sales/" + sale_, buyer_.key);
  EXPECT_EQ(amount(after.json, "credited"), "2.00");
  EXPECT_EQ(after.text("status"), "settled");
  EXPECT_EQ(budget(), "14992.00");
  // 1.70 of the net: 0.85 were held back, 0.85 come from the platform.
  EXPECT_EQ(payable(), "6.80");

  auto const rest = claw_back();
  ASSERT_EQ(rest.status, 201) << rest.body;
  EXPECT_EQ(amount(rest.json, "amount"), "8.00");
  EXPECT_EQ(get("/v1/sales/" + sale_, generator_.key).text("status"), "returned");
  EXPECT_EQ(amount(get("/v1/sales/" + sale_, generator_.key).json, "credited"), "10.00");
  EXPECT_EQ(get("/v1/sales/" + sale_ + "/contact", buyer_.key).text("code"), "contact_gone");
  EXPECT_EQ(budget(), "15000.00");
  EXPECT_EQ(payable(), "0.00");
  EXPECT_EQ(claw_back().status, 409) << "nothing is left";

  auto const list = get("/v1/admin/claw-backs", admin_);
  ASSERT_EQ(list.data().Size(), 2U) << list.body;
  EXPECT_EQ(field(list.data()[0], "status"), "booked");
  EXPECT_EQ(field(list.data()[1], "id"), part.text("id"));
  EXPECT_EQ(get("/v1/admin/claw-backs", buyer_.key).status, 403);
  auto const audit = get("/v1/admin/audit-log?action=claw_back.ordered", admin_);
  EXPECT_EQ(audit.data().Size(), 2U) << audit.body;
  auto const moved = "/v1/ledger/transfers?code=claw_back&sale_id=" + sale_;
  EXPECT_EQ(get(moved, admin_).data().Size(), 5U) << get(moved, admin_).body;
  EXPECT_EQ(get(moved, buyer_.key).data().Size(), 5U) << "all of them end in its budget";
  EXPECT_EQ(sql("select count(*) from leadex.fund_intent where direction = 3 and (market_seq is "
                "null or platform_seq is null)"),
            "0");
  EXPECT_EQ(await(claw_backs_.run()), 0);
  expect_true_books();
}

TEST_F(TradeClawBacks, AreOrderedOnceForEachKey) {
  settle_one("10.00");
  Ask ask{.method = "POST",
          .target = "/v1/admin/sales/" + sale_ + "/claw-back",
          .key = admin_,
          .body = R"({"amount":)" + usd("1.00") + R"(,"reason":"Once"})",
          .idempotency_key = "c1"};
  std::vector<std::future<Reply>> replies;
  for (int i = 0; i < 8; ++i) replies.push_back(later(ask));
  std::set<std::string> bodies;
  for (auto& reply : replies) {
    auto const got = reply.get();
    if (got.status == 201) {
      bodies.insert(got.body);
    } else {
      EXPECT_EQ(got.text("code"), "in_progress") << got.body;
    }
  }
  auto const again = call(ask);
  EXPECT_EQ(again.header("Idempotent-Replayed"), "true");
  bodies.insert(again.body);
  EXPECT_EQ(bodies.size(), 1U);
  EXPECT_EQ(amount(get("/v1/sales/" + sale_, buyer_.key).json, "credited"), "1.00");
  ask.body = R"({"amount":)" + usd("2.00") + R"(,"reason":"Once"})";
  EXPECT_EQ(call(ask).text("code"), "idempotency_key_reused");
  ask.idempotency_key.clear();
  EXPECT_EQ(call(ask).text("code"), "idempotency_key_missing");
  expect_true_books();
}

TEST_F(TradeClawBacks, OfOneSaleAtOnceNeverTakeMoreThanItHas) {
  settle_one("10.00");
  std::vector<std::future<Reply>> replies;
  for (int i = 0; i < 8; ++i) {
    replies.push_back(later({.method = "POST",
                             .target = "/v1/admin/sales/" + sale_ + "/claw-back",
                             .key = admin_,
                             .body = R"({"amount":)" + usd("4.00") + R"(,"reason":"Race"})",
                             .idempotency_key = "r" + std::to_string(i)}));
  }
  int ordered = 0;
  for (auto& reply : replies) {
    auto const got = reply.get();
    if (got.status == 201) ++ordered;
    EXPECT_TRUE(got.status == 201 || got.status == 409 || got.status == 422) << got.body;
  }
  EXPECT_GE(ordered, 1);
  EXPECT_LE(ordered, 2);
  await(claw_backs_.run());
  EXPECT_EQ(amount(get("/v1/sales/" + sale_, buyer_.key).json, "credited"),
            ordered == 1 ? "4.00" : "8.00");
  EXPECT_EQ(sql("select count(*) from leadex.claw_back where ready and market_seq is null"), "0");
  expect_true_books();
}

TEST_F(TradeClawBacks, AreRefusedForWhatIsNotSettledOrNotTheirs) {
  deposit(buyer_, "100.00");
  campaign(buyer_, "10.00", "60.00");
  lead("ann");
  sale_ = newest_sale(buyer_);
  wait_for("select max(state) from leadex.sale", "2");
  EXPECT_EQ(claw_back("10.01").status, 422);
  EXPECT_EQ(claw_back("0.00").status, 422);
  EXPECT_EQ(post("/v1/admin/sales/" + sale_ + "/claw-back", admin_, "{}").status, 422);
  EXPECT_EQ(
      post("/v1/admin/sales/" + sale_ + "/claw-back", buyer_.key, R"({"reason":"mine"})").status,
      403);
  EXPECT_EQ(
      post("/v1/admin/sales/sale_00000000000000000000000000/claw-back", admin_, R"({"reason":"r"})")
          .status,
      404);
  sql_do("update leadex.sale set state = 1");
  EXPECT_EQ(claw_back().status, 409);
  sql_do("update leadex.sale set state = 2");
  EXPECT_EQ(sql("select count(*) from leadex.claw_back"), "0");
}

TEST_F(TradeClawBacks, AboveTheLimitNeedASecondPerson) {
  settle_one("12000.00");
  auto const second = open_account("admin").key;
  auto const unwanted = claw_back("10500.00", second);
  ASSERT_EQ(unwanted.status, 202) << unwanted.body;
  auto const refused =
      post("/v1/admin/approvals/" + unwanted.text("approval_id") + "/refuse", admin_);
  EXPECT_EQ(refused.status, 200) << refused.body;
  EXPECT_EQ(field(get("/v1/admin/claw-backs", admin_).data()[0], "status"), "refused");

  auto const waiting = claw_back("11000.00", second);
  ASSERT_EQ(waiting.status, 202) << waiting.body;
  await(claw_backs_.run());
  EXPECT_EQ(amount(get("/v1/sales/" + sale_, buyer_.key).json, "credited"), "0.00");
  EXPECT_EQ(field(get("/v1/admin/claw-backs", admin_).data()[0], "status"), "waiting");
  auto const path = "/v1/admin/approvals/" + waiting.text("approval_id");
  EXPECT_EQ(post(path + "/approve", second).text("code"), "four_eyes_required");
  EXPECT_EQ(field(get("/v1/admin/approvals", admin_).data()[0], "subject_id"), waiting.text("id"));
  auto const late = claw_back("10000.01", second);
  ASSERT_EQ(late.status, 202) << late.body;
  auto const approved = post(path + "/approve", admin_);
  ASSERT_EQ(approved.status, 200) << approved.body;
  await(claw_backs_.run());
  EXPECT_EQ(amount(get("/v1/sales/" + sale_, buyer_.key).json, "credited"), "11000.00");
  EXPECT_EQ(field(get("/v1/admin/claw-backs", admin_).data()[1], "status"), "booked");

  // What was asked for before may not fit any more.
  auto const too_much =
      post("/v1/admin/approvals/" + late.text("approval_id") + "/approve", admin_);
  EXPECT_EQ(too_much.status, 409) << too_much.body;
  auto const small = claw_back("1000.00");
  EXPECT_EQ(small.status, 201) << small.body;
  EXPECT_EQ(amount(get("/v1/sales/" + sale_, buyer_.key).json, "credited"), "12000.00");
  expect_true_books();
}

}  // namespace
}  // namespace leadex::api
