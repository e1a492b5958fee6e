#include "matching/storefront/row_filter.hpp"

#include <algorithm>

namespace leadex::storefront {

RowFilter::RowFilter(Rows const& rows, std::span<targeting::Conjunction const> conjunctions,
                     Supply supply, std::int64_t now_us)
    : rows_(rows), supply_(supply) {
  std::vector<targeting::Term const*> known;
  for (auto const& conjunction : conjunctions) {
    auto& tests = conjunctions_.emplace_back();
    for (auto const& term : conjunction) {
      if (!term.accepted.is_everything()) tests.push_back(test_of(term, now_us, known));
    }
  }
  if (rows.end() > 0) rarest_first();
}

std::size_t RowFilter::test_of(targeting::Term const& term, std::int64_t now_us,
                               std::vector<targeting::Term const*>& known) {
  auto const found = std::ranges::find_if(known, [&](targeting::Term const* other) {
    return other->attribute == term.attribute && other->accepted == term.accepted;
  });
  auto const place = static_cast<std::size_t>(found - known.begin());
  if (found == known.end()) {
    known.push_back(&term);
    tests_.push_back({Predicate(rows_, term.attribute, term.accepted, now_us)});
  } else {
    tests_[place].shared = true;
  }
  return place;
}

// The sooner a block is empty, the fewer columns are read. The first rows stand for all; they only
// choose the way, not the answer.
void RowFilter::rarest_first() {
  std::vector<std::size_t> price;  // of a row that is sorted out
  for (auto const& test : tests_) {
    auto const kept = static_cast<std::size_t>(population(test.predicate.block(rows_, 0)));
    price.push_back(test.predicate.cost(rows_) * kBlockRows / (kBlockRows - kept + 1));
  }
  for (auto& tests : conjunctions_) {
    std::ranges::stable_sort(tests, {}, [&](std::size_t test) { return price[test]; });
  }
}

Block RowFilter::block(Slot first) {
  Block matches{};
  auto const supplied = rows_.supply(supply_, first);
  for (auto& test : tests_) test.answered = false;
  for (auto const& tests : conjunctions_) {
    auto held = supplied;
    for (auto const place : tests) {
      if (std::ranges::all_of(held, [](std::uint64_t word) { return word == 0; })) break;
      auto& test = tests_[place];
      if (!test.shared) {
        held = test.predicate.narrow(rows_, first, held);
        continue;
      }
      if (!test.answered) test.answer = test.predicate.block(rows_, first);
      test.answered = true;
      for (std::size_t w = 0; w < kBlockWords; ++w) held[w] &= test.answer[w];
    }
    for (std::size_t w = 0; w < kBlockWords; ++w) matches[w] |= held[w];
  }
  return matches;
}

std::uint64_t RowFilter::pick(std::span<Slot const> slots) {
  auto supplied = ~std::uint64_t{0} >> (64 - slots.size());
  if (rows_.size(supply_) != rows_.size()) {
    supplied = 0;
    for (std::size_t i = 0; i < slots.size(); ++i) {
      supplied |= std::uint64_t{rows_.supplied(supply_, slots[i])} << i;
    }
  }
  std::uint64_t matches = 0;
  for (auto& test : tests_) test.answered = false;
  for (auto const& tests : conjunctions_) {
    auto held = supplied & ~matches;
    for (auto const place : tests) {
      if (held == 0) break;
      auto& test = tests_[place];
      if (!test.answered) test.answer[0] = test.predicate.pick(rows_, slots);
      test.answered = true;
      held &= test.answer[0];
    }
    matches |= held;
  }
  return matches;
}

}  // namespace leadex::storefront
