// The trade of the world: markets, campaigns, leads, lots, sales and returns. Each buyer wants one
// state, so that it is known who buys from whom: b1 from both generators, b2 from g1, b3 from g2.

#include <fmt/format.h>

#include <chrono>
#include <stdexcept>
#include <thread>

#include "server/cli/client/accounts.hpp"
#include "server/json/time_text.hpp"
#include "tests/e2e/lib/now_text.hpp"
#include "tests/e2e/tenants/world.hpp"

namespace leadex::e2e {

namespace {

constexpr int kPatienceS = 60;

struct Windows {
  int return_s{};
  int holdback_bp{};
};

std::string market_body(std::string_view id, Windows windows) {
  return fmt::format(
      R"({{"id":"{}","name":"Tenant test","currency":"USD","country":"US","mode":"agency",)"
      R"("attributes":{{"type":"object","properties":{{"state":{{"type":"string","visibility":"exact",)"
      R"("enum":["CA","FL","ID","NV","NY","OR","TX","UT","WA","WY"]}},"age":{{"type":"integer","minimum":16,"maximum":110}}}},)"
      R"("required":["state","age"]}},"auction":{{"max_shares":4,)"
      R"("reserve":{{"amount":"1.00","currency":"USD"}}}},"listing":{{"ask":{{"amount":"6.00",)"
      R"("currency":"USD"}},"ttl_s":2592000,"auction_s":86400}},"commission":{{"rate_bp":1500}},)"
      R"("spot_check":{{"method":"fixed","acceptable_rate_bp":100,"rejectable_rate_bp":5000,)"
      R"("seller_risk_bp":500,"buyer_risk_bp":1000,"unreachable_max_bp":7000}},)"
      R"("return_window_s":{},"contest_s":604800,"decide_s":604800,"return_ceiling_bp":10000,)"
      R"("holdback_bp":{},"holdback_s":0,"dedupe_s":7776000,"delivery_deadline_s":86400}})",
      id, windows.return_s, windows.holdback_bp);
}

std::string campaign_body(std::string_view market, std::string_view state,
                          std::string_view endpoint) {
  return fmt::format(
      R"({{"name":"Wants {}","market":"{}","pricing":{{"model":"cpl","bid":{{"amount":"8.00",)"
      R"("currency":"USD"}}}},"targeting":{{"attribute":"state","eq":"{}"}},"exclusivity":"shared"{}}})",
      state, market, state,
      endpoint.empty() ? "" : fmt::format(R"(,"webhook_endpoint_id":"{}")", endpoint));
}

std::string purchase_body(std::string_view state, int quantity) {
  return fmt::format(R"({{"market":"{}","filter":{{"attribute":"state","eq":"{}"}},"quantity":{},)"
                     R"("limit_price":{{"amount":"6.00","currency":"USD"}}}})",
                     kMarket, state, quantity);
}

}  // namespace

void World::open_markets() {
  auto& admin = api("admin");
  (void)cli::ensure_market(admin, std::string{kMarket}, market_body(kMarket, {2'592'000, 1000}));
  (void)cli::ensure_market(admin, std::string{kFastMarket}, market_body(kFastMarket, {1, 0}));
}

void World::place_campaigns() {
  auto const endpoint = of_kind("endpoint");
  std::string of_b2;
  for (auto const* object : endpoint) {
    if (object->owners == own("b2")) of_b2 = object->id;
  }
  auto const place = [&](std::string_view label, std::string_view market, std::string_view state,
                         std::string const& webhook) {
    auto const made = json::parse(
        post_as(label, "create_campaign", "/v1/campaigns", campaign_body(market, state, webhook)));
    auto const id = cli::JsonView{*made}["id"].text();
    post_as(label, "fund_campaign", "/v1/campaigns/" + id + "/fund",
            R"({"amount":{"amount":"300.00","currency":"USD"}})");
    add("campaign", id, own(label));
  };
  place("b1", kMarket, "CA", {});
  place("b2", kMarket, "NY", {});
  place("b3", kMarket, "TX", {});
  place("b2", kMarket, "FL", of_b2);
  place("b1", kFastMarket, "CA", {});
  place("b3", kFastMarket, "TX", {});
}

/// A proposal on the slow market: it waits, so it moves no lead.
void World::propose_deal() {
  auto const made = json::parse(
      post_as("b1", "create_deal", "/v1/deals",
              fmt::format(R"({{"market":"{}","counterparty":"{}","price":{{"amount":"3.00",)"
                          R"("currency":"USD"}}}})",
                          kMarket, person("g1").account)));
  auto owners = own("b1");
  owners.merge(own("g1"));
  add("deal", cli::JsonView{*made}["id"].text(), owners);
}

/// A lead of g1 that b1 pays for when something comes of it, and that.
void World::convert() {
  auto const made = json::parse(
      post_as("b1", "create_campaign", "/v1/campaigns",
              fmt::format(R"({{"name":"Wants clients","market":"{}","pricing":{{"model":"cpa",)"
                          R"("bid":{{"amount":"100.00","currency":"USD"}}}},"targeting":)"
                          R"({{"attribute":"state","eq":"UT"}}}})",
                          kMarket)));
  auto const campaign = cli::JsonView{*made}["id"].text();
  post_as("b1", "fund_campaign", "/v1/campaigns/" + campaign + "/fund",
          R"({"amount":{"amount":"200.00","currency":"USD"}})");
  add("campaign", campaign, own("b1"));
  auto const sold = lead("g1", kMarket, "UT");  // before the conversion
  auto const converted =
      json::parse(post_as("b1", "create_conversion", "/v1/conversions",
                          fmt::format(R"({{"lead_id":"{}","transaction_id":"policy-1","at":"{}"}})",
                                      sold, now_text())));
  add("conversion", cli::JsonView{*converted}["id"].text(), own("b1"));
  auto const token = json::parse(post_as("b1", "create_postback_token", "/v1/postback-tokens", {}));
  add("postback_token", cli::JsonView{*token}["id"].text(), own("b1"));
  contradict(cli::JsonView{*token}["token"].text());
}

/// A lead that b1's systems tell of as converted and that it gives back: a case for staff.
void World::contradict(std::string const& token) {
  auto const sold = lead("g1", kMarket, "UT");
  auto const told =
      wire_->send({"postback",
                   "nobody",
                   {},
                   "GET",
                   fmt::format("/pb?token={}&transaction_id=policy-2&lead_id={}", token, sold),
                   {},
                   {}});
  if (!told.ok()) throw std::runtime_error("a postback: " + told.body);
  auto const sales = api("b1").get("/v1/sales?limit=1&market=" + std::string{kMarket});
  auto const sale = sales.json()["data"].items().at(0)["id"].text();
  auto const opened = json::parse(
      post_as("b1", "open_return", "/v1/sales/" + sale + "/returns", R"({"reason":"bogus"})"));
  auto owners = own("b1");
  owners.merge(own("g1"));
  add("return", cli::JsonView{*opened}["id"].text(), owners);
  post_as("g1", "accept_return", "/v1/returns/" + objects_.back().id + "/accept", "{}");
  (void)api("admin").post("/v1/admin/jobs/truth/run", "{}");
  auto const found = api("admin").get("/v1/admin/findings?limit=100");
  for (auto const& one : found.json()["data"].items()) add("finding", one["id"].text(), {});
}

/// Pings of both generators, too dear to reserve anything.
void World::ask_prices() {
  for (auto const* label : {"g1", "g2"}) {
    auto const& by = person(label);
    auto const body =
        fmt::format(R"({{"market":"{}","attributes":{{"state":"CA","age":30}},"source":)"
                    R"({{"vehicle":"web_form","reason":"quote"}},"minimum_price":)"
                    R"({{"amount":"900000.00","currency":"USD"}}}})",
                    kMarket);
    // Not among what is posted again: each ping is a new one.
    auto const reply = wire_->send({"create_ping",
                                    by.label,
                                    by.key,
                                    "POST",
                                    "/v1/pings",
                                    body,
                                    {{"Content-Type", "application/json"}}});
    if (!reply.ok()) throw std::runtime_error("a ping: " + reply.body);
    auto const told = json::parse(reply.body);
    add("ping", cli::JsonView{*told}["ping_id"].text(), own(label));
  }
}

/// Links of both generators; nobody pays for their visitors.
void World::place_links() {
  for (auto const* label : {"g1", "g2"}) {
    auto const made = json::parse(
        post_as(label, "create_placement", "/v1/placements",
                fmt::format(R"({{"market":"{}","name":"Page","attributes":{{"state":"CA"}},)"
                            R"("fallback_url":"https://news.example.com/"}})",
                            kMarket)));
    add("placement", cli::JsonView{*made}["id"].text(), own(label));
    auto const form = json::parse(post_as(
        label, "create_form", "/v1/forms",
        fmt::format(R"({{"market":"{}","definition":{{"title":"Quote","consent":"I agree.",)"
                    R"("reason":"quote","fields":[{{"name":"contact.first_name","label":"First",)"
                    R"("required":true}},{{"name":"contact.last_name","label":"Last",)"
                    R"("required":true}},{{"name":"contact.email","label":"E-mail",)"
                    R"("required":true}},{{"name":"attributes.age","label":"Age",)"
                    R"("required":true}},{{"name":"attributes.state","label":"State",)"
                    R"("required":true,"choices":[{{"value":"CA","label":"California"}}]}}]}}}})",
                    kMarket)));
    add("form", cli::JsonView{*form}["id"].text(), own(label));
  }
}

void World::bring_leads() {
  auto const bring = [&](std::string_view label, std::string_view state, int count) {
    std::string last;
    for (int i = 0; i < count; ++i) last = lead(label, kMarket, state);
    return last;
  };
  bring("g1", "CA", 2);
  bring("g1", "NY", 1);
  bring("g1", "FL", 1);
  bring("g1", "WA", 2);
  bring("g2", "CA", 1);
  bring("g2", "TX", 2);
  bring("g2", "WA", 1);
  for (auto const* label : {"g1", "g2"}) {
    auto const gone = bring(label, "WY", 1);
    post_as(label, "withdraw_lead", "/v1/leads/" + gone + "/withdraw", {});
  }
}

std::string World::bring_lot(std::string_view label, std::string_view state) {
  constexpr int kGood = 4;
  std::string csv =
      "first_name,last_name,email,phone,captured_at,consent_at,consent_text,vehicle,source_reason,"
      "state,age\n";
  auto const now = now_text();
  auto const row = [&](int n) {
    return fmt::format("Kim,Roe,{}{}@example.com,+1212{:07},{},{},Call me.,web_form,quote,{},40\n",
                       kContactMark, n, 2'500'000 + n, now, now, state);
  };
  for (int i = 0; i < kGood; ++i) csv += row(++leads_);
  csv += row(leads_);  // a duplicate, and below a row without a person
  csv += fmt::format("Kim,Roe,,,{},{},Call me.,web_form,quote,{},40\n", now, now, state);
  auto const batch = json::parse(post_as(
      label, "upload_batch", "/v1/batches?market=" + std::string{kMarket}, csv, "text/csv"));
  auto const id = cli::JsonView{*batch}["id"].text();
  auto const rows = api(label).get("/v1/batches/" + id + "/rows?limit=100");
  for (auto const& one : rows.json()["data"].items()) {
    if (!one["lead_id"].is_null()) generator_of_[one["lead_id"].text()] = person(label).account;
  }
  return id;
}

/// Leads of long ago: a case about their source, for staff.
void World::bring_old_lot() {
  constexpr int kLeads = 12;
  std::string csv =
      "first_name,last_name,email,captured_at,consent_at,consent_text,vehicle,source_reason,state,"
      "age\n";
  auto const captured = json::format_timestamp(
      std::chrono::time_point_cast<Micros>(std::chrono::system_clock::now()) -
      std::chrono::days{40});
  for (int i = 0; i < kLeads; ++i) {
    csv += fmt::format("Kim,Roe,{}{}@example.com,{},{},Call me.,web_form,quote,NV,{}\n",
                       kContactMark, ++leads_, captured, captured, 30 + i);
  }
  auto const batch = json::parse(
      post_as("g2", "upload_batch", "/v1/batches?market=" + std::string{kMarket}, csv, "text/csv"));
  add("batch", cli::JsonView{*batch}["id"].text(), own("g2"));
  auto const planted =
      api("admin").post("/v1/admin/planted-contacts",
                        R"({"email":"planted@world.example.org","note":"In nobody's list."})");
  add("planted", planted.json()["id"].text(), {});
  (void)api("admin").post("/v1/admin/jobs/fraud/run", "{}");
  auto const found = api("admin").get("/v1/admin/fraud-cases?limit=100");
  for (auto const& one : found.json()["data"].items()) add("fraud_case", one["id"].text(), {});
}

void World::judge(std::string const& batch) {
  auto const open = api("verifier").get("/v1/admin/spot-checks?status=open&batch_id=" + batch);
  for (auto const& check : open.json()["data"].items()) {
    auto const place = "/v1/admin/spot-checks/" + check["check_id"].text();
    post_as("verifier", "claim_spot_check", place + "/claim", {});
    post_as("verifier", "record_verdict", place + "/verdict",
            R"({"verdict":"good","reason":"confirmed"})");
  }
  for (int waited = 0;; ++waited) {
    if (api("admin").get("/v1/batches/" + batch).json()["status"].text() == "listed") return;
    if (waited > kPatienceS * 10) throw std::runtime_error("the lot was not listed in time");
    std::this_thread::sleep_for(std::chrono::milliseconds{100});
  }
}

/// Of each generator one lot that was sold from, and one that waits with a check claimed or open.
void World::bring_lots() {
  auto const add_checks = [&](std::string const& batch, std::set<std::string> const& owners) {
    auto const all = api("auditor").get("/v1/admin/spot-checks?batch_id=" + batch);
    for (auto const& check : all.json()["data"].items()) {
      add("check", check["check_id"].text(), owners);
    }
  };
  auto const sold = [&](std::string_view label, std::string_view state, std::string_view buyer) {
    auto owners = own(label);
    owners.insert(person(buyer).account);  // what was drawn is shown to who bought from the lot
    auto const batch = bring_lot(label, state);
    add("batch", batch, owners);
    add_checks(batch, owners);
    judge(batch);
  };
  sold("g1", "OR", "b2");
  sold("g2", "ID", "b3");
  for (auto const* label : {"g1", "g2"}) {
    auto const batch = bring_lot(label, "NV");
    add("batch", batch, own(label));
    add_checks(batch, {});  // a sample is nobody's before the verdict
  }
  auto const waiting = of_kind("check").back()->id;
  bring_old_lot();
  for (auto const* label : {"g1", "g2"}) {
    auto const begun = json::parse(post_as(
        label, "begin_upload", "/v1/uploads?format=csv&market=" + std::string{kMarket}, {}));
    add("upload", cli::JsonView{*begun}["id"].text(), own(label));
  }
  post_as("verifier", "claim_spot_check", "/v1/admin/spot-checks/" + waiting + "/claim", {});
}

void World::buy() {
  std::set<std::string> buyers;
  for (auto const* label : {"b1", "b2", "b3"}) buyers.insert(person(label).account);
  auto const listings =
      api("b1").get("/v1/listings?limit=500&state=WA&market=" + std::string{kMarket});
  std::vector<std::string> ids;
  for (auto const& listing : listings.json()["data"].items()) {
    ids.push_back(listing["id"].text());
    add("listing", ids.back(), buyers);
  }
  std::size_t next = 0;
  for (auto const* label : {"b1", "b2", "b3"}) {
    auto const& listing = ids.at(next++);
    auto const bid = json::parse(post_as(label, "place_bid", "/v1/listings/" + listing + "/bids",
                                         R"({"price":{"amount":"2.00","currency":"USD"}})"));
    add("bid", cli::JsonView{*bid}["id"].text(), own(label), listing);
  }
  auto const purchase = [&](std::string_view label, std::string_view state, int quantity) {
    auto const bought = json::parse(
        post_as(label, "create_purchase", "/v1/purchases", purchase_body(state, quantity)));
    cli::JsonView const order{*bought};
    if (order["filled"].integer() != quantity) throw std::runtime_error("too few were bought");
    add("order", order["id"].text(), own(label));
  };
  purchase("b1", "WA", 1);
  purchase("b2", "OR", 2);
  purchase("b3", "ID", 2);
}

void World::register_sales() {
  for (auto const* label : {"b1", "b2", "b3"}) {
    auto const pages = api(label).pages("/v1/sales?market=" + std::string{kMarket}, 500);
    for (auto const& sale : cli::rows_of(pages)) {
      auto owners = own(label);
      auto const generator = generator_of_.at(sale["lead_id"].text());
      owners.insert(generator);
      add("sale", sale["id"].text(), owners);
      if (sale["status"].text() != "delivered") continue;
      auto const* const from = generator == person("g1").account ? " g1" : " g2";
      sold_[label + std::string{from}].push_back(sale["id"].text());
    }
  }
}

/// Disputes that are open and decided, a return that was taken, and some that wait.
void World::give_back() {
  auto const open = [&](std::string const& buyer, std::string const& generator, std::size_t nth) {
    auto const sale = sold_.at(buyer + ' ' + generator).at(nth);
    auto const opened =
        json::parse(post_as(buyer, "open_return", "/v1/sales/" + sale + "/returns",
                            R"({"reason":"wrong_number","note":"Nobody of that name."})"));
    auto owners = own(buyer);
    owners.insert(person(generator).account);
    add("return", cli::JsonView{*opened}["id"].text(), owners);
    return objects_.back();
  };
  auto const contest = [&](Object const& returned, std::string_view generator) {
    auto const disputed =
        json::parse(post_as(generator, "contest_return", "/v1/returns/" + returned.id + "/contest",
                            R"({"note":"The number was called."})"));
    add("dispute", cli::JsonView{*disputed}["id"].text(), returned.owners);
    return objects_.back().id;
  };
  contest(open("b1", "g1", 0), "g1");
  auto const taken = open("b1", "g1", 1);
  post_as("g1", "accept_return", "/v1/returns/" + taken.id + "/accept", "{}");
  open("b1", "g2", 0);
  open("b2", "g1", 0);
  auto const decided = contest(open("b3", "g2", 0), "g2");
  post_as("admin", "decide_dispute", "/v1/admin/disputes/" + decided + "/decide",
          R"({"decision":"partial","amount":{"amount":"3.00","currency":"USD"},"reason":"Half."})");
}

}  // namespace leadex::e2e
