#include "billing/attribution/attribution.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <map>
#include <numeric>
#include <random>

#include "tests/matching/seed.hpp"

namespace leadex {
namespace {

using std::chrono::seconds;

Timestamp at(std::int64_t second) { return Timestamp{seconds{second}}; }

std::vector<AttributionShare> shares_of(AttributionRule rule, std::vector<std::int64_t> const& when,
                                        std::int64_t captured) {
  std::vector<Timestamp> touched;
  for (auto const second : when) touched.push_back(at(second));
  return attribute(rule, touched, at(captured));
}

TEST(Attribution, FirstAndLastTakeAll) {
  std::vector<std::int64_t> const when{30, 10, 20};
  EXPECT_EQ(shares_of(AttributionRule::first, when, 40), (std::vector<AttributionShare>{{1, 1}}));
  EXPECT_EQ(shares_of(AttributionRule::last, when, 40), (std::vector<AttributionShare>{{0, 1}}));
}

TEST(Attribution, EqualInstantsKeepTheirPlaces) {
  std::vector<std::int64_t> const when{10, 10, 10};
  EXPECT_EQ(shares_of(AttributionRule::first, when, 40), (std::vector<AttributionShare>{{0, 1}}));
  EXPECT_EQ(shares_of(AttributionRule::last, when, 40), (std::vector<AttributionShare>{{2, 1}}));
}

TEST(Attribution, LinearGivesTheSameToEach) {
  EXPECT_EQ(shares_of(AttributionRule::linear, {30, 10, 20}, 40),
            (std::vector<AttributionShare>{{1, 1}, {2, 1}, {0, 1}}));
}

TEST(Attribution, PositionGivesTwoFifthsToEitherEnd) {
  using S = std::vector<AttributionShare>;
  EXPECT_EQ(shares_of(AttributionRule::position, {1}, 9), (S{{0, 1}}));
  EXPECT_EQ(shares_of(AttributionRule::position, {1, 2}, 9), (S{{0, 1}, {1, 1}}));
  EXPECT_EQ(shares_of(AttributionRule::position, {1, 2, 3}, 9), (S{{0, 2}, {1, 1}, {2, 2}}));
  EXPECT_EQ(shares_of(AttributionRule::position, {1, 2, 3, 4}, 9),
            (S{{0, 4}, {1, 1}, {2, 1}, {3, 4}}));
}

TEST(Attribution, ATouchAtTheCaptureCountsAndOneAfterItDoesNot) {
  EXPECT_EQ(shares_of(AttributionRule::last, {10, 40, 41}, 40),
            (std::vector<AttributionShare>{{1, 1}}));
}

TEST(Attribution, WithoutATouchTheLeadsOwnSourceIsCredited) {
  std::vector<AttributionShare> const own{{kOwnSource, 1}};
  for (auto const rule : {AttributionRule::first, AttributionRule::last, AttributionRule::linear,
                          AttributionRule::position}) {
    EXPECT_EQ(shares_of(rule, {}, 40), own);
    EXPECT_EQ(shares_of(rule, {41, 50}, 40), own);
  }
}

TEST(Attribution, MoneyThatDoesNotDivideGoesToTheLargestRemainderAndThenTheEarlier) {
  auto const linear = shares_of(AttributionRule::linear, {1, 2, 3}, 9);
  EXPECT_EQ(split_by(linear, Money{10}), (std::vector<Money>{Money{4}, Money{3}, Money{3}}));
  auto const position = shares_of(AttributionRule::position, {1, 2, 3, 4}, 9);
  EXPECT_EQ(split_by(position, Money{1}),
            (std::vector<Money>{Money{1}, Money{0}, Money{0}, Money{0}}));
}

TEST(Attribution, RulesHaveTheirNames) {
  EXPECT_EQ(attribution_rule_named("first"), AttributionRule::first);
  EXPECT_EQ(attribution_rule_named("position"), AttributionRule::position);
  EXPECT_EQ(attribution_rule_named("middle"), std::nullopt);
}

/// A share in lowest terms.
struct Fraction {
  std::int64_t over{};
  std::int64_t under{1};
  friend bool operator==(Fraction const&, Fraction const&) = default;
};

Fraction lowest(std::int64_t over, std::int64_t under) {
  auto const common = std::gcd(over, under);
  return {over / common, under / common};
}

Fraction sum(Fraction a, Fraction b) {
  return lowest(a.over * b.under + b.over * a.under, a.under * b.under);
}

/// The rules as words say them: each touch asks how many came before it and how many there are.
std::map<std::size_t, Fraction> plain_shares(AttributionRule rule,
                                             std::vector<Timestamp> const& touched,
                                             Timestamp captured) {
  std::map<std::size_t, Fraction> shares;
  std::int64_t n = 0;
  for (auto const when : touched) n += when <= captured ? 1 : 0;
  if (n == 0) return {{kOwnSource, {1, 1}}};
  for (std::size_t i = 0; i < touched.size(); ++i) {
    if (touched[i] > captured) continue;
    std::int64_t before = 0;
    for (std::size_t k = 0; k < touched.size(); ++k) {
      if (touched[k] < touched[i] || (touched[k] == touched[i] && k < i)) ++before;
    }
    bool const is_first = before == 0;
    bool const is_last = before == n - 1;
    Fraction share{0, 1};
    if (rule == AttributionRule::first && is_first) share = {1, 1};
    if (rule == AttributionRule::last && is_last) share = {1, 1};
    if (rule == AttributionRule::linear) share = lowest(1, n);
    if (rule == AttributionRule::position) {
      if (n == 1) share = {1, 1};
      if (n == 2) share = {1, 2};
      if (n > 2) share = is_first || is_last ? Fraction{2, 5} : lowest(1, 5 * (n - 2));
    }
    if (share.over > 0) shares[i] = share;
  }
  return shares;
}

/// No part is a micro or more away from what its fraction of the whole is.
bool is_close(Money part, Money whole, Fraction share) {
  using Wide = __int128;
  auto const off = Wide{part.micros} * share.under - Wide{whole.micros} * share.over;
  return off < share.under && -off < share.under;
}

TEST(AttributionRandom, SharesOfTenThousandLeadsSumToOneAndTheirMoneyIsExact) {
  std::mt19937_64 random{seed_of_run()};
  auto const below = [&random](std::int64_t n) {
    return std::uniform_int_distribution<std::int64_t>{0, n - 1}(random);
  };
  int const leads = full_run() ? 200'000 : 10'000;
  for (auto const rule : {AttributionRule::first, AttributionRule::last, AttributionRule::linear,
                          AttributionRule::position}) {
    std::int64_t credited = 0;
    std::int64_t own = 0;
    Money booked, whole_sum;
    for (int lead = 0; lead < leads; ++lead) {
      std::vector<Timestamp> touched(static_cast<std::size_t>(below(below(10) == 0 ? 51 : 8)));
      // Few instants, so that ties and touches at the very capture are common.
      for (auto& when : touched) when = at(below(12));
      auto const captured = at(below(12));
      auto const amount = Money{below(4) == 0 ? below(20) : below(1'000'000'000)};
      auto const shares = attribute(rule, touched, captured);
      auto const parts = split_by(shares, amount);
      auto const plain = plain_shares(rule, touched, captured);
      std::int64_t whole = 0;
      for (auto const& share : shares) whole += share.weight;
      ASSERT_EQ(shares.size(), plain.size());
      ASSERT_EQ(shares.size(), parts.size());
      Fraction all{0, 1};
      Money parts_sum;
      for (std::size_t i = 0; i < shares.size(); ++i) {
        auto const share = lowest(shares[i].weight, whole);
        ASSERT_EQ(share, plain.at(shares[i].touch));
        ASSERT_TRUE(is_close(parts[i], amount, share));
        all = sum(all, share);
        parts_sum.micros += parts[i].micros;
        own += shares[i].touch == kOwnSource ? 1 : 0;
      }
      ASSERT_EQ(all, (Fraction{1, 1}));
      ASSERT_EQ(parts_sum, amount);
      booked.micros += parts_sum.micros;
      whole_sum.micros += amount.micros;
      credited += std::ssize(shares);
    }
    ASSERT_EQ(booked, whole_sum);
    EXPECT_GT(own, 0);
    std::cout << kAttributionRules.at(static_cast<std::size_t>(rule)) << ": " << leads
              << " leads, shares sum to 1 for all, " << credited << " shares, " << own
              << " to own sources, " << booked.micros << " micros of " << whole_sum.micros
              << " credited\n";
  }
}

}  // namespace
}  // namespace leadex
