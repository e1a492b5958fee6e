#include "matching/auction/auction.hpp"

#include <algorithm>
#include <array>

#include "matching/auction/book.hpp"

namespace leadex::auction {
namespace {

// `package` of kind and size, and which of the two brings more; see run_auction() for the ties.
bool exclusive_wins(Package const& exclusive, Package const& shares) {
  if (exclusive.value != shares.value) return exclusive.value > shares.value;
  return exclusive.count() > 0 && shares.count() > 1;
}

LossReason loss_of(Book const& book, Entry const& entry, Package const& best,
                   Package const& other) {
  auto const& candidate = *entry.candidate;
  if (!entry.exclusive_open && !entry.shared_open) return LossReason::already_sold;
  if (!entry.in_exclusive && !entry.in_shared) return LossReason::below_reserve;
  auto const same_buyer = [&](Entry const* winner) {
    return winner->candidate->buyer_no == candidate.buyer_no;
  };
  if (std::ranges::any_of(best.members, same_buyer)) return LossReason::same_buyer;
  auto const owners = book.input().shares_sold + static_cast<std::int32_t>(best.count());
  if (!best.exclusive && !entry.in_exclusive && candidate.max_shares < owners &&
      (best.members.empty() || shared_before(entry, *best.members.back()))) {
    return LossReason::share_limit;
  }
  if (std::ranges::find(other.members, &entry) != other.members.end()) {
    return LossReason::package_lost;
  }
  return LossReason::outbid;
}

// Smallest x at which a package of k shares with `entry` in it would beat `best`. The other k - 1
// members are the best of other buyers; nothing when there are not enough of them.
std::optional<std::int64_t> share_threshold(Book const& book, Entry const& entry,
                                            Package const& best, std::size_t k) {
  auto const& top = book.top(k);
  auto const buyer_no = entry.candidate->buyer_no;
  std::int64_t others = 0;
  std::size_t taken = 0;
  for (auto const* member : top) {
    if (taken + 1 == k) break;
    if (member->candidate->buyer_no == buyer_no) continue;
    others += member->bid;
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

std::optional<Money> reachable(std::optional<std::int64_t> threshold, Money reserve) {
  if (!threshold) return std::nullopt;
  auto const amount = std::max({*threshold, reserve.micros, std::int64_t{1}});
  if (amount > kAmountMax.micros) return std::nullopt;
  return Money{amount};
}

// A loser wins as soon as the best package with it beats the best one without it, and the latter
// is the package that won. Raising a bid raises every package it is in by as much, so the
// threshold is exact: above it the candidate wins, below it does not.
void set_min_to_win(Book const& book, Entry const& entry, Package const& best, Placing& placing) {
  auto const& candidate = *entry.candidate;
  std::optional<std::int64_t> shared;
  if (entry.shared_open) {
    for (std::size_t k = 1; k <= book.shares_left(); ++k) {
      if (book.input().shares_sold + static_cast<std::int32_t>(k) > candidate.max_shares) break;
      auto const threshold = share_threshold(book, entry, best, k);
      if (threshold && (!shared || *threshold < *shared)) shared = threshold;
    }
  }
  std::optional<std::int64_t> exclusive;
  if (entry.exclusive_open) exclusive = exclusive_threshold(entry, best);
  auto const reserve = book.input().reserve;
  if (candidate.exclusive_bid) {
    placing.min_to_win = reachable(shared, reserve);
    placing.min_exclusive_to_win = reachable(exclusive, reserve);
    return;
  }
  // One bid stands in both races.
  auto const either =
      shared && exclusive ? std::min(shared, exclusive) : (shared ? shared : exclusive);
  placing.min_to_win = reachable(either, reserve);
}

bool settings_are_valid(AuctionInput const& input) {
  return input.max_shares >= 1 && input.max_shares <= kMaxShares && input.shares_sold >= 0 &&
         input.shares_sold <= kMaxShares && input.owners_max_shares >= 1 &&
         input.reserve.micros >= 0 && input.reserve <= kAmountMax &&
         input.rule == PriceRule::first_price;
}

bool amount_is_valid(Money amount) { return amount.micros > 0 && amount <= kAmountMax; }

bool candidates_are_valid(std::vector<Candidate> const& candidates) {
  std::vector<std::int64_t> numbers;
  numbers.reserve(candidates.size());
  for (auto const& candidate : candidates) {
    if (!amount_is_valid(candidate.bid) || candidate.max_shares < 1) return false;
    if (candidate.exclusive_bid && !amount_is_valid(*candidate.exclusive_bid)) return false;
    if (candidate.exclusivity > Exclusivity::any) return false;
    numbers.push_back(candidate.campaign_no);
  }
  std::ranges::sort(numbers);
  return std::ranges::adjacent_find(numbers) == numbers.end();
}

void award(Package const& best, AuctionInput const& input, AuctionResult& result) {
  auto share = input.shares_sold;
  for (auto const* member : best.members) {
    auto const& candidate = *member->candidate;
    auto const price = Money{best.exclusive ? member->exclusive : member->bid};
    result.winners.push_back(
        {candidate.campaign_no, candidate.buyer_no, price, share++, best.exclusive});
    result.revenue.micros += price.micros;
  }
}

}  // namespace

Result<AuctionResult, AuctionError> run_auction(AuctionInput const& input) {
  if (input.candidates.size() > kCandidatesMax) return refuse(AuctionError::too_many_candidates);
  if (!settings_are_valid(input)) return refuse(AuctionError::setting_invalid);
  if (!candidates_are_valid(input.candidates)) return refuse(AuctionError::candidate_invalid);

  Book const book(input);
  auto const exclusive = book.best_exclusive();
  auto const shares = book.best_shares();
  bool const is_exclusive = exclusive_wins(exclusive, shares);
  auto const& best = is_exclusive ? exclusive : shares;
  auto const& other = is_exclusive ? shares : exclusive;

  AuctionResult result;
  award(best, input, result);
  result.losing_package = Money{other.value};
  result.placings.resize(input.candidates.size());
  std::int32_t rank = 0;
  for (auto const index : book.ranking()) {
    auto const& entry = book.entries()[index];
    auto& placing = result.placings[index];
    placing.rank = ++rank;
    if (std::ranges::find(best.members, &entry) != best.members.end()) continue;
    placing.loss = loss_of(book, entry, best, other);
    set_min_to_win(book, entry, best, placing);
  }
  return result;
}

std::vector<std::byte> encode_book(AuctionInput const& input) {
  std::vector<std::byte> bytes;
  auto const put = [&](std::int64_t value) {
    for (unsigned shift = 0; shift < 64; shift += 8) {
      bytes.push_back(static_cast<std::byte>(static_cast<std::uint64_t>(value) >> shift));
    }
  };
  Book const book(input);
  put(static_cast<std::int64_t>(input.candidates.size()));
  for (auto const index : book.ranking()) {
    auto const& candidate = input.candidates[index];
    put(candidate.campaign_no);
    put(candidate.buyer_no);
    put(candidate.bid.micros);
    put(candidate.exclusive_bid ? candidate.exclusive_bid->micros : 0);  // a bid is never 0
    put(candidate.max_shares);
    bytes.push_back(static_cast<std::byte>(candidate.exclusivity));
  }
  return bytes;
}

}  // namespace leadex::auction
