// Signs of fraud in leads that are posted one by one: counted, judged by the job, decided by staff,
// and never told to who posts.

#include "tests/server/api/fraud_harness.hpp"

namespace leadex::api {
namespace {

class PostedSigns : public FraudHarness {
 protected:
  static std::string from(std::string const& address, std::string const& agent = "Browser") {
    return R"(,"ip_address":")" + address + R"(","user_agent":")" + agent + '"';
  }
  static std::string own_address(int n) {
    return "93." + std::to_string(n / 250) + '.' + std::to_string(n % 250) + ".9";
  }
  void post_many(int first, int count, std::string const& address = {}) {
    for (int i = first; i < first + count; ++i) {
      lead("ann" + std::to_string(i), "CA", 30, from(address.empty() ? own_address(i) : address));
    }
  }
};

TEST_F(PostedSigns, HonestPostsOpenNoCase) {
  post_many(0, 60);
  EXPECT_EQ(judge(), 0);
  EXPECT_EQ(sql("select posts || ' ' || looks || ' ' || next_posts from leadex.posted_signs"),
            "60 1 120");
  EXPECT_EQ(sql("select count(*) from leadex.posted_mark"), "0");
}

TEST_F(PostedSigns, AFarmOfOneAddressOpensACaseWithItsLeads) {
  post_many(0, 20);
  post_many(100, 40, "93.184.216.34");
  EXPECT_EQ(judge(), 2);  // of its address, of its device
  EXPECT_EQ(judge(), 0);
  auto const found = cases("kind=crowded_addresses");
  ASSERT_EQ(found.data().Size(), 1U) << found.body;
  auto const& one = found.data()[0];
  EXPECT_EQ(field(one, "generator_id"), generator_.id);
  EXPECT_TRUE(json::find_member(one, "batch_id")->IsNull());
  EXPECT_EQ(field(one, "posted_on").size(), 10U);
  EXPECT_EQ(json::find_member(one, "leads")->GetInt(), 60);
  EXPECT_GE(json::find_member(one, "events")->GetInt(), 35);
  EXPECT_EQ(json::find_member(one, "lead_ids")->Size(), 20U);
  EXPECT_NE(field(one, "statement").find("days of posts"), std::string::npos);
  EXPECT_EQ(json::find_member(one, "planted"), nullptr);

  // Nothing of it is told to the source.
  auto const id = std::string{json::text_of((*json::find_member(one, "lead_ids"))[0])};
  auto const own = get("/v1/leads/" + id + "/rounds", generator_.key);
  EXPECT_EQ(own.status, 200);
  EXPECT_EQ(own.body.find("crowd"), std::string::npos);
  EXPECT_EQ(own.body.find("sign"), std::string::npos);
  auto const path = "/v1/admin/fraud-cases/" + field(one, "id");
  EXPECT_EQ(get(path, generator_.key).status, 403);

  auto const decided =
      post(path + "/decide", admin_, R"({"upheld":true,"sampling":"stopped","note":"A farm."})");
  ASSERT_EQ(decided.status, 200) << decided.body;
  EXPECT_EQ(sql("select mode from leadex.inspection"), "4");
  EXPECT_EQ(post(path + "/decide", admin_, R"({"upheld":true,"withdraw_leads":true})").status, 422);
}

TEST_F(PostedSigns, AnotherSourceOnTheSameAddressIsNotAccused) {
  post_many(0, 60, "93.184.216.34");
  std::swap(generator_, rival_);
  for (int i = 0; i < 60; ++i) {
    auto const address = i % 20 == 0 ? std::string{"93.184.216.34"} : own_address(1000 + i);
    lead("bob" + std::to_string(i), "CA", 30, from(address));
  }
  judge();
  EXPECT_EQ(cases("generator=" + generator_.id).data().Size(), 0U);
  EXPECT_EQ(cases("generator=" + rival_.id).data().Size(), 2U);
}

TEST_F(PostedSigns, PeopleOfAnotherSourceAreCountedThoughTheyAreRefused) {
  for (int i = 0; i < 55; ++i) lead("ann" + std::to_string(i), "CA", 30, from(own_address(i)));
  for (int i = 0; i < 55; ++i) {
    auto const again = post("/v1/leads", rival_.key,
                            lead_json("ann" + std::to_string(i), "CA", 30, from(own_address(i))));
    EXPECT_EQ(again.status, 409) << again.body;
  }
  judge();
  auto const found = cases("kind=people_known");
  ASSERT_EQ(found.data().Size(), 1U) << found.body;
  EXPECT_EQ(field(found.data()[0], "generator_id"), rival_.id);
  EXPECT_EQ(json::find_member(found.data()[0], "events")->GetInt(), 55);
  EXPECT_EQ(json::find_member(found.data()[0], "lead_ids")->Size(), 0U);
}

TEST_F(PostedSigns, OneOwnPersonSentAgainIsNoSign) {
  lead("ann");
  for (int i = 0; i < 60; ++i) {
    EXPECT_EQ(post("/v1/leads", generator_.key, lead_json("ann")).status, 409);
  }
  judge();
  EXPECT_EQ(cases().data().Size(), 0U);
  EXPECT_EQ(sql("select sum(posts) from leadex.posted_signs"), "1");
}

TEST_F(PostedSigns, ADayThatIsOverIsJudgedThoughItIsSmall) {
  post_many(0, 30, "93.184.216.34");
  EXPECT_EQ(judge(), 0);  // too few for a look
  sql_do("update leadex.posted_signs set day = day - 2");
  sql_do("update leadex.posted_mark set day = day - 2");
  EXPECT_EQ(judge(), 2);
  EXPECT_EQ(sql("select closed::text from leadex.posted_signs"), "true");
  EXPECT_EQ(cases("kind=crowded_devices").data().Size(), 1U);
}

TEST_F(PostedSigns, OldDaysAreForgotten) {
  post_many(0, 8, "93.184.216.34");
  judge();
  sql_do("update leadex.posted_signs set day = day - 400");
  sql_do("update leadex.posted_mark set day = day - 400");
  judge();
  EXPECT_EQ(sql("select count(*) from leadex.posted_signs"), "0");
  EXPECT_EQ(sql("select count(*) from leadex.posted_mark"), "0");
}

TEST_F(PostedSigns, ATestKeyLeavesNoTrace) {
  auto const made =
      post("/v1/admin/accounts/" + generator_.id + "/api-keys", admin_, R"({"kind":"test"})");
  ASSERT_EQ(made.status, 201) << made.body;
  for (int i = 0; i < 10; ++i) {
    auto const tried =
        post("/v1/leads", made.text("key"), lead_json("ann", "CA", 30, from("93.184.216.34")));
    EXPECT_EQ(tried.status, 201) << tried.body;
  }
  judge();
  EXPECT_EQ(sql("select count(*) from leadex.posted_signs"), "0");
}

}  // namespace
}  // namespace leadex::api
