#pragma once
// decide_finding: staff upholds or dismisses a case that statistics opened. It moves no money: what
// follows from a case is done by other means, such as a claw-back. Inside one transaction.

#include <optional>

#include "server/app/action.hpp"
#include "server/storage/findings.hpp"

namespace leadex::app {

struct FindingDecision {
  MarketNo market{};
  std::int64_t finding_no{};
  bool upheld{};
  std::string note;  ///< 0 … 2000 bytes; sealed
};

/// From the day after it the buyer's tests of that kind begin anew.
/// @errors forbidden, not_found, validation_failed (note), wrong_state (decided before)
[[nodiscard]] AppResult<storage::FindingCase> decide_finding(AppTools const& tools, PlatformTx& tx,
                                                             Principal const& actor,
                                                             FindingDecision const& decision);

/// The note of a decision, opened; nothing when there is none.
[[nodiscard]] std::optional<std::string> finding_note(privacy::KeyRing const& ring,
                                                      storage::FindingCase const& of);

}  // namespace leadex::app
