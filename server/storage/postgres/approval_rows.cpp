#include "server/storage/postgres/approval_rows.hpp"

#include "server/storage/postgres/instant_sql.hpp"
#include "server/storage/postgres/statement.hpp"

namespace leadex::storage::postgres {

namespace {

constexpr char const* kInsert =
    "insert into approval (approval_no, kind, subject_no, payload_sealed, requested_by, "
    "requested_at) values ($1, $2, $3, $4, $5, " LEADEX_INSTANT("$6") ")";

#define LEADEX_APPROVAL_COLUMNS                                                         \
  "select approval_no, kind, subject_no, payload_sealed, requested_by, " LEADEX_MICROS( \
      "requested_at") ", state, decided_by, " LEADEX_MICROS("decided_at") " from approval "

constexpr char const* kFindLocked = LEADEX_APPROVAL_COLUMNS "where approval_no = $1 for update";
constexpr char const* kList = LEADEX_APPROVAL_COLUMNS
    "where ($1::text is null or state = $1::text) and ($2::bigint is null or approval_no < "
    "$2::bigint) order by approval_no desc limit $3";
constexpr char const* kDecide =
    "update approval set state = $2, decided_by = $3, decided_at = " LEADEX_INSTANT(
        "$4") " where approval_no = $1 and state = 'waiting'";

Approval read_approval(pqxx::row const& row) {
  Approval approval;
  approval.approval_no = row.at(0).as<std::int64_t>();
  approval.kind = row.at(1).as<std::string>();
  approval.subject_no = row.at(2).as<std::int64_t>();
  approval.payload_sealed = read_bytes(row.at(3));
  approval.requested_by = row.at(4).as<std::int64_t>();
  approval.requested_at = read_time(row.at(5));
  approval.state = read_enum<ApprovalState>(row.at(6), kApprovalStateTexts);
  approval.decided_by = read_maybe<std::int64_t>(row.at(7));
  approval.decided_at = read_time_maybe(row.at(8));
  return approval;
}

}  // namespace

void PostgresApprovalRows::insert(Approval const& approval) {
  execute(tx_, kInsert,
          Parameters(approval.approval_no, approval.kind, approval.subject_no,
                     bytea(std::string_view{approval.payload_sealed}), approval.requested_by,
                     approval.requested_at));
}

std::optional<Approval> PostgresApprovalRows::find_locked(std::int64_t approval_no) {
  auto const rows = execute(tx_, kFindLocked, Parameters(approval_no));
  if (rows.empty()) return std::nullopt;
  return read_approval(rows.at(0));
}

void PostgresApprovalRows::decide(std::int64_t approval_no, ApprovalState state,
                                  std::optional<std::int64_t> decided_by, Timestamp at) {
  execute(tx_, kDecide, Parameters(approval_no, text(state), decided_by, at));
}

std::vector<Approval> PostgresApprovalRows::list(ApprovalFilter const& filter) {
  std::optional<std::string_view> state;
  if (filter.state) state = text(*filter.state);
  std::vector<Approval> approvals;
  for (auto const& row : execute(tx_, kList, Parameters(state, filter.before_no, filter.limit))) {
    approvals.push_back(read_approval(row));
  }
  return approvals;
}

}  // namespace leadex::storage::postgres
