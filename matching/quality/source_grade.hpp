#pragma once
// The grade of a source: what its checked and returned leads say of the share of bad ones, with the
// interval that the counts allow. Staff set grades; this is what they go by. Pure; any thread.

#include <cstdint>
#include <optional>

#include "matching/quality/spot_check_plan.hpp"

namespace leadex::quality {

/// Leads that were judged one by one: rows of lots, leads checked after their sale, and what buyers
/// returned for a fault of the lead's.
struct JudgedLeads {
  std::int64_t judged{};
  std::int64_t bad{};  // 0 … judged
};

struct SourceGrade {
  std::int64_t bad_ppm{};
  std::int64_t low_ppm{};  // Clopper-Pearson, 95 %
  std::int64_t high_ppm{};
  /// 1 (A) surely acceptable; 2 (B) surely within twice that; 3 (C) surely not rejectable; 4 (D)
  /// not told from rejectable; 5 (E) surely rejectable. None without leads.
  std::optional<std::int32_t> grade;
};

[[nodiscard]] SourceGrade grade_of(JudgedLeads const& leads, SpotCheckSettings const& settings);

}  // namespace leadex::quality
