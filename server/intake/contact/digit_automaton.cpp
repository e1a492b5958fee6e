#include "server/intake/contact/digit_automaton.hpp"

#include <algorithm>
#include <limits>
#include <map>

namespace leadex::intake {
namespace {

using NodeNo = std::uint32_t;
using DigitSet = std::uint16_t;  // bit d: digit d
constexpr DigitSet kAllDigits = 0x3FF;
constexpr std::size_t kNestingMax = 32;
constexpr std::size_t kRepeatMax = 32;

struct Node {
  DigitSet digits = 0;  // 0: only the free moves below
  NodeNo target = 0;
  std::vector<NodeNo> free_moves;
  std::optional<std::size_t> tag;
};

bool is_decimal(char c) { return c >= '0' && c <= '9'; }
DigitSet bit(char digit) { return static_cast<DigitSet>(1U << static_cast<unsigned>(digit - '0')); }

// Recursive descent over one pattern, straight into nodes. A counted atom is parsed again for each
// copy, which keeps the builder free of a syntax tree. `ok_` false makes every later step idle.
class Compiler {
 public:
  Compiler(std::vector<Node>& nodes, std::string_view pattern) : nodes_{nodes}, text_{pattern} {}

  /// Node reached when the whole pattern has matched from `start`.
  std::optional<NodeNo> compile(NodeNo start) {
    NodeNo const end = alternatives(start, 0);
    if (!ok_ || at_ != text_.size()) return std::nullopt;
    return end;
  }

 private:
  struct Count {
    std::size_t least = 1;
    std::size_t most = 1;
  };

  NodeNo add_node() {
    if (nodes_.size() >= DigitAutomaton::kNodesMax) {
      ok_ = false;
      return 0;
    }
    nodes_.emplace_back();
    return static_cast<NodeNo>(nodes_.size() - 1);
  }
  void link(NodeNo from, NodeNo to) { nodes_[from].free_moves.push_back(to); }

  bool more() const { return ok_ && at_ < text_.size(); }
  bool take(char wanted) {
    if (at_ >= text_.size() || text_[at_] != wanted) return false;
    ++at_;
    return true;
  }

  NodeNo alternatives(NodeNo start, std::size_t depth) {
    if (depth > kNestingMax) ok_ = false;
    if (!ok_) return start;
    NodeNo const end = add_node();
    do {
      NodeNo const branch = add_node();
      link(start, branch);
      link(sequence(branch, depth), end);
    } while (ok_ && take('|'));
    return end;
  }

  NodeNo sequence(NodeNo from, std::size_t depth) {
    while (more() && text_[at_] != '|' && text_[at_] != ')') from = counted(from, depth);
    return from;
  }

  NodeNo counted(NodeNo from, std::size_t depth) {
    std::size_t const begin = at_;
    NodeNo const probe = add_node();  // a first parse finds where the atom ends
    atom(probe, depth);
    std::size_t const behind_atom = at_;
    Count const count = read_count();
    std::size_t const behind_count = at_;
    if (!ok_) return from;
    NodeNo const end = add_node();
    for (std::size_t copy = 0; ok_ && copy < count.most; ++copy) {
      if (copy >= count.least) link(from, end);
      at_ = begin;
      from = atom(from, depth);
    }
    if (ok_ && count.most > 0 && at_ != behind_atom) ok_ = false;
    link(from, end);
    at_ = behind_count;
    return end;
  }

  NodeNo atom(NodeNo from, std::size_t depth) {
    if (!more()) {
      ok_ = false;
      return from;
    }
    if (take('(')) {
      if (take('?') && !take(':')) ok_ = false;
      NodeNo const end = alternatives(from, depth + 1);
      if (!take(')')) ok_ = false;
      return end;
    }
    DigitSet digits = 0;
    if (take('[')) {
      digits = read_class();
    } else if (take('\\')) {
      digits = take('d') ? kAllDigits : DigitSet{0};
    } else if (is_decimal(text_[at_])) {
      digits = bit(text_[at_++]);
    }
    if (digits == 0) {
      ok_ = false;
      return from;
    }
    NodeNo const step = add_node();
    NodeNo const end = add_node();
    link(from, step);
    nodes_[step].digits = digits;
    nodes_[step].target = end;
    return end;
  }

  DigitSet read_class() {
    DigitSet digits = 0;
    while (more() && text_[at_] != ']') {
      if (take('\\')) {
        if (!take('d')) ok_ = false;
        digits = kAllDigits;
        continue;
      }
      char const first = text_[at_++];
      char last = first;
      if (take('-')) last = at_ < text_.size() ? text_[at_++] : '\0';
      if (!is_decimal(first) || !is_decimal(last) || last < first) {
        ok_ = false;
        return 0;
      }
      for (char digit = first; digit <= last; ++digit) {
        digits = static_cast<DigitSet>(digits | bit(digit));
      }
    }
    if (!take(']')) ok_ = false;
    return digits;
  }

