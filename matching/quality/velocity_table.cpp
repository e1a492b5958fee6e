#include "matching/quality/velocity_table.hpp"

#include <algorithm>
#include <limits>
#include <tuple>

#include "billing/values/check.hpp"

namespace leadex::quality {

namespace {

constexpr int kRowBitsMax = 24;
constexpr int kKeyBits = 64;

}  // namespace

VelocityTable::VelocityTable(int row_bits) : row_bits_(row_bits) {
  LEADEX_CHECK(row_bits >= 0 && row_bits <= kRowBitsMax);
  rows_.resize(std::size_t{1} << static_cast<unsigned>(row_bits));
}

VelocityCounts VelocityTable::count(std::uint64_t key, std::int64_t now_us) {
  LEADEX_CHECK(key != 0 && now_us >= 0);
  auto const row_no =
      row_bits_ == 0 ? std::uint64_t{} : key >> static_cast<unsigned>(kKeyBits - row_bits_);
  auto& row = rows_.at(static_cast<std::size_t>(row_no));
  auto* place = std::ranges::find(row, key, &Place::key);
  if (place == row.end()) {
    place = std::ranges::min_element(row, {}, [](Place const& held) {
      return std::tuple{held.seen_us / kVelocityWindowsUs.back(), held.n.back(), held.seen_us};
    });
    *place = {.key = key, .seen_us = now_us};
  }
  VelocityCounts counts{};
  for (std::size_t i = 0; i < counts.size(); ++i) {
    auto& n = place->n.at(i);
    auto const window = kVelocityWindowsUs.at(i);
    if (place->seen_us / window != now_us / window) n = 0;
    if (n < std::numeric_limits<std::uint32_t>::max()) ++n;
    counts.at(i) = n;
  }
  place->seen_us = now_us;
  return counts;
}

bool is_crowd(VelocityCounts const& counts, VelocityCounts const& most) {
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts.at(i) > most.at(i)) return true;
  }
  return false;
}

}  // namespace leadex::quality
