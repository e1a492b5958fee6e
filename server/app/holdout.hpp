#pragma once
// The holdout: sales per acquisition whose outcome the exchange learns without their buyers. Staff
// sees which they are and records what it verified; buyers cannot tell. See
// docs/decisions/0013-buyer-truth.md. record_outcome runs inside one transaction.

#include "server/app/action.hpp"
#include "server/storage/findings.hpp"

namespace leadex::app {

/// Whether a sale belongs to it: by a keyed hash, so that a larger share holds all of a smaller
/// one. 0 ≤ share ≤ 10'000. Any thread.
[[nodiscard]] bool held_out(privacy::KeyRing const& ring, SaleId sale, BasisPoints share);

struct VerifiedOutcome {
  SaleId sale;
  bool converted{};  ///< within the sale's window, whoever told of it
  Timestamp at{};    ///< when it was verified
};

/// One outcome a sale, for ever. @errors forbidden, validation_failed (no such sale, or
/// not in the holdout; an instant before the sale or to come), wrong_state (recorded before)
[[nodiscard]] AppResult<storage::HoldoutOutcome> record_outcome(AppTools const& tools,
                                                                PlatformTx& tx,
                                                                Principal const& actor,
                                                                BasisPoints share,
                                                                VerifiedOutcome const& verified);

}  // namespace leadex::app
