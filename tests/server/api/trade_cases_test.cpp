// Returns and disputes, and what the books say of it all.

#include <set>
#include <thread>

#include "tests/server/api/trade_harness.hpp"

namespace leadex::api {
namespace {

class TradeCases : public TradeHarness {
 protected:
  void SetUp() override {
    TradeHarness::SetUp();
    deposit(buyer_, "100.00");
    campaign_ = campaign(buyer_, "10.00", "60.00");
    lead("ann");
    sale_ = newest_sale(buyer_);
  }
  Reply give_back(std::string const& note = "Nobody there") {
    return post("/v1/sales/" + sale_ + "/returns", buyer_.key,
                R"({"reason":"disconnected_number","note":")" + note + "\"}");
  }
  std::string campaign_;
  std::string sale_;
};

TEST_F(TradeCases, AcceptAReturnAndCloseTheContact) {
  Ask ask{.method = "POST",
          .target = "/v1/sales/" + sale_ + "/returns",
          .key = buyer_.key,
          .body = R"({"reason":"disconnected_number","note":"Nobody there"})",
          .idempotency_key = "r1"};
  auto const opened = call(ask);
  ASSERT_EQ(opened.status, 201) << opened.body;
  EXPECT_EQ(opened.text("status"), "open");
  EXPECT_EQ(opened.text("note"), "Nobody there");
  auto const path = "/v1/returns/" + opened.text("id");
  EXPECT_EQ(get(path, generator_.key).text("note"), "Nobody there");
  EXPECT_EQ(get(path, other_.key).status, 404);
  EXPECT_EQ(get("/v1/sales/" + sale_, buyer_.key).text("return_status"), "open");
  EXPECT_EQ(get("/v1/sales/" + sale_ + "/contact", buyer_.key).status, 200);
  EXPECT_EQ(give_back().text("code"), "already_returned");
  EXPECT_EQ(post(path + "/accept", buyer_.key).status, 403);

  auto const accepted = post(path + "/accept", generator_.key);
  ASSERT_EQ(accepted.status, 200) << accepted.body;
  EXPECT_EQ(accepted.text("status"), "accepted");
  EXPECT_EQ(amount(accepted.json, "credited"), "10.00");
  auto const again = call(ask);
  EXPECT_EQ(again.body, opened.body) << "as it was opened";
  EXPECT_EQ(again.header("Idempotent-Replayed"), "true");
  EXPECT_EQ(get("/v1/sales/" + sale_, buyer_.key).text("status"), "returned");
  EXPECT_EQ(get("/v1/sales/" + sale_ + "/contact", buyer_.key).text("code"), "contact_gone");
  EXPECT_EQ(post(path + "/accept", generator_.key).text("code"), "return_not_open");
  EXPECT_EQ(give_back().text("code"), "already_returned");
  EXPECT_EQ(amount(get("/v1/campaigns/" + campaign_, buyer_.key).json, "budget"), "60.00");
  EXPECT_EQ(get("/v1/returns?status=accepted", buyer_.key).data().Size(), 1U);
  EXPECT_EQ(get("/v1/returns", other_.key).data().Size(), 0U);
  EXPECT_EQ(get("/v1/disputes", buyer_.key).data().Size(), 0U);
  expect_true_books();
}

TEST_F(TradeCases, ShowBothPartiesAndStaffTheSameFile) {
  auto const opened = give_back();
  auto const contested = post("/v1/returns/" + opened.text("id") + "/contest", generator_.key,
                              R"({"note":"It rang yesterday"})");
  ASSERT_EQ(contested.status, 201) << contested.body;
  EXPECT_EQ(contested.text("status"), "open");
  auto const path = "/v1/disputes/" + contested.text("id");
  EXPECT_EQ(contested.header("Location"), path);
  auto const before = get(path, buyer_.key);
  ASSERT_EQ(before.status, 200) << before.body;
  EXPECT_EQ(before.text("generator_note"), "It rang yesterday");
  EXPECT_EQ(get(path, generator_.key).body, before.body);
  EXPECT_EQ(get(path, admin_).body, before.body);
  EXPECT_EQ(get(path, other_.key).status, 404);
  EXPECT_EQ(before.body.find("example.org"), std::string::npos);
  EXPECT_NE(before.body.find(R"("state":"CA")"), std::string::npos) << before.body;
  EXPECT_EQ(before.find("transfers")->Size(), 2U) << before.body;

  Ask decide{
      .method = "POST",
      .target = "/v1/admin" + path.substr(3) + "/decide",
      .key = admin_,
      .body = R"({"decision":"partial","amount":)" + usd("4.00") + R"(,"reason":"Half way"})",
      .idempotency_key = "x1"};
  auto const decided = call(decide);
  ASSERT_EQ(decided.status, 200) << decided.body;
  EXPECT_EQ(decided.text("decision"), "partial");
  EXPECT_EQ(decided.text("decision_reason"), "Half way");
  EXPECT_EQ(amount(decided.json, "credited"), "4.00");
  EXPECT_EQ(get(path, generator_.key).body, decided.body);
  EXPECT_EQ(get(path, buyer_.key).body, decided.body);
  EXPECT_EQ(call(decide).body, decided.body);
  EXPECT_GT(decided.find("transfers")->Size(), 2U);
  decide.idempotency_key = "x2";
  EXPECT_EQ(call(decide).text("code"), "dispute_not_open");
  EXPECT_EQ(get("/v1/disputes?status=decided", buyer_.key).data().Size(), 1U);
  EXPECT_EQ(get("/v1/disputes?status=open", buyer_.key).data().Size(), 0U);
  EXPECT_EQ(get("/v1/sales/" + sale_ + "/contact", buyer_.key).status, 200);
  EXPECT_EQ(amount(get("/v1/sales/" + sale_, buyer_.key).json, "credited"), "4.00");
  expect_true_books();
}

TEST_F(TradeCases, DecideWithWhatTheDecisionNeeds) {
  auto const opened = give_back();
  auto const contested =
      post("/v1/returns/" + opened.text("id") + "/contest", generator_.key, R"({"note":"No"})");
  auto const path = "/v1/admin/disputes/" + contested.text("id") + "/decide";
  EXPECT_EQ(post(path, admin_, R"({"decision":"partial","reason":"r"})").status, 422);
  EXPECT_EQ(
      post(path, admin_, R"({"decision":"deny","reason":"r","amount":)" + usd("1.00") + '}').status,
      422);
  EXPECT_EQ(
      post(path, admin_, R"({"decision":"partial","reason":"r","amount":)" + usd("10.01") + '}')
          .text("code"),
      "amount_invalid");
  EXPECT_EQ(post(path, buyer_.key, R"({"decision":"deny","reason":"r"})").status, 403);
  auto const denied = post(path, admin_, R"({"decision":"deny","reason":"r"})");
  EXPECT_EQ(denied.text("decision"), "deny") << denied.body;
  EXPECT_EQ(get("/v1/sales/" + sale_, buyer_.key).text("return_status"), "denied");
}

TEST_F(TradeCases, ListTheBooksOfTheirOwnersAlone) {
  auto const mine = get("/v1/ledger/transfers", buyer_.key);
  ASSERT_EQ(mine.status, 200) << mine.body;
  std::set<std::string> codes;
  for (auto const& item : mine.data().GetArray()) codes.insert(field(item, "code"));
  EXPECT_EQ(codes, (std::set<std::string>{"deposit", "fund", "sale_net", "sale_commission"}));
  EXPECT_EQ(get("/v1/ledger/transfers", other_.key).data().Size(), 0U);
  EXPECT_EQ(get("/v1/ledger/transfers?code=deposit", buyer_.key).data().Size(), 1U);
  EXPECT_EQ(get("/v1/ledger/transfers?sale_id=" + sale_, buyer_.key).data().Size(), 2U);
  EXPECT_EQ(get("/v1/ledger/transfers?sale_id=" + sale_, other_.key).data().Size(), 0U);
  auto const of_sale = "/v1/ledger/transfers?sale_id=" + sale_ + "&account=";
  auto const account = [&](std::string const& code) {
    return field(get("/v1/ledger/accounts?code=" + code, buyer_.key).data()[0], "id");
  };
  EXPECT_EQ(get(of_sale + account("budget"), buyer_.key).data().Size(), 2U);
  EXPECT_EQ(get(of_sale + account("wallet"), buyer_.key).data().Size(), 0U);
  std::set<std::string> paged;
  std::string cursor;
  do {
    auto const page = get(
        "/v1/ledger/transfers?limit=2" + (cursor.empty() ? "" : "&cursor=" + cursor), buyer_.key);
    for (auto const& item : page.data().GetArray()) {
      EXPECT_TRUE(paged.insert(field(item, "id")).second);
    }
    cursor = page.text("next_cursor");
  } while (!cursor.empty());
  EXPECT_EQ(paged.size(), mine.data().Size());

  auto const accounts = get("/v1/ledger/accounts?code=budget", buyer_.key);
  ASSERT_EQ(accounts.data().Size(), 1U) << accounts.body;
  auto const& budget = accounts.data()[0];
  EXPECT_EQ(field(budget, "campaign_id"), campaign_);
  EXPECT_EQ(field(budget, "debits_pending"), "10.00");
  EXPECT_EQ(amount(budget, "available"), "50.00");
  EXPECT_GT(get("/v1/ledger/transfers?account=" + field(budget, "id"), buyer_.key).data().Size(),
            0U);
  EXPECT_EQ(get("/v1/ledger/transfers?account=" + field(budget, "id"), other_.key).data().Size(),
            0U);
  // Nor does the other party of a sale learn the account, or find its own transfers by it.
  EXPECT_EQ(get("/v1/ledger/transfers?account=" + field(budget, "id"), generator_.key).body,
            get("/v1/ledger/transfers?account=nothing", generator_.key).body);
  auto const theirs = get("/v1/ledger/transfers?sale_id=" + sale_, generator_.key);
  EXPECT_EQ(theirs.data().Size(), 1U) << theirs.body;
  EXPECT_EQ(theirs.body.find(field(budget, "id")), std::string::npos) << theirs.body;
  EXPECT_NE(get("/v1/ledger/transfers?sale_id=" + sale_, admin_).body.find(field(budget, "id")),
            std::string::npos);
  auto const earnings = get("/v1/earnings", generator_.key);
  ASSERT_EQ(earnings.data().Size(), 1U) << earnings.body;
  EXPECT_EQ(amount(earnings.data()[0], "pending"), "8.50");
}

/// A market that takes the same person again at once and lets one return of a buyer through.
class TradeProven : public TradeHarness {
 protected:
  [[nodiscard]] std::string market_more() const override {
    return R"(,"dedupe_s":0,"return_ceiling_bp":1)";
  }
  void SetUp() override {
    TradeHarness::SetUp();
    deposit(buyer_, "100.00");
  }
  std::string sold(std::string const& person) {
    (void)campaign(buyer_, "10.00", "10.00", R"(,"exclusivity":"exclusive")");
    EXPECT_EQ(lead(person).text("outcome"), "sold");
    return newest_sale(buyer_);
  }
  Reply give_back(std::string const& sale, std::string const& reason) {
    Ask ask{.method = "POST",
            .target = "/v1/sales/" + sale + "/returns",
            .key = buyer_.key,
            .body = R"({"reason":")" + reason + "\"}",
            .idempotency_key = sale + reason};
    auto answer = call(ask);
    auto const again = call(ask);
    EXPECT_EQ(again.status, answer.status);
    if (answer.status == 201) EXPECT_EQ(again.body, answer.body);
    return answer;
  }
};

