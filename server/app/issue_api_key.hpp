#pragma once
// issue_api_key: a new key for an account, by an admin; revoke_api_key: by an admin or the account
// itself. Inside one transaction.

#include <optional>
#include <vector>

#include "server/app/action.hpp"

namespace leadex::app {

struct NewApiKey {
  std::int64_t tenant_no{};
  std::optional<std::vector<std::string>> scopes;  ///< none: all of the role
  std::optional<Timestamp> expires_at;
  bool test{};  ///< lxk_test_: dry runs only
};

struct IssuedApiKey {
  std::int64_t key_no{};
  std::string key;                          ///< shown once
  std::optional<std::int64_t> approval_no;  ///< set: unusable until that is given
};

/// The scopes a role may have come from auth::scopes_of, which this room cannot see.
struct ScopeRules {
  std::function<std::vector<std::string>(storage::Role)> scopes_of;
};

/// Staff keys never get a scope that the issuer's own key lacks.
/// @errors forbidden, not_found, validation_failed, scope_not_held, wrong_state (suspended)
[[nodiscard]] AppResult<IssuedApiKey> issue_api_key(AppTools const& tools, ScopeRules const& rules,
                                                    PlatformTx& tx, Principal const& actor,
                                                    NewApiKey const& wanted);

}  // namespace leadex::app
