// What erasures, opt-outs and retention meet on their way: uploads that looked before, markets that
// take no commands, leads whose claims others took over, and more leads than one slice holds.

#include <thread>

#include "server/app/retention.hpp"
#include "tests/server/api/privacy_harness.hpp"

namespace leadex::api {
namespace {

class Erasure : public PrivacyHarness {
 protected:
  static constexpr char const* kOther = "home-insurance.us.usd";

  [[nodiscard]] std::string market_more() const override {
    return R"(,"dedupe_s":2,"retention_s":86400)";
  }
  void open_other_market() {
    auto const made = post("/v1/admin/markets", admin_, market_json(kOther, R"(,"dedupe_s":2)"));
    ASSERT_EQ(made.status, 201) << made.body;
  }
  Reply lead_elsewhere(std::string const& person) {
    auto body = lead_json(person);
    body.replace(body.find(kMarket), std::string_view{kMarket}.size(), kOther);
    return post("/v1/leads", generator_.key, body);
  }
  Reply opt_out(std::string const& email) {
    return post("/v1/opt-outs", admin_,
                R"({"email":")" + email + R"(","at":")" + ago(std::chrono::minutes{5}) + R"("})");
  }
  /// As if the newest lead had come so long ago that its market has forgotten its person.
  void age_persons() { sql_do("update leadex.person set seen_us = 0"); }
  /// As if every pause were over.
  void pauses_over() {
    sql_do("update leadex.privacy_request set look_at = now()");
    sql_do("update leadex.privacy_progress set next_at = now()");
  }
  std::string open_requests() { return rows("privacy_request", "done_at is null"); }
  /// A file with that person, whose rows are looked up in the lists and claimed while the lists are
  /// empty, and stored when they have come back.
  Reply upload_unlooked(std::string const& person, std::string const& state = "CA") {
    pqxx::connection connection{database_.owner()};
    {
      pqxx::work taken{connection};
      taken.exec("create temp table listed as select * from leadex.suppression");
      taken.exec("delete from leadex.suppression");
      taken.commit();
    }
    pqxx::work back{connection};
    back.exec("lock table leadex.batch_lead_range in share mode");  // no chunk can be stored
    auto reply = std::async(std::launch::async, [&] { return upload(person, state); });
    EXPECT_TRUE(somebody_waits());
    back.exec(
        "insert into leadex.suppression (tenant_no, digest, field, created_at) select tenant_no, "
        "digest, field, created_at from listed");
    back.commit();
    return reply.get();
  }
  Reply upload(std::string const& person, std::string const& state) {
    auto const csv =
        std::string{
            "external_id,email,first_name,last_name,captured_at,consent_at,"
            "consent_text,vehicle,source_reason,state\r\n1,"} +
        person + "@example.org,A,B," + ago(std::chrono::hours{1}) + ',' +
        ago(std::chrono::hours{1}) + ",Yes,web_form,x," + state + "\r\n";
    http::Headers headers;
    headers.add("content-type", "text/csv");
    auto reply = call({.method = "POST",
                       .target = "/v1/batches?market=" + std::string{kMarket},
                       .key = generator_.key,
                       .body = csv,
                       .idempotency_key = "up-" + person + std::to_string(++uploads_),
                       .headers = std::move(headers)});
    EXPECT_EQ(reply.status, 202) << reply.body;
    return reply;
  }
  /// Waits until a backend waits for a lock. @return whether one does
  bool somebody_waits() {
    for (int i = 0; i < 200; ++i) {
      if (sql("select count(*) from pg_locks where not granted") != "0") {
        return true;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds{25});
    }
    return false;
  }

