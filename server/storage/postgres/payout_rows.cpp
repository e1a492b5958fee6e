#include "server/storage/postgres/payout_rows.hpp"

#include "server/storage/postgres/instant_sql.hpp"
#include "server/storage/postgres/statement.hpp"

namespace leadex::storage::postgres {

namespace {

constexpr char const* kInsertRun =
    "insert into payout_run (run_no, currency, status, drafted_by, created_at) values ($1, $2, "
    "$3, $4, " LEADEX_INSTANT("$5") ")";
constexpr char const* kInsertPayout =
    "insert into payout (payout_no, run_no, tenant_no, amount, status, bank_sealed) values ($1, "
    "$2, $3, $4, $5, $6)";

#define LEADEX_RUN_COLUMNS \
  "select run_no, currency, status, drafted_by, approved_by, " LEADEX_MICROS(         \
      "created_at") ", " LEADEX_MICROS("approved_at") ", " LEADEX_MICROS("closed_at") \
      " from payout_run "
#define LEADEX_PAYOUT_COLUMNS \
  "select payout_no, run_no, tenant_no, amount, status, bank_sealed from payout "

constexpr char const* kFind = LEADEX_RUN_COLUMNS "where run_no = $1";
constexpr char const* kFindLocked = LEADEX_RUN_COLUMNS "where run_no = $1 for update";
constexpr char const* kList = LEADEX_RUN_COLUMNS
    "where $1::bigint is null or run_no < $1::bigint order by run_no desc limit $2";
constexpr char const* kPayoutsOfRun = LEADEX_PAYOUT_COLUMNS "where run_no = $1 order by payout_no";
constexpr char const* kPayoutsOfTenant = LEADEX_PAYOUT_COLUMNS
    "where tenant_no = $1 and status <> 'draft' and ($2::bigint is null or payout_no < "
    "$2::bigint) order by payout_no desc limit $3";
constexpr char const* kApprove =
    "update payout_run set status = 'approved', approved_by = $2, approved_at = " LEADEX_INSTANT(
        "$3") " where run_no = $1";
constexpr char const* kApprovePayouts = "update payout set status = 'approved' where run_no = $1";
constexpr char const* kSetStatus =
    "update payout_run set status = $2, closed_at = " LEADEX_INSTANT("$3") " where run_no = $1";
constexpr char const* kSetPayoutStatus = "update payout set status = $2 where run_no = $1";

PayoutRun read_run(pqxx::row const& row) {
  PayoutRun run;
  run.run_no = row.at(0).as<std::int64_t>();
  run.currency = row.at(1).as<std::string>();
  run.status = read_enum<PayoutStatus>(row.at(2), kPayoutStatusTexts);
  run.drafted_by = row.at(3).as<std::int64_t>();
  run.approved_by = read_maybe<std::int64_t>(row.at(4));
  run.created_at = read_time(row.at(5));
  run.approved_at = read_time_maybe(row.at(6));
  run.closed_at = read_time_maybe(row.at(7));
  return run;
}

Payout read_payout(pqxx::row const& row) {
  return {row.at(0).as<std::int64_t>(),
          row.at(1).as<std::int64_t>(),
          row.at(2).as<std::int64_t>(),
          Money{row.at(3).as<std::int64_t>()},
          read_enum<PayoutStatus>(row.at(4), kPayoutStatusTexts),
          read_bytes_maybe(row.at(5))};
}

std::vector<Payout> read_payouts(pqxx::result const& rows) {
  std::vector<Payout> payouts;
  payouts.reserve(rows.size());
  for (auto const& row : rows) payouts.push_back(read_payout(row));
  return payouts;
}

}  // namespace

void PostgresPayoutRows::insert(PayoutRun const& run) {
  execute(tx_, kInsertRun,
          Parameters(run.run_no, run.currency, text(run.status), run.drafted_by, run.created_at));
  for (auto const& payout : run.payouts) {
    execute(tx_, kInsertPayout,
            Parameters(payout.payout_no, run.run_no, payout.tenant_no, payout.amount.micros,
                       text(payout.status), bytea(payout.bank_sealed)));
  }
}

std::optional<PayoutRun> PostgresPayoutRows::with_payouts(char const* statement,
                                                          std::int64_t run_no) {
  auto const rows = execute(tx_, statement, Parameters(run_no));
  if (rows.empty()) return std::nullopt;
  auto run = read_run(rows.at(0));
  run.payouts = read_payouts(execute(tx_, kPayoutsOfRun, Parameters(run_no)));
  return run;
}

std::optional<PayoutRun> PostgresPayoutRows::find(std::int64_t run_no) {
  return with_payouts(kFind, run_no);
}

std::optional<PayoutRun> PostgresPayoutRows::find_locked(std::int64_t run_no) {
  return with_payouts(kFindLocked, run_no);
}

std::vector<PayoutRun> PostgresPayoutRows::list(std::optional<std::int64_t> before_no, int limit) {
  std::vector<PayoutRun> runs;
  for (auto const& row : execute(tx_, kList, Parameters(before_no, limit))) {
    runs.push_back(read_run(row));
  }
  return runs;
}

std::vector<Payout> PostgresPayoutRows::list_of(std::int64_t tenant_no,
                                                std::optional<std::int64_t> before_no, int limit) {
  return read_payouts(execute(tx_, kPayoutsOfTenant, Parameters(tenant_no, before_no, limit)));
}

void PostgresPayoutRows::approve(std::int64_t run_no, std::int64_t principal_no, Timestamp at) {
  execute(tx_, kApprove, Parameters(run_no, principal_no, at));
  execute(tx_, kApprovePayouts, Parameters(run_no));
}

void PostgresPayoutRows::set_status(std::int64_t run_no, PayoutStatus status,
                                    std::optional<Timestamp> closed_at) {
  execute(tx_, kSetStatus, Parameters(run_no, text(status), closed_at));
  execute(tx_, kSetPayoutStatus, Parameters(run_no, text(status)));
}

}  // namespace leadex::storage::postgres
