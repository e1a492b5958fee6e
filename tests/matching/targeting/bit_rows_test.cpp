#include "matching/targeting/bit_rows.hpp"

#include <gtest/gtest.h>

#include <iostream>
#include <random>
#include <vector>

namespace leadex::targeting {
namespace {

using Plain = std::vector<std::vector<bool>>;  // by row, as long as there are places in use

void expect_same(BitRows const& bits, Plain const& plain) {
  for (std::size_t r = 0; r < plain.size(); ++r) {
    for (std::size_t place = 0; place < bits.places(); ++place) {
      bool const set = ((bits.row(r)[place / 64] >> (place % 64)) & 1) != 0;
      ASSERT_EQ(set, place < plain[r].size() && plain[r][place]) << "row " << r << " at " << place;
    }
  }
}

TEST(BitRows, DoWhatVectorsOfBoolsDo) {
  auto const seed = std::random_device{}();
  std::cout << "seed " << seed << "\n";
  std::mt19937 random(seed);
  constexpr std::size_t kRows = 3;
  BitRows bits(kRows, 1);
  Plain plain(kRows);
  for (int i = 0; i < 3000; ++i) {
    auto const size = plain[0].size();
    bool const shrink = size > 400 || (size > 0 && random() % 3 == 0);
    auto const place = random() % (shrink ? size : size + 1);
    if (size > 300 && random() % 50 == 0) {
      auto const upper = bits.cut_off(place);
      Plain high(kRows);
      for (std::size_t r = 0; r < kRows; ++r) {
        auto const at = plain[r].begin() + static_cast<std::ptrdiff_t>(place);
        high[r].assign(at, plain[r].end());
        plain[r].erase(at, plain[r].end());
      }
      expect_same(upper, high);
    } else if (shrink) {
      bits.close(place);
      for (auto& row : plain) row.erase(row.begin() + static_cast<std::ptrdiff_t>(place));
    } else {
      if (size + 1 > bits.places()) bits.widen(size + 1);
      bits.open(place);
      for (std::size_t r = 0; r < kRows; ++r) {
        bool const set = random() % 2 == 0;
        plain[r].insert(plain[r].begin() + static_cast<std::ptrdiff_t>(place), set);
        if (set) bits.set(r, place);
      }
    }
    expect_same(bits, plain);
    ASSERT_FALSE(::testing::Test::HasFatalFailure()) << "seed " << seed;
  }
}

}  // namespace
}  // namespace leadex::targeting
