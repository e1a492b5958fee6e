#pragma once
// LeadEstimates: outcomes of sold leads in the order in which they were read, and the versions of
// what is foretold of leads like them. For the job and for staff. Used inside one database job.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "billing/values/ids.hpp"
#include "matching/market/command.hpp"

namespace leadex::storage {

struct LeadEstimateRow {
  std::int32_t version{};
  std::int64_t made_us{};
  std::int64_t outcome_no{};  ///< the last one it was fitted on
  std::string model;          ///< codec bytes of quality::ConversionModel
};

/// A lead of which it is known whether it was won.
struct LeadOutcome {
  std::int64_t lead_no{};
  std::int64_t known_us{};
  bool won{};
  std::int32_t market_version{};  ///< names the attributes
  std::int32_t vehicle{};
  std::string reason;
  std::vector<market::AttributeText> attributes;
};
/// What was foretold of it by a version that was fitted without it.
struct Foretold {
  std::int32_t version{};
  std::int64_t ppm{};
};
struct NewLeadOutcome {
  std::int64_t outcome_no{};  ///< the one after the last
  std::int64_t lead_no{};
  std::int64_t known_us{};
  bool won{};
  std::int64_t foretold_ppm{};  ///< means something when there was a version
};
struct JudgedOutcome {
  Foretold foretold;
  bool won{};
};

class LeadEstimates {
 public:
  virtual ~LeadEstimates() = default;

  /// Newest first.
  [[nodiscard]] virtual std::vector<LeadEstimateRow> versions(
      MarketNo market, std::optional<std::int64_t> before_version, int limit) = 0;
  /// A job that makes the same version at the same time ends as a conflict.
  virtual void add(MarketNo market, LeadEstimateRow const& version) = 0;

  /// How many outcomes were read so far.
  [[nodiscard]] virtual std::int64_t recorded(MarketNo market) = 0;
  /// Leads whose outcome is known and was not read yet, the earliest first: won by one sale, or
  /// lost by all that stand. Words told before `since_us` are left out.
  [[nodiscard]] virtual std::vector<LeadOutcome> unread(MarketNo market, std::int64_t since_us,
                                                        int limit) = 0;
  /// @param version  that foretold them, fitted on none of them; none before the first
  virtual void record(MarketNo market, std::optional<std::int32_t> version,
                      std::vector<NewLeadOutcome> const& outcomes) = 0;
  /// The latest `limit` that were read, in that order.
  [[nodiscard]] virtual std::vector<LeadOutcome> latest(MarketNo market, int limit) = 0;
  /// The latest `limit` outcomes that were foretold by versions first … last, in order.
  [[nodiscard]] virtual std::vector<JudgedOutcome> judged(MarketNo market, std::int32_t first,
                                                          std::int32_t last, int limit) = 0;
};

}  // namespace leadex::storage
