// What staff do: markets, accounts, keys, approvals, deposits, books, payouts, audit log, jobs.

#include <pqxx/pqxx>

#include "tests/server/api/api_harness.hpp"

namespace leadex::api {
namespace {

class Staff : public ApiHarness {
 protected:
  std::string sql(std::string const& query) {
    pqxx::connection connection(database_.owner());
    pqxx::work tx(connection);
    return tx.exec1(query).at(0).as<std::string>();
  }
  /// Earnings come from a market; here they are put on the books as it would, for the one
  /// generator.
  void put_earnings(std::int64_t micros) {
    pqxx::connection connection(database_.owner());
    pqxx::work tx(connection);
    tx.exec_params(
        "insert into leadex.account select 0, 900, 4, tenant_no, 840, 0, 0, 0, $1::bigint, "
        "null::bigint, 0 "
        "from leadex.tenant where role = 'generator' union all select 0, 901, 0, 0, 840, 0, "
        "$1::bigint, 0, 0, null::bigint, 0",
        micros);
    tx.commit();
  }
  Reply deposit(std::string const& key, std::string const& account, std::string const& amount) {
    return post("/v1/admin/deposits", key,
                R"({"account_id":")" + account + R"(","amount":{"amount":")" + amount +
                    R"(","currency":"USD"},"reference":"Wire 1"})");
  }
};

