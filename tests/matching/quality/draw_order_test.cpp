#include "matching/quality/draw_order.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <random>
#include <span>

namespace leadex::quality {
namespace {

TEST(DrawOrder, KeepsTheSmallestHashesWhateverTheOrderOfOffers) {
  auto const seed = std::random_device{}();
  std::cout << "seed " << seed << "\n";
  std::mt19937_64 random(seed);
  for (std::size_t const count : {0u, 1u, 7u, 500u}) {
    std::vector<DrawTicket> tickets(count);
    for (std::size_t i = 0; i < count; ++i) {
      tickets[i].row = static_cast<std::int64_t>(i + 1);
      // Few different first bytes, so that later bytes and rows decide too.
      tickets[i].hash[0] = static_cast<std::byte>(random() % 4);
      tickets[i].hash[31] = static_cast<std::byte>(random() % 4);
    }
    auto sorted = tickets;
    std::ranges::sort(sorted);
    for (std::size_t const keep : {0u, 1u, 5u, 100u, 1000u}) {
      std::ranges::shuffle(tickets, random);
      DrawOrder order(keep);
      for (auto const& ticket : tickets) order.offer(ticket);
      auto const expected = std::min(keep, count);
      auto const drawn = order.drawn();
      ASSERT_EQ(drawn.size(), expected);
      EXPECT_TRUE(std::ranges::equal(drawn, std::span(sorted).first(expected))) << "seed " << seed;
      EXPECT_EQ(order.offered(), count);
    }
  }
}

TEST(DrawOrder, HashBytesAreUnsignedAndComeBeforeTheRow) {
  DrawTicket low{{}, 9};
  DrawTicket high{{}, 1};
  low.hash[0] = std::byte{0x7F};
  high.hash[0] = std::byte{0x80};
  EXPECT_LT(low, high);
  high.hash = low.hash;
  EXPECT_LT(high, low);
}

}  // namespace
}  // namespace leadex::quality
