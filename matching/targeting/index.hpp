#pragma once
// TargetingIndex: which campaigns want this lead? Bit rows over conjunctions, one row per attribute
// value, joined with AND. Part of the market engine; belongs to one thread. Pure.

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "billing/values/result.hpp"
#include "matching/targeting/expression.hpp"
#include "matching/targeting/schema.hpp"

namespace leadex::targeting {

/// A campaign's place, chosen by the caller: small, dense, reused after remove().
using CampaignSlot = std::uint32_t;
inline constexpr CampaignSlot kCampaignSlotsMax = 1 << 22;

/// Output and working memory of match(); keep one and reuse it, then nothing is allocated.
struct MatchBuffer {
  std::vector<CampaignSlot> slots;   // ascending, each once
  std::vector<std::uint64_t> marks;  // over campaign slots
  std::vector<std::uint64_t> rows;   // copies of rows with single bits turned
};

class TargetingIndex {
 public:
  explicit TargetingIndex(Schema schema);
  ~TargetingIndex();
  TargetingIndex(TargetingIndex&&) noexcept;
  TargetingIndex& operator=(TargetingIndex&&) noexcept;

  /// Puts a campaign in, or replaces the one in that slot (which keeps its eligibility; a new one
  /// is eligible). @errors as validate(); then nothing has changed.
  [[nodiscard]] Result<void, ExpressionFault> insert(CampaignSlot slot,
                                                     Expression const& expression);
  /// Takes a campaign out; an empty slot is left as it is.
  void remove(CampaignSlot slot);
  /// The mask that match() starts from: a campaign that is paused, out of budget or capped is
  /// masked out here and then costs a lead nothing. The slot must be occupied.
  void set_eligible(CampaignSlot slot, bool eligible);

  /// Eligible campaigns whose expression is true for `values` (schema.size() long) → buffer.slots.
  /// @cost one AND per attribute in use and 64 conjunctions, plus the hits.
  void match(std::span<std::int64_t const> values, MatchBuffer& buffer) const;

  [[nodiscard]] bool occupied(CampaignSlot slot) const;
  [[nodiscard]] bool eligible(CampaignSlot slot) const;
  [[nodiscard]] Schema const& schema() const;
  [[nodiscard]] std::size_t size() const;               // campaigns
  [[nodiscard]] std::size_t conjunction_count() const;  // of all campaigns

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace leadex::targeting
