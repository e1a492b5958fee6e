// Sources through the API: taxonomies, what is told of leads, attribution reports, passports.

#include <array>
#include <set>

#include "matching/market/codec.hpp"
#include "server/api/v1/intake_services.hpp"
#include "server/api/v1/source_services.hpp"
#include "server/app/attribution_report.hpp"
#include "server/crypto/hash.hpp"
#include "server/json/money_text.hpp"
#include "server/storage/postgres/lead_sources.hpp"
#include "server/storage/postgres/lot_store.hpp"
#include "server/storage/postgres/passports.hpp"
#include "tests/matching/seed.hpp"
#include "tests/server/api/trade_harness.hpp"

namespace leadex::api {
namespace {

constexpr char const* kTaxonomy = "/v1/admin/taxonomy";
constexpr char const* kWords =
    R"({"vehicles":[{"vehicle":"ad","title":"Advertising"},{"vehicle":"email","title":"E-mail"}],)"
    R"("reasons":[{"reason":"search","title":"Searched for us"}],"rules":[)";
constexpr char const* kSearchRule =
    R"({"when":[{"field":"utm_source","match":"equals","value":"google"}],"vehicle":"ad",)"
    R"("reason":"search"},)"
    R"({"when":[{"field":"referrer_host","match":"domain","value":"mail.example"}],)"
    R"("vehicle":"email"}]})";

class Sources : public TradeHarness {
 protected:
  Sources() {
    intake_.keep_sources(services_of_sources_);
    context_.intake = &intake_;
    register_intake(router_, context_);
    register_sources(router_, context_, services_of_sources_);
  }
  void TearDown() override {
    intake_.stop();
    TradeHarness::TearDown();
  }

  Reply put(std::string const& key, std::string body, std::string const& based_on = {},
            std::string const& query = {}) {
    http::Headers headers;
    if (!based_on.empty()) headers.add("if-match", based_on);
    return call({.method = "PUT",
                 .target = kTaxonomy + query,
                 .key = key,
                 .body = std::move(body),
                 .headers = std::move(headers)});
  }
  /// A lead with a source of its own; `source` are the members behind vehicle and reason.
  std::string sourced_json(std::string const& person, std::string const& source,
                           std::string const& more = {}) {
    auto text = lead_json(person, "CA", 30, more);
    std::string const plain = R"("source":{"vehicle":"web_form","reason":"quote"})";
    return text.replace(text.find(plain), plain.size(), R"("source":{)" + source + '}');
  }
  Reply sourced(std::string const& person, std::string const& source,
                std::string const& more = {}) {
    return post("/v1/leads", generator_.key, sourced_json(person, source, more));
  }
  Reply report(std::string const& key, std::string const& more = {}) {
    return get("/v1/reports/attribution?market=" + std::string{kMarket} + more, key);
  }
  /// What the chain's entries come to, by the recipe of the API's description.
  static std::string head_of(Reply const& passport) {
    std::string head(64, '0');
    auto const& entries = *passport.find("entries");
    for (rapidjson::SizeType i = 0; i < entries.Size(); ++i) {
      head = crypto::hex_encode(
          crypto::view_of(crypto::sha256(head + '\n' + field(entries[i], "entry"))));
      EXPECT_EQ(head, field(entries[i], "hash"));
    }
    return head;
  }

