#pragma once
// TradeHarness: the API harness with the operations of the trade, one market, and short ways to
// put buyers, money, campaigns and leads into it.

#include <pqxx/pqxx>

#include "server/api/v1/click_services.hpp"
#include "server/api/v1/form_services.hpp"
#include "server/api/v1/trade.hpp"
#include "server/app/remit_earnings.hpp"
#include "server/json/time_text.hpp"
#include "server/storage/postgres/buyer_rights.hpp"
#include "server/storage/postgres/campaign_reads.hpp"
#include "server/storage/postgres/case_reads.hpp"
#include "server/storage/postgres/clicks.hpp"
#include "server/storage/postgres/conversion_reads.hpp"
#include "server/storage/postgres/deal_reads.hpp"
#include "server/storage/postgres/forms.hpp"
#include "server/storage/postgres/lead_reads.hpp"
#include "server/storage/postgres/ledger_reads.hpp"
#include "server/storage/postgres/postback_tokens.hpp"
#include "server/storage/postgres/sale_reads.hpp"
#include "server/storage/postgres/truth_reads.hpp"
#include "tests/server/api/api_harness.hpp"

namespace leadex::api {

class TradeHarness : public ApiHarness {
 protected:
  static constexpr char const* kMarket = "auto-insurance.us.usd";

  TradeHarness() {
    context_.trade = &services_;
    context_.clicks = &clicks_;
    register_trade(router_, context_);
    register_forms(router_, context_, forms_);
  }

  void SetUp() override {
    ApiHarness::SetUp();
    ASSERT_EQ(post("/v1/admin/markets", admin_, market_json(kMarket, market_more())).status, 201);
    generator_ = open_account("generator");
    buyer_ = open_account("buyer");
    other_ = open_account("buyer");
  }
  [[nodiscard]] virtual std::string market_more() const { return {}; }

  void deposit(Account const& buyer, std::string const& amount) {
    auto const done = post("/v1/admin/deposits", admin_,
                           R"({"account_id":")" + buyer.id + R"(","amount":)" + usd(amount) +
                               R"(,"reference":"Wire"})");
    ASSERT_EQ(done.status, 201) << done.body;
  }
  static std::string usd(std::string const& amount) {
    return R"({"amount":")" + amount + R"(","currency":"USD"})";
  }
  static std::string campaign_json(std::string const& bid, std::string const& more = {}) {
    return R"({"name":"Bid )" + bid + R"(","market":")" + kMarket +
           R"(","pricing":{"model":"cpl","bid":)" + usd(bid) + '}' + more + '}';
  }
  /// A campaign with a budget; its id.
  std::string campaign(Account const& buyer, std::string const& bid, std::string const& budget,
                       std::string const& more = {}) {
    auto const made = post("/v1/campaigns", buyer.key, campaign_json(bid, more));
    EXPECT_EQ(made.status, 201) << made.body;
    auto const id = made.text("id");
    if (!budget.empty()) {
      auto const funded =
          post("/v1/campaigns/" + id + "/fund", buyer.key, R"({"amount":)" + usd(budget) + '}');
      EXPECT_EQ(funded.status, 200) << funded.body;
    }
    return id;
  }

