#pragma once
// Were the estimates right? Predicted against observed conversions, in all and by tenths of the
// leads, also while conversions still come in. Pure; any thread.

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "matching/estimate/delay_curve.hpp"
#include "matching/estimate/parts.hpp"

namespace leadex::estimate {

/// What was estimated for the leads of a cohort when they were sold.
struct Predicted {
  Probability billable;
  Cohort cohort;
};

struct CalibrationRow {
  Probability lowest;  // estimates in this row
  Probability highest;
  std::int64_t leads{};           // kept
  std::int64_t expected_milli{};  // conversions × 1000 that should be known by now
  std::int64_t observed{};        // conversions known
  /// Expected ÷ observed in millionths; 1'000'000 is right. None without an observation.
  [[nodiscard]] std::optional<std::int64_t> ratio_ppm() const;
  friend bool operator==(CalibrationRow const&, CalibrationRow const&) = default;
};

struct CalibrationReport {
  CalibrationRow all;
  std::array<CalibrationRow, 10> tenths;  // by estimate, from the lowest; empty rows are zero
  friend bool operator==(CalibrationReport const&, CalibrationReport const&) = default;
};

/// A cohort is expected to show estimate × leads kept × known share at its age. Leads with equal
/// estimates stay together, in the tenth where their middle one lies; the order of input is
/// indifferent.
/// @errors cohort_invalid, too_many_leads, also for estimates that are no probability. The same
///         campaign under two buyers is campaign_of_two_buyers. @cost O(n log n)
[[nodiscard]] Result<CalibrationReport, EstimateError> calibrate(
    std::vector<Predicted> const& predictions, std::int32_t as_of, DelayCurve const& curve);

}  // namespace leadex::estimate
