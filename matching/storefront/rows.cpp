#include "matching/storefront/rows.hpp"

#include <algorithm>
#include <bit>

#include "billing/values/check.hpp"

namespace leadex::storefront {

int population(Block const& block) {
  int total = 0;
  for (auto const word : block) total += std::popcount(word);
  return total;
}

Rows::Rows(targeting::Schema schema) : schema_(std::move(schema)) {
  for (std::size_t i = 0; i < schema_.size(); ++i) {
    auto const attribute = static_cast<targeting::AttributeIndex>(i);
    auto const& def = schema_.at(attribute);
    auto column = attribute == schema_.lead_age_s() ? Column::of_moments() : Column::of(def);
    column.lane = lanes_[static_cast<std::size_t>(std::countr_zero(column.width))]++;
    columns_.push_back(column);
    bool const counted = def.type == targeting::AttributeType::choice ||
                         def.type == targeting::AttributeType::boolean;
    counts_.emplace_back(counted ? column.span + 2 : 0);
  }
  others_.resize(schema_.size());
}

Slot Rows::add(Entry const& entry) {
  LEADEX_CHECK(entry.values.size() == schema_.size());
  if (free_ == kNoFreeSlot) grow();
  auto const slot = static_cast<Slot>(free_);
  auto& home = segment(slot);
  free_ = home.lead_no[row(slot)];
  home.lead_no[row(slot)] = entry.lead_no;
  home.ask[row(slot)] = entry.ask_micros;
  home.listed[row(slot)] = entry.listed_us;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    auto const& column = columns_[i];
    auto const value = column.moments ? entry.captured_us : entry.values[i];
    auto const code = column.code_of(value);
    set_code(column, slot, code);
    if (code == column.other() && !column.moments) others_[i].emplace(slot, value);
    if (!counts_[i].empty()) ++counts_[i][std::min<Code>(code, column.span + 1)];
  }
  set_bit(slot, Supply::any, true);
  set_supply(slot, entry.shares_left, entry.whole);
  return slot;
}

void Rows::drop(Slot slot) {
  LEADEX_CHECK(supplied(Supply::any, slot));
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    auto const& column = columns_[i];
    auto const code = this->code(column, slot);
    if (code == column.other() && !column.moments) others_[i].erase(slot);
    if (!counts_[i].empty()) --counts_[i][std::min<Code>(code, column.span + 1)];
  }
  set_supply(slot, 0, false);
  set_bit(slot, Supply::any, false);
  segment(slot).lead_no[row(slot)] = free_;
  free_ = slot;
}

void Rows::set_supply(Slot slot, std::int32_t shares_left, bool whole) {
  set_bit(slot, Supply::share, shares_left > 0);
  set_bit(slot, Supply::whole, whole);
}

void Rows::set_bit(Slot slot, Supply supply, bool on) {
  auto const kind = static_cast<std::size_t>(supply);
  auto& word = segment(slot).supply[kind][row(slot) / 64];
  auto const mask = std::uint64_t{1} << (slot % 64);
  if (((word & mask) != 0) == on) return;
  word ^= mask;
  on ? ++supplied_[kind] : --supplied_[kind];
}

void Rows::grow() {
  auto const first = end();
  LEADEX_CHECK(first + kSegmentRows <= kSlotsMax);
  auto made = std::make_unique<Segment>();
  std::get<0>(made->codes).resize(lanes_[0] * kSegmentRows);
  std::get<1>(made->codes).resize(lanes_[1] * kSegmentRows);
  std::get<2>(made->codes).resize(lanes_[2] * kSegmentRows);
  std::get<3>(made->codes).resize(lanes_[3] * kSegmentRows);
  for (std::size_t i = 0; i < kSegmentRows; ++i) {
    bool const last = i + 1 == kSegmentRows;
    made->lead_no[i] = last ? free_ : static_cast<std::int64_t>(first + i + 1);
  }
  segments_.push_back(std::move(made));
  free_ = first;
}

Code Rows::code(Column const& column, Slot slot) const {
  return with_width(column.width,
                    [&](auto zero) -> Code { return *codes<decltype(zero)>(column, slot); });
}

void Rows::set_code(Column const& column, Slot slot, Code code) {
  with_width(column.width, [&](auto zero) {
    using T = decltype(zero);
    std::get<std::vector<T>>(segment(slot).codes)[column.lane * kSegmentRows + row(slot)] =
        static_cast<T>(code);
  });
}

std::int64_t Rows::score_place(Code code, Slot slot) const {
  auto const& column = columns_[schema_.score()];
  auto const score =
      code == column.other() ? others_[schema_.score()].at(slot) : column.value_of(code);
  return score == targeting::kMissing ? kNoScorePlace : -score;
}

std::int64_t Rows::first_of(Order order, Slot slot) const {
  switch (order) {
    case Order::ask:
      return segment(slot).ask[row(slot)];
    case Order::score:
      return score_place(code(columns_[schema_.score()], slot), slot);
    case Order::captured:
      break;
  }
  return captured_place(code(columns_[schema_.lead_age_s()], slot));
}

void Rows::firsts_of(Order order, Slot first, Block const& block,
                     std::array<std::int64_t, kBlockRows>& firsts) const {
  auto const fill = [&](auto first_of_row) {
    for (std::size_t w = 0; w < kBlockWords; ++w) {
      for (auto bits = block[w]; bits != 0; bits &= bits - 1) {
        auto const i = w * 64 + static_cast<std::size_t>(std::countr_zero(bits));
        firsts[i] = first_of_row(i);
      }
    }
  };
  auto const fill_from = [&](Column const& column, auto place_of) {
    with_width(column.width, [&](auto zero) {
      auto const* const held = codes<decltype(zero)>(column, first);
      fill([&](std::size_t i) { return place_of(Code{held[i]}, first + static_cast<Slot>(i)); });
    });
  };
  switch (order) {
    case Order::ask:
      return fill([asks = segment(first).ask.data() + row(first)](auto i) { return asks[i]; });
    case Order::score:
      return fill_from(columns_[schema_.score()],
                       [this](Code code, Slot slot) { return score_place(code, slot); });
    case Order::captured:
      return fill_from(columns_[schema_.lead_age_s()],
                       [this](Code code, Slot /*slot*/) { return captured_place(code); });
  }
}

Place Rows::place(Order order, Slot slot) const {
  auto const first = first_of(order, slot);
  auto const& home = segment(slot);
  auto const lead = home.lead_no[row(slot)];
  if (order == Order::ask) return {first, home.listed[row(slot)], lead};
  return {first, 0, -lead};
}

Block Rows::supply(Supply supply, Slot first) const {
  auto const& words = segment(first).supply[static_cast<std::size_t>(supply)];
  Block block;
  for (std::size_t w = 0; w < kBlockWords; ++w) block[w] = words[row(first) / 64 + w];
  return block;
}

std::size_t Rows::bytes() const {
  constexpr std::size_t kNodeBytes = 64;  // of a map
  std::size_t total = segments_.capacity() * sizeof(segments_[0]);
  for (auto const& held : segments_) {
    total += sizeof(Segment);
    std::apply([&](auto const&... lanes) { ((total += lanes.capacity() * sizeof(lanes[0])), ...); },
               held->codes);
  }
  for (auto const& others : others_) total += others.size() * kNodeBytes;
  for (auto const& counts : counts_) total += counts.capacity() * sizeof(counts[0]);
  return total;
}

}  // namespace leadex::storefront
