#pragma once
// The bit rows of one attribute inside TargetingIndex: for each value (or bucket of values) the
// conjunctions that accept it. Only TargetingIndex uses this; one thread. Pure.

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "matching/targeting/normal_form.hpp"
#include "matching/targeting/schema.hpp"

namespace leadex::targeting {

struct RowView {
  std::uint64_t const* words{};
  std::uint32_t count{};  // bits set
  bool inexact{};         // a bit may stand for a conjunction that accepts only a neighbour
};

class AttributeRows {
 public:
  static constexpr std::size_t kBucketsMax = 64;     // integers
  static constexpr std::size_t kSharedRows = 64;     // texts no conjunction names, or too many
  static constexpr std::size_t kTextRowsMax = 1024;  // texts with a row of their own

  struct Member {
    std::uint32_t slot{};
    ValueSet const* accepted{};  // null: everything
  };

  explicit AttributeRows(AttributeDef const& def);

  void resize(std::size_t words);  // grows every row
  void add(std::uint32_t slot, ValueSet const* accepted);
  void drop(std::uint32_t slot, bool named);
  /// Lays buckets and text rows out anew for exactly these members.
  void rebuild(std::span<Member const> members);

  [[nodiscard]] bool in_use() const { return named_ > 0; }  // else every row accepts everything
  [[nodiscard]] bool adaptive() const {
    return type_ == AttributeType::integer || type_ == AttributeType::text;
  }
  [[nodiscard]] RowView row(std::int64_t value) const;

 private:
  struct Row {
    std::vector<std::uint64_t> words;
    std::uint32_t count{};
    bool inexact{};
    void set(std::uint32_t slot);
    void clear(std::uint32_t slot);
  };

  [[nodiscard]] std::size_t row_of(std::int64_t value) const;
  void add_ordinals(std::uint32_t slot, ValueSet const& accepted);
  void add_texts(std::uint32_t slot, ValueSet const& accepted);
  void add_integers(std::uint32_t slot, ValueSet const& accepted);
  void give_row(std::int64_t text);
  void cut(std::int64_t first);  // makes `first` the first value of a bucket, while there is room

  AttributeType type_;
  std::vector<Row> rows_;  // rows_[0] is "missing"
  std::size_t named_{0};   // conjunctions with a term here
  std::unordered_map<std::int64_t, std::uint32_t> text_rows_;
  std::vector<std::int64_t> cuts_;  // first values of the buckets but the first, ascending
};

}  // namespace leadex::targeting
