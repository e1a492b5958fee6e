#include "server/storage/postgres/lead_estimates.hpp"

#include "server/storage/postgres/lead_reads.hpp"
#include "server/storage/postgres/statement.hpp"
#include "server/storage/postgres/trade_sql.hpp"

namespace leadex::storage::postgres {

namespace {

constexpr char const* kVersions =
    "select version, made_us, outcome_no, model from lead_estimate where market_id = $1 and "
    "($2::bigint is null or version < $2::bigint) order by version desc limit $3";
constexpr char const* kAdd =
    "insert into lead_estimate (market_id, version, made_us, outcome_no, model) values ($1, $2, "
    "$3, $4, $5)";
constexpr char const* kRecorded =
    "select coalesce(max(outcome_no), 0) from lead_outcome where market_id = $1";
// A sale that waits for its delivery may still end well; one that was returned or voided tells
// nothing any more, but what it told stands.
constexpr char const* kUnread =
    "with ended as (select d.lead_no, min(d.told_us) filter (where d.stage = 4) as won_us, "
    "max(d.told_us) as last_us from disposition d where d.market_id = $1 and d.stage in (4, 5) and "
    "d.told_us >= $2 and not exists (select from lead_outcome o where o.market_id = d.market_id "
    "and o.lead_no = d.lead_no) group by d.lead_no) select e.lead_no, coalesce(e.won_us, "
    "e.last_us) as known_us, e.won_us is not null, l.version, l.vehicle, l.reason, l.attributes "
    "from ended e join lead l on l.market_id = $1 and l.lead_no = e.lead_no where e.won_us is not "
    "null or not exists (select from sale s where s.market_id = $1 and s.lead_no = e.lead_no and "
    "s.state in (0, 1, 2, 5, 6) and not exists (select from disposition d where d.market_id = "
    "s.market_id and d.lead_no = s.lead_no and d.slot = s.slot and d.stage in (4, 5))) order by "
    "known_us, e.lead_no limit $3";
constexpr char const* kRecord =
    "insert into lead_outcome (market_id, lead_no, outcome_no, known_us, won, version, "
    "foretold_ppm) select $1::bigint, o.lead_no, o.outcome_no, o.known_us, o.won = 1, $2::integer, "
    "case when $2::integer is not null then o.ppm end from unnest($3::bigint[], $4::bigint[], "
    "$5::bigint[], $6::integer[], $7::integer[]) as o(lead_no, outcome_no, known_us, won, ppm)";
constexpr char const* kLatest =
    "select o.lead_no, o.known_us, o.won, l.version, l.vehicle, l.reason, l.attributes from "
    "(select * from lead_outcome where market_id = $1 order by outcome_no desc limit $2) as o join "
    "lead l on l.market_id = $1 and l.lead_no = o.lead_no order by o.outcome_no";
constexpr char const* kJudged =
    "select version, foretold_ppm, won from (select * from lead_outcome where market_id = $1 and "
    "version between $2 and $3 order by outcome_no desc limit $4) as o order by outcome_no";

LeadOutcome read_outcome(pqxx::row const& row) {
  LeadOutcome outcome;
  outcome.lead_no = row.at(0).as<std::int64_t>();
  outcome.known_us = row.at(1).as<std::int64_t>();
  outcome.won = row.at(2).as<bool>();
  outcome.market_version = row.at(3).as<std::int32_t>();
  outcome.vehicle = row.at(4).as<std::int32_t>();
  outcome.reason = row.at(5).as<std::string>();
  outcome.attributes = read_attributes(row.at(6));
  return outcome;
}

std::vector<LeadOutcome> read_outcomes(pqxx::result const& rows) {
  std::vector<LeadOutcome> outcomes;
  for (auto const& row : rows) outcomes.push_back(read_outcome(row));
  return outcomes;
}

}  // namespace

std::vector<LeadEstimateRow> PostgresLeadEstimates::versions(
    MarketNo market, std::optional<std::int64_t> before_version, int limit) {
  std::vector<LeadEstimateRow> versions;
  for (auto const& row : execute(tx_, kVersions, Parameters(market, before_version, limit))) {
    versions.push_back({row.at(0).as<std::int32_t>(), row.at(1).as<std::int64_t>(),
                        row.at(2).as<std::int64_t>(), read_bytes(row.at(3))});
  }
  return versions;
}

void PostgresLeadEstimates::add(MarketNo market, LeadEstimateRow const& version) {
  execute(tx_, kAdd,
          Parameters(market, version.version, version.made_us, version.outcome_no,
                     bytea(std::string_view{version.model})));
}

std::int64_t PostgresLeadEstimates::recorded(MarketNo market) {
  return execute(tx_, kRecorded, Parameters(market)).at(0).at(0).as<std::int64_t>();
}

std::vector<LeadOutcome> PostgresLeadEstimates::unread(MarketNo market, std::int64_t since_us,
                                                       int limit) {
  return read_outcomes(execute(tx_, kUnread, Parameters(market, since_us, limit)));
}

void PostgresLeadEstimates::record(MarketNo market, std::optional<std::int32_t> version,
                                   std::vector<NewLeadOutcome> const& outcomes) {
  std::vector<std::int64_t> leads;
  std::vector<std::int64_t> numbers;
  std::vector<std::int64_t> known;
  std::vector<std::int64_t> won;
  std::vector<std::int64_t> ppm;
  for (auto const& outcome : outcomes) {
    leads.push_back(outcome.lead_no);
    numbers.push_back(outcome.outcome_no);
    known.push_back(outcome.known_us);
    won.push_back(outcome.won ? 1 : 0);
    ppm.push_back(outcome.foretold_ppm);
  }
  execute(tx_, kRecord,
          Parameters(market, version, number_list(leads), number_list(numbers), number_list(known),
                     number_list(won), number_list(ppm)));
}

std::vector<LeadOutcome> PostgresLeadEstimates::latest(MarketNo market, int limit) {
  return read_outcomes(execute(tx_, kLatest, Parameters(market, limit)));
}

std::vector<JudgedOutcome> PostgresLeadEstimates::judged(MarketNo market, std::int32_t first,
                                                         std::int32_t last, int limit) {
  std::vector<JudgedOutcome> judged;
  for (auto const& row : execute(tx_, kJudged, Parameters(market, first, last, limit))) {
    judged.push_back(
        {{row.at(0).as<std::int32_t>(), row.at(1).as<std::int64_t>()}, row.at(2).as<bool>()});
  }
  return judged;
}

}  // namespace leadex::storage::postgres
