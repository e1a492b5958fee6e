#include "server/json/pattern.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <random>
#include <regex>

namespace leadex::json {
namespace {

[[nodiscard]] bool matches(std::string_view pattern, std::string_view text) {
  auto const compiled = Pattern::compile(pattern);
  EXPECT_TRUE(compiled) << pattern;
  return compiled && compiled->matches(text);
}

TEST(Pattern, MatchesTheFormsOfSchemas) {
  EXPECT_TRUE(matches("^[A-Z]{3}$", "USD"));
  EXPECT_FALSE(matches("^[A-Z]{3}$", "USDX"));
  EXPECT_FALSE(matches("^[A-Z]{3}$", "USD\n"));
  EXPECT_TRUE(matches("^-?(0|[1-9][0-9]*)(\\.[0-9]{1,6})?$", "12.34"));
  EXPECT_FALSE(matches("^-?(0|[1-9][0-9]*)(\\.[0-9]{1,6})?$", "012"));
  EXPECT_TRUE(matches("^(lead|batch)_[0-9a-hjkmnp-tv-z]{26}$", "lead_01jabcdefghjkmnpqrstvwxyz0"));
  EXPECT_TRUE(matches("b", "abc"));
  EXPECT_TRUE(matches("", ""));
  EXPECT_TRUE(matches("^\\w+\\s\\d?$", "a_9 "));
  EXPECT_TRUE(matches("^[^a]$", "\xC3\xA9"));
  EXPECT_TRUE(matches("^.{2}$", "\xF0\x9F\x98\x80z"));
  EXPECT_TRUE(matches("^[\xC3\xA0-\xC3\xBF]$", "\xC3\xA9"));
  EXPECT_TRUE(matches("^[a-]$", "-"));
  EXPECT_TRUE(matches("^(?:a|b)*$", "abba"));
  EXPECT_FALSE(matches("^\\D$", "7"));
}

TEST(Pattern, RefusesWhatItCannotDo) {
  for (std::string_view bad :
       {"(", ")", "[a", "[]", "[z-a]", "*", "a**", "a+?", "(?=x)", "(?<n>x)", "\\1", "\\b", "a{2",
        "a{3,2}", "a{99999}", "^*", "\\", "(a{1000}){1000}", "\xFF"}) {
    EXPECT_FALSE(Pattern::compile(bad)) << bad;
  }
  EXPECT_FALSE(Pattern::compile(std::string(100, '(') + std::string(100, ')')));
}

TEST(Pattern, StaysLinearWhereBacktrackingExplodes) {
  EXPECT_FALSE(matches("^(a+)+$", std::string(100'000, 'a') + "b"));
  EXPECT_FALSE(matches("^(a|a)*(a|a)*(a?){20}b$", std::string(20'000, 'a')));
}

TEST(Pattern, AgreesWithTheStandardLibraryOnRandomPatterns) {
  std::uint64_t const seed = std::random_device{}();
  std::printf("Pattern: seed %llu\n", static_cast<unsigned long long>(seed));
  std::mt19937_64 random{seed};
  auto const pick = [&random](std::size_t n) { return random() % n; };
  std::vector<std::string> const atoms{"a", "b", "[ab]", "[^a]", ".", "(a|b)", "(ab)", "(a|)", "c"};
  std::vector<std::string> const counts{"", "", "", "*", "+", "?", "{2}", "{1,2}", "{0,}"};
  for (int run = 0; run < 2'000; ++run) {
    std::string source = pick(2) != 0U ? "^" : "";
    for (std::size_t i = pick(4) + 1; i > 0; --i) source += atoms[pick(9)] + counts[pick(9)];
    if (pick(3) == 0) source = "(" + source + ")|" + atoms[pick(9)];
    if (pick(2) != 0U) source += "$";
    auto const ours = Pattern::compile(source);
    ASSERT_TRUE(ours) << source;
    std::regex const reference{source};
    for (int i = 0; i < 20; ++i) {
      std::string text;
      for (std::size_t n = pick(7); n > 0; --n) text += "abc"[pick(3)];
      ASSERT_EQ(ours->matches(text), std::regex_search(text, reference)) << source << " / " << text;
    }
  }
}

}  // namespace
}  // namespace leadex::json
