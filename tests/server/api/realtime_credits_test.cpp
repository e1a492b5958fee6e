// The money of posted leads that their checks found bad: whatever their buyers did before, they
// have it back, and such a lead is never sold again.

#include <thread>

#include "tests/server/api/realtime_harness.hpp"

namespace leadex::api {
namespace {

class RealtimeCredits : public RealtimeChecksApi {
 protected:
  /// A sale of a new lead to buyer_, for 10.00.
  std::string sold(std::string const& person) {
    if (bidding_.empty()) {
      deposit(buyer_, "100.00");
      bidding_ = campaign(buyer_, "10.00", "60.00");
    }
    EXPECT_EQ(lead(person).text("outcome"), "sold");
    return newest_sale(buyer_);
  }
  Reply give_back(std::string const& sale, std::string const& reason) {
    return post("/v1/sales/" + sale + "/returns", buyer_.key, R"({"reason":")" + reason + "\"}");
  }
  /// The dispute about a return of that sale.
  std::string disputed(std::string const& sale) {
    auto const opened = give_back(sale, "disconnected_number");
    EXPECT_EQ(opened.status, 201) << opened.body;
    auto const contested = post("/v1/returns/" + opened.text("id") + "/contest", generator_.key,
                                R"({"note":"It rang yesterday"})");
    EXPECT_EQ(contested.status, 201) << contested.body;
    return contested.text("id");
  }
  void decide(std::string const& dispute, std::string const& decision) {
    auto const decided = post("/v1/admin/disputes/" + dispute + "/decide", admin_,
                              R"({"reason":"So be it",)" + decision + '}');
    EXPECT_EQ(decided.status, 200) << decided.body;
  }
  void find_bad() {
    ASSERT_EQ(judge_next("bad", "wrong_number").status, 200);
    EXPECT_EQ(apply(), 1);
  }
  std::string budget() {
    return amount(get("/v1/campaigns/" + bidding_, buyer_.key).json, "budget");
  }
  void expect_all_back(std::string const& sale) {
    auto const back = get("/v1/sales/" + sale, buyer_.key);
    EXPECT_EQ(back.text("status"), "returned") << back.body;
    EXPECT_EQ(amount(back.json, "credited"), "10.00") << back.body;
    EXPECT_EQ(budget(), "60.00");
    EXPECT_EQ(owing(), "0");
    expect_true_books();
  }
  std::string owing() {
    return sql("select count(*) from leadex.realtime_check where credit_at is not null");
  }
  /// As if the minute had passed.
  void look_again() {
    sql_do("update leadex.realtime_check set credit_at = now() where credit_at is not null");
  }
  void wait_for(std::string const& query, std::string const& wanted) {
    for (int i = 0; i < 200 && sql(query) != wanted; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds{50});
    }
    ASSERT_EQ(sql(query), wanted);
  }
  std::string bidding_;
};

TEST_F(RealtimeCredits, ABadVerdictCreditsTheBuyerOutsideTheCeiling) {
  deposit(buyer_, "100.00");
  auto const bidding = campaign(buyer_, "10.00", "60.00");
  auto const sold = lead("ann");
  ASSERT_EQ(sold.text("outcome"), "sold");
  auto const sale = newest_sale(buyer_);
  open_checks();
  auto const waiting = queue(verifier_);
  ASSERT_EQ(waiting.data().Size(), 1U) << waiting.body;
  auto const& check = waiting.data()[0];
  EXPECT_EQ(field(check, "lead_id"), sold.text("lead_id"));
  EXPECT_TRUE(json::find_member(check, "batch_id")->IsNull());
  auto const id = field(check, "check_id");
  auto const claimed = claim(id, verifier_);
  EXPECT_EQ(field(*claimed.find("contact"), "first_name"), "Ann");
  EXPECT_TRUE(claimed.find("batch_id")->IsNull());
  EXPECT_EQ(apply(), 0);
  auto const judged = judge(id, verifier_, "bad", "wrong_number");
  ASSERT_EQ(judged.status, 200) << judged.body;
  EXPECT_EQ(judged.text("status"), "done");
  EXPECT_EQ(apply(), 1);
  EXPECT_EQ(apply(), 0) << "once";

  auto const back = get("/v1/sales/" + sale, buyer_.key);
  EXPECT_EQ(back.text("status"), "returned") << back.body;
  auto const returns = get("/v1/returns", generator_.key);
  ASSERT_EQ(returns.data().Size(), 1U);
  EXPECT_EQ(field(returns.data()[0], "ruling"), "automatic");
  EXPECT_EQ(field(returns.data()[0], "reason"), "wrong_number");
  EXPECT_EQ(amount(get("/v1/campaigns/" + bidding, buyer_.key).json, "budget"), "60.00");
  expect_true_books();
  auto const source = get(path("/inspection"), generator_.key);
  EXPECT_EQ(source.number("checked"), 1);
  EXPECT_EQ(source.number("bad"), 1);
  EXPECT_EQ(source.text("mode"), "normal") << "one bad lead proves nothing";

  // The ceiling is for what buyers return: one lead of two, which is still theirs to use.
  lead("bob");
  auto const second = newest_sale(buyer_);
  auto const own =
      post("/v1/sales/" + second + "/returns", buyer_.key, R"({"reason":"disconnected_number"})");
  EXPECT_EQ(own.status, 201) << own.body;
  EXPECT_EQ(claim(id, verifier_).status, 409) << "it is decided";
}

