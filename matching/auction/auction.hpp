#pragma once
// One auction over one lead: the routes in their order, in each the best exclusive bid against the
// best package of shares, prices, and what each loser would have needed. Pure function of its
// input; any thread.

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "billing/values/ids.hpp"
#include "billing/values/money.hpp"
#include "billing/values/result.hpp"

namespace leadex::auction {

// The numbers of these enums are stored, so they are never reused.
enum class Exclusivity : std::uint8_t { exclusive = 0, shared = 1, any = 2 };
enum class PriceRule : std::uint8_t {
  first_price = 0,   // a winner pays its bid
  second_price = 1,  // what keeps the winners ahead of every other package; see run_auction()
  fixed = 2,         // everybody pays AuctionInput::fixed_price; lower bids are out
};
/// Who comes first inside a tier.
enum class Routing : std::uint8_t {
  price = 0,        // the package that brings most
  weight = 1,       // who has been served least for its weight
  round_robin = 2,  // who was served longest ago
  waterfall = 3,    // the earlier campaign
  hybrid = 4,       // of the best N by price, who was served longest ago
};

inline constexpr std::int32_t kMaxShares = kSharesPerRound;
inline constexpr std::size_t kCandidatesMax = 1'000'000;
inline constexpr std::int64_t kWorthWhole = 1'000'000'000;  // parts per billion
inline constexpr std::int32_t kTierMax = 1000;

struct Candidate {
  std::int64_t campaign_no{};  // unique in the book; also the order of arrival
  std::int64_t buyer_no{};
  Money bid;                           // per share, > 0; also for the whole when none stands below
  std::optional<Money> exclusive_bid;  // for the whole lead; looked at for `any` and `exclusive`
  Exclusivity exclusivity{Exclusivity::any};
  std::int32_t max_shares{kMaxShares};  // the most owners the lead may have with this one, ≥ 1

  /// What a bid counts for, in parts per billion: its chance of being paid and kept. A bid's value
  /// is bid × worth, rounded down.
  std::int64_t worth_ppb{kWorthWhole};
  /// The reserve is held against the value (a price paid only on an event), else against the bid.
  bool reserve_on_value{};

  std::int32_t tier{};    // 0..kTierMax, smaller tiers come first
  std::int64_t served{};  // weight: sales of the day
  std::int32_t weight{1};
  std::int64_t turn{};        // round robin, hybrid: number of the last auction won, 0 none
  std::optional<Money> deal;  // agreed with this lead's generator: comes before all tiers
  bool deal_is_exclusive{};
};

struct AuctionInput {
  std::vector<Candidate> candidates;           // any order
  std::int32_t max_shares{1};                  // K of the market, 1..kMaxShares
  Money reserve;                               // per share; an exclusive bid must reach it too
  std::int32_t shares_sold{};                  // s, shares of this lead that have owners already
  std::int32_t owners_max_shares{kMaxShares};  // the smallest max_shares of those owners
  PriceRule rule{PriceRule::first_price};
  Money fixed_price;  // PriceRule::fixed: of a share; a whole lead costs it max_shares times
  Routing routing{Routing::price};
  std::int32_t hybrid_n{1};  // Routing::hybrid: N ≥ 1
  /// Of the others only the rank is told: thresholds are the dearest part of an auction.
  std::size_t explained_max{std::numeric_limits<std::size_t>::max()};
};

/// Why a candidate did not win: the first of these that is true of it.
enum class LossReason : std::uint8_t {
  none = 0,           // it won
  already_sold = 1,   // exclusive only, and a share is sold; or no share is left
  below_reserve = 2,  // no bid of this candidate reaches the reserve, or the fixed price
  same_buyer = 3,     // another campaign of the same buyer won
  share_limit = 4,    // shared only, and its max_shares does not allow the owners the lead has now,
                      // while its bid stands before the last winner's
  package_lost = 5,   // it is in the best package of shares, but one exclusive bid brought more; or
                      // it is the best exclusive bid, but the package of shares brought more
  outbid = 6,         // better bids took the places
  earlier_route = 7,  // deals or tiers before its own took what it could have had
  not_its_turn = 8,   // the market's order put others first
};

struct Winner {
  std::int64_t campaign_no{};
  std::int64_t buyer_no{};
  Money price;           // what it pays, or promises for the event; never above its bid
  std::int32_t share{};  // shares_sold, shares_sold + 1, … best first; 0 for an exclusive sale
  bool exclusive{};
  bool by_deal{};
};

struct Placing {        // one per candidate, in the order of AuctionInput::candidates
  std::int32_t rank{};  // 1 = first: by route, then as its routing orders it
  LossReason loss{LossReason::none};
  /// Losers only: the smallest `bid`, or the smallest `exclusive_bid` when one was given, with
  /// which this candidate would have won, all else unchanged. Nothing when no amount wins, or
  /// when the order inside its tier is not by price.
  std::optional<Money> min_to_win;
  std::optional<Money> min_exclusive_to_win;
};

struct AuctionResult {
  std::vector<Winner> winners;         // in order of award; empty: the lead rests
  std::vector<Placing> placings;       // loss and thresholds for the first explained_max ranks
  std::vector<std::uint32_t> ranking;  // positions of the candidates, first rank first
  Money revenue;                       // sum of the winners' prices
  Money value;           // sum of the winners' values, which the price rule leaves as it is
  Money losing_package;  // of the first route that sold: best package of the kind that lost
};

enum class AuctionError : std::uint8_t {
  too_many_candidates,
  setting_invalid,    // K, s, owners' limit, reserve, price or N outside their range, or a price
                      // rule of second_price with an order that is not by price
  candidate_invalid,  // a bid outside 1..kAmountMax micros, max_shares < 1, campaign_no twice, …
};

/// Routes: deals first, then the tiers, the smallest first; what one leaves goes to the next.
///
/// In a tier by price, and among deals, the packages are: one exclusive bid (only while no share is
/// sold), or k shares with s + k within K, the owners' limit and each member's own max_shares, one
/// per buyer. Each bid must reach the reserve (deals need not: their parties and the market have
/// agreed). The package of the highest value wins; equal ones: fewer winners, then a share before
/// an exclusive sale (the rest of the lead stays on sale), then earlier campaigns (smaller
/// campaign_no). In a tier of another order its first member that can be served decides the kind
/// (`any`: what brings more), and shares are filled in that order.
///
/// Second price: with x the smallest level at which, every value of a winner cut down to x, no
/// other package has a higher value, each winner pays the least bid that has the value min(own, x)
/// and reaches the reserve.
/// @errors AuctionError, in the order of the enum.
/// @cost per route O(n log n + n·K) for distinct buyers; at most n·K² when many of a buyer's
/// campaigns meet.
[[nodiscard]] Result<AuctionResult, AuctionError> run_auction(AuctionInput const& input);

/// Canonical bytes of the candidate list in rank order, for the caller's digest in the auction
/// record: the same book in any order gives the same bytes. `ranking` is that of its result.
[[nodiscard]] std::vector<std::byte> encode_book(AuctionInput const& input,
                                                 std::vector<std::uint32_t> const& ranking);

/// Value of a bid, rounded down, and the least bid that has a value.
[[nodiscard]] std::int64_t value_of(std::int64_t bid_micros, std::int64_t worth_ppb);
[[nodiscard]] std::int64_t least_bid_of(std::int64_t value_micros, std::int64_t worth_ppb);

}  // namespace leadex::auction
