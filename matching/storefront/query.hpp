#pragma once
// What Storefront holds of a listing, what it can be asked, and what it answers. Plain values;
// pure, any thread.

#include <compare>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "matching/targeting/expression.hpp"
#include "matching/targeting/normal_form.hpp"
#include "matching/targeting/schema.hpp"

namespace leadex::storefront {

/// A listing as it is put in. `values` are in schema order and schema.size() long; that of
/// lead_age_s is not looked at, as it follows from captured_us and the time of the question.
struct Entry {
  std::int64_t lead_no{};
  std::int64_t ask_micros{};
  std::int64_t listed_us{};
  std::int64_t captured_us{};
  std::int32_t shares_left{1};
  bool whole{true};  // nothing of it is sold, so that it can be sold exclusively
  std::span<std::int64_t const> values;
};

enum class Order : std::uint8_t { ask = 0, score = 1, captured = 2 };
inline constexpr std::size_t kOrders = 3;

/// Place in an order; smaller comes first, and no two listings share one. It serves as a cursor,
/// also after its listing has gone.
///   ask       {ask_micros, listed_us, lead_no}: cheapest, then oldest listing, first
///   score     {-score, 0, -lead_no}: best first, without a score last, younger leads first
///   captured  {-(hour of capture), 0, -lead_no}: newest first. By the hour, which is what buyers
///             are shown, so that the order tells no more than the listing does.
struct Place {
  std::int64_t first{};
  std::int64_t second{};
  std::int64_t third{};
  friend auto operator<=>(Place const&, Place const&) = default;
};
inline constexpr std::int64_t kNoScorePlace = std::numeric_limits<std::int64_t>::max();
inline constexpr std::int64_t kCapturedStepUs = std::int64_t{3'600} * 1'000'000;
/// lead_age_s of the oldest; the market engine holds ages to the same bounds.
inline constexpr std::int64_t kLeadAgeClamp_s = 1'000'000'000;

/// What must be left of a listing for it to be found.
enum class Supply : std::uint8_t {
  any = 0,    // whatever rests
  share = 1,  // at least one share
  whole = 2,  // nothing sold yet
};

struct Hit {
  std::int64_t lead_no{};
  Place place;
};
using Visit = std::function<bool(Hit const&)>;

struct SweepQuery {
  targeting::Expression const* expression{};  // valid for the schema; may have empty lists
  std::optional<Place> after;                 // in Order::ask; nothing: from the cheapest
  std::int64_t ask_max{std::numeric_limits<std::int64_t>::max()};  // micros, inclusive
  Supply supply{Supply::any};
  std::int64_t now_us{};
};

struct PageQuery {
  targeting::Conjunction filter;  // ascending by attribute, as to_normal_form() writes it
  Order order{Order::ask};
  std::optional<Place> after;
  std::size_t limit{};  // visits that return true
  Supply supply{Supply::share};
  std::int64_t now_us{};
};

/// Which counts are wanted. A choice or boolean attribute is counted by value; an integer one,
/// lead_age_s too, by bands: below cuts[0], from cuts[0] to below cuts[1], …, from the last on.
struct FacetWish {
  targeting::AttributeIndex attribute{};
  std::vector<std::int64_t> cuts;  // integers only: ascending, all different, at least one
};

struct FacetQuery {
  targeting::Conjunction filter;
  std::vector<FacetWish> wishes;
  Supply supply{Supply::share};
  std::int64_t now_us{};
};

struct Facet {
  std::vector<std::int64_t> counts;  // by ordinal (boolean: false, true) or by band
  std::int64_t missing{};
  std::int64_t other{};  // values that the schema does not list
  friend bool operator==(Facet const&, Facet const&) = default;
};
struct Facets {
  std::int64_t matches{};     // of the whole filter, exactly
  std::vector<Facet> facets;  // one per wish, the filter on the wish's own attribute left out
  friend bool operator==(Facets const&, Facets const&) = default;
};

}  // namespace leadex::storefront
