#include "server/storage/postgres/tenant_rows.hpp"

#include "server/storage/postgres/instant_sql.hpp"
#include "server/storage/postgres/statement.hpp"

namespace leadex::storage::postgres {

namespace {

constexpr std::array<std::string_view, 2> kEnvironmentTexts{"dev", "production"};

constexpr char const* kInsertTenant =
    "insert into tenant (tenant_no, role, name, country, status, bank_sealed, bank_changed_at, "
    "bank_cool_until, created_at, created_by, name_key) values ($1, $2, $3, $4, $5, "
    "$6, " LEADEX_INSTANT("$7") ", " LEADEX_INSTANT("$8") ", " LEADEX_INSTANT("$9") ", $10, $11)";
constexpr char const* kInsertPrincipal =
    "insert into principal (principal_no, tenant_no, name, issued_by) values ($1, $2, $3, $4)";

#define LEADEX_TENANT_COLUMNS \
  "select tenant_no, role, name, country, status, bank_sealed, " LEADEX_MICROS(   \
      "bank_changed_at") ", " LEADEX_MICROS("bank_cool_until") ", " LEADEX_MICROS( \
      "created_at") ", created_by from tenant "

constexpr char const* kFind = LEADEX_TENANT_COLUMNS "where tenant_no = $1";
constexpr char const* kFindLocked = LEADEX_TENANT_COLUMNS "where tenant_no = $1 for update";
constexpr char const* kList = LEADEX_TENANT_COLUMNS
    "where ($1::text is null or role = $1::text) and ($2::bigint is null or tenant_no < "
    "$2::bigint) order by tenant_no desc limit $3";
constexpr char const* kPrincipalOf =
    "select principal_no, tenant_no, name, issued_by from principal where tenant_no = $1 "
    "order by principal_no limit 1";
constexpr char const* kSetStatus = "update tenant set status = $2 where tenant_no = $1";
constexpr char const* kSetBank =
    "update tenant set bank_sealed = $2, bank_changed_at = " LEADEX_INSTANT(
        "$3") ", bank_cool_until = " LEADEX_INSTANT("$4") " where tenant_no = $1";
// One after the other: two jobs that both make the third admin must see each other's.
constexpr char const* kLockAdmins =
    "select pg_advisory_xact_lock(hashtextextended('leadex admins', 0))";
constexpr char const* kCountAdmins =
    "select count(*) from tenant where role = 'admin' and status <> 'suspended'";
constexpr char const* kIssued =
    "select exists (select from principal where principal_no = $2 and issued_by = $1) "
    "or exists (select from api_key where principal_no = $2 and issued_by = $1)";
constexpr char const* kEnvironment = "select name, root_key_check from environment";
constexpr char const* kInsertEnvironment =
    "insert into environment (name, root_key_check) values ($1, $2)";

Tenant read_tenant(pqxx::row const& row) {
  Tenant tenant;
  tenant.tenant_no = row.at(0).as<std::int64_t>();
  tenant.role = read_enum<Role>(row.at(1), kRoleTexts);
  tenant.name = row.at(2).as<std::string>();
  tenant.country = read_maybe<std::string>(row.at(3));
  tenant.status = read_enum<TenantStatus>(row.at(4), kTenantStatusTexts);
  tenant.bank_sealed = read_bytes_maybe(row.at(5));
  tenant.bank_changed_at = read_time_maybe(row.at(6));
  tenant.bank_cool_until = read_time_maybe(row.at(7));
  tenant.created_at = read_time(row.at(8));
  tenant.created_by = read_maybe<std::int64_t>(row.at(9));
  return tenant;
}

std::optional<Tenant> first_tenant(pqxx::result const& rows) {
  if (rows.empty()) return std::nullopt;
  return read_tenant(rows.at(0));
}

}  // namespace

void PostgresTenantRows::insert(Tenant const& tenant) {
  execute(
      tx_, kInsertTenant,
      Parameters(tenant.tenant_no, text(tenant.role), tenant.name, tenant.country,
                 text(tenant.status), bytea(tenant.bank_sealed), tenant.bank_changed_at,
                 tenant.bank_cool_until, tenant.created_at, tenant.created_by, tenant.name_key));
}

void PostgresTenantRows::insert(PrincipalRow const& principal) {
  execute(
      tx_, kInsertPrincipal,
      Parameters(principal.principal_no, principal.tenant_no, principal.name, principal.issued_by));
}

std::optional<Tenant> PostgresTenantRows::find(std::int64_t tenant_no) {
  return first_tenant(execute(tx_, kFind, Parameters(tenant_no)));
}

std::optional<Tenant> PostgresTenantRows::find_locked(std::int64_t tenant_no) {
  return first_tenant(execute(tx_, kFindLocked, Parameters(tenant_no)));
}

std::vector<Tenant> PostgresTenantRows::list(TenantFilter const& filter) {
  std::optional<std::string_view> role;
  if (filter.role) role = text(*filter.role);
  std::vector<Tenant> tenants;
  for (auto const& row : execute(tx_, kList, Parameters(role, filter.before_no, filter.limit))) {
    tenants.push_back(read_tenant(row));
  }
  return tenants;
}

std::optional<PrincipalRow> PostgresTenantRows::principal_of(std::int64_t tenant_no) {
  auto const rows = execute(tx_, kPrincipalOf, Parameters(tenant_no));
  if (rows.empty()) return std::nullopt;
  auto const row = rows.at(0);
  return PrincipalRow{row.at(0).as<std::int64_t>(), row.at(1).as<std::int64_t>(),
                      row.at(2).as<std::string>(), read_maybe<std::int64_t>(row.at(3))};
}

void PostgresTenantRows::set_status(std::int64_t tenant_no, TenantStatus status) {
  execute(tx_, kSetStatus, Parameters(tenant_no, text(status)));
}

void PostgresTenantRows::set_bank(std::int64_t tenant_no, std::string const& sealed,
                                  Timestamp changed_at, std::optional<Timestamp> cool_until) {
  execute(tx_, kSetBank,
          Parameters(tenant_no, bytea(std::string_view{sealed}), changed_at, cool_until));
}

std::int64_t PostgresTenantRows::count_admins_locked() {
  execute(tx_, kLockAdmins);
  return execute(tx_, kCountAdmins).at(0).at(0).as<std::int64_t>();
}

bool PostgresTenantRows::issued(std::int64_t issuer, std::int64_t principal_no) {
  return execute(tx_, kIssued, Parameters(issuer, principal_no)).at(0).at(0).as<bool>();
}

std::optional<EnvironmentRow> PostgresTenantRows::environment() {
  auto const rows = execute(tx_, kEnvironment);
  if (rows.empty()) return std::nullopt;
  return EnvironmentRow{read_enum<Environment>(rows.at(0).at(0), kEnvironmentTexts),
                        read_bytes(rows.at(0).at(1))};
}

void PostgresTenantRows::insert_environment(EnvironmentRow const& row) {
  execute(tx_, kInsertEnvironment,
          Parameters(kEnvironmentTexts.at(static_cast<std::size_t>(row.name)),
                     bytea(std::string_view{row.root_key_check})));
}

}  // namespace leadex::storage::postgres
