// Uploads, lots and spot checks through the API's operations.

#include <algorithm>
#include <pqxx/pqxx>

#include "tests/server/api/intake_harness.hpp"

namespace leadex::api {
namespace {

using namespace intake_tests;  // NOLINT(google-build-using-namespace)

TEST_F(IntakeApi, ALotGoesFromFileToMarket) {
  auto const commitments =
      get("/v1/markets/" + std::string{kMarket} + "/commitments?status=open", generator_.key);
  ASSERT_EQ(commitments.status, 200) << commitments.body;
  EXPECT_EQ(commitments.data().Size(), 50U);

  auto const taken = upload(file(1, 59) + row(60, "XX") + row(1), "lot-1", "&ask=5.00");
  ASSERT_EQ(taken.status, 202) << taken.body;
  auto const id = taken.text("id");
  EXPECT_EQ(taken.header("Location"), "/v1/batches/" + id);
  EXPECT_EQ(taken.text("status"), "checking");
  auto const& counts = *taken.find("counts");
  EXPECT_EQ(json::find_member(counts, "read")->GetInt64(), 61);
  EXPECT_EQ(json::find_member(counts, "accepted")->GetInt64(), 59);
  EXPECT_EQ(json::find_member(counts, "duplicate")->GetInt64(), 1);
  EXPECT_EQ(json::find_member(counts, "rejected")->GetInt64(), 1);

  auto const rows = get("/v1/batches/" + id + "/rows?limit=61", generator_.key);
  EXPECT_EQ(rows.data().Size(), 61U);
  auto const page = get("/v1/batches/" + id + "/rows?limit=10", generator_.key);
  auto const next = get("/v1/batches/" + id + "/rows?limit=10&cursor=" + page.text("next_cursor"),
                        generator_.key);
  ASSERT_EQ(next.data().Size(), 10U) << next.body;
  EXPECT_EQ(json::find_member(next.data()[0], "row")->GetInt64(), 11);
  auto const rejects = get("/v1/batches/" + id + "/rejects", generator_.key);
  EXPECT_EQ(rejects.data().Size(), 2U);

  auto const path = "/v1/batches/" + id + "/spot-check";
  auto const before = get(path, generator_.key);
  EXPECT_TRUE(before.find("sample")->IsNull());
  EXPECT_TRUE(before.find("secret")->IsNull());
  auto const staff = get(path, admin_);
  EXPECT_FALSE(staff.find("sample")->Empty());
  EXPECT_TRUE(staff.find("secret")->IsNull());
  ASSERT_EQ(before.find("accepted_rows")->Size(), 1U) << before.body;
  EXPECT_STREQ((*before.find("accepted_rows"))[0].GetString(), "1-59");

  judge(id, "good");
  EXPECT_EQ(wait_for_end(id), "listed");
  auto const after = get(path, generator_.key);
  EXPECT_EQ(after.text("verdict"), "accepted");
  auto const secret = crypto::hex_decode(after.text("secret"));
  ASSERT_TRUE(secret);
  EXPECT_EQ(crypto::hex_encode(crypto::view_of(crypto::sha256(*secret))), after.text("commitment"));
  crypto::HmacKey const key{crypto::Secret(*secret)};
  std::vector<std::pair<std::string, std::int64_t>> order;
  for (std::int64_t n = 1; n <= 59; ++n) {
    auto const message = after.text("file_sha256") + ":" + std::to_string(n);
    order.emplace_back(crypto::hex_encode(crypto::view_of(key.sign(message))), n);
  }
  std::ranges::sort(order);
  auto const& sample = *after.find("sample");
  ASSERT_GT(sample.Size(), 20U);
  for (rapidjson::SizeType i = 0; i < sample.Size(); ++i) {
    EXPECT_EQ(json::find_member(sample[i], "row")->GetInt64(), order.at(i).second);
  }
  auto const withdrawn = post("/v1/batches/" + id + "/withdraw", generator_.key);
  EXPECT_EQ(withdrawn.number("withdrawn"), 59) << withdrawn.body;
  EXPECT_EQ(wait_for_end(id), "closed");
}

TEST_F(IntakeApi, ARejectedLotMayComeAgain) {
  auto const first = upload(file(1, 40), "lot-1");
  ASSERT_EQ(first.status, 202);
  judge(first.text("id"), "bad");
  EXPECT_EQ(wait_for_end(first.text("id")), "rejected");
  auto const again = upload(file(1, 40), "lot-2");
  EXPECT_EQ(json::find_member(*again.find("counts"), "accepted")->GetInt64(), 40) << again.body;
}

TEST_F(IntakeApi, AnAdminJudgesALotThatNobodyCouldReach) {
  auto const taken = upload(file(1, 30), "lot-1");
  ASSERT_EQ(taken.status, 202) << taken.body;
  auto const id = taken.text("id");
  auto const path = "/v1/admin/batches/" + id + "/decide";
  std::string const accept = R"({"decision":"accept","reason":"The phones were off that week"})";
  EXPECT_EQ(post(path, admin_, accept).status, 409) << "the verifiers work on it";
  judge(id, "unreachable");
  EXPECT_TRUE(get("/v1/batches/" + id + "/spot-check", admin_).find("needs_admin")->IsFalse())
      << "nobody is given up on one day";
  ahead_ += std::chrono::hours{24};
  judge(id, "unreachable");
  EXPECT_TRUE(get("/v1/batches/" + id + "/spot-check", admin_).find("needs_admin")->IsTrue());

  EXPECT_EQ(post(path, verifier_.key, accept).status, 403);
  EXPECT_EQ(post(path, generator_.key, accept).status, 403);
  EXPECT_EQ(post(path, admin_, R"({"decision":"accept"})").status, 422);
  EXPECT_EQ(post(path, admin_, R"({"decision":"maybe","reason":"r"})").status, 422);
  EXPECT_EQ(post("/v1/admin/batches/batch_none/decide", admin_, accept).status, 404);
  auto const check = "/v1/batches/" + id + "/spot-check";
  EXPECT_TRUE(get(check, generator_.key).find("judged_by_admin")->IsNull());
  EXPECT_TRUE(get(check, admin_).find("judged_by_admin")->IsFalse());
  Ask ask{.method = "POST",
          .target = path,
          .key = admin_,
          .body = accept,
          .idempotency_key = "decide-1"};
  auto const decided = call(ask);
  ASSERT_EQ(decided.status, 200) << decided.body;
  auto const repeated = call(ask);
  EXPECT_EQ(repeated.body, decided.body);
  EXPECT_EQ(repeated.header("Idempotent-Replayed"), "true");
  EXPECT_EQ(wait_for_end(id), "listed");
  EXPECT_EQ(post(path, admin_, accept).text("code"), "already_decided");
  auto const told = get(check, generator_.key);
  EXPECT_TRUE(told.find("needs_admin")->IsFalse());
  EXPECT_TRUE(told.find("judged_by_admin")->IsTrue()) << "so that the draw can be checked again";
  EXPECT_EQ(told.text("decision_reason"), "The phones were off that week");
  EXPECT_EQ(get(check, admin_).text("decision_reason"), "The phones were off that week");
  auto const audit =
      get("/v1/admin/audit-log?action=lot.accepted&market=" + std::string{kMarket}, admin_);
  EXPECT_EQ(audit.data().Size(), 1U) << audit.body;
}

TEST_F(IntakeApi, RepeatedKeysOfVerifiersGetTheFirstAnswer) {
  auto const id = upload(file(1, 30), "lot-1").text("id");
  auto const queue = get("/v1/admin/spot-checks?status=open&batch_id=" + id, verifier_.key);
  ASSERT_GE(queue.data().Size(), 2U) << queue.body;
  auto const check = std::string{json::text_of(*json::find_member(queue.data()[0], "check_id"))};
  Ask claim{.method = "POST",
            .target = "/v1/admin/spot-checks/" + check + "/claim",
            .key = verifier_.key,
            .idempotency_key = "claim-1"};
  auto const claimed = call(claim);
  ASSERT_EQ(claimed.status, 200) << claimed.body;
  auto const claimed_again = call(claim);
  EXPECT_EQ(claimed_again.status, 200);
  EXPECT_EQ(claimed_again.header("Idempotent-Replayed"), "true");
  EXPECT_EQ(claimed_again.text("lease_expires_at"), claimed.text("lease_expires_at"));
  EXPECT_NE(claimed.body.find("@person.example.com"), std::string::npos);
  EXPECT_EQ(claimed_again.body.find("@person.example.com"), std::string::npos);
  EXPECT_TRUE(claimed_again.find("contact")->ObjectEmpty());
  claim.idempotency_key = "claim-2";
  EXPECT_NE(call(claim).body.find("@person.example.com"), std::string::npos);

  Ask verdict{.method = "POST",
              .target = "/v1/admin/spot-checks/" + check + "/verdict",
              .key = verifier_.key,
              .body = R"({"verdict":"unreachable","reason":"no_answer"})",
              .idempotency_key = "verdict-1"};
  auto const given = call(verdict);
  ASSERT_EQ(given.status, 200) << given.body;
  EXPECT_EQ(given.number("attempts"), 1);
  auto const given_again = call(verdict);
  EXPECT_EQ(given_again.body, given.body);
  EXPECT_EQ(given_again.header("Idempotent-Replayed"), "true");
  verdict.body = R"({"verdict":"good","reason":"confirmed"})";
  EXPECT_EQ(call(verdict).text("code"), "idempotency_key_reused");
  auto const audit =
      get("/v1/admin/audit-log?action=spot_check.verdict&market=" + std::string{kMarket}, admin_);
  EXPECT_EQ(audit.data().Size(), 1U) << audit.body;
}

TEST_F(IntakeApi, AWithdrawalIsRepeatedUnderItsKey) {
  auto const id = upload(file(1, 30), "lot-1").text("id");
  Ask ask{.method = "POST",
          .target = "/v1/batches/" + id + "/withdraw",
          .key = generator_.key,
          .idempotency_key = "w-1"};
  auto const first = call(ask);
  ASSERT_EQ(first.status, 200) << first.body;
  EXPECT_EQ(first.number("withdrawn"), 30);
  auto const again = call(ask);
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(again.header("Idempotent-Replayed"), "true");
  ask.idempotency_key = "w-2";
  EXPECT_EQ(call(ask).number("withdrawn"), 0);
}

TEST_F(IntakeApi, AnotherAccountFindsNothing) {
  auto const batch = upload(file(1, 5), "lot-1").text("id");
  for (auto const* part : {"", "/rows", "/rejects", "/spot-check"}) {
    EXPECT_EQ(get("/v1/batches/" + batch + part, other_.key).status, 404) << part;
    EXPECT_EQ(get("/v1/batches/" + batch + part, generator_.key).status, 200) << part;
  }
  EXPECT_EQ(post("/v1/batches/" + batch + "/withdraw", other_.key).status, 404);
  EXPECT_TRUE(get("/v1/batches", other_.key).data().Empty());
  EXPECT_EQ(get("/v1/batches?status=checking", generator_.key).data().Size(), 1U);
  EXPECT_EQ(get("/v1/admin/spot-checks", generator_.key).status, 403);
}

TEST_F(IntakeApi, ARepeatedKeyGetsTheFirstAnswerForTheSameFileAlone) {
  auto const text = file(1, 30);
  auto const first = upload(text, "same");
  ASSERT_EQ(first.status, 202);
  auto const repeated = upload(text, "same");
  EXPECT_EQ(repeated.status, 202);
  EXPECT_EQ(repeated.body, first.body);
  EXPECT_EQ(repeated.header("Idempotent-Replayed"), "true");
  auto const other = upload(file(1, 31), "same");
  EXPECT_EQ(other.status, 422);
  EXPECT_EQ(other.text("code"), "idempotency_key_reused");
  EXPECT_EQ(upload(text, "").text("code"), "idempotency_key_missing");
  EXPECT_EQ(get("/v1/batches", generator_.key).data().Size(), 1U);
}

TEST_F(IntakeApi, AFileThatComesAgainTakesThePlaceOfACutUpload) {
  auto const text = file(1, 30);
  auto const cut = upload(text, "first").text("id");
  pqxx::connection connection(database_.owner());
  pqxx::work tx(connection);
  // As a process leaves it that ended in the middle.
  tx.exec(
      "update leadex.batch set status = 'receiving', file_sha256 = null, closed_at = null, "
      "sample_size = null, acceptance_number = null");
  tx.exec("delete from leadex.spot_check");
  tx.commit();
  auto const again = upload(text, "second");
  ASSERT_EQ(again.status, 202) << again.body;
  EXPECT_EQ(json::find_member(*again.find("counts"), "accepted")->GetInt64(), 30) << again.body;
  EXPECT_EQ(get("/v1/batches/" + cut, generator_.key).text("status"), "closed");
}

TEST_F(IntakeApi, RefusesWhatCannotBeAnUpload) {
  struct Case {
    std::string body;
    std::string more;
    http::Headers headers;
    int status;
    std::string code;
  };
  std::vector<Case> const cases{
      {"what,email\r\n", "", {}, 422, "unknown_column"},
      {"email\r\n", "", {}, 422, "header_invalid"},
      {file(1, 1), "&ask=-1", {}, 422, "validation_failed"},
      {file(1, 1), "", {{"content-encoding", "br"}}, 415, "unsupported_media_type"},
      {file(1, 1), "", {{"content-encoding", "gzip"}}, 400, "body_malformed"},
      {file(1, 1), "", {{"content-encoding", "zstd"}}, 400, "body_malformed"},
  };
  int n = 0;
  for (auto const& wanted : cases) {
    auto const reply =
        upload(wanted.body, "case-" + std::to_string(++n), wanted.more, wanted.headers);
    EXPECT_EQ(reply.status, wanted.status) << n << ' ' << reply.body;
    EXPECT_EQ(reply.text("code"), wanted.code) << n << ' ' << reply.body;
  }
  auto const dry = upload(file(1, 3) + row(2), "dry", "&dry_run=true");
  EXPECT_EQ(dry.status, 200) << dry.body;
  EXPECT_EQ(dry.find("rejects")->Size(), 1U);
  EXPECT_TRUE(get("/v1/batches", generator_.key).data().Empty());
}

}  // namespace
}  // namespace leadex::api
