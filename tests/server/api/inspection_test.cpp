// Sequential plans, standing of sources, curves and agreement through the API's operations.

#include <pqxx/pqxx>

#include "server/api/v1/intake_services.hpp"
#include "server/json/time_text.hpp"
#include "server/storage/postgres/lot_store.hpp"
#include "tests/server/api/api_harness.hpp"

namespace leadex::api {
namespace {

constexpr char const* kMarket = "auto-insurance.us.usd";
constexpr char const* kSequential =
    R"(,"spot_check":{"method":"sequential","second_opinion_bp":10000})";

class InspectionApi : public ApiHarness {
 protected:
  InspectionApi() {
    context_.intake = &services_;
    register_intake(router_, context_);
  }
  void SetUp() override {
    ApiHarness::SetUp();
    auto const market = post("/v1/admin/markets", admin_, market_json(kMarket, kSequential));
    ASSERT_EQ(market.status, 201) << market.body;
    generator_ = open_account("generator");
    other_ = open_account("generator");
    verifier_ = open_account("verifier");
  }
  void TearDown() override {
    services_.stop();
    ApiHarness::TearDown();
  }

  static std::string text_of(int first, int count) {
    using namespace std::chrono;
    auto const at = json::format_timestamp(time_point_cast<Micros>(system_clock::now()) - hours{1});
    std::string text =
        "external_id,first_name,last_name,email,captured_at,consent_at,consent_text,vehicle,"
        "source_reason,state,age\r\n";
    for (int n = first; n < first + count; ++n) {
      auto const no = std::to_string(n);
      text += "=x" + no + ",Ann,Lee,ann" + no + "@person.example.com," + at + ',' + at +
              ",I agree,web_form,search,CA,40\r\n";
    }
    return text;
  }
  Reply upload(Account const& by, int first, int count) {
    return upload(by, text_of(first, count));
  }
  Reply upload(Account const& by, std::string text) {
    http::Headers headers;
    headers.add("content-type", "text/csv");
    return call({.method = "POST",
                 .target = "/v1/batches?market=" + std::string{kMarket},
                 .key = by.key,
                 .body = std::move(text),
                 .idempotency_key = "upload-" + std::to_string(++uploads_),
                 .headers = std::move(headers)});
  }
  /// Puts the first generator where it is to stand.
  void stand(int mode) {
    auto const id = context_.ids.open_as<AccountId>(generator_.id);
    pqxx::connection owner{database_.owner()};
    pqxx::work work{owner};
    work.exec_params(
        "insert into leadex.inspection select market_id, $1, $2, 0, 0, 0, 0, 0, 3, 2, 1, 400, 2, "
        "now() from leadex.market where name = $3",
        id->no, mode, kMarket);
    work.commit();
  }
  Reply first_check(std::string const& batch, std::string const& key) {
    return get("/v1/admin/spot-checks?status=open&batch_id=" + batch, key);
  }
  static std::string path(std::string const& rest) {
    return "/v1/markets/" + std::string{kMarket} + rest;
  }
  static std::string staff_path(std::string const& rest) {
    return "/v1/admin/markets/" + std::string{kMarket} + rest;
  }

  Account generator_;
  Account other_;
  Account verifier_;

