// Posted leads that a committed secret chooses to be checked, and what their verdicts bring about.

#include "tests/server/api/realtime_harness.hpp"

namespace leadex::api {
namespace {

using namespace std::chrono_literals;

class HalfSampled : public RealtimeChecksApi {
 protected:
  [[nodiscard]] std::string rate() const override { return "5000"; }
};

TEST_F(HalfSampled, WhoeverWasChosenFollowsFromTheSecretOnceItIsRevealed) {
  auto const committed = days(generator_.key);
  auto const* const before = day_in(committed, today());
  ASSERT_NE(before, nullptr) << committed.body;
  EXPECT_EQ(field(*before, "status"), "running");
  EXPECT_TRUE(json::find_member(*before, "secret")->IsNull());
  auto const commitment = field(*before, "commitment");
  EXPECT_EQ(sql("select count(*) from leadex.audit where action = 'realtime.committed' and payload "
                "like '%day=" +
                today() + ";%sha256=" + commitment + "'"),
            "1");

  std::set<std::string> posted;
  std::set<std::string> shapes;
  for (int n = 0; n < 24; ++n) {
    auto const answer = lead("p" + std::to_string(n));
    posted.insert(answer.text("lead_id"));
    std::string shape = answer.text("outcome");
    for (auto const& member : answer.json.GetObject())
      shape += std::string{','} + json::text_of(member.name).data();
    shapes.insert(shape);
  }
  EXPECT_EQ(shapes.size(), 1U) << "being chosen shows in no answer";
  auto const opened = open_checks();
  EXPECT_GT(opened, 0);
  EXPECT_LT(opened, 24);
  EXPECT_EQ(open_checks(), 0) << "each once";
  EXPECT_EQ(get(checks_of(today()), generator_.key).data().Size(), 0U);
  EXPECT_EQ(get(checks_of(today()), admin_).data().Size(), static_cast<unsigned>(opened));

  shift_ = 49h;
  auto const judged = days(generator_.key);
  EXPECT_EQ(field(*day_in(judged, today()), "status"), "checking");
  shift_ = 24h * 33;
  auto const revealed = days(generator_.key);
  auto const* const day = day_in(revealed, today());
  EXPECT_EQ(field(*day, "status"), "revealed");
  auto const secret = crypto::hex_decode(field(*day, "secret"));
  ASSERT_TRUE(secret);
  EXPECT_EQ(crypto::hex_encode(crypto::view_of(crypto::sha256(*secret))), commitment);
  std::set<std::string> expected;
  crypto::HmacKey const key{crypto::Secret{std::string{*secret}}};
  for (auto const& id : posted) {
    auto const hash = crypto::hex_encode(crypto::view_of(key.sign("realtime:" + id)));
    if (hash.front() < '8') expected.insert(id);  // below a half
  }
  std::set<std::string> checked;
  auto const own = get(checks_of(today()), generator_.key);
  for (auto const& check : own.data().GetArray()) {
    checked.insert(field(check, "lead_id"));
  }
  EXPECT_EQ(checked, expected);
  EXPECT_EQ(get(checks_of(today()), other_.key).data().Size(), 0U) << "who bought none sees none";
  EXPECT_EQ(get(checks_of("2001-01-01"), generator_.key).data().Size(), 0U);
  EXPECT_EQ(get(checks_of("2026-13-01"), generator_.key).status, 422);
}

TEST_F(RealtimeChecksApi, ADayThatWasNotCommittedBeforeItBeganChoosesNobody) {
  shift_ = 24h * 40;
  lead("ann");
  EXPECT_EQ(open_checks(), 0);
}

TEST_F(RealtimeChecksApi, DaysAreCommittedOnceAndNotTooLate) {
  EXPECT_EQ(await(app::commit_realtime_days({past_, numbers_, ring_, *markets_})), 0);
  EXPECT_GE(await(app::commit_realtime_days(intake_.lots)), 1);
  EXPECT_EQ(sql("select count(*) from leadex.realtime_day where published_at > timestamptz "
                "'epoch' + day * interval '1 day' - interval '1 hour'"),
            "0");
}

TEST_F(RealtimeChecksApi, ABadLeadThatNobodyBoughtIsTakenOff) {
  auto const listed = lead("ann");
  ASSERT_EQ(listed.text("outcome"), "listed");
  ASSERT_EQ(judge_next("bad", "bogus").status, 200);
  EXPECT_EQ(apply(), 1);
  EXPECT_EQ(get("/v1/listings?market=" + std::string{kMarket}, buyer_.key).data().Size(), 0U);
  EXPECT_EQ(sql("select state from leadex.lead"), "3");
}

TEST_F(RealtimeChecksApi, AGoodLeadIsLeftAlone) {
  auto const listed = lead("ann");
  ASSERT_EQ(judge_next("good", "confirmed").status, 200);
  EXPECT_EQ(apply(), 1);
  EXPECT_EQ(get("/v1/listings?market=" + std::string{kMarket}, buyer_.key).data().Size(), 1U);
  EXPECT_EQ(get(path("/inspection"), generator_.key).number("checked"), 1);
}

TEST_F(RealtimeChecksApi, NobodyIsGivenUpOnOneDayAndSilenceIsNoFault) {
  lead("ann");
  auto const first = judge_next("unreachable", "no_answer");
  EXPECT_EQ(first.text("status"), "open");
  auto const second = judge_next("unreachable", "no_answer");
  EXPECT_EQ(second.text("status"), "open");
  EXPECT_EQ(queue(verifier_).data().Size(), 0U) << "until tomorrow";
  sql_do(
      "update leadex.spot_check set rest_until = null, attempt_day = attempt_day - 1, "
      "attempts_that_day = 1");
  auto const third = judge_next("unreachable", "no_answer");
  EXPECT_EQ(third.text("status"), "done");
  EXPECT_EQ(apply(), 1);
  EXPECT_EQ(get(path("/inspection"), generator_.key).number("checked"), 0);
  EXPECT_EQ(get("/v1/listings?market=" + std::string{kMarket}, buyer_.key).data().Size(), 1U);
}

TEST_F(RealtimeChecksApi, AnErasedContactEndsItsCheck) {
  lead("ann");
  open_checks();
  auto const waiting = queue(verifier_);
  auto const id = field(waiting.data()[0], "check_id");
  sql_do("delete from leadex.lead_key");
  EXPECT_EQ(claim(id, verifier_).text("code"), "contact_gone");
  EXPECT_EQ(sql("select verdict from leadex.spot_check"), "unreachable");
  EXPECT_EQ(apply(), 1);
}

TEST_F(RealtimeChecksApi, ASourceWhosePostsAreSurelyWorseIsCheckedMoreStrictly) {
  for (int n = 0; n < 5; ++n) {
    lead("p" + std::to_string(n));
    ASSERT_EQ(judge_next("bad", "disconnected").status, 200);
  }
  EXPECT_EQ(apply(), 5);
  auto const source = get(path("/inspection"), generator_.key);
  EXPECT_EQ(source.text("mode"), "tightened") << source.body;
  EXPECT_EQ(sql("select count(*) from leadex.audit where action = 'source.mode'"), "1");
  EXPECT_EQ(sql("select checked from leadex.realtime_source"), "0") << "it counts anew";
}

class JudgedTwice : public RealtimeChecksApi {
 protected:
  [[nodiscard]] std::string spot_check() const override {
    return R"(,"spot_check":{"method":"fixed","second_opinion_bp":10000})";
  }
};

TEST_F(JudgedTwice, TwoVerifiersJudgeApart) {
  auto const other = open_account("verifier");
  lead("ann");
  EXPECT_EQ(judge_next("bad", "bogus").text("status"), "open");
  EXPECT_EQ(apply(), 0);
  EXPECT_EQ(queue(verifier_).data().Size(), 0U) << "it is another's";
  auto const waiting = queue(other);
  ASSERT_EQ(waiting.data().Size(), 1U);
  auto const second = judge(field(waiting.data()[0], "check_id"), other, "bad", "bogus");
  EXPECT_EQ(second.text("status"), "done") << second.body;
  EXPECT_EQ(apply(), 1);
}

class AllHeld : public RealtimeChecksApi {
 protected:
  /// Of how many leads their generator was told that they are off.
  std::string told_withdrawn() {
    return sql("select count(*) from leadex.event where type = 'lead.withdrawn'");
  }
  [[nodiscard]] std::string mode() const override { return "hold"; }
  [[nodiscard]] static std::string on_sale() {
    return "/v1/listings?market=" + std::string{kMarket};
  }
};

class HalfHeld : public AllHeld {
 protected:
  [[nodiscard]] std::string rate() const override { return "5000"; }
};

TEST_F(HalfHeld, EveryPostIsHeldAndGoesOnOnceNothingIsAgainstIt) {
  deposit(buyer_, "200.00");
  campaign(buyer_, "10.00", "150.00");
  constexpr int kPosts = 10;
  for (int n = 0; n < kPosts; ++n) {
    auto const answer = lead("p" + std::to_string(n));
    EXPECT_EQ(answer.text("outcome"), "held") << answer.body;
    EXPECT_TRUE(answer.find("price")->IsNull());
  }
  EXPECT_EQ(sql("select count(*) from leadex.lead where state = 0"), std::to_string(kPosts));
  auto const known = post("/v1/leads", generator_.key, lead_json("p0"));
  EXPECT_EQ(known.status, 409) << known.body;
  EXPECT_EQ(sql("select count(*) from leadex.lead"), std::to_string(kPosts));

  auto const free = std::stoll(sql("select count(*) from leadex.lead where row_no = 0"));
  EXPECT_EQ(open_checks(), kPosts - free);
  EXPECT_EQ(release(), free);
  EXPECT_EQ(release(), 0);
  EXPECT_EQ(sql("select count(*) from leadex.sale"), std::to_string(free));
  for (auto left = kPosts - free; left > 0; --left) {
    ASSERT_EQ(judge_next("good", "confirmed").status, 200);
  }
  EXPECT_EQ(apply(), kPosts - free);
  EXPECT_EQ(release(), kPosts - free);
  EXPECT_EQ(sql("select count(*) from leadex.sale"), std::to_string(kPosts));
  expect_true_books();
}

TEST_F(AllHeld, ARepeatedPostNamesTheLeadOfTheFirstTime) {
  Ask const ask{.method = "POST",
                .target = "/v1/leads",
                .key = generator_.key,
                .body = lead_json("ann"),
                .idempotency_key = "one"};
  auto const first = call(ask);
  ASSERT_EQ(first.status, 201) << first.body;
  auto const again = call(ask);
  EXPECT_EQ(again.header("Idempotent-Replayed"), "true");
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(sql("select count(*) from leadex.lead"), "1");
}

TEST_F(AllHeld, ABadLeadNeverReachesItsMarket) {
  lead("ann");
  EXPECT_EQ(release(), 0) << "not before its check is open";
  ASSERT_EQ(judge_next("bad", "bogus").status, 200);
  EXPECT_EQ(release(), 0);
  EXPECT_EQ(apply(), 1);
  EXPECT_EQ(release(), 0);
  EXPECT_EQ(sql("select state from leadex.lead"), "3");
  EXPECT_EQ(get(on_sale(), buyer_.key).data().Size(), 0U);
}

TEST_F(AllHeld, WhoeverPutsThePersonOnItsListMeanwhileIsNotOfferedIt) {
  deposit(buyer_, "50.00");
  campaign(buyer_, "10.00", "50.00");
  lead("ann");
  auto const hash = crypto::hex_encode(crypto::view_of(crypto::sha256("ann@example.org")));
  auto const listed = post("/v1/suppressions", buyer_.key, R"({"email_sha256":[")" + hash + "\"]}");
  ASSERT_LT(listed.status, 300) << listed.body;
  ASSERT_EQ(judge_next("good", "confirmed").status, 200);
  EXPECT_EQ(apply(), 1);
  EXPECT_EQ(release(), 1);
  EXPECT_EQ(sql("select count(*) from leadex.sale"), "0");
}

TEST_F(AllHeld, ThePersonOfTheExchangesOwnListIsRefused) {
  auto const first = post("/v1/leads", generator_.key, lead_json("ann"));
  ASSERT_EQ(first.status, 201);
  sql_do("insert into leadex.suppression select 0, digest, 0, now() from leadex.person");
  EXPECT_EQ(post("/v1/leads", generator_.key, lead_json("ann")).text("code"), "suppressed");
  ASSERT_EQ(judge_next("good", "confirmed").status, 200);
  EXPECT_EQ(apply(), 1);
  EXPECT_EQ(release(), 0) << "nor is the one that came before offered";
  EXPECT_EQ(sql("select state from leadex.lead"), "3");
  EXPECT_EQ(told_withdrawn(), "1");
}

TEST_F(AllHeld, ThePersonThatComesOntoTheListIsNotStoredAnyMore) {
  Ask const ask{.method = "POST",
                .target = "/v1/leads",
                .key = generator_.key,
                .body = lead_json("ann"),
                .idempotency_key = "one"};
  auto const first = call(ask);
  ASSERT_EQ(first.status, 201) << first.body;
  sql_do("insert into leadex.suppression select 0, digest, 0, now() from leadex.person");
  auto const again = call(ask);
  EXPECT_EQ(again.body, first.body) << "the answer of the first time, listed or not";
  EXPECT_EQ(again.header("Idempotent-Replayed"), "true");
  sql_do("delete from leadex.person");
  EXPECT_EQ(post("/v1/leads", generator_.key, lead_json("ann")).text("code"), "suppressed");
  EXPECT_EQ(sql("select count(*) from leadex.lead"), "1");
  EXPECT_EQ(sql("select count(*) from leadex.person"), "0");
}

TEST_F(AllHeld, AnErasedLeadIsWithdrawnWhateverItWaitsFor) {
  lead("ann");
  lead("bob");
  sql_do("delete from leadex.lead_key where lead_no = (select min(lead_no) from leadex.lead)");
  EXPECT_EQ(release(), 0);
  EXPECT_EQ(sql("select count(*) from leadex.lead where state = 3"), "1");
  EXPECT_EQ(told_withdrawn(), "1");
  EXPECT_EQ(release(), 0);
  EXPECT_EQ(told_withdrawn(), "1") << "once";
}

TEST_F(AllHeld, ManyGoOnAtOnce) {
  deposit(buyer_, "900.00");
  campaign(buyer_, "10.00", "900.00");
  constexpr int kPosts = 70;
  for (int n = 0; n < kPosts; ++n) lead("p" + std::to_string(n));
  open_checks();
  sql_do(
      "update leadex.spot_check set status = 'done', verdict = 'good', reason = 'confirmed', "
      "decided_by = 1, decided_at = now()");
  EXPECT_EQ(apply(), kPosts);
  EXPECT_EQ(release(), kPosts);
  EXPECT_EQ(sql("select count(*) from leadex.sale"), std::to_string(kPosts));
  EXPECT_EQ(sql("select count(*) from leadex.lead where state = 0"), "0");
}

}  // namespace
}  // namespace leadex::api
