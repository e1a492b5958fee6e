#include "matching/auction/book.hpp"

#include <algorithm>
#include <numeric>

namespace leadex::auction {
namespace {

std::int64_t offered_most(Entry const& entry) {
  switch (entry.candidate->exclusivity) {
    case Exclusivity::exclusive:
      return entry.exclusive;
    case Exclusivity::shared:
      return entry.bid;
    case Exclusivity::any:
      break;
  }
  return std::max(entry.bid, entry.exclusive);
}

}  // namespace

bool shared_before(Entry const& a, Entry const& b) {
  if (a.bid != b.bid) return a.bid > b.bid;
  return a.candidate->campaign_no < b.candidate->campaign_no;
}

Book::Book(AuctionInput const& input) : input_(input) {
  auto const limit = std::min(input.max_shares, input.owners_max_shares);
  tops_.resize(static_cast<std::size_t>(std::max(0, limit - input.shares_sold)));
  entries_.reserve(input.candidates.size());
  for (auto const& candidate : input.candidates) {
    Entry entry;
    entry.candidate = &candidate;
    entry.bid = candidate.bid.micros;
    entry.exclusive = candidate.exclusive_bid.value_or(candidate.bid).micros;
    open_races(entry);
    entries_.push_back(entry);
  }
  ranking_.resize(entries_.size());
  std::iota(ranking_.begin(), ranking_.end(), std::size_t{0});
  std::ranges::sort(ranking_, [&](std::size_t a, std::size_t b) {
    auto const left = offered_most(entries_[a]);
    auto const right = offered_most(entries_[b]);
    if (left != right) return left > right;
    return entries_[a].candidate->campaign_no < entries_[b].candidate->campaign_no;
  });
  fill_tops();
}

void Book::open_races(Entry& entry) const {
  auto const exclusivity = entry.candidate->exclusivity;
  entry.exclusive_open = exclusivity != Exclusivity::shared && input_.shares_sold == 0;
  entry.shared_open = exclusivity != Exclusivity::exclusive && shares_left() > 0;
  entry.in_exclusive = entry.exclusive_open && entry.exclusive >= input_.reserve.micros;
  entry.in_shared = entry.shared_open && entry.bid >= input_.reserve.micros;
}

void Book::fill_tops() {
  std::vector<Entry const*> race;
  for (auto const& entry : entries_) {
    if (entry.in_shared) race.push_back(&entry);
  }
  std::ranges::sort(race, [](Entry const* a, Entry const* b) { return shared_before(*a, *b); });
  for (std::size_t k = 1; k <= tops_.size(); ++k) {
    auto const owners = input_.shares_sold + static_cast<std::int32_t>(k);
    auto& top = tops_[k - 1];
    for (auto const* entry : race) {
      if (top.size() == k) break;
      if (entry->candidate->max_shares < owners) continue;
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
    bool const better = best == nullptr || entry.exclusive > best->exclusive ||
                        (entry.exclusive == best->exclusive &&
                         entry.candidate->campaign_no < best->candidate->campaign_no);
    if (better) best = &entry;
  }
  if (best == nullptr) return {true, 0, {}};
  return {true, best->exclusive, {best}};
}

Package Book::best_shares() const {
  Package best;
  for (std::size_t k = 1; k <= tops_.size(); ++k) {
    auto const& members = top(k);
    if (members.size() < k) continue;
    std::int64_t value = 0;
    for (auto const* entry : members) value += entry->bid;
    if (value > best.value) best = {false, value, members};  // equal: the smaller k stays
  }
  return best;
}

}  // namespace leadex::auction
