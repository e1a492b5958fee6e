// Endpoints that judge checks: what they are sent, what counts as their verdict, and what does not.

#include "tests/server/api/adapter_harness.hpp"

namespace leadex::api {
namespace {

using namespace std::chrono_literals;

class HttpVerifierApi : public adapter_tests::AdapterHarness {
 protected:
  /// By our own code: id, time and body under the secret that was shown once.
  static bool verifies(adapter_tests::Endpoint::Got const& got, std::string const& secret) {
    auto const own = crypto::WebhookSecret::parse(secret);
    auto const at = std::string{got.headers.find("webhook-timestamp").value_or("0")};
    return own && own->matches(got.headers.find("webhook-id").value_or(""), std::stoll(at),
                               got.body, got.headers.find("webhook-signature").value_or(""));
  }
};

TEST_F(HttpVerifierApi, AnEndpointJudgesInTheNameOfAVerifiersAccount) {
  auto const none = get(target(), admin_);
  EXPECT_TRUE(none.find("kind")->IsNull()) << none.body;
  auto const set = put_kind("http");
  EXPECT_EQ(set.text("account_id"), adapter_.id);
  auto const secret = set.text("secret");
  ASSERT_TRUE(secret.starts_with("whsec_"));
  auto const kept = get(target(), admin_);
  EXPECT_EQ(kept.text("url"), endpoint_.url());
  EXPECT_EQ(kept.find("secret"), nullptr) << "shown once";
  EXPECT_EQ(
      sql("select payload from leadex.audit where action = 'check_verifier.set'").substr(0, 9),
      "kind=http");

  EXPECT_EQ(ask_endpoint(), 0) << "there is nothing to judge";
  checked_lead("ann");
  EXPECT_EQ(ask_endpoint(), 1);
  EXPECT_EQ(check_is("status || ' ' || verdict || ' ' || reason"), "done good confirmed");
  EXPECT_EQ(sql("select t.role from leadex.spot_check c join leadex.principal p on p.principal_no "
                "= c.decided_by join leadex.tenant t on t.tenant_no = p.tenant_no"),
            "verifier");
  auto const got = endpoint_.got();
  ASSERT_EQ(got.size(), 1U);
  EXPECT_TRUE(verifies(got[0], secret));
  EXPECT_FALSE(verifies(got[0], std::string{crypto::WebhookSecret::generate().text().view()}));
  EXPECT_NE(got[0].body.find(R"("contact":{})"), std::string::npos) << got[0].body;
  EXPECT_EQ(got[0].body.find("example.org"), std::string::npos) << "no contract, no contact";
  // The claim opens the contact, sent or not, and says so as a person's claim does.
  EXPECT_EQ(count("audit where action = 'contact.revealed'"), "1");
  EXPECT_EQ(ask_endpoint(), 0) << "once";
  EXPECT_EQ(endpoint_.got().size(), 1U);
}

TEST_F(HttpVerifierApi, TheContactGoesOutUnderAContractAlone) {
  put_kind("http", R"(,"deliver_contact":true)");
  endpoint_.answers(200, R"({"verdict":"bad","reason":"wrong_number","more":[1]})");
  checked_lead("ann");
  EXPECT_EQ(ask_endpoint(), 1);
  EXPECT_NE(endpoint_.got().at(0).body.find("ann@example.org"), std::string::npos);
  EXPECT_EQ(check_is("status || ' ' || verdict || ' ' || reason"), "done bad wrong_number");
}

TEST_F(HttpVerifierApi, WhoeverWasNotReachedIsTriedAgainAnotherDay) {
  put_kind("http");
  endpoint_.answers(200, R"({"verdict":"unreachable","reason":"no such word"})");
  checked_lead("ann");
  EXPECT_EQ(ask_endpoint(), 1);
  EXPECT_EQ(check_is("status || ' ' || attempts || ' ' || reason"), "open 1 other");
  EXPECT_EQ(ask_endpoint(), 0) << "not at once";
  EXPECT_EQ(queue(verifier_).data().Size(), 0U);
  shift_ = 24h;
  EXPECT_EQ(ask_endpoint(), 1);
  shift_ = 48h;
  EXPECT_EQ(ask_endpoint(), 1);
  EXPECT_EQ(check_is("status || ' ' || verdict"), "done unreachable");
}

TEST_F(HttpVerifierApi, NonsenseIsNoVerdictAndTheEndpointRests) {
  put_kind("http");
  checked_lead("ann");
  std::vector<std::pair<int, std::string>> const odd{
      {500, R"({"verdict":"bad","reason":"bogus"})"},
      {201, R"({"verdict":"bad","reason":"bogus"})"},
      {200, ""},
      {200, "good"},
      {200, "[]"},
      {200, R"({"verdict":"very bad"})"},
      {200, R"({"verdict":1})"},
      {200, R"({"reason":"bogus"})"},
      {200, R"({"verdict":"bad","reason":")" + std::string(8'000, 'x') + "\"}"}};
  std::size_t asked = 0;
  for (auto const& [status, body] : odd) {
    endpoint_.answers(status, body);
    HttpVerifier fresh{context_, intake_.lots, client_};
    EXPECT_EQ(await(fresh.run()), 0) << status << ' ' << body.substr(0, 60);
    EXPECT_EQ(endpoint_.got().size(), ++asked);
    EXPECT_EQ(await(fresh.run()), 0);
    EXPECT_EQ(endpoint_.got().size(), asked) << "it rests after a failure";
    EXPECT_EQ(check_is("status || ' ' || attempts"), "claimed 0");
  }
  endpoint_.answers(200, R"({"verdict":"bad","reason":"bogus"})");
  HttpVerifier next{context_, intake_.lots, client_};
  EXPECT_EQ(await(next.run()), 1) << "its check waited for it";
}

TEST_F(HttpVerifierApi, AnEndpointThatHangsOrIsNotThereIsGivenUp) {
  put_kind("http");
  checked_lead("ann");
  endpoint_.answers(200, R"({"verdict":"bad","reason":"bogus"})", 4s);
  auto const before = std::chrono::steady_clock::now();
  EXPECT_EQ(ask_endpoint(), 0);
  EXPECT_LT(std::chrono::steady_clock::now() - before, 4s);
  EXPECT_EQ(check_is("status"), "claimed");
  sql_do("update leadex.check_verifier set url = 'https://127.0.0.1:1/judge'");
  HttpVerifier fresh{context_, intake_.lots, client_};
  EXPECT_EQ(await(fresh.run()), 0);
  // After its lease the check is everybody's.
  shift_ = 1h;
  EXPECT_EQ(await(app::expire_check_leases(intake_.lots)), 1);
  EXPECT_EQ(queue(verifier_).data().Size(), 1U);
}

TEST_F(HttpVerifierApi, OnlyAVerifiersAccountAndAPublicEndpointWillDo) {
  auto const url = R"("url":")" + endpoint_.url() + '"';
  auto const account = R"("account_id":")" + adapter_.id + '"';
  std::vector<std::string> const odd{
      R"({"kind":"http",)" + url + '}',
      R"({"kind":"http",)" + account + '}',
      R"({"kind":"http",)" + url + R"(,"account_id":")" + generator_.id + "\"}",
      R"({"kind":"http",)" + account + R"(,"url":"http://127.0.0.1/"})",
      R"({"kind":"http",)" + account + R"(,"url":"https://10.0.0.1/"})",
      R"({"kind":"http",)" + url + ',' + account + R"(,"text":"Hi"})",
      R"({"kind":"email_code",)" + url + ',' + account + '}',
      R"({"kind":"email_code",)" + account + R"(,"deliver_contact":true})",
      R"({"kind":"email_code",)" + account + R"(,"wait_hours":73})",
      R"({"kind":"email_code",)" + account + R"(,"text":")" + std::string(501, 'x') + "\"}",
      R"({"kind":"sms_code",)" + account + '}',
      R"({"kind":"sms_code",)" + url + ',' + account + R"(,"subject":"Hi"})",
      R"({"kind":"pigeon",)" + account + '}',
      "{}"};
  for (auto const& body : odd) EXPECT_EQ(put(body).status, 422) << body;
  intake_.codes.mails = false;
  EXPECT_EQ(put(R"({"kind":"email_code",)" + account + '}').status, 422) << "no mail server";
  intake_.codes.public_url.clear();
  EXPECT_EQ(put(R"({"kind":"sms_code",)" + url + ',' + account + '}').status, 422) << "no pages";
  EXPECT_EQ(count("check_verifier"), "0");
  EXPECT_EQ(put(R"({"kind":null})", "no-such.us.usd").status, 404);
  EXPECT_EQ(get(target(), generator_.key).status, 403);

  put_kind("http");
  EXPECT_EQ(put(R"({"kind":null})").status, 200);
  checked_lead("ann");
  EXPECT_EQ(ask_endpoint(), 0);
  EXPECT_TRUE(endpoint_.got().empty());
}

