// Ids of others in queries, bodies and cursors.

#include <gtest/gtest.h>

#include "tests/e2e/tenants/world.hpp"

namespace leadex::e2e {
namespace {

/// A place for an id outside the path: {id} stands for it, {own} for a campaign of the caller.
struct Place {
  std::string_view operation;
  std::string_view kind;
  std::string_view target;
  std::string_view body = {};
};

constexpr std::array kPlaces{
    Place{"list_sales", "campaign", "/v1/sales?campaign_id={id}"},
    Place{"list_sales", "lead", "/v1/sales?lead_id={id}"},
    Place{"list_sales", "batch", "/v1/sales?batch_id={id}"},
    Place{"list_ledger_transfers", "sale", "/v1/ledger/transfers?sale_id={id}"},
    Place{"list_ledger_transfers", "books", "/v1/ledger/transfers?account={id}"},
    Place{"list_ledger_accounts", "account", "/v1/ledger/accounts?account_id={id}"},
    Place{"list_audit_log", "account", "/v1/admin/audit-log?account_id={id}"},
    Place{"list_spot_checks", "batch", "/v1/admin/spot-checks?batch_id={id}"},
    Place{
        "create_deposit", "account", "/v1/admin/deposits",
        R"({"account_id":"{id}","amount":{"amount":"1.00","currency":"USD"},"reference":"Probe"})"},
    Place{
        "create_campaign", "endpoint", "/v1/campaigns",
        R"({"name":"Probe","market":"tenants-slow.us.usd","pricing":{"model":"cpl","bid":{"amount":"2.00","currency":"USD"}},"webhook_endpoint_id":"{id}"})"},
    Place{"patch_campaign", "endpoint", "/v1/campaigns/{own}", R"({"webhook_endpoint_id":"{id}"})"},
    Place{
        "create_purchase", "campaign", "/v1/purchases",
        R"({"market":"tenants-slow.us.usd","quantity":1,"limit_price":{"amount":"6.00","currency":"USD"},"campaign_id":"{id}"})"},
    Place{"place_bid", "campaign", "/v1/listings/{listing}/bids",
          R"({"price":{"amount":"1.50","currency":"USD"},"campaign_id":"{id}"})"},
    Place{"explain_campaign", "lead", "/v1/campaigns/{own}/explain?lead_id={id}"},
};

std::string with(std::string text, std::string_view name, std::string const& value) {
  for (auto at = text.find(name); at != std::string::npos;
       at = text.find(name, at + value.size())) {
    text.replace(at, name.size(), value);
  }
  return text;
}

std::string own_campaign(World const& world, Person const& person) {
  for (auto const* campaign : world.of_kind("campaign")) {
    if (campaign->owners.contains(person.account)) return campaign->id;
  }
  return world.of_kind("campaign").front()->id;
}

/// What is on sale is known to every buyer; explain tells of nothing else.
bool is_on_sale(World& world, std::string const& lead) {
  auto const& buyer = world.person("b1");
  auto const target = "/v1/campaigns/" + own_campaign(world, buyer) + "/explain?lead_id=" + lead;
  return world.wire().send({"explain_campaign", "b1", buyer.key, "GET", target, {}, {}}).ok();
}

Request fill(World const& world, Place const& place, Person const& person, std::string const& id) {
  static int n = 0;
  auto const& listed = world.operation(place.operation);
  Request request{listed.operation, person.label, person.key, listed.method, {}, {}, {}};
  auto const text = [&](std::string_view form) {
    auto filled = with(std::string{form}, "{own}", own_campaign(world, person));
    filled = with(filled, "{listing}", world.of_kind("listing").front()->id);
    return with(filled, "{id}", id);
  };
  request.target = text(place.target);
  request.body = text(place.body);
  if (listed.method == "POST")
    request.headers.add("Idempotency-Key", "place-" + std::to_string(++n));
  if (listed.method == "PATCH") request.headers.add("If-Match", "\"1\"");
  return request;
}

/// All that one person is asked about one place; the first is an id that never existed.
struct Round {
  std::vector<Request> requests;
  std::vector<Reply> replies;
};

Round round_of(World& world, Place const& place, Person const& person,
               std::set<std::string> const& on_sale) {
  auto const& rule = *find_rule(place.operation);
  bool const read = world.operation(place.operation).method == "GET";
  bool const in = rule.allows(person.role) &&
                  (person.can == Key::works || (person.can == Key::test && rule.test_keys && read));
  Round round;
  if (in && person.staff()) return round;  // sees all, and there is nothing to keep from it
  for (auto const& id : world.unknown(place.kind)) {
    round.requests.push_back(fill(world, place, person, id));
  }
  constexpr std::size_t kEnough = 2;  // for whom is turned away before anything is looked up
  std::size_t asked = 0;
  for (auto const* object : world.of_kind(place.kind)) {
    bool const theirs = object->owners.contains(person.account) ||
                        (place.operation == "explain_campaign" && on_sale.contains(object->id));
    if ((in && theirs) || (!in && asked >= kEnough)) continue;
    round.requests.push_back(fill(world, place, person, object->id));
    ++asked;
  }
  return round;
}

TEST(Filters, AndBodiesTakeIdsOfOthersAsUnknownOnes) {
  auto& world = World::get();
  std::set<std::string> on_sale;
  for (auto const* lead : world.of_kind("lead")) {
    if (is_on_sale(world, lead->id)) on_sale.insert(lead->id);
  }
  std::vector<Round> rounds;
  std::vector<Request> all;
  for (auto const& place : kPlaces) {
    for (auto const& person : world.people()) {
      if (person.label == "b1 revoked") continue;
      rounds.push_back(round_of(world, place, person, on_sale));
      auto& round = rounds.back();
      if (place.operation == "patch_campaign") {  // one change of a campaign at a time
        for (auto const& request : round.requests)
          round.replies.push_back(world.wire().send(request));
      } else {
        all.insert(all.end(), round.requests.begin(), round.requests.end());
      }
    }
  }
  auto const replies = world.wire().send_all(all);
  std::size_t next = 0;
  std::size_t compared = 0;
  for (auto& round : rounds) {
    while (round.replies.size() < round.requests.size()) round.replies.push_back(replies[next++]);
    for (std::size_t i = 0; i < round.replies.size(); ++i) {
      auto const& request = round.requests[i];
      EXPECT_EQ(round.replies[i].face(), round.replies.front().face())
          << request.target << ' ' << request.body << " by " << request.caller;
      ++compared;
    }
  }
  std::cout << kPlaces.size() << " places outside the path, " << compared << " answers compared\n";
  EXPECT_GT(compared, 1000U);
}

TEST(Filters, SourcesOfACampaignNameGeneratorsAlone) {
  auto& world = World::get();
  auto const& buyer = world.person("b1");
  auto const ask = [&](std::string const& id) {
    auto const body =
        R"({"name":"Probe","market":"tenants-slow.us.usd","pricing":{"model":"cpl","bid":)"
        R"({"amount":"1.00","currency":"USD"}},"sources":{"block":[")" +
        id + R"("]}})";
    return world.wire().send(
        {"create_campaign", "b1", buyer.key, "POST", "/v1/campaigns", body, {}});
  };
  auto const unknown = ask(world.unknown("account").front());
  EXPECT_EQ(unknown.status, 422);
  for (auto const* account : world.of_kind("account")) {
    bool const generator = account->id == world.person("g1").account ||
                           account->id == world.person("g2").account ||
                           account->id == world.person("g3 suspended").account;
    if (!generator) EXPECT_EQ(ask(account->id).face(), unknown.face()) << account->id;
  }
}

