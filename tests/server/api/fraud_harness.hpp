#pragma once
// FraudHarness: the trade with uploads and cases about sources, watched for planted contacts and
// for signs of posted leads.

#include "server/api/v1/fraud_services.hpp"
#include "server/api/v1/intake_services.hpp"
#include "server/storage/postgres/lot_store.hpp"
#include "tests/server/api/trade_harness.hpp"

namespace leadex::api {

class FraudHarness : public TradeHarness {
 protected:
  FraudHarness() {
    context_.intake = &intake_;
    intake_.watch(fraud_);
    register_intake(router_, context_);
  }
  void SetUp() override {
    TradeHarness::SetUp();
    rival_ = open_account("generator");
    deposit(buyer_, "1000.00");
    campaign_ = campaign(buyer_, "5.00", "900.00");
  }
  void TearDown() override {
    intake_.stop();
    TradeHarness::TearDown();
  }

  Reply cases(std::string const& query = {}) {
    return get("/v1/admin/fraud-cases" + (query.empty() ? "" : '?' + query), admin_);
  }
  Reply plant(std::string const& fields) {
    return post("/v1/admin/planted-contacts", admin_, '{' + fields + '}');
  }
  /// @return cases opened
  std::int64_t judge() {
    auto const run = post("/v1/admin/jobs/fraud/run", admin_);
    EXPECT_EQ(run.status, 200) << run.body;
    return run.number("items");
  }
  /// A lot of one row each person.
  Reply upload(Account const& by, std::vector<std::string> const& people) {
    std::string body =
        "first_name,last_name,email,captured_at,consent_at,consent_text,vehicle,source_reason,"
        "state,age\r\n";
    for (auto const& person : people) {
      auto const at = ago(std::chrono::hours{2});
      body += "Ann,Lee," + person + "@example.org," + at + ',' + at +
              ",I agree,web_form,search,CA,40\r\n";
    }
    http::Headers headers;
    headers.add("content-type", "text/csv");
    auto taken = call({.method = "POST",
                       .target = "/v1/batches?market=" + std::string{kMarket},
                       .key = by.key,
                       .body = std::move(body),
                       .idempotency_key = "lot-" + std::to_string(++uploads_),
                       .headers = std::move(headers)});
    EXPECT_EQ(taken.status, 202) << taken.body;
    return taken;
  }

  Account rival_;
  std::string campaign_;
  storage::postgres::PostgresLotStore lots_{sql_, ring_};
  IntakeServices intake_{{lots_, numbers_, ring_, *markets_}, {}, {}, context_.now};
  FraudServices fraud_{platform_};

 private:
  int uploads_ = 0;
};

}  // namespace leadex::api
