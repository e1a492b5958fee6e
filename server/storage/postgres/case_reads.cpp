#include "server/storage/postgres/case_reads.hpp"

#include "server/storage/postgres/instant_sql.hpp"
#include "server/storage/postgres/lead_reads.hpp"
#include "server/storage/postgres/ledger_reads.hpp"
#include "server/storage/postgres/sale_reads.hpp"
#include "server/storage/postgres/statement.hpp"
#include "server/storage/postgres/trade_sql.hpp"

namespace leadex::storage::postgres {

namespace {

#define LEADEX_CASE_SELECT                                                                         \
  "select r.market_id, m.name, m.currency, r.return_no, r.lead_no, r.slot, r.buyer, r.generator, " \
  "r.reason, r.state, r.ruling, r.credited, r.opened_us, r.due_us, r.decided_us, "                 \
  "r.buyer_note_sealed, r.generator_note_sealed, r.decision_note_sealed "                          \
  "from return_case r join market m on m.market_id = r.market_id where " LEADEX_OF(                \
      "$1", "r.buyer", "r.generator")
// state 2: disputed; ruling 2: decided by an admin, which only disputes are; ruling 1 with what the
// generator says against it: ended by what the exchange found.
#define LEADEX_DISPUTED \
  "(r.state = 2 or r.ruling = 2 or r.ruling = 1 and r.generator_note_sealed is not null) "

constexpr char const* kList = LEADEX_CASE_SELECT
    " and ($2::bigint is null or (r.opened_us, r.market_id, r.return_no) < ($2::bigint, "
    "$3::bigint, $4::bigint)) and ($5::bigint is null or r.market_id = $5::bigint) "
    "and ($6::integer[] is null or r.state = any ($6::integer[])) "
    "and (not $7::boolean or " LEADEX_DISPUTED
    ") "
    "order by r.opened_us desc, r.market_id desc, r.return_no desc limit $8";
constexpr char const* kFind = LEADEX_CASE_SELECT " and r.market_id = $2 and r.return_no = $3";
constexpr char const* kFindDispute =
    LEADEX_CASE_SELECT " and r.market_id = $2 and r.return_no = $3 and " LEADEX_DISPUTED;
constexpr char const* kSpotCheck =
    "select verdict, coalesce(reason, ''), " LEADEX_MICROS("decided_at")
    " from spot_check where market_id = $1 and batch_no = $2 and lead_no = $3 and status = 'done' "
    "and verdict is not null order by check_no desc limit 1";

std::optional<Timestamp> instant_unless_zero(pqxx::field const& field) {
  auto const micros = field.as<std::int64_t>();
  if (micros == 0) return std::nullopt;
  return from_unix_micros(micros);
}

ReturnView read_return(pqxx::row const& row) {
  ReturnView view;
  auto const market = read_market_no(row.at(0));
  view.market = row.at(1).as<std::string>();
  view.currency = row.at(2).as<std::string>();
  view.id = {market, row.at(3).as<std::int64_t>()};
  view.sale = {market, row.at(4).as<std::int64_t>(), row.at(5).as<std::int32_t>()};
  view.buyer_no = row.at(6).as<std::int64_t>();
  view.generator_no = row.at(7).as<std::int64_t>();
  view.reason = row.at(8).as<std::string>();
  view.state = read_number_enum(row.at(9), market::ReturnState::denied);
  view.ruling = static_cast<std::uint8_t>(row.at(10).as<int>());
  view.credited = Money{row.at(11).as<std::int64_t>()};
  view.opened_at = read_time(row.at(12));
  view.due_at = instant_unless_zero(row.at(13));
  view.decided_at = instant_unless_zero(row.at(14));
  view.buyer_note_sealed = read_bytes_maybe(row.at(15)).value_or("");
  view.generator_note_sealed = read_bytes_maybe(row.at(16)).value_or("");
  view.decision_note_sealed = read_bytes_maybe(row.at(17)).value_or("");
  return view;
}

std::vector<ReturnView> list_returns(pqxx::transaction_base& tx, Viewer viewer,
                                     CaseFilter const& filter) {
  auto const before = filter.before.value_or(CaseCursor{});
  std::optional<std::int64_t> opened_us;
  if (filter.before) opened_us = before.opened_us;
  std::vector<ReturnView> returns;
  auto const rows =
      execute(tx, kList,
              Parameters(viewer.scope(), opened_us, before.market, before.return_no, filter.market,
                         number_list(filter.states), filter.disputes_only, filter.limit));
  for (auto const& row : rows) returns.push_back(read_return(row));
  return returns;
}

std::optional<ReturnView> find_return(pqxx::transaction_base& tx, char const* statement,
                                      Viewer viewer, MarketNo market, std::int64_t return_no) {
  auto const rows = execute(tx, statement, Parameters(viewer.scope(), market, return_no));
  if (rows.empty()) return std::nullopt;
  return read_return(rows.at(0));
}

std::optional<CaseFile> find_dispute(pqxx::transaction_base& tx, Viewer viewer, DisputeId id) {
  auto found = find_return(tx, kFindDispute, viewer, id.market, id.no);
  if (!found) return std::nullopt;
  auto sale = find_sale(tx, viewer, found->sale);
  auto const lead = lead_of_sale(tx, viewer, found->sale);
  if (!sale || !lead) return std::nullopt;
  // The same for all who may see it: what is one party's own stays out of it for everybody.
  sale->campaign_no = 0;
  CaseFile file{*found, *sale, *lead, std::nullopt, {}};
  if (lead->batch_no != 0) {
    auto const rows = execute(tx, kSpotCheck, Parameters(id.market, lead->batch_no, lead->id.no));
    if (!rows.empty()) {
      file.spot_check =
          SpotCheckFinding{rows.at(0).at(0).as<std::string>(), rows.at(0).at(1).as<std::string>(),
                           read_time_maybe(rows.at(0).at(2))};
    }
  }
  file.transfers = case_transfers(tx, viewer, found->sale);
  return file;
}

}  // namespace

PostgresCaseReads::Later<std::vector<ReturnView>> PostgresCaseReads::list(Viewer viewer,
                                                                          CaseFilter filter) {
  co_return co_await pool_.run(
      [viewer, filter](pqxx::work& tx) { return list_returns(tx, viewer, filter); });
}

PostgresCaseReads::Later<std::optional<ReturnView>> PostgresCaseReads::find(Viewer viewer,
                                                                            ReturnId id) {
  co_return co_await pool_.run(
      [viewer, id](pqxx::work& tx) { return find_return(tx, kFind, viewer, id.market, id.no); });
}

PostgresCaseReads::Later<std::optional<CaseFile>> PostgresCaseReads::dispute(Viewer viewer,
                                                                             DisputeId id) {
  co_return co_await pool_.run(
      [viewer, id](pqxx::work& tx) { return find_dispute(tx, viewer, id); });
}

}  // namespace leadex::storage::postgres
