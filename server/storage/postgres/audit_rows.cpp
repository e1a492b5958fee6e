#include "server/storage/postgres/audit_rows.hpp"

#include "billing/values/check.hpp"
#include "server/storage/postgres/statement.hpp"

namespace leadex::storage::postgres {

namespace {

constexpr char const* kOpenStream =
    "insert into audit_head (stream, seq, hash) values ($1, 0, decode(repeat('00', 32), 'hex')) "
    "on conflict do nothing";
constexpr char const* kLockHead = "select seq, hash from audit_head where stream = $1 for update";
constexpr char const* kInsert =
    "insert into audit (stream, seq, at_us, principal_no, tenant_no, action, object_kind, "
    "object_market, object_no, payload, hash) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, "
    "$11)";
constexpr char const* kMoveHead = "update audit_head set seq = $2, hash = $3 where stream = $1";
constexpr char const* kList = LEADEX_AUDIT_COLUMNS
    "from audit where stream = $1 and ($2::bigint is null or seq < $2::bigint) "
    "and ($3::bigint is null or tenant_no = $3::bigint) "
    "and ($4::text is null or action = $4::text) order by seq desc limit $5";
constexpr char const* kHeads =
    "select stream, seq, hash from audit_head where seq > 0 order by stream";

constexpr int kRowsMax = 501;  // the largest page and the row that tells whether more follow

}  // namespace

void append_audit(pqxx::transaction_base& tx, Timestamp at, MarketNo stream,
                  std::span<AuditEntry const> entries) {
  if (entries.empty()) return;
  auto head = execute(tx, kLockHead, Parameters(stream));
  if (head.empty()) {
    execute(tx, kOpenStream, Parameters(stream));
    head = execute(tx, kLockHead, Parameters(stream));
  }
  auto seq = head.at(0).at(0).as<std::int64_t>();
  auto hash = read_digest(head.at(0).at(1));
  for (auto const& entry : entries) {
    AuditRecord record{stream, ++seq, at, entry, {}};
    hash = privacy::audit_hash(chain_row(record).event, hash);
    execute(tx, kInsert,
            Parameters(stream, seq, at, entry.principal_no, entry.tenant_no, entry.action,
                       entry.object_kind, entry.object_market, entry.object_no, entry.payload,
                       bytea(hash)));
  }
  execute(tx, kMoveHead, Parameters(stream, seq, bytea(hash)));
}

privacy::AuditRow chain_row(AuditRecord const& record) {
  auto const& entry = record.entry;
  return {{record.stream, record.seq, record.at, entry.principal_no, entry.tenant_no, entry.action,
           entry.object_kind, entry.object_market, entry.object_no, entry.payload},
          record.hash};
}

AuditRecord read_audit_record(pqxx::row const& row) {
  AuditRecord record;
  record.stream = row.at(0).as<MarketNo>();
  record.seq = row.at(1).as<std::int64_t>();
  record.at = read_time(row.at(2));
  record.entry.principal_no = row.at(3).as<std::int64_t>();
  record.entry.tenant_no = row.at(4).as<std::int64_t>();
  record.entry.action = row.at(5).as<std::string>();
  record.entry.object_kind = row.at(6).as<std::string>();
  record.entry.object_market = row.at(7).as<MarketNo>();
  record.entry.object_no = row.at(8).as<std::int64_t>();
  record.entry.payload = row.at(9).as<std::string>();
  record.hash = read_digest(row.at(10));
  return record;
}

std::vector<AuditRecord> PostgresAuditRows::list(AuditFilter const& filter) {
  LEADEX_CHECK(filter.limit > 0 && filter.limit <= kRowsMax);
  auto const rows = execute(
      tx_, kList,
      Parameters(filter.stream, filter.before_seq, filter.tenant_no, filter.action, filter.limit));
  std::vector<AuditRecord> records;
  records.reserve(rows.size());
  for (auto const& row : rows) records.push_back(read_audit_record(row));
  return records;
}

std::vector<AuditStreamHead> PostgresAuditRows::heads() {
  std::vector<AuditStreamHead> heads;
  for (auto const& row : execute(tx_, kHeads)) {
    heads.push_back(
        {row.at(0).as<MarketNo>(), row.at(1).as<std::int64_t>(), read_digest(row.at(2))});
  }
  return heads;
}

}  // namespace leadex::storage::postgres
