// Findings about buyers: tested by the job on tables of a past, decided by staff alone; the
// holdout.

#include <random>
#include <thread>

#include "server/app/holdout.hpp"
#include "tests/server/api/made_sales.hpp"
#include "tests/server/api/trade_harness.hpp"

namespace leadex::api {
namespace {

class Findings : public TradeHarness {
 protected:
  [[nodiscard]] std::string market_more() const override {
    return R"(,"return_ceiling_bp":10000,"dedupe_s":1,"cpa_window_s":86400,"cpa_review_s":86400)";
  }
  void SetUp() override {
    TradeHarness::SetUp();
    third_ = open_account("buyer");
    market_no_ = std::stoll(sql("select market_id from leadex.market"));
    made_ = std::make_unique<MadeSales>(database_.owner(), market_no_, 1'000'000);
    today_ = to_unix_micros(context_.now()) / MadeSales::kDayUs;
  }

  std::int64_t number_of(Account const& account) {
    return context_.ids.open_as<AccountId>(account.id)->no;
  }
  /// The round, as staff runs it. @return cases opened
  std::int64_t round() {
    auto const money = money_of_all();
    auto const run = post("/v1/admin/jobs/truth/run", admin_);
    EXPECT_EQ(run.status, 200) << run.body;
    EXPECT_EQ(money_of_all(), money) << "a round never moves money";
    return run.number("items");
  }
  std::string money_of_all() {
    return sql(
        "select md5(coalesce(string_agg(a::text, ';' order by market_id, account_no), '')) || "
        "(select count(*) from leadex.transfer) from leadex.account a");
  }
  Reply list(std::string const& query = {}) {
    return get("/v1/admin/findings" + (query.empty() ? "" : '?' + query), admin_);
  }
  Reply decide(std::string const& id, std::string const& body = R"({"upheld":false})") {
    return post("/v1/admin/findings/" + id + "/decide", admin_, body);
  }
  static std::string date(std::int64_t day) {
    return json::format_date(std::chrono::sys_days{std::chrono::days{day}});
  }
  static int number(json::Value const& of, std::string_view name) {
    return json::find_member(of, name)->GetInt();
  }

  /// Sixty mature days in two segments; of what they convert the buyers tell these shares.
  void sell_per_acquisition(std::vector<std::pair<Account, double>> const& buyers) {
    std::vector<MadeSale> sales;
    for (auto day = today_ - 70; day < today_ - 10; ++day) {
      for (auto const& [buyer, told] : buyers) {
        for (int i = 0; i < 40; ++i) {
          auto const converts = unit() < (i % 2 == 0 ? 0.06 : 0.14);
          sales.push_back({.buyer_no = number_of(buyer),
                           .generator_no = number_of(generator_),
                           .vehicle = i % 2,
                           .day = day,
                           .converted = converts && unit() < told});
        }
      }
    }
    made_->add(sales);
  }
  double unit() { return std::uniform_real_distribution<double>{0, 1}(random_); }

  std::string cpa_campaign(Account const& buyer) {
    deposit(buyer, "3000.00");
    auto const made = post("/v1/campaigns", buyer.key,
                           R"({"name":"Clients","market":")" + std::string{kMarket} +
                               R"(","pricing":{"model":"cpa","bid":)" + usd("500.00") + "}}");
    EXPECT_EQ(made.status, 201) << made.body;
    auto const id = made.text("id");
    EXPECT_EQ(
        post("/v1/campaigns/" + id + "/fund", buyer.key, R"({"amount":)" + usd("2500.00") + '}')
            .status,
        200);
    return id;
  }
  /// The buyer returns the lead and its generator takes it back.
  void give_back(std::string const& sale, std::string const& reason) {
    auto const opened =
        post("/v1/sales/" + sale + "/returns", buyer_.key, R"({"reason":")" + reason + R"("})");
    ASSERT_EQ(opened.status, 201) << opened.body;
    auto const accepted =
        post("/v1/returns/" + opened.text("id") + "/accept", generator_.key, "{}");
    ASSERT_EQ(accepted.status, 200) << accepted.body;
  }
  Reply convert(std::string const& lead, std::string const& transaction) {
    return post("/v1/conversions", buyer_.key,
                R"({"lead_id":")" + lead + R"(","transaction_id":")" + transaction + R"(","at":")" +
                    ago(std::chrono::seconds{0}) + R"("})");
  }
  /// What the buyer's own systems tell.
  void tell(std::string const& lead, std::string const& transaction) {
    auto const token = post("/v1/postback-tokens", buyer_.key).text("token");
    auto const query = "token=" + token + "&transaction_id=" + transaction + "&lead_id=" + lead;
    EXPECT_EQ(get("/pb?" + query, {}).status, 200);
  }

  Account third_;
  std::int64_t market_no_{};
  std::int64_t today_{};
  std::unique_ptr<MadeSales> made_;
  std::mt19937_64 random_{1};
};

