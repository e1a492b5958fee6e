// Planted contacts: who brings one gets a case, and nothing that he is answered shows it.

#include "server/privacy/blind_index.hpp"
#include "tests/server/api/fraud_harness.hpp"

namespace leadex::api {
namespace {

constexpr char const* kCanary = R"("email":"canary@example.org","note":"Left in Acme's list.")";

class PlantedContacts : public FraudHarness {
 protected:
  static std::string sha256_hex(std::string const& text) {
    return crypto::hex_encode(crypto::view_of(crypto::sha256(text)));
  }
  static std::string without_ids(Reply const& reply) {
    auto body = reply.body;
    for (auto const* name : {"lead_id", "auction_id"}) {
      auto const value = reply.text(name);
      if (!value.empty()) body.replace(body.find(value), value.size(), "…");
    }
    return body;
  }
};

TEST_F(PlantedContacts, StaffPlantsListsAndRetires) {
  Ask const ask{.method = "POST",
                .target = "/v1/admin/planted-contacts",
                .key = admin_,
                .body = R"({"email":" Canary@Example.org","phone":"+1 202-555-0142","market":")" +
                        std::string{kMarket} + R"(","given_to":")" + buyer_.id +
                        R"(","note":"Sold to them in June."})",
                .idempotency_key = "plant"};
  auto const planted = call(ask);
  ASSERT_EQ(planted.status, 201) << planted.body;
  EXPECT_EQ(planted.find("fields")->Size(), 2U);
  EXPECT_EQ(planted.text("market"), kMarket);
  EXPECT_EQ(planted.text("given_to"), buyer_.id);
  EXPECT_EQ(planted.text("note"), "Sold to them in June.");
  EXPECT_EQ(planted.number("cases"), 0);
  EXPECT_EQ(call(ask).body, planted.body);
  EXPECT_EQ(plant(R"("email":"canary@example.org","note":"Again.")").status, 409);
  EXPECT_EQ(
      plant(R"("phone_sha256":")" + sha256_hex("+12025550142") + R"(","note":"Again.")").status,
      409);
  EXPECT_EQ(
      plant(R"("email_sha256":")" + sha256_hex("other@example.org") + R"(","note":"x")").status,
      201);

  auto const auditor = open_account("auditor").key;
  auto const listed = get("/v1/admin/planted-contacts", auditor);
  ASSERT_EQ(listed.data().Size(), 2U) << listed.body;
  EXPECT_EQ(field(listed.data()[1], "id"), planted.text("id"));
  EXPECT_EQ(get("/v1/admin/planted-contacts?limit=1", admin_).data().Size(), 1U);

  auto const path = "/v1/admin/planted-contacts/" + planted.text("id") + "/retire";
  EXPECT_EQ(post(path, auditor).status, 403);
  auto const retired = post(path, admin_);
  ASSERT_EQ(retired.status, 200) << retired.body;
  EXPECT_FALSE(retired.text("retired_at").empty());
  EXPECT_EQ(post(path, admin_).status, 409);
  EXPECT_EQ(
      post("/v1/admin/planted-contacts/seed_00000000000000000000000000/retire", admin_).status,
      404);
  EXPECT_EQ(plant(kCanary).status, 201) << "a retired one can be planted anew";
  EXPECT_EQ(sql("select count(*) from leadex.audit where action like 'planted_contact.%'"), "4");
  EXPECT_EQ(sql("select count(*) from leadex.planted_contact where position('June'::bytea in "
                "note_sealed) > 0"),
            "0");
}

TEST_F(PlantedContacts, WhatMakesNoSenseIsRefused) {
  for (auto const* body :
       {R"("note":"Nothing.")", R"("email":"no address","note":"x")", R"("email":"a@b.example")",
        R"("phone":"2025550142","note":"no plus")", R"("phone":"+1 202","note":"short")",
        R"("email_sha256":"00ff","note":"x")", R"("email":"a@b.example","note":"")",
        R"("email":"a@b.example","given_to":"acct_00000000000000000000000000","note":"x")",
        R"("email":"a@b.example","market":"no.such.market","note":"x")"}) {
    EXPECT_EQ(plant(body).status, 422) << body;
  }
  auto const both =
      R"("email":"a@b.example","email_sha256":")" + sha256_hex("a@b.example") + R"(","note":"x")";
  EXPECT_EQ(plant(both).status, 422);
  EXPECT_EQ(sql("select count(*) from leadex.planted_contact"), "0");
}

TEST_F(PlantedContacts, NobodyButStaffKnowsOfThem) {
  ASSERT_EQ(plant(kCanary).status, 201);
  for (auto const& key : {generator_.key, buyer_.key, open_account("verifier").key}) {
    EXPECT_EQ(get("/v1/admin/planted-contacts", key).status, 403);
    EXPECT_EQ(post("/v1/admin/planted-contacts", key, '{' + std::string{kCanary} + '}').status,
              403);
  }
}

