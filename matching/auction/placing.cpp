#include "matching/auction/placing.hpp"

#include <algorithm>

namespace leadex::auction {
namespace {

LossReason loss_of(Book const& book, RouteResult const& route, Entry const& entry,
                   std::size_t rank) {
  auto const& candidate = *entry.candidate;
  auto const& best = route.best;
  if (entry.taken) return LossReason::same_buyer;
  if (!entry.exclusive_open && !entry.shared_open) {
    return book.left().begun ? LossReason::earlier_route : LossReason::already_sold;
  }
  if (!entry.in_exclusive && !entry.in_shared) return LossReason::below_reserve;
  if (best.has_buyer(candidate.buyer_no)) return LossReason::same_buyer;
  if (!best.exclusive && !entry.in_exclusive &&
      candidate.max_shares < book.owners_with(best.count())) {
    bool const before_last =
        best.members.empty() || (route.by_price && shared_before(entry, *best.members.back()));
    if (before_last) return LossReason::share_limit;
  }
  if (!route.by_price) {
    return rank < route.front ? LossReason::not_its_turn : LossReason::outbid;
  }
  return route.other.holds(&entry) ? LossReason::package_lost : LossReason::outbid;
}

// Smallest value at which a package of k shares with `entry` in it would beat `best`. The other
// k - 1 members are the best of other buyers; nothing when there are not enough of them.
std::optional<std::int64_t> share_threshold(Book const& book, Entry const& entry,
                                            Package const& best, std::size_t k) {
  auto const& top = book.top(k);
  auto const buyer_no = entry.candidate->buyer_no;
  std::int64_t others = 0;
  std::size_t taken = 0;
  for (auto const* member : top) {
    if (taken + 1 == k) break;
    if (member->candidate->buyer_no == buyer_no) continue;
    others += member->value;
    ++taken;
  }
  if (taken + 1 < k) return std::nullopt;
  bool tie_wins = false;
  if (best.exclusive) {
    tie_wins = k == 1;
  } else if (k != best.count()) {
    tie_wins = k < best.count();
  } else {
    // The same size: `entry` takes the place of its buyer's other campaign, or of the last winner.
    auto const* replaced = best.members.back();
    for (auto const* member : best.members) {
      if (member->candidate->buyer_no == buyer_no) replaced = member;
    }
    tie_wins = entry.candidate->campaign_no < replaced->candidate->campaign_no;
  }
  return best.value - others + (tie_wins ? 0 : 1);
}

std::int64_t exclusive_threshold(Entry const& entry, Package const& best) {
  bool tie_wins = best.count() > 1;
  if (best.exclusive) {
    tie_wins = entry.candidate->campaign_no < best.members[0]->candidate->campaign_no;
  }
  return best.value + (tie_wins ? 0 : 1);
}

// The least bid of that value; `least`: what a bid must reach at any rate.
std::optional<Money> reachable(Book const& book, Entry const& entry,
                               std::optional<std::int64_t> threshold, std::int64_t least) {
  if (!threshold) return std::nullopt;
  auto const worth = entry.candidate->worth_ppb;
  if (book.input().rule == PriceRule::fixed) {  // there is but one amount to offer
    if (value_of(least, worth) < *threshold) return std::nullopt;
    return least <= kAmountMax.micros ? std::optional{Money{least}} : std::nullopt;
  }
  auto const amount = std::max(least_bid_of(*threshold, worth), least);
  if (amount > kAmountMax.micros) return std::nullopt;
  return Money{amount};
}

std::optional<Money> lesser(std::optional<Money> a, std::optional<Money> b) {
  if (!a) return b;
  if (!b) return a;
  return std::min(*a, *b);
}

// A loser wins as soon as the best package with it beats the best one without it, and the latter
// is the package that won. Raising a bid raises every package it is in by as much, so the
// threshold is exact: above it the candidate wins, below it does not.
void set_min_to_win(Book const& book, Entry const& entry, Package const& best, Placing& placing) {
  auto const& candidate = *entry.candidate;
  std::optional<std::int64_t> shared;
  if (entry.shared_open) {
    for (std::size_t k = 1; k <= book.shares_left(); ++k) {
      if (book.owners_with(k) > candidate.max_shares) break;
      auto const threshold = share_threshold(book, entry, best, k);
      if (threshold && (!shared || *threshold < *shared)) shared = threshold;
    }
  }
  std::optional<std::int64_t> exclusive;
  if (entry.exclusive_open) exclusive = exclusive_threshold(entry, best);
  auto const share = reachable(book, entry, shared, entry.least);
  auto const whole = reachable(book, entry, exclusive, entry.least_whole);
  if (candidate.exclusive_bid) {
    placing.min_to_win = share;
    placing.min_exclusive_to_win = whole;
  } else {
    placing.min_to_win = lesser(share, whole);  // one bid stands in both races
  }
}

}  // namespace

void explain_loss(Book const& book, RouteResult const& route, Entry const& entry, std::size_t rank,
                  Placing& placing) {
  placing.loss = loss_of(book, route, entry, rank);
  if (route.by_price) set_min_to_win(book, entry, route.best, placing);
}

}  // namespace leadex::auction
