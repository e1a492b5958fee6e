// Do-not-call lists through the API: bringing them, and posted leads, posts of pings and forms
// against them.

#include "tests/server/api/privacy_harness.hpp"

namespace leadex::api {
namespace {

using namespace std::chrono_literals;

constexpr char const* kPhone = "+12125550142";

class DoNotCallApi : public PrivacyHarness {
 protected:
  [[nodiscard]] std::string market_more() const override {
    return R"(,"do_not_call":"country","dedupe_s":0)";
  }
  static std::string days_ago(int days) { return ago(days * 24h).substr(0, 10); }
  static http::Headers plain() {
    http::Headers headers;
    headers.add("content-type", "text/plain");
    return headers;
  }
  Reply bring(std::string const& body, std::string const& day, std::string const& key,
              std::string const& country = "US") {
    return call({.method = "PUT",
                 .target = "/v1/admin/do-not-call/" + country + "?version_date=" + day,
                 .key = key,
                 .body = body,
                 .headers = plain()});
  }
  Reply bring(std::string const& body, int days = 0) { return bring(body, days_ago(days), admin_); }
  static std::string with_phone(std::string const& lead, std::string const& phone) {
    auto text = lead;
    return text.insert(text.find(R"("email":)"), R"("phone":")" + phone + R"(",)");
  }
  Reply post_lead(std::string const& person, std::string const& phone) {
    return post("/v1/leads", generator_.key, with_phone(lead_json(person), phone));
  }
};

TEST_F(DoNotCallApi, StaffBringAListAndSeeItsAge) {
  EXPECT_EQ(get("/v1/admin/do-not-call", admin_).data().Size(), 0U);
  auto const brought = bring(std::string{kPhone} + "\n" + hash_of("+12125550143") + "\n", 2);
  ASSERT_EQ(brought.status, 200) << brought.body;
  EXPECT_EQ(brought.text("country"), "US");
  EXPECT_EQ(brought.text("version_date"), days_ago(2));
  EXPECT_EQ(brought.number("phones"), 2);
  EXPECT_EQ(brought.number("age_days"), 2);
  auto const lists = get("/v1/admin/do-not-call", admin_);
  ASSERT_EQ(lists.data().Size(), 1U);
  EXPECT_EQ(field(lists.data()[0], "version_date"), days_ago(2));

  EXPECT_EQ(bring("+12125550100\n", 3).text("code"), "list_superseded");
  EXPECT_EQ(bring("+12125550101\n+12125550102\n+12125550103\n+12125550104\n", 2).status, 200);
  EXPECT_EQ(bring("+12125550100\n").text("code"), "validation_failed") << "less than half of it";
  EXPECT_EQ(call({.method = "PUT",
                  .target = "/v1/admin/do-not-call/US?shrink=true&version_date=" + days_ago(2),
                  .key = admin_,
                  .body = std::string{kPhone} + "\n" + hash_of("+12125550143"),
                  .headers = plain()})
                .status,
            200);
  EXPECT_EQ(bring("+12125550100\n12125550101\n").text("code"), "validation_failed");
  EXPECT_EQ(bring("").text("code"), "validation_failed");
  EXPECT_EQ(bring(kPhone, "2026-02-30", admin_).status, 422);
  EXPECT_EQ(bring(kPhone, "2999-01-01", admin_).status, 422);
  EXPECT_EQ(bring(kPhone, days_ago(0), generator_.key).status, 403);
  EXPECT_EQ(get("/v1/admin/do-not-call", buyer_.key).status, 403);
  auto const same = get("/v1/admin/do-not-call", admin_);
  ASSERT_EQ(same.data().Size(), 1U);
  EXPECT_EQ(field(same.data()[0], "version_date"), days_ago(2)) << "faulty ones changed nothing";
  EXPECT_EQ(rows("do_not_call_load", "state = 0"), "0") << "each was given up";
}

TEST_F(DoNotCallApi, PostedLeadsAreHeldAgainstTheList) {
  auto const missing = post_lead("ann", kPhone);
  EXPECT_EQ(missing.status, 422);
  EXPECT_EQ(missing.text("code"), "do_not_call_stale") << "no list was ever brought";
  EXPECT_EQ(post("/v1/leads", generator_.key, lead_json("eve")).status, 201) << "no phone";
  ASSERT_EQ(bring(kPhone).status, 200);
  auto const listed = post_lead("ann", kPhone);
  EXPECT_EQ(listed.status, 422);
  EXPECT_EQ(listed.text("code"), "do_not_call");
  EXPECT_EQ(listed.body.find("2125550142"), std::string::npos);
  EXPECT_EQ(post_lead("bob", "+12125550143").status, 201);
  EXPECT_EQ(rows("person", "true"), "3") << "eve's address, bob's address and phone";
  sql_do("update leadex.do_not_call_load set version_on = version_on - 32 where state = 1");
  EXPECT_EQ(post_lead("joe", "+12125550144").text("code"), "do_not_call_stale");
  EXPECT_EQ(post_lead("ann", kPhone).text("code"), "do_not_call");
}

TEST_F(DoNotCallApi, ThePostOfAPingIsHeldAgainstTheList) {
  ASSERT_EQ(bring(kPhone).status, 200);
  auto const ping =
      post("/v1/pings", generator_.key,
           R"({"market":")" + std::string{kMarket} + R"(","attributes":{"state":"CA","age":30},)" +
               R"("source":{"vehicle":"web_form","reason":"quote"}})");
  ASSERT_EQ(ping.status, 200) << ping.body;
  auto const market = R"("market":")" + std::string{kMarket} + R"(",)";
  auto body = with_phone(lead_json("ann"), kPhone);
  body.erase(body.find(market), market.size());
  auto const posted = post("/v1/pings/" + ping.text("ping_id") + "/post", generator_.key, body);
  EXPECT_EQ(posted.status, 422) << posted.body;
  EXPECT_EQ(posted.text("code"), "do_not_call") << posted.body;
}

TEST_F(DoNotCallApi, AMarketSaysWhetherItAsks) {
  auto const stated = get("/v1/markets/" + std::string{kMarket}, admin_);
  EXPECT_EQ(stated.text("do_not_call"), "country");
  auto const changed =
      patch("/v1/admin/markets/" + std::string{kMarket}, admin_, R"({"do_not_call":"none"})");
  ASSERT_EQ(changed.status, 200) << changed.body;
  EXPECT_EQ(changed.text("do_not_call"), "none");
  EXPECT_EQ(post_lead("ann", kPhone).status, 201);
}

}  // namespace
}  // namespace leadex::api
