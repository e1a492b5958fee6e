// Cases about sources: what lots show is counted while they are uploaded, judged by the job, and
// decided by staff.

#include <pqxx/pqxx>

#include "server/api/v1/intake_services.hpp"
#include "server/json/time_text.hpp"
#include "server/storage/postgres/lot_store.hpp"
#include "tests/server/api/api_harness.hpp"

namespace leadex::api {
namespace {

constexpr char const* kMarket = "auto-insurance.us.usd";
constexpr char const* kHeader =
    "first_name,last_name,email,captured_at,ip_address,user_agent,consent_at,consent_text,vehicle,"
    "source_reason,state,age\r\n";

/// One row; each person and network of its own unless told otherwise.
struct Row {
  int person{};
  int age = 40;
  int days_old = 0;
  int address{};  // 0: one of its own
};

std::string text_of(Row const& row) {
  using namespace std::chrono;
  auto const now = time_point_cast<Micros>(system_clock::now()) - hours{1};
  auto const captured = json::format_timestamp(now - days{row.days_old});
  auto const address = row.address != 0 ? row.address : 1000 + row.person;
  return "Ann,Lee,ann" + std::to_string(row.person) + "@person.example.com," + captured + ",93." +
         std::to_string(address / 250) + '.' + std::to_string(address % 250) + ".9,Browser," +
         captured + ",I agree,web_form,search,CA," + std::to_string(row.age) + "\r\n";
}

class FraudCases : public ApiHarness {
 protected:
  FraudCases() {
    context_.intake = &services_;
    register_intake(router_, context_);
  }
  void SetUp() override {
    ApiHarness::SetUp();
    ASSERT_EQ(post("/v1/admin/markets", admin_, market_json(kMarket)).status, 201);
    generator_ = open_account("generator");
    other_ = open_account("generator");
  }
  void TearDown() override {
    services_.stop();
    ApiHarness::TearDown();
  }

  std::string upload(Account const& by, std::vector<Row> const& rows) {
    std::string body = kHeader;
    for (auto const& row : rows) body += text_of(row);
    http::Headers headers;
    headers.add("content-type", "text/csv");
    auto const taken = call({.method = "POST",
                             .target = "/v1/batches?market=" + std::string{kMarket},
                             .key = by.key,
                             .body = std::move(body),
                             .idempotency_key = "lot-" + std::to_string(++uploads_),
                             .headers = std::move(headers)});
    EXPECT_EQ(taken.status, 202) << taken.body;
    return taken.text("id");
  }
  /// @return cases opened
  std::int64_t judge() {
    auto const run = post("/v1/admin/jobs/fraud/run", admin_);
    EXPECT_EQ(run.status, 200) << run.body;
    return run.number("items");
  }
  Reply cases(std::string const& query = {}) {
    return get("/v1/admin/fraud-cases" + (query.empty() ? "" : '?' + query), admin_);
  }
  static std::string field(json::Value const& of, std::string_view name) {
    auto const* value = json::find_member(of, name);
    return value != nullptr && value->IsString() ? std::string{json::text_of(*value)} : "";
  }
  std::string sql(std::string const& statement) {
    pqxx::connection connection{database_.owner()};
    pqxx::work tx{connection};
    return tx.exec(statement).at(0).at(0).as<std::string>();
  }
  /// Different people, ages 20 … 89, addresses of their own.
  static std::vector<Row> honest(int first, int count) {
    std::vector<Row> rows;
    for (int i = 0; i < count; ++i) rows.push_back({.person = first + i, .age = 20 + i % 70});
    return rows;
  }

  Account generator_;
  Account other_;

