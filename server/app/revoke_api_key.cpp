#include "server/app/revoke_api_key.hpp"

namespace leadex::app {

AppResult<void> revoke_api_key(PlatformTx& tx, Principal const& actor, std::int64_t key_no) {
  (void)tx.tenants().count_admins_locked();  // the last admin key is not raced away
  auto const key = tx.api_keys().find_locked(key_no);
  bool const own = key && key->tenant_no == actor.tenant_no;
  if (!key || (!own && actor.role != storage::Role::admin)) {
    return fail(AppCode::not_found, "There is no such key.");
  }
  if (!tx.api_keys().revoke(key_no, tx.now())) return {};
  if (tx.api_keys().count_admin_keys(tx.now()) == 0) {
    return fail(AppCode::last_admin_key, "No admin could act any more.");
  }
  audit(tx, actor.principal_no, "api_key.revoked", {key->tenant_no, "api_key", key_no}, {});
  return {};
}

}  // namespace leadex::app
