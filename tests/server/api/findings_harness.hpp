#pragma once
// Findings: a market with a past and the round that tests what its buyers reported. For the tests
// of findings, returns and the holdout; one thread.

#include <memory>
#include <random>
#include <utility>

#include "tests/server/api/made_sales.hpp"
#include "tests/server/api/trade_harness.hpp"

namespace leadex::api {

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
  /// One of a buyer's sales, of the generator that all buy of.
  MadeSale sale_of(Account const& buyer, std::int64_t day, double rate) {
    return {.buyer_no = number_of(buyer),
            .generator_no = number_of(generator_),
            .day = day,
            .converted = unit() < rate};
  }
  /// Ninety days of sale, the last that are over.
  [[nodiscard]] std::int64_t last_period() const { return (today_ / 90 - 1) * 90; }
  /// Leads that a buyer bought in that period, a few a day, of which it returned a part.
  void buy_leads(std::vector<MadeSale>& sales, Account const& buyer, double returned,
                 MadeSale const& like = {}) {
    for (auto day = last_period(); day < last_period() + 90; ++day) {
      for (int i = 0; i < 4; ++i) {
        auto sale = like;
        sale.buyer_no = number_of(buyer);
        sale.generator_no = number_of(generator_);
        sale.day = day;
        sale.returned = unit() < returned;
        sales.push_back(sale);
      }
    }
  }
  /// As if nothing had been found: no program may delete that.
  void forget_findings() {
    sql_do(
        "alter table leadex.finding disable trigger finding_stays; delete from leadex.finding; "
        "alter table leadex.finding enable trigger finding_stays");
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

}  // namespace leadex::api
