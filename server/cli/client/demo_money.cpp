// Steps of the demo: settlement, payout with two persons, and the books.

#include <fmt/format.h>

#include <algorithm>

#include "server/cli/client/demo_stage.hpp"
#include "server/cli/client/seed_markets.hpp"

namespace leadex::cli {

namespace {

constexpr std::int64_t kDeposited = 500'000'000;
constexpr std::int64_t kMicrosPerCent = 10'000;
constexpr std::string_view kFourEyes = "four_eyes_required";

bool is_over(JsonView sale) {
  auto const status = sale["status"].text();
  return status == "settled" || status == "returned" || status == "voided";
}

/// What the generator has coming from a sale: its net, less its part of what was credited.
std::int64_t earned_from(JsonView sale) {
  auto const gross = sale["gross"].micros();
  auto const kept = gross - sale["credited"].micros();
  return kept * 85 / 100;
}

std::int64_t available_to(DemoPerson& buyer) {
  auto const accounts = list_all(buyer.api, "/v1/ledger/accounts");
  std::int64_t sum = 0;
  for (auto const& account : accounts.rows) {
    auto const code = account["code"].text();
    if (code == "wallet" || code == "budget") sum += account["available"].micros();
  }
  return sum;
}

/// Deposit = what is left + what was spent and not credited, to the micro.
void check_buyer(DemoStage& stage, DemoPerson& buyer, std::string_view name) {
  auto const sales = list_all(buyer.api, "/v1/sales");
  std::int64_t spent = 0;
  for (auto const& sale : sales.rows) spent += sale["gross"].micros() - sale["credited"].micros();
  auto const left = available_to(buyer);
  stage.report.line(name, fmt::format("{} sales, spent {}, left {}", sales.rows.size(),
                                      dollars(spent), dollars(left)));
  stage.report.check(left + spent == kDeposited, "deposit = spent + left");
}

/// The generator's money by place: markets' rows and the platform's row summed.
struct Purse {
  std::int64_t pending{};
  std::int64_t holdback{};
  std::int64_t earned{};   // settled in a market, on its way to the platform
  std::int64_t payable{};  // on the platform
};

std::int64_t micros_or_zero(JsonView amount) { return amount.is_null() ? 0 : amount.micros(); }

Purse purse_of(DemoPerson& generator) {
  Purse purse;
  auto const earnings = list_all(generator.api, "/v1/earnings");
  for (auto const& row : earnings.rows) {
    purse.pending += micros_or_zero(row["pending"]);
    purse.holdback += micros_or_zero(row["holdback"]);
    if (row["market"].is_null()) {
      purse.payable += micros_or_zero(row["payable"]);
    } else {
      purse.earned += micros_or_zero(row["earned"]);
    }
  }
  return purse;
}

std::int64_t amount_for(JsonView run, std::string const& generator) {
  for (auto const& payout : run["payouts"].items()) {
    if (payout["generator"].text() == generator) return payout["amount"].micros();
  }
  return 0;
}

void check_file(DemoStage& stage, std::string const& run, std::size_t payouts) {
  auto const file =
      stage.cast.second_admin.api.post("/v1/admin/payout-runs/" + run + "/export?format=csv");
  auto const lines = static_cast<std::size_t>(std::ranges::count(file.body, '\n'));
  stage.report.line("file for the bank",
                    fmt::format("{} bytes, {} lines", file.body.size(), lines));
  stage.report.check(lines == payouts + 1, "a heading and a line for each payout");
}

}  // namespace

void let_windows_close(DemoStage& stage) {
  auto& report = stage.report;
  auto& generator = stage.cast.generator;
  report.step(fmt::format("The windows of {} s close, and sales settle", kDemoReturnSeconds));
  RowList sales;
  wait_until("settlement", [&] {
    sales = list_all(generator.api, "/v1/sales");
    return std::ranges::all_of(sales.rows, is_over);
  });
  std::int64_t expected = 0;
  std::size_t settled = 0;
  for (auto const& sale : sales.rows) {
    expected += earned_from(sale);
    if (sale["status"].text() == "settled") ++settled;
  }
  report.line("settled", fmt::format("{} of {} sales", settled, sales.rows.size()));
  report.check(settled + 1 == sales.rows.size(), "all but the one given back");
  auto const held = purse_of(generator);
  report.line("held back", dollars(held.holdback));
  // Between a market's books and the platform's, money is in neither purse for a moment.
  Purse purse;
  wait_until("all earnings on the platform's books, the holdback too", [&] {
    purse = purse_of(generator);
    return purse.pending == 0 && purse.holdback == 0 && purse.earned == 0 &&
           purse.payable >= expected;
  });
  report.line("payable", dollars(purse.payable));
  report.check(purse.payable == expected, "85 % of what buyers paid and kept, to the micro");
}

void pay_out(DemoStage& stage) {
  auto& cast = stage.cast;
  auto& report = stage.report;
  report.step("A payout needs two persons");
  auto const payable = purse_of(cast.generator).payable;
  auto const run = cast.admin.api.post("/v1/admin/payout-runs",
                                       json_object({{"currency", std::string{kSeedCurrency}}}));
  auto const id = run.json()["id"].text();
  auto const amount = amount_for(run.json(), cast.generator.account_id);
  report.line("draft", fmt::format("{} with {} payouts", id, run.json()["payouts"].items().size()));
  report.line("for the generator", dollars(amount));
  report.check(amount == payable - payable % kMicrosPerCent,
               "what it earned, rounded down to the cent");
  auto const place = "/v1/admin/payout-runs/" + id;
  auto const alone = cast.admin.api.call("POST", place + "/approve");
  report.check(alone.status == 403 && alone.problem_code() == kFourEyes,
               "the drafter cannot approve: four_eyes_required");
  auto const approved = cast.second_admin.api.post(place + "/approve");
  report.check(approved.json()["status"].text() == "approved", "the second admin can");
  check_file(stage, id, run.json()["payouts"].items().size());
  auto const paid = cast.second_admin.api.post(place + "/paid");
  report.check(paid.json()["status"].text() == "paid", "the run is paid");
  auto const after = purse_of(cast.generator).payable;
  report.check(after == payable - amount, "what was paid is no longer payable");
}

void close_books(DemoStage& stage) {
  auto& cast = stage.cast;
  auto& report = stage.report;
  report.step("The books");
  auto const withdrawn = cast.generator.api.post("/v1/batches/" + stage.batch + "/withdraw");
  report.line("unsold, withdrawn", withdrawn.json()["withdrawn"].shown());
  report.check(end_campaigns(stage), "the campaigns are paused");
  check_buyer(stage, cast.first_buyer, "buyer A");
  check_buyer(stage, cast.second_buyer, "buyer B");
  check_buyer(stage, cast.third_buyer, "buyer C");
  auto const balance =
      cast.admin.api.get("/v1/admin/ledger/trial-balance?currency=" + std::string{kSeedCurrency});
  report.line("accounts", std::to_string(balance.json()["accounts"].items().size()));
  auto const sum = balance.json()["sum"].text();
  report.check(sum == "0", "trial balance " + sum);
}

}  // namespace leadex::cli
