#include "server/json/pattern.hpp"

#include <algorithm>
#include <memory>
#include <optional>

#include "server/json/utf8.hpp"

namespace leadex::json {

// Parses into a tree, then lays the steps out from the last to the first, each knowing its next.
class PatternCompiler {
 public:
  explicit PatternCompiler(std::string_view source) : source_{source} {}

  Result<Pattern, std::string> run() {
    if (!is_utf8(source_)) return refuse(std::string{"not UTF-8"});
    Node const root = alternatives(0);
    if (!at_end()) fail("unbalanced )");
    std::uint32_t const accept = emit({.op = Pattern::Op::accept});
    if (fault_.empty()) pattern_.start_ = lay(root, accept);
    if (!fault_.empty()) return refuse(fault_);
    return std::move(pattern_);
  }

 private:
  static constexpr std::size_t kStepsMax = 4'096;
  static constexpr int kDepthMax = 32;
  static constexpr int kCountMax = 1'000;
  static constexpr std::uint32_t kLastPoint = 0x10FFFF;
  using Range = Pattern::Range;

  struct Node {
    enum class Kind : std::uint8_t { empty, take, begin, end, sequence, either, repeat };
    Kind kind = Kind::empty;
    std::vector<Range> ranges;
    std::vector<Node> parts;
    int min = 0;
    int max = 0;  // -1: no end
  };

  void fail(std::string_view why) {
    if (fault_.empty()) fault_ = why;
    at_ = source_.size();
  }
  [[nodiscard]] bool at_end() const { return at_ >= source_.size(); }
  [[nodiscard]] char peek() const { return at_end() ? '\0' : source_[at_]; }
  bool take_if(std::string_view wanted) {
    if (!source_.substr(std::min(at_, source_.size())).starts_with(wanted)) return false;
    at_ += wanted.size();
    return true;
  }

  Node alternatives(int depth) {
    if (depth > kDepthMax) {
      fail("groups nested too deeply");
      return {};
    }
    Node either{.kind = Node::Kind::either};
    do {
      Node sequence{.kind = Node::Kind::sequence};
      while (!at_end() && peek() != '|' && peek() != ')') sequence.parts.push_back(piece(depth));
      either.parts.push_back(std::move(sequence));
    } while (take_if("|"));
    return either;
  }

  Node piece(int depth) {
    Node unit = atom(depth);
    auto const count = quantifier();
    if (!count) return unit;
    if (unit.kind == Node::Kind::begin || unit.kind == Node::Kind::end) fail("repeated anchor");
    if (peek() == '?' || peek() == '*' || peek() == '+') fail("lazy or doubled quantifier");
    Node repeat{.kind = Node::Kind::repeat, .min = count->first, .max = count->second};
    repeat.parts.push_back(std::move(unit));
    return repeat;
  }

  std::optional<std::pair<int, int>> quantifier() {
    if (take_if("*")) return std::pair{0, -1};
    if (take_if("+")) return std::pair{1, -1};
    if (take_if("?")) return std::pair{0, 1};
    if (!take_if("{")) return std::nullopt;
    int const min = number();
    int max = min;
    if (take_if(",")) max = peek() == '}' ? -1 : number();
    if (!take_if("}") || (max >= 0 && max < min)) fail("malformed {}");
    return std::pair{min, max};
  }

  int number() {
    int value = 0;
    std::size_t const first = at_;
    for (; peek() >= '0' && peek() <= '9' && value <= kCountMax; ++at_) {
      value = value * 10 + (peek() - '0');
    }
    if (at_ == first || value > kCountMax) fail("malformed or too large count");
    return value;
  }

  Node atom(int depth) {
    if (take_if("^")) return {.kind = Node::Kind::begin};
    if (take_if("$")) return {.kind = Node::Kind::end};
    if (take_if(".")) return taking({{0, '\n' - 1}, {'\n' + 1, kLastPoint}});
    if (take_if("[")) return taking(char_class());
    if (take_if("\\")) return taking(escape());
    if (take_if("(")) {
      if (!take_if("?:") && peek() == '?') fail("look-around or named group");
      Node group = alternatives(depth + 1);
      if (!take_if(")")) fail("unclosed (");
      return group;
    }
    if (std::string_view{"*+?{}]"}.find(peek()) != std::string_view::npos) {
      fail("special character without escape");
      return {};
    }
    std::uint32_t const point = next_code_point(source_, at_);
    return taking({{point, point}});
  }

  [[nodiscard]] static Node taking(std::vector<Range> ranges) {
    return {.kind = Node::Kind::take, .ranges = std::move(ranges)};
  }

  [[nodiscard]] static std::vector<Range> inverted(std::vector<Range> ranges) {
    std::sort(ranges.begin(), ranges.end(), [](Range a, Range b) { return a.from < b.from; });
    std::vector<Range> rest;
    std::uint32_t next = 0;
    for (Range const& range : ranges) {
      if (range.from > next) rest.push_back({next, range.from - 1});
      next = std::max(next, range.to + 1);
    }
    if (next <= kLastPoint) rest.push_back({next, kLastPoint});
    return rest;
  }

  /// What stands behind a backslash.
  std::vector<Range> escape() {
    if (at_end()) {
      fail("lone backslash");
      return {};
    }
    char const c = source_[at_++];
    auto const point = static_cast<std::uint32_t>(static_cast<unsigned char>(c));
    std::vector<Range> const digits{{'0', '9'}};
    std::vector<Range> const words{{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}};
    std::vector<Range> const spaces{{'\t', '\r'}, {' ', ' '}, {0xA0, 0xA0}, {0x2028, 0x2029}};
    switch (c) {
      case 'd':
        return digits;
      case 'D':
        return inverted(digits);
      case 'w':
        return words;
      case 'W':
        return inverted(words);
      case 's':
        return spaces;
      case 'S':
        return inverted(spaces);
      case 't':
        return {{'\t', '\t'}};
      case 'n':
        return {{'\n', '\n'}};
      case 'r':
        return {{'\r', '\r'}};
      default:
        break;
    }
    if (std::string_view{"^$\\.*+?()[]{}|/-"}.find(c) == std::string_view::npos) {
      fail("unsupported escape");
    }
    return {{point, point}};
  }