TEST_F(Findings, ABuyerThatHidesItsConversionsGetsACaseAndNoOther) {
  sell_per_acquisition({{buyer_, 1.0}, {other_, 0.0}, {third_, 1.0}});
  ASSERT_EQ(round(), 1);
  auto const page = list();
  ASSERT_EQ(page.data().Size(), 1U) << page.body;
  auto const& found = page.data()[0];
  EXPECT_EQ(field(found, "buyer_id"), other_.id);
  EXPECT_EQ(field(found, "kind"), "conversions_below_others");
  EXPECT_EQ(field(found, "status"), "open");
  EXPECT_EQ(field(found, "generator_id"), "") << "of all its generators";
  EXPECT_EQ(field(found, "market"), kMarket);
  EXPECT_EQ(number(found, "counted"), 2400);
  EXPECT_EQ(number(found, "seen"), 0);
  EXPECT_NEAR(number(found, "reference_ppm"), 100'000, 20'000);
  EXPECT_GE(number(found, "evidence_milli"), 3000);
  EXPECT_EQ(number(found, "false_alarms_ppm"), 1000);
  EXPECT_NE(field(found, "statement").find("other buyers of the same segments"), std::string::npos);
  EXPECT_EQ(field(found, "sold_until"), date(today_ - 3)) << "two days to convert and be told";
  EXPECT_EQ(round(), 0) << "it is open";
  EXPECT_EQ(sql("select count(*) from leadex.audit where action = 'finding.opened'"), "1");
  expect_true_books();
}

TEST_F(Findings, AfterADecisionATestCountsLaterDaysOnly) {
  sell_per_acquisition({{buyer_, 1.0}, {other_, 0.0}, {third_, 1.0}});
  ASSERT_EQ(round(), 1);
  auto const id = field(list().data()[0], "id");
  auto const dismissed = decide(id, R"({"upheld":false,"note":"Its clients call a day later."})");
  ASSERT_EQ(dismissed.status, 200) << dismissed.body;
  EXPECT_EQ(dismissed.text("status"), "dismissed");
  EXPECT_EQ(dismissed.text("note"), "Its clients call a day later.");
  EXPECT_EQ(round(), 0) << "nothing was sold since that is mature";
  // As if that had been said on the day before the last forty.
  sql_do("update leadex.finding set decided_at = to_timestamp((" + std::to_string(today_ - 51) +
         ") * 86400 + 7)");
  EXPECT_EQ(round(), 1);
  auto const page = list("state=open");
  ASSERT_EQ(page.data().Size(), 1U) << page.body;
  EXPECT_EQ(field(page.data()[0], "sold_from"), date(today_ - 50));
  EXPECT_EQ(number(page.data()[0], "counted"), 1600);
  EXPECT_EQ(list().data().Size(), 2U);
}

