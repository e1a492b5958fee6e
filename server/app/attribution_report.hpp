#pragma once
// AttributionReport: what the groups of a source brought, with leads, sales and money split by an
// attribution rule. Every lead is split to the millionth and every amount to the micro, so the
// groups sum to the whole exactly. One thread.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "billing/attribution/attribution.hpp"
#include "server/storage/lead_sources.hpp"

namespace leadex::app {

inline constexpr std::int64_t kWholeShare = 1'000'000;  ///< of one lead or sale

struct AttributedSum {
  std::int64_t lead_shares{};  ///< of kWholeShare a lead
  std::int64_t sale_shares{};  ///< of kWholeShare a sale
  Money net;                   ///< the generators' part of what was not given back
  friend bool operator==(AttributedSum const&, AttributedSum const&) = default;
};

struct AttributedGroup {
  std::string value;  ///< a vehicle's word, a reason, a tag; "": not told
  AttributedSum sum;
};

/// What the sale leaves its generator: net of commission and of what was given back.
[[nodiscard]] Money net_of(storage::CreditedSale const& sale);

class AttributionReport {
 public:
  static constexpr std::size_t kValuesMax = 100'000;  ///< different values of one report
  static constexpr std::size_t kGroupsMax = 500;      ///< shown by themselves

  AttributionReport(AttributionRule rule, storage::SourceGroup group)
      : rule_(rule), group_(group) {}

  /// @return false when there are more than kValuesMax values; the sums mean nothing then
  [[nodiscard]] bool add(storage::SourcedLead const& lead);

  /// What brought most first, kGroupsMax at most.
  [[nodiscard]] std::vector<AttributedGroup> groups() const;
  /// Of all groups.
  [[nodiscard]] AttributedSum const& total() const { return total_; }

 private:
  [[nodiscard]] std::string value_of(storage::SourcedLead const& lead, std::size_t touch) const;

  AttributionRule rule_;
  storage::SourceGroup group_;
  std::map<std::string, AttributedSum, std::less<>> sums_;
  AttributedSum total_;
};

}  // namespace leadex::app