  std::vector<Range> char_class() {
    bool const negated = take_if("^");
    std::vector<Range> ranges;
    while (!at_end() && peek() != ']') {
      std::vector<Range> from = class_item();
      if (from.size() == 1 && from[0].from == from[0].to && peek() == '-' &&
          at_ + 1 < source_.size() && source_[at_ + 1] != ']') {
        ++at_;
        std::vector<Range> const to = class_item();
        if (to.size() != 1 || to[0].from != to[0].to || to[0].to < from[0].from) {
          fail("malformed range");
          return {};
        }
        from[0].to = to[0].to;
      }
      ranges.insert(ranges.end(), from.begin(), from.end());
    }
    if (!take_if("]") || ranges.empty()) fail("unclosed or empty [");
    return negated ? inverted(std::move(ranges)) : ranges;
  }

  std::vector<Range> class_item() {
    if (take_if("\\")) return escape();
    if (at_end()) return {};
    std::uint32_t const point = next_code_point(source_, at_);
    return {{point, point}};
  }

  std::uint32_t emit(Pattern::Step step) {
    if (pattern_.steps_.size() >= kStepsMax) {
      fail("too large");
      return 0;
    }
    pattern_.steps_.push_back(std::move(step));
    return static_cast<std::uint32_t>(pattern_.steps_.size() - 1);
  }

  /// Lays `node` out in front of step `next`. @return its first step.
  std::uint32_t lay(Node const& node, std::uint32_t next) {
    using Op = Pattern::Op;
    if (!fault_.empty()) return 0;
    switch (node.kind) {
      case Node::Kind::empty:
        return next;
      case Node::Kind::take:
        return emit({.op = Op::take, .next = next, .ranges = node.ranges});
      case Node::Kind::begin:
        return emit({.op = Op::begin, .next = next});
      case Node::Kind::end:
        return emit({.op = Op::end, .next = next});
      case Node::Kind::sequence:
        for (auto it = node.parts.rbegin(); it != node.parts.rend(); ++it) next = lay(*it, next);
        return next;
      case Node::Kind::either: {
        std::uint32_t first = lay(node.parts.back(), next);
        for (std::size_t i = node.parts.size() - 1; i-- > 0;) {
          std::uint32_t const other = lay(node.parts[i], next);
          first = emit({.op = Op::split, .next = other, .other = first});
        }
        return first;
      }
      case Node::Kind::repeat:
        return lay_repeat(node, next);
    }
    return next;
  }

  std::uint32_t lay_repeat(Node const& node, std::uint32_t next) {
    using Op = Pattern::Op;
    Node const& unit = node.parts.front();
    if (node.max < 0) {
      std::uint32_t const loop = emit({.op = Op::split, .other = next});
      std::uint32_t const body = lay(unit, loop);
      if (!fault_.empty()) return 0;
      pattern_.steps_[loop].next = body;
      next = loop;
    } else {
      std::uint32_t const behind = next;
      for (int i = node.min; i < node.max; ++i) {
        next = emit({.op = Op::split, .next = lay(unit, next), .other = behind});
      }
    }
    for (int i = 0; i < node.min; ++i) next = lay(unit, next);
    return next;
  }

  std::string_view source_;
  std::size_t at_ = 0;
  std::string fault_;
  Pattern pattern_;
};

Result<Pattern, std::string> Pattern::compile(std::string_view source) {
  return PatternCompiler{source}.run();
}

void Pattern::add(States& states, std::uint32_t first, bool at_begin, bool at_end) const {
  std::vector<std::uint32_t> open{first};
  while (!open.empty()) {
    std::uint32_t const no = open.back();
    open.pop_back();
    if (states.has[no]) continue;
    states.has[no] = true;
    states.list.push_back(no);
    Step const& step = steps_[no];
    if (step.op == Op::split) {
      open.push_back(step.other);
      open.push_back(step.next);
    } else if ((step.op == Op::begin && at_begin) || (step.op == Op::end && at_end)) {
      open.push_back(step.next);
    }
  }
}

bool Pattern::matches(std::string_view text) const {
  States now{.list = {}, .has = std::vector<bool>(steps_.size())};
  States next = now;
  auto const accepts = [this](States const& states) {
    return std::any_of(states.list.begin(), states.list.end(),
                       [this](std::uint32_t no) { return steps_[no].op == Op::accept; });
  };
  add(now, start_, true, text.empty());
  for (std::size_t at = 0; at < text.size();) {
    if (accepts(now)) return true;
    std::uint32_t const point = next_code_point(text, at);
    bool const at_end = at == text.size();
    for (std::uint32_t const no : now.list) {
      Step const& step = steps_[no];
      bool const takes = step.op == Op::take &&
                         std::any_of(step.ranges.begin(), step.ranges.end(), [point](Range range) {
                           return range.from <= point && point <= range.to;
                         });
      if (takes) add(next, step.next, false, at_end);
    }
    add(next, start_, false, at_end);  // a match may start anywhere
    std::swap(now, next);
    next.list.clear();
    std::fill(next.has.begin(), next.has.end(), false);
  }
  return accepts(now);
}

}  // namespace leadex::json
