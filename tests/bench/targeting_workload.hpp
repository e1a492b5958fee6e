#pragma once
// Books of targeted campaigns and leads that meet them, by knobs. Everything follows from the seed:
// the tree of a campaign can be made again at any time instead of being kept. One thread.

#include <cstdint>

#include "matching/targeting/campaign_slot.hpp"
#include "matching/targeting/expression.hpp"
#include "matching/targeting/schema.hpp"

namespace leadex::bench {

struct TargetingKnobs {
  std::int64_t campaigns{100'000};
  std::int64_t attributes{10};     // of the market
  std::int64_t predicates{5};      // of a campaign, each on another attribute
  std::int64_t values{3};          // of a list
  std::int64_t ranges{30};         // percent of the attributes that are integers, asked by range
  std::int64_t bounds{1'000'000};  // different ends that ranges may have; ages have some 100
  std::int64_t texts{10};          // percent of the attributes that are texts
  std::int64_t negations{10};      // percent of the predicates that stand under `not`
  std::int64_t eligible{100};      // percent of the campaigns
  std::int64_t hits{64};           // campaigns that want a lead, on average
  /// What makes a larger book want each lead as seldom. 0: all predicates alike, each passes the
  /// same share of leads. 1: a text that every campaign asks for, as for a place; the other
  /// predicates pass as many as in a book of 10,000.
  std::int64_t by_place{0};
  std::int64_t seed{1};
};

class TargetingWorkload {
 public:
  explicit TargetingWorkload(TargetingKnobs const& knobs);

  [[nodiscard]] targeting::Schema const& schema() const { return schema_; }
  /// The targeting of a campaign after so many edits.
  [[nodiscard]] targeting::Expression tree(targeting::CampaignSlot slot, std::uint64_t edits) const;
  [[nodiscard]] targeting::Rank rank(targeting::CampaignSlot slot, std::uint64_t edits) const;
  [[nodiscard]] bool eligible(targeting::CampaignSlot slot) const;
  [[nodiscard]] targeting::AttributeValues lead(std::uint64_t no) const;
  /// Share of the leads that a predicate lets pass, in percent.
  [[nodiscard]] double passes_percent() const { return 100 * passes_; }

 private:
  static constexpr std::int64_t kIntegers = 1'000'000;  // values of an integer attribute

  [[nodiscard]] targeting::Expression predicate(std::size_t attribute, std::uint64_t& state) const;
  [[nodiscard]] targeting::Expression list(std::size_t attribute, std::int64_t domain,
                                           std::uint64_t& state) const;
  [[nodiscard]] std::uint64_t stream(std::uint64_t kind, std::uint64_t no,
                                     std::uint64_t more) const;

  TargetingKnobs knobs_;
  double passes_{};
  std::int64_t domain_{};  // values of a choice or text attribute
  std::int64_t places_{};
  std::size_t integers_{};
  std::size_t texts_{};
  targeting::Schema schema_;
};

}  // namespace leadex::bench
