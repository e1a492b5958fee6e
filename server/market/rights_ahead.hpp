#pragma once
// RightsAhead: buyers that leads are to be kept from which the market has claimed persons of but
// does not know yet. Their offers may be on the way already, read before the tables said so.
// Belongs to the actor's strand.

#include <algorithm>
#include <cstdint>
#include <deque>
#include <unordered_map>
#include <utility>
#include <vector>

namespace leadex::market {

class RightsAhead {
 public:
  /// @param leads_max  leads remembered; the oldest are dropped first. Only offers that are under
  ///                   way need this memory: it is enough when it holds more leads than those.
  explicit RightsAhead(std::size_t leads_max = 100'000) : leads_max_(leads_max) {}

  /// @cost  O(1) on average
  void add(std::int64_t lead_no, std::int64_t buyer_no) {
    auto const [at, first] = leads_.try_emplace(lead_no);
    auto& buyers = at->second.buyers;
    if (std::find(buyers.begin(), buyers.end(), buyer_no) == buyers.end()) {
      buyers.push_back(buyer_no);
    }
    if (!first) return;
    at->second.place = ++last_place_;
    order_.emplace_back(lead_no, last_place_);
    while (leads_.size() > leads_max_) {
      if (still(order_.front())) leads_.erase(order_.front().first);
      order_.pop_front();
    }
    if (order_.size() > 2 * leads_max_) {
      std::erase_if(order_, [this](auto const& place) { return !still(place); });
    }
  }
  /// The buyers to keep that lead from, in no order; it is forgotten.
  [[nodiscard]] std::vector<std::int64_t> take(std::int64_t lead_no) {
    auto const found = leads_.find(lead_no);
    if (found == leads_.end()) return {};
    auto buyers = std::move(found->second.buyers);
    leads_.erase(found);
    return buyers;
  }
  [[nodiscard]] std::size_t size() const { return leads_.size(); }
  [[nodiscard]] std::size_t places() const { return order_.size(); }

 private:
  struct Lead {
    std::vector<std::int64_t> buyers;
    std::uint64_t place{};
  };
  using Place = std::pair<std::int64_t, std::uint64_t>;
  [[nodiscard]] bool still(Place const& place) const {
    auto const found = leads_.find(place.first);
    return found != leads_.end() && found->second.place == place.second;
  }

  std::size_t leads_max_;
  std::unordered_map<std::int64_t, Lead> leads_;
  std::deque<Place> order_;  // as they came, with places of leads that are gone
  std::uint64_t last_place_{};
};

}  // namespace leadex::market
