#include "matching/auction/auction.hpp"

#include <algorithm>
#include <map>

#include "matching/auction/book.hpp"
#include "matching/auction/clearing.hpp"
#include "matching/auction/placing.hpp"
#include "matching/auction/turns.hpp"

namespace leadex::auction {
namespace {

bool settings_are_valid(AuctionInput const& input) {
  if (input.max_shares < 1 || input.max_shares > kMaxShares) return false;
  if (input.shares_sold < 0 || input.shares_sold > kMaxShares) return false;
  if (input.owners_max_shares < 1) return false;
  if (input.reserve.micros < 0 || input.reserve > kAmountMax) return false;
  if (input.rule > PriceRule::fixed || input.routing > Routing::hybrid) return false;
  if (input.rule == PriceRule::fixed &&
      (input.fixed_price.micros < 1 || input.fixed_price > kAmountMax)) {
    return false;
  }
  if (input.rule == PriceRule::second_price && input.routing != Routing::price) return false;
  return input.hybrid_n >= 1;
}

bool amount_is_valid(Money amount) { return amount.micros > 0 && amount <= kAmountMax; }

bool candidate_is_valid(Candidate const& candidate) {
  if (!amount_is_valid(candidate.bid) || candidate.max_shares < 1) return false;
  if (candidate.exclusive_bid && !amount_is_valid(*candidate.exclusive_bid)) return false;
  if (candidate.deal && !amount_is_valid(*candidate.deal)) return false;
  if (candidate.exclusivity > Exclusivity::any) return false;
  if (candidate.worth_ppb < 0 || candidate.worth_ppb > kWorthWhole) return false;
  if (candidate.tier < 0 || candidate.tier > kTierMax) return false;
  return candidate.served >= 0 && candidate.weight >= 1 && candidate.turn >= 0;
}

bool candidates_are_valid(std::vector<Candidate> const& candidates) {
  std::vector<std::int64_t> numbers;
  numbers.reserve(candidates.size());
  for (auto const& candidate : candidates) {
    if (!candidate_is_valid(candidate)) return false;
    numbers.push_back(candidate.campaign_no);
  }
  std::ranges::sort(numbers);
  return std::ranges::adjacent_find(numbers) == numbers.end();
}

// `package` of kind and size, and which of the two brings more; see run_auction() for the ties.
bool exclusive_wins(Package const& exclusive, Package const& shares) {
  if (exclusive.value != shares.value) return exclusive.value > shares.value;
  return exclusive.count() > 0 && shares.count() > 1;
}

RouteResult by_price(Book const& book) {
  RouteResult route;
  route.by_price = true;
  route.best = book.best_shares();
  route.other = book.best_exclusive();
  if (exclusive_wins(route.other, route.best)) std::swap(route.best, route.other);
  route.ranking = book.by_value();
  return route;
}

/// The auction of one lead as its routes go by.
class Routes {
 public:
  explicit Routes(AuctionInput const& input) : input_(input) {
    left_.shares_sold = input.shares_sold;
    left_.owners_max_shares = input.owners_max_shares;
    result_.placings.resize(input.candidates.size());
    result_.ranking.reserve(input.candidates.size());
  }

  AuctionResult run() {
    std::vector<std::uint32_t> deals;
    std::map<std::int32_t, std::vector<std::uint32_t>> tiers;
    for (std::uint32_t i = 0; i < input_.candidates.size(); ++i) {
      tiers[input_.candidates[i].tier].push_back(i);
      if (input_.candidates[i].deal) deals.push_back(i);
    }
    if (!deals.empty()) hold(deals, true);
    for (auto const& [tier, members] : tiers) hold(members, false);
    return std::move(result_);
  }

 private:
  void hold(std::vector<std::uint32_t> const& members, bool deals) {
    Book const book(input_, members, deals, left_);
    bool const price = deals || input_.routing == Routing::price;
    auto const route = price ? by_price(book) : take_turns(book);
    if (result_.winners.empty()) result_.losing_package = Money{route.other.value};
    explain(book, route);
    award(book, route.best, deals);
  }

