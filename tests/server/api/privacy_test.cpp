// Erasures, opt-outs, the exchange's own list of persons, and retention, through the API's
// operations and the jobs behind them.

#include <cstdlib>
#include <filesystem>

#include "server/privacy/epoch_keys.hpp"
#include "tests/server/api/privacy_harness.hpp"

namespace leadex::api {
namespace {

class Privacy : public PrivacyHarness {
 protected:
  [[nodiscard]] std::string market_more() const override {
    return R"(,"dedupe_s":2,"retention_s":86400)";
  }
  /// A lead that is sold to buyer_ as it comes; its sale.
  std::string sold(std::string const& person) {
    if (campaign_.empty()) {
      deposit(buyer_, "1000.00");
      campaign_ = campaign(buyer_, "10.00", "500.00");
    }
    EXPECT_EQ(lead(person).text("outcome"), "sold");
    return newest_sale(buyer_);
  }
  /// A lead that is sold to buyer_ and waits for its delivery; its sale.
  std::string pending(std::string const& person) {
    deposit(buyer_, "1000.00");
    auto const tenant = std::to_string(ids_.open_as<AccountId>(buyer_.id)->no);
    sql_do(
        "insert into leadex.webhook_endpoint (endpoint_no, tenant_no, url, events, secret_sealed) "
        "values (77, " +
        tenant + ", 'https://example.org/hook', '{}', '')");
    campaign(
        buyer_, "10.00", "500.00",
        R"(,"webhook_endpoint_id":")" + ids_.seal(crypto::IdKind::webhook_endpoint, 0, 77) + '"');
    (void)lead(person);
    return newest_sale(buyer_);
  }
  /// As if the newest lead had come so long ago that its market has forgotten its person.
  void age_persons() { sql_do("update leadex.person set seen_us = 0"); }

