#pragma once
// Clusters: conjunctions that a lead looks at together, in rank order. One holds those that name no
// narrow list; each other one those that accept a certain value of a certain attribute. Used inside
// TargetingIndex; one thread. Pure.

#include <cstdint>
#include <span>
#include <vector>

#include "matching/targeting/chunked.hpp"
#include "matching/targeting/segment.hpp"

namespace leadex::targeting {

class Cluster {
 public:
  [[nodiscard]] bool empty() const { return segments_.empty(); }
  [[nodiscard]] std::span<Segment const> segments() const { return segments_; }

  void insert(ConjunctionNo no, Surroundings const& around);
  /// These find a conjunction by its key, which must be the one it was inserted with.
  void erase(ConjunctionNo no, Surroundings const& around);
  void set_eligible(ConjunctionNo no, bool eligible, ConjunctionTable const& table);
  /// Moves a segment to the current layout, the first from `from` on that is not there; looks at no
  /// more than `looks` of them. Returns where to go on, or the number of segments when all are
  /// done.
  std::size_t modernise(std::size_t from, std::size_t& looks, Surroundings const& around);

 private:
  [[nodiscard]] std::size_t segment_for(PlaceKey const& key) const;
  void join_with_neighbour(std::size_t segment, Surroundings const& around);

  std::vector<Segment> segments_;  // none is empty
};

/// The clusters of values, by attribute and value: a hash table that grows by one chain at a time.
class ClusterTable {
 public:
  /// Null when there is none.
  [[nodiscard]] Cluster const* find(AttributeIndex attribute, std::int64_t value) const;
  [[nodiscard]] Cluster* find(AttributeIndex attribute, std::int64_t value);
  /// Makes one when there is none.
  [[nodiscard]] Cluster& reach(AttributeIndex attribute, std::int64_t value);
  void drop_if_empty(AttributeIndex attribute, std::int64_t value);
  /// For walks over all clusters: they have numbers below end(), some of which may be empty.
  [[nodiscard]] std::size_t end() const { return entries_end_; }
  [[nodiscard]] Cluster& at(std::size_t no) { return entries_[no].cluster; }
  [[nodiscard]] AttributeIndex attribute_of(std::size_t no) const { return entries_[no].attribute; }
  /// Attributes that have clusters now, ascending.
  [[nodiscard]] std::span<AttributeIndex const> attributes() const { return attributes_; }

 private:
  static constexpr std::uint32_t kNone = ~std::uint32_t{0};
  struct Entry {
    Cluster cluster;
    std::int64_t value{};
    std::uint32_t next{kNone};
    AttributeIndex attribute{};
  };
  struct Head {
    std::uint32_t first{kNone};
  };

  [[nodiscard]] std::size_t chain_of(AttributeIndex attribute, std::int64_t value) const;
  [[nodiscard]] std::uint32_t entry_of(AttributeIndex attribute, std::int64_t value) const;
  void grow();
  void count(AttributeIndex attribute, bool one_more);

  Chunked<Entry, 64> entries_;
  Chunked<Head> heads_;
  std::size_t chains_{0};
  std::size_t full_round_{1};  // power of two: so many chains there were when the round began
  std::uint32_t entries_end_{0};
  std::uint32_t used_{0};
  std::uint32_t free_{kNone};
  std::vector<std::uint32_t> per_attribute_;
  std::vector<AttributeIndex> attributes_;
};

}  // namespace leadex::targeting
