#include "server/cli/client/demo_stage.hpp"

#include <fmt/format.h>

#include <thread>

#include "server/cli/client/listing_output.hpp"
#include "server/cli/client/seed_markets.hpp"
#include "server/cli/client/table.hpp"
#include "server/json/money_text.hpp"

namespace leadex::cli {

namespace {

constexpr std::chrono::seconds kPatience{60};
constexpr std::chrono::milliseconds kPollEvery{200};
constexpr std::int64_t kRowsMax = 5000;

}  // namespace

void DemoReport::step(std::string_view title) {
  print_out(fmt::format("\n{:2}  {}\n", ++steps_, title));
}

void DemoReport::line(std::string_view label, std::string_view value) {
  print_out(fmt::format("      {:<26}{}\n", label, printable(value)));
}

void DemoReport::check(bool holds, std::string_view sentence) {
  ++checks_;
  if (!holds) ++failed_;
  print_out(fmt::format("  {}  {}\n", holds ? "ok" : "!!", printable(sentence)));
}

void wait_until(std::string_view what, std::function<bool()> const& done) {
  auto const deadline = std::chrono::steady_clock::now() + kPatience;
  while (!done()) {
    if (std::chrono::steady_clock::now() > deadline) {
      throw Failure(kFailed, fmt::format("waited {} s in vain: {}", kPatience.count(), what));
    }
    std::this_thread::sleep_for(kPollEvery);
  }
}

RowList list_all(Api& api, std::string const& target) {
  RowList list;
  list.pages = api.pages(target, kRowsMax);
  list.rows = rows_of(list.pages);
  return list;
}

std::string place_campaign(DemoStage& stage, DemoPerson& buyer, WantedCampaign const& wanted) {
  auto const pricing = json_object({{"model", "cpl"}, {"bid", money(wanted.bid, kSeedCurrency)}});
  auto const targeting =
      json_object({{"attribute", "state"}, {"in", RawJson{"[\"" + wanted.state + "\"]"}}});
  std::string caps = "{}";
  if (wanted.leads_a_day) {
    caps = json_object({{"leads", RawJson{json_object({{"day", *wanted.leads_a_day}})}}});
  }
  auto const campaign =
      buyer.api.post("/v1/campaigns", json_object({{"name", wanted.name},
                                                   {"market", std::string{kDemoMarket}},
                                                   {"pricing", RawJson{pricing}},
                                                   {"targeting", RawJson{targeting}},
                                                   {"exclusivity", "shared"},
                                                   {"caps", RawJson{caps}},
                                                   {"buys_listings", wanted.buys_listings}}));
  auto id = campaign.json()["id"].text();
  stage.campaigns.emplace_back(&buyer, id);
  (void)buyer.api.post("/v1/campaigns/" + id + "/fund",
                       json_object({{"amount", money(wanted.budget, kSeedCurrency)}}));
  return id;
}

bool end_campaigns(DemoStage& stage) {
  bool all = true;
  for (auto const& [buyer, id] : stage.campaigns) {
    try {
      all = buyer->api.call("POST", "/v1/campaigns/" + id + "/pause").ok() && all;
    } catch (Failure const&) {
      all = false;
    }
  }
  return all;
}

std::string dollars(std::int64_t micros) {
  return fmt::format("{} {}", json::format_amount(Money{micros}, kSeedCurrency), kSeedCurrency);
}

}  // namespace leadex::cli