TEST_F(RealtimeCredits, AReturnThatItsBuyerOpenedIsAccepted) {
  deposit(buyer_, "100.00");
  campaign(buyer_, "10.00", "60.00");
  lead("ann");
  auto const sale = newest_sale(buyer_);
  ASSERT_EQ(
      post("/v1/sales/" + sale + "/returns", buyer_.key, R"({"reason":"wrong_number"})").status,
      201);
  ASSERT_EQ(judge_next("bad", "wrong_number").status, 200);
  EXPECT_EQ(apply(), 1);
  EXPECT_EQ(get("/v1/sales/" + sale, buyer_.key).text("status"), "returned");
  EXPECT_EQ(get("/v1/returns?status=accepted", buyer_.key).data().Size(), 1U);
  expect_true_books();
}

TEST_F(RealtimeCredits, ADisputeEndsForTheBuyer) {
  auto const sale = sold("ann");
  auto const dispute = disputed(sale);
  find_bad();
  expect_all_back(sale);
  auto const file = get("/v1/disputes/" + dispute, generator_.key);
  EXPECT_EQ(file.text("status"), "decided") << file.body;
  EXPECT_EQ(file.text("decision"), "credit_buyer");
  EXPECT_EQ(get("/v1/disputes?status=decided", buyer_.key).data().Size(), 1U);
  auto const returns = get("/v1/returns", buyer_.key);
  EXPECT_EQ(field(returns.data()[0], "ruling"), "automatic");
  EXPECT_EQ(post("/v1/admin/disputes/" + dispute + "/decide", admin_,
                 R"({"decision":"deny","reason":"r"})")
                .text("code"),
            "dispute_not_open");
}

TEST_F(RealtimeCredits, AReturnThatWasDeniedIsNoBar) {
  auto const sale = sold("ann");
  decide(disputed(sale), R"("decision":"deny")");
  EXPECT_EQ(budget(), "50.00");
  find_bad();
  expect_all_back(sale);
  EXPECT_EQ(get("/v1/returns?status=denied", buyer_.key).data().Size(), 1U)
      << "what was decided stays as it was";
}

TEST_F(RealtimeCredits, OfAPartThatWasCreditedTheRestFollows) {
  auto const sale = sold("ann");
  decide(disputed(sale), R"("decision":"partial","amount":)" + usd("4.00"));
  EXPECT_EQ(budget(), "54.00");
  find_bad();
  expect_all_back(sale);
}

TEST_F(RealtimeCredits, ABuyersOwnReturnOfABadLeadLeavesItsCeilingAlone) {
  auto const first = sold("ann");
  auto const second = sold("bob");
  ASSERT_EQ(give_back(first, "wrong_number").status, 201);
  EXPECT_EQ(give_back(second, "wrong_number").text("code"), "return_ceiling_reached");
  open_checks();
  auto const lead_of = get("/v1/sales/" + first, buyer_.key).text("lead_id");
  auto const waiting = queue(verifier_);
  for (auto const& check : waiting.data().GetArray()) {
    if (field(check, "lead_id") != lead_of) continue;
    ASSERT_EQ(judge(field(check, "check_id"), verifier_, "bad", "wrong_number").status, 200);
  }
  EXPECT_EQ(apply(), 1);
  EXPECT_EQ(get("/v1/sales/" + first, buyer_.key).text("status"), "returned");
  auto const own = give_back(second, "wrong_number");
  EXPECT_EQ(own.status, 201) << own.body;
  expect_true_books();
}

class BadOnesSettled : public RealtimeCredits {
 protected:
  [[nodiscard]] std::string market_more() const override {
    return RealtimeCredits::market_more() +
           R"(,"return_window_s":0,"holdback_bp":1000,"holdback_s":3600)";
  }
  std::string settled(std::string const& person) {
    auto const sale = sold(person);
    wait_for("select max(state) from leadex.sale", "2");
    return sale;
  }
};

TEST_F(BadOnesSettled, AreClawedBack) {
  auto const sale = settled("ann");
  EXPECT_EQ(budget(), "50.00");
  find_bad();
  await(claw_backs_.run());
  expect_all_back(sale);
  auto const list = get("/v1/admin/claw-backs", admin_);
  ASSERT_EQ(list.data().Size(), 1U) << list.body;
  EXPECT_EQ(amount(list.data()[0], "amount"), "10.00");
  look_again();
  EXPECT_EQ(credit(), 0);
  EXPECT_EQ(get("/v1/admin/claw-backs", admin_).data().Size(), 1U) << "once";
}