 private:
  int uploads_{};
};

TEST_F(Erasure, AnUploadThatLookedBeforeItIsErasedAfterIt) {
  ASSERT_EQ(erase("ann@example.org").status, 202);
  EXPECT_EQ(forget(), 0);
  ASSERT_EQ(open_requests(), "0") << "nobody knows her";
  (void)upload_unlooked("ann");
  ASSERT_EQ(rows("lead_key", "true"), "1") << "the look came before";
  EXPECT_EQ(rows("lead_withheld", "buyer = 0"), "1");
  EXPECT_EQ(open_requests(), "1") << "stored with her";
  EXPECT_EQ(forget(), 1);
  EXPECT_EQ(rows("lead_key", "true"), "0");
  EXPECT_EQ(rows("contact", "true"), "0");
  EXPECT_EQ(rows("person", "true"), "0");
  EXPECT_EQ(rows("privacy_request", "done_at is not null and leads = 1"), "1");
}

TEST_F(Erasure, RefusedRowsAsTheyCameGoWithTheirPerson) {
  (void)upload("ann", "nowhere");
  (void)upload("eve", "nowhere");
  ASSERT_EQ(rows("batch_own_row", "true"), "2");
  ASSERT_EQ(rows("batch_reject", "external_id = '1'"), "2");
  ASSERT_EQ(erase("ann@example.org").status, 202);
  EXPECT_EQ(rows("batch_own_row", "true"), "1");
  EXPECT_EQ(rows("batch_own_person", "true"), "1");
  EXPECT_EQ(rows("batch_reject", "external_id = '1'"), "1");
  (void)upload("ann", "nowhere");
  EXPECT_EQ(rows("batch_own_row", "true"), "1") << "the intake looked";
  (void)upload_unlooked("ann", "nowhere");
  EXPECT_EQ(rows("batch_own_row", "true"), "1") << "the look came before";
  EXPECT_EQ(rows("batch_reject", "true"), "4");
}

TEST_F(Erasure, AnUploadThatLookedBeforeAnOptOutIsRevokedAfterIt) {
  ASSERT_EQ(opt_out("ann@example.org").status, 202);
  EXPECT_EQ(forget(), 0);
  ASSERT_EQ(open_requests(), "0");
  (void)upload_unlooked("ann");
  EXPECT_EQ(open_requests(), "1");
  EXPECT_EQ(forget(), 1);
  EXPECT_EQ(rows("lead", "revoked_at is not null"), "1");
  EXPECT_EQ(open_requests(), "0");
  EXPECT_EQ(rows("lead_key", "true"), "1") << "nothing is erased";
}

TEST_F(Erasure, AnUploadOfOthersOpensNothing) {
  ASSERT_EQ(erase("ann@example.org").status, 202);
  ASSERT_EQ(post("/v1/admin/suppressions", admin_, emails("cid")).status, 200);
  EXPECT_EQ(forget(), 0);
  (void)upload_unlooked("bob");
  (void)upload_unlooked("cid");
  EXPECT_EQ(open_requests(), "0") << "cid is on the list, but never asked to be forgotten";
  EXPECT_EQ(rows("lead_key", "true"), "2");
}

TEST_F(Erasure, WhatIsStoredWhileARequestIsClosedKeepsItOpen) {
  (void)lead("bob");
  ASSERT_EQ(erase("ann@example.org").status, 202);
  // What the transaction of a chunk with ann does: her rows, then her request.
  pqxx::connection storing{database_.owner()};
  pqxx::work chunk{storing};
  chunk.exec(
      "insert into leadex.person_before (market_id, digest, lead_no) select l.market_id, r.email, "
      "l.lead_no from leadex.lead l cross join leadex.privacy_request r");
  chunk.exec("update leadex.privacy_request set done_at = null");
  auto round = std::async(std::launch::async, [this] { return forget(); });
  EXPECT_TRUE(somebody_waits()) << "the request is not closed past the chunk";
  chunk.commit();
  EXPECT_EQ(round.get(), 0);
  EXPECT_EQ(open_requests(), "1") << "the last look came after the chunk";
  pauses_over();
  EXPECT_EQ(forget(), 1);
  EXPECT_EQ(rows("lead_key", "true"), "0");
  EXPECT_EQ(open_requests(), "0");
}

TEST_F(Erasure, AClaimOfAnUploadUnderWayIsWaitedForAndOneOfACutUploadIsNot) {
  (void)upload_unlooked("bob");
  ASSERT_EQ(erase("ann@example.org").status, 202);
  sql_do("update leadex.batch set status = 'receiving'");
  sql_do(
      "insert into leadex.person (market_id, digest, lead_no, seen_us, provisional_upload) select "
      "b.market_id, r.email, 999999, 0, b.batch_no from leadex.batch b cross join "
      "leadex.privacy_request r");
  EXPECT_EQ(forget(), 0);
  EXPECT_EQ(open_requests(), "1") << "its row may come";
  EXPECT_EQ(rows("privacy_progress", "tries = 1 and next_at > now()"), "1");
  EXPECT_EQ(rows("privacy_request", "tries = 1 and look_at > now()"), "1");
  auto const written = rows("commit_batch", "true");
  EXPECT_EQ(forget(), 0);
  pauses_over();
  EXPECT_EQ(forget(), 0);
  EXPECT_EQ(rows("commit_batch", "true"), written) << "a market is told once";
  sql_do("update leadex.batch set status = 'checking'");
  pauses_over();
  EXPECT_EQ(forget(), 0);
  EXPECT_EQ(open_requests(), "0") << "its row never comes";
  EXPECT_EQ(rows("person", "lead_no = 999999"), "0");
  EXPECT_EQ(rows("person_before", "true"), "0");
}

TEST_F(Erasure, AHaltedMarketHoldsUpItsOwnLeadsAlone) {
  open_other_market();
  (void)lead("ann");
  ASSERT_EQ(lead_elsewhere("ann").status, 201);
  (void)lead("bob");
  auto const other = "/v1/admin/markets/" + std::string{kOther};
  ASSERT_EQ(post(other + "/halt", admin_).status, 200);
  ASSERT_EQ(erase("ann@example.org").status, 202);
  ASSERT_EQ(erase("bob@example.org").status, 202);
  EXPECT_EQ(forget(), 2);
  EXPECT_EQ(rows("lead_key", "true"), "1") << "the halted market's";
  pauses_over();
  EXPECT_EQ(forget(), 0);
  EXPECT_EQ(rows("privacy_progress", "told_at is null and tries = 2"), "1");
  auto const written = rows("commit_batch", "true");
  sql_do("update leadex.privacy_request set received_at = now() - interval '2 minutes'");
  pauses_over();
  EXPECT_EQ(forget(), 0);
  EXPECT_EQ(rows("commit_batch", "true"), written) << "again and again, and nothing is written";
  EXPECT_EQ(open_requests(), "1") << "bob's needs the halted market no more: it has nothing of him";
  EXPECT_EQ(forget(), 0) << "it waits";
  ASSERT_EQ(post(other + "/resume", admin_).status, 200);
  pauses_over();
  EXPECT_EQ(forget(), 1);
  EXPECT_EQ(open_requests(), "0");
  EXPECT_EQ(rows("lead_key", "true"), "0");
  EXPECT_EQ(rows("lead", "state = 3"), "3");
  EXPECT_EQ(sql("select string_agg(leads::text, ',' order by request_no) from "
                "leadex.privacy_request"),
            "2,1")
      << "each lead counts once";
  expect_true_books();
}

TEST_F(Erasure, AnOptOutCountsEachLeadOnceHoweverOftenItIsTried) {
  open_other_market();
  (void)lead("ann");
  ASSERT_EQ(lead_elsewhere("ann").status, 201);
  auto const other = "/v1/admin/markets/" + std::string{kOther};
  ASSERT_EQ(post(other + "/halt", admin_).status, 200);
  ASSERT_EQ(opt_out("ann@example.org").status, 202);
  for (int round = 0; round < 3; ++round) {
    EXPECT_EQ(forget(), round == 0 ? 1 : 0);
    pauses_over();
  }
  EXPECT_EQ(rows("privacy_request", "leads = 1 and done_at is null"), "1");
  ASSERT_EQ(post(other + "/resume", admin_).status, 200);
  EXPECT_EQ(forget(), 1);
  EXPECT_EQ(rows("privacy_request", "leads = 2 and done_at is not null"), "1");
}

TEST_F(Erasure, AMarketThatDoesNotKnowThePersonWritesNothing) {
  open_other_market();
  (void)lead("ann");
  auto const elsewhere = "market_id = (select market_id from leadex.market where name = '" +
                         std::string{kOther} + "')";
  auto const here = rows("commit_batch", "not " + elsewhere);
  auto const there = rows("commit_batch", elsewhere);
  ASSERT_EQ(erase("ann@example.org").status, 202);
  EXPECT_EQ(forget(), 1);
  EXPECT_EQ(open_requests(), "0");
  EXPECT_NE(rows("commit_batch", "not " + elsewhere), here);
  EXPECT_EQ(rows("commit_batch", elsewhere), there);
  EXPECT_EQ(rows("privacy_progress", "true"), "1");
}

TEST_F(Erasure, OneRequestThatBreaksKeepsNoOtherWaiting) {
  (void)lead("ann");
  auto const anns = newest();
  (void)lead("bob");
  ASSERT_EQ(erase("ann@example.org").status, 202);
  ASSERT_EQ(erase("bob@example.org").status, 202);
  auto broken = privacy_.forgetting();
  auto const whole = broken.persons;
  broken.persons = [&](LeadId id, storage::SealedLead const& sealed, std::string const& country) {
    if (std::to_string(id.no) == anns) throw std::runtime_error("broken");
    return whole(id, sealed, country);
  };
  EXPECT_THROW((void)await(app::forget_persons(broken)), std::runtime_error);
  EXPECT_EQ(rows("lead_key", "true"), "1") << "ann's";
  EXPECT_EQ(open_requests(), "1");
}

TEST_F(Erasure, BarringAPersonTakesOffEarlierLeadsToo) {
  open_other_market();
  for (int i = 0; i < 3; ++i) {
    (void)lead("ann");
    age_persons();
  }
  ASSERT_EQ(lead_elsewhere("ann").status, 201);
  (void)lead("bob");
  auto const listed = [&](std::string const& market) {
    return get("/v1/listings?market=" + market, buyer_.key).data().Size();
  };
  ASSERT_EQ(listed(kMarket), 4U);
  ASSERT_EQ(post("/v1/suppressions", buyer_.key, emails("ann")).status, 200);
  EXPECT_EQ(rows("lead_withheld", "buyer <> 0"), "4") << "a buyer's own list finds them as well";
  ASSERT_EQ(post("/v1/admin/suppressions", admin_, emails("ann")).status, 200);
  EXPECT_EQ(listed(kMarket), 1U);
  EXPECT_EQ(rows("lead", "state = 3"), "4");
  EXPECT_EQ(rows("lead_withheld", "buyer = 0"), "4");
}

TEST_F(Erasure, AnEarlierLeadThatWaitsForItsLotIsNeverOffered) {
  (void)upload_unlooked("ann");
  age_persons();
  sql_do("update leadex.person set provisional_upload = null");
  (void)lead("ann");  // takes the person over
  ASSERT_EQ(rows("person_before", "true"), "1");
  ASSERT_EQ(post("/v1/admin/suppressions", admin_, emails("ann")).status, 200);
  EXPECT_EQ(rows("lead_withheld", "buyer = 0"), "2") << "the one that rests and the one to come";
}

TEST_F(Erasure, ClaimsThatNeverGotALeadLeaveNoTrace) {
  (void)upload_unlooked("ann");
  sql_do("update leadex.batch set status = 'checking', mode = 'stopped'");
  sql_do(
      "insert into leadex.person (market_id, digest, lead_no, seen_us, provisional_upload) select "
      "market_id, decode(md5('cut'), 'hex'), 999999, 0, batch_no from leadex.batch");
  sql_do(
      "insert into leadex.person (market_id, digest, lead_no, seen_us, provisional_upload) select "
      "market_id, decode(md5('over'), 'hex'), 999998, 0, batch_no from leadex.batch");
  auto const leads = rows("person", "lead_no < 999998");
  sql_do("update leadex.person set lead_no = 7 where lead_no = 999998");
  EXPECT_EQ(rows("person_before", "true"), "0");
  sql_do("delete from leadex.person");
  EXPECT_EQ(rows("person_before", "true"), leads) << "of the lead that was stored";
}

class AgedLeads : public Erasure {
 protected:
  /// As many leads of old age as the newest one, besides it, with keys and contacts of their own.
  void copy_newest(int count) {
    auto const no = newest();
    auto const copies = [&](std::string const& table, std::string const& more) {
      sql_do("insert into leadex." + table + " select (jsonb_populate_record(null::leadex." +
             table + ", to_jsonb(t) || jsonb_build_object('lead_no', 1000000 + n" + more +
             "))).* from leadex." + table + " t cross join generate_series(1, " +
             std::to_string(count) + ") n where t.lead_no = " + no);
    };
    copies("lead", ", 'captured_us', 0, 'state', 4");
    copies("contact", "");
    copies("lead_key", "");
    sql_do("analyze leadex.lead, leadex.contact, leadex.lead_key");
  }
  std::string held() { return rows("lead_key", "lead_no > 1000000"); }
};

TEST_F(AgedLeads, ARoundOfRetentionTakesAsManyAsItsTimeAllows) {
  constexpr int kLeads = 10'500;  // more than a round looked at before
  (void)lead("bob");
  copy_newest(kLeads);
  auto const begun = std::chrono::steady_clock::now();
  EXPECT_EQ(await(app::run_retention(forgetting_, {.budget = std::chrono::minutes{10}})), kLeads);
  std::chrono::duration<double> const took = std::chrono::steady_clock::now() - begun;
  RecordProperty("leads_per_second", static_cast<int>(kLeads / took.count()));
  EXPECT_EQ(held(), "0");
  EXPECT_EQ(rows("contact", "lead_no > 1000000"), "0");
  EXPECT_EQ(rows("erased_lead", "cause = 1"), std::to_string(kLeads));
  EXPECT_EQ(rows("lead", "revoked_at is not null"), std::to_string(kLeads));
  EXPECT_EQ(rows("lead_key", "true"), "1") << "what is on sale stays";
}

TEST_F(AgedLeads, OldAgeTakesTheClaimsOnThePersonToo) {
  (void)lead("ann");
  age_persons();
  (void)lead("ann");  // takes the person over
  (void)lead("bob");
  auto const bobs = rows("person", "lead_no = " + newest());
  ASSERT_EQ(rows("person_before", "true"), "1");
  sql_do("update leadex.lead set captured_us = 0, state = 4 where lead_no <> " + newest());
  EXPECT_EQ(await(app::run_retention(forgetting_, {})), 2);
  EXPECT_EQ(rows("lead_key", "true"), "1");
  EXPECT_EQ(rows("person", "true"), bobs);
  EXPECT_EQ(rows("person_before", "true"), "0");
  EXPECT_EQ(await(app::run_retention(forgetting_, {.anew = true})), 0) << "twice is once";
}

TEST_F(AgedLeads, AWalkGoesOnWhereItEndedWhoeverWalks) {
  (void)lead("bob");
  copy_newest(2'500);
  app::RetentionOptions const one_slice{.budget = std::chrono::milliseconds{0}};
  EXPECT_EQ(await(app::run_retention(forgetting_, one_slice)), 999) << "a thousand with bob's";
  EXPECT_EQ(rows("retention_walk", "lead_no = 1000999 and next_at <= now()"), "1");
  EXPECT_EQ(held(), "1501");
  EXPECT_EQ(await(app::run_retention(forgetting_, one_slice)), 1000);
  EXPECT_EQ(await(app::run_retention(forgetting_, one_slice)), 501);
  EXPECT_EQ(held(), "0");
  EXPECT_EQ(rows("retention_walk", "lead_no = 0 and next_at > now() + interval '50 minutes'"), "1");
  EXPECT_EQ(await(app::run_retention(forgetting_, {})), 0) << "it rests";
}

TEST_F(AgedLeads, ARoundThatIsBehindDoesNotMoveTheWalkBack) {
  (void)lead("bob");
  copy_newest(2'500);
  auto const walks = await(persons_.walks());
  ASSERT_TRUE(walks);
  ASSERT_EQ(walks->size(), 1U);
  ASSERT_EQ(await(app::run_retention(forgetting_, {.budget = std::chrono::milliseconds{0}})), 999);
  ASSERT_TRUE(await(persons_.forget_aged(walks->front(), {}, 5, false)));
  EXPECT_EQ(rows("retention_walk", "lead_no = 1000999"), "1");
}

}  // namespace
}  // namespace leadex::api
