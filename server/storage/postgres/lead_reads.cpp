#include "server/storage/postgres/lead_reads.hpp"

#include "billing/values/check.hpp"
#include "matching/market/codec.hpp"
#include "server/storage/postgres/market_chain.hpp"
#include "server/storage/postgres/statement.hpp"
#include "server/storage/postgres/trade_sql.hpp"

namespace leadex::storage::postgres {

namespace {

#define LEADEX_LEAD_COLUMNS                                                                        \
  "select l.market_id, l.lead_no, l.tenant_no, l.batch_no, l.version, l.state, l.score, "          \
  "l.vehicle, l.reason, l.captured_us, l.consent_us, l.consent_digest, l.attributes, l.warnings, " \
  "coalesce(l.domain_suggested, '') from lead l "

constexpr char const* kFind = LEADEX_LEAD_COLUMNS
    "where l.market_id = $2 and l.lead_no = $3 and " LEADEX_OWN("$1", "l.tenant_no");
constexpr char const* kOfSale = LEADEX_LEAD_COLUMNS
    "join sale s on s.market_id = l.market_id and s.lead_no = l.lead_no "
    "where l.market_id = $2 and l.lead_no = $3 and s.slot = $4 and " LEADEX_OF("$1", "s.buyer",
                                                                               "s.generator");
constexpr char const* kListed =
    LEADEX_LEAD_COLUMNS "where l.market_id = $1 and l.state = 1 and l.lead_no = any ($2::bigint[])";
constexpr char const* kRounds =
    "select r.round, r.cause, r.reason, r.ask_micros, r.rested_us, r.due_us, r.market_seq is not "
    "null, r.dropped or r.withdrawn from lead_rest r join lead l using (market_id, lead_no) where "
    "r.market_id = "
    "$2 and r.lead_no = $3 and " LEADEX_OWN("$1", "l.tenant_no") " order by r.round desc";
// In the market and in those of its group.
constexpr char const* kPersonSeen =
    "select coalesce(bool_or(l.tenant_no = $2), false), count(*) from market m cross join lateral "
    "(select m.market_id as no union all select market_id from market where dedupe_group = "
    "m.dedupe_group and market_id <> m.market_id) g cross join lateral (select lead_no from person "
    "where market_id = g.no and digest in ($3, $4) and seen_us >= $5 offset 0) p left join lead l "
    "on l.market_id = g.no and l.lead_no = p.lead_no where m.market_id = $1";
constexpr char const* kBody = "select body from commit_batch where market_id = $1 and seq = $2";

LeadView read_lead(pqxx::row const& row) {
  LeadView lead;
  lead.id = {read_market_no(row.at(0)), row.at(1).as<std::int64_t>()};
  lead.generator_no = row.at(2).as<std::int64_t>();
  lead.batch_no = row.at(3).as<std::int64_t>();
  lead.version = row.at(4).as<std::int32_t>();
  lead.state = read_number_enum(row.at(5), market::LeadState::expired);
  auto const score = read_maybe<std::int64_t>(row.at(6));
  if (score && *score != market::kNone) lead.score = score;
  lead.vehicle = row.at(7).as<std::int32_t>();
  lead.reason = row.at(8).as<std::string>();
  lead.captured_at = read_time(row.at(9));
  lead.consent_at = read_time(row.at(10));
  lead.consent_digest = read_bytes(row.at(11));
  lead.attributes = read_attributes(row.at(12));
  lead.warnings = row.at(13).as<std::int32_t>();
  lead.domain_suggested = row.at(14).as<std::string>();
  return lead;
}

std::optional<LeadView> first_lead(pqxx::result const& rows) {
  if (rows.empty()) return std::nullopt;
  return read_lead(rows.at(0));
}

}  // namespace

std::vector<market::AttributeText> read_attributes(pqxx::field const& field) {
  auto values = market::decode_value<std::vector<market::AttributeText>>(read_bytes(field));
  if (!values) throw std::runtime_error("the attributes of a stored lead cannot be read");
  return std::move(*values);
}

std::optional<LeadView> lead_of_sale(pqxx::transaction_base& tx, Viewer viewer, SaleId sale) {
  return first_lead(
      execute(tx, kOfSale, Parameters(viewer.scope(), sale.market, sale.lead_no, sale.slot)));
}

PostgresLeadReads::Later<std::optional<LeadView>> PostgresLeadReads::find(Viewer viewer,
                                                                          LeadId lead) {
  co_return co_await pool_.run([viewer, lead](pqxx::work& tx) {
    return first_lead(execute(tx, kFind, Parameters(viewer.scope(), lead.market, lead.no)));
  });
}

PostgresLeadReads::Later<std::vector<LeadRoundView>> PostgresLeadReads::rounds(Viewer viewer,
                                                                               LeadId lead) {
  co_return co_await pool_.run([viewer, lead](pqxx::work& tx) {
    std::vector<LeadRoundView> rounds;
    for (auto const& row : execute(tx, kRounds, Parameters(viewer.scope(), lead.market, lead.no))) {
      LeadRoundView round;
      round.round = row.at(0).as<std::int32_t>();
      round.cause = read_number_enum(row.at(1), market::RestCause::returned);
      round.reason = row.at(2).as<std::string>();
      if (auto const ask = row.at(3).as<std::int64_t>(); ask >= 0) round.ask = Money{ask};
      round.ended_at = read_time(row.at(4));
      round.due_at = read_time(row.at(5));
      using State = LeadRoundView::State;
      round.state = row.at(6).as<bool>()   ? State::listed_again
                    : row.at(7).as<bool>() ? State::dropped
                                           : State::resting;
      rounds.push_back(std::move(round));
    }
    return rounds;
  });
}

PostgresLeadReads::Later<std::vector<LeadView>> PostgresLeadReads::listed(
    MarketNo market, std::vector<std::int64_t> leads) {
  co_return co_await pool_.run([market, leads](pqxx::work& tx) {
    std::vector<LeadView> found;
    if (leads.empty()) return found;
    for (auto const& row : execute(tx, kListed, Parameters(market, number_list(leads)))) {
      found.push_back(read_lead(row));
    }
    return found;
  });
}

PostgresLeadReads::Later<LeadReads::PersonSeen> PostgresLeadReads::person_seen(
    MarketNo market, std::int64_t generator_no, std::vector<std::string> digests,
    std::int64_t since_us) {
  LEADEX_CHECK(!digests.empty() && digests.size() <= 2);
  co_return co_await pool_.run([=](pqxx::work& tx) {
    auto const row =
        execute(tx, kPersonSeen,
                Parameters(market, generator_no, bytea(std::string_view{digests.front()}),
                           bytea(std::string_view{digests.back()}), since_us))
            .at(0);
    if (row.at(0).as<bool>()) return PersonSeen::own;
    return row.at(1).as<std::int64_t>() == 0 ? PersonSeen::nowhere : PersonSeen::of_another;
  });
}

PostgresLeadReads::Later<std::optional<std::string>> PostgresLeadReads::batch_body(
    MarketNo market, std::int64_t seq) {
  co_return co_await pool_.run([market, seq](pqxx::work& tx) -> std::optional<std::string> {
    auto const rows = execute(tx, kBody, Parameters(market, seq));
    if (rows.empty()) return std::nullopt;
    auto opened = open_body(read_bytes(rows.at(0).at(0)));
    if (!opened) throw std::runtime_error("a stored batch cannot be unpacked");
    return std::move(opened->body);
  });
}

}  // namespace leadex::storage::postgres
