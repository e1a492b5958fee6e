#include "matching/targeting/row_layout.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <iterator>

namespace leadex::targeting {
namespace {

constexpr std::size_t kLooseShare = 16;     // 1 in 16 may ask for attributes without a column
constexpr std::uint32_t kListedMax = 4096;  // values that are worth a hash each
constexpr std::size_t kHashesPerValue = 8;

// As many cuts as split the ends evenly, repeats counted. `ends` are in order and not empty.
std::vector<std::int64_t> even_cuts(std::span<std::int64_t const> ends, std::size_t count) {
  std::vector<std::int64_t> chosen;
  for (std::size_t i = 0; i < count; ++i) {
    auto const cut = ends[(2 * i + 1) * ends.size() / (2 * count)];
    if (chosen.empty() || chosen.back() != cut) chosen.push_back(cut);
  }
  return chosen;
}

// The bucket of a value between cuts, without branches that depend on the value: they would be
// guessed wrong every other time.
std::size_t bucket_of(std::span<std::int64_t const> cuts, std::int64_t value) {
  auto const* from = cuts.data();
  for (auto left = cuts.size(); left > 0;) {
    auto const half = (left + 1) / 2;
    from += from[half - 1] <= value ? half : 0;
    left -= half;
  }
  return static_cast<std::size_t>(from - cuts.data());
}

// Two buckets out of one product; `buckets` is a power of two, 256 at most.
struct Hashed {
  std::uint32_t first{};
  std::uint32_t second{};
};
Hashed hashed(std::int64_t value, std::uint32_t buckets) {
  auto const mixed = static_cast<std::uint64_t>(value) * 0x9e3779b97f4a7c15U;
  return {static_cast<std::uint32_t>(mixed >> 56) & (buckets - 1),
          static_cast<std::uint32_t>(mixed >> 40) & (buckets - 1)};
}

std::uint64_t bits_between(std::size_t first, std::size_t last) {  // both included, below 64
  return (~std::uint64_t{0} << first) & (~std::uint64_t{0} >> (63 - last));
}

template <class Visit>
void for_each_bit(std::uint64_t bits, Visit visit) {
  for (; bits != 0; bits &= bits - 1) visit(static_cast<std::size_t>(std::countr_zero(bits)));
}

Column::Kind kind_for(AttributeDef const& def) {
  switch (def.type) {
    case AttributeType::boolean:
      return Column::Kind::ordinals;
    case AttributeType::integer:
      return Column::Kind::ranges;
    case AttributeType::choice:
      if (def.choices.size() <= RowLayout::kOrdinalsMax) return Column::Kind::ordinals;
      break;
    case AttributeType::text:
      break;
  }
  return Column::Kind::hashes;
}

}  // namespace

struct RowLayout::Demand {
  std::size_t named{};
  std::size_t lists{};
  std::size_t listed{};  // values of those lists
  std::vector<std::int64_t> ends;
};

void RowLayout::count_demand(TermView const& term, AttributeDef const& def, Demand& demand) {
  ++demand.named;
  if (def.type == AttributeType::integer) {
    for (std::size_t i = 0; i < term.intervals(); ++i) {
      auto const [low, high] = term.interval(i);
      if (low != kValueMin) demand.ends.push_back(low);
      if (high != kValueMax) demand.ends.push_back(high + 1);
    }
  } else if (auto const listed = term.count_up_to(kListedMax)) {
    ++demand.lists;
    demand.listed += *listed;
  }
}

// Attributes without a column: the rarest, as long as all of them together are rare.
void RowLayout::forget_rare(std::vector<Demand>& demands, std::size_t members) {
  std::vector<Demand*> rarest;
  for (auto& demand : demands) rarest.push_back(&demand);
  std::ranges::stable_sort(rarest, {}, &Demand::named);
  std::size_t loose = 0;
  for (auto* const demand : rarest) {
    loose += demand->named;
    if (loose * kLooseShare > members) return;
    demand->named = 0;
  }
}

void RowLayout::add_column(AttributeIndex attribute, AttributeDef const& def, Demand& demand) {
  Column column;
  column.attribute = attribute;
  column.kind = kind_for(def);
  column.first_row = rows_;
  std::size_t doubt_rows = 0;
  if (column.kind == Column::Kind::ordinals) {
    auto const values = def.type == AttributeType::boolean ? 2 : def.choices.size();
    column.buckets = static_cast<std::uint16_t>(values + 1);
  } else if (column.kind == Column::Kind::ranges) {
    add_cuts(column, demand.ends);
  } else {
    auto const each = demand.lists == 0 ? 1 : (demand.listed + demand.lists - 1) / demand.lists;
    column.buckets = static_cast<std::uint16_t>(
        std::clamp(std::bit_ceil(kHashesPerValue * each), kHashesMin, kHashesMax));
    doubt_rows = 1;
  }
  rows_ += static_cast<std::uint32_t>(1 + column.buckets + doubt_rows);
  columns_.push_back(column);
}

// All different ends are cuts when they are few. Else few cuts split the ends evenly, for rows that
// leave most out, and many do, for the codes of those that are left.
void RowLayout::add_cuts(Column& column, std::vector<std::int64_t>& ends) {
  std::ranges::sort(ends);
  std::vector<std::int64_t> cuts;
  std::ranges::unique_copy(ends, std::back_inserter(cuts));
  if (cuts.size() > kCutsExactMax) {
    column.code = static_cast<std::uint8_t>(code_cuts_.size());
    if (cuts.size() > kCodeCutsMax) cuts = even_cuts(ends, kCodeCutsMax);
    code_cuts_.push_back(std::move(cuts));
    cuts = even_cuts(ends, kCutsEven);
  }
  column.first_cut = static_cast<std::uint16_t>(cuts_.size());
  column.buckets = static_cast<std::uint16_t>(cuts.size() + 1);
  cuts_.insert(cuts_.end(), cuts.begin(), cuts.end());
}

RowLayout::RowLayout(Schema const& schema, TermPool const& pool, std::span<TermRef const> sample) {
  std::vector<Demand> demands(schema.size());
  for (auto const ref : sample) {
    pool.all_terms(ref, [&](TermView const& term) {
      count_demand(term, schema.at(term.attribute()), demands[term.attribute()]);
      return true;
    });
  }
  forget_rare(demands, sample.size());
  for (std::size_t i = 0; i < demands.size(); ++i) {
    auto& demand = demands[i];
    if (demand.named == 0) continue;
    auto const attribute = static_cast<AttributeIndex>(i);
    add_column(attribute, schema.at(attribute), demand);
  }
  BitRows bits(rows_, sample.size());
  std::vector<RangeCode> codes(code_cuts_.size());
  for (std::size_t i = 0; i < sample.size(); ++i) {
    static_cast<void>(write(pool, sample[i], kNoAttribute, i, bits, codes));
  }
  put_in_order(bits);
}

void RowLayout::choose(std::span<std::int64_t const> values, ChosenRows& chosen) const {
  chosen.count = columns_.size();
  chosen.code_count = 0;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    auto const& column = columns_[i];
    auto const value = values[column.attribute];
    chosen.entries[i] = {column.attribute, rows_for(column, value)};
    if (column.code == Column::kNoCode || value == kMissing) continue;
    chosen.range_codes[chosen.code_count++] = {column.code, code_of(column, value)};
  }
}

