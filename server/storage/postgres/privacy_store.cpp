#include "server/storage/postgres/privacy_store.hpp"

#include "server/storage/buyer_rights.hpp"
#include "server/storage/postgres/audit_rows.hpp"
#include "server/storage/postgres/buyer_rights.hpp"
#include "server/storage/postgres/instant_sql.hpp"
#include "server/storage/postgres/statement.hpp"
#include "server/storage/postgres/trade_sql.hpp"
#include "server/storage/postgres/webhook_rows.hpp"

namespace leadex::storage::postgres {

namespace {

constexpr std::int64_t kExchange = 0;     // whose list it is
constexpr std::int16_t kLeadSubject = 1;  // crypto::IdKind::lead
constexpr std::int64_t kDayUs = 86'400'000'000;

constexpr char const* kNow = "select " LEADEX_MICROS("now()");
// The list's row is locked by now, so two of the same take turns.
constexpr char const* kReceive =
    "insert into privacy_request (kind, email, phone, said_at, counts_from, reason, told_by, "
    "tenant_no) select $1::smallint, $2::bytea, $3::bytea, " LEADEX_INSTANT(
        "$4") ", " LEADEX_INSTANT("$8") ", $5, $6, $7 where not exists (select from "
              "privacy_request r where r.done_at is null and r.kind = $1 and r.email is not "
              "distinct from $2 and r.phone is not distinct from $3 and r.counts_from "
              "<= " LEADEX_INSTANT("$8") ") returning request_no";
// Person by person: free to choose, the planner reads the whole list for a chunk's persons.
constexpr char const* kBarred =
    "select d.digest from unnest($1::bytea[]) as d(digest) cross join lateral (select from "
    "suppression where tenant_no = 0 and digest = d.digest offset 0) as s";
constexpr char const* kOpen =
    "select request_no, kind, email, phone, " LEADEX_MICROS(
        "counts_from") ", leads from privacy_request where done_at is null order by request_no limit "
                   "$1";
// Market by market, since the market is first in the key.
constexpr char const* kLeadsOf =
    "select f.market_id, f.lead_no, coalesce(l.tenant_no, 0) from (select m.market_id, "
    "p.lead_no from market m cross join unnest($1::bytea[]) as d(digest) cross join lateral "
    "(select lead_no from person where market_id = m.market_id and digest = d.digest offset 0) p "
    "union select market_id, lead_no from person_before where digest = any($1::bytea[])) f "
    "left join lead l using (market_id, lead_no) where (f.market_id, "
    "f.lead_no) > ($2::bigint, $3::bigint) order by f.market_id, f.lead_no limit $4";
constexpr char const* kHeld =
    "select l.lead_no, l.version, l.attributes, c.sealed, k.kek_id, k.wrapped, m.country from lead "
    "l join contact c using (market_id, lead_no) join lead_key k using (market_id, lead_no) join "
    "market m using (market_id) where l.market_id = $2 and l.lead_no = $3 and ($1::bigint is null "
    "or l.tenant_no = $1::bigint or exists (select from sale s where s.market_id = l.market_id and "
    "s.lead_no = l.lead_no and s.buyer = $1::bigint and s.state in (1, 2, 5, 6)))";

// A buyer whose sale came back has no more business with it.
constexpr char const* kEvidence =
    "select c.consent_sealed is null or k.wrapped is null, c.consent_sealed, k.kek_id, k.wrapped, "
    "l.consent_digest, l.resale, " LEADEX_MICROS(
        "l.revoked_at") ", l.tenant_no from lead l left join contact c using (market_id, lead_no) "
                        "left join lead_key k using (market_id, lead_no) where l.market_id = $2 "
                        "and l.lead_no = $3 and ($1::bigint is null or l.tenant_no = $1::bigint or "
                        "exists (select from sale s where s.market_id = l.market_id and s.lead_no "
                        "= l.lead_no and s.buyer = $1::bigint and s.state in (1, 2, 5, 6)))";

// A consent is not revoked before it was given.
constexpr char const* kRevoke =
    "update lead set revoked_at = least(revoked_at, greatest(" LEADEX_INSTANT(
        "$3") ", " LEADEX_INSTANT("consent_us") ")) where market_id = $1 and lead_no = $2";
constexpr char const* kStayOff =
    "update lead_rest set withdrawn = true where market_id = $1 and lead_no = $2 and market_seq is "
    "null and not withdrawn";
constexpr char const* kNeverOffer =
    "insert into lead_withheld select market_id, lead_no, 0 from lead where market_id = $1 and "
    "lead_no = $2 and state = 0 on conflict do nothing";

constexpr char const* kUndelivered =
    "select slot from sale where market_id = $1 and lead_no = $2 and state = 0 order by slot";

constexpr char const* kErased =
    "insert into erased_lead (market_id, lead_no, cause, erased_at) values ($1, $2, $3, now()) on "
    "conflict do nothing";
constexpr char const* kDropClaims =
    "delete from person where market_id = $1 and digest = any($3::bytea[]) and lead_no = $2";
constexpr char const* kDropBefore =
    "delete from person_before where digest = any($3::bytea[]) and market_id = $1 and lead_no = "
    "$2";
constexpr char const* kDropKey = "delete from lead_key where market_id = $1 and lead_no = $2";
constexpr char const* kDropContact = "delete from contact where market_id = $1 and lead_no = $2";
constexpr char const* kNameless =
    "update lead set external_id = '' where market_id = $1 and lead_no = $2 and external_id <> ''";
// Who holds it, and whose it is; a voided or returned sale's buyer gave it back.
constexpr char const* kParties =
    "select tenant_no from lead where market_id = $1 and lead_no = $2 union select buyer from sale "
    "where market_id = $1 and lead_no = $2 and state <> 4 order by 1";

constexpr char const* kOrphansBefore =
    "delete from person_before b where b.digest = any($1::bytea[]) and not exists (select from "
    "lead l where l.market_id = b.market_id and l.lead_no = b.lead_no) and not exists (select from "
    "person p where p.market_id = b.market_id and p.digest = b.digest and p.lead_no = b.lead_no)";
constexpr char const* kClaimsLeft =
    "select count(*) from market m cross join unnest($1::bytea[]) as d(digest) cross join lateral "
    "(select from person where market_id = m.market_id and digest = d.digest offset 0) p";
constexpr char const* kNoteLeads =
    "update privacy_request set leads = $2 where request_no = $1 and done_at is null";
constexpr char const* kFinish =
    "update privacy_request set done_at = now() where request_no = $1 and done_at is null";

// Along the keys that are left, so what was destroyed costs nothing.
constexpr char const* kAged =
    "with kept as (select m.market_id, to_unix.us as before_us from market m join "
    "market_version v on v.market_id = m.market_id and v.version = m.version cross join lateral "
    "(select (v.definition::json->>'retention_s')::bigint as s) r cross join lateral "
    "(select " LEADEX_MICROS("now()") " - r.s * 1000000 as us) to_unix where r.s > 0 and "
    "m.market_id >= $1), looked as (select k.market_id, k.lead_no, n.before_us from "
    "kept n cross join lateral (select market_id, lead_no from lead_key where market_id = "
    "n.market_id and (market_id, lead_no) > ($1::bigint, $2::bigint) order by lead_no limit $3) k "
    "order by k.market_id, k.lead_no limit $3) select k.market_id, k.lead_no, l.tenant_no, "
    "l.captured_us < k.before_us and l.state not in (0, 1) and not exists (select from "
    "sale s where s.market_id = k.market_id and s.lead_no = k.lead_no and (s.state in (0, 1, 5) or "
    "(s.state = 2 and s.due_us > " LEADEX_MICROS("now()") "))) and not exists (select from "
    "return_case c where c.market_id = k.market_id and c.lead_no = k.lead_no and c.state in (0, "
    "2)) and not exists (select from lead_rest r where r.market_id = k.market_id and r.lead_no = "
    "k.lead_no and r.market_seq is null and not r.dropped and not r.withdrawn) from looked k join "
    "lead l using (market_id, lead_no) order by k.market_id, k.lead_no";

// Index click_known holds those alone, so what was forgotten costs nothing.
#define LEADEX_NO_VISITOR "'\\x00000000000000000000000000000000'::bytea"
constexpr char const* kForget =
    "update click c set visitor = " LEADEX_NO_VISITOR
    " from (select market_id, click_no from click where visitor <> " LEADEX_NO_VISITOR
    " and clicked_us < $1 order by clicked_us limit $2) old where c.market_id = old.market_id and "
    "c.click_no = old.click_no";

/// "{"\\x…",…}": digests as PostgreSQL writes an array of bytea.
std::string digest_list(std::vector<std::string> const& digests) {
  std::string text = "{";
  for (auto const& digest : digests) {
    if (text.size() > 1) text += ',';
    text += "\"\\" + bytea(std::string_view{digest}) + '"';
  }
  return text + '}';
}

std::int64_t database_now(pqxx::transaction_base& tx) {
  return execute(tx, kNow).at(0).at(0).as<std::int64_t>();
}

AuditEntry audit_of(PersonRequest const& request, std::int64_t request_no) {
  bool const erasure = request.kind == RequestKind::erasure;
  return {request.told_by,
          request.tenant_no,
          erasure ? "erasure.requested" : "opt_out.recorded",
          "privacy_request",
          0,
          request_no,
          "reason=" + request.reason};
}

void stay_off(pqxx::transaction_base& tx, LeadId lead, Timestamp at) {
  execute(tx, kRevoke, Parameters(lead.market, lead.no, at));
  execute(tx, kStayOff, Parameters(lead.market, lead.no));
  execute(tx, kNeverOffer, Parameters(lead.market, lead.no));
}

void tell_parties(pqxx::transaction_base& tx, LeadId lead, Timestamp at) {
  for (auto const& row : execute(tx, kParties, Parameters(lead.market, lead.no))) {
    emit_event(
        tx,
        {lead.market, OwnEvent::lead_erased, row.at(0).as<std::int64_t>(), kLeadSubject, lead.no},
        at);
  }
}

}  // namespace

PostgresPrivacyStore::Later<bool> PostgresPrivacyStore::receive(PersonRequest request) {
  co_return co_await pool_.run([request](pqxx::work& tx) {
    std::vector<SuppressedPerson> persons;
    if (request.email) persons.push_back({*request.email, SuppressedField::email});
    if (request.phone) persons.push_back({*request.phone, SuppressedField::phone});
    if (!put_on_list(tx, kExchange, persons)) return false;
    auto const made = execute(tx, kReceive,
                              Parameters(static_cast<int>(request.kind), bytea(request.email),
                                         bytea(request.phone), request.said_at, request.reason,
                                         request.told_by, request.tenant_no, request.counts_from));
    auto const request_no = made.empty() ? 0 : made.at(0).at(0).as<std::int64_t>();
    AuditEntry const entry = audit_of(request, request_no);
    append_audit(tx, from_unix_micros(database_now(tx)), 0, {&entry, 1});
    return true;
  });
}

PostgresPrivacyStore::Later<std::vector<std::string>> PostgresPrivacyStore::barred(
    std::vector<std::string> digests) {
  co_return co_await pool_.run([digests](pqxx::work& tx) {
    std::vector<std::string> found;
    for (auto const& row : execute(tx, kBarred, Parameters(digest_list(digests)))) {
      found.push_back(read_bytes(row.at(0)));
    }
    return found;
  });
}

PostgresPrivacyStore::Later<std::vector<OpenRequest>> PostgresPrivacyStore::open_requests(
    int limit) {
  co_return co_await pool_.run([limit](pqxx::work& tx) {
    std::vector<OpenRequest> open;
    for (auto const& row : execute(tx, kOpen, Parameters(limit))) {
      OpenRequest request;
      request.no = row.at(0).as<std::int64_t>();
      request.kind = read_number_enum(row.at(1), RequestKind::opt_out);
      for (int const field : {2, 3}) {
        auto digest = read_bytes_maybe(row.at(static_cast<pqxx::row::size_type>(field)));
        if (digest) request.digests.push_back(std::move(*digest));
      }
      request.counts_from = read_time(row.at(4));
      request.leads = row.at(5).as<std::int64_t>();
      open.push_back(std::move(request));
    }
    return open;
  });
}

PostgresPrivacyStore::Later<std::vector<PersonLead>> PostgresPrivacyStore::leads_of(
    std::vector<std::string> digests, LeadId after, int limit) {
  co_return co_await pool_.run([digests, after, limit](pqxx::work& tx) {
    std::vector<PersonLead> leads;
    for (auto const& row :
         execute(tx, kLeadsOf, Parameters(digest_list(digests), after.market, after.no, limit))) {
      leads.push_back({{read_market_no(row.at(0)), row.at(1).as<std::int64_t>()},
                       row.at(2).as<std::int64_t>()});
    }
    return leads;
  });
}

PostgresPrivacyStore::Later<std::optional<HeldLead>> PostgresPrivacyStore::held(Viewer viewer,
                                                                                LeadId lead) {
  co_return co_await pool_.run([viewer, lead](pqxx::work& tx) -> std::optional<HeldLead> {
    auto const rows = execute(tx, kHeld, Parameters(viewer.scope(), lead.market, lead.no));
    if (rows.empty()) return std::nullopt;
    auto const row = rows.at(0);
    return HeldLead{{.lead_no = row.at(0).as<std::int64_t>(),
                     .version = row.at(1).as<std::int32_t>(),
                     .attributes = read_bytes(row.at(2)),
                     .contact_sealed = read_bytes(row.at(3)),
                     .kek_id = row.at(4).as<std::int32_t>(),
                     .key_wrapped = read_bytes(row.at(5))},
                    row.at(6).as<std::string>()};
  });
}

PostgresPrivacyStore::Later<std::optional<SealedEvidence>> PostgresPrivacyStore::evidence(
    Viewer viewer, std::int64_t principal_no, LeadId lead) {
  co_return co_await pool_.run(
      [viewer, principal_no, lead](pqxx::work& tx) -> std::optional<SealedEvidence> {
        auto const rows = execute(tx, kEvidence, Parameters(viewer.scope(), lead.market, lead.no));
        if (rows.empty()) return std::nullopt;
        auto const row = rows.at(0);
        SealedEvidence read;
        read.gone = row.at(0).as<bool>();
        if (!read.gone) {
          read.consent_sealed = read_bytes(row.at(1));
          read.kek_id = row.at(2).as<std::int32_t>();
          read.key_wrapped = read_bytes(row.at(3));
        }
        read.digest = read_bytes(row.at(4));
        read.named = row.at(5).as<int>() == 1;
        read.revoked_at = read_time_maybe(row.at(6));
        AuditEntry const entry{principal_no,
                               row.at(7).as<std::int64_t>(),
                               "consent.read",
                               "lead",
                               lead.market,
                               lead.no,
                               {}};
        append_audit(tx, from_unix_micros(database_now(tx)), lead.market, {&entry, 1});
        return read;
      });
}

PostgresPrivacyStore::Later<bool> PostgresPrivacyStore::revoke(LeadId lead, Timestamp from) {
  co_return co_await pool_.run([lead, from](pqxx::work& tx) {
    stay_off(tx, lead, from);
    return true;
  });
}

PostgresPrivacyStore::Later<std::vector<std::int32_t>> PostgresPrivacyStore::undelivered(
    LeadId lead) {
  co_return co_await pool_.run([lead](pqxx::work& tx) {
    std::vector<std::int32_t> slots;
    for (auto const& row : execute(tx, kUndelivered, Parameters(lead.market, lead.no))) {
      slots.push_back(row.at(0).as<std::int32_t>());
    }
    return slots;
  });
}

PostgresPrivacyStore::Later<bool> PostgresPrivacyStore::erase(LeadId lead,
                                                              std::vector<std::string> digests,
                                                              EraseCause cause) {
  co_return co_await pool_.run([lead, digests, cause](pqxx::work& tx) {
    auto const first =
        execute(tx, kErased, Parameters(lead.market, lead.no, static_cast<int>(cause)));
    auto const persons = Parameters(lead.market, lead.no, digest_list(digests));
    execute(tx, kDropClaims, persons);
    execute(tx, kDropBefore, persons);  // what the line above moved there too
    execute(tx, kDropKey, Parameters(lead.market, lead.no));
    execute(tx, kDropContact, Parameters(lead.market, lead.no));
    execute(tx, kNameless, Parameters(lead.market, lead.no));
    auto const now = from_unix_micros(database_now(tx));
    stay_off(tx, lead, now);
    if (first.affected_rows() == 0) return false;
    if (cause == EraseCause::request) tell_parties(tx, lead, now);
    return true;
  });
}

PostgresPrivacyStore::Later<std::int64_t> PostgresPrivacyStore::drop_claims(
    std::vector<std::string> digests) {
  co_return co_await pool_.run([digests](pqxx::work& tx) {
    execute(tx, kOrphansBefore, Parameters(digest_list(digests)));
    return execute(tx, kClaimsLeft, Parameters(digest_list(digests)))
        .at(0)
        .at(0)
        .as<std::int64_t>();
  });
}

PostgresPrivacyStore::Later<bool> PostgresPrivacyStore::note_leads(std::int64_t request_no,
                                                                   std::int64_t leads) {
  co_return co_await pool_.run([request_no, leads](pqxx::work& tx) {
    return execute(tx, kNoteLeads, Parameters(request_no, leads)).affected_rows() == 1;
  });
}

PostgresPrivacyStore::Later<bool> PostgresPrivacyStore::finish(std::int64_t request_no) {
  co_return co_await pool_.run([request_no](pqxx::work& tx) {
    return execute(tx, kFinish, Parameters(request_no)).affected_rows() == 1;
  });
}

PostgresPrivacyStore::Later<PrivacyStore::Aged> PostgresPrivacyStore::past_retention(LeadId after,
                                                                                     int limit) {
  co_return co_await pool_.run([after, limit](pqxx::work& tx) {
    Aged aged;
    auto const rows = execute(tx, kAged, Parameters(after.market, after.no, limit));
    for (auto const& row : rows) {
      LeadId const id{read_market_no(row.at(0)), row.at(1).as<std::int64_t>()};
      if (row.at(3).as<bool>()) aged.leads.push_back({id, row.at(2).as<std::int64_t>()});
      aged.last = id;
    }
    return aged;
  });
}

PostgresPrivacyStore::Later<std::int64_t> PostgresPrivacyStore::forget_visitors(int limit) {
  co_return co_await pool_.run([limit](pqxx::work& tx) -> std::int64_t {
    auto const cutoff = database_now(tx) - kDayUs;
    return static_cast<std::int64_t>(
        execute(tx, kForget, Parameters(cutoff, limit)).affected_rows());
  });
}

}  // namespace leadex::storage::postgres
