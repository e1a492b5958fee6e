// What stands in front of every handler: key, rates, rights, parameters, Idempotency-Key, body.

#include "tests/server/api/api_harness.hpp"

namespace leadex::api {
namespace {

class Guard : public ApiHarness {};

std::string const kDeposit = R"({"account_id":"acct_x","amount":{"amount":"1","currency":"USD"},)"
                             R"("reference":"r"})";

TEST_F(Guard, AnswersHealthAndTheContractWithoutAKey) {
  EXPECT_EQ(get("/livez", "").text("status"), "ok");
  auto const ready = get("/readyz", "");
  EXPECT_EQ(ready.status, 200);
  EXPECT_EQ(ready.text("database"), "ok");
  auto const contract = get("/openapi.json", "");
  EXPECT_EQ(contract.text("openapi"), "3.0.3");
  context_.draining = [] { return true; };
  auto const draining = get("/readyz", "");
  EXPECT_EQ(draining.status, 503);
  EXPECT_EQ(draining.text("status"), "draining");
}

TEST_F(Guard, AnswersEveryKeyThatDoesNotWorkAlike) {
  auto const none = get("/v1/markets", "");
  auto const wrong = get("/v1/markets", "lxk_dev_" + std::string(40, 'a'));
  auto const foreign = call({.method = "GET",
                             .target = "/v1/markets",
                             .key = admin_,
                             .headers = {{"authorization", "Bearer " + admin_}}});
  for (auto const* const reply : {&none, &wrong, &foreign}) {
    EXPECT_EQ(reply->status, 401);
    EXPECT_EQ(reply->text("code"), "unauthorized");
    EXPECT_EQ(reply->body, none.body);
    EXPECT_EQ(reply->header("WWW-Authenticate"), "Bearer realm=\"leadex\"");
  }
}

TEST_F(Guard, LetsEachRoleDoItsOwnWorkOnly) {
  auto const buyer = open_account("buyer");
  EXPECT_EQ(get("/v1/markets", buyer.key).status, 200);
  auto const refused = get("/v1/admin/accounts", buyer.key);
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(refused.text("code"), "forbidden");
  auto const auditor = open_account("auditor");
  EXPECT_EQ(get("/v1/admin/accounts", auditor.key).status, 200);
  EXPECT_EQ(post("/v1/admin/markets", auditor.key, market_json()).status, 403);
}

TEST_F(Guard, HoldsAKeyToItsScopes) {
  auto const buyer = open_account("buyer");
  auto const narrow = post("/v1/admin/accounts/" + buyer.id + "/api-keys", admin_,
                           R"({"scopes":["markets:read"]})");
  ASSERT_EQ(narrow.status, 201);
  auto const refused = get("/v1/webhook-endpoints", narrow.text("key"));
  EXPECT_EQ(refused.status, 404);  // not among the routes of this test
  EXPECT_EQ(get("/v1/markets", narrow.text("key")).status, 200);
  auto const revoke = call({.method = "DELETE",
                            .target = "/v1/api-keys/" + narrow.text("id"),
                            .key = narrow.text("key")});
  EXPECT_EQ(revoke.status, 403);
  EXPECT_EQ(revoke.text("code"), "scope_missing");
}

TEST_F(Guard, KeepsTestKeysToDryRuns) {
  auto const made = post("/v1/admin/accounts", admin_, R"({"role":"buyer","name":"T"})");
  auto const key =
      post("/v1/admin/accounts/" + made.text("id") + "/api-keys", admin_, R"({"kind":"test"})");
  ASSERT_EQ(key.status, 201);
  EXPECT_EQ(get("/v1/markets", key.text("key")).status, 200);
  auto const refused = call(
      {.method = "DELETE", .target = "/v1/api-keys/" + key.text("id"), .key = key.text("key")});
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(refused.text("code"), "test_key_not_allowed");
}

TEST_F(Guard, NamesFaultsOfParameters) {
  for (std::string const query : {"limit=0", "limit=501", "limit=x", "limit=1&limit=1", "x=1"}) {
    auto const reply = get("/v1/admin/accounts?" + query, admin_);
    EXPECT_EQ(reply.status, 422) << query;
    EXPECT_EQ(reply.text("code"), "validation_failed");
    ASSERT_NE(reply.find("errors"), nullptr);
    EXPECT_EQ(reply.find("errors")->Size(), 1U);
  }
}

TEST_F(Guard, AnswersForeignForgedAndUnknownIdsAlike) {
  auto const buyer = open_account("buyer");
  auto other = buyer.id;
  other.back() = other.back() == 'A' ? 'B' : 'A';
  auto const unknown = ids_.seal(crypto::IdKind::account, 0, 999);
  auto const wrong_kind = ids_.seal(crypto::IdKind::payout, 0, 1);
  auto const in_market = ids_.seal(crypto::IdKind::account, 4, 1);
  auto const first = get("/v1/admin/accounts/" + unknown, admin_);
  EXPECT_EQ(first.status, 404);
  EXPECT_EQ(first.text("code"), "not_found");
  for (std::string const& id :
       {other, wrong_kind, in_market, std::string{"x"}, std::string(150, 'a')}) {
    auto const reply = get("/v1/admin/accounts/" + id, admin_);
    EXPECT_EQ(reply.status, 404) << id;
    EXPECT_EQ(reply.body, first.body) << id;
  }
  EXPECT_EQ(get("/v1/admin/accounts/" + buyer.id, admin_).status, 200);
}

TEST_F(Guard, AsksForAnIdempotencyKeyWhereMoneyMoves) {
  Ask ask{.method = "POST", .target = "/v1/admin/deposits", .key = admin_, .body = kDeposit};
  auto const missing = call(ask);
  EXPECT_EQ(missing.status, 400);
  EXPECT_EQ(missing.text("code"), "idempotency_key_missing");
  std::string const too_long(256, 'k');
  for (std::string const& key : {too_long, std::string{"a\x01"}, std::string{"\"open"},
                                 std::string{"\"\""}, std::string{"\"a\"b"}}) {
    ask.idempotency_key = key;
    auto const invalid = call(ask);
    EXPECT_EQ(invalid.status, 400) << key;
    EXPECT_EQ(invalid.text("code"), "idempotency_key_invalid");
  }
  ask.idempotency_key = "fine";
  ask.headers = {{"idempotency-key", "twice"}};
  EXPECT_EQ(call(ask).text("code"), "idempotency_key_invalid");
}

TEST_F(Guard, NamesFaultsOfBodies) {
  struct Case {
    std::string body;
    int status;
    std::string code;
  };
  for (auto const& [body, status, code] : std::vector<Case>{
           {"{", 400, "json_invalid"},
           {"", 400, "json_invalid"},
           {R"({"role":"buyer","role":"admin","name":"x"})", 400, "json_invalid"},
           {R"({"role":"buyer","name":"x","extra":1})", 422, "validation_failed"},
           {R"({"role":"king","name":"x"})", 422, "validation_failed"},
           {R"([])", 422, "validation_failed"},
           {"\"" + std::string(1'100'000, 'a') + "\"", 413, "body_too_large"},
       }) {
    auto const reply = post("/v1/admin/accounts", admin_, body);
    EXPECT_EQ(reply.status, status) << body.substr(0, 60);
    EXPECT_EQ(reply.text("code"), code) << body.substr(0, 60);
  }
  auto const form = call({.method = "POST",
                          .target = "/v1/admin/accounts",
                          .key = admin_,
                          .body = "role=buyer",
                          .headers = {{"content-type", "application/x-www-form-urlencoded"}}});
  EXPECT_EQ(form.status, 415);
  auto const packed = call({.method = "POST",
                            .target = "/v1/admin/accounts",
                            .key = admin_,
                            .body = "{}",
                            .headers = {{"content-encoding", "gzip"}}});
  EXPECT_EQ(packed.status, 415);
  auto const charset = call({.method = "POST",
                             .target = "/v1/admin/accounts",
                             .key = admin_,
                             .body = R"({"role":"buyer","name":"x"})",
                             .headers = {{"content-type", "Application/JSON; charset=utf-8"}}});
  EXPECT_EQ(charset.status, 201);
  auto const bodiless = post("/v1/admin/jobs/settlement/run", admin_, R"({"x":1})");
  EXPECT_EQ(bodiless.status, 422);
  EXPECT_EQ(post("/v1/admin/jobs/settlement/run", admin_, "{}").status, 200);
}

TEST_F(Guard, RepeatsTheFirstAnswerOfAKey) {
  Ask ask{.method = "POST",
          .target = "/v1/admin/accounts",
          .key = admin_,
          .body = R"({"role":"buyer","name":"Once"})",
          .idempotency_key = "once"};
  auto const first = call(ask);
  ASSERT_EQ(first.status, 201);
  EXPECT_EQ(first.header("Location"), "/v1/admin/accounts/" + first.text("id"));
  EXPECT_EQ(first.header("Idempotent-Replayed"), "");
  ask.idempotency_key = "\"once\"";  // quoted, it is the same key
  auto const again = call(ask);
  EXPECT_EQ(again.status, 201);
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(again.header("Idempotent-Replayed"), "true");
  EXPECT_EQ(again.header("Location"), first.header("Location"));

  ask.body = R"({"role":"buyer","name":"Other"})";
  auto const reused = call(ask);
  EXPECT_EQ(reused.status, 422);
  EXPECT_EQ(reused.text("code"), "idempotency_key_reused");
  // The key belongs to the operation and the account.
  ask.target = "/v1/admin/markets";
  ask.body = market_json();
  EXPECT_EQ(call(ask).status, 201);
}

TEST_F(Guard, RepeatsARefusalThatWasKept) {
  ASSERT_EQ(post("/v1/admin/markets", admin_, market_json()).status, 201);
  Ask ask{.method = "POST",
          .target = "/v1/admin/markets",
          .key = admin_,
          .body = market_json(),
          .idempotency_key = "taken"};
  auto const first = call(ask);
  EXPECT_EQ(first.status, 409);
  auto const again = call(ask);
  EXPECT_EQ(again.status, 409);
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(again.header("Content-Type"), "application/problem+json");
  EXPECT_EQ(again.header("Idempotent-Replayed"), "true");
}

TEST_F(Guard, DoesTheWorkOfAKeyOnceUnderParallelRequests) {
  Ask const ask{.method = "POST",
                .target = "/v1/admin/accounts",
                .key = admin_,
                .body = R"({"role":"buyer","name":"Parallel"})",
                .idempotency_key = "parallel"};
  std::vector<std::future<Reply>> replies;
  for (int i = 0; i < 24; ++i) replies.push_back(later(ask));
  std::string first;
  int fresh = 0;
  for (auto& pending : replies) {
    auto const reply = pending.get();
    if (reply.status == 409) {
      EXPECT_EQ(reply.text("code"), "in_progress");
      EXPECT_EQ(reply.header("Retry-After"), "1");
      continue;
    }
    ASSERT_EQ(reply.status, 201) << reply.body;
    if (first.empty()) first = reply.body;
    EXPECT_EQ(reply.body, first);
    fresh += reply.header("Idempotent-Replayed").empty() ? 1 : 0;
  }
  EXPECT_EQ(fresh, 1);
  EXPECT_EQ(get("/v1/admin/accounts?role=buyer", admin_).data().Size(), 1U);
}

TEST_F(Guard, PagesByCursorsThatAreBoundToAccountAndList) {
  for (int i = 0; i < 5; ++i) open_account("buyer");
  std::vector<std::string> seen;
  std::string target = "/v1/admin/accounts?role=buyer&limit=2";
  std::string cursor;
  for (int pages = 0; pages < 3; ++pages) {
    auto const page = get(target + (cursor.empty() ? "" : "&cursor=" + cursor), admin_);
    ASSERT_EQ(page.status, 200) << page.body;
    for (auto const& row : page.data().GetArray()) {
      seen.emplace_back(json::text_of(*json::find_member(row, "id")));
    }
    bool const more = pages < 2;
    EXPECT_EQ(page.find("has_more")->GetBool(), more);
    EXPECT_EQ(page.header("Link").empty(), !more);
    if (!more) break;
    cursor = page.text("next_cursor");
    EXPECT_EQ(page.header("Link"),
              "</v1/admin/accounts?role=buyer&limit=2&cursor=" + cursor + ">; rel=\"next\"");
  }
  EXPECT_EQ(seen.size(), 5U);
  EXPECT_EQ(std::set<std::string>(seen.begin(), seen.end()).size(), 5U);

  auto const auditor = open_account("auditor");
  for (auto const& [path, key] : std::vector<std::pair<std::string, std::string>>{
           {"/v1/admin/accounts", auditor.key}, {"/v1/admin/approvals", admin_}}) {
    auto const refused = get(path + "?cursor=" + cursor, key);
    EXPECT_EQ(refused.status, 400);
    EXPECT_EQ(refused.text("code"), "cursor_invalid");
  }
  EXPECT_EQ(get("/v1/admin/accounts?cursor=AAAA", admin_).status, 400);
  EXPECT_EQ(get("/v1/admin/accounts?cursor=%24", admin_).status, 400);
}

class SlowGuard : public ApiHarness {
 protected:
  SlowGuard() : ApiHarness(auth::RateOptions{.per_minute = 3, .burst = 3}) {}
};

TEST_F(SlowGuard, CountsTheRequestsOfAnAccount) {
  for (int left = 2; left >= 0; --left) {
    auto const reply = get("/v1/markets", admin_);
    EXPECT_EQ(reply.status, 200);
    EXPECT_NE(reply.header("RateLimit").find("r=" + std::to_string(left)), std::string::npos)
        << reply.header("RateLimit");
  }
  auto const refused = get("/v1/markets", admin_);
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.text("code"), "rate_limited");
  EXPECT_GE(std::stoi(refused.header("Retry-After")), 1);
}

}  // namespace
}  // namespace leadex::api
