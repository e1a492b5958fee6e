#pragma once
// RealtimeChecksApi: a market whose posted leads are all checked, its verifier, and short ways to
// judge and to have the verdicts acted on.

#include <set>
#include <string>

#include "server/api/staff_idempotency.hpp"
#include "server/api/v1/intake_services.hpp"
#include "server/app/realtime_checks.hpp"
#include "server/app/realtime_credits.hpp"
#include "server/crypto/hash.hpp"
#include "server/storage/postgres/lot_store.hpp"
#include "tests/server/api/trade_harness.hpp"

namespace leadex::api {

inline Timestamp clock_now() {
  return std::chrono::time_point_cast<Micros>(std::chrono::system_clock::now());
}

class RealtimeChecksApi : public TradeHarness {
 protected:
  RealtimeChecksApi() {
    context_.now = [this] { return clock_now() + shift_; };
    context_.intake = &intake_;
    register_intake(router_, context_);
  }
  [[nodiscard]] virtual std::string mode() const { return "after_sale"; }
  [[nodiscard]] virtual std::string rate() const { return "10000"; }
  [[nodiscard]] virtual std::string spot_check() const { return {}; }
  [[nodiscard]] std::string market_more() const override {
    return R"(,"realtime_check":")" + mode() + R"(","realtime_check_bp":)" + rate() + spot_check();
  }
  void SetUp() override {
    TradeHarness::SetUp();
    verifier_ = open_account("verifier");
    ASSERT_EQ(await(app::commit_realtime_days({past_, numbers_, ring_, *markets_})), 2);
  }
  void TearDown() override {
    intake_.stop();
    TradeHarness::TearDown();
  }

  std::int64_t open_checks() { return await(checks_.open()); }
  std::int64_t release() { return await(checks_.release()); }
  /// What became of verdicts, then of the money. @return verdicts acted on
  std::int64_t apply() {
    auto const applied = await(app::apply_realtime_verdicts(intake_.lots));
    credit();
    return applied;
  }
  std::int64_t credit() {
    return await(app::credit_bad_leads({intake_.lots, platform_, app_tools(context_)}));
  }
  Reply queue(Account const& verifier) {
    return get("/v1/admin/spot-checks?status=open", verifier.key);
  }
  Reply claim(std::string const& check, Account const& verifier) {
    return post("/v1/admin/spot-checks/" + check + "/claim", verifier.key);
  }
  Reply judge(std::string const& check, Account const& verifier, std::string const& verdict,
              std::string const& reason) {
    EXPECT_EQ(claim(check, verifier).status, 200);
    return post("/v1/admin/spot-checks/" + check + "/verdict", verifier.key,
                R"({"verdict":")" + verdict + R"(","reason":")" + reason + "\"}");
  }
  /// Opens the one check that waits and judges it.
  Reply judge_next(std::string const& verdict, std::string const& reason) {
    open_checks();
    auto const waiting = queue(verifier_);
    EXPECT_GE(waiting.data().Size(), 1U) << waiting.body;
    return judge(field(waiting.data()[0], "check_id"), verifier_, verdict, reason);
  }
  static std::string path(std::string const& rest) {
    return "/v1/markets/" + std::string{kMarket} + rest;
  }
  static std::string today() { return app::day_text(app::day_of(clock_now())); }
  std::string checks_of(std::string const& day) { return path("/realtime-checks?day=" + day); }
  /// The day as the list of days has it.
  Reply days(std::string const& key) { return get(path("/realtime-days"), key); }
  static json::Value const* day_in(Reply const& days, std::string const& day) {
    for (auto const& one : days.data().GetArray()) {
      if (field(one, "day") == day) return &one;
    }
    return nullptr;
  }

  std::chrono::hours shift_{0};
  Account verifier_;
  storage::postgres::PostgresLotStore store_{sql_, ring_};
  /// As of a time at which today was to come.
  storage::postgres::PostgresLotStore past_{sql_, ring_,
                                            [] { return clock_now() - std::chrono::hours{36}; }};
  IntakeServices intake_{{store_, numbers_, ring_, *markets_}, {}, {}, context_.now};
  app::RealtimeChecks checks_{intake_.lots, ids_, persons_of(ring_)};
};

}  // namespace leadex::api
