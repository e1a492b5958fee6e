#include "matching/targeting/segment.hpp"

namespace leadex::targeting {
namespace {

constexpr std::size_t kStep = 64;  // places; memory grows by so many

}  // namespace

std::size_t Segment::place_for(PlaceKey const& key, ConjunctionTable const& table) const {
  auto const place =
      std::ranges::partition_point(members_, [&](ConjunctionNo no) { return table.key(no) < key; });
  return static_cast<std::size_t>(place - members_.begin());
}

void Segment::insert(std::size_t place, ConjunctionNo no, Surroundings const& around) {
  if (members_.size() == members_.capacity() && members_.size() >= kStep) {
    members_.reserve(members_.size() + kStep);
  }
  members_.insert(members_.begin() + static_cast<std::ptrdiff_t>(place), no);
  if (place == 0) note_front(around.table);
  if (layout_ != around.layouts.current_tag()) {
    if (layout_ != Layouts::kNone || members_.size() > kPlainMax) lay_out(around);
    return;
  }
  if (members_.size() > bits_.places()) bits_.widen(members_.size());
  bits_.open(place);
  if (codes_.size() + code_count_ > codes_.capacity()) {
    codes_.reserve(codes_.size() + kStep * code_count_);
  }
  codes_.insert(code_place(place), code_count_, RangeCode{});
  around.layouts.count_written(write(place, no, around));
}

void Segment::erase(std::size_t place, Surroundings const& around) {
  members_.erase(members_.begin() + static_cast<std::ptrdiff_t>(place));
  if (place == 0) note_front(around.table);
  if (layout_ == Layouts::kNone) return;
  bits_.close(place);
  codes_.erase(code_place(place), code_place(place + 1));
  if (members_.size() < kPlainMax / 2) drop_rows(around);
}

void Segment::set_eligible(std::size_t place, bool eligible) {
  if (layout_ == Layouts::kNone) return;  // asked of the table, then
  eligible ? bits_.set(RowLayout::kEligible, place) : bits_.clear(RowLayout::kEligible, place);
}

Segment Segment::split(Surroundings const& around) {
  auto const half = members_.size() / 2;
  Segment second;
  second.members_.assign(members_.begin() + static_cast<std::ptrdiff_t>(half), members_.end());
  second.note_front(around.table);
  members_.resize(half);
  members_.shrink_to_fit();
  if (layout_ != Layouts::kNone) {
    second.bits_ = bits_.cut_off(half);
    second.codes_.assign(code_place(half), codes_.end());
    second.code_count_ = code_count_;
    codes_.erase(code_place(half), codes_.end());
    codes_.shrink_to_fit();
    second.layout_ = layout_;
    around.layouts.segment_moved(Layouts::kNone, layout_);
  }
  return second;
}

void Segment::append(Segment& next, Surroundings const& around) {
  members_.reserve(members_.size() + next.members_.size());
  members_.insert(members_.end(), next.members_.begin(), next.members_.end());
  next.members_.clear();
  next.drop_rows(around);
  if (members_.size() > kPlainMax) lay_out(around);
}

bool Segment::modernise(Surroundings const& around) {
  if (layout_ == Layouts::kNone || layout_ == around.layouts.current_tag()) return false;
  lay_out(around);
  return true;
}

bool Segment::write(std::size_t place, ConjunctionNo no, Surroundings const& around) {
  if (around.table.eligible(no)) bits_.set(RowLayout::kEligible, place);
  bool const fits = around.layouts.current().write(around.table.pool(), around.table.at(no).terms,
                                                   around.skipped, place, bits_, codes_at(place));
  if (!fits) bits_.set(RowLayout::kLoose, place);
  return fits;
}

void Segment::lay_out(Surroundings const& around) {
  around.layouts.segment_moved(layout_, around.layouts.current_tag());
  layout_ = around.layouts.current_tag();
  bits_ = {around.layouts.current().rows(), members_.size()};
  code_count_ = static_cast<std::uint8_t>(around.layouts.current().codes());
  codes_ = std::vector<RangeCode>(members_.size() * code_count_);
  for (std::size_t place = 0; place < members_.size(); ++place) {
    write(place, members_[place], around);
  }
}

void Segment::drop_rows(Surroundings const& around) {
  around.layouts.segment_moved(layout_, Layouts::kNone);
  layout_ = Layouts::kNone;
  bits_ = {};
  codes_ = {};
  code_count_ = 0;
}

void Segment::prefetch(std::span<ChosenRows const, 2> chosen) const {
  if (layout_ == Layouts::kNone) return;
  __builtin_prefetch(bits_.row(RowLayout::kEligible));
  __builtin_prefetch(bits_.row(RowLayout::kLoose));
  for (auto const& [attribute, rows] : chosen[layout_].all()) {
    __builtin_prefetch(bits_.row(rows.refusing));
    if (rows.refusing_too != ColumnRows::kNone) __builtin_prefetch(bits_.row(rows.refusing_too));
    if (rows.doubting != ColumnRows::kNone) __builtin_prefetch(bits_.row(rows.doubting));
  }
}

// One block of words. Its width is known to the compiler, so that it stays in registers from row to
// row. False when no place is left.
template <std::size_t kWords>
bool Segment::join_words(std::size_t from, ChosenRows const& chosen, AttributeIndex skipped,
                         Left& left) const {
  std::array<std::uint64_t, kWords> places;
  auto const refuse = [&](std::size_t index) {
    auto const* const row = bits_.row(index) + from;
    std::uint64_t any = 0;
    for (std::size_t w = 0; w < kWords; ++w) any |= (places[w] &= ~row[w]);
    return any == 0;
  };
  std::fill_n(left.places.begin() + from, kWords, 0);
  std::copy_n(bits_.row(RowLayout::kEligible) + from, kWords, places.begin());
  for (auto const& [attribute, rows] : chosen.all()) {
    if (attribute == skipped) continue;
    if (refuse(rows.refusing)) return false;
    if (rows.refusing_too != ColumnRows::kNone && refuse(rows.refusing_too)) return false;
  }
  std::ranges::copy(places, left.places.begin() + from);
  std::copy_n(bits_.row(RowLayout::kLoose) + from, kWords, places.begin());
  for (auto const& [attribute, rows] : chosen.all()) {
    if (attribute == skipped || rows.doubting == ColumnRows::kNone) continue;
    auto const* const row = bits_.row(rows.doubting) + from;
    for (std::size_t w = 0; w < kWords; ++w) places[w] |= row[w];
  }
  std::ranges::copy(places, left.doubts.begin() + from);
  return true;
}

bool Segment::join(ChosenRows const& chosen, AttributeIndex skipped, Left& left) const {
  constexpr std::size_t kBlock = 4 * BitRows::kStep;
  bool any = false;
  std::size_t from = 0;
  for (; from + kBlock <= bits_.words(); from += kBlock) {
    any = join_words<kBlock>(from, chosen, skipped, left) || any;
  }
  for (; from < bits_.words(); from += BitRows::kStep) {
    any = join_words<BitRows::kStep>(from, chosen, skipped, left) || any;
  }
  return any;
}

void Segment::collect(std::span<ChosenRows const, 2> chosen, AttributeIndex skipped,
                      FoundList& found) const {
  found.make_room(members_.size());
  if (layout_ == Layouts::kNone) {
    for (auto const no : members_) found.add({no, true}, true);
    return;
  }
  Left left;
  auto const& rows = chosen[layout_];
  if (!join(rows, skipped, left)) return;
  // Listed first: the walk over bits is hard to guess, and what it meets is fetched meanwhile.
  std::array<std::uint16_t, kPlacesMax> places;
  std::size_t count = 0;
  for (std::size_t w = 0; w < bits_.words(); ++w) {
    for (auto bits = left.places[w]; bits != 0; bits &= bits - 1) {
      auto const place = w * BitRows::kWordBits + static_cast<std::size_t>(std::countr_zero(bits));
      places[count++] = static_cast<std::uint16_t>(place);
      __builtin_prefetch(&members_[place]);
      __builtin_prefetch(codes_.data() + place * code_count_);
    }
  }
  for (auto const place : std::span(places).first(count)) {
    auto const* const codes = codes_.data() + std::size_t{place} * code_count_;
    bool refused = false;
    auto const word = left.doubts[place / BitRows::kWordBits];
    bool doubted = ((word >> (place % BitRows::kWordBits)) & 1) != 0;
    for (auto const& code : rows.codes()) {
      refused |= codes[code.place].refuses(code.value);
      doubted |= codes[code.place].doubts(code.value);
    }
    found.add({members_[place], doubted}, !refused);
  }
}

void Segment::note_front(ConjunctionTable const& table) {
  if (!members_.empty()) front_ = table.key(members_.front());
}

}  // namespace leadex::targeting
