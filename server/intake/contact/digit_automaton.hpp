#pragma once
// Many patterns over decimal digits as one automaton: a text is read once and the tags of all
// patterns that match it whole come out. Built for numbering plans, whose patterns use only
// digits, classes, groups, alternatives and counts. Intake only; immutable after build, any thread.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace leadex::intake {

struct TaggedPattern {
  std::string_view pattern;  // digits \d [..] (?:..) (..) | {n} {n,m} ?
  std::size_t tag = 0;
  bool is_prefix = false;  // true: whatever digits follow the match are taken too
};

class DigitAutomaton {
 public:
  static constexpr std::size_t kNodesMax = 200'000;  // of the non-deterministic automaton
  static constexpr std::size_t kStatesMax = 20'000;  // of the deterministic one
  static constexpr std::size_t kDigitsMax = 10;      // longer texts match nothing

  /// nullopt when a pattern uses anything else than the forms above, or a limit is reached.
  [[nodiscard]] static std::optional<DigitAutomaton> build(std::span<TaggedPattern const> patterns);

  /// Number of the state after `digits`; nullopt when one is no digit or the text is too long.
  [[nodiscard]] std::optional<std::size_t> run(std::string_view digits) const;

  /// Sorted tags of the patterns that match every text leading to `state`.
  [[nodiscard]] std::span<std::size_t const> tags(std::size_t state) const { return tags_[state]; }
  [[nodiscard]] std::size_t states() const { return next_.size(); }

 private:
  std::vector<std::array<std::uint16_t, 10>> next_;  // state 0 is the start
  std::vector<std::vector<std::size_t>> tags_;
};

}  // namespace leadex::intake