TEST_F(TradeProven, ConsentRevokedBeforeTheSaleIsRuledAtOnce) {
  auto const first = sold("ann");
  auto const second = sold("bob");
  auto const later = sold("cid");
  sql_do(
      "update leadex.lead set revoked_at = now() - interval '1 hour' where lead_no < (select "
      "max(lead_no) from leadex.lead)");
  sql_do(
      "update leadex.lead set revoked_at = now() + interval '1 hour' where lead_no = (select "
      "max(lead_no) from leadex.lead)");
  auto const ruled = give_back(first, "never_requested");
  ASSERT_EQ(ruled.status, 201) << ruled.body;
  EXPECT_EQ(ruled.text("status"), "accepted");
  EXPECT_EQ(ruled.text("ruling"), "automatic");
  EXPECT_EQ(amount(ruled.json, "credited"), "10.00");
  auto const stored = get("/v1/returns/" + ruled.text("id"), generator_.key);
  EXPECT_EQ(stored.text("ruling"), "automatic") << stored.body;
  EXPECT_EQ(stored.text("status"), "accepted");
  EXPECT_EQ(stored.text("decided_at"), ruled.text("decided_at"));
  EXPECT_FALSE(ruled.text("decided_at").empty());
  EXPECT_EQ(get("/v1/sales/" + first, buyer_.key).text("status"), "returned");

  // Revoked after its sale proves nothing; the ceiling of one return is still untouched.
  auto const open = give_back(later, "never_requested");
  ASSERT_EQ(open.status, 201) << open.body;
  EXPECT_EQ(open.text("status"), "open");
  EXPECT_TRUE(open.find("ruling")->IsNull());
  EXPECT_EQ(give_back(second, "bogus").text("code"), "return_ceiling_reached")
      << "another reason is not proven by the consent";
  EXPECT_EQ(give_back(second, "never_requested").text("ruling"), "automatic");
  expect_true_books();
}

