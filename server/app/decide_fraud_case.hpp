#pragma once
// decide_fraud_case: staff upholds or dismisses a case about a source. It moves no money; an upheld
// case keeps the lot out of what other sources are measured by. Inside one transaction.

#include <optional>

#include "server/app/action.hpp"
#include "server/storage/lot_pictures.hpp"

namespace leadex::app {

struct FraudDecision {
  MarketNo market{};
  std::int64_t case_no{};
  bool upheld{};
  bool withdrawn{};  ///< the lot's unsold leads were taken back before; only of an upheld one
  quality::InspectionMode sampling{};  ///< that the source was restricted to before; likewise
  std::string note;                    ///< 0 … 2000 bytes; sealed
};

/// @errors forbidden, not_found, validation_failed (note), wrong_state (decided before)
[[nodiscard]] AppResult<storage::FraudCase> decide_fraud_case(AppTools const& tools, PlatformTx& tx,
                                                              Principal const& actor,
                                                              FraudDecision const& decision);

/// The note of a decision, opened; nothing when there is none.
[[nodiscard]] std::optional<std::string> fraud_note(privacy::KeyRing const& ring,
                                                    storage::FraudCase const& of);

}  // namespace leadex::app
