#include "server/storage/postgres/finding_rows.hpp"

#include "server/storage/postgres/instant_sql.hpp"
#include "server/storage/postgres/statement.hpp"
#include "server/storage/postgres/trade_sql.hpp"

namespace leadex::storage::postgres {

namespace {

#define LEADEX_FINDING_COLUMNS                                                                 \
  "kind, buyer, generator, lead_no, lead_later_no, counted, seen, rate_ppm, rate_low_ppm, "    \
  "rate_high_ppm, confidence_ppm, reference_ppm, evidence_milli, false_alarms_ppm, from_day, " \
  "until_day, told_by_systems"
constexpr int kFindingColumns = 17;

constexpr char const* kOpen =
    "insert into finding (" LEADEX_FINDING_COLUMNS
    ", market_id, finding_no, found_at) select $1::smallint, $2::bigint, $3::bigint, "
    "$4::bigint, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18::bigint, $19, " LEADEX_INSTANT(
        "$20") " where not exists (select from finding f where f.market_id = $18 and f.kind = $1 "
               "and f.buyer = $2 and f.generator = $3 and f.lead_no = $4 and (f.found_at >= "
    LEADEX_INSTANT("$21") " or f.decided_at >= " LEADEX_INSTANT("$21") ")) on conflict do nothing";
#define LEADEX_FINDING_SELECT \
  "select " LEADEX_FINDING_COLUMNS ", f.market_id, f.finding_no, m.name, "                     \
  LEADEX_MICROS("f.found_at") ", f.state, f.decided_by, " LEADEX_MICROS("f.decided_at")        \
  ", f.note_sealed from finding f join market m on m.market_id = f.market_id "
constexpr char const* kFind = LEADEX_FINDING_SELECT "where f.market_id = $1 and f.finding_no = $2";
constexpr char const* kList = LEADEX_FINDING_SELECT
    "where ($1::bigint is null or f.finding_no < $1::bigint) and ($2::integer is null or f.state = "
    "$2::integer) and ($3::bigint is null or f.market_id = $3::bigint) and ($4::bigint is null or "
    "f.buyer = $4::bigint) and ($5::integer is null or f.kind = $5::integer) order by f.finding_no "
    "desc limit $6";
constexpr char const* kDecide =
    "update finding set state = $3, decided_by = $4, decided_at = " LEADEX_INSTANT(
        "$5") ", note_sealed = $6 where market_id = $1 and finding_no = $2 and state = 0";

constexpr char const* kMarkJudged =
    "insert into judged_period (market_id, from_day, judged_at) values ($1, $2, " LEADEX_INSTANT(
        "$3") ") on conflict do nothing";

constexpr char const* kSale =
    "select s.buyer, s.model, s.state in (1, 2, 3, 5, 6) and not coalesce(a.visit, false), "
    "s.sold_us from sale s left join acquisition a using (market_id, lead_no, slot) where "
    "s.market_id = $1 and s.lead_no = $2 and s.slot = $3";
constexpr char const* kRecord =
    "insert into holdout_outcome (market_id, lead_no, slot, converted, verified_at, recorded_by, "
    "recorded_at) values ($1, $2, $3, $4, " LEADEX_INSTANT("$5") ", $6, " LEADEX_INSTANT(
        "$7") ") on conflict do nothing";

NewFinding read_found(pqxx::row const& row) {
  NewFinding found;
  auto& finding = found.finding;
  auto const at = [&](int column) {
    return row.at(static_cast<pqxx::row::size_type>(column)).as<std::int64_t>();
  };
  finding.kind = read_number_enum(row.at(0), quality::FindingKind::returned_then_converted);
  finding.buyer_no = at(1);
  finding.generator_no = at(2);
  finding.lead_no = at(3);
  finding.lead_later_no = at(4);
  finding.counted = at(5);
  finding.seen = at(6);
  finding.rate_ppm = at(7);
  finding.rate_low_ppm = at(8);
  finding.rate_high_ppm = at(9);
  finding.confidence_ppm = at(10);
  finding.reference_ppm = at(11);
  finding.evidence_milli = at(12);
  finding.false_alarms_ppm = at(13);
  found.from_day = row.at(14).as<std::int32_t>();
  found.until_day = row.at(15).as<std::int32_t>();
  finding.told_by_systems = row.at(16).as<bool>();
  found.market = read_market_no(row.at(kFindingColumns));
  found.finding_no = at(kFindingColumns + 1);
  return found;
}

FindingCase read_case(pqxx::row const& row) {
  FindingCase read;
  read.found = read_found(row);
  read.market = row.at(kFindingColumns + 2).as<std::string>();
  read.found_at = read_time(row.at(kFindingColumns + 3));
  read.state = read_number_enum(row.at(kFindingColumns + 4), FindingState::dismissed);
  read.decided_by = read_maybe<std::int64_t>(row.at(kFindingColumns + 5));
  read.decided_at = read_time_maybe(row.at(kFindingColumns + 6));
  read.note_sealed = read_bytes_maybe(row.at(kFindingColumns + 7)).value_or("");
  return read;
}

template <class Enum>
std::optional<int> number_of(std::optional<Enum> value) {
  if (!value) return std::nullopt;
  return static_cast<int>(*value);
}

}  // namespace

bool PostgresFindingRows::open(NewFinding const& found, OpeningTimes const& at) {
  auto const& f = found.finding;
  auto const done =
      execute(tx_, kOpen,
              Parameters(static_cast<int>(f.kind), f.buyer_no, f.generator_no, f.lead_no,
                         f.lead_later_no, f.counted, f.seen, f.rate_ppm, f.rate_low_ppm,
                         f.rate_high_ppm, f.confidence_ppm, f.reference_ppm, f.evidence_milli,
                         f.false_alarms_ppm, found.from_day, found.until_day, f.told_by_systems,
                         found.market, found.finding_no, at.now, at.round));
  return done.affected_rows() == 1;
}

std::optional<FindingCase> PostgresFindingRows::find(MarketNo market, std::int64_t finding_no) {
  auto const rows = execute(tx_, kFind, Parameters(market, finding_no));
  if (rows.empty()) return std::nullopt;
  return read_case(rows.at(0));
}

std::vector<FindingCase> PostgresFindingRows::list(FindingFilter const& filter) {
  std::vector<FindingCase> found;
  auto const rows = execute(tx_, kList,
                            Parameters(filter.before_no, number_of(filter.state), filter.market,
                                       filter.buyer_no, number_of(filter.kind), filter.limit));
  for (auto const& row : rows) found.push_back(read_case(row));
  return found;
}

bool PostgresFindingRows::decide(FindingCase const& decided) {
  std::optional<std::string> note;
  if (!decided.note_sealed.empty()) note = decided.note_sealed;
  auto const done = execute(
      tx_, kDecide,
      Parameters(decided.found.market, decided.found.finding_no, static_cast<int>(decided.state),
                 decided.decided_by, decided.decided_at, bytea(note)));
  return done.affected_rows() == 1;
}

void PostgresFindingRows::mark_judged(MarketNo market, std::int32_t from_day, Timestamp at) {
  execute(tx_, kMarkJudged, Parameters(market, from_day, at));
}

std::optional<HoldoutSale> PostgresFindingRows::holdout_sale(SaleId sale) {
  auto const rows = execute(tx_, kSale, Parameters(sale.market, sale.lead_no, sale.slot));
  if (rows.empty()) return std::nullopt;
  auto const row = rows.at(0);
  return HoldoutSale{row.at(0).as<std::int64_t>(), read_number_enum(row.at(1), PricingModel::cpc),
                     row.at(2).as<bool>(), read_time(row.at(3))};
}

bool PostgresFindingRows::record(HoldoutOutcome const& outcome) {
  auto const done = execute(
      tx_, kRecord,
      Parameters(outcome.sale.market, outcome.sale.lead_no, outcome.sale.slot, outcome.converted,
                 outcome.verified_at, outcome.recorded_by, outcome.recorded_at));
  return done.affected_rows() == 1;
}

}  // namespace leadex::storage::postgres