TEST_F(Staff, OpenAMarketThatTradesAtOnce) {
  auto const created = post("/v1/admin/markets", admin_, market_json());
  ASSERT_EQ(created.status, 201) << created.body;
  EXPECT_EQ(created.header("Location"), "/v1/markets/auto-insurance.us.usd");
  EXPECT_EQ(created.text("status"), "open");
  EXPECT_EQ(created.number("version"), 1);
  EXPECT_EQ(created.number("return_window_s"), 604'800);

  auto const actor = markets_->find("auto-insurance.us.usd");
  ASSERT_NE(actor, nullptr);
  EXPECT_TRUE(actor->ready());
  ASSERT_NE(actor->settings(), nullptr);
  EXPECT_EQ(actor->settings()->commission_bp, 1500);

  auto const generator = open_account("generator");
  EXPECT_EQ(get("/v1/markets/auto-insurance.us.usd", generator.key).body, created.body);
  auto const listed = get("/v1/markets", generator.key);
  EXPECT_EQ(listed.data().Size(), 1U);
  EXPECT_EQ(get("/v1/markets/none.us.usd", generator.key).status, 404);
}

TEST_F(Staff, PublishAThousandCommitmentsWithTheMarket) {
  ASSERT_EQ(post("/v1/admin/markets", admin_, market_json()).status, 201);
  EXPECT_EQ(sql("select count(*) from leadex.commitment where status = 'open'"), "1000");
  EXPECT_EQ(sql("select count(distinct commitment) from leadex.commitment"), "1000");
  EXPECT_EQ(sql("select min(commitment_no) || '-' || max(commitment_no) from leadex.commitment"),
            "1-1000");
  auto const pinned = sql(
      "select encode(sha256(string_agg(commitment, ''::bytea order by commitment_no)), 'hex') from "
      "leadex.commitment");
  auto const log = get("/v1/admin/audit-log?market=auto-insurance.us.usd", admin_);
  ASSERT_EQ(log.data().Size(), 1U) << log.body;
  EXPECT_NE(log.body.find("first=1;last=1000;sha256=" + pinned), std::string::npos) << log.body;
}

TEST_F(Staff, RefuseASecondMarketOfOneIdAndFaultyOnes) {
  ASSERT_EQ(post("/v1/admin/markets", admin_, market_json()).status, 201);
  auto const twice = post("/v1/admin/markets", admin_, market_json());
  EXPECT_EQ(twice.status, 409);
  EXPECT_EQ(twice.text("code"), "conflict");
  auto const mismatch = post("/v1/admin/markets", admin_, market_json("auto.de.usd"));
  EXPECT_EQ(mismatch.status, 422);
  for (std::string const more :
       {R"(,"mode":"principal")", R"(,"realtime_check":"sometimes")", R"(,"realtime_check_bp":0)",
        R"(,"no_such":1)", R"(,"spot_check":{"method":"by_chance"})",
        R"(,"spot_check":{"acceptable_rate_bp":500,"rejectable_rate_bp":100})",
        R"(,"principal":{"buy_price":{"amount":"1","currency":"USD"}})", R"(,"contest_s":-1)"}) {
    auto const refused = post("/v1/admin/markets", admin_, market_json("other.us.usd", more));
    EXPECT_EQ(refused.status, 422) << more;
    EXPECT_EQ(refused.text("code"), "validation_failed") << more;
  }
  EXPECT_EQ(sql("select count(*) from leadex.market"), "1");
}

TEST_F(Staff, GiveAMarketANewVersion) {
  ASSERT_EQ(post("/v1/admin/markets", admin_, market_json()).status, 201);
  auto const path = std::string{"/v1/admin/markets/auto-insurance.us.usd"};
  auto const changed = patch(path, admin_, R"({"contest_s":5,"auction":{"max_shares":2}})");
  ASSERT_EQ(changed.status, 200) << changed.body;
  EXPECT_EQ(changed.number("version"), 2);
  EXPECT_EQ(changed.number("contest_s"), 5);
  EXPECT_NE(changed.body.find(R"("reserve":{"amount":"2.00","currency":"USD"})"),
            std::string::npos);
  auto const actor = markets_->find("auto-insurance.us.usd");
  EXPECT_EQ(actor->settings()->rules.version, 2);
  EXPECT_EQ(actor->settings()->rules.max_shares, 2);
  EXPECT_EQ(actor->settings(1)->rules.max_shares, 4);

  EXPECT_EQ(patch(path, admin_, R"({"contest_s":5})").number("version"), 2);  // nothing new
  EXPECT_EQ(patch(path, admin_, R"({"currency":"EUR"})").status, 422);
  EXPECT_EQ(patch(path, admin_, "{}").status, 422);
  EXPECT_EQ(patch("/v1/admin/markets/none.us.usd", admin_, R"({"contest_s":5})").status, 404);
}

TEST_F(Staff, NeedASecondPersonForTheCommission) {
  ASSERT_EQ(post("/v1/admin/markets", admin_, market_json()).status, 201);
  auto const path = std::string{"/v1/admin/markets/auto-insurance.us.usd"};
  auto const second = open_account("admin");
  auto const asked = patch(path, second.key, R"({"commission":{"rate_bp":1000}})");
  ASSERT_EQ(asked.status, 202) << asked.body;
  auto const stale = patch(path, second.key, R"({"commission":{"rate_bp":2000}})");
  ASSERT_EQ(stale.status, 202);
  EXPECT_EQ(get("/v1/markets/auto-insurance.us.usd", admin_).number("version"), 1);

  auto const approve = "/v1/admin/approvals/" + asked.text("approval_id") + "/approve";
  auto const own = post(approve, second.key);
  EXPECT_EQ(own.status, 403);
  EXPECT_EQ(own.text("code"), "four_eyes_required");
  auto const waiting = get("/v1/admin/approvals?status=waiting", admin_);
  EXPECT_EQ(waiting.data().Size(), 2U);

  auto const approved = post(approve, admin_);
  ASSERT_EQ(approved.status, 200) << approved.body;
  EXPECT_EQ(approved.text("status"), "approved");
  auto const actor = markets_->find("auto-insurance.us.usd");
  EXPECT_EQ(actor->settings()->commission_bp, 1000);
  EXPECT_EQ(post(approve, admin_).status, 409);

  // The other one was asked of version 1.
  auto const late = post("/v1/admin/approvals/" + stale.text("approval_id") + "/approve", admin_);
  EXPECT_EQ(late.status, 409);
  EXPECT_EQ(actor->settings()->commission_bp, 1000);
  auto const refused = post("/v1/admin/approvals/" + stale.text("approval_id") + "/refuse", admin_);
  EXPECT_EQ(refused.text("status"), "refused");
}

TEST_F(Staff, HaltAndResumeAMarket) {
  ASSERT_EQ(post("/v1/admin/markets", admin_, market_json()).status, 201);
  auto const path = std::string{"/v1/admin/markets/auto-insurance.us.usd"};
  EXPECT_EQ(post(path + "/halt", admin_).text("status"), "halted");
  EXPECT_EQ(post(path + "/halt", admin_).status, 200);
  EXPECT_EQ(post(path + "/resume", admin_).text("status"), "open");
  EXPECT_EQ(post("/v1/admin/markets/none.us.usd/halt", admin_).status, 404);
}

TEST_F(Staff, ShowAKeyOnceAndRevokeItBeforeTheAnswer) {
  auto const buyer = open_account("buyer");
  auto const keys = get("/v1/admin/accounts/" + buyer.id + "/api-keys", admin_);
  ASSERT_EQ(keys.data().Size(), 1U);
  EXPECT_EQ(keys.body.find(buyer.key), std::string::npos);
  auto const key_id = std::string{json::text_of(*json::find_member(keys.data()[0], "id"))};
  EXPECT_EQ(get("/v1/markets", buyer.key).status, 200);

  auto const stranger = open_account("buyer");
  Ask revoke{.method = "DELETE", .target = "/v1/api-keys/" + key_id, .key = stranger.key};
  EXPECT_EQ(call(revoke).status, 404);
  revoke.key = buyer.key;
  EXPECT_EQ(call(revoke).status, 204);
  EXPECT_EQ(get("/v1/markets", buyer.key).status, 401);
  auto const wide =
      post("/v1/admin/accounts/" + buyer.id + "/api-keys", admin_, R"({"scopes":["admin:money"]})");
  EXPECT_EQ(wide.status, 422) << wide.body;
}

TEST_F(Staff, NeverShowBankDetails) {
  std::string const iban = "DE89370400440532013000";
  auto const bank = R"({"iban":")" + iban + R"(","bic":"COBADEFFXXX","name":"N","town":"T"})";
  auto const made =
      post("/v1/admin/accounts", admin_, R"({"role":"generator","name":"G","bank":)" + bank + '}');
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(made.body.find(iban), std::string::npos);
  EXPECT_NE(made.body.find(R"("on_file":true)"), std::string::npos);
  auto const path = "/v1/admin/accounts/" + made.text("id");
  auto const other = R"({"bank":{"iban":"GB82WEST12345698765432","bic":"NWBKGB2L",)"
                     R"("name":"N","town":"T"}})";
  EXPECT_EQ(patch(path, admin_, other).status, 202);
  EXPECT_EQ(patch(path, admin_,
                  R"({"bank":{"iban":"GB00WEST12345698765432","bic":"NWBKGB2L","name":"N",)"
                  R"("town":"T"}})")
                .status,
            422);
  EXPECT_EQ(get(path, admin_).body.find(iban), std::string::npos);
}

TEST_F(Staff, BookDepositsAndKeepTheBooksAtZero) {
  auto const buyer = open_account("buyer");
  auto const booked = deposit(admin_, buyer.id, "250.50");
  ASSERT_EQ(booked.status, 201) << booked.body;
  EXPECT_EQ(booked.text("account_id"), buyer.id);
  auto const balance = get("/v1/admin/ledger/trial-balance?currency=USD", admin_);
  ASSERT_EQ(balance.status, 200) << balance.body;
  EXPECT_EQ(balance.text("sum"), "0");
  EXPECT_NE(balance.body.find(R"("code":"wallet","owner":")" + buyer.id + '"'), std::string::npos);
  EXPECT_NE(balance.body.find(R"("credits_posted":"250.50")"), std::string::npos);

  for (std::string const amount : {"0", "-1", "1.0000001", "1e3", "1,5", "9000000001"}) {
    EXPECT_EQ(deposit(admin_, buyer.id, amount).status, 422) << amount;
  }
  auto const generator = open_account("generator");
  EXPECT_EQ(deposit(admin_, generator.id, "1").status, 422);
  EXPECT_EQ(deposit(admin_, "acct_none", "1").status, 422);
  EXPECT_EQ(get("/v1/admin/ledger/trial-balance?currency=XXX", admin_).status, 422);
}

TEST_F(Staff, NeedASecondPersonForALargeDeposit) {
  auto const buyer = open_account("buyer");
  auto const second = open_account("admin");
  auto const asked = deposit(second.key, buyer.id, "10000.01");
  ASSERT_EQ(asked.status, 202) << asked.body;
  auto const approve = "/v1/admin/approvals/" + asked.text("approval_id") + "/approve";
  EXPECT_EQ(post(approve, second.key).status, 403);
  EXPECT_EQ(post(approve, admin_).status, 200);
  auto const balance = get("/v1/admin/ledger/trial-balance?currency=USD", admin_);
  EXPECT_NE(balance.body.find(R"("credits_posted":"10000.01")"), std::string::npos);
  EXPECT_EQ(deposit(second.key, buyer.id, "10000.00").status, 201);
}

TEST_F(Staff, DraftNoRunWithoutEarnings) {
  auto const run = post("/v1/admin/payout-runs", admin_, R"({"currency":"USD"})");
  EXPECT_EQ(run.status, 422);
  EXPECT_EQ(run.text("code"), "nothing_to_pay");
  EXPECT_EQ(get("/v1/admin/payout-runs", admin_).data().Size(), 0U);
  auto const unknown = ids_.seal(crypto::IdKind::payout_run, 0, 5);
  for (std::string const verb : {"approve", "export", "paid", "failed"}) {
    EXPECT_EQ(post("/v1/admin/payout-runs/" + unknown + '/' + verb, admin_).status, 404) << verb;
  }
  auto const generator = open_account("generator");
  EXPECT_EQ(get("/v1/payouts", generator.key).data().Size(), 0U);
}

TEST_F(Staff, PayWhatIsEarnedThroughFourEyes) {
  auto const bank = R"(,"bank":{"iban":"DE89370400440532013000","bic":"COBADEFFXXX","name":"N",)"
                    R"("town":"T"})";
  auto const generator = open_account("generator", bank);
  put_earnings(12'345'678);

  auto const second = open_account("admin");
  auto const run = post("/v1/admin/payout-runs", second.key, R"({"currency":"USD"})");
  ASSERT_EQ(run.status, 201) << run.body;
  EXPECT_EQ(run.text("status"), "draft");
  EXPECT_NE(run.body.find(R"("amount":"12.34")"), std::string::npos) << run.body;
  auto const path = "/v1/admin/payout-runs/" + run.text("id");
  EXPECT_EQ(run.header("Location"), path);
  EXPECT_EQ(post(path + "/export?format=csv", admin_).status, 409);
  EXPECT_EQ(post(path + "/approve", second.key).text("code"), "four_eyes_required");
  EXPECT_EQ(post(path + "/approve", admin_).text("status"), "approved");
  auto const file = post(path + "/export?format=csv", admin_);
  EXPECT_EQ(file.status, 200);
  EXPECT_NE(file.body.find("DE89370400440532013000"), std::string::npos);
  EXPECT_EQ(post(path + "/export?format=pain.001", admin_).status, 422);
  EXPECT_EQ(post(path + "/paid", admin_).text("status"), "paid");
  EXPECT_EQ(post(path + "/failed", admin_).status, 409);
  auto const own = get("/v1/payouts", generator.key);
  ASSERT_EQ(own.data().Size(), 1U);
  EXPECT_NE(own.body.find(R"("status":"paid")"), std::string::npos) << own.body;
  EXPECT_EQ(get("/v1/payouts", open_account("generator").key).data().Size(), 0U);
}

TEST_F(Staff, TakeAFailedPayoutBackAndPayAgain) {
  auto const generator = open_account("generator");
  auto const account = "/v1/admin/accounts/" + generator.id;
  auto const first_details =
      patch(account, admin_,
            R"({"bank":{"iban":"DE89370400440532013000","bic":"COBADEFFXXX",)"
            R"("name":"N","town":"T"}})");
  ASSERT_EQ(first_details.status, 200) << first_details.body;
  put_earnings(12'340'000);
  auto const second = open_account("admin");
  for (int round = 0; round < 2; ++round) {
    auto const run = post("/v1/admin/payout-runs", second.key, R"({"currency":"USD"})");
    ASSERT_EQ(run.status, 201) << run.body;
    EXPECT_NE(run.body.find(R"("amount":"12.34")"), std::string::npos) << run.body;
    auto const path = "/v1/admin/payout-runs/" + run.text("id");
    ASSERT_EQ(post(path + "/approve", admin_).status, 200);
    ASSERT_EQ(post(path + "/export?format=csv", admin_).status, 200);
    EXPECT_EQ(get(path, admin_).text("status"), "exported");
    auto const failed = post(path + "/failed", admin_);
    ASSERT_EQ(failed.status, 200) << failed.body;
    EXPECT_EQ(failed.text("status"), "failed");
  }
}

TEST_F(Staff, NeedASecondPersonForAThirdAdminAndItsKey) {
  auto const second = open_account("admin");
  std::string const third = R"({"role":"admin","name":"Third"})";
  auto const asked = post("/v1/admin/accounts", second.key, third);
  ASSERT_EQ(asked.status, 202) << asked.body;
  EXPECT_FALSE(asked.text("approval_id").empty());
  auto const key = post("/v1/admin/accounts/" + second.id + "/api-keys", second.key);
  ASSERT_EQ(key.status, 202) << key.body;
  EXPECT_EQ(get("/v1/markets", key.text("key")).status, 401) << "no key before the second person";
}

TEST_F(Staff, ReadTheAuditLog) {
  auto const buyer = open_account("buyer");
  auto const log = get("/v1/admin/audit-log?account_id=" + buyer.id, admin_);
  ASSERT_EQ(log.status, 200) << log.body;
  EXPECT_EQ(log.data().Size(), 2U);  // account and key
  EXPECT_NE(log.body.find(R"("object_id":")" + buyer.id + '"'), std::string::npos);
  EXPECT_EQ(get("/v1/admin/audit-log?action=account.created", admin_).data().Size(), 1U);
  EXPECT_EQ(get("/v1/admin/audit-log?account_id=acct_none", admin_).data().Size(), 0U);
  EXPECT_EQ(get("/v1/admin/audit-log?market=none.us.usd", admin_).status, 422);
}

TEST_F(Staff, RunJobsNow) {
  ASSERT_EQ(post("/v1/admin/markets", admin_, market_json()).status, 201);
  for (std::string const name : {"settlement", "release_holdback", "listing_expiry",
                                 "delivery_deadline", "retention", "payout_match"}) {
    auto const ran = post("/v1/admin/jobs/" + name + "/run", admin_);
    EXPECT_EQ(ran.status, 200) << ran.body;
    EXPECT_EQ(ran.text("job"), name);
    EXPECT_EQ(ran.find("waiting")->Size(), 0U);
  }
  EXPECT_EQ(post("/v1/admin/jobs/no_such/run", admin_).status, 404);
}

}  // namespace
}  // namespace leadex::api
