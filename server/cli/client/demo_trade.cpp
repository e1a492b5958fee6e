// Steps of the demo: sales by auction, returns, a dispute, and a sweep of what rests.

#include <fmt/format.h>

#include "server/cli/client/demo_stage.hpp"
#include "server/cli/client/seed_markets.hpp"

namespace leadex::cli {

namespace {

constexpr std::size_t kCap = 10;
constexpr std::string_view kCredited = "3.00";

std::string sales_of_market() { return "/v1/sales?market=" + std::string{kDemoMarket}; }

std::int64_t sum_of(RowList const& sales, std::string_view field) {
  std::int64_t sum = 0;
  for (auto const& sale : sales.rows) sum += sale[field].micros();
  return sum;
}

/// commission = 15 % of gross, net = the rest.
bool shares_are_right(RowList const& sales) {
  for (auto const& sale : sales.rows) {
    auto const gross = sale["gross"].micros();
    auto const commission = sale["commission"].micros();
    if (commission * 100 != gross * 15 || sale["net"].micros() != gross - commission) return false;
  }
  return true;
}

RowList sales_by_auction(DemoStage& stage, DemoPerson& buyer, std::string_view name) {
  auto sales = list_all(buyer.api, sales_of_market());
  stage.report.line(
      name, fmt::format("{} leads for {}", sales.rows.size(), dollars(sum_of(sales, "gross"))));
  stage.report.check(sales.rows.size() == kCap, "the cap of 10 leads a day is met and not passed");
  stage.report.check(shares_are_right(sales), "commission is 15 % of gross, net the rest");
  return sales;
}

void show_auction(DemoStage& stage, std::string const& id) {
  auto const auction = stage.cast.admin.api.get("/v1/auctions/" + id);
  stage.report.line(
      "an auction",
      fmt::format("{} candidates, {} winners, {}", auction.json()["candidates"].shown(),
                  auction.json()["winners"].shown(), auction.json()["revenue"].money()));
}

std::string open_return(DemoPerson& buyer, std::string const& sale, std::string const& reason) {
  auto const opened =
      buyer.api.post("/v1/sales/" + sale + "/returns",
                     json_object({{"reason", reason}, {"note", "Tried three times on two days."}}));
  return opened.json()["id"].text();
}

/// Contesting answers with the return or with the dispute itself.
std::string dispute_of(Api& api, std::string const& return_id) {
  auto const now = api.get("/v1/returns/" + return_id);
  return now.json()["dispute_id"].text();
}

}  // namespace

void show_first_sales(DemoStage& stage) {
  auto& cast = stage.cast;
  stage.report.step("The lot is listed: each lead first meets the campaigns");
  auto const first = sales_by_auction(stage, cast.first_buyer, "buyer A bought");
  auto const second = sales_by_auction(stage, cast.second_buyer, "buyer B bought");
  if (first.rows.empty() || second.rows.empty()) throw Failure(kFailed, "no lead was sold");
  // The latest ones, since the window in which they can be given back is open longest.
  stage.first_sale = first.rows.front()["id"].text();
  stage.second_sale = second.rows.front()["id"].text();
  auto const auction = first.rows.front()["auction_id"];
  if (!auction.is_null()) show_auction(stage, auction.text());

  auto const place = "/v1/sales/" + stage.first_sale + "/contact";
  auto const contact = cast.first_buyer.api.get(place);
  stage.report.check(contact.json()["contact"]["email"].text().ends_with("@example.com"),
                     "buyer A pulls the contact of its lead");
  auto const stranger = cast.third_buyer.api.call("GET", place);
  stage.report.check(stranger.status == 404, "to buyer C that sale does not exist");
}

void give_back(DemoStage& stage) {
  auto& cast = stage.cast;
  auto& report = stage.report;
  report.step("One lead is given back and contested, one given back and taken");
  auto const contested = open_return(cast.first_buyer, stage.first_sale, "wrong_number");
  (void)cast.generator.api.post("/v1/returns/" + contested + "/contest",
                                json_object({{"note", "The number was checked by call."}}));
  auto const accepted = open_return(cast.second_buyer, stage.second_sale, "disconnected_number");
  auto const taken = cast.generator.api.post("/v1/returns/" + accepted + "/accept", "{}");
  report.line("return of buyer B", taken.json()["status"].text());
  report.check(taken.json()["status"].text() == "accepted", "the generator takes one back");

  auto const dispute = dispute_of(cast.admin.api, contested);
  report.line("dispute", dispute);
  auto const decided = cast.admin.api.post(
      "/v1/admin/disputes/" + dispute + "/decide",
      json_object({{"decision", "partial"},
                   {"amount", money(kCredited, kSeedCurrency)},
                   {"reason", "The number reaches the household but not the person."}}));
  report.line("decision", fmt::format("{}, {} back to buyer A", decided.json()["decision"].text(),
                                      decided.json()["credited"].money()));
  auto const sale = cast.first_buyer.api.get("/v1/sales/" + stage.first_sale);
  report.check(sale.json()["credited"]["amount"].text() == kCredited,
               "the sale shows what was credited");
  auto const late =
      cast.second_buyer.api.call("POST", "/v1/sales/" + stage.second_sale + "/returns",
                                 json_object({{"reason", "wrong_number"}}));
  report.check(late.problem_code() == "already_returned", "no lead is given back twice");
}

void buy_what_rests(DemoStage& stage) {
  auto& buyer = stage.cast.third_buyer;
  auto& report = stage.report;
  report.step("Buyer C buys from the listings");
  auto const market = std::string{kDemoMarket};
  auto const listings = list_all(buyer.api, "/v1/listings?market=" + market + "&state=NY&sort=ask");
  report.line("listings in NY", std::to_string(listings.rows.size()));
  if (listings.rows.empty()) throw Failure(kFailed, "nothing rests in New York");
  report.line("the cheapest", listings.rows.front()["ask"].money());
  RawJson const new_york{R"({"attribute":"state","eq":"NY"})"};
  auto const swept =
      buyer.api.post("/v1/purchases", json_object({{"market", market},
                                                   {"filter", new_york},
                                                   {"quantity", std::int64_t{5}},
                                                   {"limit_price", money("6.00", kSeedCurrency)}}));
  report.line("sweep of NY", fmt::format("{} leads for {}", swept.json()["filled"].shown(),
                                         swept.json()["total"].money()));
  report.check(
      swept.json()["filled"].integer() == 5 && swept.json()["total"]["amount"].text() == "30.00",
      "five leads at their ask of 6.00");
  auto const dear =
      buyer.api.post("/v1/purchases", json_object({{"market", market},
                                                   {"filter", new_york},
                                                   {"quantity", std::int64_t{5}},
                                                   {"limit_price", money("5.99", kSeedCurrency)}}));
  report.check(dear.json()["filled"].integer() == 0, "below the ask nothing is sold");

  auto const id = place_campaign(stage, buyer,
                                 {.name = "Campaign C",
                                  .bid = "6.50",
                                  .budget = "40.00",
                                  .state = "TX",
                                  .leads_a_day = std::nullopt,
                                  .buys_listings = true});
  RowList sales;
  wait_until("the sweep of campaign C", [&] {
    sales = list_all(buyer.api, "/v1/sales?campaign_id=" + id);
    return sales.rows.size() >= 6;
  });
  auto const gross = sum_of(sales, "gross");
  report.line("campaign C swept TX", fmt::format("{} leads for {} of 40.00 {}", sales.rows.size(),
                                                 dollars(gross), kSeedCurrency));
  report.check(gross <= 40'000'000, "a budget is never overspent");
}

}  // namespace leadex::cli
