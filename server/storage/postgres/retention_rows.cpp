// What old age forgets: contacts past their market's retention, and visitors of clicks.

#include "server/storage/postgres/binary_call.hpp"
#include "server/storage/postgres/privacy_rows.hpp"
#include "server/storage/postgres/privacy_store.hpp"
#include "server/storage/postgres/trade_sql.hpp"

namespace leadex::storage::postgres {

namespace {

constexpr std::int64_t kDayUs = 86'400'000'000;

constexpr char const* kWalks =
    "select m.market_id, m.country, coalesce(w.lead_no, 0), " LEADEX_MICROS("now()") " - "
    "r.s * 1000000 from market m join market_version v on v.market_id = m.market_id and v.version "
    "= m.version cross join lateral (select (v.definition::json->>'retention_s')::bigint as s) r "
    "left join retention_walk w on w.market_id = m.market_id where r.s > 0 and (w.market_id is "
    "null or w.next_at <= now()) order by m.market_id";
constexpr char const* kBeginWalks =
    "update retention_walk set next_at = now() where next_at > now()";
// Another node may have been faster: its place stands, and what was done twice is done.
constexpr char const* kMoveOn =
    "insert into retention_walk as w (market_id, lead_no, next_at) values ($1, $3, now() + case "
    "when $4::boolean then interval '1 hour' else interval '0' end) on conflict (market_id) do "
    "update set lead_no = excluded.lead_no, next_at = excluded.next_at where w.lead_no = $2";

// Along the keys that are left, so what was destroyed costs nothing.
constexpr char const* kLooked =
    "select coalesce(max(lead_no), 0), count(*) from (select lead_no from lead_key where market_id "
    "= $1 and lead_no > $2 order by lead_no limit $3) k";
constexpr char const* kAged =
    "with judged as materialized (select k.lead_no, k.kek_id, k.wrapped, l.version, l.attributes, "
    "l.captured_us < $4::bigint and l.state not in (0, 1) and not exists (select from sale s where "
    "s.market_id = k.market_id and s.lead_no = k.lead_no and (s.state in (0, 1, 5) or (s.state = 2 "
    "and s.due_us > " LEADEX_MICROS("now()") "))) and not exists (select from return_case c where "
    "c.market_id = k.market_id and c.lead_no = k.lead_no and c.state in (0, 2)) and not exists "
    "(select from lead_rest r where r.market_id = k.market_id and r.lead_no = k.lead_no and "
    "r.market_seq is null and not r.dropped and not r.withdrawn) as aged from lead_key k join lead "
    "l using (market_id, lead_no) where k.market_id = $1 and k.lead_no > $2 and k.lead_no <= $3) "
    "select j.lead_no, j.version, j.attributes, c.sealed, j.kek_id, j.wrapped from judged j left "
    "join contact c on c.market_id = $1 and c.lead_no = j.lead_no where j.aged order by j.lead_no";

// Set by set; each names its rows twice, as market_statements.cpp does, so that only these are
// read.
constexpr Statement kErased{
    "lx_aged",
    "insert into leadex.erased_lead (market_id, lead_no, cause, erased_at) select $1::int8, "
    "n.lead_no, 1, now() from unnest($2::int8[]) as n(lead_no) on conflict do nothing"};
constexpr Statement kClaims{
    "lx_aged_claims",
    "delete from leadex.person p using unnest($2::int8[], $3::bytea[]) as d(lead_no, digest) where "
    "p.market_id = $1::int8 and p.digest = any($3::bytea[]) and p.digest = d.digest and p.lead_no "
    "= d.lead_no"};
constexpr Statement kBefore{
    "lx_aged_before",
    "delete from leadex.person_before p using unnest($2::int8[], $3::bytea[]) as d(lead_no, "
    "digest) where p.market_id = $1::int8 and p.digest = any($3::bytea[]) and p.digest = d.digest "
    "and p.lead_no = d.lead_no"};
constexpr Statement kKeys{
    "lx_aged_keys",
    "delete from leadex.lead_key where market_id = $1::int8 and lead_no = any($2::int8[])"};
constexpr Statement kContacts{
    "lx_aged_contacts",
    "delete from leadex.contact where market_id = $1::int8 and lead_no = any($2::int8[])"};
constexpr Statement kLeads{
    "lx_aged_leads",
    "update leadex.lead set external_id = '', revoked_at = least(revoked_at, greatest(now(), "
    "timestamptz 'epoch' + consent_us * interval '1 microsecond')) where market_id = $1::int8 and "
    "lead_no = any($2::int8[])"};
constexpr Statement kRests{
    "lx_aged_rests",
    "update leadex.lead_rest set withdrawn = true where market_id = $1::int8 and lead_no = "
    "any($2::int8[]) and market_seq is null and not withdrawn"};

// Index click_known holds those alone, so what was forgotten costs nothing.
#define LEADEX_NO_VISITOR "'\\x00000000000000000000000000000000'::bytea"
constexpr char const* kForget =
    "update click c set visitor = " LEADEX_NO_VISITOR
    " from (select market_id, click_no from click where visitor <> " LEADEX_NO_VISITOR
    " and clicked_us < $1 order by clicked_us limit $2) old where c.market_id = old.market_id and "
    "c.click_no = old.click_no";

/// @return how many were not erased before
std::int64_t forget(pqxx::transaction_base& tx, MarketNo market,
                    std::vector<PrivacyStore::AgedLead> const& leads) {
  auto const numbers = column<Element::int8>(leads, [](auto const& lead) { return lead.no; });
  struct Claim {
    std::int64_t lead_no;
    std::string const* digest;
  };
  std::vector<Claim> claims;
  for (auto const& lead : leads) {
    for (auto const& digest : lead.digests) claims.push_back({lead.no, &digest});
  }
  std::vector<std::string> const of_claims{
      int8_param(market), column<Element::int8>(claims, [](auto const& c) { return c.lead_no; }),
      column<Element::bytea>(claims, [](auto const& c) { return *c.digest; })};
  std::vector<std::string> const of_leads{int8_param(market), numbers};
  auto const first = run_binary(tx, {&kErased, of_leads, kAnyRows});
  for (auto const* statement : {&kClaims, &kBefore}) {  // the first moves to where the second looks
    run_binary(tx, {statement, of_claims, kAnyRows});
  }
  for (auto const* statement : {&kKeys, &kContacts, &kLeads, &kRests}) {
    run_binary(tx, {statement, of_leads, kAnyRows});
  }
  return first;
}

}  // namespace

PostgresPrivacyStore::Later<std::vector<PrivacyStore::Walk>> PostgresPrivacyStore::walks() {
  co_return co_await pool_.run([](pqxx::work& tx) {
    std::vector<Walk> walks;
    for (auto const& row : execute(tx, kWalks)) {
      walks.push_back({read_market_no(row.at(0)), row.at(1).as<std::string>(),
                       row.at(2).as<std::int64_t>(), row.at(3).as<std::int64_t>()});
    }
    return walks;
  });
}

PostgresPrivacyStore::Later<bool> PostgresPrivacyStore::begin_walks() {
  co_return co_await pool_.run([](pqxx::work& tx) {
    execute(tx, kBeginWalks);
    return true;
  });
}

PostgresPrivacyStore::Later<PrivacyStore::Aged> PostgresPrivacyStore::past_retention(Walk walk,
                                                                                     int limit) {
  co_return co_await pool_.run([walk, limit](pqxx::work& tx) {
    Aged aged;
    auto const looked = execute(tx, kLooked, Parameters(walk.market, walk.after_no, limit)).at(0);
    aged.last_no = looked.at(0).as<std::int64_t>();
    aged.whole = looked.at(1).as<std::int64_t>() < limit;
    if (aged.last_no == 0) return aged;
    for (auto const& row :
         execute(tx, kAged, Parameters(walk.market, walk.after_no, aged.last_no, walk.before_us))) {
      aged.leads.push_back({.lead_no = row.at(0).as<std::int64_t>(),
                            .version = row.at(1).as<std::int32_t>(),
                            .attributes = read_bytes(row.at(2)),
                            .contact_sealed = read_bytes_maybe(row.at(3)).value_or(""),
                            .kek_id = row.at(4).as<std::int32_t>(),
                            .key_wrapped = read_bytes(row.at(5))});
    }
    return aged;
  });
}

PostgresPrivacyStore::Later<std::int64_t> PostgresPrivacyStore::forget_aged(
    Walk walk, std::vector<AgedLead> leads, std::int64_t last_no, bool whole) {
  co_return co_await pool_.run([walk, leads, last_no, whole](pqxx::work& tx) -> std::int64_t {
    auto const done = leads.empty() ? 0 : forget(tx, walk.market, leads);
    execute(tx, kMoveOn, Parameters(walk.market, walk.after_no, whole ? 0 : last_no, whole));
    return done;
  });
}

PostgresPrivacyStore::Later<std::int64_t> PostgresPrivacyStore::forget_visitors(int limit) {
  co_return co_await pool_.run([limit](pqxx::work& tx) -> std::int64_t {
    auto const cutoff = to_unix_micros(database_now(tx)) - kDayUs;
    return static_cast<std::int64_t>(
        execute(tx, kForget, Parameters(cutoff, limit)).affected_rows());
  });
}

}  // namespace leadex::storage::postgres
