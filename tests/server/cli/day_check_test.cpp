#include "server/cli/client/day_check.hpp"

#include <gtest/gtest.h>

#include "server/crypto/bytes.hpp"
#include "server/crypto/hash.hpp"

namespace leadex::cli {
namespace {

RevealedDay day_of(std::int64_t rate_bp) {
  std::string secret(32, 's');
  auto const digest = crypto::sha256(secret);
  return {std::move(secret), crypto::hex_encode(crypto::view_of(digest)), rate_bp, {}};
}

// By openssl: of "realtime:lead_0" under 32 times "s" the code begins 1a4870c7, which is 1,026.68
// basis points of 2^32; of "realtime:lead_5" with d7af784a, 8,425.21 of them.
TEST(DayCheck, AKnownCodeIsChosenFromItsOwnShareOn) {
  EXPECT_FALSE(is_chosen(day_of(1'026), "lead_0"));
  EXPECT_TRUE(is_chosen(day_of(1'027), "lead_0"));
  EXPECT_FALSE(is_chosen(day_of(8'425), "lead_5"));
  EXPECT_TRUE(is_chosen(day_of(8'426), "lead_5"));
  EXPECT_TRUE(is_chosen(day_of(10'000), "lead_7"));
}

TEST(DayCheck, WhatTheSecretChoseWasCheckedAndNothingElse) {
  auto day = day_of(5'000);
  std::vector<std::string> posted;
  for (int n = 0; n < 50; ++n) {
    posted.push_back("lead_" + std::to_string(n));
    if (is_chosen(day, posted.back())) day.checked.push_back(posted.back());
  }
  ASSERT_GT(day.checked.size(), 5U);
  ASSERT_LT(day.checked.size(), 45U);
  EXPECT_TRUE(check_day(day, posted).all_hold());
  auto const dropped = day.checked.back();
  day.checked.pop_back();
  EXPECT_EQ(check_day(day, posted).missing, std::vector{dropped});
  EXPECT_TRUE(check_day(day, {}).all_hold());
  day.rate_bp = 0;
  EXPECT_EQ(check_day(day, {}).uncalled, day.checked);
}

TEST(DayCheck, AnotherSecretThanTheCommittedOneIsFound) {
  auto day = day_of(5'000);
  day.secret.front() = 't';
  EXPECT_FALSE(check_day(day, {}).commitment_holds);
}

}  // namespace
}  // namespace leadex::cli
