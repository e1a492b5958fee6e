#include "server/storage/postgres/passports.hpp"

#include "server/storage/postgres/instant_sql.hpp"
#include "server/storage/postgres/statement.hpp"
#include "server/storage/postgres/trade_sql.hpp"

namespace leadex::storage::postgres {

namespace {

// What is read one after another must not tell of different instants: a passport never changes.
constexpr char const* kOneSnapshot = "set transaction isolation level repeatable read, read only";

#define LEADEX_PASSPORT_LEAD                                                                  \
  "select l.market_id, l.lead_no, l.captured_us, l.consent_us, l.consent_digest, l.resale, "  \
  "l.vehicle, l.reason, l.version, l.batch_no, coalesce(z.hops, -1), l.first_listed_us from " \
  "lead l left join lead_source z on z.market_id = l.market_id and z.lead_no = l.lead_no "
constexpr char const* kOfLead = LEADEX_PASSPORT_LEAD
    "where l.market_id = $2 and l.lead_no = $3 and " LEADEX_OWN("$1", "l.tenant_no");
constexpr char const* kOfSale = LEADEX_PASSPORT_LEAD
    "join sale s on s.market_id = l.market_id and s.lead_no = l.lead_no where l.market_id = $2 and "
    "l.lead_no = $3 and s.slot = $4 and " LEADEX_OWN("$1", "s.buyer");

// Of a decided lot alone: until then nobody but staff may know whose row was drawn.
constexpr char const* kLot =
    "select " LEADEX_MICROS("decided_at") ", verdict, mode, accepted, sample_size, "
    "acceptance_number, commitment_no from batch where market_id = $1 and batch_no = $2 and verdict "
    "<> 'pending' and decided_at is not null";
constexpr char const* kChecks =
    "select " LEADEX_MICROS("decided_at") ", verdict, coalesce(reason, '') from spot_check where "
    "market_id = $1 and batch_no = $2 and lead_no = $3 and status = 'done' and verdict is not null "
    "order by decided_at, check_no";
constexpr char const* kRounds =
    "select r.round, r.cause, r.rested_us, b.at_us, r.market_seq from lead_rest r join "
    "commit_batch b on b.market_id = r.market_id and b.seq = r.market_seq where r.market_id = $1 "
    "and r.lead_no = $2 order by r.round";
// Both legs of a sale are voided at once, so its first one tells when. A sale of which nothing was
// held moved nothing: when it was voided stands nowhere.
constexpr char const* kSales =
    "select s.slot, s.batch_seq, s.sold_us, s.exclusive, case when s.state = 4 then b.at_us end, "
    "coalesce(b.seq, 0), case when s.state = 3 then r.decided_us end from sale s left join "
    "transfer "
    "t on t.market_id = s.market_id and t.pending_seq = s.batch_seq and t.pending_n = s.n and "
    "t.phase in (3, 4) and t.lead_no = s.lead_no left join commit_batch b on b.market_id = "
    "t.market_id and b.seq = t.batch_seq left join return_case r on r.market_id = s.market_id and "
    "r.lead_no = s.lead_no and r.slot = s.slot and r.state = 1 where s.market_id = $1 and "
    "s.lead_no "
    "= $2 order by s.slot";

void read_lot(pqxx::transaction_base& tx, std::int64_t batch_no, PassportFacts& facts) {
  auto const lots = execute(tx, kLot, Parameters(facts.lead.market, batch_no));
  if (lots.empty()) return;
  auto const row = lots.at(0);
  facts.lot = PassportLot{row.at(0).as<std::int64_t>(),        row.at(1).as<std::string>(),
                          row.at(2).as<std::string>(),         row.at(3).as<std::int64_t>(),
                          read_maybe<std::int64_t>(row.at(4)), read_maybe<std::int64_t>(row.at(5)),
                          row.at(6).as<std::int64_t>()};
  for (auto const& check :
       execute(tx, kChecks, Parameters(facts.lead.market, batch_no, facts.lead.no))) {
    facts.checks.push_back({check.at(0).as<std::int64_t>(), check.at(1).as<std::string>(),
                            check.at(2).as<std::string>()});
  }
}

void read_trade(pqxx::transaction_base& tx, PassportFacts& facts) {
  Parameters const lead(facts.lead.market, facts.lead.no);
  for (auto const& row : execute(tx, kRounds, lead)) {
    facts.rounds.push_back({row.at(0).as<std::int32_t>(), row.at(1).as<int>() == 1,
                            row.at(2).as<std::int64_t>(), row.at(3).as<std::int64_t>(),
                            row.at(4).as<std::int64_t>()});
  }
  for (auto const& row : execute(tx, kSales, lead)) {
    facts.sales.push_back({row.at(0).as<std::int32_t>(), row.at(1).as<std::int64_t>(),
                           row.at(2).as<std::int64_t>(), row.at(3).as<bool>(),
                           read_maybe<std::int64_t>(row.at(4)), row.at(5).as<std::int64_t>(),
                           read_maybe<std::int64_t>(row.at(6))});
  }
}

std::optional<PassportFacts> read_facts(pqxx::transaction_base& tx, pqxx::result const& leads) {
  if (leads.empty()) return std::nullopt;
  auto const row = leads.at(0);
  PassportFacts facts;
  facts.lead = {read_market_no(row.at(0)), row.at(1).as<std::int64_t>()};
  facts.captured_us = row.at(2).as<std::int64_t>();
  facts.consent_us = row.at(3).as<std::int64_t>();
  facts.consent_digest = read_bytes(row.at(4));
  facts.named_consent = row.at(5).as<int>() != 0;
  facts.vehicle = row.at(6).as<std::int32_t>();
  facts.reason = row.at(7).as<std::string>();
  facts.version = row.at(8).as<std::int32_t>();
  auto const batch_no = row.at(9).as<std::int64_t>();
  facts.of_lot = batch_no != 0;
  facts.hops = row.at(10).as<std::int32_t>();
  facts.first_listed_us = row.at(11).as<std::int64_t>();
  if (facts.of_lot) read_lot(tx, batch_no, facts);
  read_trade(tx, facts);
  return facts;
}

}  // namespace

PostgresPassportReads::Later<std::optional<PassportFacts>> PostgresPassportReads::of_lead(
    Viewer viewer, LeadId lead) {
  co_return co_await pool_.run([viewer, lead](pqxx::work& tx) {
    execute(tx, kOneSnapshot);
    return read_facts(tx, execute(tx, kOfLead, Parameters(viewer.scope(), lead.market, lead.no)));
  });
}

PostgresPassportReads::Later<std::optional<PassportFacts>> PostgresPassportReads::of_sale(
    Viewer viewer, SaleId sale) {
  co_return co_await pool_.run([viewer, sale](pqxx::work& tx) {
    execute(tx, kOneSnapshot);
    return read_facts(
        tx, execute(tx, kOfSale, Parameters(viewer.scope(), sale.market, sale.lead_no, sale.slot)));
  });
}

}  // namespace leadex::storage::postgres
