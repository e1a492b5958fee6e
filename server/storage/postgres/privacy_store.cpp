#include "server/storage/postgres/privacy_store.hpp"

#include "server/storage/buyer_rights.hpp"
#include "server/storage/postgres/audit_rows.hpp"
#include "server/storage/postgres/buyer_rights.hpp"
#include "server/storage/postgres/instant_sql.hpp"
#include "server/storage/postgres/privacy_rows.hpp"
#include "server/storage/postgres/statement.hpp"
#include "server/storage/postgres/trade_sql.hpp"
#include "server/storage/postgres/webhook_rows.hpp"

namespace leadex::storage::postgres {

namespace {

constexpr std::int64_t kExchange = 0;     // whose list it is
constexpr std::int16_t kLeadSubject = 1;  // crypto::IdKind::lead

// The list's row is locked by now, so two of the same take turns.
constexpr char const* kReceive =
    "insert into privacy_request (kind, email, phone, said_at, counts_from, reason, told_by, "
    "tenant_no) select $1::smallint, $2::bytea, $3::bytea, " LEADEX_INSTANT(
        "$4") ", " LEADEX_INSTANT("$8") ", $5, $6, $7 where not exists (select from "
              "privacy_request r where r.done_at is null and r.kind = $1 and r.email is not "
              "distinct from $2 and r.phone is not distinct from $3 and r.counts_from "
              "<= " LEADEX_INSTANT("$8") ") returning request_no";
// Refused rows as they came: no lead, so nobody would find them later.
constexpr char const* kDropRefused =
    "with gone as (delete from batch_own_row r using batch_own_person p where p.digest = "
    "any($1::bytea[]) and r.market_id = p.market_id and r.batch_no = p.batch_no and r.row_no = "
    "p.row_no returning r.market_id, r.batch_no, r.row_no) update batch_reject r set external_id = "
    "null from gone where r.market_id = gone.market_id and r.batch_no = gone.batch_no and r.row_no "
    "= gone.row_no and r.external_id is not null";
// Person by person: free to choose, the planner reads the whole list for a chunk's persons.
constexpr char const* kBarred =
    "select d.digest from unnest($1::bytea[]) as d(digest) cross join lateral (select from "
    "suppression where tenant_no = 0 and digest = d.digest offset 0) as s";
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

constexpr char const* kRevoke =
    "update lead set revoked_at = " LEADEX_REVOKED("$3", "consent_us") " where market_id = $1 and lead_no = $2 and (revoked_at is null or revoked_at > " LEADEX_REVOKED("$3", "consent_us") ")";
constexpr char const* kStayOff =
    "update lead_rest set withdrawn = true where market_id = $1 and lead_no = $2 and market_seq is "
    "null and not withdrawn";
constexpr char const* kNeverOffer =
    "insert into lead_withheld select market_id, lead_no, 0 from lead where market_id = $1 and "
    "lead_no = $2 and state = 0 on conflict do nothing";

constexpr char const* kUndelivered =
    "select slot from sale where market_id = $1 and lead_no = $2 and state = 0 order by slot";

constexpr char const* kErased =
    "insert into erased_lead (market_id, lead_no, cause, erased_at) values ($1, $2, 0, now()) on "
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

// Where it is done, so that no lead counts twice.
constexpr char const* kCountLead =
    "update privacy_request set leads = leads + 1 where request_no = $1";

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

/// @return whether its consent stood at that time
bool stay_off(pqxx::transaction_base& tx, LeadId lead, Timestamp at) {
  auto const revoked = execute(tx, kRevoke, Parameters(lead.market, lead.no, at));
  execute(tx, kStayOff, Parameters(lead.market, lead.no));
  execute(tx, kNeverOffer, Parameters(lead.market, lead.no));
  return revoked.affected_rows() != 0;
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
    std::vector<std::string> digests;
    for (auto const& person : persons) digests.push_back(person.digest);
    execute(tx, kDropRefused, Parameters(digest_list(digests)));
    auto const made = execute(tx, kReceive,
                              Parameters(static_cast<int>(request.kind), bytea(request.email),
                                         bytea(request.phone), request.said_at, request.reason,
                                         request.told_by, request.tenant_no, request.counts_from));
    auto const request_no = made.empty() ? 0 : made.at(0).at(0).as<std::int64_t>();
    AuditEntry const entry = audit_of(request, request_no);
    append_audit(tx, database_now(tx), 0, {&entry, 1});
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
        append_audit(tx, database_now(tx), lead.market, {&entry, 1});
        return read;
      });
}

PostgresPrivacyStore::Later<bool> PostgresPrivacyStore::revoke(LeadId lead, Timestamp from,
                                                               std::int64_t request_no) {
  co_return co_await pool_.run([lead, from, request_no](pqxx::work& tx) {
    if (!stay_off(tx, lead, from)) return false;
    execute(tx, kCountLead, Parameters(request_no));
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
                                                              std::int64_t request_no) {
  co_return co_await pool_.run([lead, digests, request_no](pqxx::work& tx) {
    auto const first = execute(tx, kErased, Parameters(lead.market, lead.no));
    auto const persons = Parameters(lead.market, lead.no, digest_list(digests));
    execute(tx, kDropClaims, persons);
    execute(tx, kDropBefore, persons);  // what the line above moved there too
    execute(tx, kDropKey, Parameters(lead.market, lead.no));
    execute(tx, kDropContact, Parameters(lead.market, lead.no));
    execute(tx, kNameless, Parameters(lead.market, lead.no));
    auto const now = database_now(tx);
    stay_off(tx, lead, now);
    if (first.affected_rows() == 0) return false;
    tell_parties(tx, lead, now);
    execute(tx, kCountLead, Parameters(request_no));
    return true;
  });
}

}  // namespace leadex::storage::postgres
