#pragma once
// The slow twin of run_auction: tries every package and keeps the best. Written from the rules
// alone; shares no code with the auction. Test code.

#include <algorithm>
#include <vector>

#include "matching/auction/auction.hpp"

namespace leadex::auction {

struct BrutePackage {
  std::int64_t value{};
  bool exclusive{};
  std::vector<Candidate const*> members;  // best first
};

class BruteAuction {
 public:
  explicit BruteAuction(AuctionInput const& input) : input_(input) {
    for (auto const& candidate : input.candidates) try_exclusive(candidate);
    extend({}, 0);
  }
  BrutePackage const& best() const { return best_; }
  bool wins(std::int64_t campaign_no) const {
    return std::ranges::any_of(
        best_.members, [&](Candidate const* member) { return member->campaign_no == campaign_no; });
  }

 private:
  void try_exclusive(Candidate const& candidate) {
    auto const amount = candidate.exclusive_bid.value_or(candidate.bid);
    if (candidate.exclusivity == Exclusivity::shared || input_.shares_sold > 0) return;
    if (amount < input_.reserve) return;
    consider({amount.micros, true, {&candidate}});
  }

  void extend(std::vector<Candidate const*> members, std::size_t from) {
    for (auto i = from; i < input_.candidates.size(); ++i) {
      auto const& candidate = input_.candidates[i];
      if (candidate.exclusivity == Exclusivity::exclusive || candidate.bid < input_.reserve) {
        continue;
      }
      auto next = members;
      next.push_back(&candidate);
      auto const owners = input_.shares_sold + static_cast<std::int32_t>(next.size());
      if (owners > input_.max_shares || owners > input_.owners_max_shares) return;
      if (feasible(next, owners)) consider(package_of(next));
      extend(std::move(next), i + 1);
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

  static BrutePackage package_of(std::vector<Candidate const*> members) {
    std::ranges::sort(members, [](Candidate const* a, Candidate const* b) {
      return a->bid != b->bid ? a->bid > b->bid : a->campaign_no < b->campaign_no;
    });
    BrutePackage package{0, false, std::move(members)};
    for (auto const* member : package.members) package.value += member->bid.micros;
    return package;
  }

  void consider(BrutePackage package) {
    if (better(package, best_)) best_ = std::move(package);
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
  BrutePackage best_;
};

}  // namespace leadex::auction
