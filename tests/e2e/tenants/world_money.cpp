// The money of the world, its keys and endpoints, and who may see which row of the books.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <stdexcept>
#include <thread>

#include "tests/e2e/tenants/world.hpp"

namespace leadex::e2e {

namespace {

constexpr std::array kTraders{"g1", "g2", "b1", "b2", "b3"};
constexpr int kPatienceS = 60;

}  // namespace

void World::open_endpoints_and_keys() {
  auto& admin = api("admin");
  auto const mint = [&](std::string const& account, std::string const& body) {
    auto const made = admin.post("/v1/admin/accounts/" + account + "/api-keys", body);
    return std::pair{made.json()["id"].text(), made.json()["key"].text()};
  };
  for (auto const* label : kTraders) {
    // Nothing listens there: deliveries wait.
    auto const made = json::parse(post_as(
        label, "create_webhook_endpoint", "/v1/webhook-endpoints",
        R"({"url":"https://127.0.0.1:1024/hook","events":["sale.created","batch.checked"]})"));
    auto const endpoint = cli::JsonView{*made}["id"].text();
    add("endpoint", endpoint, own(label));
    auto const sent = json::parse(
        post_as(label, "test_webhook_endpoint", "/v1/webhook-endpoints/" + endpoint + "/test", {}));
    add("delivery", cli::JsonView{*sent}["id"].text(), own(label), endpoint);
    add("api_key", mint(person(label).account, "{}").first, own(label));
  }
  for (auto const* label : {"g1", "b1"}) {
    auto const role = person(label).role;
    auto const account = person(label).account;
    auto const narrow = mint(account, R"({"scopes":["markets:read"]})");
    auto const test = mint(account, R"({"kind":"test"})");
    add("api_key", narrow.first, own(label));
    add("api_key", test.first, own(label));
    join(label + std::string{" narrow"}, role, account, narrow.second, Key::narrow);
    join(label + std::string{" test"}, role, account, test.second, Key::test);
  }
  auto const gone =
      admin.post("/v1/admin/accounts", R"({"role":"generator","name":"Suspended","country":"US"})");
  auto const account = gone.json()["id"].text();
  auto const key = mint(account, "{}");
  add("account", account, {account});
  add("api_key", key.first, {account});
  join("g3 suspended", 'G', account, key.second, Key::suspended);
  (void)admin.post("/v1/admin/accounts/" + account + "/suspend");
  auto const revoked = mint(person("b1").account, "{}");
  (void)admin.call("DELETE", "/v1/api-keys/" + revoked.first);
  add("api_key", revoked.first, own("b1"));
  join("b1 revoked", 'B', person("b1").account, revoked.second, Key::none);
  join("nobody", 'B', {}, {}, Key::none);
}

/// One run that was paid and one that is a draft.
void World::pay_out() {
  auto& admin = api("admin");
  auto const payable = [&](std::string_view label) {
    auto const earnings = api(label).get("/v1/earnings");
    std::int64_t sum = 0;
    for (auto const& row : earnings.json()["data"].items()) {
      if (row["market"].is_null()) sum += row["payable"].micros();
    }
    return sum;
  };
  auto const draft = [&] {
    lead("g1", kFastMarket, "CA");
    lead("g2", kFastMarket, "TX");
    for (int waited = 0; payable("g1") == 0 || payable("g2") == 0; ++waited) {
      if (waited > kPatienceS * 2) throw std::runtime_error("nothing settled in time");
      std::this_thread::sleep_for(std::chrono::milliseconds{500});
      (void)admin.post("/v1/admin/jobs/settlement/run");
    }
    auto const run = admin.post("/v1/admin/payout-runs", R"({"currency":"USD"})");
    std::set<std::string> paid;
    for (auto const& payout : run.json()["payouts"].items()) {
      auto const generator = payout["generator"].text();
      add("payout", payout["id"].text(), {generator});
      paid.insert(generator);
    }
    add("payout_run", run.json()["id"].text(), paid);
    return "/v1/admin/payout-runs/" + run.json()["id"].text();
  };
  auto const first = draft();
  auto& second_person = api("admin2");
  (void)second_person.post(first + "/approve");
  (void)second_person.post(first + "/export?format=csv");
  (void)second_person.post(first + "/paid");
  (void)draft();
}

void World::ask_for_approvals() {
  auto& admin = api("admin");
  auto const deposit = fmt::format(
      R"({{"account_id":"{}","amount":{{"amount":"20000.00","currency":"USD"}},"reference":"Large"}})",
      person("b1").account);
  for (int i = 0; i < 2; ++i) {
    auto const waiting = admin.post("/v1/admin/deposits", deposit);
    add("approval", waiting.json()["approval_id"].text(), {});
  }
  (void)api("admin2").post("/v1/admin/approvals/" + objects_.back().id + "/refuse");
  auto const bank = admin.patch(
      "/v1/admin/accounts/" + person("g1").account,
      R"({"bank":{"iban":"DE89370400440532013000","bic":"COBADEFFXXX","name":"G","town":"Bonn"}})");
  add("approval", bank.json()["approval_id"].text(), {});
}

/// Who took part in an auction stands in the record that staff see.
void World::register_auctions() {
  std::map<std::string, std::set<std::string>> parties;
  std::set<std::string> held;
  for (auto const& done : posted_) {
    if (done.operation != "post_lead") continue;
    auto const answer = json::parse(done.answer);
    auto const id = cli::JsonView{*answer}["auction_id"];
    if (!id.is_null()) held.insert(id.text());
  }
  auto const all_sales = api("admin").pages("/v1/sales", 1000);
  for (auto const& sale : cli::rows_of(all_sales)) {
    if (!sale["auction_id"].is_null()) held.insert(sale["auction_id"].text());
  }
  for (auto const& id : held) {
    auto const record = api("admin").get("/v1/auctions/" + id);
    auto const lead = record.json()["lead_id"].text();
    std::set<std::string> owners{generator_of_.at(lead)};
    for (auto const& bid : record.json()["bids"].items()) {
      owners.insert(bid["account_id"].text());
    }
    add("auction", id, owners);
  }
}

/// A lead belongs to who brought it, who bid in its auction, who bought it, and, once the lot is
/// judged, to who bought from the lot.
void World::register_leads() {
  std::map<std::string, std::set<std::string>> owners;
  for (auto const& [lead, generator] : generator_of_) owners[lead].insert(generator);
  for (auto const* label : {"b1", "b2", "b3"}) {
    auto const take = [&](std::vector<cli::Answer> const& pages) {
      for (auto const& row : cli::rows_of(pages)) {
        owners[row["lead_id"].text()].insert(person(label).account);
      }
    };
    auto const sales = api(label).pages("/v1/sales", 1000);
    take(sales);
    for (auto const& sale : cli::rows_of(sales)) {
      auto const id = sale["id"].text();
      auto const known =
          std::ranges::any_of(objects_, [&](auto const& one) { return one.id == id; });
      if (known) continue;
      add("sale", id, {person(label).account, generator_of_.at(sale["lead_id"].text())});
    }
    for (auto const* campaign : of_kind("campaign")) {
      if (campaign->owners != own(label)) continue;
      take(api(label).pages("/v1/campaigns/" + campaign->id + "/auctions", 1000));
    }
  }
  for (auto const* batch : of_kind("batch")) {
    auto const drawn = api("admin").get("/v1/batches/" + batch->id + "/spot-check");
    for (auto const& check : drawn.json()["sample"].items()) {
      owners[check["lead_id"].text()].insert(batch->owners.begin(), batch->owners.end());
    }
  }
  for (auto const& [lead, accounts] : owners) add("lead", lead, accounts);
}

/// The exchange's own accounts are everybody's; a transfer is seen from both of its sides.
void World::register_books() {
  std::set<std::string> all;
  for (auto const* label : kTraders) all.insert(person(label).account);
  std::map<std::string, std::set<std::string>> owner_of;
  auto const accounts = api("auditor").pages("/v1/ledger/accounts", 5000);
  for (auto const& row : cli::rows_of(accounts)) {
    auto const owner = row["owner"];
    owner_of[row["id"].text()] = owner.is_null() ? all : std::set{owner.text()};
  }
  for (auto const& [id, owners] : owner_of) add("books", id, owners);
  auto const transfers = api("auditor").pages("/v1/ledger/transfers", 5000);
  for (auto const& row : cli::rows_of(transfers)) {
    std::set<std::string> owners;
    for (auto const* side : {"debit_account", "credit_account"}) {
      auto const& of_side = owner_of.at(row[side].text());
      if (of_side != all) owners.insert(of_side.begin(), of_side.end());
    }
    add("transfer", row["id"].text(), owners);
  }
}

}  // namespace leadex::e2e
