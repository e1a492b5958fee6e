#include "server/storage/postgres/check_verifier_rows.hpp"

#include "server/storage/postgres/instant_sql.hpp"
#include "server/storage/postgres/statement.hpp"

namespace leadex::storage::postgres {

namespace {

#define LEADEX_VERIFIER_COLUMNS                                                            \
  "select market_id, kind, tenant_no, principal_no, url, secret_sealed, deliver_contact, " \
  "subject, text, wait_hours from check_verifier v "
constexpr char const* kFind = LEADEX_VERIFIER_COLUMNS "where market_id = $1";
constexpr char const* kAll = LEADEX_VERIFIER_COLUMNS
    "where exists (select from tenant t where t.tenant_no = v.tenant_no and t.status = 'active') "
    "order by market_id";
constexpr char const* kPut =
    "insert into check_verifier (market_id, kind, tenant_no, principal_no, url, secret_sealed, "
    "deliver_contact, subject, text, wait_hours, set_at) values ($1, $2, $3, $4, $5, $6, $7, $8, "
    "$9, $10, " LEADEX_INSTANT(
        "$11") ") on conflict (market_id) do update set kind = excluded.kind, tenant_no = "
               "excluded.tenant_no, principal_no = excluded.principal_no, url = excluded.url, "
               "secret_sealed = excluded.secret_sealed, deliver_contact = "
               "excluded.deliver_contact, subject = excluded.subject, text = excluded.text, "
               "wait_hours = excluded.wait_hours, set_at = excluded.set_at";
constexpr char const* kRemove = "delete from check_verifier where market_id = $1";
constexpr char const* kPrincipal =
    "select p.principal_no from principal p join tenant t on t.tenant_no = p.tenant_no where "
    "t.tenant_no = $1 and t.role = 'verifier' and t.status = 'active' order by p.principal_no "
    "limit 1";

std::optional<std::string> read_bytes_maybe(pqxx::field const& field) {
  if (field.is_null()) return std::nullopt;
  return read_bytes(field);
}

CheckVerifier read_verifier(pqxx::row const& row) {
  return {.market = row.at(0).as<MarketNo>(),
          .kind = read_enum<VerifierKind>(row.at(1), kVerifierKindTexts),
          .tenant_no = row.at(2).as<std::int64_t>(),
          .principal_no = row.at(3).as<std::int64_t>(),
          .url = read_maybe<std::string>(row.at(4)),
          .secret_sealed = read_bytes_maybe(row.at(5)),
          .deliver_contact = row.at(6).as<bool>(),
          .subject = read_maybe<std::string>(row.at(7)),
          .text = read_maybe<std::string>(row.at(8)),
          .wait_hours = row.at(9).as<std::int32_t>()};
}

}  // namespace

std::optional<CheckVerifier> PostgresVerifierRows::find(MarketNo market) {
  auto const rows = execute(tx_, kFind, Parameters(market));
  if (rows.empty()) return std::nullopt;
  return read_verifier(rows.at(0));
}

std::vector<CheckVerifier> PostgresVerifierRows::all() {
  std::vector<CheckVerifier> verifiers;
  for (auto const& row : execute(tx_, kAll)) verifiers.push_back(read_verifier(row));
  return verifiers;
}

void PostgresVerifierRows::put(CheckVerifier const& verifier) {
  execute(
      tx_, kPut,
      Parameters(verifier.market, text(verifier.kind), verifier.tenant_no, verifier.principal_no,
                 verifier.url, bytea(verifier.secret_sealed), verifier.deliver_contact,
                 verifier.subject, verifier.text, verifier.wait_hours, now_));
}

void PostgresVerifierRows::remove(MarketNo market) { execute(tx_, kRemove, Parameters(market)); }

std::optional<std::int64_t> PostgresVerifierRows::principal_of(std::int64_t tenant_no) {
  auto const rows = execute(tx_, kPrincipal, Parameters(tenant_no));
  if (rows.empty()) return std::nullopt;
  return rows.at(0).at(0).as<std::int64_t>();
}

}  // namespace leadex::storage::postgres