TEST_F(PlantedContacts, AnUploadThatCarriesOneOpensACase) {
  auto const planted = plant(R"("email":"canary@example.org","given_to":")" + buyer_.id +
                             R"(","note":"Sold to them in June.")");
  ASSERT_EQ(planted.status, 201) << planted.body;
  std::vector<std::string> people{"canary"};
  for (int i = 0; i < 20; ++i) people.push_back("ann" + std::to_string(i));
  auto const batch = upload(rival_, people);

  auto const found = cases("kind=planted_contact");
  ASSERT_EQ(found.data().Size(), 1U) << found.body;
  auto const& one = found.data()[0];
  EXPECT_EQ(field(one, "generator_id"), rival_.id);
  EXPECT_EQ(field(one, "batch_id"), batch.text("id"));
  EXPECT_EQ(field(one, "posted_on"), "");
  auto const& where = *json::find_member(one, "planted");
  EXPECT_EQ(field(where, "id"), planted.text("id"));
  EXPECT_EQ(field(where, "given_to"), buyer_.id);
  EXPECT_EQ(field(where, "note"), "Sold to them in June.");
  ASSERT_EQ(json::find_member(one, "lead_ids")->Size(), 1U);
  auto const lead = std::string{json::text_of((*json::find_member(one, "lead_ids"))[0])};
  EXPECT_EQ(get("/v1/leads/" + lead + "/rounds", rival_.key).status, 200);
  EXPECT_EQ(get("/v1/admin/planted-contacts", admin_).data()[0]["cases"].GetInt(), 1);
  // Its lead is open to no buyer; the others are.
  EXPECT_EQ(sql("select count(*) from leadex.lead where named_for is not null"), "1");
  EXPECT_EQ(sql("select resale from leadex.lead where named_for is not null"), "0");

  // The next one to bring it is known in the market, and found all the same.
  upload(generator_, {"canary", "bob"});
  auto const again = cases("generator=" + generator_.id);
  ASSERT_EQ(again.data().Size(), 1U) << again.body;
  EXPECT_EQ(json::find_member(again.data()[0], "lead_ids")->Size(), 0U);
}

TEST_F(PlantedContacts, APostedOneIsAnsweredLikeAnyOtherAndSoldToNobody) {
  ASSERT_EQ(plant(kCanary).status, 201);
  auto const posted = lead("canary");
  EXPECT_EQ(posted.text("outcome"), "listed");
  auto const found = cases("kind=planted_contact");
  ASSERT_EQ(found.data().Size(), 1U) << found.body;
  EXPECT_EQ(json::find_member(found.data()[0], "batch_id")->IsNull(), true);
  EXPECT_EQ(field(found.data()[0], "posted_on").size(), 10U);
  EXPECT_EQ(field(found.data()[0], "statement").starts_with("A contact"), true);

  auto const bought = post("/v1/purchases", buyer_.key,
                           R"({"market":")" + std::string{kMarket} +
                               R"(","quantity":5,"limit_price":)" + usd("50.00") + '}');
  EXPECT_EQ(bought.number("filled"), 0) << bought.body;
  EXPECT_EQ(lead("ann").text("outcome"), "sold");

  // The same as for a lead that nobody bids on, field by field.
  ASSERT_EQ(post("/v1/campaigns/" + campaign_ + "/pause", buyer_.key).status, 200);
  auto const unwanted = lead("ted");
  EXPECT_EQ(without_ids(posted), without_ids(unwanted));
  ASSERT_EQ(post("/v1/campaigns/" + campaign_ + "/resume", buyer_.key).status, 200);
  auto const rounds = [this](Reply const& of) {
    auto told = get("/v1/leads/" + of.text("lead_id") + "/rounds", generator_.key);
    EXPECT_EQ(told.status, 200) << told.body;
    EXPECT_EQ(told.body.find("plant"), std::string::npos);
    std::set<std::string> names;
    for (auto const& one : told.json.GetObject()) names.emplace(json::text_of(one.name));
    return names;
  };
  EXPECT_EQ(rounds(posted), rounds(unwanted));

  // A repeated answer and a second post open no second case of the day.
  lead("bob");
  EXPECT_EQ(post("/v1/leads", generator_.key, lead_json("canary")).status, 409);
  EXPECT_EQ(cases("kind=planted_contact").data().Size(), 1U);
  EXPECT_EQ(post("/v1/leads", rival_.key, lead_json("canary")).status, 409);
  EXPECT_EQ(cases("kind=planted_contact").data().Size(), 2U);
  expect_true_books();
}

