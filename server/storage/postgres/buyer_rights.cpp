#include "server/storage/postgres/buyer_rights.hpp"

#include <array>

#include "server/storage/postgres/audit_rows.hpp"
#include "server/storage/postgres/binary_call.hpp"
#include "server/storage/postgres/instant_sql.hpp"
#include "server/storage/postgres/statement.hpp"

namespace leadex::storage::postgres {

namespace {

// The list's own row comes first: two calls of one buyer take turns, so that its counts are true.
constexpr char const* kLock =
    "insert into suppression_list as l (tenant_no) values ($1) on conflict (tenant_no) do update "
    "set emails = l.emails returning l.emails + l.phones";
constexpr Statement kAdd{
    "lx_suppress",
    "with added as (insert into leadex.suppression (tenant_no, digest, field, created_at) select "
    "$1::int8, p.digest, p.field, now() from unnest($2::bytea[], $3::int2[]) as p(digest, field) "
    "on conflict do nothing returning field), counted as (select count(*) filter (where field = 0) "
    "as e, count(*) filter (where field = 1) as p from added) update leadex.suppression_list l set "
    "emails = l.emails + c.e, phones = l.phones + c.p, since = case when c.e + c.p > 0 then "
    "coalesce(l.since, now()) else l.since end from counted c where l.tenant_no = $1::int8"};
constexpr Statement kTakeOff{
    "lx_unsuppress",
    "with gone as (delete from leadex.suppression where tenant_no = $1::int8 and digest = "
    "any($2::bytea[]) returning field), counted as (select count(*) filter (where field = 0) as e, "
    "count(*) filter (where field = 1) as p from gone) update leadex.suppression_list l set emails "
    "= l.emails - c.e, phones = l.phones - c.p, since = case when l.emails + l.phones = c.e + c.p "
    "then null else l.since end from counted c where l.tenant_no = $1::int8"};
constexpr char const* kCounts =
    "select emails, phones, " LEADEX_MICROS("since") " from suppression_list where tenant_no = $1";
constexpr Statement kHolders{
    "lx_withholding",
    "select distinct tenant_no from leadex.suppression where digest = any($1::bytea[]) order by 1"};
constexpr Statement kNamed{
    "lx_named",
    "select name_key, tenant_no from leadex.tenant where name_key = any($1::text[]) order by 2"};

std::string digests_of(std::vector<SuppressedPerson> const& persons) {
  return column<Element::bytea>(persons, [](auto const& p) { return p.digest; });
}

SuppressionCounts read_counts(pqxx::transaction_base& tx, std::int64_t buyer_no) {
  auto const rows = execute(tx, kCounts, Parameters(buyer_no));
  if (rows.empty()) return {};
  auto const row = rows.at(0);
  return {row.at(0).as<std::int64_t>(), row.at(1).as<std::int64_t>(), read_time_maybe(row.at(2))};
}

/// That persons were put on a list; which ones goes no further than the list.
void note_added(pqxx::transaction_base& tx, std::int64_t principal_no, std::int64_t owner_no) {
  AuditEntry entry;
  entry.principal_no = principal_no;
  entry.tenant_no = owner_no;
  entry.action = "suppression.added";
  entry.object_kind = "suppression";
  auto const now = execute(tx, "select " LEADEX_MICROS("now()"));
  append_audit(tx, read_time(now.at(0).at(0)), 0, std::span{&entry, 1});
}

pqxx::result read_binary(pqxx::transaction_base& tx, Statement const& statement,
                         std::string const& column) {
  return tx.exec_params(statement.sql, pqxx::binarystring{column.data(), column.size()});
}

}  // namespace

NamedBuyers buyers_named(pqxx::transaction_base& tx, std::span<std::string const> keys) {
  auto const wanted = column<Element::text>(keys, [](auto const& key) { return key; });
  NamedBuyers found;
  for (auto const& row : read_binary(tx, kNamed, wanted)) {
    found.emplace_back(row.at(0).as<std::string>(), row.at(1).as<std::int64_t>());
  }
  return found;
}

bool put_on_list(pqxx::transaction_base& tx, std::int64_t tenant_no,
                 std::vector<SuppressedPerson> const& persons) {
  auto const held = execute(tx, kLock, Parameters(tenant_no)).at(0).at(0).as<std::int64_t>();
  if (held + std::ssize(persons) > kSuppressedMax) return false;
  run_binary(tx, {&kAdd,
                  {int8_param(tenant_no), digests_of(persons),
                   column<Element::int2>(persons, [](auto const& p) { return p.field; })},
                  1});
  return true;
}

PostgresBuyerRights::Later<std::optional<SuppressionCounts>> PostgresBuyerRights::suppress(
    std::int64_t buyer_no, std::vector<SuppressedPerson> persons,
    std::optional<std::int64_t> audited) {
  co_return co_await pool_.run(
      [buyer_no, persons, audited](pqxx::work& tx) -> std::optional<SuppressionCounts> {
        if (!put_on_list(tx, buyer_no, persons)) return std::nullopt;
        auto const counts = read_counts(tx, buyer_no);
        if (audited) note_added(tx, *audited, buyer_no);
        return counts;
      });
}

PostgresBuyerRights::Later<SuppressionCounts> PostgresBuyerRights::release(
    std::int64_t buyer_no, std::vector<SuppressedPerson> persons) {
  co_return co_await pool_.run([buyer_no, persons](pqxx::work& tx) {
    execute(tx, kLock, Parameters(buyer_no));
    run_binary(tx, {&kTakeOff, {int8_param(buyer_no), digests_of(persons)}, 1});
    return read_counts(tx, buyer_no);
  });
}

PostgresBuyerRights::Later<SuppressionCounts> PostgresBuyerRights::counts(std::int64_t buyer_no) {
  co_return co_await pool_.run([buyer_no](pqxx::work& tx) { return read_counts(tx, buyer_no); });
}

PostgresBuyerRights::Later<std::vector<std::int64_t>> PostgresBuyerRights::withholding(
    std::vector<std::string> digests) {
  co_return co_await pool_.run([digests](pqxx::work& tx) {
    auto const wanted = column<Element::bytea>(digests, [](auto const& d) { return d; });
    std::vector<std::int64_t> buyers;
    for (auto const& row : read_binary(tx, kHolders, wanted)) {
      buyers.push_back(row.at(0).as<std::int64_t>());
    }
    return buyers;
  });
}

PostgresBuyerRights::Later<NamedBuyers> PostgresBuyerRights::named(std::vector<std::string> keys) {
  co_return co_await pool_.run([keys](pqxx::work& tx) { return buyers_named(tx, keys); });
}

}  // namespace leadex::storage::postgres