  storage::postgres::PostgresLotStore lots_{sql_, ring_};
  storage::postgres::PostgresLeadSources sources_{sql_};
  storage::postgres::PostgresPassportReads passports_{sql_};
  SourceServices services_of_sources_{sources_, passports_};
  IntakeServices intake_{{lots_, numbers_, ring_, *markets_}, {}, {}, context_.now};
};

TEST_F(Sources, ATaxonomyGrowsByVersionsThatStay) {
  auto const none = get(kTaxonomy, admin_);
  ASSERT_EQ(none.status, 200) << none.body;
  EXPECT_EQ(none.number("version"), 0);
  EXPECT_EQ(none.header("ETag"), "\"taxonomy-0\"");

  std::string const body = std::string{kWords} + kSearchRule;
  EXPECT_EQ(put(admin_, body).status, 428);
  EXPECT_EQ(put(admin_, body, "\"taxonomy-7\"").status, 412);
  EXPECT_EQ(put(generator_.key, body, "\"taxonomy-0\"").status, 403);
  auto const unknown = put(admin_,
                           std::string{kWords} + R"({"when":[{"field":"sub1",)" +
                               R"("match":"given"}],"reason":"other"}]})",
                           "\"taxonomy-0\"");
  EXPECT_EQ(unknown.status, 422);
  EXPECT_NE(unknown.body.find("reason_unknown"), std::string::npos) << unknown.body;

  auto const first = put(admin_, body, "\"taxonomy-0\"");
  ASSERT_EQ(first.status, 200) << first.body;
  EXPECT_EQ(first.number("version"), 1);
  EXPECT_EQ(first.find("rules")->Size(), 2U);
  EXPECT_EQ(put(admin_, body, "\"taxonomy-0\"").status, 412) << "somebody was faster";
  auto const second = put(admin_, std::string{kWords} + "]}", first.header("ETag"));
  ASSERT_EQ(second.status, 200) << second.body;
  EXPECT_EQ(get(kTaxonomy, admin_).number("version"), 2);
  auto const kept = get(std::string{kTaxonomy} + "?version=1", admin_);
  EXPECT_EQ(kept.body, first.body);
  EXPECT_EQ(get(std::string{kTaxonomy} + "?version=9", admin_).status, 404);
  EXPECT_EQ(get(kTaxonomy, buyer_.key).status, 403);

  std::string const own = "?market=" + std::string{kMarket};
  EXPECT_EQ(get(kTaxonomy + own, admin_).number("version"), 0);
  ASSERT_EQ(put(admin_, body, "\"taxonomy-0\"", own).status, 200);
  EXPECT_EQ(get(kTaxonomy + own, admin_).text("market"), kMarket);
  EXPECT_EQ(get(kTaxonomy, admin_).number("version"), 2) << "the exchange's own is another";
  EXPECT_EQ(sql("select count(*) from leadex.audit where action = 'taxonomy.changed'"), "3");
}

TEST_F(Sources, LeadsAreClassifiedBesideWhatTheirGeneratorSaid) {
  EXPECT_EQ(sourced("eve", R"("utm_source":"google")").status, 422) << "nobody says a vehicle";
  ASSERT_EQ(put(admin_, std::string{kWords} + kSearchRule, "\"taxonomy-0\"").status, 200);
  ASSERT_EQ(sourced("ann", R"("vehicle":"partner","reason":"offer","utm_source":"Google",)"
                           R"("sub1":"x1","hops":3)")
                .status,
            201);
  auto const stored = [&](std::string const& columns) {
    return sql("select concat_ws(' ', " + columns +
               ") from leadex.lead l join leadex.lead_source z using (market_id, lead_no) order by "
               "lead_no desc limit 1");
  };
  std::string const columns =
      "l.vehicle, l.reason, said, class_vehicle, class_reason, taxonomy_own, taxonomy_version, "
      "utm_source, sub1, hops";
  EXPECT_EQ(stored(columns), "5 offer 3 6 search f 1 Google x1 3");
  ASSERT_EQ(sourced("bob", R"("utm_source":"google")").status, 201);
  EXPECT_EQ(stored(columns), "6 search 0 6 search f 1 google  -1");
  auto const mailed =
      sourced("cat", R"("reason":"news")", R"(,"referrer_url":"https://in.mail.example/read")");
  ASSERT_EQ(mailed.status, 201) << mailed.body;
  EXPECT_EQ(stored(columns), "1 news 2 1  f 1   -1");

  // A market's own comes before the exchange's, and leads keep the version they were classified by.
  ASSERT_EQ(
      put(admin_, std::string{kWords} + "]}", "\"taxonomy-0\"", "?market=" + std::string{kMarket})
          .status,
      200);
  EXPECT_EQ(sourced("dan", R"("utm_source":"google")").status, 422);
  ASSERT_EQ(sourced("fay", R"("vehicle":"ad","reason":"search")").status, 201);
  EXPECT_EQ(stored("class_vehicle, taxonomy_own, taxonomy_version"), "-1 t 1");
}

TEST_F(Sources, TagsThatNameAPersonAreRefusedWithoutEchoingThem) {
  auto const refused =
      sourced("ann", R"("vehicle":"ad","reason":"search","sub2":"ann@example.org")");
  EXPECT_EQ(refused.status, 422);
  EXPECT_NE(refused.body.find("source_names_contact"), std::string::npos) << refused.body;
  EXPECT_NE(refused.body.find("/source/sub2"), std::string::npos) << refused.body;
  EXPECT_EQ(refused.body.find("ann@example.org"), std::string::npos) << refused.body;
  EXPECT_EQ(sql("select count(*) from leadex.lead_source"), "0");
}

TEST_F(Sources, AnUploadKeepsWhatIsToldOfItsSources) {
  ASSERT_EQ(put(admin_, std::string{kWords} + kSearchRule, "\"taxonomy-0\"").status, 200);
  std::string file =
      "first_name,last_name,email,captured_at,consent_at,consent_text,state,utm_source,"
      "sub1,hops\r\n";
  using namespace std::chrono_literals;
  for (int n = 0; n < 1'003; ++n) {  // more than a chunk
    auto const no = std::to_string(n);
    auto const at = ago(1h);
    file += "Ann,Lee,ann" + no + "@person.example.com," + at + ',' + at + ",I agree,CA,";
    file += n % 10 == 0 ? "bing" : "google";
    file += ",s" + no + "," + std::to_string(n % 4) + "\r\n";
  }
  http::Headers headers;
  headers.add("content-type", "text/csv");
  auto const taken = call({.method = "POST",
                           .target = "/v1/batches?market=" + std::string{kMarket},
                           .key = generator_.key,
                           .body = file,
                           .idempotency_key = "sourced",
                           .headers = std::move(headers)});
  ASSERT_EQ(taken.status, 202) << taken.body;
  // A tenth says nothing that a rule knows.
  EXPECT_EQ(json::find_member(*taken.find("counts"), "accepted")->GetInt64(), 902) << taken.body;
  EXPECT_EQ(
      sql("select count(*) from leadex.lead l join leadex.lead_source z using (market_id, "
          "lead_no) where l.vehicle = 6 and l.reason = 'search' and z.said = 0 and "
          "z.taxonomy_version = 1 and z.sub1 = 's' || (l.row_no - 1) and z.hops = (l.row_no - "
          "1) % 4"),
      "902");
}

TEST_F(Sources, WhatIsToldRidesWithItsLeadAndARefusedLeadLeavesNone) {
  auto const told = R"("vehicle":"ad","reason":"search","sub1":"x")";
  ASSERT_EQ(sourced("ann", told).status, 201);
  EXPECT_EQ(sourced("ann", told).status, 409) << "the market knows her";
  EXPECT_EQ(sql("select count(*) from leadex.lead_source"), "1");
  http::Headers headers;
  headers.add("content-type", "text/csv");
  using namespace std::chrono_literals;
  auto const at = ago(1h);
  auto const row = "@person.example.com," + at + ',' + at + ",I agree,CA,ad,search,y\r\n";
  auto const taken = call({.method = "POST",
                           .target = "/v1/batches?market=" + std::string{kMarket},
                           .key = generator_.key,
                           .body = "first_name,last_name,email,captured_at,consent_at,consent_text,"
                                   "state,vehicle,source_reason,sub1\r\nBea,Lee,bea" +
                                   row + "Cy,Lee,cy" + row + "Bea,Lee,bea" + row,
                           .idempotency_key = "ridden",
                           .headers = std::move(headers)});
  ASSERT_EQ(taken.status, 202) << taken.body;
  // A contact's row is written once, with its lead.
  EXPECT_EQ(sql("select concat_ws(' ', count(*), bool_and(z.xmin = c.xmin)) from "
                "leadex.lead_source z join leadex.contact c using (market_id, lead_no)"),
            "3 t");
  EXPECT_EQ(sql("select count(*) from leadex.lead_source"), "3");
}

TEST_F(Sources, APingIsClassifiedAsItsPostIs) {
  ASSERT_EQ(put(admin_, std::string{kWords} + kSearchRule, "\"taxonomy-0\"").status, 200);
  deposit(buyer_, "100.00");
  campaign(buyer_, "4.00", "50.00",
           R"(,"targeting":{"all":[{"attribute":"vehicle","in":["email"]},)"
           R"({"attribute":"source_reason","in":["search"]}]})");
  auto const ping = [this](std::string const& source, std::string const& more) {
    return post("/v1/pings", generator_.key,
                R"({"market":")" + std::string{kMarket} +
                    R"(","attributes":{"state":"CA","age":30},"source":{)" + source + '}' + more +
                    '}');
  };
  std::string const page = R"(,"referrer_url":"https://in.mail.example/ann@example.org")";
  EXPECT_EQ(ping(R"("reason":"search")", "").status, 422) << "nobody says a vehicle";
  auto const told = ping(R"("reason":"search")", page);
  ASSERT_EQ(told.text("outcome"), "matched") << told.body;
  auto const post_of = [this](Reply const& pinged, std::string const& more) {
    auto body = sourced_json("ann", R"("reason":"search")", more);
    body.erase(1, body.find(','));  // the market is the ping's
    return post("/v1/pings/" + pinged.text("ping_id") + "/post", generator_.key, body);
  };
  EXPECT_EQ(post_of(told, R"(,"referrer_url":"https://else.example")").status, 422);
  auto const sold = post_of(told, page);
  ASSERT_EQ(sold.status, 201) << sold.body;
  EXPECT_EQ(sold.text("outcome"), "sold");
  EXPECT_EQ(sql("select concat_ws(' ', l.vehicle, l.reason, z.said, z.class_vehicle) from "
                "leadex.lead l join leadex.lead_source z using (market_id, lead_no)"),
            "1 search 2 1");
}

TEST_F(Sources, TheReportCreditsTouchesAndSumsToTheLedger) {
  deposit(buyer_, "100.00");
  campaign(buyer_, "4.01", "50.00");
  auto const touches = [](std::string const& words) {
    using namespace std::chrono_literals;
    return R"("vehicle":"web_form","reason":"quote","utm_campaign":"spring","touchpoints":[)" +
           words + ']';
  };
  using namespace std::chrono_literals;
  std::string const three = R"({"at":")" + ago(9h) +
                            R"(","vehicle":"ad","reason":"search"},{"at":")" + ago(8h) +
                            R"(","vehicle":"email","reason":"news"},{"at":")" + ago(7h) +
                            R"(","vehicle":"social","reason":"friends"})";
  ASSERT_EQ(sourced("ann", touches(three)).text("outcome"), "sold");
  ASSERT_EQ(lead("bob").text("outcome"), "sold");
  auto const linear = report(generator_.key, "&rule=linear&group_by=vehicle");
  ASSERT_EQ(linear.status, 200) << linear.body;
  auto const& groups = *linear.find("groups");
  ASSERT_EQ(groups.Size(), 4U) << linear.body;
  EXPECT_EQ(field(groups[0], "value"), "web_form");
  EXPECT_EQ(field(groups[0], "leads"), "1.000000");
  EXPECT_EQ(amount(groups[0], "net"), "3.4085");
  EXPECT_EQ(field(groups[1], "value"), "ad");
  EXPECT_EQ(field(groups[1], "sales"), "0.333334") << "the first of equals gets the odd millionth";
  EXPECT_EQ(amount(groups[1], "net"), "1.136167");
  EXPECT_EQ(amount(*linear.find("total"), "net"), "6.817");
  EXPECT_EQ(sql("select sum(credits_pending) from leadex.account where code = (select code from "
                "leadex.account where owner_no = (select min(generator) from leadex.sale) and "
                "credits_pending > 0 limit 1)"),
            "6817000");
  auto const tagged = report(generator_.key, "&rule=first&group_by=utm_campaign");
  EXPECT_EQ(tagged.find("groups")->Size(), 2U) << tagged.body;
  EXPECT_TRUE(json::find_member((*tagged.find("groups"))[1], "value")->IsNull() ||
              json::find_member((*tagged.find("groups"))[0], "value")->IsNull());

