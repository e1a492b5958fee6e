#include "matching/auction/turns.hpp"

#include <algorithm>

namespace leadex::auction {
namespace {

using Wide = __int128;
using Order = std::vector<Entry const*>;

/// The most it would bring alone.
std::int64_t brings(Book const& book, Entry const& entry) {
  bool const share = entry.in_shared && entry.candidate->max_shares >= book.owners_with(1);
  return std::max(share ? entry.value : 0, entry.in_exclusive ? entry.whole_value : 0);
}

bool comes_before(Routing routing, Candidate const& a, Candidate const& b) {
  if (routing == Routing::weight) {
    auto const left = Wide{a.served} * b.weight;
    auto const right = Wide{b.served} * a.weight;
    if (left != right) return left < right;
  } else if (routing != Routing::waterfall && a.turn != b.turn) {
    return a.turn < b.turn;
  }
  return a.campaign_no < b.campaign_no;
}

/// Shares in the given order, as long as every owner's limit allows.
Package fill(Book const& book, Order const& order) {
  Package shares;
  auto limit = kMaxShares;
  for (auto const* entry : order) {
    if (shares.count() == book.shares_left()) break;
    auto const& candidate = *entry->candidate;
    if (!entry->in_shared || shares.has_buyer(candidate.buyer_no)) continue;
    auto const owners = book.owners_with(shares.count() + 1);
    if (owners > std::min(limit, candidate.max_shares)) continue;
    limit = std::min(limit, candidate.max_shares);
    shares.members.push_back(entry);
    shares.value += entry->value;
  }
  return shares;
}

/// The first of the order decides whether the lead is sold whole: when that brings more.
void choose_kind(Book const& book, RouteResult& route) {
  auto const* first = route.ranking.front();
  Package whole{true, 0, {}};
  if (first->in_exclusive) whole = {true, first->whole_value, {first}};
  bool const share = first->in_shared && first->candidate->max_shares >= book.owners_with(1);
  if (share) route.best = fill(book, route.ranking);
  route.other = std::move(whole);
  if (route.other.value > route.best.value) std::swap(route.best, route.other);
}

}  // namespace

RouteResult take_turns(Book const& book) {
  RouteResult route;
  auto const& input = book.input();
  Order rest;
  for (auto const* entry : book.by_value()) {
    (brings(book, *entry) > 0 ? route.ranking : rest).push_back(entry);
  }
  route.front = route.ranking.size();
  if (input.routing == Routing::hybrid) {
    std::ranges::sort(route.ranking, [&](Entry const* a, Entry const* b) {
      auto const left = brings(book, *a);
      auto const right = brings(book, *b);
      return left != right ? left > right : a->candidate->campaign_no < b->candidate->campaign_no;
    });
    route.front = std::min(route.front, static_cast<std::size_t>(input.hybrid_n));
  }
  std::sort(route.ranking.begin(), route.ranking.begin() + static_cast<std::ptrdiff_t>(route.front),
            [&](Entry const* a, Entry const* b) {
              return comes_before(input.routing, *a->candidate, *b->candidate);
            });
  if (!route.ranking.empty()) choose_kind(book, route);
  route.ranking.insert(route.ranking.end(), rest.begin(), rest.end());
  return route;
}

}  // namespace leadex::auction
