#pragma once
// revoke_api_key: by an admin, or by the account that owns it. Inside one transaction; the caller
// then calls auth::Authenticator::forget_all before it answers, other processes hear NOTIFY.

#include "server/app/action.hpp"

namespace leadex::app {

/// Revoking twice is fine. @errors not_found (also another tenant's), last_admin_key
[[nodiscard]] AppResult<void> revoke_api_key(PlatformTx& tx, Principal const& actor,
                                             std::int64_t key_no);

}  // namespace leadex::app
