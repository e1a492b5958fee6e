#pragma once
// FoundList: conjunctions that a lead has come to, on their way from segments to the answer.
// Working memory of TargetingIndex; one thread. Pure.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace leadex::targeting {

/// Keeps its memory from one lead to the next.
class FoundList {
 public:
  struct Found {
    std::uint32_t no{};  // a ConjunctionNo
    bool doubted{};      // must be asked itself
  };
  [[nodiscard]] std::span<Found const> all() const { return {found_.data(), count_}; }
  void clear() { count_ = 0; }
  /// Room for so many more; then add() may be called as often.
  void make_room(std::size_t more) {
    if (found_.size() < count_ + more) found_.resize(2 * (count_ + more));
  }
  /// Adds it if `wanted`, without a branch that could be guessed wrong.
  void add(Found found, bool wanted) {
    found_[count_] = found;
    count_ += wanted ? 1 : 0;
  }

 private:
  std::vector<Found> found_;
  std::size_t count_{0};
};

}  // namespace leadex::targeting
