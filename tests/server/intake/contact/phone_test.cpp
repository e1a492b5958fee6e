#include "server/intake/contact/phone.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <random>
#include <string>
#include <vector>

#include "server/intake/contact/phone_plan.hpp"
#include "tests/server/intake/contact/corpus.hpp"

namespace leadex::intake {
namespace {

PhoneFault fault_of(std::string_view text, std::string_view region = "US") {
  auto const phone = parse_phone(text, region);
  EXPECT_FALSE(phone) << text;
  return phone ? PhoneFault::empty : phone.error();
}

void expect_same_as_library(std::string const& text, std::string_view region) {
  auto const fast = parse_phone(text, region);
  auto const judge = parse_phone_by_library(text, region);
  ASSERT_EQ(fast.has_value(), judge.has_value()) << text << ' ' << region;
  if (fast) {
    EXPECT_EQ(fast->e164, judge->e164) << text << ' ' << region;
    EXPECT_EQ(fast->region, judge->region) << text << ' ' << region;
    EXPECT_EQ(fast->type, judge->type) << text << ' ' << region;
  }
}

TEST(Phone, NationalSpellingsBecomeE164) {
  for (auto const* text : {"(201) 555-0123", "201-555-0123", "201.555.0123", "2015550123",
                           "1 201 555 0123", "+1 (201) 555-0123", "+12015550123", " 201 555 0123 ",
                           "tel:+1-201-555-0123", "201-555-0123 ext. 4"}) {
    auto const phone = parse_phone(text, "US");
    ASSERT_TRUE(phone) << text;
    EXPECT_EQ(phone->e164, "+12015550123") << text;
    EXPECT_EQ(phone->region, "US") << text;
  }
}

TEST(Phone, ForeignNumbersKeepTheirRegion) {
  EXPECT_EQ(parse_phone("+49 30 123456", "US")->region, "DE");
  EXPECT_EQ(parse_phone("030 123456", "DE")->e164, "+4930123456");
  EXPECT_EQ(parse_phone("+1 416 555 0123", "US")->region, "CA");
}

TEST(Phone, EachFaultHasItsOwnWord) {
  EXPECT_EQ(fault_of(" "), PhoneFault::empty);
  EXPECT_EQ(fault_of(std::string(65, '1')), PhoneFault::too_long);
  EXPECT_EQ(fault_of("201\xFF"), PhoneFault::not_text);
  EXPECT_EQ(fault_of("201-555-0123\n"), PhoneFault::not_text);
  EXPECT_EQ(fault_of("no number"), PhoneFault::not_a_number);
  EXPECT_EQ(fault_of("2015550123", "ZZ"), PhoneFault::not_a_number);
  EXPECT_EQ(fault_of("201-155-0123"), PhoneFault::not_valid);
  EXPECT_EQ(fault_of("555-0123"), PhoneFault::not_valid);
  EXPECT_EQ(fault_of("000 000 0000"), PhoneFault::not_valid);
}

TEST(Phone, ThePlanIsInUse) {
  ASSERT_NE(NorthAmericanPlan::instance(), nullptr)
      << "libphonenumber's patterns no longer fit the automaton: all numbers take the slow path";
}

TEST(Phone, ExamplesOfTheCorpusAreJudgedAsTheLibraryJudges) {
  if (!test::has_shared("phone/examples.jsonl")) GTEST_SKIP();
  int rows = 0;
  int differing = 0;
  for (auto const& row : test::read_json_lines("phone/examples.jsonl")) {
    auto const region = test::text_of(row, "region");
    bool const valid = row["valid"].GetBool();
    for (auto const* form : {"e164", "national", "international", "rfc3966"}) {
      if (!row.HasMember(form) || !row[form].IsString()) continue;
      auto const text = test::text_of(row, form);
      ++rows;
      expect_same_as_library(text, region);
      auto const phone = parse_phone(text, region);
      if (phone.has_value() != valid) {
        ++differing;
        std::cout << "corpus says " << valid << ": " << region << ' ' << form << ' ' << text
                  << '\n';
      } else if (phone && std::string_view{form} == "e164") {
        EXPECT_EQ(phone->e164, text);
      }
    }
  }
  std::cout << rows << " spellings, " << differing << " judged otherwise than in the corpus\n";
  EXPECT_GT(rows, 1000);
  EXPECT_LT(differing, rows / 50);
}

// Each area code and exchange the plan can have, in random spellings and for several regions.
TEST(Phone, TheAutomatonAgreesWithTheLibraryOnRandomNumbers) {
  auto const seed = std::random_device{}();
  std::cout << "seed " << seed << '\n';
  std::mt19937_64 random{seed};
  std::vector<std::string> const regions{"US", "CA", "PR", "DO", "DE"};
  for (int i = 0; i < 12'000; ++i) {
    std::string digits = std::to_string(1'000'000'000 + random() % 9'000'000'000);
    if (i % 4 == 0) digits.replace(0, 3, "500");
    if (i % 4 == 1) digits.replace(0, 2, i % 8 == 1 ? "52" : "80");
    std::string const area = digits.substr(0, 3);
    std::string const exchange = digits.substr(3, 3);
    std::string const line = digits.substr(6);
    std::vector<std::string> const forms{
        digits,
        "+1" + digits,
        "1" + digits,
        '(' + area + ") " + exchange + '-' + line,
        "+1 (" + area + ") " + exchange + '-' + line,
        "1-" + area + '.' + exchange + ' ' + line,
        '(' + area + ')' + exchange + line,
    };
    expect_same_as_library(forms[random() % forms.size()], regions[random() % regions.size()]);
    if (HasFatalFailure()) return;
  }
}

TEST(Phone, TheAutomatonAgreesOnDamagedSpellings) {
  auto const seed = std::random_device{}();
  std::cout << "seed " << seed << '\n';
  std::mt19937_64 random{seed};
  std::string const signs = "0123456789+()-. x/";
  for (int i = 0; i < 6'000; ++i) {
    std::string text = i % 2 == 0 ? "+1 (201) 555-0123" : "(416) 555-0199";
    for (std::uint64_t edits = 1 + random() % 3; edits > 0; --edits) {
      auto const at = random() % text.size();
      switch (random() % 3) {
        case 0:
          text[at] = signs[random() % signs.size()];
          break;
        case 1:
          text.insert(at, 1, signs[random() % signs.size()]);
          break;
        default:
          text.erase(at, 1);
          break;
      }
    }
    expect_same_as_library(text, i % 3 == 0 ? "CA" : "US");
    if (HasFatalFailure()) return;
  }
}

TEST(Phone, HostileStringsAreRefusedOrJudged) {
  if (!test::has_shared("strings/sqli.jsonl")) GTEST_SKIP();
  for (auto const& text : test::read_hostile_strings()) expect_same_as_library(text, "US");
}

TEST(Phone, CostIsPrinted) {
  auto const time = [](auto&& judge, int numbers) {
    auto const begin = std::chrono::steady_clock::now();
    int valid = 0;
    for (int i = 0; i < numbers; ++i) {
      valid += judge("+1201555" + std::to_string(1000 + i % 9000), "US").has_value() ? 1 : 0;
    }
    auto const spent = std::chrono::steady_clock::now() - begin;
    EXPECT_EQ(valid, numbers);
    return std::chrono::duration<double, std::micro>(spent).count() / numbers;
  };
  ASSERT_TRUE(parse_phone("+12015550123", "US"));
  std::cout << "this build: automaton " << time(parse_phone, 20'000) << " us, library "
            << time(parse_phone_by_library, 500) << " us a number\n";
}

}  // namespace
}  // namespace leadex::intake
