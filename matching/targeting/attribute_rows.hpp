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
  std::span<std::uint32_t const> flips;  // conjunctions whose bit is to be turned round
  std::size_t count{};                   // bits set, or more; 0 only when there are none
  // Conjunctions whose bit stands for a neighbouring value only, maybe; null when there are none.
  std::uint64_t const* partial{};
};

class AttributeRows {
 public:
  static constexpr std::size_t kBucketsMax = 128;  // integers

  struct Member {
    std::uint32_t slot{};
    ValueSet const* accepted{};  // null: everything
  };

  explicit AttributeRows(AttributeDef const& def);

  void resize(std::size_t words);  // grows every row
  void add(std::uint32_t slot, ValueSet const* accepted);
  void drop(std::uint32_t slot, ValueSet const* accepted);
  /// Lays buckets and text rows out anew for exactly these members.
  void rebuild(std::span<Member const> members);

  [[nodiscard]] bool in_use() const { return named_ > 0; }  // else every row accepts everything
  /// Whether rebuild() could make match() cheaper.
  [[nodiscard]] bool wants_rebuild() const;
  [[nodiscard]] RowView row(std::int64_t value) const;

 private:
  struct Row {
    std::vector<std::uint64_t> words;
    std::uint32_t count{};
    std::vector<std::uint64_t> partial;  // empty until a bucket cuts through a range
    void set(std::uint32_t slot);
    void clear(std::uint32_t slot);
  };

  // A text that conjunctions name. While they are few, the text shares the row of all unnamed texts
  // and keeps the list of those who see it differently; once they are many it has a row of its own.
  struct Text {
    std::vector<std::uint32_t> flips;
    std::size_t own_row{};  // 0: none yet
  };

  [[nodiscard]] std::size_t ordinal_row(std::int64_t value) const;
  void add_ordinals(std::uint32_t slot, ValueSet const& accepted);
  void add_texts(std::uint32_t slot, ValueSet const& accepted);
  void add_integers(std::uint32_t slot, ValueSet const& accepted);
  void drop_flips(std::uint32_t slot, ValueSet const& accepted);
  void give_own_row(Text& text);
  void cut(std::int64_t first);  // makes `first` the first value of a bucket, while there is room

  AttributeType type_;
  std::vector<Row> rows_;  // rows_[0] is "missing"; of a text, rows_[1] is "not named"
  std::size_t named_{0};   // conjunctions with a term here
  std::unordered_map<std::int64_t, Text> texts_;
  std::vector<std::int64_t> cuts_;  // first values of the buckets but the first, ascending
};

}  // namespace leadex::targeting