TEST_F(Findings, ABuyerThatReturnsMoreThanOthersOfTheSameGeneratorsGetsACase) {
  auto const poor = open_account("generator");
  // Two periods of ninety days, whichever is the last whose returns are all decided. The honest
  // buyers return the poor generator's leads often; one of them buys hardly any others.
  auto const last = today_ / 90 * 90;
  std::vector<MadeSale> sales;
  auto const buy = [&](Account const& buyer, Account const& from, std::int64_t day, int leads,
                       double returned) {
    for (int i = 0; i < leads; ++i) {
      sales.push_back({.buyer_no = number_of(buyer),
                       .generator_no = number_of(from),
                       .model = 0,
                       .day = day,
                       .returned = unit() < returned});
    }
  };
  for (auto day = last - 180; day < last; ++day) {
    buy(buyer_, poor, day, 4, 0.3);
    buy(buyer_, generator_, day, 1, 0.05);
    buy(third_, poor, day, 2, 0.3);
    buy(third_, generator_, day, 4, 0.05);
    buy(other_, generator_, day, 3, 0.3);
    buy(other_, poor, day, 1, 0.5);
  }
  made_->add(sales);
  ASSERT_EQ(round(), 1);
  auto const page = list("kind=returns_above_mix&buyer=" + other_.id);
  ASSERT_EQ(page.data().Size(), 1U) << page.body;
  auto const& found = page.data()[0];
  EXPECT_EQ(number(found, "counted"), 360);
  EXPECT_GT(number(found, "rate_low_ppm"), number(found, "reference_ppm"));
  EXPECT_EQ(list("buyer=" + buyer_.id).data().Size(), 0U) << "it buys what all return";
  EXPECT_EQ(round(), 0);
  ASSERT_EQ(decide(field(found, "id")).status, 200);
  EXPECT_EQ(round(), 0) << "a period is judged once";
}

TEST_F(Findings, LeadsThatWereReturnedAndWonAreFoundByLeadAndByPerson) {
  cpa_campaign(buyer_);
  // Its systems told of the conversion that its return ended.
  auto const own = lead("ann").text("lead_id");
  tell(own, "a");
  give_back(newest_sale(buyer_), "bogus");
  // It rejected that one before.
  tell(lead("bob").text("lead_id"), "b");
  auto const waiting = get("/v1/conversions?status=pending", buyer_.key);
  ASSERT_EQ(waiting.data().Size(), 1U) << waiting.body;
  post("/v1/conversions/" + field(waiting.data()[0], "id") + "/reject", buyer_.key);
  give_back(newest_sale(buyer_), "bogus");
  // The same person came again, once with a lead that the buyer had called a duplicate.
  auto const gone = lead("cid").text("lead_id");
  give_back(newest_sale(buyer_), "wrong_number");
  lead("dan");
  give_back(newest_sale(buyer_), "duplicate");
  std::this_thread::sleep_for(std::chrono::milliseconds{1100});
  auto const won = lead("cid").text("lead_id");
  ASSERT_EQ(convert(won, "c").status, 201);
  ASSERT_EQ(convert(lead("dan").text("lead_id"), "d").status, 201);
  lead("eve");

  EXPECT_EQ(round(), 2);
  auto const page = list();
  ASSERT_EQ(page.data().Size(), 2U) << page.body;
  std::map<std::string, std::string> pairs;
  for (auto const& found : page.data().GetArray()) {
    EXPECT_EQ(field(found, "kind"), "returned_then_converted");
    EXPECT_EQ(field(found, "buyer_id"), buyer_.id);
    EXPECT_EQ(field(found, "generator_id"), generator_.id);
    pairs[field(found, "lead_id")] = field(found, "converted_lead_id");
  }
  EXPECT_EQ(pairs, (std::map<std::string, std::string>{{own, own}, {gone, won}}));
  EXPECT_EQ(round(), 0);
  for (auto const& found : page.data().GetArray()) {
    EXPECT_EQ(decide(field(found, "id"), R"({"upheld":true})").status, 200);
  }
  EXPECT_EQ(round(), 0) << "a lead is one case, whatever was decided";
  // Without contacts only the lead itself tells.
  sql_do(
      "alter table leadex.finding disable trigger finding_stays; delete from leadex.finding; "
      "alter table leadex.finding enable trigger finding_stays; delete from leadex.lead_key");
  EXPECT_EQ(round(), 1);
  EXPECT_EQ(field(list().data()[0], "lead_id"), own);
  expect_true_books();
}