  void explain(Book const& book, RouteResult const& route) {
    for (std::size_t at = 0; at < route.ranking.size(); ++at) {
      auto const& entry = *route.ranking[at];
      auto& placing = result_.placings[entry.position];
      bool const ranked = placing.rank != 0;  // by its deal
      if (!ranked) {
        result_.ranking.push_back(entry.position);
        placing.rank = static_cast<std::int32_t>(result_.ranking.size());
      }
      bool const won_before = ranked && placing.loss == LossReason::none;
      if (won_before || route.best.holds(&entry)) {
        placing = {.rank = placing.rank};
        continue;
      }
      placing = {.rank = placing.rank, .loss = LossReason::outbid};
      if (static_cast<std::size_t>(placing.rank) <= input_.explained_max) {
        explain_loss(book, route, entry, at, placing);
      }
    }
  }

  void award(Book const& book, Package const& best, bool deals) {
    if (best.members.empty()) return;
    bool const second = !deals && input_.rule == PriceRule::second_price;
    auto const level = second ? clearing_level(book, best) : 0;
    for (auto const* member : best.members) {
      auto const& candidate = *member->candidate;
      auto price = best.exclusive ? member->whole_bid : member->bid;
      if (second) {
        auto const value = std::min(best.exclusive ? member->whole_value : member->value, level);
        auto const least = best.exclusive ? member->least_whole : member->least;
        price = std::min(price, std::max(least_bid_of(value, candidate.worth_ppb), least));
      }
      result_.revenue.micros += price;
      result_.winners.push_back({candidate.campaign_no, candidate.buyer_no, Money{price},
                                 left_.shares_sold++, best.exclusive, deals});
      left_.owners_max_shares = std::min(left_.owners_max_shares, candidate.max_shares);
      left_.buyers.push_back(candidate.buyer_no);
    }
    result_.value.micros += best.value;
    left_.begun = true;
    left_.whole_sold = best.exclusive;
  }

  AuctionInput const& input_;
  Left left_;
  AuctionResult result_;
};

}  // namespace

Result<AuctionResult, AuctionError> run_auction(AuctionInput const& input) {
  if (input.candidates.size() > kCandidatesMax) return refuse(AuctionError::too_many_candidates);
  if (!settings_are_valid(input)) return refuse(AuctionError::setting_invalid);
  if (!candidates_are_valid(input.candidates)) return refuse(AuctionError::candidate_invalid);
  return Routes{input}.run();
}

std::vector<std::byte> encode_book(AuctionInput const& input,
                                   std::vector<std::uint32_t> const& ranking) {
  constexpr std::size_t kUsualBytes = 24;  // of a candidate
  std::vector<std::byte> bytes;
  bytes.reserve(kUsualBytes * (ranking.size() + 1));
  auto const put = [&](std::int64_t number) {  // none is negative: seven bits a byte, low first
    auto value = static_cast<std::uint64_t>(number);
    for (; value >= 0x80; value >>= 7) bytes.push_back(static_cast<std::byte>(value | 0x80));
    bytes.push_back(static_cast<std::byte>(value));
  };
  put(static_cast<std::int64_t>(input.candidates.size()));
  for (auto const index : ranking) {
    auto const& candidate = input.candidates[index];
    put(candidate.campaign_no);
    put(candidate.buyer_no);
    put(candidate.bid.micros);
    put(candidate.exclusive_bid ? candidate.exclusive_bid->micros : 0);  // a bid is never 0
    put(candidate.max_shares);
    put(candidate.worth_ppb);
    put(candidate.tier);
    put(candidate.deal ? candidate.deal->micros : 0);
    put(input.routing == Routing::weight ? candidate.served : candidate.turn);
    put(candidate.weight);
    bytes.push_back(static_cast<std::byte>(candidate.exclusivity));
    bytes.push_back(static_cast<std::byte>((candidate.reserve_on_value ? 1 : 0) |
                                           (candidate.deal_is_exclusive ? 2 : 0)));
  }
  return bytes;
}

}  // namespace leadex::auction