  auto const stranger = open_account("generator");
  EXPECT_EQ(field(*report(stranger.key).find("total"), "leads"), "0.000000");
  EXPECT_EQ(field(*report(admin_).find("total"), "leads"), "2.000000");
  EXPECT_EQ(report(buyer_.key).status, 403);
  EXPECT_EQ(report(generator_.key, "&from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z").status,
            422);
  EXPECT_EQ(get("/v1/reports/attribution?market=nowhere.us.usd", generator_.key).status, 422);
}

// The leads, their touches and sales stand in the tables; whoever they are of, money and shares of
// the report are those of the rows.
TEST_F(Sources, TenThousandRandomLeadsSumToTheirSalesUnderEachRule) {
  std::string touches;
  for (std::int64_t n = 0; n < 9; ++n) {
    std::vector<storage::Touch> few;
    for (std::int64_t i = 0; i < n; ++i) {
      few.push_back(
          {1'000 + i, static_cast<std::int32_t>((n * 3 + i) % 10), "r" + std::to_string(i)});
    }
    touches += (n == 0 ? "" : ",") + std::string{"decode('"} +
               crypto::hex_encode(market::encode_value(few)) + "','hex')";
  }
  auto const seed = static_cast<double>(seed_of_run() % 1'000'000) / 1e6;
  sql_do(
      "select setseed(" + std::to_string(seed) +
      "); create temporary table made as select n, (random() * 9)::integer as vehicle, (random() "
      "* 8)::integer as touched, (1 + random() * 50000000)::bigint as gross, random() as fee, "
      "(random() * 6)::integer as state, random() < 0.5 as mine, (select min(market_id) from "
      "leadex.market) as m from "
      "generate_series(1000001, 1010000) n; insert into leadex.lead (market_id, lead_no, batch_no, "
      "row_no, tenant_no, "
      "version, state, vehicle, reason, captured_us, listed_us, ask_micros, consent_us, "
      "consent_digest, attributes, external_id) select m, n, 0, 0, case when mine then (select "
      "min(tenant_no) from leadex.tenant where role = 'generator') else 77 end, 1, 2, vehicle, "
      "'own', extract(epoch from now())::bigint * 1000000 - 1000000 - n % 3600 * 1000000::bigint, "
      "0, -1, "
      "0, "
      "'', '', '' from "
      "made; insert into leadex.lead_source select m, n, 3, -1, '', false, 0, 'u' || vehicle, '', "
      "'', '', '', '', '', '', -1, (array[" +
      touches +
      "])[1 + touched] from made; insert into leadex.sale (market_id, lead_no, slot, batch_seq, n, "
      "buyer, campaign, generator, gross, fee, holdback, credited, state, exclusive, shares_max, "
      "auction_no, sold_us, due_us, windows) select m, n, s, 1, 0, 5, 9, 77, gross, (gross * "
      "fee)::bigint, 0, case when state = 3 then gross else 0 end, state, false, 4, 1, 1, 1, '' "
      "from made, generate_series(0, n % 3) s");
  // A part of the time holds the leads of that part, read by read.
  using namespace std::chrono_literals;
  auto const from = ago(40min);
  auto const until = ago(10min);
  auto const part = report(admin_, "&from=" + from + "&to=" + until);
  ASSERT_EQ(part.status, 200) << part.body;
  EXPECT_EQ(field(*part.find("total"), "leads"),
            sql("select count(*) || '.000000' from leadex.lead where captured_us >= extract(epoch "
                "from '" +
                from + "'::timestamptz) * 1000000 and captured_us < extract(epoch from '" + until +
                "'::timestamptz) * 1000000"));
  for (auto const* const mine : {"true", "false"}) {
    bool const all = std::string_view{mine} == "false";
    auto const wanted = sql(
        "select concat_ws(' ', count(distinct l.lead_no), count(s.gross), sum(s.gross - s.fee)) "
        "from leadex.lead l left join leadex.sale s on s.lead_no = l.lead_no and s.state < 3 where "
        "l.lead_no > 1000000 and (not " +
        std::string{mine} + " or l.tenant_no <> 77)");
    for (auto const* const rule : {"first", "last", "linear", "position"}) {
      for (auto const* const group : {"vehicle", "reason", "utm_source"}) {
        auto const told = report(all ? admin_ : generator_.key,
                                 "&rule=" + std::string{rule} + "&group_by=" + group);
        ASSERT_EQ(told.status, 200) << told.body;
        std::array<std::int64_t, 3> sum{};
        auto const& groups = *told.find("groups");
        EXPECT_GT(groups.Size(), 1U);
        for (rapidjson::SizeType i = 0; i < groups.Size(); ++i) {
          sum[0] += json::parse_amount(field(groups[i], "leads"))->micros;
          sum[1] += json::parse_amount(field(groups[i], "sales"))->micros;
          sum[2] += json::parse_amount(amount(groups[i], "net"))->micros;
        }
        EXPECT_EQ(sum[0] % app::kWholeShare + sum[1] % app::kWholeShare, 0);
        EXPECT_EQ(std::to_string(sum[0] / app::kWholeShare) + ' ' +
                      std::to_string(sum[1] / app::kWholeShare) + ' ' + std::to_string(sum[2]),
                  wanted)
            << rule << ' ' << group;
      }
    }
  }
}

TEST_F(Sources, APassportTellsOneStoryToAllWhoMaySeeItAndNamesNobody) {
  deposit(buyer_, "100.00");
  deposit(other_, "100.00");
  auto const shared = R"(,"exclusivity":"shared")";
  campaign(buyer_, "4.25", "50.00", shared);
  auto const id = lead("ann").text("lead_id");
  auto const path = "/v1/leads/" + id + "/passport";
  auto const first = get(path, generator_.key);
  ASSERT_EQ(first.status, 200) << first.body;
  EXPECT_EQ(first.text("lead_id"), id);
  EXPECT_EQ(head_of(first), first.text("head"));
  auto const sale = newest_sale(buyer_);
  EXPECT_EQ(get("/v1/sales/" + sale + "/passport", buyer_.key).body, first.body);
  EXPECT_EQ(get(path, admin_).body, first.body);

  // Another buyer takes a share from the listing, the first one gives its own back.
  auto const bought =
      post("/v1/purchases", other_.key,
           R"({"market":")" + std::string{kMarket} +
               R"(","filter":{"attribute":"state","in":["CA"]},"quantity":1,"limit_price":)" +
               usd("9.00") + '}');
  ASSERT_EQ(bought.status, 201) << bought.body;
  ASSERT_EQ(bought.number("filled"), 1) << bought.body;
  auto const back = post("/v1/sales/" + sale + "/returns", buyer_.key, R"({"reason":"bogus"})");
  ASSERT_EQ(back.status, 201) << back.body;
  ASSERT_EQ(post("/v1/returns/" + back.text("id") + "/accept", generator_.key, "{}").status, 200);
  auto const later = get(path, generator_.key);
  EXPECT_EQ(head_of(later), later.text("head"));
  auto const& before = *first.find("entries");
  auto const& after = *later.find("entries");
  ASSERT_EQ(after.Size(), before.Size() + 2) << later.body;
  for (rapidjson::SizeType i = 0; i < before.Size(); ++i) {
    EXPECT_EQ(field(after[i], "hash"), field(before[i], "hash"));
  }
  EXPECT_NE(later.body.find("sale_returned"), std::string::npos) << later.body;
  auto const theirs = newest_sale(other_);
  auto const seen = get("/v1/sales/" + theirs + "/passport", other_.key);
  EXPECT_EQ(seen.body, later.body) << "all see the same";
  for (auto const& secret : {buyer_.id, other_.id, generator_.id, sale, theirs, std::string{"USD"},
                             std::string{"@example.org"}, std::string{"A buyer"}}) {
    EXPECT_EQ(later.body.find(secret), std::string::npos) << secret;
  }

  EXPECT_EQ(get("/v1/sales/" + sale + "/passport", other_.key).status, 404);
  EXPECT_EQ(get(path, open_account("generator").key).status, 404);
  EXPECT_EQ(get(path, buyer_.key).status, 403);
  EXPECT_EQ(get("/v1/sales/" + sale + "/passport", generator_.key).status, 403);
  EXPECT_EQ(get("/v1/leads/lead_none/passport", generator_.key).status, 404);
}

}  // namespace
}  // namespace leadex::api