TEST_F(HttpVerifierApi, ASuspendedAccountJudgesNothing) {
  put_kind("http");
  checked_lead("ann");
  sql_do(
      "update leadex.tenant set status = 'suspended' where tenant_no = (select tenant_no from "
      "leadex.check_verifier)");
  EXPECT_EQ(ask_endpoint(), 0);
  EXPECT_TRUE(endpoint_.got().empty());
}

class HttpSecondOpinion : public HttpVerifierApi {
 protected:
  [[nodiscard]] std::string spot_check() const override {
    return R"(,"spot_check":{"method":"fixed","second_opinion_bp":10000})";
  }
};

TEST_F(HttpSecondOpinion, TheSecondIsNeverItsOwn) {
  put_kind("http");
  checked_lead("ann");
  EXPECT_EQ(ask_endpoint(), 1);
  EXPECT_EQ(ask_endpoint(), 0);
  EXPECT_EQ(endpoint_.got().size(), 1U);
  EXPECT_EQ(check_is("status"), "open");
  auto const waiting = queue(verifier_);
  ASSERT_EQ(waiting.data().Size(), 1U);
  auto const id = field(waiting.data()[0], "check_id");
  EXPECT_EQ(post("/v1/admin/spot-checks/" + id + "/claim", verifier_.key).status, 200);
  auto const second = post("/v1/admin/spot-checks/" + id + "/verdict", verifier_.key,
                           R"({"verdict":"good","reason":"confirmed"})");
  EXPECT_EQ(second.text("status"), "done") << second.body;
}

}  // namespace
}  // namespace leadex::api
