#pragma once
// RecentClaims: persons claimed by batches that a look-up may not have seen yet, so that a person
// cannot be claimed twice between a look-up and the commit after it. Belongs to the actor's strand.

#include <cstdint>
#include <deque>
#include <string>
#include <unordered_map>
#include <vector>

namespace leadex::market {

class RecentClaims {
 public:
  /// The upload that claimed it (0: a real-time lead) in a batch after `seq`, or −1. What a look-up
  /// at `seq` has seen it knows better: the claim may have been freed since.
  [[nodiscard]] std::int64_t find(std::string const& digest, std::int64_t seq) const {
    auto const* const later = claim(digest, seq);
    return later != nullptr ? later->upload : -1;
  }
  struct Claim {
    std::int64_t upload{};
    std::int64_t lead_no{};
    std::int64_t seq{};
  };
  /// The claim of a batch after `seq`, or null.
  [[nodiscard]] Claim const* claim(std::string const& digest, std::int64_t seq) const {
    auto const found = claims_.find(digest);
    bool const later = found != claims_.end() && found->second.seq > seq;
    return later ? &found->second : nullptr;
  }
  void add(std::string const& digest, std::int64_t upload, std::int64_t lead_no, std::int64_t seq) {
    claims_[digest] = {upload, lead_no, seq};
    if (order_.empty() || order_.back().first != seq)
      order_.emplace_back(seq, std::vector<std::string>{});
    order_.back().second.push_back(digest);
  }
  /// Forgets what every look-up still in use has seen: claims of batches up to `seq`.
  void forget_up_to(std::int64_t seq) {
    while (!order_.empty() && order_.front().first <= seq) {
      for (auto const& digest : order_.front().second) {
        auto const found = claims_.find(digest);
        if (found != claims_.end() && found->second.seq <= seq) claims_.erase(found);
      }
      order_.pop_front();
    }
  }
  /// Takes one back whose command was refused.
  void forget(std::string const& digest) { claims_.erase(digest); }
  void clear() {
    claims_.clear();
    order_.clear();
  }

 private:
  std::unordered_map<std::string, Claim> claims_;
  std::deque<std::pair<std::int64_t, std::vector<std::string>>> order_;
};

}  // namespace leadex::market
