#include "matching/targeting/segment.hpp"

namespace leadex::targeting {
namespace {

constexpr std::size_t kLooseFloor = 16;   // as many may be loose in any segment,
constexpr std::size_t kLooseShare = 4;    // or 1 in 4
constexpr std::size_t kChangesShare = 4;  // changes per member until cuts are looked for anew
constexpr std::size_t kMembersStep = 64;  // members' memory grows by so many

}  // namespace

std::size_t Segment::place_for(PlaceKey const& key, ConjunctionTable const& table) const {
  auto const place =
      std::ranges::partition_point(members_, [&](ConjunctionNo no) { return table.key(no) < key; });
  return static_cast<std::size_t>(place - members_.begin());
}

void Segment::insert(std::size_t place, ConjunctionNo no, Surroundings const& around) {
  if (members_.size() == members_.capacity() && members_.size() >= kMembersStep) {
    members_.reserve(members_.size() + kMembersStep);
  }
  members_.insert(members_.begin() + static_cast<std::ptrdiff_t>(place), no);
  if (rows_ == nullptr) {
    if (members_.size() > kPlainMax) lay_out(around);
    return;
  }
  if (members_.size() > rows_->bits.places()) rows_->bits.widen(members_.size());
  rows_->bits.open(place);
  write(place, no, around);
  ++rows_->changes;
  if (rows_->loose > kLooseFloor + members_.size() / kLooseShare ||
      rows_->changes > kChangesShare * members_.size()) {
    lay_out(around);
  }
}

void Segment::erase(std::size_t place) {
  members_.erase(members_.begin() + static_cast<std::ptrdiff_t>(place));
  if (rows_ == nullptr) return;
  rows_->bits.close(place);
  if (members_.size() < kPlainMax / 2) rows_.reset();
}

void Segment::set_eligible(std::size_t place, bool eligible) {
  if (rows_ == nullptr) return;  // asked of the table, then
  eligible ? rows_->bits.set(SegmentLayout::kEligible, place)
           : rows_->bits.clear(SegmentLayout::kEligible, place);
}

Segment Segment::split() {
  auto const half = members_.size() / 2;
  Segment second;
  second.members_.assign(members_.begin() + static_cast<std::ptrdiff_t>(half), members_.end());
  members_.resize(half);
  members_.shrink_to_fit();
  if (rows_ != nullptr) {
    second.rows_ = std::make_unique<Rows>();
    second.rows_->layout = rows_->layout;
    second.rows_->bits = rows_->bits.cut_off(half);
    second.rows_->changes = rows_->changes /= 2;
    second.rows_->loose = rows_->loose /= 2;
  }
  return second;
}

void Segment::append(Segment const& next, Surroundings const& around) {
  members_.reserve(members_.size() + next.members_.size());
  members_.insert(members_.end(), next.members_.begin(), next.members_.end());
  if (members_.size() > kPlainMax) lay_out(around);
}

void Segment::write(std::size_t place, ConjunctionNo no, Surroundings const& around) {
  auto& bits = rows_->bits;
  if (around.table.eligible(no)) bits.set(SegmentLayout::kEligible, place);
  auto const terms = around.table.at(no).terms;
  if (rows_->layout.write(around.table.pool(), terms, around.skipped, place, bits)) return;
  bits.set(SegmentLayout::kLoose, place);
  ++rows_->loose;
}

void Segment::lay_out(Surroundings const& around) {
  std::vector<TermRef> terms;
  terms.reserve(members_.size());
  for (auto const no : members_) terms.push_back(around.table.at(no).terms);
  rows_ = std::make_unique<Rows>();
  rows_->layout = {around.schema, around.table.pool(), terms, around.skipped};
  rows_->bits = {rows_->layout.rows(), members_.size()};
  for (std::size_t place = 0; place < members_.size(); ++place) {
    write(place, members_[place], around);
  }
  rows_->loose = 0;  // those that no layout can fit are no reason for another one
  rows_->layout.put_in_order(rows_->bits);
}

bool Segment::join(Rows const& rows, std::span<std::int64_t const> values, Left& left) {
  auto const words = rows.bits.words();
  auto const refuse = [&](std::size_t index) {
    auto const* const row = rows.bits.row(index);
    std::uint64_t any = 0;
    for (std::size_t w = 0; w < words; ++w) any |= (left.places[w] &= ~row[w]);
    return any == 0;
  };
  auto const doubt = [&](std::size_t index) {
    auto const* const row = rows.bits.row(index);
    for (std::size_t w = 0; w < words; ++w) left.doubts[w] |= row[w];
  };
  std::copy_n(rows.bits.row(SegmentLayout::kEligible), words, left.places.begin());
  std::copy_n(rows.bits.row(SegmentLayout::kLoose), words, left.doubts.begin());
  for (auto const& column : rows.layout.columns()) {
    auto const chosen = rows.layout.rows_for(column, values[column.attribute]);
    if (refuse(chosen.refusing)) return false;
    if (chosen.refusing_too != ColumnRows::kNone && refuse(chosen.refusing_too)) return false;
    if (chosen.doubting != ColumnRows::kNone) doubt(chosen.doubting);
  }
  return true;
}

}  // namespace leadex::targeting
