// What persons' requests have left to do, market by market, and when they are over.

#include "server/storage/postgres/privacy_rows.hpp"
#include "server/storage/postgres/privacy_store.hpp"
#include "server/storage/postgres/trade_sql.hpp"

namespace leadex::storage::postgres {

namespace {

// Those that were not looked at yet first: what waits for a market that takes no commands keeps
// nobody else waiting.
constexpr char const* kOpen =
    "select request_no, kind, email, phone, " LEADEX_MICROS(
        "counts_from") ", told_at is not null from privacy_request where done_at is null and "
                       "look_at <= now() order by tries > 0, look_at, "
                       "request_no limit $1";

// Claims without a lead, of uploads that take no more rows: a lead that comes was stored by then,
// since a chunk has its upload's row locked while it is stored. Claims that others took over do not
// say whose they were: they wait until no upload of their market is under way.
constexpr char const* kOrphans =
    "delete from person where ctid = any(array(select c.ctid from market m cross join "
    "unnest($1::bytea[]) as d(digest) cross join lateral (select ctid, market_id, lead_no, "
    "provisional_upload from person where market_id = m.market_id and digest = d.digest offset 0) "
    "c cross join lateral (select from batch where market_id = c.market_id and batch_no = "
    "c.provisional_upload and (status <> 'receiving' or mode = 'stopped') offset 0) b where not "
    "exists (select from lead l where l.market_id = c.market_id and l.lead_no = c.lead_no)))";
constexpr char const* kOrphansBefore =
    "delete from person_before b where b.digest = any($1::bytea[]) and not exists (select from "
    "lead l where l.market_id = b.market_id and l.lead_no = b.lead_no) and not exists (select from "
    "batch u where u.market_id = b.market_id and u.status = 'receiving' and u.mode <> 'stopped')";

// Leads on which the persons of $1 are claimed, and were. Market by market, since the market is
// first in the key.
#define LEADEX_CLAIMED                                                                            \
  "(select m.market_id, p.lead_no from market m cross join unnest($1::bytea[]) as d(digest) "     \
  "cross "                                                                                        \
  "join lateral (select lead_no from person where market_id = m.market_id and digest = d.digest " \
  "offset 0) p union select market_id, lead_no from person_before where digest = "                \
  "any($1::bytea[])) f left join lead l using (market_id, lead_no)"
// Of an erasure ($2 = 0) whatever is claimed, since an erased lead has no claims; of an opt-out
// that counts from $3 whatever stands by its consent after it; of both, what has no row yet.
#define LEADEX_LEFT_TO_DO                                                           \
  "($2::smallint = 0 or l.lead_no is null or l.revoked_at is null or l.revoked_at " \
  "> " LEADEX_REVOKED("$3", "l.consent_us") ")"

constexpr char const* kPending =
    "select f.market_id, w.told_at is not null, coalesce(w.next_at <= now(), true) from (select "
    "distinct f.market_id from " LEADEX_CLAIMED " where " LEADEX_LEFT_TO_DO
    ") f left join privacy_progress w on w.request_no = $4 and w.market_id = f.market_id order by "
    "f.market_id";
constexpr char const* kLeft =
    "select exists (select from " LEADEX_CLAIMED " where " LEADEX_LEFT_TO_DO ")";
constexpr char const* kLeadsOf =
    "select f.market_id, f.lead_no, coalesce(l.tenant_no, 0) from (select p.market_id, p.lead_no "
    "from unnest($1::bytea[]) as d(digest) cross join lateral (select market_id, lead_no from "
    "person where market_id = $4 and digest = d.digest offset 0) p union select market_id, lead_no "
    "from person_before where digest = any($1::bytea[]) and market_id = $4) f left join lead l "
    "using (market_id, lead_no) where f.lead_no > $5 and " LEADEX_LEFT_TO_DO
    " order by f.lead_no limit $6";

// 2, 4, … 32 seconds and up to half as many: opt-outs hold in all markets within a minute.
#define LEADEX_PAUSE(tries)                     \
  "now() + least(32, power(2, 1 + least(" tries \
  ", 5))) * (1 + random() / 2) * interval '1 "  \
  "second'"
constexpr char const* kNoteTurn =
    "insert into privacy_progress as w (request_no, market_id, told_at, tries, next_at) values "
    "($1, $2, case when $3::boolean then now() end, case when $4::boolean then 1 else 0 end, case "
    "when $4::boolean then " LEADEX_PAUSE(
        "0") " else now() end) on conflict (request_no, market_id) do update set told_at = "
             "coalesce(w.told_at, excluded.told_at), tries = case when $4::boolean then w.tries + "
             "1 else 0 end, next_at = case when $4::boolean then " LEADEX_PAUSE("w.tries") " else "
                                                                                           "now() "
                                                                                           "end";

// Whoever waits longer than commands wait for their market (30 s) and a commit takes has come after
// the list, or was never taken.
constexpr char const* kLock =
    "select kind, email, phone, " LEADEX_MICROS(
        "counts_from") ", told_at is not null or received_at < now() - interval '1 minute' from "
                       "privacy_request where request_no = $1 and done_at is null for update";
constexpr char const* kFinish =
    "update privacy_request set done_at = now(), told_at = coalesce(told_at, now()) where "
    "request_no = $1";
constexpr char const* kPostpone =
    "update privacy_request set told_at = case when $2::boolean then coalesce(told_at, now()) end, "
    "tries = case when $3::boolean then 0 else tries + 1 end, look_at = case when $3::boolean then "
    "now() else " LEADEX_PAUSE("tries") " end where request_no = $1";

std::vector<std::string> read_persons(pqxx::row const& row, pqxx::row::size_type first) {
  std::vector<std::string> digests;
  for (auto const field : {first, first + 1}) {
    if (auto digest = read_bytes_maybe(row.at(field))) digests.push_back(std::move(*digest));
  }
  return digests;
}

}  // namespace

PostgresPrivacyStore::Later<std::vector<OpenRequest>> PostgresPrivacyStore::open_requests(
    int limit) {
  co_return co_await pool_.run([limit](pqxx::work& tx) {
    std::vector<OpenRequest> open;
    for (auto const& row : execute(tx, kOpen, Parameters(limit))) {
      open.push_back({row.at(0).as<std::int64_t>(),
                      read_number_enum(row.at(1), RequestKind::opt_out), read_persons(row, 2),
                      read_time(row.at(4)), row.at(5).as<bool>()});
    }
    return open;
  });
}

PostgresPrivacyStore::Later<std::vector<PendingMarket>> PostgresPrivacyStore::pending(
    OpenRequest request) {
  co_return co_await pool_.run([request](pqxx::work& tx) {
    auto const digests = digest_list(request.digests);
    execute(tx, kOrphans, Parameters(digests));
    execute(tx, kOrphansBefore, Parameters(digests));
    std::vector<PendingMarket> pending;
    for (auto const& row : execute(tx, kPending,
                                   Parameters(digests, static_cast<int>(request.kind),
                                              request.counts_from, request.no))) {
      pending.push_back({read_market_no(row.at(0)), row.at(1).as<bool>(), row.at(2).as<bool>()});
    }
    return pending;
  });
}

PostgresPrivacyStore::Later<std::vector<PersonLead>> PostgresPrivacyStore::leads_of(
    OpenRequest request, LeadId after, int limit) {
  co_return co_await pool_.run([request, after, limit](pqxx::work& tx) {
    std::vector<PersonLead> leads;
    for (auto const& row :
         execute(tx, kLeadsOf,
                 Parameters(digest_list(request.digests), static_cast<int>(request.kind),
                            request.counts_from, after.market, after.no, limit))) {
      leads.push_back({{read_market_no(row.at(0)), row.at(1).as<std::int64_t>()},
                       row.at(2).as<std::int64_t>()});
    }
    return leads;
  });
}

PostgresPrivacyStore::Later<bool> PostgresPrivacyStore::note_turn(MarketTurn turn) {
  co_return co_await pool_.run([turn](pqxx::work& tx) {
    execute(tx, kNoteTurn, Parameters(turn.request_no, turn.market, turn.told, turn.failed));
    return true;
  });
}

/// A chunk of an upload that stores somebody whom the list has locks the request, open or done, and
/// opens it, in its own transaction (PostgresUploadRows::reopen_requests); its claims are committed
/// before. So either it comes first, and what it claimed is seen after the lock; or it waits here,
/// and opens what was closed.
PostgresPrivacyStore::Later<bool> PostgresPrivacyStore::settle(std::int64_t request_no, bool told,
                                                               bool got_on) {
  co_return co_await pool_.run([request_no, told, got_on](pqxx::work& tx) {
    auto const rows = execute(tx, kLock, Parameters(request_no));
    if (rows.empty()) return true;  // on another node
    auto const row = rows.at(0);
    bool const heard = told || row.at(4).as<bool>();
    // A statement of its own: it sees what was committed while the lock was waited for.
    bool const left = execute(tx, kLeft,
                              Parameters(digest_list(read_persons(row, 1)), row.at(0).as<int>(),
                                         read_time(row.at(3))))
                          .at(0)
                          .at(0)
                          .as<bool>();
    if (heard && !left) {
      execute(tx, kFinish, Parameters(request_no));
    } else {
      execute(tx, kPostpone, Parameters(request_no, heard, got_on));
    }
    return heard && !left;
  });
}

}  // namespace leadex::storage::postgres
