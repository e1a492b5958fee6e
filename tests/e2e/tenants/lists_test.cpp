// All lists and all own things of every account: no id of a thing that belongs to others stands in
// any answer.

#include <gtest/gtest.h>

#include <regex>

#include "tests/e2e/tenants/world.hpp"

namespace leadex::e2e {
namespace {

/// Ids as they stand in a text.
std::set<std::string> ids_in(std::string const& text) {
  static std::regex const kId("\\b[a-z]{2,5}_[0-9A-HJKMNP-TV-Z]{26}\\b");
  std::set<std::string> found;
  for (std::sregex_iterator it(text.begin(), text.end(), kId), end; it != end; ++it) {
    found.insert(it->str());
  }
  return found;
}

/// Lists by the queries that reach all of their branches.
std::vector<std::string> queries_of(World const& world, std::string_view operation) {
  std::string const market{kMarket};
  if (operation == "list_listings") return {"market=" + market + "&limit=500"};
  if (operation == "get_trial_balance") return {"currency=USD"};
  // Counts and words, no lists.
  if (operation == "get_suppressions" || operation == "get_barred_persons") return {""};
  if (operation == "get_taxonomy" || operation == "list_do_not_call") return {""};
  if (operation == "get_disqualification") return {"days=366"};
  if (operation == "get_attribution") return {"market=" + market};
  if (operation == "list_ledger_transfers") {
    std::vector<std::string> queries{"limit=500"};
    for (auto const* sale : world.of_kind("sale")) queries.push_back("sale_id=" + sale->id);
    return queries;
  }
  if (operation == "list_column_mappings") return {"market=" + market};
  if (operation == "list_listing_facets") return {"market=" + market + "&facets=state"};
  if (operation == "list_holdout") return {"market=" + market + "&limit=500"};
  if (operation == "list_audit_log") return {"limit=500", "limit=500&market=" + market};
  return {"limit=500"};
}

struct Seen {
  std::string id;
  std::string where;
  std::string operation;
};

/// Everything the person can read: lists, and one by one what is its own.
std::vector<Seen> read_all(World& world, Person const& person) {
  std::vector<Request> requests;
  for (auto const& rule : rules()) {
    auto const& listed = world.operation(rule.operation);
    bool const read = listed.method == "GET" && rule.allows(person.role) && rule.roles != "*";
    if (!read || rule.shows_person()) continue;
    auto const ask = [&](std::vector<std::string> const& values, std::string const& query) {
      auto target = target_of(listed, {rule.operation, rule.roles, rule.kinds}, values);
      if (!query.empty()) target += '?' + query;
      requests.push_back({listed.operation, person.label, person.key, "GET", target, {}, {}});
    };
    bool const list = rule.operation.starts_with("list_") && rule.operation != "list_api_keys";
    if (rule.kinds.empty()) {
      for (auto const& query : queries_of(world, rule.operation)) ask({}, query);
    } else if (rule.kinds == "market") {
      std::string query{rule.query};
      if (list) query += query.empty() ? "limit=500" : "&limit=500";
      ask({std::string{kMarket}}, query);
    } else if (rule.operation != "explain_campaign") {
      for (auto const* object : world.of_kind(rule.kinds)) {
        if (!World::may(person, rule, *object)) continue;
        ask({object->id}, list ? "limit=500" : std::string{rule.query});
      }
    }
  }
  std::vector<Seen> seen;
  auto const replies = world.wire().send_all(requests);
  for (std::size_t i = 0; i < replies.size(); ++i) {
    EXPECT_TRUE(replies[i].ok()) << requests[i].target << " by " << person.label << '\n'
                                 << replies[i].body;
    auto text = replies[i].body;
    for (auto const& [name, value] : replies[i].headers) text += '\n' + value;
    for (auto const& id : ids_in(text)) {
      if (requests[i].target.find(id) != std::string::npos) continue;
      seen.push_back({id, requests[i].target, requests[i].operation});
    }
  }
  return seen;
}

TEST(Lists, ShowNothingOfOthers) {
  auto& world = World::get();
  std::map<std::string, std::vector<Object const*>> known;
  for (auto const& object : world.objects()) known[object.id].push_back(&object);
  // Nobody but staff has to do with these.
  std::vector<std::string> const staff_only{World::prefix("approval"),   World::prefix("principal"),
                                            World::prefix("deposit"),    World::prefix("finding"),
                                            World::prefix("fraud_case"), World::prefix("planted")};
  std::size_t looked = 0;
  for (auto const* label : {"g1", "g2", "b1", "b2", "b3"}) {
    auto const& person = world.person(label);
    std::set<std::string> kinds;
    for (auto const& seen : read_all(world, person)) {
      ++looked;
      for (auto const& prefix : staff_only) {
        EXPECT_FALSE(seen.id.starts_with(prefix))
            << seen.where << " shows " << label << ' ' << seen.id;
      }
      auto const found = known.find(seen.id);
      if (found == known.end()) continue;
      auto const& object = *found->second.front();
      kinds.insert(object.kind);
      // Which lot used which commitment is public, so that anyone can check the draws.
      if (object.kind == "batch" && seen.operation == "list_market_commitments") continue;
      // The file of a dispute is the same for both parties, down to what moved for the sale.
      if (object.kind == "transfer" && seen.operation == "get_dispute") continue;
      // The two of a deal know one another.
      bool const deal = seen.operation == "list_deals" || seen.operation == "get_deal";
      if (object.kind == "account" && deal) continue;
      EXPECT_TRUE(object.owners.contains(person.account))
          << seen.where << " shows " << label << " the " << object.kind << ' ' << seen.id;
    }
    // The search finds what is there.
    EXPECT_TRUE(kinds.contains("sale") && kinds.contains("return") && kinds.contains("transfer"));
  }
  std::cout << looked << " ids in the lists of 5 accounts, each its own or shared with it\n";
  EXPECT_GT(looked, 1000U);
}

TEST(Lists, ShowStaffAllAndContactsNever) {
  auto& world = World::get();
  std::set<std::string> all;
  for (auto const& seen : read_all(world, world.person("auditor"))) all.insert(seen.id);
  for (auto const* kind : {"batch", "campaign", "sale", "return", "dispute", "payout_run", "books",
                           "finding", "fraud_case", "planted"}) {
    for (auto const* object : world.of_kind(kind)) {
      EXPECT_TRUE(all.contains(object->id)) << kind << ' ' << object->id;
    }
  }
  auto const verifier = read_all(world, world.person("verifier"));
  for (auto const& seen : verifier) {
    bool const trade = seen.id.starts_with(World::prefix("sale")) ||
                       seen.id.starts_with(World::prefix("campaign")) ||
                       seen.id.starts_with(World::prefix("account"));
    EXPECT_FALSE(trade) << seen.where << ' ' << seen.id;
  }
  EXPECT_GT(verifier.size(), 10U);
}

}  // namespace
}  // namespace leadex::e2e
