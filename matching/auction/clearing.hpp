#pragma once
// Second price: the level that keeps the winners where they are. Working part of run_auction()
// alone. Pure.

#include "matching/auction/book.hpp"

namespace leadex::auction {

/// The smallest level x ≥ 0 at which, every value of a member of `best` cut down to x, no package
/// of the book has a higher value than `best`. `best` is the package that won.
/// @cost a few passes over the book.
[[nodiscard]] std::int64_t clearing_level(Book const& book, Package const& best);

}  // namespace leadex::auction
