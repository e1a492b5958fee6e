#pragma once
// What the checks of a source's posted leads say of it. They come one at a time and are looked at
// after each, so only evidence that holds at every count together is taken. Pure; any thread.
// Source: docs/decisions/0034-realtime-checks.md.

#include "matching/quality/source_grade.hpp"

namespace leadex::quality {

/// Of the sources that keep the acceptable rate, at most so many are ever called worse: 0.1 %.
inline constexpr std::int64_t kPostedConfidencePpm = 999'000;
/// Fewer checks say nothing.
inline constexpr std::int64_t kPostedChecksMin = 5;

/// Whether the share of bad leads surely is above `acceptable`, however often one looked.
[[nodiscard]] bool surely_worse(JudgedLeads const& leads, BasisPoints acceptable);

}  // namespace leadex::quality