  static std::string ago(std::chrono::seconds age) {
    return json::format_timestamp(std::chrono::time_point_cast<Micros>(
        std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now() - age)));
  }
  static std::string lead_json(std::string const& person, std::string const& state = "CA",
                               int age = 30, std::string const& more = {}) {
    using namespace std::chrono_literals;
    return R"({"market":")" + std::string{kMarket} +
           R"(","contact":{"first_name":"Ann","last_name":"Lee","email":")" + person +
           R"(@example.org"},"attributes":{"state":")" + state + R"(","age":)" +
           std::to_string(age) + R"(},"consent":{"at":")" + ago(2h) +
           R"(","text":"I agree to be called."},"source":{"vehicle":"web_form","reason":"quote"},)" +
           R"("captured_at":")" + ago(1h) + '"' + more + '}';
  }
  /// Posts a lead; its answer.
  Reply lead(std::string const& person, std::string const& state = "CA", int age = 30,
             std::string const& more = {}) {
    auto posted = post("/v1/leads", generator_.key, lead_json(person, state, age, more));
    EXPECT_EQ(posted.status, 201) << posted.body;
    return posted;
  }
  /// The id of the newest sale as `who` sees it.
  std::string newest_sale(Account const& who) {
    auto const sales = get("/v1/sales", who.key);
    EXPECT_GE(sales.data().Size(), 1U) << sales.body;
    return sales.data().Size() == 0 ? "" : field(sales.data()[0], "id");
  }

  static std::string field(json::Value const& object, std::string_view name) {
    auto const* const value = json::find_member(object, name);
    return value != nullptr && value->IsString() ? std::string{json::text_of(*value)} : "";
  }
  static std::string amount(json::Value const& object, std::string_view name) {
    auto const* const value = json::find_member(object, name);
    return value != nullptr && value->IsObject() ? field(*value, "amount") : "";
  }
  std::string sql(std::string const& query) {
    pqxx::connection connection(database_.owner());
    pqxx::work tx(connection);
    auto const value = tx.exec1(query).at(0).as<std::string>("");
    tx.commit();
    return value;
  }
  void sql_do(std::string const& statement) {
    pqxx::connection connection(database_.owner());
    pqxx::work tx(connection);
    tx.exec(statement);
    tx.commit();
  }
  template <class T>
  T await(boost::asio::awaitable<T> later) {
    return boost::asio::co_spawn(pool_, std::move(later), boost::asio::use_future).get();
  }
  std::string wallet(Account const& buyer) {
    auto const rows = get("/v1/ledger/accounts?code=wallet", buyer.key);
    return rows.data().Size() == 0 ? "0.00" : amount(rows.data()[0], "available");
  }
  void expect_true_books() {
    auto const balance = get("/v1/admin/ledger/trial-balance?currency=USD", admin_);
    EXPECT_EQ(balance.text("sum"), "0") << balance.body;
  }

  Account generator_;
  Account buyer_;
  Account other_;

  storage::postgres::PostgresSaleReads sales_{sql_};
  storage::postgres::PostgresCampaignReads campaigns_{sql_};
  storage::postgres::PostgresLedgerReads ledger_{sql_};
  storage::postgres::PostgresCaseReads cases_{sql_};
  storage::postgres::PostgresDealReads deals_{sql_};
  storage::postgres::PostgresConversionReads conversions_{sql_};
  storage::postgres::PostgresTruthReads truth_{sql_};
  storage::postgres::PostgresPostbackTokens postbacks_{sql_};
  storage::postgres::PostgresLeadReads leads_{sql_};
  storage::postgres::PostgresBuyerRights rights_{sql_};
  storage::postgres::PostgresClickStore click_rows_{sql_};
  storage::postgres::PostgresFormStore form_rows_{sql_};
  FormServices forms_{form_rows_, {.public_url = "https://forms.example.org", .mails = true}};
  ClickServices clicks_{click_rows_, {.per_minute_max = 20, .bots = {"bot"}}};
  app::IntentRunner intents_{platform_, *markets_};
  app::ClawBackRunner claw_backs_{platform_, *markets_, intents_};
  intake::DisposableDomains disposable_;
  NumberBlocks lead_numbers_{numbers_, storage::NumberKind::lead, 64};
  NumberBlocks intent_numbers_{numbers_, storage::NumberKind::fund_intent, 16};
  CampaignEdits edits_;
  TradeServices services_{sales_,      campaigns_,    ledger_,         cases_,
                          deals_,      conversions_,  truth_,          postbacks_,
                          leads_,      rights_,       intents_,        claw_backs_,
                          disposable_, lead_numbers_, intent_numbers_, edits_};

 private:
  boost::asio::thread_pool pool_{1};
};

}  // namespace leadex::api
