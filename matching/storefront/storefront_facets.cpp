// Counts for the side of a shop's page: one pass over the columns that the filter and the wishes
// name.

#include <algorithm>
#include <bit>

#include "billing/values/check.hpp"
#include "matching/storefront/storefront.hpp"

namespace leadex::storefront {
namespace {

using targeting::AttributeType;
using targeting::ValueSet;

Block both(Block a, Block const& b) {
  for (std::size_t w = 0; w < kBlockWords; ++w) a[w] &= b[w];
  return a;
}

/// Counts one attribute: by code, or, for bands, how many reach each cut.
class Tally {
 public:
  Tally(Rows const& rows, FacetWish const& wish, std::int64_t now_us)
      : rows_(rows), column_(rows.column(wish.attribute)) {
    LEADEX_CHECK(column_.type != AttributeType::text);
    LEADEX_CHECK((column_.type == AttributeType::integer) == !wish.cuts.empty());
    LEADEX_CHECK(std::ranges::is_sorted(wish.cuts, std::less_equal<>{}));
    if (wish.cuts.empty()) {
      stride_ = static_cast<std::size_t>(column_.span) + 2;
      codes_.resize(kWays * stride_);
      return;
    }
    auto const reaching = [&](std::int64_t low) {
      auto below = targeting::in_range(wish.attribute, std::nullopt, low - 1);
      return ValueSet::of(below).complement();
    };
    auto present = ValueSet::everything().intersect(
        ValueSet::of(targeting::in_range(wish.attribute, std::nullopt, std::nullopt)));
    reach_.emplace_back(rows, wish.attribute, present, now_us);
    for (auto const cut : wish.cuts) {
      reach_.emplace_back(rows, wish.attribute, reaching(cut).intersect(present), now_us);
    }
    reached_.resize(reach_.size());
  }

  void add(Block const& block, Slot first) {
    auto const population = storefront::population(block);
    if (population == 0) return;
    matches_ += population;
    for (std::size_t i = 0; i < reach_.size(); ++i) {
      reached_[i] += storefront::population(reach_[i].narrow(rows_, first, block));
    }
    if (!reach_.empty()) return;
    with_width(column_.width,
               [&](auto zero) { add_codes(rows_.codes<decltype(zero)>(column_, first), block); });
  }

  /// Of all rows at once, from the counts that the rows keep.
  void add_all(targeting::AttributeIndex attribute) {
    auto const& counts = rows_.code_counts(attribute);
    for (std::size_t code = 0; code < counts.size(); ++code) codes_[code] += counts[code];
  }

  [[nodiscard]] Facet take() const {
    Facet facet;
    if (!reach_.empty()) {
      facet.missing = matches_ - reached_[0];
      for (std::size_t i = 0; i < reached_.size(); ++i) {
        facet.counts.push_back(reached_[i] - (i + 1 < reached_.size() ? reached_[i + 1] : 0));
      }
      return facet;
    }
    auto const count = [&](std::size_t code) {
      std::int64_t total = 0;
      for (std::size_t way = 0; way < kWays; ++way) total += codes_[way * stride_ + code];
      return total;
    };
    facet.missing = count(0);
    for (std::size_t code = 1; code + 1 < stride_; ++code) facet.counts.push_back(count(code));
    facet.other = count(stride_ - 1);
    return facet;
  }

 private:
  // Neighbours often hold the same value: counting them apart keeps one count from waiting for the
  // other.
  static constexpr std::size_t kWays = 4;

  template <class T>
  void add_codes(T const* codes, Block const& block) {
    auto const last = static_cast<T>(stride_ - 1);
    for (std::size_t w = 0; w < kBlockWords; ++w, codes += 64) {
      if (block[w] == ~std::uint64_t{0}) {
        for (std::size_t i = 0; i < 64; ++i) {
          ++codes_[i % kWays * stride_ + std::min(codes[i], last)];
        }
        continue;
      }
      for (auto bits = block[w]; bits != 0; bits &= bits - 1) {
        auto const i = static_cast<std::size_t>(std::countr_zero(bits));
        ++codes_[i % kWays * stride_ + std::min(codes[i], last)];
      }
    }
  }

  Rows const& rows_;
  Column const& column_;
  std::size_t stride_{};
  std::vector<std::uint32_t> codes_;  // kWays times by code, the last one for other()
  std::vector<Predicate> reach_;      // present at all, then at least each cut
  std::vector<std::int64_t> reached_;
  std::int64_t matches_{};
};

constexpr std::size_t kNone = ~std::size_t{0};

/// The filter's own tests, one for each attribute, and the blocks with one of them left out.
struct Tests {
  std::vector<Predicate> predicates;
  std::vector<targeting::AttributeIndex> attributes;
  std::vector<Block> answers;

  [[nodiscard]] std::size_t of(targeting::AttributeIndex attribute) const {
    auto const found = std::ranges::find(attributes, attribute);
    return found == attributes.end() ? kNone : static_cast<std::size_t>(found - attributes.begin());
  }
  [[nodiscard]] Block all_but(std::size_t left_out, Block block) const {
    for (std::size_t i = 0; i < answers.size(); ++i) {
      if (i != left_out) block = both(block, answers[i]);
    }
    return block;
  }
};

}  // namespace

Facets Storefront::facets(FacetQuery const& query) const {
  Tests tests;
  for (auto const& term : query.filter) {
    if (term.accepted.is_everything()) continue;
    tests.predicates.emplace_back(rows_, term.attribute, term.accepted, query.now_us);
    tests.attributes.push_back(term.attribute);
  }
  tests.answers.resize(tests.predicates.size());
  bool const unfiltered = rows_.size(query.supply) == rows_.size();

  std::vector<Tally> tallies;
  std::vector<std::size_t> left_out;
  std::vector<std::size_t> passing;  // wishes that need the pass
  for (auto const& wish : query.wishes) {
    auto& tally = tallies.emplace_back(rows_, wish, query.now_us);
    left_out.push_back(tests.of(wish.attribute));
    auto const others = tests.predicates.size() - (left_out.back() == kNone ? 0 : 1);
    if (unfiltered && others == 0 && wish.cuts.empty()) {
      tally.add_all(wish.attribute);
    } else {
      passing.push_back(tallies.size() - 1);
    }
  }

  Facets found;
  bool const count_matches = !tests.predicates.empty();
  if (!count_matches) found.matches = static_cast<std::int64_t>(rows_.size(query.supply));
  if (!count_matches && passing.empty()) {
    for (auto const& tally : tallies) found.facets.push_back(tally.take());
    return found;
  }
  for (Slot first = 0; first < rows_.end(); first += kBlockRows) {
    auto const supplied = rows_.supply(query.supply, first);
    for (std::size_t i = 0; i < tests.answers.size(); ++i) {
      tests.answers[i] = tests.predicates[i].block(rows_, first);
    }
    auto const matches = tests.all_but(kNone, supplied);
    if (count_matches) found.matches += population(matches);
    for (auto const i : passing) {
      tallies[i].add(left_out[i] == kNone ? matches : tests.all_but(left_out[i], supplied), first);
    }
  }
  for (auto const& tally : tallies) found.facets.push_back(tally.take());
  return found;
}

}  // namespace leadex::storefront
