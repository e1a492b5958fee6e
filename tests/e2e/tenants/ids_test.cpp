// Every id of every account in every path that takes one, by every key: to whom it does not belong
// the answer is that for an id that never existed, byte for byte.

#include <gtest/gtest.h>

#include "tests/e2e/tenants/world.hpp"

namespace leadex::e2e {
namespace {

/// All that is asked by one person of one operation: the answers must look alike, but to own
/// things.
struct Round {
  Rule const* rule{};
  Person const* person{};
  std::size_t from{};  ///< its requests: from the one for an id that never existed
  std::size_t to{};
};

class Questions {
 public:
  explicit Questions(World& world) : world_(world) {}

  void ask_all(Rule const& rule, Person const& person) {
    Round round{&rule, &person, requests.size(), 0};
    if (rule.kind_list().size() == 1) {
      ask_single(rule, person);
    } else {
      ask_pair(rule, person);
    }
    round.to = requests.size();
    rounds.push_back(round);
  }

  std::vector<Request> requests;
  std::vector<bool> expected;  ///< whether the person may have it
  std::vector<Round> rounds;

 private:
  /// Who is turned away before anything is looked up is asked about two things of a kind.
  [[nodiscard]] std::vector<Object const*> things(Rule const& rule, Person const& person,
                                                  std::string const& kind) const {
    constexpr std::size_t kEnough = 2;
    auto all = world_.of_kind(kind);
    bool const turned_away = !rule.allows(person.role) || person.can == Key::none ||
                             person.can == Key::suspended || person.can == Key::narrow;
    if (turned_away && all.size() > kEnough) all.resize(kEnough);
    return all;
  }

  void ask_single(Rule const& rule, Person const& person) {
    auto const kind = rule.kind_list().front();
    bool const read = world_.operation(rule.operation).method == "GET";
    for (auto const& id : world_.unknown(kind)) ask(rule, person, {id}, false);
    for (auto const* object : things(rule, person, kind)) {
      if (!World::may(person, rule, *object)) {
        ask(rule, person, {object->id}, false);
      } else if (read && !rule.shows_person()) {  // contacts: see Contacts
        ask(rule, person, {object->id}, true);
      }
    }
  }

  void ask_pair(Rule const& rule, Person const& person) {
    auto const kinds = rule.kind_list();
    auto const parents = world_.unknown(kinds[0]);
    auto const children = world_.unknown(kinds[1]);
    for (std::size_t i = 0; i < parents.size(); ++i) {
      ask(rule, person, {parents[i], children[i]}, false);
    }
    for (auto const* child : things(rule, person, kinds[1])) {
      ask(rule, person, {parents[0], child->id}, false);
    }
    for (auto const* parent : things(rule, person, kinds[0])) {
      ask(rule, person, {parent->id, children[0]}, false);
      for (auto const* child : things(rule, person, kinds[1])) {
        // What is not there together is not there, even if both are one's own.
        bool const together = child->parent == parent->id && World::may(person, rule, *child);
        if (!together) ask(rule, person, {parent->id, child->id}, false);
      }
    }
  }

  void ask(Rule const& rule, Person const& person, std::vector<std::string> const& values,
           bool may) {
    auto const& listed = world_.operation(rule.operation);
    Request request{listed.operation, person.label, person.key, listed.method, {}, {}, {}};
    request.target = target_of(listed, rule, values);
    if (listed.method != "GET" && listed.method != "DELETE") request.body = rule.body;
    if (listed.method == "POST") {
      request.headers.add("Idempotency-Key", "probe-" + std::to_string(requests.size()));
    }
    if (rule.operation == "patch_campaign") request.headers.add("If-Match", "\"1\"");
    if (rule.operation == "append_upload") {
      request.headers.add("Content-Type", "text/csv");
      request.headers.add("Upload-Offset", "0");
    }
    requests.push_back(std::move(request));
    expected.push_back(may);
  }

