#include "server/storage/postgres/check_code_rows.hpp"

#include "server/storage/postgres/instant_sql.hpp"
#include "server/storage/postgres/statement.hpp"

namespace leadex::storage::postgres {

namespace {

#define LEADEX_NOW LEADEX_INSTANT("$2")
#define LEADEX_OF_CODE " where market_id = $1 and check_no = $3 and attempt = $4 "

// Whoever answered is not asked again; whoever has no address, or was asked three times, is left to
// people, as is a check that this one judged.
constexpr char const* kNext =
    "select c.check_no from spot_check c where c.market_id = $1 and (c.status = 'open' or c.status "
    "= "
    "'claimed' and c.claimed_by = $3) and (c.rest_until is null or c.rest_until <= " LEADEX_NOW
    ") and (c.batch_no < 0 or exists (select from batch b where b.market_id = c.market_id and "
    "b.batch_no = c.batch_no and b.status = 'checking' and b.mode <> 'stopped' and b.verdict = "
    "'pending')) and not exists (select from check_opinion o where o.market_id = c.market_id and "
    "o.check_no = c.check_no and o.decided_by = $3) and not exists (select from check_code k where "
    "k.market_id = c.market_id and k.check_no = c.check_no and (k.ended_at is null or "
    "k.address_digest is null or k.answer in ('yes', 'no') or k.attempt >= $4)) order by "
    "c.check_no limit 1";
constexpr char const* kLockAddress =
    "select pg_advisory_xact_lock(hashtextextended(encode($1::bytea, 'hex'), 29))";
// One that was refused for good counts, too: nobody is to be tried again at once.
constexpr char const* kLastMessage =
    "select " LEADEX_MICROS(
        "max(coalesce(sent_at, begun_at))") " from check_code where address_digest = $1 and "
    "begun_at > " LEADEX_INSTANT("$2") " - interval '3 days' and coalesce(sent_at, begun_at) > "
    LEADEX_INSTANT("$2") " and (sent_at is not null or answer is not null or ended_at is null)";
constexpr char const* kAdd =
    "insert into check_code (market_id, check_no, attempt, tenant_no, principal_no, "
    "address_digest, begun_at, expires_at, ended_at) select $1, $3, coalesce(max(attempt), 0) + 1, "
    "$4, $5, $6::bytea, " LEADEX_NOW
    ", " LEADEX_INSTANT("$7") ", case when $6::bytea is null then " LEADEX_NOW
                              " end from check_code where market_id = $1 and check_no = $3";
constexpr char const* kGiveBack =
    "update spot_check set status = 'open', claimed_by = null, lease_until = null, rest_until "
    "= " LEADEX_INSTANT("$3") " where market_id = $1 and check_no = $2 and status = 'claimed'";

#define LEADEX_CODE_COLUMNS \
  "k.market_id, k.check_no, k.attempt, k.tenant_no, k.principal_no, c.lead_no, "            \
  LEADEX_MICROS("k.expires_at") ", k.tries, k.sent_at is not null, k.answer, k.ended_at is not " \
  "null, exists (select from tenant t where t.tenant_no = k.tenant_no and t.status = 'active')"
constexpr char const* kTakeDue =
    "update check_code k set tries = k.tries + 1, tried_at = " LEADEX_INSTANT(
        "$1") " from spot_check c where c.market_id = k.market_id and c.check_no = k.check_no and "
              "(k.market_id, k.check_no, k.attempt) in (select d.market_id, d.check_no, d.attempt "
              "from check_code d where d.ended_at is null and d.sent_at is null and d.answer is "
              "null and d.expires_at > " LEADEX_INSTANT(
                  "$1") " and (d.tried_at is null or d.tried_at <= " LEADEX_INSTANT(
                            "$1") " - least(power(2, d.tries - 1) * $2::bigint, 3600) * interval "
                                  "'1 second') order by d.expires_at limit $3 for update skip locked) "
                                  "returning " LEADEX_CODE_COLUMNS;
constexpr char const* kSent =
    "update check_code set sent_at = " LEADEX_NOW LEADEX_OF_CODE "and sent_at is null";
constexpr char const* kRefused =
    "update check_code set answer = 'refused', answered_at = " LEADEX_NOW LEADEX_OF_CODE
    "and answer is null and ended_at is null";
constexpr char const* kAnswer =
    "update check_code set answer = $5, answered_at = " LEADEX_NOW LEADEX_OF_CODE
    "and answer is null and ended_at is null and expires_at > " LEADEX_NOW;
constexpr char const* kAnswered = "select answer in ('yes', 'no') and expires_at > " LEADEX_NOW
                                  " from check_code" LEADEX_OF_CODE "and answer is not null";
constexpr char const* kReady =
    "select market_id, check_no, attempt from check_code where ended_at is null and (answer is not "
    "null or expires_at <= " LEADEX_INSTANT("$1") ") order by expires_at limit $2";
constexpr char const* kFind =
    "select " LEADEX_CODE_COLUMNS
    " from check_code k join spot_check c on c.market_id = k.market_id and c.check_no = k.check_no "
    "where k.market_id = $1 and k.check_no = $2 and k.attempt = $3 for update of k";
constexpr char const* kEnd =
    "update check_code set ended_at = " LEADEX_NOW LEADEX_OF_CODE "and ended_at is null";
constexpr char const* kForget =
    "delete from check_code where (market_id, check_no, attempt) in (select k.market_id, "
    "k.check_no, k.attempt from check_code k where k.ended_at < " LEADEX_INSTANT(
        "$1") " and not exists (select from spot_check c where c.market_id = k.market_id and "
              "c.check_no = k.check_no and c.status <> 'done' and (c.batch_no < 0 or exists "
              "(select from batch b where b.market_id = c.market_id and b.batch_no = c.batch_no "
              "and b.status = 'checking'))) order by k.ended_at limit $2)";

CodeKey read_key(pqxx::row const& row) {
  return {{row.at(0).as<MarketNo>(), row.at(1).as<std::int64_t>()}, row.at(2).as<std::int32_t>()};
}

CheckCode read_code(pqxx::row const& row) {
  CheckCode code;
  code.key = read_key(row);
  code.tenant_no = row.at(3).as<std::int64_t>();
  code.principal_no = row.at(4).as<std::int64_t>();
  code.lead_no = row.at(5).as<std::int64_t>();
  code.expires_at = read_time(row.at(6));
  code.tries = row.at(7).as<std::int32_t>();
  code.sent = row.at(8).as<bool>();
  if (!row.at(9).is_null()) code.answer = read_enum<CodeAnswer>(row.at(9), kCodeAnswerTexts);
  code.ended = row.at(10).as<bool>();
  code.active = row.at(11).as<bool>();
  return code;
}

Parameters of(CodeKey key, Timestamp now) {
  return Parameters(key.check.market, now, key.check.no, key.attempt);
}

}  // namespace

std::optional<CheckId> PostgresCodeRows::next_check(MarketNo market, std::int64_t principal_no) {
  auto const rows = execute(tx_, kNext, Parameters(market, now_, principal_no, kCodesOfCheckMax));
  if (rows.empty()) return std::nullopt;
  return CheckId{market, rows.at(0).at(0).as<std::int64_t>()};
}

std::optional<Timestamp> PostgresCodeRows::last_message(std::string const& address_digest,
                                                        Timestamp since) {
  auto const digest = bytea(std::string_view{address_digest});
  execute(tx_, kLockAddress, Parameters(digest));
  return read_time_maybe(execute(tx_, kLastMessage, Parameters(digest, since)).at(0).at(0));
}

void PostgresCodeRows::add(NewCode const& code) {
  execute(tx_, kAdd,
          Parameters(code.check.market, now_, code.check.no, code.tenant_no, code.principal_no,
                     bytea(code.address_digest), code.expires_at));
}

void PostgresCodeRows::give_back(CheckId check, std::optional<Timestamp> rest_until) {
  execute(tx_, kGiveBack, Parameters(check.market, check.no, rest_until));
}

std::vector<CheckCode> PostgresCodeRows::take_due(std::chrono::seconds again_after, int limit) {
  std::vector<CheckCode> codes;
  for (auto const& row : execute(tx_, kTakeDue, Parameters(now_, again_after.count(), limit))) {
    codes.push_back(read_code(row));
  }
  return codes;
}

void PostgresCodeRows::sent(CodeKey key) { execute(tx_, kSent, of(key, now_)); }

void PostgresCodeRows::refused(CodeKey key) { execute(tx_, kRefused, of(key, now_)); }

CodeReply PostgresCodeRows::answer(CodeKey key, bool yes) {
  auto const word = text(yes ? CodeAnswer::yes : CodeAnswer::no);
  auto const done =
      execute(tx_, kAnswer, Parameters(key.check.market, now_, key.check.no, key.attempt, word));
  if (done.affected_rows() == 1) return CodeReply::taken;
  auto const rows = execute(tx_, kAnswered, of(key, now_));
  if (rows.empty() || !rows.at(0).at(0).as<bool>()) return CodeReply::gone;
  return CodeReply::taken_before;
}

std::vector<CodeKey> PostgresCodeRows::ready(int limit) {
  std::vector<CodeKey> keys;
  for (auto const& row : execute(tx_, kReady, Parameters(now_, limit))) {
    keys.push_back(read_key(row));
  }
  return keys;
}

std::optional<CheckCode> PostgresCodeRows::find_locked(CodeKey key) {
  auto const rows = execute(tx_, kFind, Parameters(key.check.market, key.check.no, key.attempt));
  if (rows.empty()) return std::nullopt;
  return read_code(rows.at(0));
}

void PostgresCodeRows::end(CodeKey key) { execute(tx_, kEnd, of(key, now_)); }

std::int64_t PostgresCodeRows::forget_before(Timestamp at, int limit) {
  return static_cast<std::int64_t>(execute(tx_, kForget, Parameters(at, limit)).affected_rows());
}

}  // namespace leadex::storage::postgres
