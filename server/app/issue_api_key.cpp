#include "server/app/issue_api_key.hpp"

#include <algorithm>

#include "server/app/approval_effects.hpp"
#include "server/app/approvals.hpp"
#include "server/app/create_account.hpp"

namespace leadex::app {

namespace {

/// The scopes of the new key, or why not.
AppResult<std::vector<std::string>> scopes_for(ScopeRules const& rules, Principal const& actor,
                                               storage::Role role, NewApiKey const& wanted) {
  auto const all = rules.scopes_of(role);
  auto scopes = wanted.scopes.value_or(all);
  bool const fits = !scopes.empty() && std::ranges::all_of(scopes, [&](auto const& scope) {
    return std::ranges::find(all, scope) != all.end();
  });
  if (!fits) {
    return fail(AppCode::validation_failed, "The role has no such scope.",
                {{"/scopes", "scope_unknown", "must be scopes of the account's role"}});
  }
  // A key for staff acts inside the exchange as its issuer does, so it may not reach further.
  bool const held = std::ranges::all_of(scopes, [&](auto const& scope) {
    auto const own = rules.scopes_of(actor.role);
    bool const of_issuer_role = std::ranges::find(own, scope) != own.end();
    return !of_issuer_role || actor.has_scope(scope);
  });
  if (!held) return fail(AppCode::scope_not_held, "A key gets no scope that its issuer lacks.");
  return scopes;
}

}  // namespace

AppResult<IssuedApiKey> issue_api_key(AppTools const& tools, ScopeRules const& rules,
                                      PlatformTx& tx, Principal const& actor,
                                      NewApiKey const& wanted) {
  if (auto allowed = require_admin(actor); !allowed) return refuse(allowed.error());
  auto const tenant = tx.tenants().find_locked(wanted.tenant_no);
  if (!tenant) return fail(AppCode::not_found, "There is no such account.");
  if (tenant->status == storage::TenantStatus::suspended) {
    return fail(AppCode::wrong_state, "The account is suspended.");
  }
  if (wanted.expires_at && *wanted.expires_at <= tx.now()) {
    return fail(AppCode::validation_failed, "The key would be expired.",
                {{"/expires_at", "too_small", "must lie in the future"}});
  }
  auto scopes = scopes_for(rules, actor, tenant->role, wanted);
  if (!scopes) return refuse(scopes.error());
  auto const principal = tx.tenants().principal_of(wanted.tenant_no);
  if (!principal) return fail(AppCode::internal_invariant, "The account has no principal.");

  bool const dev = tools.settings.environment == storage::Environment::dev;
  auto const kind = wanted.test ? storage::KeyKind::test
                    : dev       ? storage::KeyKind::dev
                                : storage::KeyKind::live;
  auto minted = tools.minter.mint(kind);
  IssuedApiKey issued;
  issued.key_no = tx.next_number(0, storage::NumberKind::api_key);
  storage::ApiKeyRow key;
  key.key_no = issued.key_no;
  key.tenant_no = tenant->tenant_no;
  key.principal_no = principal->principal_no;
  key.digest = minted.digest;
  key.kind = kind;
  key.shown_first = minted.shown_first;
  key.shown_last = minted.shown_last;
  key.scopes = std::move(*scopes);
  key.issued_by = actor.principal_no;
  key.created_at = tx.now();
  key.expires_at = wanted.expires_at;
  bool const waits = staff_key_needs_confirmation(tx, tenant->role);
  if (waits) {
    issued.approval_no =
        request_approval(tools, tx, actor, {"staff_key", issued.key_no, tenant->tenant_no, ""});
    key.pending_approval = issued.approval_no;
  }
  tx.api_keys().insert(key);
  issued.key = std::move(minted.text);
  audit(tx, actor.principal_no, "api_key.issued", {tenant->tenant_no, "api_key", issued.key_no},
        AuditPayload()
            .add("kind", storage::text(kind))
            .add("principal", principal->principal_no)
            .add("waits", waits ? "yes" : "no"));
  return issued;
}

AppResult<void> confirm_staff_key(AppTools const& /*tools*/, PlatformTx& tx,
                                  storage::Approval const& approval,
                                  std::string const& /*payload*/) {
  auto const key = tx.api_keys().find_locked(approval.subject_no);
  if (!key) return fail(AppCode::not_found, "There is no such key.");
  if (key->pending_approval != approval.approval_no || key->revoked_at) {
    return fail(AppCode::wrong_state, "The key does not wait any more.");
  }
  tx.api_keys().clear_pending(key->key_no);
  return {};
}

}  // namespace leadex::app