TEST_F(Findings, VerifiedConversionsThatWereNotReportedAreFoundInTheHoldout) {
  std::vector<MadeSale> sales;
  for (int i = 0; i < 80; ++i) {
    bool const hides = i % 2 == 0;
    sales.push_back({.buyer_no = number_of(hides ? other_ : buyer_),
                     .generator_no = number_of(generator_),
                     .vehicle = hides ? 0 : 1,  // nothing to compare with
                     .day = today_ - 40 + i / 4,
                     .converted = !hides || i % 8 == 0});
  }
  made_->add(sales);
  sql_do(
      "insert into leadex.holdout_outcome select market_id, lead_no, slot, true, now(), 1, now() "
      "from leadex.sale");
  ASSERT_EQ(round(), 1);
  auto const page = list("kind=conversions_hidden&state=open&market=" + std::string{kMarket});
  ASSERT_EQ(page.data().Size(), 1U);
  EXPECT_EQ(field(page.data()[0], "buyer_id"), other_.id);
  EXPECT_EQ(number(page.data()[0], "counted"), 40);
  EXPECT_EQ(number(page.data()[0], "seen"), 10);
  EXPECT_EQ(number(page.data()[0], "reference_ppm"), 950'000);
  EXPECT_EQ(round(), 0);
}

TEST_F(Findings, AreStaffsAloneAndAreDecidedOnce) {
  sell_per_acquisition({{buyer_, 1.0}, {other_, 0.0}, {third_, 0.0}});
  ASSERT_EQ(round(), 2);
  auto const first = list("limit=1");
  ASSERT_EQ(first.data().Size(), 1U) << first.body;
  auto const second = list("limit=1&cursor=" + first.text("next_cursor"));
  ASSERT_EQ(second.data().Size(), 1U) << second.body;
  auto const id = field(first.data()[0], "id");
  EXPECT_NE(field(second.data()[0], "id"), id);
  EXPECT_EQ(get("/v1/admin/findings/" + id, admin_).text("statement"),
            field(first.data()[0], "statement"));
  EXPECT_EQ(get("/v1/admin/findings/find_00000000000000000000000000", admin_).status, 404);
  EXPECT_EQ(list("buyer=acct_00000000000000000000000000").data().Size(), 0U);
  EXPECT_EQ(list("state=closed").status, 422);

  auto const auditor = open_account("auditor").key;
  for (auto const& key : {buyer_.key, other_.key, generator_.key}) {
    EXPECT_EQ(get("/v1/admin/findings", key).status, 403);
    EXPECT_EQ(get("/v1/admin/findings/" + id, key).status, 403);
    EXPECT_EQ(get("/v1/admin/holdout?market=" + std::string{kMarket}, key).status, 403);
    EXPECT_EQ(post("/v1/admin/findings/" + id + "/decide", key, R"({"upheld":true})").status, 403);
    EXPECT_EQ(post("/v1/admin/holdout", key, "{}").status, 403);
  }
  EXPECT_EQ(get("/v1/admin/findings/" + id, auditor).status, 200);
  EXPECT_EQ(post("/v1/admin/findings/" + id + "/decide", auditor, R"({"upheld":true})").status,
            403);

  EXPECT_EQ(decide(id, "{}").status, 422);
  Ask ask{.method = "POST",
          .target = "/v1/admin/findings/" + id + "/decide",
          .key = admin_,
          .body = R"({"upheld":true,"note":"Seen its books."})",
          .idempotency_key = "d1"};
  auto const decided = call(ask);
  ASSERT_EQ(decided.status, 200) << decided.body;
  EXPECT_EQ(decided.text("status"), "upheld");
  EXPECT_NE(decided.text("decided_by"), "");
  EXPECT_NE(decided.text("decided_at"), "");
  auto const again = call(ask);
  EXPECT_EQ(again.header("Idempotent-Replayed"), "true");
  EXPECT_EQ(again.body, decided.body);
  EXPECT_EQ(get("/v1/admin/findings/" + id, admin_).body, decided.body);
  EXPECT_EQ(decide(id).status, 409);
  EXPECT_EQ(decide("find_00000000000000000000000000").status, 404);
  EXPECT_EQ(list("state=upheld").data().Size(), 1U);
  EXPECT_EQ(list("state=open").data().Size(), 1U);
  auto const audit = get("/v1/admin/audit-log?action=finding.decided", admin_);
  EXPECT_EQ(audit.data().Size(), 1U) << audit.body;
  EXPECT_EQ(sql("select count(*) from leadex.finding where position('books'::bytea in "
                "note_sealed) > 0"),
            "0");
}

TEST_F(Findings, TheHoldoutIsShownToStaffUntilItsOutcomesAreRecordedOnce) {
  std::vector<MadeSale> sales;
  for (int i = 0; i < 2500; ++i) {
    sales.push_back({.buyer_no = number_of(buyer_),
                     .generator_no = number_of(generator_),
                     .model = i % 10 == 9 ? 0 : 1,
                     .day = today_ - 100 + i / 100});
  }
  auto const first = made_->add(sales);
  std::set<std::string> held;
  std::string outside;
  for (std::size_t i = 0; i < sales.size(); ++i) {
    SaleId const sale{static_cast<MarketNo>(market_no_), first + static_cast<std::int64_t>(i), 0};
    bool const in = app::held_out(ring_, sale, BasisPoints{1500});
    EXPECT_TRUE(!in || app::held_out(ring_, sale, BasisPoints{3000}));
    if (sales[i].model != 1) continue;
    if (in) {
      held.insert(ids_.seal(sale));
    } else {
      outside = ids_.seal(sale);
    }
  }
  EXPECT_NEAR(static_cast<double>(held.size()), 2250 * 0.15, 60);

  auto const path = "/v1/admin/holdout?market=" + std::string{kMarket};
  std::set<std::string> shown;
  std::string cursor;
  for (int pages = 0; pages < 20; ++pages) {
    auto const page = get(path + "&limit=100" + cursor, admin_);
    ASSERT_EQ(page.status, 200) << page.body;
    for (auto const& sale : page.data().GetArray()) {
      EXPECT_TRUE(shown.insert(field(sale, "sale_id")).second) << "shown twice";
      EXPECT_EQ(field(sale, "buyer_id"), buyer_.id);
    }
    EXPECT_EQ(page.body.find("contact"), std::string::npos);
    if (page.text("next_cursor").empty()) break;
    cursor = "&cursor=" + page.text("next_cursor");
  }
  EXPECT_EQ(shown, held);
  EXPECT_EQ(get("/v1/admin/holdout?market=nowhere.us.usd", admin_).status, 422);
  EXPECT_EQ(get("/v1/admin/holdout", admin_).status, 422);

  auto const record = [&](std::string const& sale, std::string const& at) {
    return post("/v1/admin/holdout", admin_,
                R"({"sale_id":")" + sale + R"(","converted":true,"at":")" + at + R"("})");
  };
  auto const now = ago(std::chrono::seconds{0});
  auto const sale = *held.begin();
  EXPECT_EQ(record(outside, now).status, 422);
  EXPECT_EQ(record("sale_00000000000000000000000000", now).status, 422);
  EXPECT_EQ(record(sale, ago(std::chrono::hours{-2})).status, 422);
  EXPECT_EQ(record(sale, ago(std::chrono::hours{24 * 200})).status, 422);
  auto const recorded = record(sale, now);
  ASSERT_EQ(recorded.status, 201) << recorded.body;
  EXPECT_EQ(recorded.text("sale_id"), sale);
  EXPECT_EQ(recorded.text("at"), now);
  EXPECT_EQ(record(sale, now).status, 409);
  EXPECT_EQ(get(path + "&limit=500", admin_).data().Size(), held.size() - 1);
  EXPECT_EQ(get("/v1/admin/audit-log?action=holdout.recorded", admin_).data().Size(), 1U);
  EXPECT_THROW(sql_do("update leadex.holdout_outcome set converted = false"), pqxx::sql_error);
  EXPECT_THROW(sql_do("delete from leadex.finding"), pqxx::sql_error);
}

}  // namespace
}  // namespace leadex::api
