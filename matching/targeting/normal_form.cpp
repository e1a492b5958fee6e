#include "matching/targeting/normal_form.hpp"

#include <algorithm>
#include <iterator>
#include <map>

namespace leadex::targeting {
namespace {

// A sum of products under construction. A single-attribute condition stays one product however it
// was written, so "state is CA, or state is TX" does not count twice.
using Products = std::vector<Conjunction>;

// The conjunction that holds when both hold; false when nothing can satisfy it.
bool join(Conjunction const& a, Conjunction const& b, Conjunction& out) {
  out.clear();
  auto left = a.begin();
  auto right = b.begin();
  while (left != a.end() || right != b.end()) {
    if (right == b.end() || (left != a.end() && left->attribute < right->attribute)) {
      out.push_back(*left++);
    } else if (left == a.end() || right->attribute < left->attribute) {
      out.push_back(*right++);
    } else {
      auto both = left->accepted.intersect(right->accepted);
      if (both.empty()) return false;
      out.push_back({left->attribute, std::move(both)});
      ++left;
      ++right;
    }
  }
  return true;
}

// Conjunctions of one term on the same attribute become one with the union of the sets.
Products merge_single_terms(Products products) {
  std::map<AttributeIndex, ValueSet> single;
  Products merged;
  for (auto& product : products) {
    if (product.empty()) return {Conjunction{}};  // one branch is always true, so all is
    if (product.size() > 1) {
      merged.push_back(std::move(product));
      continue;
    }
    auto& set = single[product[0].attribute];
    set = set.unite(product[0].accepted);
  }
  for (auto& [attribute, set] : single) {
    if (set.is_everything()) return {Conjunction{}};
    merged.push_back({Term{attribute, std::move(set)}});
  }
  return merged;
}

class Normaliser {
 public:
  // The products of `node`, or of its negation; nothing once the limit is passed.
  Products run(Expression const& node, bool negated) {
    switch (node.kind) {
      case ExpressionKind::negation:
        return run(node.children[0], !negated);
      case ExpressionKind::all:
        return negated ? sum(node, negated) : product(node, negated);
      case ExpressionKind::any:
        return negated ? product(node, negated) : sum(node, negated);
      case ExpressionKind::in:
      case ExpressionKind::range:
        break;
    }
    auto set = ValueSet::of(node);
    if (negated) set = set.complement();
    if (set.empty()) return {};
    if (set.is_everything()) return {Conjunction{}};
    return {{Term{node.attribute, std::move(set)}}};
  }
  [[nodiscard]] bool too_complex() const { return too_complex_; }

 private:
  Products sum(Expression const& node, bool negated) {
    Products total;
    for (auto const& child : node.children) {
      auto part = run(child, negated);
      std::ranges::move(part, std::back_inserter(total));
      if (total.size() > kConjunctionsMax) total = merge_single_terms(std::move(total));
      if (stop_at(total.size())) return {};
    }
    return merge_single_terms(std::move(total));
  }

  // The limit is looked at before contradictions are dropped: it bounds the work, not the result.
  Products product(Expression const& node, bool negated) {
    Products total{Conjunction{}};
    Conjunction joined;
    for (auto const& child : node.children) {
      auto const part = run(child, negated);
      if (stop_at(total.size() * part.size())) return {};
      Products next;
      for (auto const& a : total) {
        for (auto const& b : part) {
          if (join(a, b, joined)) next.push_back(joined);
        }
      }
      total = std::move(next);
    }
    return total;
  }

  bool stop_at(std::size_t count) {
    if (count > kConjunctionsMax) too_complex_ = true;
    return too_complex_;
  }

  bool too_complex_{false};
};

}  // namespace

Result<std::vector<Conjunction>, ExpressionFault> to_normal_form(Expression const& expression) {
  Normaliser normaliser;
  auto products = normaliser.run(expression, false);
  if (normaliser.too_complex()) {
    return refuse(ExpressionFault{ExpressionError::too_complex, ""});
  }
  return products;
}

}  // namespace leadex::targeting
