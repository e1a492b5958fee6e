#pragma once
// What the steps of the demo share: the persons, what they have made so far, and the report. The
// demo only; one thread.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/cli/client/accounts.hpp"
#include "server/cli/client/demo_people.hpp"

namespace leadex::cli {

/// Prints steps, figures and checks on stdout, aligned, and remembers whether all checks held.
class DemoReport {
 public:
  void step(std::string_view title);
  void line(std::string_view label, std::string_view value);
  void check(bool holds, std::string_view sentence);
  [[nodiscard]] bool sound() const { return failed_ == 0; }
  [[nodiscard]] int checks() const { return checks_; }
  [[nodiscard]] int failed() const { return failed_; }

 private:
  int steps_ = 0;
  int checks_ = 0;
  int failed_ = 0;
};

/// A person of the demo: an account and the API as it sees it.
struct DemoPerson {
  std::string account_id;
  Api api;
};

struct DemoCast {
  DemoPerson admin;
  DemoPerson second_admin;
  DemoPerson verifier;
  DemoPerson generator;
  DemoPerson first_buyer;
  DemoPerson second_buyer;
  DemoPerson third_buyer;
};

struct DemoStage {
  DemoReport report;
  DemoCast cast;
  DemoFile file;
  std::string batch;        ///< id
  std::int64_t accepted{};  ///< rows
  /// Campaigns placed, with their buyers in `cast`: they end with the demo, or they would compete
  /// with those of the next one.
  std::vector<std::pair<DemoPerson*, std::string>> campaigns;
  std::string first_sale;   ///< of the first buyer: returned, contested, decided in part
  std::string second_sale;  ///< of the second buyer: returned, accepted
};

/// Asks `done` every 200 ms until it says yes. Throws Failure (kFailed) after 60 s.
void wait_until(std::string_view what, std::function<bool()> const& done);

/// All rows of a list of at most a few thousand, kept with their answers.
struct RowList {
  std::vector<Answer> pages;
  std::vector<JsonView> rows;
};
[[nodiscard]] RowList list_all(Api& api, std::string const& target);

/// "12.34 USD" of micros.
[[nodiscard]] std::string dollars(std::int64_t micros);

struct WantedCampaign {
  std::string name;
  std::string bid;
  std::string budget;
  std::string state;
  std::optional<std::int64_t> leads_a_day;
  bool buys_listings{};
};
/// Places it and moves the budget from the wallet. @return its id
std::string place_campaign(DemoStage& stage, DemoPerson& buyer, WantedCampaign const& wanted);
/// Pauses all that were placed. @return whether that worked for each
bool end_campaigns(DemoStage& stage);

// The steps, in this order.
[[nodiscard]] DemoCast gather_cast(DemoReport& report, ApiAccess const& access,
                                   Credentials const& keys);
void place_campaigns(DemoStage& stage);
void bring_leads(DemoStage& stage);
void check_sample(DemoStage& stage);
void show_first_sales(DemoStage& stage);
void give_back(DemoStage& stage);
void buy_what_rests(DemoStage& stage);
void let_windows_close(DemoStage& stage);
void pay_out(DemoStage& stage);
void close_books(DemoStage& stage);

}  // namespace leadex::cli
