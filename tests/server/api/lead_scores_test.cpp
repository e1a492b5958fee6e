// Scores of leads: as they arrive by the table in force, as the campaigns see them, and as their
// log explains them for ever after.

#include <random>

#include "tests/matching/seed.hpp"
#include "tests/server/api/scored_market.hpp"

namespace leadex::api {
namespace {

class LeadScores : public ScoredMarket {
 protected:
  /// A lead with whatever of contact and capture the dice give it.
  static std::string random_lead(std::mt19937_64& random, int n) {
    auto const maybe = [&](std::string const& text) { return random() % 2 == 0 ? text : ""; };
    auto const age = std::to_string(16 + random() % 95);
    auto const captured = std::chrono::seconds{3600 + random() % 500'000};
    std::vector<std::chrono::seconds> before(random() % 5);
    for (auto& seconds : before) seconds = std::chrono::seconds{random() % 300'000};
    std::ranges::sort(before, std::greater{});  // the earliest touch first
    std::string touches;
    for (auto const seconds : before) {
      if (!touches.empty()) touches += ',';
      touches += R"({"at":")" + ago(captured + seconds) + R"(","vehicle":"email","reason":"news"})";
    }
    if (!touches.empty()) touches = R"(,"touchpoints":[)" + touches + ']';
    return R"({"market":")" + std::string{kMarket} + R"(","contact":{"first_name":"Ann")" +
           R"(,"last_name":"Lee","email":"p)" + std::to_string(n) + R"(@example.org")" +
           maybe(R"(,"phone":"+1212555)" + std::to_string(1000 + n) + '"') +
           R"(},"attributes":{"state":")" + (random() % 2 == 0 ? "CA" : "TX") + '"' +
           maybe(R"(,"age":)" + age) + R"(},"consent":{"at":")" + ago(captured) +
           R"(","text":"I agree.")" +
           maybe(R"(,"jornaya_leadid":"01234567-89AB-CDEF-0123-456789ABCDEF")") +
           R"(},"source":{"vehicle":")" + (random() % 2 == 0 ? "web_form" : "email") +
           R"(","reason":"quote")" + touches + R"(},"captured_at":")" + ago(captured) + '"' +
           maybe(R"(,"landing_page_url":"https://example.org/a")") + '}';
  }
};

TEST_F(LeadScores, TheLogOfEveryLeadSumsToItsScore) {
  std::mt19937_64 random{seed_of_run()};
  std::set<std::int64_t> seen;
  for (int n = 0; n < 80; ++n) {
    auto const posted = post("/v1/leads", generator_.key, random_lead(random, n));
    ASSERT_EQ(posted.status, 201) << posted.body;
    auto const told = score_of(posted.text("lead_id"), generator_.key);
    ASSERT_EQ(told.status, 200) << told.body;
    ASSERT_EQ(sum_of(told), told.number("score")) << told.body;
    seen.insert(told.number("score"));
    auto const by = told.number("score") >= 70   ? "hot"
                    : told.number("score") >= 40 ? "warm"
                                                 : "cold";
    EXPECT_EQ(told.text("temperature"), by);
  }
  EXPECT_GT(seen.size(), 15U) << "the leads differ";
  EXPECT_EQ(sql("select count(*) from leadex.lead where score is null or score_facts is null"),
            "0");
  // What the market's listings show is the same.
  auto const listed =
      get("/v1/listings?market=" + std::string{kMarket} + "&sort=-score&limit=5", buyer_.key);
  ASSERT_EQ(listed.data().Size(), 5U);
  EXPECT_EQ(json::find_member(listed.data()[0], "score")->GetInt64(), *seen.rbegin());
}

