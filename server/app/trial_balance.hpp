#pragma once
// trial_balance: all accounts of a currency over the platform and its markets; the sums, computed
// in SQL, are zero or something is wrong. Staff only. Inside one transaction.

#include "server/app/action.hpp"

namespace leadex::app {

inline constexpr int kTrialBalanceRowsMax = 10'000;

/// @errors forbidden, validation_failed (no such currency)
[[nodiscard]] AppResult<storage::TrialBalance> trial_balance(PlatformTx& tx, Principal const& actor,
                                                             std::string const& currency);

}  // namespace leadex::app