/// A list, the person whose cursor it is, and who tries it.
struct Turn {
  std::string_view operation;
  std::string_view target;
  std::string_view from;
  std::string_view to;
};

TEST(Filters, CursorsOfOthersAreNoCursors) {
  auto& world = World::get();
  constexpr std::array kTurns{
      Turn{"list_sales", "/v1/sales", "b1", "b2"},
      Turn{"list_sales", "/v1/sales", "g1", "g2"},
      Turn{"list_sales", "/v1/sales", "auditor", "b1"},
      Turn{"list_batches", "/v1/batches", "g1", "g2"},
      Turn{"list_returns", "/v1/returns", "b1", "b2"},
      Turn{"list_disputes", "/v1/disputes", "admin", "b1"},
      Turn{"list_campaigns", "/v1/campaigns", "b1", "b2"},
      Turn{"list_ledger_accounts", "/v1/ledger/accounts", "b1", "b2"},
      Turn{"list_ledger_transfers", "/v1/ledger/transfers", "g1", "g2"},
      Turn{"list_events", "/v1/events", "b1", "b2"},
      Turn{"list_listings", "/v1/listings?market=tenants-slow.us.usd", "b1", "b2"},
      Turn{"list_accounts", "/v1/admin/accounts", "admin", "auditor"},
      Turn{"list_sales", "/v1/sales", "b1", "auditor"},
  };
  for (auto const& turn : kTurns) {
    std::string const target{turn.target};
    auto const sign = target.find('?') == std::string::npos ? "?" : "&";
    auto const ask = [&](std::string_view label, std::string const& rest) {
      auto const& person = world.person(label);
      return world.wire().send({std::string{turn.operation},
                                person.label,
                                person.key,
                                "GET",
                                target + sign + rest,
                                {},
                                {}});
    };
    auto const page = ask(turn.from, "limit=1");
    auto const body = json::parse(page.body);
    ASSERT_TRUE(body && page.ok()) << target << ' ' << page.body;
    auto const next = cli::JsonView{*body}["next_cursor"];
    ASSERT_FALSE(next.is_null()) << target << " of " << turn.from << " has one page only";
    auto const cursor = next.text();
    EXPECT_TRUE(ask(turn.from, "limit=1&cursor=" + cursor).ok()) << target;
    auto forged = cursor;
    forged[forged.size() / 2] = forged[forged.size() / 2] == 'A' ? 'B' : 'A';
    auto const strange = ask(turn.to, "limit=1&cursor=" + cursor);
    EXPECT_EQ(strange.status, 400) << target;
    EXPECT_EQ(strange.face(), ask(turn.to, "limit=1&cursor=" + forged).face()) << target;
  }
}

}  // namespace
}  // namespace leadex::e2e