TEST_F(BadOnesSettled, WhatIsRefusedIsTriedAgain) {
  auto const sale = settled("ann");
  // An order of staff is on its way, so another is refused.
  sql_do(
      "insert into leadex.claw_back (market_id, order_no, lead_no, slot, amount, reason_sealed, "
      "ordered_by, ordered_at, ready) select market_id, 900000, lead_no, slot, 2000000, '\\x00', "
      "1, now(), true from leadex.sale");
  find_bad();
  EXPECT_EQ(owing(), "1");
  await(claw_backs_.run());
  EXPECT_EQ(budget(), "52.00");
  EXPECT_EQ(credit(), 0) << "not at once";
  look_again();
  EXPECT_EQ(credit(), 1);
  await(claw_backs_.run());
  expect_all_back(sale);
}

TEST_F(BadOnesSettled, AboveTheLimitASecondPersonConfirms) {
  deposit(buyer_, "9000.00");
  deposit(buyer_, "9000.00");
  campaign(buyer_, "12000.00", "15000.00");
  ASSERT_EQ(lead("ann").text("outcome"), "sold");
  wait_for("select max(state) from leadex.sale", "2");
  find_bad();
  await(claw_backs_.run());
  EXPECT_EQ(sql("select state from leadex.sale"), "2");
  auto const list = get("/v1/admin/claw-backs", admin_);
  ASSERT_EQ(list.data().Size(), 1U) << list.body;
  EXPECT_EQ(field(list.data()[0], "status"), "waiting");
  EXPECT_EQ(get("/v1/admin/approvals", admin_).data().Size(), 1U);
  EXPECT_EQ(owing(), "0") << "the rest is for staff";
}

class BadOnesRecycled : public RealtimeCredits {
 protected:
  [[nodiscard]] std::string market_more() const override {
    return RealtimeCredits::market_more() +
           R"(,"return_ceiling_bp":10000,"recycling":{"rounds_max":1,"rest_s":1,"price_bp":5000})";
  }
  void await_rest() {
    wait_for(
        "select count(*) > 0 from leadex.lead_rest where due_us < extract(epoch from "
        "clock_timestamp()) * 1000000",
        "t");
  }
  std::int64_t recycle() { return await(intake_.recycler.run(context_.now())); }
};

TEST_F(BadOnesRecycled, AReturnForItsBuyersOwnReasonDoesNotHaveItSoldAgain) {
  auto const sale = sold("ann");
  ASSERT_EQ(give_back(sale, "duplicate").status, 201);
  find_bad();
  expect_all_back(sale);
  EXPECT_EQ(sql("select count(*) from leadex.lead_rest where not withdrawn"), "0");
  std::this_thread::sleep_for(std::chrono::milliseconds{1100});
  EXPECT_EQ(recycle(), 0);
  EXPECT_EQ(sql("select count(*) from leadex.sale"), "1");
  EXPECT_EQ(get("/v1/listings?market=" + std::string{kMarket}, other_.key).data().Size(), 0U);
}

TEST_F(BadOnesRecycled, NorDoesOneThatIsAcceptedAfterTheVerdict) {
  auto const opened = give_back(sold("ann"), "duplicate");
  ASSERT_EQ(judge_next("bad", "wrong_number").status, 200);
  ASSERT_EQ(await(app::apply_realtime_verdicts(intake_.lots)), 1);
  // Before its buyers are credited, its generator accepts: now it rests.
  auto const accepted = post("/v1/returns/" + opened.text("id") + "/accept", generator_.key, "{}");
  ASSERT_EQ(accepted.status, 200) << accepted.body;
  ASSERT_NO_FATAL_FAILURE(await_rest());
  EXPECT_EQ(recycle(), 0);
  EXPECT_EQ(sql("select round from leadex.lead"), "0");
  EXPECT_EQ(get("/v1/listings?market=" + std::string{kMarket}, other_.key).data().Size(), 0U);
  EXPECT_EQ(credit(), 1);
  expect_true_books();
}

class BadOnesConfirmed : public RealtimeCredits {};

TEST_F(BadOnesConfirmed, AVoidedSaleShowsItsBuyerNothing) {
  deposit(buyer_, "100.00");
  campaign(buyer_, "10.00", "60.00");
  lead("ann");
  sql_do("update leadex.sale set state = 4");
  open_checks();
  shift_ = std::chrono::hours{24 * 33};
  EXPECT_EQ(get(checks_of(today()), generator_.key).data().Size(), 1U);
  EXPECT_EQ(get(checks_of(today()), buyer_.key).data().Size(), 0U);
}

}  // namespace
}  // namespace leadex::api
