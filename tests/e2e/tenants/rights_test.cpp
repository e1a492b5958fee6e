// Every operation of the served contract by every key: who may not is told so before anything else.

#include <gtest/gtest.h>

#include "tests/e2e/tenants/relay.hpp"
#include "tests/e2e/tenants/world.hpp"

namespace leadex::e2e {
namespace {

bool names_things(Rule const& rule) {
  return rule.kinds != "market" && rule.kinds != "job" && rule.kinds != "country";
}

/// Things that are nobody's, so that who may call does no harm.
std::vector<std::string> nothing(World const& world, Rule const& rule) {
  std::vector<std::string> values;
  for (auto const& kind : rule.kind_list()) {
    if (kind == "market") {
      values.emplace_back("nowhere.us.usd");
    } else if (kind == "job") {
      values.emplace_back("nothing");
    } else if (kind == "country") {
      values.emplace_back("ZZ");
    } else {
      values.push_back(world.unknown(kind).front());
    }
  }
  return values;
}

Request ask(World const& world, Rule const& rule, Person const& person) {
  auto const& listed = world.operation(rule.operation);
  Request request{listed.operation, person.label, person.key, listed.method, {}, {}, {}};
  request.target = target_of(listed, rule, nothing(world, rule));
  // No Idempotency-Key and an empty body where one is due: rights come first.
  if (listed.method != "GET" && listed.method != "DELETE") request.body = rule.body;
  return request;
}

bool reads(Rule const& rule) {
  return rule.operation.starts_with("list_") || rule.operation.starts_with("get_");
}

void check(Rule const& rule, Person const& person, Reply const& reply) {
  auto const what = std::string{rule.operation} + " by " + person.label;
  if (rule.roles == "*") {
    EXPECT_EQ(reply.status, rule.kinds.empty() ? 200 : 404) << what;
  } else if (person.can == Key::none) {
    EXPECT_EQ(reply.status, 401) << what;
    EXPECT_EQ(reply.code(), "unauthorized") << what;
  } else if (person.can == Key::suspended) {
    EXPECT_EQ(reply.status, 403) << what;
    EXPECT_EQ(reply.code(), "account_suspended") << what;
  } else if (!rule.allows(person.role)) {
    EXPECT_EQ(reply.status, 403) << what << '\n' << reply.body;
    EXPECT_EQ(reply.code(), "forbidden") << what;
  } else if (person.can == Key::test && !rule.test_keys) {
    EXPECT_EQ(reply.status, 403) << what << '\n' << reply.body;
    EXPECT_EQ(reply.code(), "test_key_not_allowed") << what;
  } else if (person.can == Key::narrow) {
    bool const passes = reply.code() != "forbidden" && reply.code() != "scope_missing";
    bool const public_read = rule.operation.find("market") != std::string_view::npos ||
                             rule.operation.starts_with("get_spot_check") ||
                             rule.operation.starts_with("list_realtime_") ||
                             rule.operation == "list_events";
    EXPECT_EQ(passes, public_read) << what << '\n' << reply.body;
  } else {
    EXPECT_NE(reply.status, 401) << what << '\n' << reply.body;
    EXPECT_NE(reply.status, 403) << what << '\n' << reply.body;
    bool const list = rule.kinds.empty() && reads(rule);
    if (list) EXPECT_EQ(reply.status, 200) << what << '\n' << reply.body;
  }
}

TEST(Rights, TheTableHoldsEveryOperationOfTheContractAndNoOther) {
  auto const& world = World::get();
  for (auto const& listed : world.operations()) {
    EXPECT_NE(find_rule(listed.operation), nullptr)
        << listed.operation << " is new: say in the table who may call it";
  }
  EXPECT_EQ(rules().size(), world.operations().size());
}

TEST(Rights, AreAskedForBeforeAnythingElse) {
  auto& world = World::get();
  std::vector<Request> requests;
  std::vector<std::pair<Rule const*, Person const*>> cases;
  for (auto const& rule : rules()) {
    for (auto const& person : world.people()) {
      if (person.label == "b1 revoked") continue;  // see below
      requests.push_back(ask(world, rule, person));
      cases.emplace_back(&rule, &person);
    }
  }
  auto const replies = world.wire().send_all(requests);
  for (std::size_t i = 0; i < cases.size(); ++i)
    check(*cases[i].first, *cases[i].second, replies[i]);
}

/// A revoked key's failures count against its address, so several addresses take turns.
TEST(Rights, ARevokedKeyOpensNothing) {
  constexpr std::size_t kTriesOfAnAddress = 18;  // of the 20 a minute
  auto& world = World::get();
  auto const& revoked = world.person("b1 revoked");
  std::unique_ptr<Relay> relay;
  std::unique_ptr<http::ApiClient> client;
  std::size_t tries = 0;
  auto const send = [&](Request const& request) {
    if (tries++ % kTriesOfAnAddress == 0) {
      client.reset();
      relay = std::make_unique<Relay>("127.0.7." + std::to_string(tries / kTriesOfAnAddress + 1),
                                      world.port());
      client = std::make_unique<http::ApiClient>(
          http::ApiClientOptions{.base_url = relay->base_url(), .ca_file = world.ca_file()});
    }
    http::Headers const headers{{"Authorization", "Bearer " + request.key}};
    auto answer = client->call(request.method, request.target, headers, request.body);
    EXPECT_TRUE(answer.has_value()) << request.target;
    return answer ? Reply{answer->status, answer->headers, answer->body} : Reply{};
  };
  std::string face;
  for (auto const& rule : rules()) {
    if (rule.roles == "*") continue;
    auto request = ask(world, rule, revoked);
    auto const unknown = send(request);
    EXPECT_EQ(unknown.status, 401) << request.target << '\n' << unknown.body;
    if (face.empty()) face = unknown.face();
    EXPECT_EQ(unknown.face(), face) << request.target;
    auto const kinds = rule.kind_list();
    if (kinds.size() != 1 || !names_things(rule)) continue;
    for (auto const* object : world.of_kind(kinds[0])) {
      if (!object->owners.contains(revoked.account)) continue;  // its own once, if it has any
      request.target = target_of(world.operation(rule.operation), rule, {object->id});
      EXPECT_EQ(send(request).face(), face) << request.target;
      break;
    }
  }
  std::cout << tries << " requests with a revoked key\n";
  EXPECT_GT(tries, 100U);
}

TEST(Rights, EveryOperationWasCalledByEveryKind) {
  auto& world = World::get();
  auto const called = world.wire().called();
  for (auto const& listed : world.operations()) {
    auto const found = called.find(listed.operation);
    ASSERT_NE(found, called.end()) << listed.operation << " was never called";
    for (auto const& person : world.people()) {
      if (person.label == "b1 revoked") continue;
      EXPECT_TRUE(found->second.contains(person.label)) << listed.operation << ' ' << person.label;
    }
  }
  std::cout << "operations: " << called.size() << ", keys: " << world.people().size()
            << ", requests so far: " << world.wire().requests() << '\n';
}

}  // namespace
}  // namespace leadex::e2e
