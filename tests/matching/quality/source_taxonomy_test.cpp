#include "matching/quality/source_taxonomy.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <random>

#include "matching/market/codec.hpp"
#include "tests/matching/seed.hpp"

namespace leadex::quality {
namespace {

SourceTest test_of(SourceField field, SourceMatch match, std::string value = {}) {
  return {field, match, std::move(value)};
}

SourceClues clues_of(SourceField field, std::string_view value) {
  SourceClues clues{};
  clues[static_cast<std::size_t>(field)] = value;
  return clues;
}

bool matches(SourceMatch match, std::string value, std::string_view told) {
  Taxonomy taxonomy;
  taxonomy.rules.push_back({{test_of(SourceField::sub2, match, std::move(value))}, 3, ""});
  return classify(taxonomy, clues_of(SourceField::sub2, told)).vehicle == 3;
}

Taxonomy sound() {
  Taxonomy taxonomy;
  taxonomy.vehicles = {{6, "Advertising"}, {0, "Form"}};
  taxonomy.reasons = {{"search", "Search"}, {"brand", "Our name"}};
  taxonomy.rules = {{{test_of(SourceField::utm_medium, SourceMatch::equals, "cpc")}, 6, ""},
                    {{test_of(SourceField::utm_source, SourceMatch::prefix, "goog"),
                      test_of(SourceField::utm_campaign, SourceMatch::contains, "brand")},
                     kNoVehicle,
                     "brand"},
                    {{test_of(SourceField::utm_source, SourceMatch::given)}, 0, "search"}};
  return taxonomy;
}

TEST(SourceTaxonomy, EachWayOfMatchingHoldsWhereItShould) {
  using enum SourceMatch;
  EXPECT_TRUE(matches(equals, "Google", "gOOGLE"));
  EXPECT_FALSE(matches(equals, "google", "google ads"));
  EXPECT_TRUE(matches(equals, "", ""));
  EXPECT_FALSE(matches(equals, "", "x"));
  EXPECT_TRUE(matches(prefix, "goo", "Google"));
  EXPECT_FALSE(matches(prefix, "oog", "google"));
  EXPECT_TRUE(matches(contains, "OOG", "google"));
  EXPECT_FALSE(matches(contains, "goo", "go"));
  EXPECT_TRUE(matches(domain, "example.com", "WWW.Example.com"));
  EXPECT_TRUE(matches(domain, "example.com", "example.com"));
  EXPECT_FALSE(matches(domain, "example.com", "badexample.com"));
  EXPECT_FALSE(matches(domain, "example.com", "example.com.evil.net"));
  EXPECT_FALSE(matches(domain, "example.com", ""));
  EXPECT_TRUE(matches(given, "", "x"));
  EXPECT_FALSE(matches(given, "", ""));
}

TEST(SourceTaxonomy, TheFirstRuleThatSpeaksOfAnAxisDecidesIt) {
  auto const taxonomy = sound();
  SourceClues clues{};
  EXPECT_EQ(classify(taxonomy, clues), (SourceClass{kNoVehicle, ""}));
  clues[static_cast<std::size_t>(SourceField::utm_source)] = "google";
  EXPECT_EQ(classify(taxonomy, clues), (SourceClass{0, "search"}));
  clues[static_cast<std::size_t>(SourceField::utm_medium)] = "CPC";
  EXPECT_EQ(classify(taxonomy, clues), (SourceClass{6, "search"}));
  clues[static_cast<std::size_t>(SourceField::utm_campaign)] = "2026 Brand";
  EXPECT_EQ(classify(taxonomy, clues), (SourceClass{6, "brand"}));
}

TEST(SourceTaxonomy, WhatCannotBeUsedIsAFaultAtItsPlace) {
  EXPECT_TRUE(faults_of(sound()).empty());
  auto const first = [](auto change) {
    auto taxonomy = sound();
    change(taxonomy);
    auto const faults = faults_of(taxonomy);
    return faults.empty() ? std::string{}
                          : std::string{faults.front().code} + ' ' + faults.front().pointer;
  };
  EXPECT_EQ(first([](Taxonomy& t) { t.vehicles[1].vehicle = 10; }),
            "vehicle_invalid /vehicles/1/vehicle");
  EXPECT_EQ(first([](Taxonomy& t) { t.vehicles[1].vehicle = 6; }), "duplicate /vehicles/1/vehicle");
  EXPECT_EQ(first([](Taxonomy& t) { t.reasons[1].reason = "search"; }),
            "duplicate /reasons/1/reason");
  EXPECT_EQ(first([](Taxonomy& t) { t.reasons[0].title = "a\nb"; }),
            "text_invalid /reasons/0/title");
  EXPECT_EQ(first([](Taxonomy& t) { t.rules[0].vehicle = 7; }), "vehicle_unknown /rules/0/vehicle");
  EXPECT_EQ(first([](Taxonomy& t) { t.rules[1].reason = "other"; }),
            "reason_unknown /rules/1/reason");
  EXPECT_EQ(first([](Taxonomy& t) { t.rules[0].vehicle = kNoVehicle; }), "rule_empty /rules/0");
  EXPECT_EQ(first([](Taxonomy& t) { t.rules[2].tests.clear(); }), "out_of_range /rules/2/when");
  EXPECT_EQ(first([](Taxonomy& t) { t.rules[2].tests[0].value = "x"; }),
            "text_invalid /rules/2/when/0/value");
  EXPECT_EQ(first([](Taxonomy& t) { t.rules[1].tests[1].value.clear(); }),
            "text_invalid /rules/1/when/1/value");
  EXPECT_EQ(first([](Taxonomy& t) { t.rules.resize(kTaxonomyRulesMax + 1, t.rules[0]); }),
            "too_many /rules");
}

TEST(SourceTaxonomy, ItComesBackFromItsBytes) {
  auto const taxonomy = sound();
  auto const back = market::decode_value<Taxonomy>(market::encode_value(taxonomy));
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(*back, taxonomy);
}

// The plain twin: every rule is asked for each axis by itself, with lowered copies.
std::string lowered(std::string_view text) {
  std::string copy{text};
  std::ranges::transform(copy, copy.begin(),
                         [](char c) { return static_cast<char>(std::tolower(c)); });
  return copy;
}

bool plain_holds(SourceTest const& test, SourceClues const& clues) {
  auto const told = lowered(clues.at(static_cast<std::size_t>(test.field)));
  auto const value = lowered(test.value);
  switch (test.match) {
    case SourceMatch::equals:
      return told == value;
    case SourceMatch::prefix:
      return told.starts_with(value);
    case SourceMatch::contains:
      return told.find(value) != std::string::npos;
    case SourceMatch::domain:
      return !value.empty() && (told == value || told.ends_with('.' + value));
    case SourceMatch::given:
      return !told.empty();
  }
  return false;
}

SourceClass plain_class(Taxonomy const& taxonomy, SourceClues const& clues) {
  SourceClass found;
  for (auto const& rule : taxonomy.rules) {
    if (rule.vehicle == kNoVehicle) continue;
    if (!std::ranges::all_of(rule.tests, [&](auto const& t) { return plain_holds(t, clues); })) {
      continue;
    }
    found.vehicle = rule.vehicle;
    break;
  }
  for (auto const& rule : taxonomy.rules) {
    if (rule.reason.empty()) continue;
    if (!std::ranges::all_of(rule.tests, [&](auto const& t) { return plain_holds(t, clues); })) {
      continue;
    }
    found.reason = rule.reason;
    break;
  }
  return found;
}

TEST(SourceTaxonomy, RandomTaxonomiesClassifyAsThePlainTwinDoes) {
  std::mt19937_64 random{seed_of_run()};
  auto const below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  std::vector<std::string> const words{"",   "a",     "A.b", "b",   "a.b", "B.A",
                                       "ab", "x.a.b", "Ba",  "c.b", ".b",  "a."};
  int classified = 0;
  for (int round = 0; round < 20'000; ++round) {
    Taxonomy taxonomy;
    for (std::size_t i = below(6); i > 0; --i) {
      SourceRule rule;
      for (std::size_t n = 1 + below(2); n > 0; --n) {
        rule.tests.push_back({static_cast<SourceField>(below(3)),
                              static_cast<SourceMatch>(below(5)), words[below(words.size())]});
      }
      if (below(3) > 0) rule.vehicle = static_cast<std::int32_t>(below(10));
      if (below(3) > 0) rule.reason = "r" + std::to_string(below(3));
      taxonomy.rules.push_back(std::move(rule));
    }
    SourceClues clues{};
    for (std::size_t i = 0; i < 3; ++i) clues.at(i) = words[below(words.size())];
    auto const found = classify(taxonomy, clues);
    ASSERT_EQ(found, plain_class(taxonomy, clues)) << "round " << round;
    classified += found.vehicle != kNoVehicle && !found.reason.empty() ? 1 : 0;
  }
  EXPECT_GT(classified, 1'000) << "most rules never held";
}

}  // namespace
}  // namespace leadex::quality
