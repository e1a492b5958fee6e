// Findings about buyers: tested by the job on tables of a past, decided by staff alone.

#include "tests/server/api/findings_harness.hpp"

namespace leadex::api {
namespace {

TEST_F(Findings, ABuyerThatHidesItsConversionsGetsACaseAndNoOther) {
  sell_per_acquisition({{buyer_, 1.0}, {other_, 0.0}, {third_, 1.0}});
  ASSERT_EQ(round(), 1);
  auto const page = list();
  ASSERT_EQ(page.data().Size(), 1U) << page.body;
  auto const& found = page.data()[0];
  EXPECT_EQ(field(found, "buyer_id"), other_.id);
  EXPECT_EQ(field(found, "kind"), "conversions_below_others");
  EXPECT_EQ(field(found, "status"), "open");
  EXPECT_EQ(field(found, "generator_id"), "") << "of all its generators";
  EXPECT_EQ(field(found, "market"), kMarket);
  EXPECT_EQ(number(found, "counted"), 2400);
  EXPECT_EQ(number(found, "seen"), 0);
  EXPECT_NEAR(number(found, "reference_ppm"), 100'000, 20'000);
  EXPECT_GE(number(found, "evidence_milli"), 3000);
  EXPECT_EQ(number(found, "false_alarms_ppm"), 1000);
  EXPECT_NE(field(found, "statement").find("other buyers of the same segments"), std::string::npos);
  EXPECT_EQ(field(found, "sold_until"), date(today_ - 11));
  EXPECT_EQ(round(), 0) << "it is open";
  EXPECT_EQ(sql("select count(*) from leadex.audit where action = 'finding.opened'"), "1");
  expect_true_books();
}

TEST_F(Findings, AfterADecisionATestCountsLaterDaysOnly) {
  sell_per_acquisition({{buyer_, 1.0}, {other_, 0.0}, {third_, 1.0}});
  ASSERT_EQ(round(), 1);
  auto const id = field(list().data()[0], "id");
  auto const dismissed = decide(id, R"({"upheld":false,"note":"Its clients call a day later."})");
  ASSERT_EQ(dismissed.status, 200) << dismissed.body;
  EXPECT_EQ(dismissed.text("status"), "dismissed");
  EXPECT_EQ(dismissed.text("note"), "Its clients call a day later.");
  EXPECT_EQ(round(), 0) << "nothing was sold since that is mature";
  // As if that had been said on the day before the last forty.
  sql_do("update leadex.finding set decided_at = to_timestamp((" + std::to_string(today_ - 51) +
         ") * 86400 + 7)");
  EXPECT_EQ(round(), 1);
  auto const page = list("state=open");
  ASSERT_EQ(page.data().Size(), 1U) << page.body;
  EXPECT_EQ(field(page.data()[0], "sold_from"), date(today_ - 50));
  EXPECT_EQ(number(page.data()[0], "counted"), 1600);
  EXPECT_EQ(list().data().Size(), 2U);
}

TEST_F(Findings, OnlyLeadsThatAreAlikeAreCompared) {
  auto const fourth = open_account("buyer");
  std::vector<MadeSale> sales;
  for (auto day = today_ - 70; day < today_ - 10; ++day) {
    for (int i = 0; i < 40; ++i) {
      // Each of these converts less by what it bought.
      sales.push_back(sale_of(buyer_, day, 0.2));
      sales.push_back(sale_of(other_, day, 0.02));
      sales.back().event = "sale";
      sales.push_back(sale_of(third_, day, 0.02));
      sales.back().exclusive = false;
      sales.push_back(sale_of(fourth, day, 0.02));
      sales.back().relisted_seq = 1;
    }
  }
  made_->add(sales);
  EXPECT_EQ(round(), 0) << list().body;
  // That a lead came back after it had been sold says nothing of that sale.
  sql_do("update leadex.lead_rest set market_seq = 2");
  ASSERT_EQ(round(), 1);
  EXPECT_EQ(field(list().data()[0], "buyer_id"), fourth.id);
}

TEST_F(Findings, AComparisonEndsBeforeTheFirstDayThatIsNotFinal) {
  sell_per_acquisition({{buyer_, 1.0}, {other_, 0.0}, {third_, 1.0}});
  auto open = sale_of(buyer_, today_ - 70, 1);
  open.state = 5;
  open.conversion_state = 0;
  auto const lead = std::to_string(made_->add({open}));
  EXPECT_EQ(round(), 0) << "its buyer has not said yet whether that one counts";
  // Approved, and open until its buyer can pay.
  sql_do("update leadex.conversion set state = 4 where lead_no = " + lead);
  EXPECT_EQ(round(), 1);
}

TEST_F(Findings, ARoundOpensNothingThatWasDecidedWhileItLooked) {
  sell_per_acquisition({{buyer_, 1.0}, {other_, 0.0}, {third_, 1.0}});
  ASSERT_EQ(round(), 1);
  auto const looked = context_.now();
  auto const id = field(list().data()[0], "id");
  auto const no = ids_.open(id, crypto::IdKind::finding)->no;
  ASSERT_EQ(decide(id).status, 200);
  auto const open = [&](Timestamp round, std::int64_t finding_no) {
    auto const opened = platform_.transact_now([&](storage::PlatformTx& tx) {
      auto found = tx.findings().find(static_cast<MarketNo>(market_no_), no)->found;
      found.finding_no = finding_no;
      return tx.findings().open(found, {tx.now(), round});
    });
    return opened.value();
  };
  EXPECT_FALSE(open(looked, 900'001));
  EXPECT_TRUE(open(context_.now(), 900'002));
  EXPECT_FALSE(open(context_.now(), 900'003)) << "it is open";
}

TEST_F(Findings, AreStaffsAloneAndAreDecidedOnce) {
  sell_per_acquisition({{buyer_, 1.0}, {other_, 0.0}, {third_, 0.0}});
  ASSERT_EQ(round(), 2);
  auto const first = list("limit=1");
  ASSERT_EQ(first.data().Size(), 1U) << first.body;
  auto const second = list("limit=1&cursor=" + first.text("next_cursor"));
  ASSERT_EQ(second.data().Size(), 1U) << second.body;
  auto const id = field(first.data()[0], "id");
  EXPECT_NE(field(second.data()[0], "id"), id);
  EXPECT_EQ(get("/v1/admin/findings/" + id, admin_).text("statement"),
            field(first.data()[0], "statement"));
  EXPECT_EQ(get("/v1/admin/findings/find_00000000000000000000000000", admin_).status, 404);
  EXPECT_EQ(list("buyer=acct_00000000000000000000000000").data().Size(), 0U);
  EXPECT_EQ(list("state=closed").status, 422);

  auto const auditor = open_account("auditor").key;
  for (auto const& key : {buyer_.key, other_.key, generator_.key}) {
    EXPECT_EQ(get("/v1/admin/findings", key).status, 403);
    EXPECT_EQ(get("/v1/admin/findings/" + id, key).status, 403);
    EXPECT_EQ(get("/v1/admin/holdout?market=" + std::string{kMarket}, key).status, 403);
    EXPECT_EQ(post("/v1/admin/findings/" + id + "/decide", key, R"({"upheld":true})").status, 403);
    EXPECT_EQ(post("/v1/admin/holdout", key, "{}").status, 403);
  }
  EXPECT_EQ(get("/v1/admin/findings/" + id, auditor).status, 200);
  EXPECT_EQ(post("/v1/admin/findings/" + id + "/decide", auditor, R"({"upheld":true})").status,
            403);

  EXPECT_EQ(decide(id, "{}").status, 422);
  Ask ask{.method = "POST",
          .target = "/v1/admin/findings/" + id + "/decide",
          .key = admin_,
          .body = R"({"upheld":true,"note":"Seen its books."})",
          .idempotency_key = "d1"};
  auto const decided = call(ask);
  ASSERT_EQ(decided.status, 200) << decided.body;
  EXPECT_EQ(decided.text("status"), "upheld");
  EXPECT_NE(decided.text("decided_by"), "");
  EXPECT_NE(decided.text("decided_at"), "");
  auto const again = call(ask);
  EXPECT_EQ(again.header("Idempotent-Replayed"), "true");
  EXPECT_EQ(again.body, decided.body);
  EXPECT_EQ(get("/v1/admin/findings/" + id, admin_).body, decided.body);
  EXPECT_EQ(decide(id).status, 409);
  EXPECT_EQ(decide("find_00000000000000000000000000").status, 404);
  EXPECT_EQ(list("state=upheld").data().Size(), 1U);
  EXPECT_EQ(list("state=open").data().Size(), 1U);
  auto const audit = get("/v1/admin/audit-log?action=finding.decided", admin_);
  EXPECT_EQ(audit.data().Size(), 1U) << audit.body;
  EXPECT_EQ(sql("select count(*) from leadex.finding where position('books'::bytea in "
                "note_sealed) > 0"),
            "0");
}

}  // namespace
}  // namespace leadex::api