ColumnRows RowLayout::rows_for(Column const& column, std::int64_t value) const {
  constexpr auto kNone = ColumnRows::kNone;
  if (value == kMissing) return {column.first_row, kNone, kNone};
  auto const first_bucket = column.first_row + 1;
  if (column.kind == Column::Kind::hashes) {
    auto const [first, second] = hashed(value, column.buckets);
    return {first_bucket + first, first_bucket + second, first_bucket + column.buckets};
  }
  if (column.kind == Column::Kind::ordinals) {
    auto const other = std::uint32_t{column.buckets} - 1;
    bool const listed = value >= 0 && value < other;
    return {first_bucket + (listed ? static_cast<std::uint32_t>(value) : other), kNone, kNone};
  }
  return {first_bucket + static_cast<std::uint32_t>(bucket_of(cuts_of(column), value)), kNone,
          kNone};
}

std::uint8_t RowLayout::code_of(Column const& column, std::int64_t value) const {
  return static_cast<std::uint8_t>(bucket_of(code_cuts_[column.code], value) + 1);
}

bool RowLayout::write(TermPool const& pool, TermRef ref, AttributeIndex skipped, std::size_t place,
                      BitRows& bits, std::span<RangeCode> codes) const {
  bool fits = true;
  std::ranges::fill(codes, RangeCode{});
  pool.all_terms(ref, [&](TermView const& term) {
    if (term.attribute() == skipped) return true;
    auto const column = std::ranges::find(columns_, term.attribute(), &Column::attribute);
    fits = column != columns_.end() && write_term(*column, term, place, bits, codes) && fits;
    return true;
  });
  return fits;
}

bool RowLayout::write_term(Column const& column, TermView const& term, std::size_t place,
                           BitRows& bits, std::span<RangeCode> codes) const {
  if (!term.accepts_missing()) bits.set(column.first_row, place);
  switch (column.kind) {
    case Column::Kind::ordinals:
      write_ordinals(column, term, place, bits);
      return true;
    case Column::Kind::ranges: {
      bool const exact = write_ranges(column, term, place, bits);
      return column.code == Column::kNoCode ? exact : encode(column, term, codes[column.code]);
    }
    case Column::Kind::hashes:
      write_hashes(column, term, place, bits);
      return true;
  }
  return false;
}

