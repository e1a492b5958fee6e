#include "server/storage/postgres/inspection_rows.hpp"

#include <chrono>

#include "server/storage/postgres/instant_sql.hpp"
#include "server/storage/postgres/statement.hpp"
#include "server/storage/postgres/trade_sql.hpp"

namespace leadex::storage::postgres {

namespace {

constexpr char const* kTerms =
    "select coalesce(definition::json->'spot_check'->>'method', 'fixed') = 'sequential', "
    "coalesce((definition::json->'spot_check'->>'second_opinion_bp')::integer, 0) from "
    "market_version where market_id = $1 and version = $2";

constexpr char const* kPlan =
    "select p.method, p.mode, p.strict, p.skipped, p.accept_from, p.reject_until, b.accepted from "
    "lot_plan p join batch b using (market_id, batch_no) where market_id = $1 and batch_no = $2";
constexpr char const* kSavePlan =
    "insert into lot_plan (market_id, batch_no, method, mode, strict, skipped, accept_from, "
    "reject_until, planned_at) values ($1, $2, $3, $4, $5, $6, $7, $8, " LEADEX_INSTANT("$9") ")";
constexpr char const* kSaveMode =
    "update batch set mode = $3 where market_id = $1 and batch_no = $2 and mode <> 'stopped'";
constexpr char const* kWasRefused =
    "select exists (select from batch where market_id = $1 and file_sha256 = $2 and file_sha256 is "
    "not null and (verdict = 'rejected' or mode = 'stopped'))";
constexpr char const* kWasRefusedToOwner =
    "select exists (select from batch a join batch b on b.market_id = a.market_id and "
    "b.file_sha256 "
    "= a.file_sha256 and b.tenant_no = a.tenant_no and b.batch_no < a.batch_no where a.market_id = "
    "$1 and a.batch_no = $2 and b.file_sha256 is not null and (b.verdict = 'rejected' or b.mode = "
    "'stopped'))";

#define LEADEX_STANDING_COLUMNS                                                       \
  "select tenant_no, mode, accepted_in_row, rejected, recent, checked, bad, "         \
  "lots_accepted, lots_rejected, lots_skipped, all_checked, all_bad, " LEADEX_MICROS( \
      "since") " from inspection "
constexpr char const* kSource = LEADEX_STANDING_COLUMNS "where market_id = $1 and tenant_no = $2";
constexpr char const* kSourceLocked =
    LEADEX_STANDING_COLUMNS "where market_id = $1 and tenant_no = $2 for update";
constexpr char const* kSources =
    LEADEX_STANDING_COLUMNS "where market_id = $1 and tenant_no > $2 order by tenant_no limit $3";
// So that there is a row to lock: two first lots of a source may be decided at once.
constexpr char const* kBegin =
    "insert into inspection (market_id, tenant_no, mode, accepted_in_row, rejected, recent, "
    "checked, bad, lots_accepted, lots_rejected, lots_skipped, all_checked, all_bad, since) values "
    "($1, $2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, " LEADEX_INSTANT("$3") ") on conflict do nothing";
constexpr char const* kSaveSource =
    "update inspection set since = case when mode = $3 then since else " LEADEX_INSTANT(
        "$14") " end, mode = $3, accepted_in_row = $4, rejected = $5, recent = $6, checked = $7, "
               "bad = $8, lots_accepted = $9, lots_rejected = $10, lots_skipped = $11, "
               "all_checked = $12, all_bad = $13 where market_id = $1 and tenant_no = $2";

constexpr char const* kTurn = "select opinions, attempt_day, attempts_that_day, " LEADEX_MICROS(
    "rest_until") " from spot_check where market_id = $1 and check_no = $2";
constexpr char const* kSaveTurn =
    "update spot_check set opinions = $3, attempt_day = $4, attempts_that_day = $5, rest_until "
    "= " LEADEX_INSTANT("$6") " where market_id = $1 and check_no = $2";
constexpr char const* kWantSecond =
    "update spot_check set opinions = 2 where market_id = $1 and batch_no = $2 and row_no = "
    "any($3::bigint[]) and opinions = 1 and status = 'open'";
constexpr char const* kOpinions =
    "select verdict, reason, decided_by from check_opinion where market_id = $1 and "
    "check_no = $2 order by opinion_no";
constexpr char const* kAddOpinion =
    "insert into check_opinion (market_id, check_no, opinion_no, verdict, reason, decided_by, "
    "decided_at) values ($1, $2, $3, $4, $5, $6, " LEADEX_INSTANT("$7") ")";
constexpr char const* kReopen =
    "update spot_check set status = 'open', attempts = 0, verdict = null, reason = null, "
    "note_sealed = null, claimed_by = null, lease_until = null, decided_by = null, decided_at = "
    "null, attempt_day = null, attempts_that_day = 0, rest_until = null, opinions = $3 where "
    "market_id = $1 and check_no = $2";
constexpr char const* kCalledBad =
    "select lead_no from spot_check c where market_id = $1 and batch_no = $2 and (verdict = 'bad' "
    "or (verdict is distinct from 'good' and opinions > 1 and exists (select from check_opinion o "
    "where o.market_id = c.market_id and o.check_no = c.check_no and o.verdict = 'bad'))) order by "
    "position";
// A verifier is to be had when an active account of that role has a key that works and may judge. A
// key without a list of its own has all scopes of its role.
constexpr char const* kLacksVerifier =
    "select exists (select from spot_check c where c.market_id = $1 and c.batch_no = $2 and "
    "c.opinions > 1 and c.status <> 'done' and exists (select from check_opinion o where "
    "o.market_id = c.market_id and o.check_no = c.check_no) and not exists (select from api_key k "
    "join tenant t on t.tenant_no = k.tenant_no where t.role = 'verifier' and t.status = 'active' "
    "and k.kind <> 'test' and (k.scopes = '{}' or 'checks:write' = any(k.scopes)) and k.revoked_at "
    "is null and k.pending_approval is null and (k.expires_at is null or k.expires_at > " LEADEX_INSTANT("$3") ") and not exists (select "
    "from check_opinion o where o.market_id = c.market_id and o.check_no = c.check_no and "
    "o.decided_by = k.principal_no)))";
constexpr char const* kTable =
    "select a.verdict, b.verdict, count(*) from check_opinion a join check_opinion b on "
    "b.market_id = a.market_id and b.check_no = a.check_no and b.opinion_no = 2 where a.market_id "
    "= $1 and a.opinion_no = 1 and a.decided_at > " LEADEX_INSTANT(
        "$2") " group by a.verdict, b.verdict";
constexpr std::chrono::days kAgreementDays{90};

std::string array_of(std::vector<std::int64_t> const& numbers) {
  return number_list(numbers).value_or("{}");
}

SourceStanding read_source(pqxx::row const& row) {
  SourceStanding source;
  source.tenant_no = row.at(0).as<std::int64_t>();
  auto& standing = source.standing;
  standing.mode = read_number_enum(row.at(1), quality::InspectionMode::stopped);
  standing.accepted_in_row = row.at(2).as<std::int32_t>();
  standing.rejected = row.at(3).as<std::int32_t>();
  standing.recent = static_cast<std::uint8_t>(row.at(4).as<int>());
  standing.checked = row.at(5).as<std::int64_t>();
  standing.bad = row.at(6).as<std::int64_t>();
  source.lots_accepted = row.at(7).as<std::int64_t>();
  source.lots_rejected = row.at(8).as<std::int64_t>();
  source.lots_skipped = row.at(9).as<std::int64_t>();
  source.checked = row.at(10).as<std::int64_t>();
  source.bad = row.at(11).as<std::int64_t>();
  source.since = read_time(row.at(12));
  return source;
}

}  // namespace

CheckTerms PostgresInspectionRows::terms(MarketNo market, std::int32_t version) {
  auto const rows = execute(tx_, kTerms, Parameters(market, version));
  auto const row = rows.at(0);
  return {row.at(0).as<bool>() ? quality::PlanMethod::sequential : quality::PlanMethod::fixed,
          BasisPoints{row.at(1).as<std::int32_t>()}};
}

std::optional<LotPlan> PostgresInspectionRows::plan(BatchId batch) {
  auto const rows = execute(tx_, kPlan, Parameters(batch.market, batch.no));
  if (rows.empty()) return std::nullopt;
  auto const row = rows.at(0);
  LotPlan plan;
  plan.method = read_number_enum(row.at(0), quality::PlanMethod::sequential);
  plan.mode = read_number_enum(row.at(1), quality::InspectionMode::skip);
  plan.strict = row.at(2).as<bool>();
  plan.skipped = row.at(3).as<bool>();
  plan.steps = {row.at(6).as<std::int64_t>(), read_numbers(row.at(4)), read_numbers(row.at(5))};
  return plan;
}

void PostgresInspectionRows::save_plan(BatchId batch, LotPlan const& plan) {
  execute(tx_, kSavePlan,
          Parameters(batch.market, batch.no, static_cast<int>(plan.method),
                     static_cast<int>(plan.mode), plan.strict, plan.skipped,
                     array_of(plan.steps.accept_from), array_of(plan.steps.reject_until), now_));
  auto const mode = static_cast<LotMode>(plan.mode);
  execute(tx_, kSaveMode, Parameters(batch.market, batch.no, text(mode)));
}

bool PostgresInspectionRows::was_refused(MarketNo market, std::string const& file_sha256) {
  return execute(tx_, kWasRefused, Parameters(market, bytea(std::string_view{file_sha256})))
      .at(0)
      .at(0)
      .as<bool>();
}

bool PostgresInspectionRows::was_refused_to_owner(BatchId batch) {
  return execute(tx_, kWasRefusedToOwner, Parameters(batch.market, batch.no))
      .at(0)
      .at(0)
      .as<bool>();
}

SourceStanding PostgresInspectionRows::source(MarketNo market, std::int64_t tenant_no) {
  auto const rows = execute(tx_, kSource, Parameters(market, tenant_no));
  if (rows.empty()) return SourceStanding{.tenant_no = tenant_no};
  return read_source(rows.at(0));
}

SourceStanding PostgresInspectionRows::source_held(MarketNo market, std::int64_t tenant_no) {
  auto const rows = execute(tx_, kSourceLocked, Parameters(market, tenant_no));
  if (rows.empty()) return SourceStanding{.tenant_no = tenant_no};
  return read_source(rows.at(0));
}

SourceStanding PostgresInspectionRows::source_locked(MarketNo market, std::int64_t tenant_no) {
  execute(tx_, kBegin, Parameters(market, tenant_no, now_));
  return read_source(execute(tx_, kSourceLocked, Parameters(market, tenant_no)).at(0));
}

void PostgresInspectionRows::save_source(MarketNo market, SourceStanding const& source) {
  auto const& at = source.standing;
  execute(
      tx_, kSaveSource,
      Parameters(market, source.tenant_no, static_cast<int>(at.mode), at.accepted_in_row,
                 at.rejected, static_cast<int>(at.recent), at.checked, at.bad, source.lots_accepted,
                 source.lots_rejected, source.lots_skipped, source.checked, source.bad, now_));
}

std::vector<SourceStanding> PostgresInspectionRows::sources(MarketNo market,
                                                            std::int64_t after_tenant_no,
                                                            int limit) {
  std::vector<SourceStanding> sources;
  for (auto const& row : execute(tx_, kSources, Parameters(market, after_tenant_no, limit))) {
    sources.push_back(read_source(row));
  }
  return sources;
}

std::vector<SpotCheck> PostgresInspectionRows::queue(CheckFilter const& filter,
                                                     std::int64_t principal_no) {
  return lots_.waiting_checks(filter, principal_no);
}

CheckTurn PostgresInspectionRows::turn(CheckId check) {
  auto const row = execute(tx_, kTurn, Parameters(check.market, check.no)).at(0);
  return {row.at(0).as<std::int32_t>(), read_maybe<std::int32_t>(row.at(1)),
          row.at(2).as<std::int32_t>(), read_time_maybe(row.at(3))};
}

void PostgresInspectionRows::save_turn(CheckId check, CheckTurn const& turn) {
  execute(tx_, kSaveTurn,
          Parameters(check.market, check.no, turn.opinions, turn.attempt_day,
                     turn.attempts_that_day, turn.rest_until));
}

void PostgresInspectionRows::want_second(BatchId batch, std::span<std::int64_t const> rows) {
  auto const list = number_list(rows);
  if (list) execute(tx_, kWantSecond, Parameters(batch.market, batch.no, *list));
}

std::vector<Opinion> PostgresInspectionRows::opinions(CheckId check) {
  std::vector<Opinion> opinions;
  for (auto const& row : execute(tx_, kOpinions, Parameters(check.market, check.no))) {
    opinions.push_back({read_enum<CheckVerdict>(row.at(0), kCheckVerdictTexts),
                        row.at(1).as<std::string>(), row.at(2).as<std::int64_t>()});
  }
  return opinions;
}

void PostgresInspectionRows::add_opinion(CheckId check, std::int32_t opinion_no,
                                         Opinion const& opinion) {
  execute(tx_, kAddOpinion,
          Parameters(check.market, check.no, opinion_no, text(opinion.verdict), opinion.reason,
                     opinion.decided_by, now_));
}

void PostgresInspectionRows::reopen(CheckId check, std::int32_t opinions) {
  execute(tx_, kReopen, Parameters(check.market, check.no, opinions));
}

std::vector<std::int64_t> PostgresInspectionRows::called_bad(BatchId batch) {
  std::vector<std::int64_t> leads;
  for (auto const& row : execute(tx_, kCalledBad, Parameters(batch.market, batch.no))) {
    leads.push_back(row.at(0).as<std::int64_t>());
  }
  return leads;
}

bool PostgresInspectionRows::lacks_verifier(BatchId batch) {
  return execute(tx_, kLacksVerifier, Parameters(batch.market, batch.no, now_))
      .at(0)
      .at(0)
      .as<bool>();
}

quality::OpinionTable PostgresInspectionRows::opinion_table(MarketNo market) {
  quality::OpinionTable table{};
  for (auto const& row : execute(tx_, kTable, Parameters(market, now_ - kAgreementDays))) {
    auto const first = read_enum<CheckVerdict>(row.at(0), kCheckVerdictTexts);
    auto const second = read_enum<CheckVerdict>(row.at(1), kCheckVerdictTexts);
    table.at(static_cast<std::size_t>(first)).at(static_cast<std::size_t>(second)) =
        row.at(2).as<std::int64_t>();
  }
  return table;
}

}  // namespace leadex::storage::postgres
