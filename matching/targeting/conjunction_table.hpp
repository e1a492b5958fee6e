#pragma once
// The campaigns of TargetingIndex and their conjunctions: whose they are, how they rank, where
// their terms lie. One thread. Pure.

#include <cstdint>
#include <span>

#include "matching/targeting/campaign_slot.hpp"
#include "matching/targeting/chunked.hpp"
#include "matching/targeting/schema.hpp"
#include "matching/targeting/term_pool.hpp"

namespace leadex::targeting {

/// The first conjunction of a campaign has the number of its slot, so most numbers need no table to
/// tell whose they are; further ones are numbered from kCampaignSlotsMax on.
using ConjunctionNo = std::uint32_t;
inline constexpr ConjunctionNo kNoConjunction = ~ConjunctionNo{0};
/// Of a conjunction that is found without looking at any value.
inline constexpr AttributeIndex kNoAttribute = 0xffff;

/// The order of conjunctions everywhere: best rank first, those of one campaign side by side.
struct PlaceKey {
  Rank rank;
  CampaignSlot slot{};
  ConjunctionNo no{};
  friend bool operator<(PlaceKey const& a, PlaceKey const& b) {
    if (a.rank != b.rank) return ranks_before(a.rank, b.rank);
    return a.slot != b.slot ? a.slot < b.slot : a.no < b.no;
  }
};

class ConjunctionTable {
 public:
  struct Conjunction {
    TermRef terms{};
    ConjunctionNo next{kNoConjunction};  // of the same campaign
    AttributeIndex access{kNoAttribute};
  };
  struct Campaign {
    Rank rank;
    Conjunction first;  // holds nothing when has_first is off
    bool occupied{};
    bool eligible{};
    bool has_first{};
  };

  [[nodiscard]] bool occupied(CampaignSlot slot) const {
    return campaigns_.reaches(slot) && campaigns_[slot].occupied;
  }
  [[nodiscard]] Campaign& campaign(CampaignSlot slot) { return campaigns_[slot]; }
  [[nodiscard]] Campaign const& campaign(CampaignSlot slot) const { return campaigns_[slot]; }
  /// One more than the largest slot ever taken.
  [[nodiscard]] std::size_t slots_end() const { return slots_end_; }

  /// An empty slot becomes a campaign without conjunctions, eligible.
  void take(CampaignSlot slot);
  /// Adds a conjunction to an occupied slot.
  void add(CampaignSlot slot, targeting::Conjunction const& terms, AttributeIndex access);
  /// Drops all conjunctions of the slot.
  void clear(CampaignSlot slot);

  template <class Visit>
  void for_each_of(CampaignSlot slot, Visit visit) const {
    if (!campaigns_[slot].has_first) return;
    for (ConjunctionNo no = slot; no != kNoConjunction; no = at(no).next) visit(no);
  }

  [[nodiscard]] CampaignSlot owner(ConjunctionNo no) const {
    return no < kCampaignSlotsMax ? no : further_[no - kCampaignSlotsMax].owner;
  }
  [[nodiscard]] Conjunction const& at(ConjunctionNo no) const {
    return no < kCampaignSlotsMax ? campaigns_[no].first
                                  : further_[no - kCampaignSlotsMax].conjunction;
  }
  [[nodiscard]] PlaceKey key(ConjunctionNo no) const {
    auto const slot = owner(no);
    return {campaigns_[slot].rank, slot, no};
  }
  [[nodiscard]] bool eligible(ConjunctionNo no) const { return campaigns_[owner(no)].eligible; }
  [[nodiscard]] bool accepts(ConjunctionNo no, std::span<std::int64_t const> values) const {
    return pool_.accepts(at(no).terms, values);
  }
  /// Fetches what at() and key() read into the cache; then, once it is there, what accepts() reads.
  void prefetch(ConjunctionNo no) const {
    if (no < kCampaignSlotsMax) __builtin_prefetch(&campaigns_[no]);
  }
  void prefetch_terms(ConjunctionNo no) const { pool_.prefetch(at(no).terms); }
  [[nodiscard]] TermPool const& pool() const { return pool_; }

 private:
  struct Further {
    Conjunction conjunction;
    CampaignSlot owner{};
  };

  Chunked<Campaign> campaigns_;
  Chunked<Further> further_;
  ConjunctionNo free_{kNoConjunction};  // list of unused places in further_, through `next`
  ConjunctionNo further_end_{kCampaignSlotsMax};
  std::size_t slots_end_{0};
  TermPool pool_;
};

}  // namespace leadex::targeting
