// The holdout: what staff verifies without the buyers.

#include "server/app/holdout.hpp"
#include "tests/server/api/findings_harness.hpp"

namespace leadex::api {
namespace {

TEST_F(Findings, VerifiedConversionsThatWereNotReportedAreFoundInTheHoldout) {
  std::vector<MadeSale> sales;
  for (int i = 0; i < 80; ++i) {
    bool const hides = i % 2 == 0;
    sales.push_back({.buyer_no = number_of(hides ? other_ : buyer_),
                     .generator_no = number_of(generator_),
                     .vehicle = hides ? 0 : 1,  // nothing to compare with
                     .day = today_ - 40 + i / 4,
                     .converted = !hides || i % 8 == 0});
    if (i % 8 != 2) continue;
    sales.back().converted = true;
    sales.back().conversion_state = 2;
    sales.back().state = 6;
  }
  made_->add(sales);
  // What its return ended had been reported; what somebody rejected had not.
  auto ended = sale_of(third_, today_ - 30, 1);
  ended.vehicle = 2;
  ended.returned = true;
  ended.conversion_state = 2;
  made_->add(std::vector<MadeSale>(40, ended));
  auto const verify = [this](std::string const& where, std::string const& at) {
    sql_do("insert into leadex.holdout_outcome select market_id, lead_no, slot, true, " + at +
           ", 1, " + at + " from leadex.sale where " + where);
  };
  auto const hides = "buyer = " + std::to_string(number_of(other_));
  verify("not " + hides, "now() - interval '1 day'");
  verify(hides, "now()");
  // The forty that were returned are cases of their own: they were told as converted before.
  EXPECT_EQ(round(), 40);
  EXPECT_EQ(list("kind=conversions_hidden").data().Size(), 0U)
      << "the day on which these became known is not over";
  sql_do(
      "alter table leadex.holdout_outcome disable trigger holdout_outcome_append_only; "
      "delete from leadex.holdout_outcome; "
      "alter table leadex.holdout_outcome enable trigger holdout_outcome_append_only");
  verify("true", "now() - interval '1 day'");
  ASSERT_EQ(round(), 1);
  auto const page = list("kind=conversions_hidden&state=open&market=" + std::string{kMarket});
  ASSERT_EQ(page.data().Size(), 1U);
  EXPECT_EQ(field(page.data()[0], "buyer_id"), other_.id);
  EXPECT_EQ(number(page.data()[0], "counted"), 40);
  EXPECT_EQ(number(page.data()[0], "seen"), 10);
  EXPECT_EQ(number(page.data()[0], "reference_ppm"), 950'000);
  EXPECT_EQ(round(), 0);
}

TEST_F(Findings, TheHoldoutIsShownToStaffUntilItsOutcomesAreRecordedOnce) {
  std::vector<MadeSale> sales;
  for (int i = 0; i < 2500; ++i) {
    sales.push_back({.buyer_no = number_of(buyer_),
                     .generator_no = number_of(generator_),
                     .model = i % 10 == 9 ? 0 : 1,
                     .day = today_ - 100 + i / 100,
                     .event = "quote",
                     .exclusive = false});
  }
  auto const first = made_->add(sales);
  std::set<std::string> held;
  std::string outside;
  for (std::size_t i = 0; i < sales.size(); ++i) {
    SaleId const sale{static_cast<MarketNo>(market_no_), first + static_cast<std::int64_t>(i), 0};
    bool const in = app::held_out(ring_, sale, BasisPoints{1500});
    EXPECT_TRUE(!in || app::held_out(ring_, sale, BasisPoints{3000}));
    if (sales[i].model != 1) continue;
    if (in) {
      held.insert(ids_.seal(sale));
    } else {
      outside = ids_.seal(sale);
    }
  }
  EXPECT_NEAR(static_cast<double>(held.size()), 2250 * 0.15, 60);

  auto const path = "/v1/admin/holdout?market=" + std::string{kMarket};
  auto const next_day = [this](std::string const& at) {
    for (auto day = today_ - 100; day < today_; ++day) {
      if (at.starts_with(date(day))) return date(day + 1);
    }
    return at;
  };
  std::set<std::string> shown;
  std::string cursor;
  for (int pages = 0; pages < 20; ++pages) {
    auto const page = get(path + "&limit=100" + cursor, admin_);
    ASSERT_EQ(page.status, 200) << page.body;
    for (auto const& sale : page.data().GetArray()) {
      EXPECT_TRUE(shown.insert(field(sale, "sale_id")).second) << "shown twice";
      EXPECT_EQ(field(sale, "buyer_id"), buyer_.id);
      EXPECT_EQ(field(sale, "event"), "quote");
      EXPECT_EQ(field(sale, "convert_until").substr(0, 10), next_day(field(sale, "sold_at")));
      EXPECT_TRUE(json::find_member(sale, "exclusive")->IsFalse());
    }
    EXPECT_EQ(page.body.find("contact"), std::string::npos);
    if (page.text("next_cursor").empty()) break;
    cursor = "&cursor=" + page.text("next_cursor");
  }
  EXPECT_EQ(shown, held);
  EXPECT_EQ(get("/v1/admin/holdout?market=nowhere.us.usd", admin_).status, 422);
  EXPECT_EQ(get("/v1/admin/holdout", admin_).status, 422);

  auto const record = [&](std::string const& sale, std::string const& at) {
    return post("/v1/admin/holdout", admin_,
                R"({"sale_id":")" + sale + R"(","converted":true,"at":")" + at + R"("})");
  };
  auto const now = ago(std::chrono::seconds{0});
  auto const sale = *held.begin();
  EXPECT_EQ(record(outside, now).status, 422);
  EXPECT_EQ(record("sale_00000000000000000000000000", now).status, 422);
  EXPECT_EQ(record(sale, ago(std::chrono::hours{-2})).status, 422);
  EXPECT_EQ(record(sale, ago(std::chrono::hours{24 * 200})).status, 422);
  auto const recorded = record(sale, now);
  ASSERT_EQ(recorded.status, 201) << recorded.body;
  EXPECT_EQ(recorded.text("sale_id"), sale);
  EXPECT_EQ(recorded.text("at"), now);
  EXPECT_EQ(record(sale, now).status, 409);
  EXPECT_EQ(get(path + "&limit=500", admin_).data().Size(), held.size() - 1);
  EXPECT_EQ(get("/v1/admin/audit-log?action=holdout.recorded", admin_).data().Size(), 1U);
  sql_do(
      "alter table leadex.acquisition disable trigger acquisition_append_only; "
      "update leadex.acquisition set visit = true; "
      "alter table leadex.acquisition enable trigger acquisition_append_only");
  EXPECT_EQ(get(path + "&limit=500", admin_).data().Size(), 0U) << "visitors cannot be called";
  EXPECT_EQ(record(*held.rbegin(), now).status, 422);
  EXPECT_THROW(sql_do("update leadex.holdout_outcome set converted = false"), pqxx::sql_error);
  EXPECT_THROW(sql_do("delete from leadex.finding"), pqxx::sql_error);
}

}  // namespace
}  // namespace leadex::api
