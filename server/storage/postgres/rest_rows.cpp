#include "server/storage/postgres/rest_rows.hpp"

#include <map>

#include "server/storage/postgres/offer_rows.hpp"
#include "server/storage/postgres/statement.hpp"
#include "server/storage/postgres/trade_sql.hpp"

namespace leadex::storage::postgres {

namespace {

// Sales that neither came back nor were voided keep a lead from coming back, and so does a
// withdrawn lot. What is due first, then each by its keys, whatever the planner thinks of so small
// a table.
constexpr char const* kDue =
    "select " LEADEX_OFFER_COLUMNS
    ", r.round, l.consent_us, l.round = r.round and l.state in (2, 4) and l.revoked_at is null and "
    "not exists (select from sale s where s.market_id = l.market_id and s.lead_no = l.lead_no and "
    "s.state not in (3, 4)) and (l.batch_no = 0 or exists (select from batch b where b.market_id = "
    "l.market_id and b.batch_no = l.batch_no and b.status = 'listed')), c.sealed, k.kek_id, "
    "k.wrapped, h.generator, h.split_bp from (select * from lead_rest where market_id = $1 and "
    "market_seq is null and not "
    "dropped and not withdrawn and due_us <= $2 order by due_us limit $3) r cross join lateral "
    "(select * from lead where market_id = r.market_id and lead_no = r.lead_no offset 0) l left "
    "join lateral (select sealed from contact where market_id = r.market_id and lead_no = "
    "r.lead_no offset 0) c on true left join lateral (select kek_id, wrapped from lead_key where "
    "market_id = r.market_id and lead_no = r.lead_no offset 0) k on true left join lateral (select "
    "generator, split_bp from lead_share where market_id = r.market_id and lead_no = r.lead_no "
    "offset 0) h on true order by r.due_us";
constexpr char const* kOwners =
    "select lead_no, buyer, slot, shares_max from sale where market_id = $1 and lead_no = "
    "any($2::bigint[]) order by lead_no, slot";
constexpr char const* kDrop =
    "update lead_rest r set dropped = true from unnest($2::bigint[], $3::integer[]) as u(lead, "
    "round) where r.market_id = $1 and r.lead_no = u.lead and r.round = u.round and r.market_seq "
    "is null";
constexpr char const* kWithdrawLead =
    "update lead_rest set withdrawn = true where market_id = $1 and lead_no = $2 and market_seq is "
    "null and (withdrawn or not dropped)";

constexpr char const* kWithdrawBatch =
    "update lead_rest r set withdrawn = true from lead l where r.market_id = $1 and r.lead_no "
    "between $3 and $4 and r.market_seq is null and l.market_id = r.market_id "
    "and l.lead_no = r.lead_no and l.batch_no = $2";

RestedLead read_rested(pqxx::row const& row) {
  constexpr int kFirst = kOfferColumns;
  RestedLead rested;
  rested.again.lead = read_offer(row);
  rested.again.round = row.at(kFirst).as<std::int32_t>() + 1;
  rested.consent_us = row.at(kFirst + 1).as<std::int64_t>();
  rested.free = row.at(kFirst + 2).as<bool>();
  if (!row.at(kFirst + 3).is_null() && !row.at(kFirst + 5).is_null()) {
    rested.contact = SealedLead{.lead_no = rested.again.lead.lead_no,
                                .version = rested.again.lead.version,
                                .contact_sealed = read_bytes(row.at(kFirst + 3)),
                                .kek_id = row.at(kFirst + 4).as<std::int32_t>(),
                                .key_wrapped = read_bytes(row.at(kFirst + 5))};
  }
  if (!row.at(kFirst + 6).is_null()) {
    rested.again.share = {row.at(kFirst + 6).as<std::int64_t>(),
                          row.at(kFirst + 7).as<std::int32_t>()};
  }
  return rested;
}

}  // namespace

std::vector<RestedLead> PostgresRestRows::due(MarketNo market, std::int64_t now_us, int limit) {
  std::vector<RestedLead> rested;
  std::map<std::int64_t, std::size_t> places;
  std::vector<std::int64_t> leads;
  for (auto const& row : execute(tx_, kDue, Parameters(market, now_us, limit))) {
    rested.push_back(read_rested(row));
    leads.push_back(rested.back().again.lead.lead_no);
    places[leads.back()] = rested.size() - 1;
  }
  if (leads.empty()) return rested;
  for (auto const& row : execute(tx_, kOwners, Parameters(market, number_list(leads)))) {
    auto& again = rested.at(places.at(row.at(0).as<std::int64_t>())).again;
    again.owners.push_back(
        {row.at(1).as<std::int64_t>(), row.at(2).as<std::int32_t>(), row.at(3).as<std::int32_t>()});
  }
  return rested;
}

void PostgresRestRows::drop(MarketNo market, std::span<RestedRound const> rounds) {
  if (rounds.empty()) return;
  std::vector<std::int64_t> leads;
  std::vector<std::int32_t> numbers;
  for (auto const& round : rounds) {
    leads.push_back(round.lead_no);
    numbers.push_back(round.round);
  }
  execute(tx_, kDrop, Parameters(market, number_list(leads), number_list(numbers)));
}

bool PostgresRestRows::withdraw(BatchId batch, LeadRange range) {
  auto const done = execute(tx_, kWithdrawBatch,
                            Parameters(batch.market, batch.no, range.first_no, range.last_no));
  return done.affected_rows() > 0;
}

bool PostgresRestRows::withdraw(LeadId lead) {
  return execute(tx_, kWithdrawLead, Parameters(lead.market, lead.no)).affected_rows() > 0;
}

}  // namespace leadex::storage::postgres
