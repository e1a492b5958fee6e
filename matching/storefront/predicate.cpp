#include "matching/storefront/predicate.hpp"

#include <algorithm>
#include <bit>

#include "matching/storefront/code_bits.hpp"

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

// Calls `use` with a function of a code, made for this predicate so that loops over it are tight.
template <class T, class Use>
void Predicate::with_test(Use&& use) const {
  auto const low_of = [](CodeInterval const& interval) { return static_cast<T>(interval.low); };
  auto const width_of = [](CodeInterval const& interval) {
    return static_cast<T>(interval.high - interval.low);
  };
  auto const* const table = table_.data();
  if (test_ == Test::table) {
    return use([=](T code) { return table[static_cast<std::size_t>(code)] != 0; });
  }
  if (test_ == Test::search) {
    return use([=, this](T code) {
      return (table[static_cast<std::size_t>(code) % kEndCodes] != 0 && found(code)) != negated_;
    });
  }
  bool const negated = negated_;
  if (intervals_.size() == 1) {
    auto const low = low_of(intervals_[0]);
    auto const width = width_of(intervals_[0]);
    return use([=](T code) { return (static_cast<T>(code - low) <= width) != negated; });
  }
  // Places that are left repeat the last interval.
  std::array<T, kComparedMax> lows{};
  std::array<T, kComparedMax> widths{};
  bool const none = intervals_.empty();
  for (std::size_t i = 0; i < kComparedMax && !none; ++i) {
    auto const& interval = intervals_[std::min(i, intervals_.size() - 1)];
    lows[i] = low_of(interval);
    widths[i] = width_of(interval);
  }
  if (none) return use([=](T /*code*/) { return negated; });
  use([=](T code) {
    bool inside = false;
    for (std::size_t i = 0; i < kComparedMax; ++i) {
      inside |= static_cast<T>(code - lows[i]) <= widths[i];
    }
    return inside != negated;
  });
}

template <class T>
std::uint64_t Predicate::word(T const* codes) const {
  if (test_ != Test::intervals) {
    std::array<std::uint8_t, 64> marks;
    with_test<T>([&](auto accepts) {
      for (std::size_t i = 0; i < marks.size(); ++i) marks[i] = accepts(codes[i]) ? 1 : 0;
    });
    return marked(marks.data());
  }
  std::uint64_t inside = 0;
  for (auto const& interval : intervals_) {
    inside |= codes_within<T>(codes, static_cast<T>(interval.low),
                              static_cast<T>(interval.high - interval.low));
  }
  return negated_ ? ~inside : inside;
}

Block Predicate::block(Rows const& rows, Slot first) const {
  auto const& column = rows.column(attribute_);
  Block block;
  with_width(column.width, [&](auto zero) {
    auto const* const codes = rows.codes<decltype(zero)>(column, first);
    for (std::size_t w = 0; w < kBlockWords; ++w) block[w] = word(codes + w * 64);
  });
  auto const& others = rows.others(attribute_);
  if (others.empty()) return block;
  for (auto other = others.lower_bound(first);
       other != others.end() && other->first < first + kBlockRows; ++other) {
    auto const bit = std::uint64_t{1} << (other->first % 64);
    auto& word = block[(other->first - first) / 64];
    word = accepted_.contains(other->second) ? word | bit : word & ~bit;
  }
  return block;
}

std::size_t Predicate::cost(Rows const& rows) const {
  constexpr std::size_t kLookup = 16;  // one code at a time
  auto const width = rows.column(attribute_).width;
  return test_ == Test::intervals ? std::max<std::size_t>(intervals_.size(), 1) * width : kLookup;
}

Block Predicate::narrow(Rows const& rows, Slot first, Block const& held) const {
  auto block = held;
  if (!rows.others(attribute_).empty()) {
    auto const all = this->block(rows, first);
    for (std::size_t w = 0; w < kBlockWords; ++w) block[w] &= all[w];
    return block;
  }
  auto const& column = rows.column(attribute_);
  with_width(column.width, [&](auto zero) {
    using T = decltype(zero);
    auto const* const codes = rows.codes<T>(column, first);
    if (test_ == Test::intervals) {
      for (std::size_t w = 0; w < kBlockWords; ++w) {
        if (held[w] != 0) block[w] &= word(codes + w * 64);
      }
      return;
    }
    with_test<T>([&](auto accepts) {
      for (std::size_t w = 0; w < kBlockWords; ++w) {
        for (auto bits = held[w]; bits != 0; bits &= bits - 1) {
          auto const i = static_cast<std::size_t>(std::countr_zero(bits));
          if (!accepts(codes[w * 64 + i])) block[w] &= ~(std::uint64_t{1} << i);
        }
      }
    });
  });
  return block;
}

std::uint64_t Predicate::pick(Rows const& rows, std::span<Slot const> slots) const {
  auto const& column = rows.column(attribute_);
  std::uint64_t picked = 0;
  with_width(column.width, [&](auto zero) {
    using T = decltype(zero);
    // All read before any is tested, so that the reads, far apart, wait together.
    std::array<T, 64> codes;
    for (std::size_t i = 0; i < slots.size(); ++i) codes[i] = *rows.codes<T>(column, slots[i]);
    with_test<T>([&](auto accepts) {
      for (std::size_t i = 0; i < slots.size(); ++i) {
        picked |= std::uint64_t{accepts(codes[i])} << i;
      }
    });
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
