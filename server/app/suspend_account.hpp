#pragma once
// suspend_account: its keys stop working at once, in every process. Inside one transaction; the
// caller then calls auth::Authenticator::forget_all before it answers.

#include "server/app/action.hpp"

namespace leadex::app {

/// Suspending twice is fine. An admin cannot suspend its own account.
/// @errors forbidden, not_found, wrong_state, last_admin_key
[[nodiscard]] AppResult<storage::Tenant> suspend_account(PlatformTx& tx, Principal const& actor,
                                                         std::int64_t tenant_no);

}  // namespace leadex::app
