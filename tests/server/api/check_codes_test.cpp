// People who are asked by mail or text message whether they left their details: the message, its
// page, and what an answer, or none, means for the check.

#include "server/api/v1/code_token.hpp"
#include "server/privacy/blind_index.hpp"
#include "tests/server/api/adapter_harness.hpp"

namespace leadex::api {
namespace {

using namespace std::chrono_literals;

class CheckCodes : public adapter_tests::AdapterHarness {
 protected:
  /// Asks Ann by mail. @return the path of her link
  std::string asked_by_mail(std::string const& more = {}) {
    put_kind("email_code", more);
    checked_lead("ann");
    ask_people();
    auto const mails = mailed();
    EXPECT_EQ(mails.size(), 1U);
    return mails.empty() ? "/c/none" : path_in(mails[0]);
  }
  [[nodiscard]] std::string digest(std::string_view email) const {
    auto const index = privacy::blind_index(ring_, privacy::BlindField::email, email);
    return {index.begin(), index.end()};
  }
  std::string answered(std::string const& path, std::string const& word) {
    auto const got = page("POST", path, "answer=" + word);
    return std::to_string(got.status) +
           (got.body.find("Thank you") != std::string::npos ? " thanks" : " no thanks");
  }
};

TEST_F(CheckCodes, AMailAsksAndYesIsAGoodVerdict) {
  auto const path = asked_by_mail(R"(,"subject":"Was it you?","text":"Hello!","wait_hours":48)");
  EXPECT_NE(mailed().at(0).find("Hello!"), std::string::npos);
  EXPECT_EQ(path.find("ann"), std::string::npos);
  EXPECT_EQ(check_is("status || ' ' || attempts || ' ' || (claimed_by is null)"), "open 0 true");
  EXPECT_EQ(check_is("rest_until > now() + interval '47 hours'"), "t");
  EXPECT_EQ(queue(verifier_).data().Size(), 0U) << "nobody calls her meanwhile";
  EXPECT_EQ(code_is("(sent_at is not null)::text || tries"), "true1");
  EXPECT_EQ(count("audit where action = 'spot_check.asked'"), "1");
  EXPECT_EQ(count("audit where payload like '%example.org%'"), "0");

  for (int looks = 0; looks < 2; ++looks) {
    auto const shown = page("GET", path);
    EXPECT_EQ(shown.status, 200);
    EXPECT_NE(shown.body.find("value=\"no\""), std::string::npos) << shown.body;
    EXPECT_EQ(shown.body.find("<script"), std::string::npos);
    EXPECT_EQ(shown.body.find("Ann"), std::string::npos);
    EXPECT_FALSE(shown.headers.contains("set-cookie"));
    EXPECT_EQ(shown.headers.find("referrer-policy"), "no-referrer");
    EXPECT_EQ(shown.headers.find("cache-control"), "no-store");
    EXPECT_NE(shown.headers.find("content-security-policy").value_or("").find("default-src 'none'"),
              std::string_view::npos);
  }
  ask_people();
  EXPECT_EQ(code_is("answer is null and ended_at is null"), "t") << "looking is no answer";
  EXPECT_EQ(page("POST", path, "answer=maybe").status, 400);
  EXPECT_EQ(page("POST", path, "").status, 400);

  EXPECT_EQ(answered(path, "yes"), "200 thanks");
  EXPECT_EQ(answered(path, "no"), "200 thanks") << "the same page, whatever was said before";
  EXPECT_EQ(code_is("answer"), "yes");
  ask_people();
  EXPECT_EQ(check_is("status || ' ' || verdict || ' ' || reason"), "done good confirmed");
  EXPECT_EQ(code_is("ended_at is not null"), "t");
  EXPECT_EQ(answered(path, "no"), "200 thanks");
  ask_people();
  EXPECT_EQ(check_is("verdict || ' ' || attempts"), "good 1") << "once";
  EXPECT_EQ(mailed().size(), 1U);
}

TEST_F(CheckCodes, NoIsABadVerdict) {
  auto const path = asked_by_mail();
  EXPECT_EQ(answered(path, "no"), "200 thanks");
  ask_people();
  EXPECT_EQ(check_is("status || ' ' || verdict || ' ' || reason"), "done bad denied_request");
  EXPECT_EQ(sql("select t.tenant_no = v.tenant_no from leadex.spot_check c join leadex.principal t "
                "on t.principal_no = c.decided_by cross join leadex.check_verifier v"),
            "t");
}

TEST_F(CheckCodes, SilenceIsNeverBadAndThreeTimesOnThreeDaysGivesThePersonUp) {
  auto const path = asked_by_mail();
  for (int day = 1; day <= 2; ++day) {
    shift_ += 25h;
    ask_people();
    EXPECT_EQ(check_is("status || ' ' || attempts"), "open " + std::to_string(day));
    EXPECT_EQ(mailed().size(), static_cast<std::size_t>(day) + 1) << "she is asked again";
  }
  EXPECT_EQ(page("GET", path).status, 410);
  EXPECT_EQ(answered(path, "no"), "410 no thanks") << "too late";
  shift_ += 25h;
  ask_people();
  EXPECT_EQ(check_is("status || ' ' || verdict || ' ' || reason"), "done unreachable no_answer");
  EXPECT_EQ(count("spot_check where verdict = 'bad'"), "0");
  ask_people();
  EXPECT_EQ(mailed().size(), 3U);
  // What is over is forgotten after a month.
  EXPECT_EQ(await(app::forget_codes(intake_.lots)), 0);
  shift_ += 24h * 31;
  EXPECT_EQ(await(app::forget_codes(intake_.lots)), 3);
}

TEST_F(CheckCodes, OddLinksGetOnePage) {
  auto const path = asked_by_mail();
  auto odd = path;
  odd.back() = odd.back() == 'A' ? 'B' : 'A';
  odd[10] = odd[10] == 'A' ? 'B' : 'A';
  auto const form = "/c/" + seal_code(ring_, {{{9, 9}, 1}, adapter_tests::clock_now() + 1h});
  shift_ = 73h;
  auto const late = page("GET", path);
  EXPECT_EQ(late.status, 410);
  shift_ = 0h;
  EXPECT_EQ(page("GET", odd).body, late.body);
  EXPECT_EQ(page("GET", "/c/x").body, late.body);
  EXPECT_EQ(page("POST", odd, "answer=yes").status, 410);
  EXPECT_EQ(page("POST", form, "answer=yes").body, late.body) << "of no code that is known";
  EXPECT_EQ(code_is("answer is null"), "t");
}

TEST_F(CheckCodes, AnAddressThatTakesNoMailCountsAsNotReached) {
  put_kind("email_code");
  checked_lead("nobody");
  ask_people();
  ask_people();
  EXPECT_TRUE(mailed().empty());
  EXPECT_EQ(code_is("answer || ' ' || (ended_at is not null)"), "refused true");
  EXPECT_EQ(check_is("status || ' ' || attempts || ' ' || reason"), "open 1 no_answer");
}

TEST_F(CheckCodes, WhoeverIsOnTheExchangesListGetsNothing) {
  put_kind("email_code");
  checked_lead("ann");
  auto const person = await(persons_.receive({.kind = storage::RequestKind::opt_out,
                                              .email = digest("ann@example.org"),
                                              .phone = std::nullopt,
                                              .said_at = adapter_tests::clock_now(),
                                              .counts_from = adapter_tests::clock_now(),
                                              .reason = "person_request",
                                              .told_by = 1,
                                              .tenant_no = 1}));
  ASSERT_TRUE(person && *person);
  ask_people();
  ask_people();
  EXPECT_TRUE(mailed().empty());
  EXPECT_EQ(check_is("attempts || ' ' || reason"), "1 no_answer");
}

TEST_F(CheckCodes, WithoutSuchAnAddressTheCheckIsLeftToPeople) {
  put_kind("sms_code");
  checked_lead("ann");
  ask_people();
  ask_people();
  EXPECT_TRUE(endpoint_.got().empty());
  EXPECT_EQ(count("check_code"), "1") << "remembered, not looked at in each round";
  EXPECT_EQ(count("audit where action = 'contact.revealed'"), "1");
  EXPECT_EQ(queue(verifier_).data().Size(), 1U);
}

TEST_F(CheckCodes, ATextMessageGoesToAProviderSigned) {
  auto const set = put_kind("sms_code", R"(,"text":"Was it you?")");
  endpoint_.answers(503, "");
  checked_lead("ann", kPhone);
  ask_people();
  auto const first = endpoint_.got();
  ASSERT_EQ(first.size(), 1U);
  EXPECT_EQ(code_is("sent_at is null and tries = 1"), "t");
  ask_people();
  EXPECT_EQ(endpoint_.got().size(), 1U) << "not at once again";
  endpoint_.answers(202, "queued");
  shift_ = 1h;
  ask_people();
  auto const got = endpoint_.got();
  ASSERT_EQ(got.size(), 2U);
  auto const sent = json::parse(got[1].body);
  ASSERT_TRUE(sent);
  EXPECT_EQ(field(*sent, "to"), kPhone);
  EXPECT_TRUE(field(*sent, "text").starts_with("Was it you? https://")) << got[1].body;
  EXPECT_EQ(field(*sent, "id"), field(*json::parse(first[0].body), "id")) << "one message, one id";
  auto const id = std::string{got[1].headers.find("webhook-id").value_or("")};
  EXPECT_EQ(id, field(*sent, "id"));
  auto const secret = crypto::WebhookSecret::parse(set.text("secret"));
  auto const at = std::stoll(std::string{got[1].headers.find("webhook-timestamp").value_or("0")});
  EXPECT_TRUE(
      secret->matches(id, at, got[1].body, got[1].headers.find("webhook-signature").value_or("")));
  EXPECT_EQ(answered(path_in(field(*sent, "text")), "yes"), "200 thanks");
  ask_people();
  EXPECT_EQ(check_is("verdict"), "good");
}

TEST_F(CheckCodes, WhatWasNeverSentIsNoAttempt) {
  put_kind("sms_code", R"(,"wait_hours":1)");
  endpoint_.answers(500, "");
  checked_lead("ann", kPhone);
  ask_people();
  shift_ = 2h;
  await_nothing(messages_.run());
  EXPECT_EQ(check_is("status || ' ' || attempts"), "open 0");
  EXPECT_EQ(sql("select count(*) from leadex.check_code where attempt = 1 and ended_at is not null "
                "and answer is null"),
            "1");
  EXPECT_EQ(queue(verifier_).data().Size(), 1U) << "its channel rests: whoever can may judge it";
}

TEST_F(CheckCodes, OneAddressGetsOneMessageADayWhateverTheMarket) {
  put_kind("email_code", R"(,"wait_hours":2)");
  put_kind("email_code", R"(,"wait_hours":2)", kOtherMarket);
  checked_lead("ann");
  checked_lead("ann", {}, kOtherMarket);
  ask_people();
  ask_people();
  EXPECT_EQ(mailed().size(), 1U);
  EXPECT_EQ(count("check_code"), "1");
  EXPECT_EQ(count("spot_check where status = 'open' and rest_until is not null"), "2");
  shift_ = 3h;
  ask_people();
  EXPECT_EQ(mailed().size(), 1U) << "two hours of silence, but not a day";
  shift_ = 25h;
  ask_people();
  EXPECT_EQ(mailed().size(), 2U) << "one of the two, and the other waits again";
}

TEST_F(CheckCodes, AnErasedPersonIsNotAsked) {
  put_kind("email_code");
  checked_lead("ann");
  sql_do("delete from leadex.lead_key");
  ask_people();
  EXPECT_TRUE(mailed().empty());
  EXPECT_EQ(check_is("verdict || ' ' || reason"), "unreachable contact_gone");
  EXPECT_EQ(count("check_code"), "0");
}

TEST_F(CheckCodes, AnAnswerCountsThoughTheMarketHasNoAdapterAnyMore) {
  auto const path = asked_by_mail();
  EXPECT_EQ(put(R"({"kind":null})").status, 200);
  EXPECT_EQ(answered(path, "no"), "200 thanks");
  ask_people();
  EXPECT_EQ(check_is("verdict"), "bad");
}

TEST_F(CheckCodes, AVerdictCutOffHalfWayIsRecordedOnce) {
  auto const path = asked_by_mail();
  EXPECT_EQ(answered(path, "yes"), "200 thanks");
  // As a process leaves it that dies between the claim and the verdict.
  sql_do(
      "update leadex.spot_check set status = 'claimed', claimed_by = (select principal_no from "
      "leadex.check_verifier), lease_until = now() + interval '15 minutes'");
  EXPECT_EQ(await(app::judge_codes(intake_.lots)), 1);
  EXPECT_EQ(await(app::judge_codes(intake_.lots)), 0);
  EXPECT_EQ(check_is("verdict || ' ' || attempts"), "good 1");
  // And one that dies between the claim and the message: the claim is found again.
  checked_lead("bob");
  sql_do(
      "update leadex.spot_check set status = 'claimed', claimed_by = (select principal_no from "
      "leadex.check_verifier), lease_until = now() + interval '15 minutes' where status = "
      "'open'");
  ask_people();
  EXPECT_EQ(mailed().size(), 2U);
}

class CodesTwice : public CheckCodes {
 protected:
  [[nodiscard]] std::string spot_check() const override {
    return R"(,"spot_check":{"method":"fixed","second_opinion_bp":10000})";
  }
};

TEST_F(CodesTwice, TheSecondOpinionIsAnothers) {
  auto const path = asked_by_mail();
  EXPECT_EQ(answered(path, "yes"), "200 thanks");
  ask_people();
  EXPECT_EQ(check_is("status"), "open");
  shift_ = 30h;
  ask_people();
  EXPECT_EQ(mailed().size(), 1U) << "whoever answered is not asked again";
  shift_ = 0h;
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