  std::string campaign_;
};

TEST_F(Privacy, WhatCannotBeSealedIsNotTakenAndMayComeAgain) {
  auto const now = [] { return std::chrono::floor<Micros>(std::chrono::system_clock::now()); };
  std::string pattern = (std::filesystem::temp_directory_path() / "leadex_epochs_XXXXXX").string();
  std::string const parent = mkdtemp(pattern.data());
  auto const files = [&parent] { return privacy::EpochFiles{parent + "/epochs"}; };
  ring_.keep_epochs(std::make_unique<privacy::EpochKeys>(ring_.root_copy(), files(), now,
                                                         std::chrono::nanoseconds{}));
  auto const posted = [this] { return post("/v1/leads", generator_.key, lead_json("ann")); };
  auto const refused = posted();
  EXPECT_EQ(refused.status, 503) << refused.body;
  EXPECT_FALSE(refused.header("Retry-After").empty());
  EXPECT_EQ(rows("lead", "true"), "0");
  ASSERT_TRUE(files().load_or_create(privacy::kek_id_of(now())));
  EXPECT_EQ(posted().status, 201);
  std::filesystem::remove_all(parent);
}

TEST_F(Privacy, AnErasedPersonIsUndecryptableHereAndInEveryLaterDump) {
  auto const sale = sold("ann");
  auto const no = newest();
  auto const key = sql("select encode(wrapped, 'hex') from leadex.lead_key where lead_no = " + no);
  auto const sealed = sql("select encode(sealed, 'hex') from leadex.contact where lead_no = " + no);
  ASSERT_EQ(get("/v1/sales/" + sale + "/contact", buyer_.key).status, 200);
  auto const before = dump();
  ASSERT_NE(before.find(key), std::string::npos);
  ASSERT_NE(before.find(sealed), std::string::npos);
  auto const balance = trial_balance();
  auto const sales = get("/v1/sales/" + sale, buyer_.key).body;

  auto const known = erase("ann@example.org");
  auto const unknown = erase("nobody@example.org");
  EXPECT_EQ(known.status, 202) << known.body;
  EXPECT_EQ(unknown.status, 202);
  EXPECT_EQ(known.body, unknown.body);
  EXPECT_EQ(forget(), 1);

  EXPECT_EQ(get("/v1/sales/" + sale + "/contact", buyer_.key).status, 410);
  EXPECT_EQ(rows("lead_key", "lead_no = " + no), "0");
  EXPECT_EQ(rows("contact", "lead_no = " + no), "0");
  EXPECT_EQ(rows("person", "lead_no = " + no), "0");
  EXPECT_EQ(rows("person_before", "lead_no = " + no), "0");
  auto const after = dump();
  EXPECT_EQ(after.find(key), std::string::npos);
  EXPECT_EQ(after.find(sealed), std::string::npos);
  EXPECT_EQ(after.find("ann@example.org"), std::string::npos);
  EXPECT_EQ(after.find(hash_of("ann@example.org")), std::string::npos);

  EXPECT_EQ(trial_balance(), balance);
  EXPECT_EQ(get("/v1/sales/" + sale, buyer_.key).body, sales);
  EXPECT_EQ(rows("privacy_request", "done_at is null"), "0");
  EXPECT_EQ(rows("privacy_request", "leads = 1"), "1");
  EXPECT_EQ(rows("event", "type = 'lead.erased'"), "2") << "the generator and the buyer";
  EXPECT_EQ(rows("event_pending", "true"), "2") << "for their endpoints";
  EXPECT_EQ(forget(), 0) << "it is done";
}

TEST_F(Privacy, NobodyPaysForALookAtAnErasedLead) {
  auto const sale = "/v1/sales/" + pending("ann");
  ASSERT_EQ(get(sale, buyer_.key).text("status"), "pending");
  auto const lead_id = ids_.open_as<LeadId>(get(sale, buyer_.key).text("lead_id"));
  ASSERT_TRUE(lead_id);
  ASSERT_TRUE(await(persons_.erase(*lead_id, {}, 0)));
  EXPECT_EQ(get(sale + "/contact", buyer_.key).status, 410);
  EXPECT_EQ(get(sale, buyer_.key).text("status"), "pending") << "not delivered by the look";
  expect_true_books();
}

TEST_F(Privacy, AnErasureVoidsWhatIsNotDelivered) {
  auto const sale = "/v1/sales/" + pending("ann");
  ASSERT_EQ(get(sale, buyer_.key).text("status"), "pending");
  ASSERT_EQ(erase("ann@example.org").status, 202);
  EXPECT_EQ(forget(), 1);
  EXPECT_EQ(get(sale, buyer_.key).text("status"), "voided");
  EXPECT_EQ(get(sale + "/contact", buyer_.key).status, 410);
  EXPECT_EQ(rows("sale", "true"), "1") << "it is sold to nobody else";
  EXPECT_EQ(rows("lead_key", "true"), "0");
  EXPECT_EQ(rows("event", "type = 'lead.erased'"), "1") << "the generator: nobody has the lead";
  expect_true_books();
}

TEST_F(Privacy, AllLeadsOfThePersonAreFoundInAllMarkets) {
  auto const other_market =
      post("/v1/admin/markets", admin_, market_json("home-insurance.us.usd", R"(,"dedupe_s":2)"));
  ASSERT_EQ(other_market.status, 201) << other_market.body;
  (void)lead("ann");
  age_persons();
  (void)lead("ann");  // takes the person over
  (void)lead("bob");
  auto elsewhere = lead_json("ann");
  elsewhere.replace(elsewhere.find(kMarket), std::string_view{kMarket}.size(),
                    "home-insurance.us.usd");
  ASSERT_EQ(post("/v1/leads", generator_.key, elsewhere).status, 201);
  EXPECT_EQ(rows("lead_key", "true"), "4");
  EXPECT_EQ(get("/v1/listings?market=" + std::string{kMarket}, buyer_.key).data().Size(), 3U);

  ASSERT_EQ(erase(" ANN@example.org ").status, 202);
  EXPECT_EQ(forget(), 3);
  EXPECT_EQ(rows("lead_key", "true"), "1") << "bob's";
  EXPECT_EQ(rows("lead", "state = 3"), "3") << "withdrawn";
  EXPECT_EQ(rows("erased_lead", "cause = 0"), "3");
  EXPECT_EQ(rows("privacy_request", "leads = 3 and done_at is not null"), "1");
  EXPECT_EQ(get("/v1/listings?market=" + std::string{kMarket}, buyer_.key).data().Size(), 1U);
}

TEST_F(Privacy, AnErasureThatWasKilledGoesOn) {
  (void)lead("ann");
  age_persons();
  (void)lead("ann");
  ASSERT_EQ(erase("ann@example.org").status, 202);
  auto killed = privacy_.forgetting();
  auto const whole = killed.persons;
  int asked = 0;
  killed.persons = [&](LeadId id, storage::SealedLead const& sealed, std::string const& country) {
    if (++asked == 2) throw std::runtime_error("killed");
    return whole(id, sealed, country);
  };
  EXPECT_THROW((void)await(app::forget_persons(killed)), std::runtime_error);
  EXPECT_EQ(rows("lead_key", "true"), "1");
  EXPECT_EQ(rows("privacy_request", "done_at is null"), "1");
  EXPECT_EQ(forget(), 1);
  EXPECT_EQ(rows("lead_key", "true"), "0");
  EXPECT_EQ(rows("privacy_request", "done_at is null"), "0");
  EXPECT_EQ(rows("event", "type = 'lead.erased'"), "2") << "of each lead its generator, once";
}

TEST_F(Privacy, WhoIsErasedNeverComesInAgain) {
  ASSERT_EQ(erase("ann@example.org").status, 202);
  auto const posted = post("/v1/leads", generator_.key, lead_json("ann"));
  EXPECT_EQ(posted.status, 422) << posted.body;
  EXPECT_EQ(posted.text("code"), "suppressed");
  EXPECT_EQ(rows("lead", "true"), "0") << "nothing of it is stored";
  EXPECT_EQ(rows("person", "true"), "0");
  (void)lead("bob");
  auto const csv =
      std::string{
          "external_id,email,first_name,last_name,captured_at,consent_at,"
          "consent_text,vehicle,source_reason,state\r\n"} +
      "1,ann@example.org,A,B," + ago(std::chrono::hours{1}) + ',' + ago(std::chrono::hours{1}) +
      ",Yes,web_form,x,CA\r\n2,cid@example.org,C,D," + ago(std::chrono::hours{1}) + ',' +
      ago(std::chrono::hours{1}) + ",Yes,web_form,x,CA\r\n";
  http::Headers headers;
  headers.add("content-type", "text/csv");
  auto const upload = call({.method = "POST",
                            .target = "/v1/batches?market=" + std::string{kMarket},
                            .key = generator_.key,
                            .body = csv,
                            .idempotency_key = "up-1",
                            .headers = std::move(headers)});
  ASSERT_EQ(upload.status, 202) << upload.body;
  auto const* const counts = upload.find("counts");
  ASSERT_NE(counts, nullptr);
  EXPECT_EQ(json::find_member(*counts, "suppressed")->GetInt64(), 1) << upload.body;
  EXPECT_EQ(json::find_member(*counts, "accepted")->GetInt64(), 1) << upload.body;
  auto const rejects = get("/v1/batches/" + upload.text("id") + "/rejects", generator_.key);
  ASSERT_EQ(rejects.data().Size(), 1U) << rejects.body;
  EXPECT_EQ(field(rejects.data()[0], "outcome"), "suppressed");
  EXPECT_EQ(field(rejects.data()[0], "code"), "suppressed");
  EXPECT_EQ(rejects.body.find("ann@"), std::string::npos);
}

TEST_F(Privacy, ErasuresAreAskedForByAdminsWithAPerson) {
  for (auto const* body : {"{}", R"({"email":"not an address"})", R"({"phone":"12345"})",
                           R"({"email":"ann@example.org","reason":"why not"})"}) {
    EXPECT_EQ(post("/v1/admin/erasures", admin_, body).status, 422) << body;
  }
  EXPECT_EQ(post("/v1/admin/erasures", generator_.key, R"({"email":"a@example.org"})").status, 403);
  auto const by_phone =
      post("/v1/admin/erasures", admin_, R"({"phone":"+1 202-555-0123","reason":"authority"})");
  EXPECT_EQ(by_phone.status, 202) << by_phone.body;
  EXPECT_EQ(rows("privacy_request", "email is null and phone is not null and reason = 'authority'"),
            "1");
  Ask const once{.method = "POST",
                 .target = "/v1/admin/erasures",
                 .key = admin_,
                 .body = R"({"email":"ann@example.org"})",
                 .idempotency_key = "erase-1"};
  EXPECT_EQ(call(once).status, 202);
  EXPECT_EQ(call(once).header("Idempotent-Replayed"), "true");
  EXPECT_EQ(rows("privacy_request", "email is not null"), "1");
  auto const audit = get("/v1/admin/audit-log?action=erasure.requested", admin_);
  EXPECT_EQ(audit.body.find("ann@"), std::string::npos);
  EXPECT_EQ(rows("audit", "action = 'erasure.requested'"), "2");
}

TEST_F(Privacy, TheExchangesOwnListTakesOffWhatRests) {
  (void)lead("ann");
  (void)lead("bob");
  auto const listing = get("/v1/listings?market=" + std::string{kMarket}, buyer_.key);
  ASSERT_EQ(listing.data().Size(), 2U);
  auto const barred = post("/v1/admin/suppressions", admin_, emails("ann"));
  ASSERT_EQ(barred.status, 200) << barred.body;
  EXPECT_EQ(barred.number("emails"), 1);
  EXPECT_EQ(get("/v1/admin/suppressions", admin_).number("emails"), 1);
  EXPECT_EQ(get("/v1/suppressions", buyer_.key).number("emails"), 0);
  EXPECT_EQ(get("/v1/listings?market=" + std::string{kMarket}, buyer_.key).data().Size(), 1U);
  EXPECT_EQ(rows("lead", "state = 3"), "1");
  EXPECT_EQ(post("/v1/leads", generator_.key, lead_json("ann")).text("code"), "suppressed")
      << "though the person is known in the market as well";
  EXPECT_EQ(post("/v1/admin/suppressions", generator_.key, emails("ann")).status, 403);
  EXPECT_EQ(rows("audit", "action = 'suppression.added'"), "1");
  EXPECT_EQ(sql("select count(*) from leadex.audit a join leadex.suppression s on a.xmin = s.xmin "
                "where a.action = 'suppression.added' and a.tenant_no = 0 and a.principal_no <> 0"),
            "1")
      << "in one transaction";
  expect_true_books();
}

TEST_F(Privacy, WhatIsSoldOfABarredPersonStaysSold) {
  auto const sale = sold("ann");
  ASSERT_EQ(post("/v1/admin/suppressions", admin_, emails("ann")).status, 200);
  EXPECT_EQ(rows("lead", "state = 2"), "1");
  EXPECT_EQ(get("/v1/sales/" + sale, buyer_.key).text("status"), "delivered");
  EXPECT_EQ(get("/v1/sales/" + sale + "/contact", buyer_.key).status, 200);
  expect_true_books();
}

TEST_F(Privacy, AnOptOutRevokesAcrossMarketsAndRulesLaterSales) {
  auto const sale = sold("ann");
  auto const lead_id = get("/v1/sales/" + sale, buyer_.key).text("lead_id");
  auto const body = [&](std::string const& at) {
    return R"({"lead_id":")" + lead_id + R"(","at":")" + at + R"("})";
  };
  auto const said = ago(std::chrono::minutes{30});
  EXPECT_EQ(post("/v1/opt-outs", other_.key, body(said)).status, 404) << "holds no such lead";
  EXPECT_EQ(post("/v1/opt-outs", generator_.key, body(ago(-std::chrono::hours{2}))).status, 422);
  EXPECT_EQ(post("/v1/opt-outs", generator_.key, R"({"at":")" + said + R"("})").status, 422);
  EXPECT_EQ(
      post("/v1/opt-outs", generator_.key, R"({"email":"ann@example.org","at":")" + said + R"("})")
          .status,
      422)
      << "only staff names persons";
  auto const told = post("/v1/opt-outs", buyer_.key, body(said));
  EXPECT_EQ(told.status, 202) << told.body;
  EXPECT_EQ(forget(), 1);
  EXPECT_EQ(rows("lead", "revoked_at > now() - interval '20 minutes'"), "1")
      << "a trader's word counts from when it was received";
  EXPECT_EQ(rows("privacy_request", "said_at < now() - interval '20 minutes'"), "1");
  EXPECT_EQ(rows("lead_key", "true"), "1") << "nothing is erased";
  EXPECT_EQ(get("/v1/sales/" + sale + "/contact", buyer_.key).status, 200);
  EXPECT_EQ(post("/v1/leads", generator_.key, lead_json("ann")).text("code"), "suppressed");
  auto const back =
      post("/v1/sales/" + sale + "/returns", buyer_.key, R"({"reason":"never_requested"})");
  ASSERT_EQ(back.status, 201) << back.body;
  EXPECT_TRUE(back.find("ruling")->IsNull()) << back.body;
  expect_true_books();
}

TEST_F(Privacy, StaffMayDateAnOptOutBackButNotToBeforeTheConsent) {
  auto const sale = sold("ann");
  auto const lead_id = get("/v1/sales/" + sale, buyer_.key).text("lead_id");
  auto const by_buyer =
      post("/v1/opt-outs", buyer_.key,
           R"({"lead_id":")" + lead_id + R"(","at":")" + ago(std::chrono::minutes{30}) + R"("})");
  ASSERT_EQ(by_buyer.status, 202) << by_buyer.body;
  auto const by_staff =
      post("/v1/opt-outs", admin_,
           R"({"email":"ann@example.org","at":")" + ago(std::chrono::hours{24 * 30}) + R"("})");
  ASSERT_EQ(by_staff.status, 202) << by_staff.body;
  EXPECT_EQ(forget(), 2) << "the earlier word is not lost to the one that waits";
  EXPECT_EQ(rows("lead", "extract(epoch from revoked_at) * 1000000 = consent_us"), "1");
  auto const back =
      post("/v1/sales/" + sale + "/returns", buyer_.key, R"({"reason":"never_requested"})");
  EXPECT_EQ(back.text("ruling"), "automatic") << back.body;
  expect_true_books();
}

TEST_F(Privacy, TheEvidenceIsShownAsItWasGivenToThoseWhoHoldTheLead) {
  deposit(buyer_, "1000.00");
  campaign(buyer_, "10.00", "500.00");
  auto body = lead_json("ann", "CA", 30,
                        R"(,"ip_address":"8.8.8.8","user_agent":"Browser 1","landing_page_url":)"
                        R"("https://news.example.com/auto?utm_source=own-list")");
  std::string_view const reason = R"("reason":"quote")";
  body.replace(body.find(reason), reason.size(),
               R"("reason":"quote","utm_source":"own-list","sub1":"partner-77")");
  ASSERT_EQ(post("/v1/leads", generator_.key, body).text("outcome"), "sold");
  auto const sale = newest_sale(buyer_);
  auto const path =
      "/v1/leads/" + get("/v1/sales/" + sale, buyer_.key).text("lead_id") + "/consent";
  EXPECT_EQ(get(path, other_.key).status, 404);
  EXPECT_EQ(get(path, open_account("generator").key).status, 404);
  EXPECT_EQ(rows("audit", "action = 'consent.read'"), "0");
  auto const stored = sql("select encode(consent_digest, 'hex') from leadex.lead");
  for (auto const& key : {generator_.key, buyer_.key, admin_}) {
    auto const shown = get(path, key);
    ASSERT_EQ(shown.status, 200) << shown.body;
    EXPECT_EQ(shown.text("resale"), "open");
    EXPECT_EQ(field(*shown.find("consent"), "text"), "I agree to be called.");
    if (key == generator_.key) {
      EXPECT_EQ(shown.text("sha256"), hash_of(shown.text("evidence")));
      EXPECT_NE(shown.text("evidence").find("partner-77"), std::string::npos);
    } else {
      EXPECT_EQ(shown.find("evidence"), nullptr);
      EXPECT_EQ(shown.text("sha256"), stored);
      EXPECT_EQ(shown.body.find("partner-77"), std::string::npos) << shown.body;
      EXPECT_EQ(shown.body.find("own-list"), std::string::npos) << shown.body;
    }
    bool const buys = key == buyer_.key;
    EXPECT_EQ(shown.find("ip_address") != nullptr, buys);
    if (buys) EXPECT_EQ(shown.text("landing_page_url"), "https://news.example.com/auto");
    if (buys) EXPECT_EQ(shown.text("user_agent"), "Browser 1");
  }
  EXPECT_EQ(rows("audit", "action = 'consent.read'"), "3");
  ASSERT_EQ(erase("ann@example.org").status, 202);
  EXPECT_EQ(forget(), 1);
  EXPECT_EQ(get(path, generator_.key).text("code"), "contact_gone");
}

TEST_F(Privacy, RetentionForgetsWhatIsOverAndNothingElse) {
  auto const sale = sold("ann");
  auto const sold_no = newest();
  ASSERT_EQ(post("/v1/campaigns/" + campaign_ + "/pause", buyer_.key).status, 200);
  (void)lead("bob");  // rests
  auto const job = [&] { return post("/v1/admin/jobs/retention/run", admin_); };
  sql_do("update leadex.lead set captured_us = 0");
  ASSERT_EQ(job().status, 200);
  EXPECT_EQ(rows("lead_key", "true"), "2") << "one may be returned, one is on sale";
  sql_do("update leadex.sale set state = 2, due_us = 0");
  ASSERT_EQ(job().status, 200);
  EXPECT_EQ(rows("lead_key", "true"), "2") << "what is left of both is on sale";
  sql_do("update leadex.lead set state = 4 where lead_no = " + sold_no);
  auto const balance = trial_balance();
  ASSERT_EQ(job().status, 200);
  EXPECT_EQ(rows("lead_key", "true"), "1");
  EXPECT_EQ(rows("lead_key", "lead_no = " + sold_no), "0");
  EXPECT_EQ(rows("erased_lead", "cause = 1"), "1");
  EXPECT_EQ(rows("event", "type = 'lead.erased'"), "0");
  EXPECT_EQ(get("/v1/sales/" + sale + "/contact", buyer_.key).status, 410);
  EXPECT_EQ(trial_balance(), balance);
  EXPECT_EQ(rows("suppression", "true"), "0") << "old age puts nobody on a list";
}

TEST_F(Privacy, VisitorsOfMoreThanADayAgoAreForgottenAndNothingElse) {
  sql_do(
      "insert into leadex.click (market_id, click_no, placement_no, generator, campaign, visitor, "
      "subs, clicked_us) select 1, n, 7, 2, 3, decode(md5(n::text), 'hex'), 's'::bytea, "
      "(extract(epoch "
      "from now() - n * interval '6 hours') * 1000000)::bigint from generate_series(1, 9) n");
  auto const rest = [&] {
    return sql(
        "select string_agg(concat_ws('/', market_id, click_no, placement_no, generator, campaign, "
        "encode(subs, 'hex'), clicked_us), ',' order by click_no) from leadex.click");
  };
  auto const before = rest();
  for (int run = 0; run < 2; ++run) {
    auto const done = post("/v1/admin/jobs/retention/run", admin_);
    ASSERT_EQ(done.status, 200) << done.body;
    EXPECT_EQ(rows("click", "visitor = decode(repeat('00', 16), 'hex')"), "6") << "4 to 9";
    EXPECT_EQ(rows("click", "click_no <= 3 and visitor = decode(md5(click_no::text), 'hex')"), "3");
  }
  EXPECT_EQ(rest(), before);
  for (auto const* change : {"update leadex.click set subs = 'x'",
                             "update leadex.click set visitor = decode(md5('x'), 'hex')",
                             "update leadex.click set visitor = decode(repeat('00', 16), 'hex'), "
                             "clicked_us = 0",
                             "delete from leadex.click", "truncate leadex.click"}) {
    EXPECT_THROW(sql_do(change), pqxx::sql_error) << change;
  }
  EXPECT_EQ(rest(), before);
}

}  // namespace
}  // namespace leadex::api
