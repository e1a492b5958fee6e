#include "matching/auction/clearing.hpp"

#include <algorithm>

#include "billing/values/check.hpp"

namespace leadex::auction {
namespace {

class Leveller {
 public:
  Leveller(Book const& book, Package const& best) : book_(book), best_(best) {
    for (auto const* entry : book.race()) {
      (best.holds(entry) ? winners_ : rivals_).push_back(entry);
    }
  }

  // Each rival package that is ahead at x raises x to where it no longer is; the last x is the
  // largest of those, so the smallest that suits all.
  std::int64_t run() {
    std::int64_t level = 0;
    for (;;) {
      auto const rival = best_at(level);
      if (value_at(rival, level) <= value_at(best_, level)) return level;
      level = level_against(rival, level);
    }
  }

 private:
  [[nodiscard]] std::int64_t cut(Entry const* entry, bool whole, std::int64_t level) const {
    auto const value = whole ? entry->whole_value : entry->value;
    return best_.holds(entry) ? std::min(value, level) : value;
  }

  [[nodiscard]] std::int64_t value_at(Package const& package, std::int64_t level) const {
    std::int64_t sum = 0;
    for (auto const* member : package.members) sum += cut(member, package.exclusive, level);
    return sum;
  }

  // Whatever a winner's other offer is worth is cut as well, so once it is ahead of a package it
  // stays ahead as the level rises.
  [[nodiscard]] std::int64_t level_against(Package const& rival, std::int64_t level) const {
    auto low = level;  // the rival is ahead here
    std::int64_t high = level;
    for (auto const* member : best_.members) {
      high = std::max({high, member->value, member->whole_value});
    }
    LEADEX_CHECK(value_at(rival, high) <= value_at(best_, high));  // `best` won
    while (high - low > 1) {
      auto const middle = low + (high - low) / 2;
      (value_at(rival, middle) <= value_at(best_, middle) ? high : low) = middle;
    }
    return high;
  }

  [[nodiscard]] Package best_at(std::int64_t level) {
    Package best;
    for (auto const& entry : book_.entries()) {
      if (!entry.in_exclusive) continue;
      auto const value = cut(&entry, true, level);
      if (value > best.value) best = {true, value, {&entry}};
    }
    std::ranges::sort(winners_, [&](Entry const* a, Entry const* b) {
      return cut(a, false, level) > cut(b, false, level);
    });
    for (std::size_t k = 1; k <= book_.shares_left(); ++k) {
      auto shares = top_at(k, level);
      if (shares.count() == k && shares.value > best.value) best = std::move(shares);
    }
    return best;
  }

  /// The best k of different buyers: winners and rivals merged by what they are worth at `level`.
  [[nodiscard]] Package top_at(std::size_t k, std::int64_t level) const {
    Package shares;
    auto winner = winners_.begin();
    auto rival = rivals_.begin();
    while (shares.count() < k && (winner != winners_.end() || rival != rivals_.end())) {
      bool const from_winners =
          rival == rivals_.end() ||
          (winner != winners_.end() && cut(*winner, false, level) >= (*rival)->value);
      auto const* entry = from_winners ? *winner++ : *rival++;
      if (entry->candidate->max_shares < book_.owners_with(k)) continue;
      if (shares.has_buyer(entry->candidate->buyer_no)) continue;
      shares.value += cut(entry, false, level);
      shares.members.push_back(entry);
    }
    return shares;
  }

  Book const& book_;
  Package const& best_;
  std::vector<Entry const*> winners_;
  std::vector<Entry const*> rivals_;
};

}  // namespace

std::int64_t clearing_level(Book const& book, Package const& best) {
  return Leveller{book, best}.run();
}

}  // namespace leadex::auction
