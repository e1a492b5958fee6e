#pragma once
// LeadStories: what a lead's score was made of, and what its buyers told of it after the sale. No
// money moves by any of it. Every read carries the viewer. Used inside one database job.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "billing/values/ids.hpp"
#include "billing/values/time.hpp"
#include "matching/market/outcome.hpp"
#include "matching/quality/lead_stage.hpp"
#include "server/storage/viewer.hpp"

namespace leadex::storage {

/// A lead as its points table saw it.
struct ScoredLeadRow {
  LeadId id;
  std::int32_t version{};  ///< of the market's settings; names the attributes
  std::optional<std::int64_t> score;
  std::optional<std::string> score_facts;  ///< codec bytes of quality::ScoreFacts
  std::int32_t vehicle{};
  std::string reason;
  std::int64_t captured_us{};
  std::vector<market::AttributeText> attributes;  ///< in the order of that version
};

/// A sale that its buyer tells of, with what opens its lead's data key.
struct ToldSale {
  SaleId id;
  std::int64_t generator_no{};
  bool standing{};  ///< delivered and neither returned nor voided
  std::int64_t sold_us{};
  bool erased{};  ///< the key is gone
  std::int32_t kek_id{};
  std::string key_wrapped;
};

/// A word as it is stored.
struct DispositionRow {
  SaleId sale;
  std::int32_t n{};  ///< from 0
  std::int64_t buyer_no{};
  std::int64_t generator_no{};
  quality::DispositionStage stage{};
  std::string reason;
  std::optional<quality::LossGroup> group;  ///< of a loss
  std::int64_t at_us{};
  std::int64_t told_us{};
  std::string bant_sealed;  ///< empty: nothing was answered
};

/// A lead's rounds and words, for its stages.
struct LeadStoryRows {
  std::vector<std::int64_t> recycled_us;  ///< when it was listed again
  std::vector<DispositionRow> told;       ///< by slot and n, without what was answered
};

/// Losses of one generator's leads that are alike; days since 1970, UTC.
struct LossCount {
  std::int32_t day{};
  quality::LossGroup group{};
  std::string reason;
  MarketNo market{};
  std::string market_name;
  std::int64_t generator_no{};
  std::int32_t vehicle{};
  std::string source_reason;
  std::int64_t sales{};
};
struct LossFilter {
  std::int32_t from_day{};
  std::int32_t until_day{};  ///< exclusive
  std::optional<MarketNo> market;
  int limit{};
};

class LeadStories {
 public:
  virtual ~LeadStories() = default;

  /// A lead of the viewer's own (generators), or any (staff).
  [[nodiscard]] virtual std::optional<ScoredLeadRow> scored(Viewer viewer, LeadId lead) = 0;
  /// Of such a lead; nothing is there of anybody else's.
  [[nodiscard]] virtual LeadStoryRows story(Viewer viewer, LeadId lead) = 0;

  /// A sale of a lead (not of a visit) to that buyer.
  [[nodiscard]] virtual std::optional<ToldSale> bought(std::int64_t buyer_no, SaleId sale) = 0;
  /// Whether the viewer is the sale's buyer, its generator, or sees all; and what opens its key.
  [[nodiscard]] virtual std::optional<ToldSale> visible(Viewer viewer, SaleId sale) = 0;
  /// In the order in which they came.
  [[nodiscard]] virtual std::vector<DispositionRow> told(Viewer viewer, SaleId sale) = 0;
  /// A job that adds the same `n` at the same time ends as a conflict.
  virtual void add(DispositionRow const& word) = 0;

  /// Newest day first, then by group, reason and source; at most `limit` rows.
  [[nodiscard]] virtual std::vector<LossCount> losses(Viewer viewer, LossFilter const& filter) = 0;
};

}  // namespace leadex::storage
