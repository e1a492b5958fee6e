#pragma once
// The draw: accepted rows in ascending order of their keyed hash, then of their number. The hashes
// come from server/crypto; this keeps the first ones of a stream of any length. Pure; one thread.

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace leadex::quality {

/// HMAC-SHA256 of "<file sha256 hex>:<row>" under the lot's secret; bytes compare from the first.
using DrawHash = std::array<std::byte, 32>;

struct DrawTicket {
  DrawHash hash{};
  std::int64_t row{};  // counts data records from 1
  friend auto operator<=>(DrawTicket const&, DrawTicket const&) = default;
};

/// Keeps the `keep` smallest tickets offered: the sample and some rows to stand in for those that
/// cannot be reached.
class DrawOrder {
 public:
  explicit DrawOrder(std::size_t keep) : keep_(keep) {}

  /// Each row once, in any order. @cost O(log keep) at most, mostly one comparison.
  void offer(DrawTicket const& ticket);

  /// The kept tickets, first drawn first; min(keep, offered) of them.
  [[nodiscard]] std::vector<DrawTicket> drawn() const;
  [[nodiscard]] std::size_t offered() const { return offered_; }

 private:
  std::size_t keep_;
  std::size_t offered_{0};
  std::vector<DrawTicket> heap_;  // the largest kept ticket in front
};

}  // namespace leadex::quality
