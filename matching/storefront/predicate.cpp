#include "matching/storefront/predicate.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace leadex::storefront {
namespace {

constexpr std::size_t kComparedMax = 4;                  // intervals
constexpr std::size_t kEndCodes = std::size_t{1} << 14;  // ends of codes told apart by a search

std::vector<CodeInterval> complement(std::vector<CodeInterval> const& intervals, Code last) {
  std::vector<CodeInterval> rest;
  Code from = 0;
  for (auto const& interval : intervals) {
    if (interval.low > from) rest.push_back({from, interval.low - 1});
    if (interval.high >= last) return rest;
    from = interval.high + 1;
  }
  rest.push_back({from, last});
  return rest;
}

/// Bytes of 0 and 1 → bits, the first byte lowest.
Block pack(std::uint8_t const* marks) {
  static_assert(std::endian::native == std::endian::little);
  constexpr std::uint64_t kGather = 0x0102'0408'1020'4080;
  Block block{};
  for (std::size_t w = 0; w < kBlockWords; ++w) {
    for (std::size_t byte = 0; byte < 8; ++byte) {
      std::uint64_t eight{};
      std::memcpy(&eight, marks + w * 64 + byte * 8, 8);
      block[w] |= (eight * kGather) >> 56 << (byte * 8);
    }
  }
  return block;
}

}  // namespace

Predicate::Predicate(Rows const& rows, targeting::AttributeIndex attribute,
                     targeting::ValueSet const& accepted, std::int64_t now_us)
    : attribute_(attribute), accepted_(accepted) {
  auto const& column = rows.column(attribute);
  intervals_ = column.moments ? column.codes_of_ages(accepted, now_us) : column.codes_of(accepted);
  choose_test(column);
}

void Predicate::choose_test(Column const& column) {
  if (intervals_.size() <= kComparedMax) return;
  auto refused = complement(intervals_, column.other());
  if (refused.size() <= kComparedMax) {
    intervals_ = std::move(refused);
    negated_ = true;
    return;
  }
  if (column.width <= 2) {
    test_ = Test::table;
    table_.resize(static_cast<std::size_t>(column.other()) + 1);
    for (auto const& interval : intervals_) {
      for (auto code = interval.low; code <= interval.high; ++code) table_[code] = 1;
    }
    return;
  }
  auto const codes_in = [](std::vector<CodeInterval> const& list) {
    Code total = 0;
    for (auto const& one : list) total += std::min<Code>(one.high - one.low, kEndCodes) + 1;
    return total;
  };
  if (codes_in(refused) < codes_in(intervals_)) {
    intervals_ = std::move(refused);
    negated_ = true;
  }
  test_ = Test::search;
  table_.resize(kEndCodes);
  for (auto const& interval : intervals_) {
    auto const count = std::min<Code>(interval.high - interval.low, kEndCodes - 1);
    for (Code i = 0; i <= count; ++i) table_[(interval.low + i) % kEndCodes] = 1;
  }
}

bool Predicate::found(Code code) const {
  auto const next = std::ranges::upper_bound(intervals_, code, {}, &CodeInterval::low);
  return next != intervals_.begin() && std::prev(next)->high >= code;
}

template <class T>
bool Predicate::accepts(T code) const {
  switch (test_) {
    case Test::intervals: {
      bool inside = false;
      for (auto const& interval : intervals_) {
        auto const width = static_cast<T>(interval.high - interval.low);
        inside |= static_cast<T>(code - static_cast<T>(interval.low)) <= width;
      }
      return inside != negated_;
    }
    case Test::table:
      return table_[static_cast<std::size_t>(code)] != 0;
    case Test::search:
      break;
  }
  return (table_[code % kEndCodes] != 0 && found(code)) != negated_;
}

template <class T>
void Predicate::mark(T const* codes, std::uint8_t* marks) const {
  if (test_ != Test::intervals) {
    for (std::size_t i = 0; i < kBlockRows; ++i) marks[i] = accepts(codes[i]) ? 1 : 0;
    return;
  }
  std::fill_n(marks, kBlockRows, negated_ ? std::uint8_t{1} : std::uint8_t{0});
  for (auto const& interval : intervals_) {
    auto const low = static_cast<T>(interval.low);
    auto const width = static_cast<T>(interval.high - interval.low);
    for (std::size_t i = 0; i < kBlockRows; ++i) {
      marks[i] ^= static_cast<std::uint8_t>(static_cast<T>(codes[i] - low) <= width);
    }
  }
}

Block Predicate::block(Rows const& rows, Slot first) const {
  auto const& column = rows.column(attribute_);
  std::array<std::uint8_t, kBlockRows> marks;
  with_width(column.width,
             [&](auto zero) { mark(rows.codes<decltype(zero)>(column, first), marks.data()); });
  auto const& others = rows.others(attribute_);
  if (!others.empty()) {
    for (auto other = others.lower_bound(first);
         other != others.end() && other->first < first + kBlockRows; ++other) {
      marks[other->first - first] = accepted_.contains(other->second) ? 1 : 0;
    }
  }
  return pack(marks.data());
}

std::uint64_t Predicate::pick(Rows const& rows, std::span<Slot const> slots) const {
  auto const& column = rows.column(attribute_);
  std::uint64_t picked = 0;
  with_width(column.width, [&](auto zero) {
    for (std::size_t i = 0; i < slots.size(); ++i) {
      auto const code = *rows.codes<decltype(zero)>(column, slots[i]);
      picked |= std::uint64_t{accepts(code)} << i;
    }
  });
  auto const& others = rows.others(attribute_);
  if (others.empty()) return picked;
  for (std::size_t i = 0; i < slots.size(); ++i) {
    auto const other = others.find(slots[i]);
    if (other == others.end()) continue;
    auto const bit = std::uint64_t{1} << i;
    picked = accepted_.contains(other->second) ? picked | bit : picked & ~bit;
  }
  return picked;
}

}  // namespace leadex::storefront
