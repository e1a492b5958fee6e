#pragma once
// Pattern: the regular expressions of schemas, matched in linear time by a set of states, so that
// no text can make a match slow or deep. A built pattern is immutable; any thread may match.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "billing/values/result.hpp"

namespace leadex::json {

/// Takes literals, `.`, classes `[a-z^-]`, \d \w \s and their negations, escaped punctuation,
/// groups `( )` and `(?: )`, `|`, `* + ? {m} {m,} {m,n}`, `^` and `$` (ends of the whole text).
/// Characters are code points. Look-around, back references and lazy forms are refused.
class Pattern {
 public:
  /// @errors  a sentence that names what is not supported.
  [[nodiscard]] static Result<Pattern, std::string> compile(std::string_view source);

  /// Whether some part of `text` (valid UTF-8) matches, as JSON Schema asks.
  /// @cost  O(text × pattern) time, O(pattern) memory.
  [[nodiscard]] bool matches(std::string_view text) const;

 private:
  friend class PatternCompiler;
  struct Range {
    std::uint32_t from, to;
  };
  enum class Op : std::uint8_t { take, split, begin, end, accept };
  struct Step {
    Op op{};
    std::uint32_t next{};
    std::uint32_t other{};      // second way of a split
    std::vector<Range> ranges;  // of a take
  };
  struct States {
    std::vector<std::uint32_t> list;
    std::vector<bool> has;
  };
  /// Adds `first` and all steps reachable without taking a character.
  void add(States& states, std::uint32_t first, bool at_begin, bool at_end) const;

  std::vector<Step> steps_;
  std::uint32_t start_ = 0;
};

}  // namespace leadex::json
