// Steps of the demo: the persons, the campaigns, the upload, the spot check.

#include <fmt/format.h>

#include <map>
#include <set>

#include "server/cli/client/demo_stage.hpp"
#include "server/cli/client/draw_check.hpp"
#include "server/cli/client/seed_markets.hpp"

namespace leadex::cli {

namespace {

constexpr std::string_view kDeposit = "500.00";

std::string market_query() { return "market=" + std::string{kDemoMarket}; }

/// A standing bid on leads of California, with money in it.
void wait_for_leads(DemoStage& stage, DemoPerson& buyer, std::string const& name,
                    std::string const& bid) {
  auto const id = place_campaign(stage, buyer, {name, bid, "100.00", "CA", 10});
  wait_until("the budget of " + name, [&] {
    auto const now = buyer.api.get("/v1/campaigns/" + id);
    return now.json()["budget"].micros() > 0;
  });
  stage.report.line(name, fmt::format("bids {} {} in CA, 10 leads a day, budget 100.00 {}", bid,
                                      kSeedCurrency, kSeedCurrency));
}

/// The digests of the secrets for the next lots, by number.
std::map<std::int64_t, std::string> open_commitments(Api& api) {
  std::map<std::int64_t, std::string> open;
  auto const list =
      list_all(api, "/v1/markets/" + std::string{kDemoMarket} + "/commitments?status=open");
  for (auto const& commitment : list.rows) {
    open[commitment["commitment_no"].integer()] = commitment["commitment"].text();
  }
  return open;
}

void check_rejects(DemoStage& stage) {
  auto const list = list_all(stage.cast.generator.api, "/v1/batches/" + stage.batch + "/rejects");
  std::map<std::int64_t, std::set<std::string>> codes;
  for (auto const& reject : list.rows) {
    codes[reject["row"].integer()].insert(reject["code"].text());
  }
  bool all_named = codes.size() == stage.file.faults.size();
  for (auto const& fault : stage.file.faults) {
    bool const named = codes[fault.row].contains(std::string{fault.code});
    stage.report.line(fmt::format("row {}", fault.row),
                      named ? std::string{fault.code} : fmt::format("NOT {}", fault.code));
    all_named = all_named && named;
  }
  stage.report.check(all_named, "each planted fault, and no other row, is refused by its code");
}

/// The oracle of the demo: whoever has a mailbox at the example domain is real.
std::string verdict_on(JsonView claimed) {
  bool const real = claimed["contact"]["email"].text().ends_with("@example.com");
  return real ? json_object({{"verdict", "good"}, {"reason", "confirmed"}})
              : json_object({{"verdict", "bad"}, {"reason", "invalid_email"}});
}

std::int64_t work_through_checks(DemoStage& stage) {
  auto& verifier = stage.cast.verifier.api;
  auto const list = list_all(verifier, "/v1/admin/spot-checks?status=open&batch_id=" + stage.batch);
  for (auto const& check : list.rows) {
    auto const place = "/v1/admin/spot-checks/" + check["check_id"].text();
    auto const claimed = verifier.post(place + "/claim");
    (void)verifier.post(place + "/verdict", verdict_on(claimed.json()));
  }
  return static_cast<std::int64_t>(list.rows.size());
}

}  // namespace

DemoCast gather_cast(DemoReport& report, ApiAccess const& access, Credentials const& keys) {
  auto const as = [&access](std::string const& id, std::string const& key) {
    auto own = access;
    own.key = key;
    return DemoPerson{id, Api(std::move(own))};
  };
  report.step("Market and accounts");
  auto admin = as({}, keys.admin_key);
  auto second = as({}, keys.admin2_key);
  bool const fresh = ensure_market(admin.api, std::string{kDemoMarket}, demo_market_body());
  report.line("market", fmt::format("{} ({})", kDemoMarket, fresh ? "opened" : "was there"));
  auto const open = [&](std::string const& role, std::string const& name, bool with_bank = false) {
    auto const account = open_account(admin.api, {role, name, with_bank}, &second.api);
    report.line(name, account.account_id);
    return as(account.account_id, account.key);
  };
  auto const buyer = [&](std::string const& name) {
    auto person = open("buyer", name);
    deposit(admin.api, person.account_id, kDeposit, kSeedCurrency, name);
    return person;
  };
  auto verifier = open("verifier", "Demo verifier");
  auto generator = open("generator", "Demo generator", true);
  auto first = buyer("Demo buyer A");
  auto other = buyer("Demo buyer B");
  auto third = buyer("Demo buyer C");
  report.line("deposits", fmt::format("{} {} for each buyer", kDeposit, kSeedCurrency));
  return {std::move(admin), std::move(second), std::move(verifier), std::move(generator),
          std::move(first), std::move(other),  std::move(third)};
}

void place_campaigns(DemoStage& stage) {
  stage.report.step("Two campaigns wait for leads");
  wait_for_leads(stage, stage.cast.first_buyer, "Campaign A", "8.00");
  wait_for_leads(stage, stage.cast.second_buyer, "Campaign B", "7.00");
}

void bring_leads(DemoStage& stage) {
  auto& generator = stage.cast.generator.api;
  auto& report = stage.report;
  report.step("The generator uploads a file");
  auto const open = open_commitments(generator);
  report.line("open commitments", std::to_string(open.size()));
  auto const answer = generator.upload("/v1/batches?" + market_query(), "text/csv", stage.file.csv);
  auto const batch = answer.json();
  stage.batch = batch["id"].text();
  auto const counts = batch["counts"];
  stage.accepted = counts["accepted"].integer();
  report.line("batch", stage.batch);
  report.line("read", counts["read"].shown());
  report.line("accepted", counts["accepted"].shown());
  report.line("duplicate", counts["duplicate"].shown());
  report.line("rejected", counts["rejected"].shown());
  auto const refused = static_cast<std::int64_t>(stage.file.faults.size());
  report.check(counts["read"].integer() == stage.file.rows &&
                   stage.accepted == stage.file.rows - refused &&
                   counts["duplicate"].integer() == stage.file.duplicates &&
                   counts["rejected"].integer() == refused - stage.file.duplicates,
               "the counts are those of the file, and add up");
  check_rejects(stage);

  auto const check = generator.get("/v1/batches/" + stage.batch + "/spot-check");
  auto const number = batch["commitment_no"].integer();
  report.line("commitment", fmt::format("no {}: {}", number, check.json()["commitment"].text()));
  auto const before = open.find(number);
  report.check(before != open.end() && before->second == check.json()["commitment"].text(),
               "the draw's secret was committed before the upload");
  report.check(check.json()["secret"].is_null() && check.json()["sample"].is_null(),
               "the generator sees neither secret nor sample before the verdict");
}

void check_sample(DemoStage& stage) {
  auto& report = stage.report;
  report.step("The verifier checks the sample");
  auto const place = "/v1/batches/" + stage.batch + "/spot-check";
  auto const plan = stage.cast.generator.api.get(place);
  report.line("plan", fmt::format("{} of {} rows, at most {} bad",
                                  plan.json()["plan"]["sample_size"].integer(),
                                  plan.json()["plan"]["lot_size"].integer(),
                                  plan.json()["plan"]["acceptance_number"].integer()));
  auto const checked = work_through_checks(stage);
  report.line("checked", std::to_string(checked));
  report.check(checked == plan.json()["plan"]["sample_size"].integer(),
               "as many rows were open for checking as planned");
  wait_until("the verdict on the upload", [&] {
    auto const now = stage.cast.generator.api.get("/v1/batches/" + stage.batch);
    return now.json()["status"].text() == "listed";
  });
  auto const revealed = stage.cast.generator.api.get(place);
  report.line("verdict", revealed.json()["verdict"].text());
  report.line("secret", revealed.json()["secret"].shown());
  auto const findings = check_draw(read_draw(revealed.json()));
  report.check(revealed.json()["verdict"].text() == "accepted", "the lot is accepted");
  report.check(findings.commitment_holds, "sha256 of the revealed secret is the commitment");
  report.check(findings.sample_holds && findings.size_holds,
               "drawn again from secret and file, the sample is the one that was checked");
}

}  // namespace leadex::cli