TEST_F(TradeProven, ThePersonSoldAgainAfterTheWindowIsNoProvenDuplicate) {
  (void)sold("ann");
  auto const again = sold("ANN");
  auto const open = give_back(again, "duplicate");
  EXPECT_EQ(open.text("status"), "open") << open.body;
  EXPECT_TRUE(open.find("ruling")->IsNull());
  expect_true_books();
}

class TradeSettled : public TradeHarness {
 protected:
  [[nodiscard]] std::string market_more() const override {
    return R"(,"return_window_s":0,"holdback_bp":1000,"holdback_s":3600)";
  }
};

TEST_F(TradeSettled, SendEarningsToThePlatformOnce) {
  deposit(buyer_, "100.00");
  campaign(buyer_, "10.00", "60.00");
  lead("ann");
  for (int i = 0; i < 100 && sql("select max(state) from leadex.sale") != "2"; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds{50});
  }
  ASSERT_EQ(sql("select max(state) from leadex.sale"), "2");
  EXPECT_EQ(get("/v1/sales/" + newest_sale(buyer_), buyer_.key).text("status"), "settled");
  app::RemitServices const services{numbers_, ledger_, *markets_, intents_};
  EXPECT_EQ(await(app::remit_earnings(services)), 1);
  EXPECT_EQ(await(app::remit_earnings(services)), 0);
  auto const earnings = get("/v1/earnings", generator_.key);
  ASSERT_EQ(earnings.data().Size(), 2U) << earnings.body;
  EXPECT_EQ(amount(earnings.data()[0], "payable"), "7.65");
  EXPECT_EQ(amount(earnings.data()[1], "holdback"), "0.85");
  EXPECT_EQ(amount(earnings.data()[1], "earned"), "0.00");
  EXPECT_EQ(await(intents_.run()).done, 0);
  expect_true_books();
}

}  // namespace
}  // namespace leadex::api
