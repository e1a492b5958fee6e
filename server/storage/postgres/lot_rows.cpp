#include "server/storage/postgres/lot_rows.hpp"

#include "billing/values/check.hpp"
#include "matching/market/codec.hpp"
#include "server/storage/postgres/binary_call.hpp"
#include "server/storage/postgres/instant_sql.hpp"
#include "server/storage/postgres/offer_rows.hpp"
#include "server/storage/postgres/statement.hpp"
#include "server/storage/postgres/words.hpp"

namespace leadex::storage::postgres {

namespace {

#define LEADEX_COMMITMENT_COLUMNS \
  "select commitment_no, commitment, secret_sealed, status, batch_no from commitment "

constexpr char const* kCommitments = LEADEX_COMMITMENT_COLUMNS
    "where market_id = $1 and ($2::bigint is null or commitment_no < $2::bigint) and ($3::text is "
    "null or status = any(string_to_array($3, ','))) order by commitment_no desc limit $4";
constexpr char const* kCommitment =
    LEADEX_COMMITMENT_COLUMNS "where market_id = $1 and commitment_no = $2";
constexpr char const* kCountOpen =
    "select count(*) from commitment where market_id = $1 and status = 'open'";
constexpr char const* kAddCommitments =
    "insert into commitment (market_id, commitment_no, commitment, secret_sealed) select $1::int8, "
    "unnest($2::int8[]), unnest($3::bytea[]), unnest($4::bytea[])";
constexpr char const* kVoid =
    "update commitment set status = 'voided' where market_id = $1 and commitment_no = $2";

constexpr char const* kAddChecks =
    "insert into spot_check (market_id, check_no, batch_no, position, row_no, lead_no) select "
    "$1::int8, c.no, $2::int8, c.position, c.row_no, c.lead_no from unnest($3::int8[], $4::int4[], "
    "$5::int8[], $6::int8[]) as c(no, position, row_no, lead_no) on conflict (market_id, batch_no, "
    "position) do nothing";

#define LEADEX_CHECK_FIELDS \
  "select c.market_id, c.check_no, c.batch_no, c.position, c.row_no, c.lead_no, c.status, " \
  "c.attempts, c.verdict, c.reason, c.claimed_by, " LEADEX_MICROS("c.lease_until") ", "     \
  "c.decided_by, " LEADEX_MICROS("c.decided_at")
#define LEADEX_CHECK_COLUMNS LEADEX_CHECK_FIELDS " from spot_check c "

constexpr char const* kChecks =
    LEADEX_CHECK_COLUMNS "where c.market_id = $1 and c.batch_no = $2 order by c.position";
// Of undecided lots all, of posted leads those that nobody has judged.
constexpr char const* kWaitingChecks = LEADEX_CHECK_FIELDS
    " from (select s.* from spot_check s join batch b on b.market_id = s.market_id and b.batch_no "
    "= s.batch_no where b.status = 'checking' and b.mode <> 'stopped' and b.verdict = 'pending' "
    "union all select s.* from spot_check s where s.batch_no < 0 and s.status <> 'done') c where "
    "($1::text is null or "
    "c.status = any(string_to_array($1, ','))) and ($2::bigint is null or (c.market_id = $2 and "
    "c.batch_no = $3::bigint)) and ($7::bigint is null or c.market_id = $7) and ($4::bigint is "
    "null or (c.market_id, c.check_no) > ($4::bigint, $5::bigint)) and ($9::bigint is null or case "
    "when c.status = 'done' then c.decided_by = $9::bigint else (c.rest_until is null or "
    "c.rest_until <= " LEADEX_INSTANT(
        "$8") ") and not exists (select from check_opinion o where o.market_id = c.market_id and "
              "o.check_no = c.check_no and o.decided_by = $9::bigint) end) order by c.market_id, "
              "c.check_no limit $6";
constexpr char const* kFindCheckLocked =
    LEADEX_CHECK_COLUMNS "where c.market_id = $1 and c.check_no = $2 for update";
constexpr char const* kHeldBy =
    LEADEX_CHECK_COLUMNS "where c.claimed_by = $1 and c.status = 'claimed'";
constexpr char const* kClaim =
    "update spot_check set status = 'claimed', claimed_by = $3, lease_until = " LEADEX_INSTANT(
        "$4") " where market_id = $1 and check_no = $2";
constexpr char const* kSaveVerdict =
    "update spot_check set status = $3, attempts = $4, verdict = $5, reason = $6, note_sealed = "
    "coalesce($7::bytea, note_sealed), decided_by = $8, decided_at = " LEADEX_INSTANT(
        "$9") ", claimed_by = null, lease_until = null where market_id = $1 and check_no = $2";
// Of a lot that was decided meanwhile nobody judges a check any more: its claims end with it.
constexpr char const* kExpireLeases =
    "update spot_check set status = 'open', claimed_by = null, lease_until = null where "
    "(market_id, check_no) in (select c.market_id, c.check_no from spot_check c where c.status = "
    "'claimed' and (c.lease_until < " LEADEX_INSTANT(
        "$1") " or c.batch_no > 0 and not exists (select from batch b where b.market_id = c.market_id and b.batch_no "
              "= c.batch_no and b.status = 'checking' and b.mode <> 'stopped' and b.verdict = "
              "'pending')) limit $2 for update of c skip locked)";

constexpr char const* kSealedLead =
    "select l.lead_no, l.version, l.attributes, c.sealed, k.kek_id, k.wrapped from lead l join "
    "contact c using (market_id, lead_no) join lead_key k using (market_id, lead_no) where "
    "l.market_id = $1 and l.lead_no = $2";
// Along the primary key, without a sort: what a page costs must not grow with the lot.
constexpr char const* kLeadsToOffer =
    "select " LEADEX_OFFER_COLUMNS
    " from lead l where market_id = $1 and "
    "lead_no between $3 and $4 and batch_no = $2 and state = 0 order by lead_no limit $5";
constexpr char const* kLeadsOnSale =
    "select lead_no from lead where market_id = $1 and lead_no between $3 and $4 and batch_no = $2 "
    "and state = 1 order by lead_no limit $5";
constexpr char const* kWithdrawRange =
    "update lead set state = 3 where market_id = $1 and lead_no between $3 and $4 and batch_no = "
    "$2 and state = 0";
constexpr char const* kWithdrawListed =
    "update lead set state = 3 where market_id = $1 and lead_no = any($2::bigint[]) and state = 0";
// No index on the upload: rejections are rare and hot tables carry none for them, so the market's
// persons are walked by their key, a bounded stretch at a time.
constexpr char const* kFreePersons =
    "with stretch as (select digest, provisional_upload from person where market_id = $1 and "
    "digest > $2 order by digest limit $4), gone as (delete from person p using stretch s where "
    "p.market_id = $1 and p.digest = s.digest and s.provisional_upload = $3 and "
    "p.provisional_upload = $3) select digest from stretch order by digest desc limit 1";

Commitment read_commitment(pqxx::row const& row) {
  return {row.at(0).as<std::int64_t>(), read_bytes(row.at(1)), read_bytes(row.at(2)),
          read_enum<CommitmentStatus>(row.at(3), kCommitmentStatusTexts),
          read_maybe<std::int64_t>(row.at(4))};
}

SpotCheck read_check(pqxx::row const& row) {
  SpotCheck check;
  check.id = {row.at(0).as<MarketNo>(), row.at(1).as<std::int64_t>()};
  check.batch_no = row.at(2).as<std::int64_t>();
  check.position = row.at(3).as<std::int64_t>();
  check.row_no = row.at(4).as<std::int64_t>();
  check.lead_no = row.at(5).as<std::int64_t>();
  check.status = read_enum<CheckStatus>(row.at(6), kCheckStatusTexts);
  check.attempts = row.at(7).as<std::int32_t>();
  if (!row.at(8).is_null()) check.verdict = read_enum<CheckVerdict>(row.at(8), kCheckVerdictTexts);
  check.reason = read_maybe<std::string>(row.at(9));
  check.claimed_by = read_maybe<std::int64_t>(row.at(10));
  check.lease_until = read_time_maybe(row.at(11));
  check.decided_by = read_maybe<std::int64_t>(row.at(12));
  check.decided_at = read_time_maybe(row.at(13));
  return check;
}

std::optional<SpotCheck> first_check(pqxx::result const& rows) {
  if (rows.empty()) return std::nullopt;
  return read_check(rows.at(0));
}

std::vector<SpotCheck> read_checks(pqxx::result const& rows) {
  std::vector<SpotCheck> checks;
  for (auto const& row : rows) checks.push_back(read_check(row));
  return checks;
}

}  // namespace

std::vector<Commitment> PostgresLotRows::commitments(CommitmentFilter const& filter) {
  std::vector<Commitment> commitments;
  for (auto const& row : execute(
           tx_, kCommitments,
           Parameters(filter.market, filter.before_no, words_of(filter.statuses), filter.limit))) {
    commitments.push_back(read_commitment(row));
  }
  return commitments;
}

std::int64_t PostgresLotRows::count_open_commitments(MarketNo market) {
  return execute(tx_, kCountOpen, Parameters(market)).at(0).at(0).as<std::int64_t>();
}

void PostgresLotRows::add_commitments(MarketNo market, std::span<Commitment const> commitments) {
  if (commitments.empty()) return;
  using C = Commitment const&;
  static constexpr Statement kStatement{"lx_commitments", kAddCommitments};
  run_binary(tx_,
             {&kStatement,
              {int8_param(market), column<Element::int8>(commitments, [](C c) { return c.no; }),
               column<Element::bytea>(commitments, [](C c) { return c.commitment; }),
               column<Element::bytea>(commitments, [](C c) { return c.secret_sealed; })},
              std::ssize(commitments)});
}

std::optional<Commitment> PostgresLotRows::commitment(MarketNo market, std::int64_t no) {
  auto const rows = execute(tx_, kCommitment, Parameters(market, no));
  if (rows.empty()) return std::nullopt;
  return read_commitment(rows.at(0));
}

void PostgresLotRows::void_commitment(MarketNo market, std::int64_t no) {
  execute(tx_, kVoid, Parameters(market, no));
}

void PostgresLotRows::add_checks(BatchId batch, std::span<NewCheck const> checks) {
  if (checks.empty()) return;
  using C = NewCheck const&;
  static constexpr Statement kStatement{"lx_checks", kAddChecks};
  run_binary(tx_, {&kStatement,
                   {int8_param(batch.market), int8_param(batch.no),
                    column<Element::int8>(checks, [](C c) { return c.check_no; }),
                    column<Element::int4>(checks, [](C c) { return c.position; }),
                    column<Element::int8>(checks, [](C c) { return c.row_no; }),
                    column<Element::int8>(checks, [](C c) { return c.lead_no; })},
                   kAnyRows});
}

std::vector<SpotCheck> PostgresLotRows::checks(BatchId batch) {
  return read_checks(execute(tx_, kChecks, Parameters(batch.market, batch.no)));
}

std::vector<SpotCheck> PostgresLotRows::waiting_checks(CheckFilter const& filter) {
  return waiting_checks(filter, std::nullopt);
}

std::vector<SpotCheck> PostgresLotRows::waiting_checks(CheckFilter const& filter,
                                                       std::optional<std::int64_t> principal_no) {
  std::optional<std::int64_t> batch_market, batch_no, after_market, after_no;
  if (filter.batch) {
    batch_market = filter.batch->market;
    batch_no = filter.batch->no;
  }
  if (filter.after) std::tie(after_market, after_no) = *filter.after;
  return read_checks(
      execute(tx_, kWaitingChecks,
              Parameters(words_of(filter.statuses), batch_market, batch_no, after_market, after_no,
                         filter.limit, filter.market, now_, principal_no)));
}

std::optional<SpotCheck> PostgresLotRows::find_check_locked(CheckId check) {
  return first_check(execute(tx_, kFindCheckLocked, Parameters(check.market, check.no)));
}

std::optional<SpotCheck> PostgresLotRows::check_held_by(std::int64_t principal_no) {
  return first_check(execute(tx_, kHeldBy, Parameters(principal_no)));
}

void PostgresLotRows::claim(CheckId check, std::int64_t principal_no, Timestamp lease_until) {
  execute(tx_, kClaim, Parameters(check.market, check.no, principal_no, lease_until));
}

void PostgresLotRows::save_verdict(VerdictRow const& verdict) {
  std::optional<std::string_view> word;
  if (verdict.verdict) word = text(*verdict.verdict);
  execute(tx_, kSaveVerdict,
          Parameters(verdict.check.market, verdict.check.no, text(verdict.status), verdict.attempts,
                     word, verdict.reason, bytea(verdict.note_sealed), verdict.decided_by, now_));
}

std::int64_t PostgresLotRows::expire_leases(Timestamp now, int limit) {
  return static_cast<std::int64_t>(
      execute(tx_, kExpireLeases, Parameters(now, limit)).affected_rows());
}

std::optional<SealedLead> PostgresLotRows::sealed_lead(LeadId lead) {
  auto const rows = execute(tx_, kSealedLead, Parameters(lead.market, lead.no));
  if (rows.empty()) return std::nullopt;
  auto const row = rows.at(0);
  return SealedLead{row.at(0).as<std::int64_t>(), row.at(1).as<std::int32_t>(),
                    read_bytes(row.at(2)),        read_bytes(row.at(3)),
                    row.at(4).as<std::int32_t>(), read_bytes(row.at(5))};
}

std::vector<market::OfferLead> PostgresLotRows::leads_to_offer(BatchId batch, LeadRange range,
                                                               int limit) {
  std::vector<market::OfferLead> offers;
  for (auto const& row :
       execute(tx_, kLeadsToOffer,
               Parameters(batch.market, batch.no, range.first_no, range.last_no, limit))) {
    offers.push_back(read_offer(row));
  }
  return offers;
}

std::vector<std::int64_t> PostgresLotRows::leads_on_sale(BatchId batch, LeadRange range,
                                                         int limit) {
  std::vector<std::int64_t> leads;
  for (auto const& row :
       execute(tx_, kLeadsOnSale,
               Parameters(batch.market, batch.no, range.first_no, range.last_no, limit))) {
    leads.push_back(row.at(0).as<std::int64_t>());
  }
  return leads;
}

std::int64_t PostgresLotRows::withdraw_checked(BatchId batch, LeadRange range) {
  auto const done = execute(tx_, kWithdrawRange,
                            Parameters(batch.market, batch.no, range.first_no, range.last_no));
  return static_cast<std::int64_t>(done.affected_rows());
}

std::int64_t PostgresLotRows::withdraw_checked(MarketNo market,
                                               std::span<std::int64_t const> leads) {
  std::string list = "{";
  for (auto const lead : leads) {
    if (list.size() > 1) list += ',';
    list += std::to_string(lead);
  }
  list += '}';
  auto const done = execute(tx_, kWithdrawListed, Parameters(market, list));
  return static_cast<std::int64_t>(done.affected_rows());
}

std::string PostgresLotRows::free_persons(BatchId batch, std::string const& after_digest,
                                          int limit) {
  auto const last =
      execute(tx_, kFreePersons,
              Parameters(batch.market, bytea(std::string_view{after_digest}), batch.no, limit));
  return last.empty() ? std::string{} : read_bytes(last.at(0).at(0));
}

}  // namespace leadex::storage::postgres
