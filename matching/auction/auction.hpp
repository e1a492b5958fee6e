#pragma once
// One auction over one lead: the best exclusive bid against the best package of shares, prices,
// and what each loser would have needed. Pure function of its input; any thread.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "billing/values/ids.hpp"
#include "billing/values/money.hpp"
#include "billing/values/result.hpp"

namespace leadex::auction {

enum class Exclusivity : std::uint8_t { exclusive = 0, shared = 1, any = 2 };
/// Only rules that run here are listed; the numbers are stored, so they are never reused.
enum class PriceRule : std::uint8_t { first_price = 0 };

inline constexpr std::int32_t kMaxShares = kSharesPerRound;
inline constexpr std::size_t kCandidatesMax = 1'000'000;

struct Candidate {
  std::int64_t campaign_no{};  // unique in the book; also the order of arrival
  std::int64_t buyer_no{};
  Money bid;                           // per share, > 0; also for the whole when none stands below
  std::optional<Money> exclusive_bid;  // for the whole lead; looked at for `any` and `exclusive`
  Exclusivity exclusivity{Exclusivity::any};
  std::int32_t max_shares{kMaxShares};  // the most owners the lead may have with this one, ≥ 1
};

struct AuctionInput {
  std::vector<Candidate> candidates;           // any order
  std::int32_t max_shares{1};                  // K of the market, 1..kMaxShares
  Money reserve;                               // per share; an exclusive bid must reach it too
  std::int32_t shares_sold{};                  // s, shares of this lead that have owners already
  std::int32_t owners_max_shares{kMaxShares};  // the smallest max_shares of those owners
  PriceRule rule{PriceRule::first_price};
};

/// Why a candidate did not win: the first of these that is true of it.
enum class LossReason : std::uint8_t {
  none = 0,           // it won
  already_sold = 1,   // exclusive only, and a share is sold; or no share is left
  below_reserve = 2,  // no bid of this candidate reaches the reserve
  same_buyer = 3,     // another campaign of the same buyer won
  share_limit = 4,    // shared only, and its max_shares does not allow the owners the lead has now,
                      // while its bid stands before the last winner's
  package_lost = 5,   // it is in the best package of shares, but one exclusive bid brought more; or
                      // it is the best exclusive bid, but the package of shares brought more
  outbid = 6,         // better bids took the places
};

struct Winner {
  std::int64_t campaign_no{};
  std::int64_t buyer_no{};
  Money price;           // what it pays; first price: its own bid
  std::int32_t share{};  // shares_sold, shares_sold + 1, … best first; 0 for an exclusive sale
  bool exclusive{};
};

struct Placing {        // one per candidate, in the order of AuctionInput::candidates
  std::int32_t rank{};  // 1 = best: by the highest amount it offers, then the smaller campaign_no
  LossReason loss{LossReason::none};
  /// Losers only: the smallest `bid`, or the smallest `exclusive_bid` when one was given, with
  /// which this candidate would have won, all else unchanged. Nothing when no amount wins.
  std::optional<Money> min_to_win;
  std::optional<Money> min_exclusive_to_win;
};

struct AuctionResult {
  std::vector<Winner> winners;  // best first; empty: the lead rests
  std::vector<Placing> placings;
  Money revenue;         // sum of the winners' prices
  Money losing_package;  // best package of the kind (exclusive, shares) that lost; 0 without one
};

enum class AuctionError : std::uint8_t {
  too_many_candidates,
  setting_invalid,    // K, s, owners' limit or reserve outside their range
  candidate_invalid,  // a bid outside 1..kAmountMax micros, max_shares < 1, campaign_no twice
};

/// The packages: one exclusive bid (only while no share is sold), or k shares with s + k within K,
/// the owners' limit and each member's own max_shares, one per buyer. Each bid must reach the
/// reserve. The package that brings most wins; equal ones: fewer winners, then a share before an
/// exclusive sale (the rest of the lead stays on sale), then earlier campaigns (smaller
/// campaign_no).
/// @errors AuctionError, in the order of the enum.
/// @cost O(n log n + n·K) for distinct buyers; at most n·K² when many of a buyer's campaigns meet.
[[nodiscard]] Result<AuctionResult, AuctionError> run_auction(AuctionInput const& input);

/// Canonical bytes of the candidate list in rank order, for the caller's digest in the auction
/// record: the same book in any order gives the same bytes. `input` is one run_auction() accepts.
[[nodiscard]] std::vector<std::byte> encode_book(AuctionInput const& input);

}  // namespace leadex::auction
