#pragma once
// IntakeApi: ApiHarness with a market, two generators and a verifier, and the operations of uploads
// and lots. For one test program; its names are those of the tests.

#include <thread>

#include "server/api/v1/intake_services.hpp"
#include "server/json/time_text.hpp"
#include "server/storage/postgres/lot_store.hpp"
#include "tests/server/api/api_harness.hpp"

namespace leadex::api::intake_tests {

inline constexpr char const* kMarket = "auto-insurance.us.usd";
inline constexpr char const* kHeader =
    "external_id,first_name,last_name,email,captured_at,consent_at,consent_text,vehicle,"
    "source_reason,state,age\r\n";

inline std::string row(int n, std::string const& state = "CA") {
  using namespace std::chrono;
  auto const at = json::format_timestamp(time_point_cast<Micros>(system_clock::now()) - hours{1});
  auto const no = std::to_string(n);
  return "=x" + no + ",Ann,Lee,ann" + no + "@person.example.com," + at + ',' + at +
         ",I agree,web_form,search," + state + ",40\r\n";
}

class IntakeApi : public ApiHarness {
 protected:
  IntakeApi() {
    context_.intake = &services_;
    register_intake(router_, context_);
  }

  void SetUp() override {
    ApiHarness::SetUp();
    ASSERT_EQ(post("/v1/admin/markets", admin_, market_json(kMarket)).status, 201);
    generator_ = open_account("generator");
    other_ = open_account("generator");
    verifier_ = open_account("verifier");
  }
  void TearDown() override {
    services_.stop();
    ApiHarness::TearDown();
  }

  Reply upload(std::string body, std::string const& idempotency_key, std::string const& more = {},
               http::Headers headers = {}) {
    headers.add("content-type", "text/csv");
    return call({.method = "POST",
                 .target = "/v1/batches?market=" + std::string{kMarket} + more,
                 .key = generator_.key,
                 .body = std::move(body),
                 .idempotency_key = idempotency_key,
                 .headers = std::move(headers)});
  }
  static std::string file(int first, int count) {
    std::string text = kHeader;
    for (int n = first; n < first + count; ++n) text += row(n);
    return text;
  }
  /// Gives verdicts until the lot is decided, or nothing is left to judge for now: further checks
  /// are opened behind the answers.
  void judge(std::string const& batch, std::string const& verdict) {
    constexpr int kLooks = 20;
    for (int looks = 0;;) {
      auto const queue = get("/v1/admin/spot-checks?status=open&batch_id=" + batch, verifier_.key);
      ASSERT_EQ(queue.status, 200) << queue.body;
      if (queue.data().Empty()) {
        if (++looks == kLooks) return;
        auto const lot = get("/v1/batches/" + batch + "/spot-check", admin_);
        if (lot.text("verdict") != "pending" || lot.find("needs_admin")->GetBool()) return;
        std::this_thread::sleep_for(std::chrono::milliseconds{50});
        continue;
      }
      looks = 0;
      auto const check =
          std::string{json::text_of(*json::find_member(queue.data()[0], "check_id"))};
      auto const claimed = post("/v1/admin/spot-checks/" + check + "/claim", verifier_.key);
      ASSERT_EQ(claimed.status, 200) << claimed.body;
      EXPECT_NE(claimed.body.find("@person.example.com"), std::string::npos);
      auto const done = post("/v1/admin/spot-checks/" + check + "/verdict", verifier_.key,
                             R"({"verdict":")" + verdict + R"(","reason":"confirmed"})");
      ASSERT_EQ(done.status, 200) << done.body;
    }
  }
  std::string wait_for_end(std::string const& batch) {
    for (int i = 0; i < 600; ++i) {
      auto const status = get("/v1/batches/" + batch, generator_.key).text("status");
      if (status != "checking") return status;
      std::this_thread::sleep_for(std::chrono::milliseconds{50});
    }
    return "checking";
  }

  Account generator_;
  Account other_;
  Account verifier_;
  std::chrono::hours ahead_{};  // of the clock that checks go by

 private:
  storage::postgres::PostgresLotStore store_{sql_, ring_,
                                             [this] { return context_.now() + ahead_; }};
  IntakeServices services_{{store_, numbers_, ring_, *markets_}, {}, {}, context_.now};
};

}  // namespace leadex::api::intake_tests
