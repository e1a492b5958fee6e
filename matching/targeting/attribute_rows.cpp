#include "matching/targeting/attribute_rows.hpp"

#include <algorithm>

namespace leadex::targeting {
namespace {

// The values a text set names: those it lists, or those it leaves out. Texts know no ranges, so a
// set or its complement is always finite and small.
template <class Visit>
void for_each_named(ValueSet const& accepted, Visit visit) {
  bool const leaves_out = accepted.contains(kValueMax);
  auto const& listed = leaves_out ? accepted.complement() : accepted;
  for (auto const& interval : listed.intervals()) {
    for (auto value = interval.low; value <= interval.high; ++value) visit(value);
  }
}

// At most `kBucketsMax - 1` cuts that split the given ones evenly, repeats counted.
std::vector<std::int64_t> even_cuts(std::vector<std::int64_t> cuts) {
  constexpr std::size_t kCutsMax = AttributeRows::kBucketsMax - 1;
  std::ranges::sort(cuts);
  auto different = cuts;
  different.erase(std::ranges::unique(different).begin(), different.end());
  if (different.size() <= kCutsMax) return different;
  std::vector<std::int64_t> chosen;
  for (std::size_t i = 0; i < kCutsMax; ++i) {
    auto const cut = cuts[i * cuts.size() / kCutsMax];
    if (chosen.empty() || chosen.back() != cut) chosen.push_back(cut);
  }
  return chosen;
}

template <class Visit>
void for_each_cut(ValueSet const& accepted, Visit visit) {
  for (auto const& interval : accepted.intervals()) {
    if (interval.low != kValueMin) visit(interval.low);
    if (interval.high != kValueMax) visit(interval.high + 1);
  }
}

}  // namespace

AttributeRows::AttributeRows(AttributeDef const& def) : type_(def.type) {
  switch (type_) {
    case AttributeType::choice:  // missing, each choice, anything else
      rows_.resize(def.choices.size() + 2);
      break;
    case AttributeType::boolean:
      rows_.resize(4);
      break;
    case AttributeType::text:
    case AttributeType::integer:
      rows_.resize(2);
      break;
  }
}

void AttributeRows::Row::set(std::uint32_t slot) {
  auto& word = words[slot / 64];
  auto const mask = std::uint64_t{1} << (slot % 64);
  count += (word & mask) == 0 ? 1 : 0;
  word |= mask;
}

void AttributeRows::Row::clear(std::uint32_t slot) {
  auto& word = words[slot / 64];
  auto const mask = std::uint64_t{1} << (slot % 64);
  count -= (word & mask) != 0 ? 1 : 0;
  word &= ~mask;
  if (!partial.empty()) partial[slot / 64] &= ~mask;
}

void AttributeRows::resize(std::size_t words) {
  for (auto& row : rows_) {
    row.words.resize(words);
    if (!row.partial.empty()) row.partial.resize(words);
  }
}

void AttributeRows::add(std::uint32_t slot, ValueSet const* accepted) {
  if (accepted == nullptr) {
    for (auto& row : rows_) row.set(slot);
    return;
  }
  ++named_;
  if (accepted->accepts_missing()) rows_[0].set(slot);
  switch (type_) {
    case AttributeType::choice:
    case AttributeType::boolean:
      return add_ordinals(slot, *accepted);
    case AttributeType::text:
      return add_texts(slot, *accepted);
    case AttributeType::integer:
      return add_integers(slot, *accepted);
  }
}

void AttributeRows::drop(std::uint32_t slot, ValueSet const* accepted) {
  for (auto& row : rows_) row.clear(slot);
  if (accepted == nullptr) return;
  --named_;
  if (type_ == AttributeType::text) drop_flips(slot, *accepted);
}

bool AttributeRows::wants_rebuild() const {
  if (type_ == AttributeType::text) return rows_.size() > 2;
  return type_ == AttributeType::integer &&
         std::ranges::any_of(rows_, [](Row const& row) { return !row.partial.empty(); });
}

void AttributeRows::rebuild(std::span<Member const> members) {
  Row everything;
  everything.words.resize(rows_[0].words.size());
  for (auto const& member : members) {
    if (member.accepted == nullptr) everything.set(member.slot);
  }
  named_ = 0;
  texts_.clear();
  cuts_.clear();
  std::size_t row_count = 2;
  if (type_ == AttributeType::integer) {
    std::vector<std::int64_t> cuts;
    for (auto const& member : members) {
      if (member.accepted == nullptr) continue;
      for_each_cut(*member.accepted, [&](std::int64_t first) { cuts.push_back(first); });
    }
    cuts_ = even_cuts(std::move(cuts));
    row_count = cuts_.size() + 2;
  }
  rows_.assign(row_count, everything);
  for (auto const& member : members) {
    if (member.accepted != nullptr) add(member.slot, member.accepted);
  }
}

RowView AttributeRows::row(std::int64_t value) const {
  auto const view = [&](std::size_t index) {
    auto const& found = rows_[index];
    return RowView{found.words.data(),
                   {},
                   found.count,
                   found.partial.empty() ? nullptr : found.partial.data()};
  };
  if (value == kMissing) return view(0);
  if (type_ == AttributeType::integer) {
    return view(1 +
                static_cast<std::size_t>(std::ranges::upper_bound(cuts_, value) - cuts_.begin()));
  }
  if (type_ != AttributeType::text) return view(ordinal_row(value));
  auto const text = texts_.find(value);
  if (text == texts_.end()) return view(1);
  if (text->second.own_row != 0) return view(text->second.own_row);
  auto shared = view(1);
  shared.flips = text->second.flips;
  shared.count += shared.flips.size();
  return shared;
}

std::size_t AttributeRows::ordinal_row(std::int64_t value) const {
  auto const other = rows_.size() - 1;
  bool const listed = value >= 0 && static_cast<std::uint64_t>(value) < other - 1;
  return listed ? static_cast<std::size_t>(value) + 1 : other;
}

void AttributeRows::add_ordinals(std::uint32_t slot, ValueSet const& accepted) {
  auto const other = rows_.size() - 1;
  for (std::size_t i = 1; i < other; ++i) {
    if (accepted.contains(static_cast<std::int64_t>(i - 1))) rows_[i].set(slot);
  }
  // Lists name only values of the schema, so all values beyond it are accepted or none.
  if (accepted.contains(kValueMax)) rows_[other].set(slot);
}

void AttributeRows::add_texts(std::uint32_t slot, ValueSet const& accepted) {
  bool const leaves_out = accepted.contains(kValueMax);
  if (leaves_out) {
    for (std::size_t i = 1; i < rows_.size(); ++i) rows_[i].set(slot);
  }
  for_each_named(accepted, [&](std::int64_t value) {
    auto& text = texts_[value];
    if (text.own_row == 0) {
      text.flips.push_back(slot);
      // A row costs as much as this many flips when joined.
      auto const flips_max = std::max<std::size_t>(64, 2 * rows_[1].words.size());
      if (text.flips.size() > flips_max) give_own_row(text);
    } else if (leaves_out) {
      rows_[text.own_row].clear(slot);
    } else {
      rows_[text.own_row].set(slot);
    }
  });
}

void AttributeRows::give_own_row(Text& text) {
  auto row = rows_[1];
  for (auto const slot : text.flips) {
    bool const accepts = ((row.words[slot / 64] >> (slot % 64)) & 1) == 0;
    accepts ? row.set(slot) : row.clear(slot);
  }
  text.own_row = rows_.size();
  text.flips = {};
  rows_.push_back(std::move(row));
}

void AttributeRows::drop_flips(std::uint32_t slot, ValueSet const& accepted) {
  for_each_named(accepted, [&](std::int64_t value) {
    auto const text = texts_.find(value);
    if (text->second.own_row != 0) return;
    auto& flips = text->second.flips;
    auto const place = std::ranges::find(flips, slot);
    *place = flips.back();
    flips.pop_back();
    if (flips.empty()) texts_.erase(text);
  });
}

void AttributeRows::add_integers(std::uint32_t slot, ValueSet const& accepted) {
  for_each_cut(accepted, [&](std::int64_t first) { cut(first); });
  for (std::size_t bucket = 0; bucket <= cuts_.size(); ++bucket) {
    auto const low = bucket == 0 ? kValueMin : cuts_[bucket - 1];
    auto const high = bucket == cuts_.size() ? kValueMax : cuts_[bucket] - 1;
    if (!accepted.intersects(low, high)) continue;
    auto& row = rows_[bucket + 1];
    row.set(slot);
    if (accepted.covers(low, high)) continue;
    row.partial.resize(row.words.size());
    row.partial[slot / 64] |= std::uint64_t{1} << (slot % 64);
  }
}

void AttributeRows::cut(std::int64_t first) {
  if (cuts_.size() + 1 >= kBucketsMax) return;
  auto const place = std::ranges::lower_bound(cuts_, first);
  if (place != cuts_.end() && *place == first) return;
  auto const bucket = static_cast<std::size_t>(place - cuts_.begin());
  auto copy = rows_[bucket + 1];
  rows_.insert(rows_.begin() + static_cast<std::ptrdiff_t>(bucket) + 1, std::move(copy));
  cuts_.insert(place, first);
}

}  // namespace leadex::targeting
