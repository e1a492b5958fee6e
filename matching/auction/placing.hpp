#pragma once
// What each candidate of a route is told: why it lost and what it would have needed. Working parts
// of run_auction() alone. Pure.

#include "matching/auction/book.hpp"

namespace leadex::auction {

/// How one route ended.
struct RouteResult {
  Package best;                       // won
  Package other;                      // best of the other kind; only where the order is by price
  std::vector<Entry const*> ranking;  // all entries, first one first
  bool by_price{};
  std::size_t front{};  // hybrid: entries of the ranking that took turns; the rest was outbid
};

/// Loss and thresholds of a loser. `rank`: its place in the ranking, from 0.
void explain_loss(Book const& book, RouteResult const& route, Entry const& entry, std::size_t rank,
                  Placing& placing);

}  // namespace leadex::auction