  Count read_count() {
    if (take('?')) return {0, 1};
    if (!take('{')) {
      // '*' and '+' are not in the dialect; the next atom refuses them.
      return {};
    }
    Count count;
    count.least = read_number();
    count.most = take(',') ? read_number() : count.least;
    if (!take('}') || count.most < count.least || count.most > kRepeatMax) ok_ = false;
    return count;
  }

  std::size_t read_number() {
    std::size_t value = 0;
    if (at_ >= text_.size() || !is_decimal(text_[at_])) ok_ = false;
    while (at_ < text_.size() && is_decimal(text_[at_]) && value <= kRepeatMax) {
      value = value * 10 + static_cast<std::size_t>(text_[at_++] - '0');
    }
    return value;
  }

  std::vector<Node>& nodes_;
  std::string_view text_;
  std::size_t at_ = 0;
  bool ok_ = true;
};

using NodeSet = std::vector<NodeNo>;  // sorted, unique: only nodes that read a digit or carry a tag

// What the free moves lead to; nodes that only pass on are left out, which keeps the sets small.
NodeSet close(std::vector<Node> const& nodes, NodeSet pending, std::vector<bool>& seen) {
  NodeSet visited;
  NodeSet closed;
  for (auto const node : pending) seen[node] = true;
  visited = pending;
  while (!pending.empty()) {
    NodeNo const node = pending.back();
    pending.pop_back();
    if (nodes[node].digits != 0 || nodes[node].tag) closed.push_back(node);
    for (NodeNo const next : nodes[node].free_moves) {
      if (seen[next]) continue;
      seen[next] = true;
      visited.push_back(next);
      pending.push_back(next);
    }
  }
  for (auto const node : visited) seen[node] = false;
  std::sort(closed.begin(), closed.end());
  return closed;
}

NodeSet step(std::vector<Node> const& nodes, NodeSet const& from, DigitSet digit) {
  NodeSet reached;
  for (NodeNo const node : from) {
    if ((nodes[node].digits & digit) != 0) reached.push_back(nodes[node].target);
  }
  std::sort(reached.begin(), reached.end());
  reached.erase(std::unique(reached.begin(), reached.end()), reached.end());
  return reached;
}

std::vector<std::size_t> tags_of(std::vector<Node> const& nodes, NodeSet const& set) {
  std::vector<std::size_t> tags;
  for (NodeNo const node : set) {
    if (nodes[node].tag) tags.push_back(*nodes[node].tag);
  }
  std::sort(tags.begin(), tags.end());
  tags.erase(std::unique(tags.begin(), tags.end()), tags.end());
  return tags;
}

}  // namespace

std::optional<DigitAutomaton> DigitAutomaton::build(std::span<TaggedPattern const> patterns) {
  std::vector<Node> nodes(1);
  for (auto const& pattern : patterns) {
    auto const end = Compiler{nodes, pattern.pattern}.compile(0);
    if (!end || nodes.size() >= kNodesMax) return std::nullopt;
    nodes.emplace_back();
    auto const final_node = static_cast<NodeNo>(nodes.size() - 1);
    nodes[*end].free_moves.push_back(final_node);
    nodes[final_node].tag = pattern.tag;
    if (pattern.is_prefix) {
      nodes[final_node].digits = kAllDigits;
      nodes[final_node].target = final_node;
    }
  }

  DigitAutomaton automaton;
  std::vector<bool> seen(nodes.size());
  std::map<NodeSet, std::uint16_t> numbers;
  std::vector<NodeSet> sets;
  auto const number_of = [&](NodeSet set) {
    auto const [place, fresh] =
        numbers.try_emplace(std::move(set), static_cast<std::uint16_t>(sets.size()));
    if (fresh) sets.push_back(place->first);
    return place->second;
  };
  number_of(close(nodes, {0}, seen));
  for (std::size_t state = 0; state < sets.size(); ++state) {
    if (sets.size() + 10 > kStatesMax) return std::nullopt;
    automaton.tags_.push_back(tags_of(nodes, sets[state]));
    auto& moves = automaton.next_.emplace_back();
    for (unsigned digit = 0; digit < 10; ++digit) {
      auto const reached = step(nodes, sets[state], static_cast<DigitSet>(1U << digit));
      moves[digit] = number_of(close(nodes, reached, seen));
    }
  }
  static_assert(kStatesMax <= std::numeric_limits<std::uint16_t>::max());
  return automaton;
}

std::optional<std::size_t> DigitAutomaton::run(std::string_view digits) const {
  if (digits.size() > kDigitsMax) return std::nullopt;
  std::size_t state = 0;
  for (char const c : digits) {
    if (!is_decimal(c)) return std::nullopt;
    state = next_[state][static_cast<std::size_t>(c - '0')];
  }
  return state;
}

}  // namespace leadex::intake
