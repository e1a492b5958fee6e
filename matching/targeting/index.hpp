#pragma once
// TargetingIndex: which campaigns want this lead, and which of them rank best? Conjunctions in
// clusters by a value they name, in segments by rank, and there as bit rows joined with AND. Part
// of the market engine; belongs to one thread. Pure.

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "billing/values/result.hpp"
#include "matching/targeting/campaign_slot.hpp"
#include "matching/targeting/expression.hpp"
#include "matching/targeting/found_list.hpp"
#include "matching/targeting/schema.hpp"

namespace leadex::targeting {

/// Output and working memory of match(); keep one and reuse it, then nothing is allocated.
class MatchBuffer {
 public:
  std::vector<CampaignSlot> slots;

 private:
  friend class TargetingIndex;
  struct Ranked {
    Rank rank;
    CampaignSlot slot{};
  };
  FoundList found_;
  FoundList doubted_;
  std::vector<Ranked> best_;
  std::vector<std::uint64_t> marks_;    // over campaign slots; all clear between calls
  std::vector<std::uint64_t> touched_;  // over words of marks_; likewise
};

class TargetingIndex {
 public:
  explicit TargetingIndex(Schema schema);
  ~TargetingIndex();
  TargetingIndex(TargetingIndex&&) noexcept;
  TargetingIndex& operator=(TargetingIndex&&) noexcept;

  /// Puts a campaign in, or replaces the one in that slot (which keeps its eligibility; a new one
  /// is eligible). @errors as validate(); then nothing has changed. @cost does not grow with the
  /// book: some microseconds, now and then a tenth of a millisecond.
  [[nodiscard]] Result<void, ExpressionFault> insert(CampaignSlot slot,
                                                     Expression const& expression, Rank rank = {});
  /// Takes a campaign out; an empty slot is left as it is.
  void remove(CampaignSlot slot);
  /// Moves a campaign to another rank, as a new bid does. The slot must be occupied.
  void set_rank(CampaignSlot slot, Rank rank);
  /// A campaign that is paused, out of budget or capped is masked out here. The slot must be
  /// occupied.
  void set_eligible(CampaignSlot slot, bool eligible);

  /// Eligible campaigns whose expression is true for `values` (schema.size() long) → buffer.slots,
  /// ascending, each once. @cost the clusters of the lead's values, 1024 conjunctions at a time,
  /// plus the hits.
  void match(std::span<std::int64_t const> values, MatchBuffer& buffer) const;
  /// The best `limit` of them → buffer.slots, best rank first, equal ranks by slot. @cost looks at
  /// no segment that stands behind the last of them; O(limit) more for each hit that comes out of
  /// order, so that it is for small limits.
  void match_best(std::span<std::int64_t const> values, std::size_t limit,
                  MatchBuffer& buffer) const;

  [[nodiscard]] bool occupied(CampaignSlot slot) const;
  [[nodiscard]] bool eligible(CampaignSlot slot) const;
  [[nodiscard]] Rank rank(CampaignSlot slot) const;  // the slot must be occupied
  [[nodiscard]] Schema const& schema() const;
  [[nodiscard]] std::size_t size() const;               // campaigns
  [[nodiscard]] std::size_t conjunction_count() const;  // of all campaigns

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace leadex::targeting
