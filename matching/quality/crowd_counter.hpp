#pragma once
// How many leads of a lot came in crowds: more of one key (an address, a device) within a window
// than people make by themselves. Keys are keyed digests, nothing personal. Pure; one thread at a
// time. Source: docs/decisions/0029-source-fraud.md.

#include <cstddef>
#include <cstdint>
#include <vector>

namespace leadex::quality {

struct CrowdLimit {
  std::int64_t window_us{};  // above 0
  std::int64_t leads_max{};  // of one key in one window that are no crowd; at least 1
};

struct CrowdCount {
  std::int64_t leads{};    // with a key
  std::int64_t crowded{};  // of these
  std::int64_t keys{};     // that crowds have; one that is in two slices counts twice
  std::int64_t largest{};  // leads of one key within one window
  friend bool operator==(CrowdCount const&, CrowdCount const&) = default;
};

class CrowdCounter {
 public:
  /// Leads are judged in slices of so many, in the order in which they are added, which bounds the
  /// memory to 16 MiB. A crowd over the border of two slices counts as two smaller ones.
  static constexpr std::size_t kSliceLeads = 1'048'576;

  explicit CrowdCounter(CrowdLimit limit);

  /// In any order within a slice.
  void add(std::uint64_t key, std::int64_t at_us);

  /// A lead is crowded when some window that holds it holds more than `leads_max` leads of its key.
  /// Starts anew. @cost O(n log n)
  [[nodiscard]] CrowdCount finish();

 private:
  struct Seen {
    std::uint64_t key{};
    std::int64_t at_us{};
    friend auto operator<=>(Seen const&, Seen const&) = default;
  };
  void judge_slice();
  void judge_key(std::size_t first, std::size_t last);

  CrowdLimit limit_;
  std::vector<Seen> slice_;
  CrowdCount count_;
};

}  // namespace leadex::quality