TEST_F(LeadScores, ALogSaysWhichRulesHeld) {
  auto const told = score_of(lead("ann").text("lead_id"), generator_.key);
  ASSERT_EQ(told.status, 200) << told.body;
  std::map<std::string, std::int64_t> points;
  for (auto const& line : told.find("log")->GetArray()) {
    auto const reason = field(line, "reason");
    points[reason.empty() ? field(line, "kind") : reason] =
        json::find_member(line, "points")->GetInt64();
  }
  // An hour of a half-life of two: 20 ÷ √2, rounded towards zero.
  std::map<std::string, std::int64_t> const expected{
      {"base", 5},     {"home_state", 20}, {"working_age", 10}, {"has_email", 10},
      {"has_name", 5}, {"by_form", 3},     {"fresh", 14}};
  EXPECT_EQ(points, expected) << told.body;
  EXPECT_EQ(told.number("score"), 67);
  EXPECT_TRUE(told.find("marketing_qualified")->GetBool());
  EXPECT_EQ(told.find("estimate"), nullptr);
}

TEST_F(LeadScores, BothEndsAreKeptByALineOfTheLog) {
  auto const high = score_of(
      lead("ann", "CA", 30, R"(,"landing_page_url":"https://example.org/","ip_address":"8.8.8.8")")
          .text("lead_id"),
      admin_);
  EXPECT_EQ(high.number("score"), 74);
  auto const changed = patch("/v1/admin/markets/" + std::string{kMarket}, admin_,
                             R"({"scoring":{"base":-500,"profile":[],"document":[]}})");
  ASSERT_EQ(changed.status, 200) << changed.body;
  auto const low = score_of(lead("bob").text("lead_id"), admin_);
  EXPECT_EQ(low.number("score"), 0);
  EXPECT_EQ(sum_of(low), 0);
  ASSERT_EQ(low.find("log")->Size(), 2U) << low.body;
  EXPECT_EQ(field((*low.find("log"))[1], "kind"), "limit");
  // The lead that came under the version before keeps its log.
  auto const before = get("/v1/leads/" + lead("cid").text("lead_id") + "/stage", generator_.key);
  EXPECT_EQ(before.text("stage"), "new") << before.body;
}

TEST_F(LeadScores, ALeadKeepsTheTableItCameUnder) {
  auto const id = lead("ann").text("lead_id");
  auto const first = score_of(id, generator_.key);
  ASSERT_EQ(
      patch("/v1/admin/markets/" + std::string{kMarket}, admin_, R"({"scoring":null})").status,
      200);
  auto const again = score_of(id, generator_.key);
  EXPECT_EQ(again.body, first.body);
  auto const none = score_of(lead("bob").text("lead_id"), generator_.key);
  EXPECT_TRUE(none.find("score")->IsNull()) << none.body;
  EXPECT_EQ(none.find("log")->Size(), 0U);
  EXPECT_EQ(sql("select count(*) from leadex.lead where score_facts is null"), "1");
}

TEST_F(LeadScores, AScoreThatItsLogDoesNotExplainIsAnError) {
  auto const id = lead("ann").text("lead_id");
  sql_do("update leadex.lead set score = score + 1");
  EXPECT_EQ(score_of(id, generator_.key).status, 500);
  sql_do("update leadex.lead set score = score - 1, score_facts = null");
  EXPECT_EQ(score_of(id, generator_.key).status, 500);
}

TEST_F(LeadScores, CampaignsAskForAScore) {
  deposit(buyer_, "100.00");
  campaign(buyer_, "10.00", "50.00", R"(,"minimum_score":60)");
  EXPECT_EQ(lead("ann", "TX", 70).text("outcome"), "listed");
  EXPECT_EQ(lead("bob").text("outcome"), "sold") << "67 points";
}

TEST_F(LeadScores, APingIsScoredByAttributesAndSourceAlone) {
  deposit(buyer_, "100.00");
  // 5 + 20 + 10 + 3; the person and the capture are not known yet.
  auto const ask = [this] {
    return post("/v1/pings", generator_.key,
                R"({"market":")" + std::string{kMarket} +
                    R"(","attributes":{"state":"CA","age":30},"source":{"vehicle":"web_form",)"
                    R"("reason":"quote"}})")
        .text("outcome");
  };
  auto const id = campaign(buyer_, "10.00", "50.00", R"(,"minimum_score":39)");
  EXPECT_EQ(ask(), "unmatched");
  campaign(buyer_, "9.00", "50.00", R"(,"minimum_score":38)");
  EXPECT_EQ(ask(), "matched");
  auto const pinged = post("/v1/pings", generator_.key,
                           R"({"market":")" + std::string{kMarket} +
                               R"(","attributes":{"state":"CA","age":30},"source":)"
                               R"({"vehicle":"web_form","reason":"quote"}})");
  auto body = lead_json("ann");
  body.erase(1, body.find(','));  // the market is the ping's
  auto const posted = post("/v1/pings/" + pinged.text("ping_id") + "/post", generator_.key, body);
  ASSERT_EQ(posted.status, 201) << posted.body;
  auto const told = score_of(posted.text("lead_id"), generator_.key);
  EXPECT_EQ(told.number("score"), 67) << "a post is scored by all that came";
}