 private:
  int uploads_{};
  storage::postgres::PostgresLotStore store_{sql_, ring_};
  IntakeServices services_{{store_, numbers_, ring_, *markets_}, {}, {}, context_.now};
};

TEST_F(InspectionApi, AMarketSaysHowItsLotsAreChecked) {
  auto const market = get(path(""), generator_.key);
  auto const& rules = *market.find("spot_check");
  EXPECT_EQ(json::text_of(*json::find_member(rules, "method")), "sequential");
  EXPECT_EQ(json::find_member(rules, "second_opinion_bp")->GetInt64(), 10'000);
  auto const refused = post("/v1/admin/markets", admin_,
                            market_json("other.us.usd", R"(,"spot_check":{"method":"none"})"));
  EXPECT_EQ(refused.status, 422);
}

TEST_F(InspectionApi, BoundsArePublishedAndTheSampleIsNot) {
  auto const taken = upload(generator_, 1, 120);
  ASSERT_EQ(taken.status, 202) << taken.body;
  auto const place = "/v1/batches/" + taken.text("id") + "/spot-check";
  auto const seen = get(place, generator_.key);
  EXPECT_EQ(seen.text("method"), "sequential");
  EXPECT_EQ(seen.text("mode"), "normal");
  auto const checks_max = seen.number("checks_max");
  ASSERT_GT(checks_max, 0) << seen.body;
  EXPECT_EQ(seen.find("accept_at")->Size(), static_cast<unsigned>(checks_max) + 1);
  EXPECT_EQ(seen.find("reject_at")->Size(), static_cast<unsigned>(checks_max) + 1);
  EXPECT_EQ((*seen.find("accept_at"))[0].GetInt(), -1);
  EXPECT_TRUE(seen.find("sample")->IsNull());
  EXPECT_TRUE(seen.find("secret")->IsNull());
  EXPECT_EQ(get(place, admin_).find("sample")->Size(), 16U) << "staff see what is open by now";
}

TEST_F(InspectionApi, AStoppedSourceIsRefusedUntilItIsLifted) {
  auto const lift = "/v1/admin/accounts/" + generator_.id + "/lift";
  std::string const here = R"({"market":")" + std::string{kMarket} + R"("})";
  EXPECT_EQ(post(lift, admin_, here).status, 404) << "it had no lot here";
  EXPECT_EQ(post(lift, admin_, R"({"market":"none.us.usd"})").status, 422);
  stand(4);
  auto const refused = upload(generator_, 1, 30);
  EXPECT_EQ(refused.status, 409) << refused.body;
  EXPECT_EQ(refused.text("code"), "source_stopped");
  EXPECT_EQ(upload(other_, 1, 30).status, 202);
  auto const own = get(path("/inspection"), generator_.key);
  EXPECT_EQ(own.text("mode"), "stopped") << own.body;
  EXPECT_EQ(own.text("grade"), "B");
  EXPECT_EQ(own.number("checked"), 400);
  EXPECT_EQ(post(lift, generator_.key, here).status, 403);
  EXPECT_EQ(post("/v1/admin/accounts/acct_none/lift", admin_, here).status, 404);
  auto const lifted = post(lift, admin_, here);
  ASSERT_EQ(lifted.status, 200) << lifted.body;
  EXPECT_EQ(lifted.text("mode"), "tightened");
  EXPECT_EQ(post(lift, admin_, here).status, 409) << "it is not stopped any more";
  auto const again = upload(generator_, 101, 30);
  ASSERT_EQ(again.status, 202) << again.body;
  auto const check = get("/v1/batches/" + again.text("id") + "/spot-check", generator_.key);
  EXPECT_EQ(check.text("mode"), "tightened");
  auto const audit =
      get("/v1/admin/audit-log?action=source.mode&market=" + std::string{kMarket}, admin_);
  ASSERT_EQ(audit.data().Size(), 1U) << audit.body;
  EXPECT_EQ(json::text_of(*json::find_member(audit.data()[0], "object_id")), generator_.id);
}

TEST_F(InspectionApi, WhatBecameOfAnothersFileIsNotTold) {
  auto const text = text_of(1, 40);
  auto const refused_before = [this](std::string const& batch, std::string const& key) {
    return get("/v1/batches/" + batch + "/spot-check", key).find("file_refused_before")->GetBool();
  };
  auto const first = upload(generator_, text).text("id");
  EXPECT_FALSE(refused_before(first, generator_.key));
  ASSERT_EQ(post("/v1/batches/" + first + "/withdraw", generator_.key).status, 200);
  EXPECT_FALSE(refused_before(first, generator_.key)) << "it was the first";
  auto const again = upload(generator_, text).text("id");
  EXPECT_TRUE(refused_before(again, generator_.key));
  EXPECT_TRUE(refused_before(again, admin_));
  ASSERT_EQ(post("/v1/batches/" + again + "/withdraw", generator_.key).status, 200);
  auto const others = upload(other_, text).text("id");
  EXPECT_FALSE(refused_before(others, other_.key));
  EXPECT_TRUE(refused_before(others, admin_));
}

TEST_F(InspectionApi, StandingIsForItsSourceAndStaff) {
  stand(1);
  EXPECT_EQ(get(path("/inspection"), generator_.key).text("mode"), "tightened");
  auto const other = get(path("/inspection"), other_.key);
  EXPECT_EQ(other.text("mode"), "normal");
  EXPECT_TRUE(other.find("grade")->IsNull());
  EXPECT_TRUE(other.find("since")->IsNull());
  EXPECT_EQ(get(path("/inspection"), verifier_.key).status, 403);
  EXPECT_EQ(get("/v1/markets/none.us.usd/inspection", generator_.key).status, 404);
  EXPECT_EQ(get(staff_path("/inspections"), generator_.key).status, 403);
  auto const all = get(staff_path("/inspections"), admin_);
  ASSERT_EQ(all.status, 200) << all.body;
  ASSERT_EQ(all.data().Size(), 1U) << "of sources that had lots";
  EXPECT_EQ(json::text_of(*json::find_member(all.data()[0], "account_id")), generator_.id);
}

TEST_F(InspectionApi, TheCurveKeepsTheRisksOfEachMode) {
  auto const curve = get(path("/spot-check/curve?lot_size=1000"), other_.key);
  ASSERT_EQ(curve.status, 200) << curve.body;
  auto const& modes = *curve.find("modes");
  ASSERT_EQ(modes.Size(), 3U);
  std::array<std::int64_t, 3> const buyer_ppm{100'000, 50'000, 200'000};
  for (unsigned i = 0; i < modes.Size(); ++i) {
    std::int64_t before = 1'000'000;
    for (auto const& point : json::find_member(modes[i], "points")->GetArray()) {
      auto const rate = json::find_member(point, "bad_rate_bp")->GetInt64();
      auto const accept = json::find_member(point, "accept_ppm")->GetInt64();
      EXPECT_LE(accept, before);
      before = accept;
      if (rate <= 100) EXPECT_GE(accept, 950'000);
      if (rate >= 500) EXPECT_LE(accept, buyer_ppm.at(i));
    }
  }
  // The same again is kept; what cannot be computed is told.
  EXPECT_EQ(get(path("/spot-check/curve?lot_size=1000"), other_.key).body, curve.body);
  EXPECT_EQ(get(path("/spot-check/curve?lot_size=0"), other_.key).status, 422);
  EXPECT_EQ(get(path("/spot-check/curve"), other_.key).status, 422);
}

TEST(CurveDesk, EachAccountHasATurnAndTheOldestCurveGivesWay) {
  CurveDesk desk;
  {
    CurveDesk::Turn const first{desk, 1};
    CurveDesk::Turn const again{desk, 1};
    CurveDesk::Turn const other{desk, 2};
    EXPECT_TRUE(first.held());
    EXPECT_FALSE(again.held());
    EXPECT_TRUE(other.held());
  }
  EXPECT_TRUE((CurveDesk::Turn{desk, 1}.held()));
  auto const key = [](std::size_t lot_size) {
    return CurveDesk::key_of({}, quality::PlanMethod::fixed, static_cast<std::int64_t>(lot_size));
  };
  auto const curve = std::make_shared<std::optional<std::vector<app::ModeCurve>> const>();
  for (std::size_t i = 0; i <= CurveDesk::kKept; ++i) desk.keep(key(i), curve);
  EXPECT_EQ(desk.find(key(0)), nullptr);
  EXPECT_EQ(desk.find(key(1)), curve);
  EXPECT_EQ(desk.find(key(CurveDesk::kKept)), curve);
}

TEST_F(InspectionApi, AgreementCountsWhatTwoJudgedApart) {
  auto const none = get(staff_path("/agreement"), admin_);
  ASSERT_EQ(none.status, 200) << none.body;
  EXPECT_EQ(none.number("rows"), 0);
  EXPECT_TRUE(none.find("kappa_ppm")->IsNull());
  auto const second = open_account("verifier");
  auto const batch = upload(generator_, 1, 60).text("id");
  auto const queue = first_check(batch, verifier_.key);
  ASSERT_GT(queue.data().Size(), 1U);
  auto const check = std::string{json::text_of(*json::find_member(queue.data()[0], "check_id"))};
  auto const place = "/v1/admin/spot-checks/" + check;
  auto const judge = [&](std::string const& key, std::string const& verdict) {
    EXPECT_EQ(post(place + "/claim", key).status, 200);
    return post(place + "/verdict", key,
                R"({"verdict":")" + verdict + R"(","reason":"confirmed"})");
  };
  auto const first = judge(verifier_.key, "good");
  EXPECT_EQ(first.text("status"), "open") << first.body;
  EXPECT_TRUE(first.find("verdict")->IsNull());
  EXPECT_EQ(first_check(batch, verifier_.key).data().Size(), queue.data().Size() - 1);
  EXPECT_EQ(first_check(batch, second.key).data().Size(), queue.data().Size());
  EXPECT_EQ(first_check(batch, admin_).data().Size(), queue.data().Size()) << "staff see all";
  EXPECT_EQ(post(place + "/claim", verifier_.key).status, 409);
  EXPECT_EQ(judge(second.key, "good").text("status"), "done");
  auto const done = "/v1/admin/spot-checks?status=done&batch_id=" + batch;
  EXPECT_EQ(get(done, second.key).data().Size(), 1U);
  EXPECT_EQ(get(done, verifier_.key).data().Size(), 0U) << "what another said is nobody's";
  EXPECT_EQ(get(done, admin_).data().Size(), 1U);
  auto const told = get(staff_path("/agreement"), admin_);
  EXPECT_EQ(told.number("rows"), 1) << told.body;
  EXPECT_EQ(told.number("agreed"), 1);
  EXPECT_EQ(get(staff_path("/agreement"), verifier_.key).status, 403);
}

}  // namespace
}  // namespace leadex::api
