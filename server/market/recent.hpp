#pragma once
// Recent: what batches wrote that a look-up may not have seen yet, by what it is of: clicks of a
// visitor, so that it is not charged twice between a look-up and the commit after it; events noted
// of a click. Belongs to the actor's strand.

#include <cstdint>
#include <deque>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "server/storage/market_store.hpp"

namespace leadex::market {

/// How long a visitor is charged once: for a placement, and for a campaign.
inline constexpr std::int64_t kRepeatedWithinUs = 24LL * 3'600'000'000;

template <class Key, class Value>
class Recent {
 public:
  /// @param seq  of the batch; never less than that of the call before
  void add(Key const& key, Value value, std::int64_t seq) {
    order_.emplace_back(seq, key);
    entries_[key].push_back({seq, std::move(value)});
  }
  /// Appends those of the key that batches after `seq` wrote, the oldest first.
  void find(Key const& key, std::int64_t seq, std::vector<Value>& into) const {
    auto const found = entries_.find(key);
    if (found == entries_.end()) return;
    for (auto const& entry : found->second) {
      if (entry.seq > seq) into.push_back(entry.value);
    }
  }
  /// Forgets what every look-up still in use has seen: what batches up to `seq` wrote.
  void forget_up_to(std::int64_t seq) {
    while (!order_.empty() && order_.front().first <= seq) {
      auto const found = entries_.find(order_.front().second);
      auto& entries = found->second;
      entries.erase(entries.begin());  // the oldest of the key's, as of all
      if (entries.empty()) entries_.erase(found);
      order_.pop_front();
    }
  }
  void clear() {
    entries_.clear();
    order_.clear();
  }

 private:
  struct Entry {
    std::int64_t seq{};
    Value value;
  };
  std::unordered_map<Key, std::vector<Entry>> entries_;  // the oldest first
  std::deque<std::pair<std::int64_t, Key>> order_;
};

using RecentClicks = Recent<std::string, storage::FoundClick>;  // by visitor
using RecentNotes = Recent<std::int64_t, std::string>;          // events, by click

}  // namespace leadex::market