void RowLayout::write_ordinals(Column const& column, TermView const& term, std::size_t place,
                               BitRows& bits) const {
  auto const values = static_cast<std::int64_t>(column.buckets) - 1;
  std::uint64_t accepted = 0;
  for (std::size_t i = 0; i < term.intervals(); ++i) {
    auto const low = std::max<std::int64_t>(term.interval(i).low, 0);
    auto const high = std::min(term.interval(i).high, values - 1);
    if (low > high) continue;
    accepted |= bits_between(static_cast<std::size_t>(low), static_cast<std::size_t>(high));
  }
  // Lists name only values of the schema, so all values beyond it are accepted or none.
  auto const last = static_cast<std::size_t>(values);
  if (term.reaches_to_maximum()) accepted |= bits_between(last, last);
  for_each_bit(~accepted & bits_between(0, last),
               [&](std::size_t bucket) { bits.set(column.first_row + 1 + bucket, place); });
}

bool RowLayout::write_ranges(Column const& column, TermView const& term, std::size_t place,
                             BitRows& bits) const {
  auto const cuts = cuts_of(column);
  std::uint64_t accepted = 0;
  bool exact = true;
  for (std::size_t i = 0; i < term.intervals(); ++i) {
    auto const [low, high] = term.interval(i);
    auto const first = bucket_of(cuts, low);
    auto const last = bucket_of(cuts, high);
    accepted |= bits_between(first, last);
    exact = exact && (first == 0 ? low == kValueMin : low == cuts[first - 1]) &&
            (last == cuts.size() ? high == kValueMax : high == cuts[last] - 1);
  }
  for_each_bit(~accepted & bits_between(0, cuts.size()),
               [&](std::size_t bucket) { bits.set(column.first_row + 1 + bucket, place); });
  return exact;
}

bool RowLayout::encode(Column const& column, TermView const& term, RangeCode& code) const {
  if (term.intervals() == 0) return true;  // "missing" alone: refused by the rows
  auto const first = term.interval(0);
  auto const last = term.interval(term.intervals() - 1);
  if (term.intervals() == 1) {
    code.low = first.low == kValueMin ? 0 : code_of(column, first.low);
    code.high = first.high == kValueMax ? 255 : code_of(column, first.high);
    return true;
  }
  if (term.intervals() > 2 || first.low != kValueMin || last.high != kValueMax) return false;
  RangeCode const left_out{code_of(column, last.low), code_of(column, first.high)};
  if (left_out.low == left_out.high) return false;
  code = left_out;
  return true;
}

void RowLayout::write_hashes(Column const& column, TermView const& term, std::size_t place,
                             BitRows& bits) const {
  auto const first_bucket = column.first_row + 1;
  bits.set(first_bucket + column.buckets, place);
  if (!term.count_up_to(kListedMax)) return;  // refuses a few, and these are asked about
  std::array<std::uint64_t, kHashesMax / 64> accepted{};
  auto const accept = [&](std::uint32_t bucket) {
    accepted[bucket / 64] |= std::uint64_t{1} << (bucket % 64);
  };
  for (std::size_t i = 0; i < term.intervals(); ++i) {
    auto const [low, high] = term.interval(i);
    for (auto value = low; value <= high; ++value) {
      auto const [first, second] = hashed(value, column.buckets);
      accept(first);
      accept(second);
    }
  }
  for (std::size_t bucket = 0; bucket < column.buckets; ++bucket) {
    bool const refuses = ((accepted[bucket / 64] >> (bucket % 64)) & 1) == 0;
    if (refuses) bits.set(first_bucket + bucket, place);
  }
}

void RowLayout::put_in_order(BitRows const& bits) {
  auto const refused = [&](Column const& column) {
    std::size_t total = 0;
    for (std::size_t i = 0; i < column.buckets; ++i) {
      total += bits.count(column.first_row + 1 + i);
    }
    // Two rows are joined where values are hashed.
    auto const each = total * 1024 / column.buckets;
    return column.kind == Column::Kind::hashes ? each * 2 : each;
  };
  std::vector<std::pair<std::size_t, Column>> order;
  for (auto const& column : columns_) order.emplace_back(refused(column), column);
  std::ranges::stable_sort(order, std::greater{}, [](auto const& entry) { return entry.first; });
  std::ranges::transform(order, columns_.begin(), [](auto const& entry) { return entry.second; });
}

}  // namespace leadex::targeting
