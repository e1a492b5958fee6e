#include "matching/auction/book.hpp"

#include <algorithm>

#include "billing/values/check.hpp"

namespace leadex::auction {
namespace {

using Wide = __int128;

std::int64_t offered_most(Entry const& entry) {
  switch (entry.candidate->exclusivity) {
    case Exclusivity::exclusive:
      return entry.whole_value;
    case Exclusivity::shared:
      return entry.value;
    case Exclusivity::any:
      break;
  }
  return std::max(entry.value, entry.whole_value);
}

}  // namespace

std::int64_t value_of(std::int64_t bid_micros, std::int64_t worth_ppb) {
  if (worth_ppb == kWorthWhole) return bid_micros;
  return static_cast<std::int64_t>(Wide{bid_micros} * worth_ppb / kWorthWhole);
}

std::int64_t least_bid_of(std::int64_t value_micros, std::int64_t worth_ppb) {
  if (worth_ppb == kWorthWhole) return value_micros;
  constexpr auto kNever = std::numeric_limits<std::int64_t>::max();
  if (value_micros <= 0) return 0;
  if (worth_ppb <= 0) return kNever;
  auto const bid = (Wide{value_micros} * kWorthWhole + worth_ppb - 1) / worth_ppb;
  return bid > kNever ? kNever : static_cast<std::int64_t>(bid);
}

bool Package::holds(Entry const* entry) const {
  return std::ranges::find(members, entry) != members.end();
}

bool Package::has_buyer(std::int64_t buyer_no) const {
  return std::ranges::any_of(
      members, [=](Entry const* member) { return member->candidate->buyer_no == buyer_no; });
}

bool shared_before(Entry const& a, Entry const& b) {
  if (a.value != b.value) return a.value > b.value;
  return a.candidate->campaign_no < b.candidate->campaign_no;
}

Book::Book(AuctionInput const& input, std::vector<std::uint32_t> const& members, bool deals,
           Left const& left)
    : input_(input), left_(left) {
  auto const limit = std::min(input.max_shares, left.owners_max_shares);
  shares_left_ =
      left.whole_sold ? 0 : static_cast<std::size_t>(std::max(0, limit - left.shares_sold));
  entries_.reserve(members.size());
  for (auto const position : members) entries_.push_back(entry_of(position, deals));
  by_value_.reserve(entries_.size());
  for (auto const& entry : entries_) {
    by_value_.push_back(&entry);
    if (entry.in_shared) race_.push_back(&entry);
  }
  std::ranges::sort(by_value_, [](Entry const* a, Entry const* b) {
    auto const left_most = offered_most(*a);
    auto const right_most = offered_most(*b);
    if (left_most != right_most) return left_most > right_most;
    return a->candidate->campaign_no < b->candidate->campaign_no;
  });
  std::ranges::sort(race_, [](Entry const* a, Entry const* b) { return shared_before(*a, *b); });
  fill_tops();
}

Entry Book::entry_of(std::uint32_t position, bool deals) const {
  auto const& candidate = input_.candidates[position];
  Entry entry;
  entry.candidate = &candidate;
  entry.position = position;
  auto exclusivity = candidate.exclusivity;
  if (deals) {  // agreed: no reserve, and the agreement says what of the lead it is for
    entry.bid = entry.whole_bid = candidate.deal->micros;
    entry.least = entry.least_whole = 1;
    exclusivity = candidate.deal_is_exclusive ? Exclusivity::exclusive : Exclusivity::shared;
  } else {
    auto const reserve = candidate.reserve_on_value
                             ? least_bid_of(input_.reserve.micros, candidate.worth_ppb)
                             : input_.reserve.micros;
    entry.least = entry.least_whole =
        std::max({reserve, least_bid_of(1, candidate.worth_ppb), std::int64_t{1}});
    entry.bid = candidate.bid.micros;
    entry.whole_bid = candidate.exclusive_bid.value_or(candidate.bid).micros;
    if (input_.rule == PriceRule::fixed) {
      auto const whole = input_.fixed_price.micros * input_.max_shares;
      entry.least = std::max(entry.least, input_.fixed_price.micros);
      entry.least_whole = std::max(entry.least_whole, whole);
    }
  }
  entry.taken = std::ranges::find(left_.buyers, candidate.buyer_no) != left_.buyers.end();
  entry.exclusive_open = exclusivity != Exclusivity::shared && left_.shares_sold == 0 &&
                         !left_.whole_sold && !entry.taken;
  entry.shared_open = exclusivity != Exclusivity::exclusive && shares_left_ > 0 && !entry.taken;
  entry.in_exclusive = entry.exclusive_open && entry.whole_bid >= entry.least_whole;
  entry.in_shared = entry.shared_open && entry.bid >= entry.least;
  if (!deals && input_.rule == PriceRule::fixed) {  // more than the price counts for nothing
    entry.bid = std::min(entry.bid, entry.least);
    entry.whole_bid = std::min(entry.whole_bid, entry.least_whole);
  }
  entry.value = value_of(entry.bid, candidate.worth_ppb);
  entry.whole_value = value_of(entry.whole_bid, candidate.worth_ppb);
  return entry;
}

void Book::fill_tops() {
  tops_.resize(shares_left_);
  for (std::size_t k = 1; k <= tops_.size(); ++k) {
    auto& top = tops_[k - 1];
    for (auto const* entry : race_) {
      if (top.size() == k) break;
      if (entry->candidate->max_shares < owners_with(k)) continue;
      bool const has_buyer = std::ranges::any_of(top, [&](Entry const* member) {
        return member->candidate->buyer_no == entry->candidate->buyer_no;
      });
      if (!has_buyer) top.push_back(entry);
    }
  }
}

Package Book::best_exclusive() const {
  Entry const* best = nullptr;
  for (auto const& entry : entries_) {
    if (!entry.in_exclusive) continue;
    bool const better = best == nullptr || entry.whole_value > best->whole_value ||
                        (entry.whole_value == best->whole_value &&
                         entry.candidate->campaign_no < best->candidate->campaign_no);
    if (better) best = &entry;
  }
  if (best == nullptr) return {true, 0, {}};
  return {true, best->whole_value, {best}};
}

Package Book::best_shares() const {
  Package best;
  for (std::size_t k = 1; k <= tops_.size(); ++k) {
    auto const& members = top(k);
    if (members.size() < k) continue;
    std::int64_t value = 0;
    for (auto const* entry : members) value += entry->value;
    if (value > best.value) best = {false, value, members};  // equal: the smaller k stays
  }
  return best;
}

}  // namespace leadex::auction
