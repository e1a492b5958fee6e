#include "server/intake/contact/digit_automaton.hpp"

#include <gtest/gtest.h>

#include <random>
#include <regex>
#include <string>
#include <vector>

namespace leadex::intake {
namespace {

bool matches(DigitAutomaton const& automaton, std::string_view digits, std::size_t tag) {
  auto const state = automaton.run(digits);
  if (!state) return false;
  for (auto const found : automaton.tags(*state)) {
    if (found == tag) return true;
  }
  return false;
}

TEST(DigitAutomaton, MatchesWholeTextsOnly) {
  std::vector<TaggedPattern> const patterns{{"12[3-5]", 7, false}, {"1", 3, true}};
  auto const automaton = DigitAutomaton::build(patterns);
  ASSERT_TRUE(automaton);
  EXPECT_TRUE(matches(*automaton, "124", 7));
  EXPECT_FALSE(matches(*automaton, "1245", 7));
  EXPECT_FALSE(matches(*automaton, "12", 7));
  EXPECT_TRUE(matches(*automaton, "1245", 3));
  EXPECT_FALSE(matches(*automaton, "2245", 3));
  EXPECT_FALSE(automaton->run("12a"));
  EXPECT_FALSE(automaton->run("12345678901"));
}

TEST(DigitAutomaton, RefusesWhatIsOutsideItsDialect) {
  for (auto const* pattern :
       {"1+", "1*",  "^1",     "1$",    "(?=1)", "(?!1)", "a", "[1",  "[^1]", "1{2", "(1",
        "1)", "\\w", "1{3,2}", "1{99}", ".",     "[a-z]", "?", "1??", "[]",   "1{}", "1{,2}"}) {
    std::vector<TaggedPattern> const patterns{{pattern, 0, false}};
    EXPECT_FALSE(DigitAutomaton::build(patterns)) << pattern;
  }
}

TEST(DigitAutomaton, DeepNestingIsRefused) {
  std::string deep;
  for (int i = 0; i < 100; ++i) deep += "(?:";
  deep += '1';
  for (int i = 0; i < 100; ++i) deep += ')';
  std::vector<TaggedPattern> const patterns{{deep, 0, false}};
  EXPECT_FALSE(DigitAutomaton::build(patterns));
}

// Random patterns of the dialect against std::regex as the slow, plain judge.
class PatternMaker {
 public:
  explicit PatternMaker(std::mt19937_64& random) : random_{random} {}
  std::string make(int depth) {
    std::string text = sequence(depth);
    while (pick(3) == 0) text += '|' + sequence(depth);
    return text;
  }

 private:
  std::uint64_t pick(std::uint64_t n) { return random_() % n; }
  std::string sequence(int depth) {
    std::string text;
    for (auto atoms = 1 + pick(3); atoms > 0; --atoms) {
      text += atom(depth);
      switch (pick(6)) {
        case 0:
          text += '?';
          break;
        case 1:
          text += "{2}";
          break;
        case 2:
          text += "{1,3}";
          break;
        default:
          break;
      }
    }
    return text;
  }
  std::string atom(int depth) {
    switch (pick(depth > 0 ? 5 : 3)) {
      case 0:
        return std::string(1, static_cast<char>('0' + pick(3)));
      case 1:
        return "\\d";
      case 2:
        return pick(2) == 0 ? "[0-1]" : "[02]";
      default:
        return (pick(2) == 0 ? "(?:" : "(") + make(depth - 1) + ')';
    }
  }
  std::mt19937_64& random_;
};

TEST(DigitAutomaton, AgreesWithAPlainMatcherOnRandomPatterns) {
  auto const seed = std::random_device{}();
  std::cout << "seed " << seed << '\n';
  std::mt19937_64 random{seed};
  PatternMaker maker{random};
  int checked = 0;
  int refused = 0;
  while (checked < 9000) {
    std::string const first = maker.make(1);
    std::string const second = maker.make(1);
    std::vector<TaggedPattern> const patterns{{first, 0, false}, {second, 1, false}};
    auto const automaton = DigitAutomaton::build(patterns);
    if (!automaton) {  // now and then two repeat so much that they pass the limit of states
      ASSERT_LT(++refused, 5) << first << ' ' << second;
      continue;
    }
    std::regex const first_judge{first};
    std::regex const second_judge{second};
    for (int j = 0; j < 60; ++j) {
      std::string digits;
      for (auto length = random() % 8; length > 0; --length) {
        digits += static_cast<char>('0' + random() % 3);
      }
      EXPECT_EQ(matches(*automaton, digits, 0), std::regex_match(digits, first_judge))
          << first << ' ' << digits;
      EXPECT_EQ(matches(*automaton, digits, 1), std::regex_match(digits, second_judge))
          << second << ' ' << digits;
      ++checked;
    }
  }
}

}  // namespace
}  // namespace leadex::intake
