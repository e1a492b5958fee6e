#pragma once
// RowLayout: which bit row of a Segment stands for which values of which attribute. A bit says
// "refuses these values", so a conjunction that does not ask for an attribute has no bits there.
// Used inside TargetingIndex; one thread. Pure.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "matching/targeting/bit_rows.hpp"
#include "matching/targeting/conjunction_table.hpp"
#include "matching/targeting/schema.hpp"
#include "matching/targeting/term_pool.hpp"

namespace leadex::targeting {

/// The rows of one attribute: first "missing", then the buckets, then the one that leaves doubts.
struct Column {
  enum class Kind : std::uint8_t {
    ordinals,  // a bucket for each choice and one for any other value; never a doubt
    ranges,  // buckets between cuts; where cuts fall into ranges, finer RangeCodes beside the rows
    hashes,  // each value stands in two buckets; a row of doubts: all that have a term here
  };
  static constexpr std::uint8_t kNoCode = 0xff;
  AttributeIndex attribute{};
  Kind kind{};
  std::uint8_t code{kNoCode};  // ranges: which of the codes of a place
  std::uint16_t buckets{};
  std::uint16_t first_cut{};  // ranges: buckets − 1 of them in RowLayout::cuts_
  std::uint32_t first_row{};
};

/// The rows to look at for one value.
struct ColumnRows {
  static constexpr std::uint32_t kNone = 0;
  std::uint32_t refusing;
  std::uint32_t refusing_too;
  std::uint32_t doubting;  // bits of those that must be asked themselves
};

/// A range, as precise as a byte for each end can be. Values have codes from 1 to 254 in their
/// order; inside the range all are accepted, at its ends the terms must be asked. A range with
/// `low` above `high` leaves out what lies between, and the same arithmetic holds for it.
struct RangeCode {
  std::uint8_t low{0};
  std::uint8_t high{255};
  [[nodiscard]] bool refuses(std::uint8_t value) const {
    return static_cast<std::uint8_t>(value - low) > static_cast<std::uint8_t>(high - low);
  }
  [[nodiscard]] bool doubts(std::uint8_t value) const { return value == low || value == high; }
};

/// The rows and codes that one lead's values select. Made for each lead, so its arrays are not
/// cleared: only all() and codes() hold something.
struct ChosenRows {
  struct Entry {
    AttributeIndex attribute;
    ColumnRows rows;
  };
  struct Code {
    std::uint8_t place;  // among the codes of a conjunction
    std::uint8_t value;
  };
  static constexpr std::size_t kMax = kMarketAttributesMax + Schema::kVirtualCount;
  std::array<Entry, kMax> entries;
  std::array<Code, kMax> range_codes;
  std::size_t count{0};
  std::size_t code_count{0};
  [[nodiscard]] std::span<Entry const> all() const { return {entries.data(), count}; }
  [[nodiscard]] std::span<Code const> codes() const { return {range_codes.data(), code_count}; }
};

class RowLayout {
 public:
  static constexpr std::size_t kEligible = 0;  // row of those that take part
  static constexpr std::size_t kLoose = 1;     // row of those that do not fit the columns
  static constexpr std::size_t kFirstRow = 2;
  static constexpr std::size_t kOrdinalsMax = 52;
  static constexpr std::size_t kCutsExactMax = 63;
  static constexpr std::size_t kCutsEven = 15;  // once there are more than that
  static constexpr std::size_t kCodeCutsMax = 253;
  static constexpr std::size_t kHashesMin = 16;
  static constexpr std::size_t kHashesMax = 256;

  RowLayout() = default;  // no columns: all conjunctions are asked themselves
  /// Columns for conjunctions like these; none for attributes that hardly any asks for.
  /// @cost O(terms)
  RowLayout(Schema const& schema, TermPool const& pool, std::span<TermRef const> sample);

  [[nodiscard]] std::size_t rows() const { return rows_; }
  [[nodiscard]] std::size_t codes() const { return code_cuts_.size(); }  // of each conjunction
  /// The rows for these values, in the order in which they are best joined.
  void choose(std::span<std::int64_t const> values, ChosenRows& chosen) const;

  /// Sets the bits of a conjunction at a place that is clear, and its codes() codes, but for the
  /// attribute `skipped`. False when these do not tell all about it, so that it must be asked.
  [[nodiscard]] bool write(TermPool const& pool, TermRef ref, AttributeIndex skipped,
                           std::size_t place, BitRows& bits, std::span<RangeCode> codes) const;

 private:
  [[nodiscard]] std::span<std::int64_t const> cuts_of(Column const& column) const {
    return std::span(cuts_).subspan(column.first_cut, column.buckets - std::size_t{1});
  }
  [[nodiscard]] std::uint8_t code_of(Column const& column, std::int64_t value) const;
  [[nodiscard]] ColumnRows rows_for(Column const& column, std::int64_t value) const;
  struct Demand;  // what a sample asks of one attribute
  static void count_demand(TermView const& term, AttributeDef const& def, Demand& demand);
  static void forget_rare(std::vector<Demand>& demands, std::size_t members);
  void add_column(AttributeIndex attribute, AttributeDef const& def, Demand& demand);
  void add_cuts(Column& column, std::vector<std::int64_t>& ends);
  void put_in_order(BitRows const& bits);
  [[nodiscard]] bool write_term(Column const& column, TermView const& term, std::size_t place,
                                BitRows& bits, std::span<RangeCode> codes) const;
  void write_ordinals(Column const& column, TermView const& term, std::size_t place,
                      BitRows& bits) const;
  // False when the buckets do not tell all.
  [[nodiscard]] bool write_ranges(Column const& column, TermView const& term, std::size_t place,
                                  BitRows& bits) const;
  void write_hashes(Column const& column, TermView const& term, std::size_t place,
                    BitRows& bits) const;
  // False when no code can.
  [[nodiscard]] bool encode(Column const& column, TermView const& term, RangeCode& code) const;

  std::vector<Column> columns_;     // the one that refuses most goes first
  std::vector<std::int64_t> cuts_;  // of all columns; first values of the buckets but the first
  std::vector<std::vector<std::int64_t>> code_cuts_;  // by code: likewise, and finer
  std::uint32_t rows_{kFirstRow};
};

}  // namespace leadex::targeting
