#pragma once
// RecentClicks: clicks charged by batches that a look-up may not have seen yet, so that one visitor
// is not charged twice between a look-up and the commit after it. Belongs to the actor's strand.

#include <algorithm>
#include <cstdint>
#include <deque>
#include <string>
#include <unordered_map>
#include <vector>

#include "server/storage/market_store.hpp"

namespace leadex::market {

/// How long a visitor is charged once: for a placement, and for a campaign.
inline constexpr std::int64_t kRepeatedWithinUs = 24LL * 3'600'000'000;

class RecentClicks {
 public:
  void add(storage::FoundClick click, std::int64_t seq) {
    order_.emplace_back(seq, click.visitor);
    clicks_[order_.back().second].push_back({seq, std::move(click)});
  }
  /// Appends those of the visitor that batches after `seq` charged.
  void find(std::string const& visitor, std::int64_t seq,
            std::vector<storage::FoundClick>& into) const {
    auto const found = clicks_.find(visitor);
    if (found == clicks_.end()) return;
    for (auto const& entry : found->second) {
      if (entry.seq > seq) into.push_back(entry.click);
    }
  }
  /// Forgets what every look-up still in use has seen: clicks of batches up to `seq`.
  void forget_up_to(std::int64_t seq) {
    while (!order_.empty() && order_.front().first <= seq) {
      auto const found = clicks_.find(order_.front().second);
      auto& entries = found->second;
      entries.erase(entries.begin());  // the oldest of the visitor's, as of all
      if (entries.empty()) clicks_.erase(found);
      order_.pop_front();
    }
  }
  void clear() {
    clicks_.clear();
    order_.clear();
  }

 private:
  struct Entry {
    std::int64_t seq{};
    storage::FoundClick click;
  };
  std::unordered_map<std::string, std::vector<Entry>> clicks_;  // by visitor, the oldest first
  std::deque<std::pair<std::int64_t, std::string>> order_;
};

}  // namespace leadex::market