TEST_F(PlantedContacts, TheSameAnswerAfterMidnightOpensNoSecondCase) {
  ASSERT_EQ(plant(kCanary).status, 201);
  Ask const ask{.method = "POST",
                .target = "/v1/leads",
                .key = generator_.key,
                .body = lead_json("canary"),
                .idempotency_key = "once"};
  auto const first = call(ask);
  ASSERT_EQ(first.status, 201) << first.body;
  sql_do("update leadex.fraud_case set posted_day = posted_day - 1");
  EXPECT_EQ(call(ask).text("lead_id"), first.text("lead_id"));
  auto const found = cases("kind=planted_contact");
  ASSERT_EQ(found.data().Size(), 1U) << found.body;
  EXPECT_EQ(json::text_of((*json::find_member(found.data()[0], "lead_ids"))[0]),
            first.text("lead_id"));
}

TEST_F(PlantedContacts, WhoWasGivenItMayBringIt) {
  ASSERT_EQ(plant(R"("email":"canary@example.org","given_to":")" + generator_.id +
                  R"(","note":"Sent in by their form.")")
                .status,
            201);
  EXPECT_EQ(lead("canary").text("outcome"), "listed");
  EXPECT_EQ(cases().data().Size(), 0U);
}

TEST_F(PlantedContacts, ARetiredOneIsALeadLikeAnyOther) {
  auto const planted = plant(kCanary);
  ASSERT_EQ(post("/v1/admin/planted-contacts/" + planted.text("id") + "/retire", admin_).status,
            200);
  EXPECT_EQ(lead("canary").text("outcome"), "sold");
  EXPECT_EQ(cases().data().Size(), 0U);
}

TEST_F(PlantedContacts, APingOfItIsUnmatchedAndAPostOwesNothing) {
  ASSERT_EQ(plant(kCanary).status, 201);
  auto const ping = [this](std::string const& more) {
    return post("/v1/pings", generator_.key,
                R"({"market":")" + std::string{kMarket} +
                    R"(","attributes":{"state":"CA","age":30},"source":{"vehicle":"web_form",)" +
                    R"("reason":"quote"})" + more + '}');
  };
  auto const told =
      ping(R"(,"contact_hashes":{"email_sha256":")" + sha256_hex("canary@example.org") + R"("})");
  EXPECT_EQ(told.text("outcome"), "unmatched") << told.body;
  EXPECT_EQ(cases("kind=planted_contact").data().Size(), 1U);

  auto const untold = ping("");
  ASSERT_EQ(untold.text("outcome"), "matched") << untold.body;
  auto body = lead_json("canary");
  auto const market = R"("market":")" + std::string{kMarket} + R"(",)";
  body.erase(body.find(market), market.size());
  auto const posted = post("/v1/pings/" + untold.text("ping_id") + "/post", generator_.key, body);
  ASSERT_EQ(posted.status, 201) << posted.body;
  EXPECT_EQ(posted.text("outcome"), "listed");
  EXPECT_EQ(posted.find("promise_added"), nullptr);
  // The ping's case of the day shows the lead that came after it.
  auto const found = cases("kind=planted_contact");
  ASSERT_EQ(found.data().Size(), 1U) << found.body;
  auto const& shown = *json::find_member(found.data()[0], "lead_ids");
  ASSERT_EQ(shown.Size(), 1U) << found.body;
  EXPECT_EQ(json::text_of(shown[0]), posted.text("lead_id"));
  EXPECT_EQ(sql("select count(*) from leadex.sale"), "0");
  expect_true_books();
}

TEST_F(PlantedContacts, ADecisionRestrictsTheSourceButTakesNoLotBack) {
  ASSERT_EQ(plant(kCanary).status, 201);
  lead("canary");
  auto const id = field(cases().data()[0], "id");
  auto const path = "/v1/admin/fraud-cases/" + id + "/decide";
  EXPECT_EQ(post(path, admin_, R"({"upheld":true,"withdraw_leads":true})").status, 422);
  auto const decided = post(path, admin_, R"({"upheld":true,"sampling":"tightened"})");
  ASSERT_EQ(decided.status, 200) << decided.body;
  EXPECT_EQ(decided.text("sampling"), "tightened");
  EXPECT_EQ(sql("select mode from leadex.inspection"), "1");
}

TEST_F(PlantedContacts, NobodyDeletesOrRewritesThem) {
  ASSERT_EQ(plant(kCanary).status, 201);
  pqxx::connection connection{database_.app()};
  for (auto const* statement :
       {"delete from leadex.planted_contact", "update leadex.planted_contact set given_to = 1"}) {
    pqxx::work tx{connection};
    EXPECT_THROW(tx.exec(statement), pqxx::sql_error) << statement;
  }
}

}  // namespace
}  // namespace leadex::api
