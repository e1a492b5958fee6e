// An Idempotency-Key belongs to its account: whoever sends the same request with it is answered as
// for a request of its own.

#include <gtest/gtest.h>

#include "tests/e2e/tenants/world.hpp"

namespace leadex::e2e {
namespace {

Reply repeat(World& world, Posted const& first, Person const& person, std::string const& key) {
  http::Headers headers{{"Idempotency-Key", key}, {"Content-Type", first.content_type}};
  return world.wire().send(
      {first.operation, person.label, person.key, "POST", first.target, first.body, headers});
}

/// The id at the top of an answer, whatever it is called.
std::string made(std::string const& body) {
  auto const answer = json::parse(body);
  if (!answer || !answer->IsObject()) return {};
  for (auto const* name : {"id", "lead_id"}) {
    auto const* const id = json::find_member(*answer, name);
    if (id != nullptr && id->IsString()) return std::string{json::text_of(*id)};
  }
  return {};
}

TEST(Repeats, TheOwnKeyGivesTheFirstAnswerAndAnothersKeyGivesNone) {
  auto& world = World::get();
  std::set<std::string> operations;
  std::size_t strangers = 0;
  for (auto const& first : world.posted()) {
    if (first.by->staff() || !operations.insert(first.operation).second) continue;
    for (auto const* label : {"g1", "g2", "b1", "b2", "b3"}) {
      auto const& person = world.person(label);
      if (person.account == first.by->account || person.role != first.by->role) continue;
      auto const reply = repeat(world, first, person, first.idempotency_key);
      auto const what = first.operation + " of " + first.by->label + " by " + label;
      EXPECT_FALSE(reply.headers.contains("Idempotent-Replayed")) << what;
      // A path of another is unknown; elsewhere it is a request of its own with its own effect.
      bool const path_of_other = first.target.find(World::prefix("listing")) == std::string::npos &&
                                 first.target.find("_0") != std::string::npos;
      if (path_of_other) EXPECT_EQ(reply.status, 404) << what << '\n' << reply.body;
      auto const id = made(first.answer);
      if (!id.empty())
        EXPECT_EQ(reply.body.find(id), std::string::npos) << what << '\n' << reply.body;
      ++strangers;
    }
  }
  EXPECT_GE(operations.size(), 12U);
  std::cout << operations.size() << " operations with a key, " << strangers
            << " strangers' repeats\n";
}

TEST(Repeats, OfTheOwnerAreAnsweredAsBefore) {
  auto& world = World::get();
  std::size_t replayed = 0;
  for (auto const& first : world.posted()) {
    if (first.operation != "create_purchase" && first.operation != "post_lead") continue;
    auto const again = repeat(world, first, *first.by, first.idempotency_key);
    EXPECT_EQ(again.headers.find("Idempotent-Replayed").value_or(""), "true") << first.target;
    EXPECT_EQ(again.body, first.answer);
    ++replayed;
  }
  EXPECT_GT(replayed, 10U);
}

}  // namespace
}  // namespace leadex::e2e
