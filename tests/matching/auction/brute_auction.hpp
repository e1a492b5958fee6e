#pragma once
// The slow twin of one route by price: tries every package and keeps the best, and finds prices by
// trying them. Written from the rules alone; shares no code with the auction. Test code.

#include <algorithm>
#include <vector>

#include "matching/auction/auction.hpp"

namespace leadex::auction {

struct BrutePackage {
  std::int64_t value{};
  bool exclusive{};
  std::vector<Candidate const*> members;  // best first
};

/// The smallest number in [low, high] for which `holds`, which stays true once it is; high + 1 for
/// none.
template <class Holds>
std::int64_t smallest(std::int64_t low, std::int64_t high, Holds holds) {
  auto end = high + 1;
  while (low < end) {
    auto const middle = low + (end - low) / 2;
    if (holds(middle)) {
      end = middle;
    } else {
      low = middle + 1;
    }
  }
  return end;
}

class BruteAuction {
 public:
  explicit BruteAuction(AuctionInput const& input) : input_(input) {
    for (auto const& candidate : input.candidates) try_exclusive(candidate);
    extend({}, 0);
    for (auto const& package : packages_) {
      if (better(package, best_)) best_ = package;
    }
  }
  BrutePackage const& best() const { return best_; }
  bool wins(std::int64_t campaign_no) const {
    return std::ranges::any_of(
        best_.members, [&](Candidate const* member) { return member->campaign_no == campaign_no; });
  }

  /// What that winner pays.
  std::int64_t price_of(Candidate const& winner) const {
    auto const own = paid_at_most(winner, best_.exclusive);
    if (input_.rule != PriceRule::second_price) return own;
    auto const level = smallest(0, kAmountMax.micros, [&](std::int64_t x) {
      return std::ranges::all_of(
          packages_, [&](auto const& package) { return cut(package, x) <= cut(best_, x); });
    });
    auto const target = std::min(level, worth(winner, own));
    return smallest(1, own, [&](std::int64_t bid) {
      return worth(winner, bid) >= target && reaches(winner, bid, best_.exclusive);
    });
  }

 private:
  static std::int64_t worth(Candidate const& candidate, std::int64_t bid) {
    return static_cast<std::int64_t>(static_cast<__int128>(bid) * candidate.worth_ppb /
                                     1'000'000'000);
  }
  std::int64_t asked(bool exclusive) const {
    if (input_.rule != PriceRule::fixed) return 1;
    return input_.fixed_price.micros * (exclusive ? input_.max_shares : 1);
  }
  bool reaches(Candidate const& candidate, std::int64_t bid, bool exclusive) const {
    auto const held_against = candidate.reserve_on_value ? worth(candidate, bid) : bid;
    return held_against >= input_.reserve.micros && worth(candidate, bid) >= 1 &&
           bid >= asked(exclusive);
  }
  /// The bid, or under a fixed price the least that is let in.
  std::int64_t paid_at_most(Candidate const& candidate, bool exclusive) const {
    auto const bid =
        exclusive ? candidate.exclusive_bid.value_or(candidate.bid).micros : candidate.bid.micros;
    if (input_.rule != PriceRule::fixed) return bid;
    return smallest(1, bid - 1, [&](std::int64_t x) { return reaches(candidate, x, exclusive); });
  }
  std::int64_t value(Candidate const& candidate, bool exclusive) const {
    return worth(candidate, paid_at_most(candidate, exclusive));
  }
  std::int64_t cut(BrutePackage const& package, std::int64_t level) const {
    std::int64_t sum = 0;
    for (auto const* member : package.members) {
      auto const whole = value(*member, package.exclusive);
      sum += wins(member->campaign_no) ? std::min(whole, level) : whole;
    }
    return sum;
  }

  void try_exclusive(Candidate const& candidate) {
    auto const amount = candidate.exclusive_bid.value_or(candidate.bid);
    if (candidate.exclusivity == Exclusivity::shared || input_.shares_sold > 0) return;
    if (!reaches(candidate, amount.micros, true)) return;
    packages_.push_back({value(candidate, true), true, {&candidate}});
  }

  void extend(std::vector<Candidate const*> const& members, std::size_t from) {
    for (auto i = from; i < input_.candidates.size(); ++i) {
      auto const& candidate = input_.candidates[i];
      if (candidate.exclusivity == Exclusivity::exclusive ||
          !reaches(candidate, candidate.bid.micros, false)) {
        continue;
      }
      auto next = members;
      next.push_back(&candidate);
      auto const owners = input_.shares_sold + static_cast<std::int32_t>(next.size());
      if (owners > input_.max_shares || owners > input_.owners_max_shares) return;
      if (feasible(next, owners)) packages_.push_back(package_of(next));
      extend(next, i + 1);
    }
  }

  static bool feasible(std::vector<Candidate const*> const& members, std::int32_t owners) {
    for (auto const* a : members) {
      if (a->max_shares < owners) return false;
      for (auto const* b : members) {
        if (a != b && a->buyer_no == b->buyer_no) return false;
      }
    }
    return true;
  }

  BrutePackage package_of(std::vector<Candidate const*> members) const {
    std::ranges::sort(members, [&](Candidate const* a, Candidate const* b) {
      auto const left = value(*a, false);
      auto const right = value(*b, false);
      return left != right ? left > right : a->campaign_no < b->campaign_no;
    });
    BrutePackage package{0, false, std::move(members)};
    for (auto const* member : package.members) package.value += value(*member, false);
    return package;
  }

  static bool better(BrutePackage const& a, BrutePackage const& b) {
    if (a.value != b.value) return a.value > b.value;
    if (a.members.size() != b.members.size()) return a.members.size() < b.members.size();
    if (a.exclusive != b.exclusive) return !a.exclusive;
    for (std::size_t i = 0; i < a.members.size(); ++i) {
      if (a.members[i]->campaign_no != b.members[i]->campaign_no) {
        return a.members[i]->campaign_no < b.members[i]->campaign_no;
      }
    }
    return false;
  }

  AuctionInput const& input_;
  std::vector<BrutePackage> packages_;
  BrutePackage best_;
};

}  // namespace leadex::auction