TEST_F(LeadScores, StayWithTheirGenerator) {
  auto const id = lead("ann").text("lead_id");
  auto const stranger = open_account("generator");
  for (std::string const what : {"/score", "/stage"}) {
    EXPECT_EQ(get("/v1/leads/" + id + what, stranger.key).status, 404);
    EXPECT_EQ(get("/v1/leads/" + id + what, buyer_.key).status, 403);
    EXPECT_EQ(get("/v1/leads/" + id + what, admin_).status, 200);
  }
}

TEST_F(LeadScores, ATableIsPartOfTheMarketsDefinition) {
  auto const shown = get("/v1/markets/" + std::string{kMarket}, buyer_.key);
  auto const* const scoring = shown.find("scoring");
  ASSERT_NE(scoring, nullptr) << shown.body;
  EXPECT_EQ(json::to_text(*scoring), std::string{kScoring}.substr(10));
  auto const refused = [this](std::string const& change) {
    auto const answer = patch("/v1/admin/markets/" + std::string{kMarket}, admin_, change);
    EXPECT_EQ(answer.status, 422) << change << answer.body;
    auto const* const errors = answer.find("errors");
    return errors == nullptr || errors->Empty()
               ? std::string{}
               : field((*errors)[0], "pointer") + ' ' + field((*errors)[0], "code");
  };
  auto const profile = [&](std::string const& rule) {
    return refused(
        R"({"scoring":{"profile":[{"attribute":"age","gte":20,"points":1,"reason":"a"},)" + rule +
        "]}}");
  };
  EXPECT_EQ(profile(R"({"attribute":"city","in":["x"],"points":1,"reason":"b"})"),
            "/scoring/profile/1/attribute attribute_unknown");
  EXPECT_EQ(profile(R"({"attribute":"state","in":["NY"],"points":1,"reason":"b"})"),
            "/scoring/profile/1 values_invalid");
  EXPECT_EQ(profile(R"({"attribute":"state","gte":1,"points":1,"reason":"b"})"),
            "/scoring/profile/1 range_invalid");
  EXPECT_EQ(profile(R"({"attribute":"age","in":[true],"points":1,"reason":"b"})"),
            "/scoring/profile/1 values_invalid");
  EXPECT_EQ(profile(R"({"attribute":"age","in":[3],"gte":1,"points":1,"reason":"b"})"),
            "/scoring/profile/1/in ambiguous");
  EXPECT_EQ(profile(R"({"attribute":"age","lte":50,"points":0,"reason":"b"})"),
            "/scoring/profile/1/points out_of_range");
  EXPECT_EQ(refused(R"({"scoring":{"form":[{"points":1,"reason":"a"}]}})"),
            "/scoring/form/0/fact ambiguous");
  // Attributes that a rule asks for cannot go.
  EXPECT_EQ(refused(R"({"attributes":{"type":"object","properties":{"state":{"type":"string",)"
                    R"("enum":["CA","TX"]}}}})"),
            "/scoring/profile/1/attribute attribute_unknown");
  EXPECT_EQ(refused(R"({"estimate":{"features":["age","duration"]}})"),
            "/estimate/features/1 known_after_sale");
  EXPECT_EQ(refused(R"({"estimate":{"features":["city"]}})"),
            "/estimate/features/0 attribute_unknown");
}

}  // namespace
}  // namespace leadex::api
