#pragma once
// A small picture of a lot's rows: the smallest of their prints. Two pictures tell how large a part
// of one lot's rows stands in another, without keeping the rows. A print is a keyed 64-bit digest
// of what a copier leaves as it was. Pure; one thread at a time. Source:
// docs/decisions/0029-source-fraud.md.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace leadex::quality {

/// How many prints were looked up, and how many of these the other lot has too.
struct Overlap {
  std::int64_t compared{};
  std::int64_t shared{};
  friend bool operator==(Overlap const&, Overlap const&) = default;
};

class RowSketch {
 public:
  static constexpr std::size_t kPrintsMax = 4'096;  // 32 KiB

  RowSketch() = default;
  /// As prints() gave it. Nothing when these are too many or not ascending.
  [[nodiscard]] static std::optional<RowSketch> restore(std::vector<std::uint64_t> prints,
                                                        bool whole);

  /// Equal prints count once. @cost amortised O(log kPrintsMax)
  void add(std::uint64_t print);

  /// The smallest, ascending.
  [[nodiscard]] std::span<std::uint64_t const> prints();
  /// Whether these are all that were added.
  [[nodiscard]] bool whole();

 private:
  void settle();

  std::vector<std::uint64_t> prints_;  // settled ones ascending, then what came since
  std::size_t settled_{0};
  bool whole_{true};
};

/// Of the lot's distinct prints, those up to the largest that both pictures know for certain: a
/// sample that nobody chose, since digests are as random as their key is secret. `shared ÷
/// compared` estimates the part of the lot that stands in the other one; the count of hits is
/// hypergeometric, so a binomial interval is on the safe side. @cost O(kPrintsMax)
[[nodiscard]] Overlap overlap(RowSketch& lot, RowSketch& other);

}  // namespace leadex::quality