 private:
  int uploads_ = 0;
  storage::postgres::PostgresLotStore store_{sql_, ring_};
  IntakeServices services_{{store_, numbers_, ring_, *markets_}, {}, {}, context_.now};
};

TEST_F(FraudCases, AnHonestLotHasNone) {
  upload(generator_, honest(1, 60));
  EXPECT_EQ(judge(), 0);
  EXPECT_TRUE(cases().data().Empty());
  EXPECT_EQ(sql("select count(*) from leadex.lot_picture where judged_at is not null"), "1");
  EXPECT_EQ(judge(), 0);
}

TEST_F(FraudCases, OldLeadsOfOneAddressOpenACaseEachOnce) {
  std::vector<Row> rows;
  for (int i = 0; i < 30; ++i) {
    rows.push_back({.person = i, .age = 20 + i, .days_old = 40, .address = 7});
  }
  auto const batch = upload(generator_, rows);
  EXPECT_EQ(judge(), 3);  // old, of one address, of one device
  EXPECT_EQ(judge(), 0);

  auto const found = cases("kind=captured_long_ago");
  ASSERT_EQ(found.data().Size(), 1U) << found.body;
  auto const& one = found.data()[0];
  EXPECT_EQ(field(one, "batch_id"), batch);
  EXPECT_EQ(field(one, "generator_id"), generator_.id);
  EXPECT_EQ(field(one, "status"), "open");
  EXPECT_EQ(json::find_member(one, "leads")->GetInt(), 30);
  EXPECT_EQ(json::find_member(one, "events")->GetInt(), 30);
  EXPECT_EQ(cases("kind=crowded_addresses").data().Size(), 1U);
  EXPECT_EQ(cases("kind=crowded_devices").data().Size(), 1U);
  EXPECT_EQ(cases("kind=many_hops").data().Size(), 0U);
  EXPECT_EQ(cases("generator=" + generator_.id).data().Size(), 3U);
  EXPECT_EQ(cases("generator=" + other_.id).data().Size(), 0U);
  EXPECT_EQ(cases("state=dismissed").data().Size(), 0U);
  EXPECT_EQ(sql("select count(*) from leadex.audit where action = 'fraud_case.opened'"), "3");

  auto const id = field(one, "id");
  EXPECT_EQ(get("/v1/admin/fraud-cases/" + id, admin_).text("id"), id);
  EXPECT_EQ(get("/v1/admin/fraud-cases/case_00000000000000000000000000", admin_).status, 404);
  for (auto const& key : {generator_.key, other_.key}) {
    EXPECT_EQ(get("/v1/admin/fraud-cases", key).status, 403);
    EXPECT_EQ(get("/v1/admin/fraud-cases/" + id, key).status, 403);
  }
}

TEST_F(FraudCases, RowsAndPeopleOfAnotherSourceAreFound) {
  auto const rows = honest(1, 60);
  auto const first = upload(other_, rows);
  auto copied = rows;
  for (auto& row : copied) row.person += 10'000;
  auto const copy = upload(generator_, copied);
  std::vector<Row> known(rows.begin(), rows.begin() + 20);
  known.push_back({.person = 30'000, .age = 99});
  auto const second = upload(generator_, known);
  judge();
  auto const copies = cases("kind=rows_of_other_lot");
  ASSERT_EQ(copies.data().Size(), 1U) << copies.body;
  EXPECT_EQ(field(copies.data()[0], "batch_id"), copy);
  EXPECT_EQ(field(copies.data()[0], "other_batch_id"), first);
  auto const people = cases("kind=people_known");
  ASSERT_EQ(people.data().Size(), 1U) << people.body;
  EXPECT_EQ(field(people.data()[0], "batch_id"), second);
  EXPECT_EQ(json::find_member(people.data()[0], "leads")->GetInt(), 21);
  EXPECT_EQ(json::find_member(people.data()[0], "events")->GetInt(), 20);
}

TEST_F(FraudCases, OwnPeopleAgainAreNoSign) {
  auto const rows = honest(1, 30);
  upload(generator_, rows);
  auto again = rows;
  again.push_back({.person = 500, .age = 18});
  upload(generator_, again);
  judge();
  EXPECT_TRUE(cases("kind=people_known").data().Empty());
}

TEST_F(FraudCases, StaffDecidesOnceAndCanTakeTheLotBack) {
  std::vector<Row> rows;
  for (int i = 0; i < 20; ++i) rows.push_back({.person = i, .age = 20 + i, .days_old = 40});
  auto const batch = upload(generator_, rows);
  ASSERT_EQ(judge(), 1);
  auto const id = field(cases().data()[0], "id");
  auto const path = "/v1/admin/fraud-cases/" + id + "/decide";
  EXPECT_EQ(post(path, admin_, R"({"upheld":false,"withdraw_leads":true})").status, 422);
  EXPECT_EQ(post(path, admin_, R"({"upheld":false,"sampling":"stopped"})").status, 422);
  EXPECT_EQ(post(path, generator_.key, R"({"upheld":true})").status, 403);
  auto const auditor = open_account("auditor").key;
  EXPECT_EQ(post(path, auditor, R"({"upheld":true})").status, 403);

  Ask const ask{
      .method = "POST",
      .target = path,
      .key = admin_,
      .body = R"({"upheld":true,"withdraw_leads":true,"sampling":"stopped","note":"an old list"})",
      .idempotency_key = "decide"};
  auto const decided = call(ask);
  ASSERT_EQ(decided.status, 200) << decided.body;
  EXPECT_EQ(decided.text("status"), "upheld");
  EXPECT_TRUE(decided.find("withdrawn")->GetBool());
  EXPECT_EQ(decided.text("sampling"), "stopped");
  EXPECT_EQ(sql("select mode from leadex.inspection"), "4");
  EXPECT_EQ(decided.text("note"), "an old list");
  EXPECT_EQ(call(ask).body, decided.body);
  EXPECT_EQ(post(path, admin_, R"({"upheld":false})").status, 409);
  EXPECT_EQ(get("/v1/batches/" + batch, generator_.key).text("status"), "closed");
  EXPECT_EQ(get("/v1/admin/fraud-cases/" + id, auditor).body, decided.body);
  EXPECT_EQ(sql("select count(*) from leadex.fraud_case where position('list'::bytea in "
                "note_sealed) > 0"),
            "0");
  EXPECT_EQ(sql("select count(*) from leadex.audit where action = 'fraud_case.decided'"), "1");
}

TEST_F(FraudCases, NobodyDeletesOrRewritesThem) {
  std::vector<Row> rows;
  for (int i = 0; i < 20; ++i) rows.push_back({.person = i, .days_old = 40});
  upload(generator_, rows);
  ASSERT_GE(judge(), 1);
  pqxx::connection connection{database_.app()};
  for (auto const* statement :
       {"delete from leadex.fraud_case", "update leadex.fraud_case set events = 0",
        "update leadex.lot_picture set tenant_no = 1"}) {
    pqxx::work tx{connection};
    EXPECT_THROW(tx.exec(statement), pqxx::sql_error) << statement;
  }
}

}  // namespace
}  // namespace leadex::api