  World& world_;
};

bool names_things(Rule const& rule) {
  return !rule.kinds.empty() && rule.kinds != "market" && rule.kinds != "job" &&
         rule.kinds != "country";
}

struct Counts {
  std::size_t equal{};
  std::size_t own{};
};

Counts check(Questions const& questions, Round const& round, std::vector<Reply> const& replies) {
  auto const& first = replies[round.from];
  auto const unknown = first.face();
  EXPECT_TRUE(first.status == 404 || first.status == 403 || first.status == 401)
      << questions.requests[round.from].target << " by " << round.person->label << '\n'
      << unknown;
  Counts counts;
  for (auto i = round.from; i < round.to; ++i) {
    auto const& request = questions.requests[i];
    auto const what = request.method + ' ' + request.target + " by " + round.person->label;
    if (!questions.expected[i]) {
      EXPECT_EQ(replies[i].face(), unknown) << what;
      ++counts.equal;
      continue;
    }
    // That what is kept from others is there at all: its owner sees it.
    bool const seen = replies[i].ok() || round.rule->operation == "explain_campaign" ||
                      (replies[i].status == 302 && round.rule->operation == "visit_placement");
    EXPECT_TRUE(seen) << what << '\n' << replies[i].body;
    ++counts.own;
  }
  return counts;
}

/// All that an account sees of its own, without what moves by itself.
std::string snapshot(World& world, Person const& person) {
  std::vector<Request> requests;
  for (auto const& rule : rules()) {
    auto const& listed = world.operation(rule.operation);
    bool const moves = rule.operation == "list_webhook_deliveries" ||
                       rule.operation == "list_events" || rule.shows_person() ||
                       rule.operation == "get_attribution" ||  // it says until when it looked
                       rule.operation == "explain_campaign" ||
                       rule.operation == "get_placement_stats" ||
                       rule.operation.find("market") != std::string_view::npos;
    if (listed.method != "GET" || !rule.allows(person.role) || rule.roles == "*" || moves) continue;
    auto const ask = [&](std::vector<std::string> const& values) {
      auto const target = target_of(listed, rule, values);
      requests.push_back({listed.operation, person.label, person.key, "GET", target, {}, {}});
    };
    if (rule.kinds.empty()) ask({});
    for (auto const* object : world.of_kind(rule.kinds)) {
      if (World::may(person, rule, *object)) ask({object->id});
    }
  }
  auto const replies = world.wire().send_all(requests);
  std::string all;
  for (std::size_t i = 0; i < replies.size(); ++i) {
    all += requests[i].target + '\n' + replies[i].body + '\n';
  }
  return all;
}

TEST(Ids, OfOthersAreAnsweredAsUnknownOnes) {
  auto& world = World::get();
  std::map<std::string, std::string> before;
  for (auto const* label : {"g1", "g2", "b1", "b2", "b3"}) {
    before[label] = snapshot(world, world.person(label));
    EXPECT_GT(before[label].size(), 1000U);
  }
  Questions questions(world);
  std::set<std::string> kinds;
  for (auto const& rule : rules()) {
    if (!names_things(rule)) continue;
    for (auto const& kind : rule.kind_list()) {
      EXPECT_FALSE(world.of_kind(kind).empty()) << "the world holds no " << kind;
      kinds.insert(kind);
    }
    for (auto const& person : world.people()) {
      if (person.label != "b1 revoked") questions.ask_all(rule, person);
    }
  }
  auto const replies = world.wire().send_all(questions.requests);
  Counts sum;
  for (auto const& round : questions.rounds) {
    auto const counts = check(questions, round, replies);
    sum.equal += counts.equal;
    sum.own += counts.own;
  }
  std::size_t objects = 0;
  for (auto const& kind : kinds) objects += world.of_kind(kind).size();
  std::cout << kinds.size() << " kinds of ids, " << objects << " things; " << sum.equal
            << " answers equal to those for unknown ids, " << sum.own << " own ones seen\n";
  EXPECT_GT(sum.equal, 3000U);
  EXPECT_GT(sum.own, 300U);
  for (auto const& [label, text] : before) {
    EXPECT_EQ(snapshot(world, world.person(label)), text) << "something of " << label << " moved";
  }
}

}  // namespace
}  // namespace leadex::e2e
