#include "server/storage/postgres/upload_rows.hpp"

#include <algorithm>
#include <functional>
#include <pqxx/binarystring>
#include <pqxx/prepared_statement>

#include "billing/values/check.hpp"
#include "matching/quality/lot_verdict.hpp"
#include "server/storage/postgres/binary_call.hpp"
#include "server/storage/postgres/buyer_rights.hpp"
#include "server/storage/postgres/fraud_rows.hpp"
#include "server/storage/postgres/instant_sql.hpp"
#include "server/storage/postgres/own_rows.hpp"
#include "server/storage/postgres/privacy_rows.hpp"
#include "server/storage/postgres/statement.hpp"
#include "server/storage/postgres/upload_pieces.hpp"
#include "server/storage/postgres/words.hpp"

namespace leadex::storage::postgres {

namespace {

// Skips a number that another upload is taking right now.
constexpr char const* kTakeCommitment =
    "update commitment set status = 'used', batch_no = $2 where market_id = $1 and commitment_no = "
    "(select commitment_no from commitment where market_id = $1 and status = 'open' order by "
    "commitment_no limit 1 for update skip locked) returning commitment_no";
constexpr char const* kInsertBatch =
    "insert into batch (market_id, batch_no, tenant_no, status, format, market_version, "
    "ask_micros, commitment_no, created_at, touched_at, corrects_no) values ($1, $2, $3, "
    "'receiving', $4, $5, $6, $7, " LEADEX_INSTANT("$8") ", " LEADEX_INSTANT("$8") ", $9)";
// The row lock comes first: a batch that is being closed takes no more rows.
constexpr char const* kCount =
    "update batch set rows_read = rows_read + $3, bytes_read = bytes_read + $4, accepted = "
    "accepted + $5, duplicate = duplicate + $6, suppressed = suppressed + $7, rejected = rejected "
    "+ $8, touched_at = " LEADEX_INSTANT(
        "$9") " where market_id = $1 and batch_no = $2 and status = 'receiving' and mode <> "
              "'stopped'";
constexpr char const* kInsertRange =
    "insert into batch_lead_range (market_id, batch_no, first_no, last_no) values ($1, $2, $3, $4)";
constexpr char const* kInsertRejects =
    "insert into batch_reject (market_id, batch_no, row_no, fault_no, outcome, code, pointer, "
    "detail, external_id, own_column) select $1::int8, $2::int8, unnest($3::int8[]), "
    "unnest($4::int2[]), unnest($5::int2[]), unnest($6::text[]), unnest($7::text[]), "
    "unnest($8::text[]), unnest($9::text[]), unnest($10::text[])";

// Person by person: free to choose, the planner reads all lists to the end for a chunk's persons.
// In front what names the moment: who comes onto a list in a transaction that this statement does
// not see has that number, or a later one.
constexpr char const* kLookAtLists =
    "select null::bytea, null::int8, pg_snapshot_xmin(pg_current_snapshot())::text union all "
    "select "
    "p.digest, s.tenant_no, null from unnest($1::bytea[]) as p(digest) cross join lateral (select "
    "tenant_no from leadex.suppression where digest = p.digest offset 0) as s";
constexpr Statement kKeepFrom{
    "lx_keep_from",
    "insert into leadex.lead_withheld select $1::int8, unnest($2::int8[]), unnest($3::int8[]) on "
    "conflict do nothing"};
// Few came since, or none: they are read first. What this statement sees has a number below its
// own; entries of a restored dump have those of another cluster, which may be far above.
constexpr char const* kWithholdPersons =
    "with come as materialized (select digest, tenant_no from leadex.suppression where added >= "
    "$4::text::xid8 and added < pg_snapshot_xmax(pg_current_snapshot())), found as materialized "
    "(select p.lead_no, c.digest, c.tenant_no from come c "
    "join unnest($2::int8[], $3::bytea[]) as p(lead_no, digest) on p.digest = c.digest), kept as "
    "(insert into leadex.lead_withheld select $1::int8, lead_no, tenant_no from found on conflict "
    "do nothing) select distinct digest from found where tenant_no = 0";
constexpr char const* kAskedBy =
    "select request_no from privacy_request where email = any($1::bytea[]) or phone = "
    "any($1::bytea[]) order by request_no for update";
constexpr char const* kReopen =
    "update privacy_request set done_at = null, look_at = now(), tries = 0 where request_no = $1";
constexpr char const* kTurnNow =
    "update privacy_progress set next_at = now(), tries = 0 where request_no = $1 and market_id = "
    "$2";

constexpr char const* kKnownFromOthers =
    "select count(distinct w.row_no) from unnest($2::int8[], $3::bytea[]) as w(row_no, digest) "
    "join "
    "leadex.person p on p.market_id = $1::int8 and p.digest = w.digest join leadex.lead l on "
    "l.market_id = p.market_id and l.lead_no = p.lead_no where l.tenant_no <> $4::int8";
constexpr char const* kSavePicture =
    "insert into lot_picture (market_id, batch_no, tenant_no, closed_at, leads, events, prints, "
    "prints_whole) values ($1, $2, $3, " LEADEX_INSTANT("$4") ", $5, $6, $7, $8)";

#define LEADEX_BATCH_COLUMNS \
  "select b.market_id, b.batch_no, b.tenant_no, b.status, b.format, b.market_version, "          \
  "b.ask_micros, b.rows_read, b.accepted, b.duplicate, b.suppressed, b.rejected, b.bytes_read, " \
  "b.commitment_no, b.file_sha256, b.mode, b.sample_size, b.acceptance_number, b.verdict, "      \
  "b.needs_admin, " LEADEX_MICROS("b.created_at") ", " LEADEX_MICROS(                            \
      "b.closed_at") ", " LEADEX_MICROS("b.decided_at") ", b.decision_reason_sealed, "          \
  "b.corrects_no, array(select c.batch_no from batch c where c.market_id = b.market_id and "      \
  "c.corrects_no = b.batch_no order by c.batch_no limit 100) from batch b "

constexpr char const* kFind = LEADEX_BATCH_COLUMNS
    "where b.market_id = $1 and b.batch_no = $2 and ($3::boolean or b.tenant_no = $4)";
constexpr char const* kFindForParty = LEADEX_BATCH_COLUMNS
    "where b.market_id = $1 and b.batch_no = $2 and ($3::boolean or b.tenant_no = $4 or "
    "(b.verdict <> 'pending' and exists (select from batch_lead_range r join sale s on s.market_id "
    "= r.market_id and s.lead_no between r.first_no and r.last_no join lead l on l.market_id = "
    "s.market_id and l.lead_no = s.lead_no where r.market_id = $1 and r.batch_no = $2 and s.buyer "
    "= $4 and s.state <> 4 and l.batch_no = $2)))";
constexpr char const* kFindLocked =
    LEADEX_BATCH_COLUMNS "where b.market_id = $1 and b.batch_no = $2 for update";
constexpr char const* kList = LEADEX_BATCH_COLUMNS
    "where ($1::boolean or b.tenant_no = $2) and ($3::bigint is null or b.market_id = $3) and "
    "($4::text is null or b.status = any(string_to_array($4, ','))) and ($5::bigint is null or "
    "b.created_at >= " LEADEX_INSTANT("$5") ") and ($6::bigint is null or b.created_at < " LEADEX_INSTANT(
        "$6") ") and ($7::bigint is null or (b.created_at, b.market_id, b.batch_no) < "
              "(" LEADEX_INSTANT("$7") ", $8::bigint, $9::bigint)) order by b.created_at desc, "
    "b.market_id desc, b.batch_no desc limit $10";
constexpr char const* kRanges =
    "select first_no, last_no from batch_lead_range where market_id = $1 and batch_no = $2 order "
    "by first_no";
constexpr char const* kLeadsOfRows =
    "select row_no, lead_no, state, warnings, coalesce(domain_suggested, '') from lead where "
    "market_id = $1 and lead_no between $3 and $4 and batch_no = $2 order by lead_no";
constexpr char const* kRefusedViews =
    "select distinct on (row_no) row_no, outcome, code from batch_reject where market_id = $1 and "
    "batch_no = $2 and row_no between $3 and $4 order by row_no, fault_no";
constexpr char const* kRejects =
    "select row_no, fault_no, outcome, code, pointer, detail, external_id, own_column from "
    "batch_reject where market_id = $1 and batch_no = $2 and (row_no, fault_no) > ($3::bigint, "
    "$4::smallint) order by "
    "row_no, fault_no limit $5";
constexpr char const* kRefused =
    "select distinct row_no from batch_reject where market_id = $1 and batch_no = $2 and row_no > "
    "$3 and row_no <= $4 order by row_no";
constexpr char const* kClose =
    "update batch set file_sha256 = $3, bytes_read = $8, status = $4, sample_size = $5, "
    "acceptance_number = $6, "
    "closed_at = " LEADEX_INSTANT("$7") ", touched_at = " LEADEX_INSTANT(
        "$7") " where market_id = $1 and batch_no = $2";
constexpr char const* kSetStatus =
    "update batch set status = $3, touched_at = " LEADEX_INSTANT(
        "$4") ", closed_at = coalesce(closed_at, " LEADEX_INSTANT(
        "$4") ") where market_id = $1 and batch_no = $2";
constexpr char const* kSetDecision =
    "update batch set verdict = $3, status = $4, needs_admin = false, decided_at = " LEADEX_INSTANT(
        "$5") " where market_id = $1 and batch_no = $2";
constexpr char const* kSetDecisionReason =
    "update batch set decision_reason_sealed = $3 where market_id = $1 and batch_no = $2";
constexpr char const* kSetNeedsAdmin =
    "update batch set needs_admin = $3 where market_id = $1 and batch_no = $2";
constexpr char const* kStop =
    "update batch set mode = 'stopped' where market_id = $1 and batch_no = $2";
// However often it is touched, an upload has an end: its refused rows are readable until then.
#define LEADEX_CUT(instant)                                                    \
  "(touched_at < " LEADEX_INSTANT(instant) " or created_at < " LEADEX_INSTANT( \
      instant) " - interval '7 days')"
constexpr char const* kCut =
    "select market_id, batch_no from batch where status = 'receiving' and mode <> 'stopped' "
    "and " LEADEX_CUT("$1") " order by market_id, batch_no limit $2";
constexpr char const* kIsCut =
    "select from batch where market_id = $1 and batch_no = $2 and " LEADEX_CUT("$3");
constexpr char const* kReceivingOf =
    "select market_id, batch_no from batch where market_id = $1 and tenant_no = $2 and status = "
    "'receiving' and mode <> 'stopped' and not exists (select from batch_piece p where p.market_id "
    "= "
    "$1 and p.batch_no = batch.batch_no) order by batch_no limit $3";
constexpr char const* kUnfinished =
    "select market_id, batch_no from batch where market_id = $1 and (status = 'listing' or "
    "(status in ('receiving', 'checking') and (mode = 'stopped' or verdict = 'rejected'))) order "
    "by batch_no limit $2";
// What the pure room would ask for at most, from counts alone: as if no verdict were beyond a gap.
constexpr char const* kWaiting =
    "select b.market_id, b.batch_no from batch b left join lot_plan p on p.market_id = b.market_id "
    "and p.batch_no = b.batch_no cross join lateral (select count(*) as there, count(*) filter "
    "(where c.verdict in ('good', 'bad')) as judged, count(*) filter (where c.verdict = 'bad') as "
    "bad, count(*) filter (where c.verdict = 'unreachable') as lost, coalesce(bool_or(c.opinions > "
    "1 and c.status <> 'done' and exists (select from check_opinion o where o.market_id = "
    "c.market_id and o.check_no = c.check_no)), false) as second from spot_check c where "
    "c.market_id = b.market_id and c.batch_no = b.batch_no) s where b.market_id = $1 and b.status "
    "= 'checking' and b.mode <> 'stopped' and b.verdict = 'pending' and b.batch_no > $2 and ((not "
    "b.needs_admin and s.second) or s.there < least(b.accepted, s.lost + case when p.method = 1 "
    "then least(p.accept_from[least(s.bad + 1, cardinality(p.accept_from))::integer], (s.judged / "
    "$4 + 2) * $4) else b.sample_size end)) order by b.batch_no limit $3";

Batch read_batch(pqxx::row const& row) {
  Batch batch;
  batch.id = {row.at(0).as<MarketNo>(), row.at(1).as<std::int64_t>()};
  batch.tenant_no = row.at(2).as<std::int64_t>();
  batch.status = read_enum<BatchStatus>(row.at(3), kBatchStatusTexts);
  batch.format = read_enum<BatchFormat>(row.at(4), kBatchFormatTexts);
  batch.market_version = row.at(5).as<std::int32_t>();
  if (auto const ask = read_maybe<std::int64_t>(row.at(6))) batch.ask = Money{*ask};
  batch.counts = {row.at(7).as<std::int64_t>(), row.at(8).as<std::int64_t>(),
                  row.at(9).as<std::int64_t>(), row.at(10).as<std::int64_t>(),
                  row.at(11).as<std::int64_t>()};
  batch.bytes_read = row.at(12).as<std::int64_t>();
  batch.commitment_no = row.at(13).as<std::int64_t>();
  batch.file_sha256 = read_bytes_maybe(row.at(14));
  batch.mode = read_enum<LotMode>(row.at(15), kLotModeTexts);
  batch.sample_size = read_maybe<std::int64_t>(row.at(16));
  batch.acceptance_number = read_maybe<std::int64_t>(row.at(17));
  batch.decision = read_enum<LotDecision>(row.at(18), kLotDecisionTexts);
  batch.needs_admin = row.at(19).as<bool>();
  batch.created_at = read_time(row.at(20));
  batch.closed_at = read_time_maybe(row.at(21));
  batch.decided_at = read_time_maybe(row.at(22));
  batch.decision_reason_sealed = read_bytes_maybe(row.at(23));
  batch.corrects_no = read_maybe<std::int64_t>(row.at(24));
  batch.corrected_by = read_numbers(row.at(25));
  return batch;
}

std::optional<Batch> first_batch(pqxx::result const& rows) {
  if (rows.empty()) return std::nullopt;
  return read_batch(rows.at(0));
}

std::vector<BatchId> read_ids(pqxx::result const& rows) {
  std::vector<BatchId> ids;
  for (auto const& row : rows)
    ids.push_back({row.at(0).as<MarketNo>(), row.at(1).as<std::int64_t>()});
  return ids;
}

RowOutcome read_outcome(pqxx::field const& field) {
  auto const number = field.as<int>();
  LEADEX_CHECK(number > 0 && number < static_cast<int>(kRowOutcomeTexts.size()));
  return static_cast<RowOutcome>(number);
}

}  // namespace

std::optional<Batch> PostgresUploadRows::create(NewBatch const& batch) {
  auto const taken = execute(tx_, kTakeCommitment, Parameters(batch.id.market, batch.id.no));
  if (taken.empty()) return std::nullopt;
  std::optional<std::int64_t> ask;
  if (batch.ask) ask = batch.ask->micros;
  execute(tx_, kInsertBatch,
          Parameters(batch.id.market, batch.id.no, batch.tenant_no, text(batch.format),
                     batch.market_version, ask, taken.at(0).at(0).as<std::int64_t>(), now_,
                     batch.corrects_no));
  if (batch.own_key) PostgresOwnRows{tx_, now_}.put_key(batch.id, *batch.own_key);
  return find_locked(batch.id);
}

bool PostgresUploadRows::append(BatchId batch, UploadChunk const& chunk) {
  auto const& n = chunk.counts;
  LEADEX_CHECK(n.read > 0 && std::ssize(chunk.leads) == n.accepted);
  auto const counted = execute(tx_, kCount,
                               Parameters(batch.market, batch.no, n.read, chunk.bytes_read,
                                          n.accepted, n.duplicate, n.suppressed, n.rejected, now_));
  if (counted.affected_rows() != 1) return false;
  execute(tx_, kInsertRange,
          Parameters(batch.market, batch.no, chunk.first_no, chunk.first_no + n.read - 1));
  for (auto const& call : lead_calls(batch.market, chunk.leads)) run_binary(tx_, call);
  withhold(batch.market, chunk);
  insert_rejects(batch, chunk.rejects);
  PostgresOwnRows{tx_, now_}.put_rows(batch, chunk.own_rows);
  if (chunk.mark) {
    PostgresUploadPieces{tx_, now_}.move(batch, *chunk.mark, n.read, chunk.signs_sealed);
  }
  return true;
}

ListLook PostgresUploadRows::look_at_lists(std::span<std::string const> digests) {
  ListLook look;
  for (auto const& row :
       read_binary(tx_, kLookAtLists, {column<Element::bytea>(digests, std::identity{})})) {
    if (row.at(0).is_null()) {
      look.seen = row.at(2).as<std::string>();
    } else {
      look.persons.push_back({read_bytes(row.at(0)), row.at(1).as<std::int64_t>()});
    }
  }
  return look;
}

/// The market has these persons claimed by now: a list that gets one of them only after this looked
/// finds the lead there (Actor::find_leads).
void PostgresUploadRows::withhold(MarketNo market, UploadChunk const& chunk) {
  if (!chunk.kept.empty()) {
    run_binary(tx_, {&kKeepFrom,
                     {int8_param(market),
                      column<Element::int8>(chunk.kept, [](auto const& k) { return k.lead_no; }),
                      column<Element::int8>(chunk.kept, [](auto const& k) { return k.tenant_no; })},
                     kAnyRows});
  }
  if (chunk.persons.empty()) return;
  auto const barred = read_binary(
      tx_, kWithholdPersons,
      {int8_param(market),
       column<Element::int8>(chunk.persons, [](auto const& p) { return p.lead_no; }),
       column<Element::bytea>(chunk.persons, [](auto const& p) -> auto const& { return p.digest; }),
       chunk.lists_seen});
  if (!barred.empty()) reopen_requests(market, barred);
}

/// Persons whom the exchange's own list got after the intake looked (0028). Their requests may be
/// done already, or be found done right now by somebody who does not see these rows yet: so the
/// request's row is locked, open or done, as PostgresPrivacyStore::settle locks it before its last
/// look. The claims on these persons are committed before this transaction begins: settle comes
/// after it and sees the rows, or before it and is undone here. Whose request comes later still has
/// its job find the claims. In the order of their numbers, so that two uploads never wait in a
/// ring.
void PostgresUploadRows::reopen_requests(MarketNo market, pqxx::result const& barred) {
  std::vector<std::string> digests;
  for (auto const& row : barred) digests.push_back(read_bytes(row.at(0)));
  for (auto const& row : execute(tx_, kAskedBy, Parameters(digest_list(digests)))) {
    auto const request_no = row.at(0).as<std::int64_t>();
    execute(tx_, kReopen, Parameters(request_no));
    execute(tx_, kTurnNow, Parameters(request_no, market));
  }
}

std::int64_t PostgresUploadRows::known_from_others(MarketNo market, std::int64_t tenant_no,
                                                   std::span<KnownPerson const> persons) {
  if (persons.empty()) return 0;
  using P = KnownPerson const&;
  return read_binary_count(
      tx_, kKnownFromOthers,
      {int8_param(market), column<Element::int8>(persons, [](P p) { return p.row; }),
       column<Element::bytea>(persons, [](P p) { return p.digest; }), int8_param(tenant_no)});
}

void PostgresUploadRows::save_picture(BatchId batch, std::int64_t tenant_no,
                                      LotPicture const& picture) {
  auto const counts = signal_arrays(picture.counts);
  auto const prints = print_bytes(picture.prints);
  execute(tx_, kSavePicture,
          Parameters(batch.market, batch.no, tenant_no, now_, counts.leads, counts.events,
                     bytea(std::string_view{prints}), picture.prints_whole));
}

NamedBuyers PostgresUploadRows::buyers_named(std::span<std::string const> keys) {
  return postgres::buyers_named(tx_, keys);
}

void PostgresUploadRows::insert_rejects(BatchId batch, std::span<RowReject const> rejects) {
  if (rejects.empty()) return;
  using R = RowReject const&;
  static constexpr Statement kStatement{"lx_rejects", kInsertRejects};
  Call const call{&kStatement,
                  {int8_param(batch.market), int8_param(batch.no),
                   column<Element::int8>(rejects, [](R r) { return r.row_no; }),
                   column<Element::int2>(rejects, [](R r) { return r.fault_no; }),
                   column<Element::int2>(rejects, [](R r) { return r.outcome; }),
                   column<Element::text>(rejects, [](R r) { return r.code; }),
                   column<Element::text>(rejects, [](R r) { return r.pointer; }),
                   column<Element::text>(rejects, [](R r) { return r.detail; }),
                   column<Element::text>(rejects, [](R r) { return r.external_id; }),
                   column<Element::text>(rejects, [](R r) { return r.own_column; })},
                  std::ssize(rejects)};
  run_binary(tx_, call);
}

std::optional<Batch> PostgresUploadRows::find(BatchId batch, BatchViewer viewer) {
  return first_batch(
      execute(tx_, kFind, Parameters(batch.market, batch.no, viewer.staff, viewer.tenant_no)));
}

std::optional<Batch> PostgresUploadRows::find_for_party(BatchId batch, BatchViewer viewer) {
  return first_batch(execute(tx_, kFindForParty,
                             Parameters(batch.market, batch.no, viewer.staff, viewer.tenant_no)));
}

std::optional<Batch> PostgresUploadRows::find_locked(BatchId batch) {
  return first_batch(execute(tx_, kFindLocked, Parameters(batch.market, batch.no)));
}

std::vector<Batch> PostgresUploadRows::list(BatchFilter const& filter) {
  std::optional<std::int64_t> us, market, no;
  if (filter.after) {
    us = filter.after->created_us;
    market = filter.after->market;
    no = filter.after->batch_no;
  }
  std::vector<Batch> batches;
  for (auto const& row :
       execute(tx_, kList,
               Parameters(filter.viewer.staff, filter.viewer.tenant_no, filter.market,
                          words_of(filter.statuses), filter.created_from_us,
                          filter.created_until_us, us, market, no, filter.limit))) {
    batches.push_back(read_batch(row));
  }
  return batches;
}

std::vector<RowView> PostgresUploadRows::rows(Batch const& batch, std::int64_t after_row,
                                              int limit) {
  auto const last_row = std::min(batch.counts.read, after_row + limit);
  if (last_row <= after_row) return {};
  auto const ranges = lead_ranges(batch.id);
  auto const from = lead_no_of_row(ranges, after_row + 1);
  auto const until = lead_no_of_row(ranges, last_row);
  std::vector<RowView> views;
  for (auto const& row :
       execute(tx_, kLeadsOfRows, Parameters(batch.id.market, batch.id.no, from, until))) {
    views.push_back({row.at(0).as<std::int64_t>(),
                     RowOutcome::accepted,
                     row.at(1).as<std::int64_t>(),
                     row.at(2).as<int>(),
                     {},
                     row.at(3).as<std::int32_t>(),
                     row.at(4).as<std::string>()});
  }
  for (auto const& row : execute(
           tx_, kRefusedViews, Parameters(batch.id.market, batch.id.no, after_row + 1, last_row))) {
    views.push_back({row.at(0).as<std::int64_t>(),
                     read_outcome(row.at(1)),
                     std::nullopt,
                     0,
                     row.at(2).as<std::string>(),
                     0,
                     {}});
  }
  std::ranges::sort(views, {}, &RowView::row_no);
  return views;
}

std::vector<RowReject> PostgresUploadRows::rejects(BatchId batch, RejectPlace after, int limit) {
  std::vector<RowReject> rejects;
  for (auto const& row :
       execute(tx_, kRejects,
               Parameters(batch.market, batch.no, after.row_no, after.fault_no, limit))) {
    rejects.push_back({row.at(0).as<std::int64_t>(), row.at(1).as<std::int32_t>(),
                       read_outcome(row.at(2)), row.at(3).as<std::string>(),
                       row.at(4).as<std::string>(), row.at(5).as<std::string>(),
                       read_maybe<std::string>(row.at(6)), read_maybe<std::string>(row.at(7))});
  }
  return rejects;
}

std::vector<std::int64_t> PostgresUploadRows::refused_rows(BatchId batch, std::int64_t after_row,
                                                           std::int64_t until_row) {
  std::vector<std::int64_t> rows;
  for (auto const& row :
       execute(tx_, kRefused, Parameters(batch.market, batch.no, after_row, until_row))) {
    rows.push_back(row.at(0).as<std::int64_t>());
  }
  return rows;
}

std::vector<LeadRange> PostgresUploadRows::lead_ranges(BatchId batch) {
  std::vector<LeadRange> ranges;
  for (auto const& row : execute(tx_, kRanges, Parameters(batch.market, batch.no))) {
    ranges.push_back({row.at(0).as<std::int64_t>(), row.at(1).as<std::int64_t>()});
  }
  return ranges;
}

void PostgresUploadRows::close(BatchId batch, ClosedUpload const& upload) {
  execute(tx_, kClose,
          Parameters(batch.market, batch.no, bytea(std::string_view{upload.file_sha256}),
                     text(upload.status), upload.sample_size, upload.acceptance_number, now_,
                     upload.bytes_read));
}

void PostgresUploadRows::set_status(BatchId batch, BatchStatus status) {
  execute(tx_, kSetStatus, Parameters(batch.market, batch.no, text(status), now_));
}

void PostgresUploadRows::set_decision(BatchId batch, LotDecision decision, BatchStatus status) {
  execute(tx_, kSetDecision,
          Parameters(batch.market, batch.no, text(decision), text(status), now_));
}

void PostgresUploadRows::set_decision_reason(BatchId batch, std::string const& reason_sealed) {
  execute(tx_, kSetDecisionReason,
          Parameters(batch.market, batch.no, bytea(std::string_view{reason_sealed})));
}

void PostgresUploadRows::set_needs_admin(BatchId batch, bool needed) {
  execute(tx_, kSetNeedsAdmin, Parameters(batch.market, batch.no, needed));
}

void PostgresUploadRows::stop(BatchId batch) {
  execute(tx_, kStop, Parameters(batch.market, batch.no));
}

std::vector<BatchId> PostgresUploadRows::cut_uploads(Timestamp touched_before, int limit) {
  return read_ids(execute(tx_, kCut, Parameters(touched_before, limit)));
}

bool PostgresUploadRows::is_cut(BatchId batch, Timestamp touched_before) {
  return !execute(tx_, kIsCut, Parameters(batch.market, batch.no, touched_before)).empty();
}

std::vector<BatchId> PostgresUploadRows::receiving_of(MarketNo market, std::int64_t tenant_no,
                                                      int limit) {
  return read_ids(execute(tx_, kReceivingOf, Parameters(market, tenant_no, limit)));
}

std::vector<BatchId> PostgresUploadRows::unfinished_lots(MarketNo market, int limit) {
  return read_ids(execute(tx_, kUnfinished, Parameters(market, limit)));
}

std::vector<BatchId> PostgresUploadRows::waiting_lots(MarketNo market, std::int64_t after_no,
                                                      int limit) {
  return read_ids(
      execute(tx_, kWaiting, Parameters(market, after_no, limit, quality::kOpenAhead / 2)));
}

}  // namespace leadex::storage::postgres
