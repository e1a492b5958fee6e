#include "server/app/init_exchange.hpp"

namespace leadex::app {

namespace {
constexpr std::size_t kNameBytesMax = 200;
}

AppResult<FirstAdmin> init_exchange(AppTools const& tools, PlatformTx& tx,
                                    std::string const& admin_name) {
  if (!plain_text(admin_name, kNameBytesMax)) {
    return fail(AppCode::validation_failed, "The admin needs a name.",
                {{"/name", "text_invalid", "must have 1 to 200 bytes of plain text"}});
  }
  bool const used = tx.tenants().count_admins_locked() > 0 || tx.tenants().environment() ||
                    !tx.tenants().list({storage::Role::admin, std::nullopt, 1}).empty();
  if (used) {
    return fail(AppCode::already_initialised, "This exchange has an admin already.");
  }
  tx.tenants().insert_environment(
      {tools.settings.environment, std::string(tools.ring.check_value())});

  FirstAdmin admin;
  admin.tenant_no = tx.next_number(0, storage::NumberKind::tenant);
  admin.principal_no = tx.next_number(0, storage::NumberKind::principal);
  admin.key_no = tx.next_number(0, storage::NumberKind::api_key);
  storage::Tenant tenant;
  tenant.tenant_no = admin.tenant_no;
  tenant.role = storage::Role::admin;
  tenant.name = admin_name;
  tenant.status = storage::TenantStatus::active;
  tenant.created_at = tx.now();
  tx.tenants().insert(tenant);
  tx.tenants().insert(
      storage::PrincipalRow{admin.principal_no, admin.tenant_no, admin_name, std::nullopt});

  bool const dev = tools.settings.environment == storage::Environment::dev;
  auto const kind = dev ? storage::KeyKind::dev : storage::KeyKind::live;
  auto minted = tools.minter.mint(kind);
  storage::ApiKeyRow key;
  key.key_no = admin.key_no;
  key.tenant_no = admin.tenant_no;
  key.principal_no = admin.principal_no;
  key.digest = minted.digest;
  key.kind = kind;
  key.shown_first = minted.shown_first;
  key.shown_last = minted.shown_last;
  key.created_at = tx.now();
  tx.api_keys().insert(key);
  admin.key = std::move(minted.text);
  audit(tx, 0, "exchange.initialised", {admin.tenant_no, "account", admin.tenant_no},
        AuditPayload()
            .add("environment", dev ? "dev" : "production")
            .add("principal", admin.principal_no)
            .add("key", admin.key_no));
  return admin;
}

RootKeyState check_root_key(AppTools const& tools, PlatformTx& tx) {
  auto const row = tx.tenants().environment();
  if (!row) return RootKeyState::not_initialised;
  if (row->root_key_check != tools.ring.check_value()) return RootKeyState::wrong_key;
  if (row->name != tools.settings.environment) return RootKeyState::wrong_environment;
  return RootKeyState::right;
}

}  // namespace leadex::app
