#include "server/storage/postgres/fraud_rows.hpp"

#include "billing/values/check.hpp"
#include "server/storage/postgres/instant_sql.hpp"
#include "server/storage/postgres/statement.hpp"
#include "server/storage/postgres/trade_sql.hpp"

namespace leadex::storage::postgres {

namespace {

constexpr char const* kWaiting =
    "select market_id, batch_no, tenant_no, leads, events, prints, prints_whole from lot_picture "
    "where judged_at is null order by market_id, batch_no limit $1 for update skip locked";
constexpr char const* kCountsOfOthers =
    "select i, coalesce(sum(p.leads[i]), 0)::bigint, coalesce(sum(p.events[i]), 0)::bigint from "
    "generate_series(1, 8) as i left join lot_picture p on p.market_id = $1 and p.tenant_no <> $2 "
    "and p.judged_at is not null and p.closed_at >= " LEADEX_INSTANT(
        "$3") " and not exists (select from fraud_case c where c.market_id = p.market_id and "
              "c.batch_no = p.batch_no and c.state in (0, 1)) group by i order by i";
constexpr char const* kPrintsOfOthers =
    "select market_id, batch_no, prints, prints_whole from lot_picture where market_id = $1 and "
    "batch_no < $2 and tenant_no <> $3 order by batch_no desc limit $4";
constexpr char const* kMarkJudged =
    "update lot_picture set leads = $3, events = $4, judged_at = " LEADEX_INSTANT(
        "$5") " where market_id = $1 and batch_no = $2";
constexpr char const* kForget =
    "delete from lot_picture where (market_id, batch_no) in (select market_id, batch_no from "
    "lot_picture where closed_at < " LEADEX_INSTANT("$1") " limit $2)";

#define LEADEX_FRAUD_COLUMNS                                                           \
  "kind, generator, batch_no, other_batch_no, leads, events, rate_ppm, rate_low_ppm, " \
  "rate_high_ppm, confidence_ppm, reference_ppm, evidence_milli, false_alarms_ppm, "   \
  "posted_day, planted_no, lead_no"
constexpr int kFraudColumns = 16;
constexpr char const* kOpen =
    "insert into fraud_case (" LEADEX_FRAUD_COLUMNS
    ", market_id, case_no, found_at) select $1::smallint, $2::bigint, $3, $4, $5, $6, $7, $8, "
    "$9, $10, $11, $12, $13, $14, $15::bigint, $16::bigint, $17::bigint, $18, " LEADEX_INSTANT(
        "$19") " where not exists (select from fraud_case c where c.planted_no = $15 and c.planted_no "
               "> 0 and c.market_id = $17 and c.generator = $2 and c.lead_no = $16 and c.lead_no > "
               "0) on conflict do nothing";
// The chunk that told of the case was not stored, and its rows have come again under new numbers;
// or a ping told of it, and a post came after.
constexpr char const* kShowLead =
    "update fraud_case c set lead_no = $6 where c.market_id = $1 and c.generator = $2 and "
    "c.batch_no = $3 and c.posted_day = $4 and c.kind = 9 and c.planted_no = $5 and c.state = 0 "
    "and c.lead_no < $6 and not exists (select from lead l where l.market_id = c.market_id and "
    "l.lead_no = c.lead_no)";
#define LEADEX_FRAUD_SELECT \
  "select " LEADEX_FRAUD_COLUMNS ", f.market_id, f.case_no, m.name, " LEADEX_MICROS("f.found_at") \
  ", f.state, f.decided_by, " LEADEX_MICROS("f.decided_at") ", f.note_sealed, f.withdrawn, "      \
  "f.sampling, p.given_to, " LEADEX_MICROS("p.at") ", p.note, array(select k.lead_no from "        \
  "posted_mark k where k.market_id = f.market_id and k.tenant_no = f.generator and k.day = "      \
  "f.posted_day and (k.signs >> (f.kind - 1)) & 1 = 1 order by k.lead_no limit 20)::text, exists " \
  "(select from lead l where l.market_id = f.market_id and l.lead_no = f.lead_no) from "           \
  "fraud_case f join market m on m.market_id = f.market_id left join lateral (select given_to, "  \
  "planted_at as at, note_sealed as note from planted_contact c where c.planted_no = "            \
  "f.planted_no) as p on true "
static_assert(kShownLeads == 20);
constexpr char const* kFind = LEADEX_FRAUD_SELECT "where f.market_id = $1 and f.case_no = $2";
constexpr char const* kList = LEADEX_FRAUD_SELECT
    "where ($1::bigint is null or f.case_no < $1::bigint) and ($2::integer is null or f.state = "
    "$2::integer) and ($3::bigint is null or f.market_id = $3::bigint) and ($4::bigint is null or "
    "f.generator = $4::bigint) and ($5::integer is null or f.kind = $5::integer) order by "
    "f.case_no desc limit $6";
constexpr char const* kDecide =
    "update fraud_case set state = $3, withdrawn = $4, sampling = $8, decided_by = $5, decided_at "
    "= " LEADEX_INSTANT(
        "$6") ", note_sealed = $7 where market_id = $1 and case_no = $2 and state = 0";

constexpr std::size_t kPrintBytes = 8;
constexpr unsigned kByteBits = 8;

std::vector<std::uint64_t> read_prints(pqxx::field const& field) {
  auto const bytes = read_bytes(field);
  LEADEX_CHECK(bytes.size() % kPrintBytes == 0);
  std::vector<std::uint64_t> prints(bytes.size() / kPrintBytes);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    auto& print = prints[i / kPrintBytes];
    print = (print << kByteBits) | static_cast<unsigned char>(bytes[i]);
  }
  return prints;
}

NewFraudCase read_found(pqxx::row const& row) {
  auto const at = [&row](int column) {
    return row.at(static_cast<pqxx::row::size_type>(column)).as<std::int64_t>();
  };
  NewFraudCase found;
  auto& finding = found.finding;
  finding.signal = read_number_enum(row.at(0), quality::LotSignal::planted_contact);
  found.generator_no = at(1);
  found.batch_no = at(2);
  found.other_batch_no = at(3);
  finding.leads = at(4);
  finding.events = at(5);
  finding.rate_ppm = at(6);
  finding.rate_low_ppm = at(7);
  finding.rate_high_ppm = at(8);
  finding.confidence_ppm = at(9);
  finding.reference_ppm = at(10);
  finding.evidence_milli = at(11);
  finding.false_alarms_ppm = at(12);
  found.posted_day = static_cast<std::int32_t>(at(13));
  found.planted_no = at(14);
  found.lead_no = at(15);
  found.market = read_market_no(row.at(kFraudColumns));
  found.case_no = at(kFraudColumns + 1);
  return found;
}

FraudCase read_case(pqxx::row const& row) {
  FraudCase read;
  read.found = read_found(row);
  read.market = row.at(kFraudColumns + 2).as<std::string>();
  read.found_at = read_time(row.at(kFraudColumns + 3));
  read.state = read_number_enum(row.at(kFraudColumns + 4), FindingState::dismissed);
  read.decided_by = read_maybe<std::int64_t>(row.at(kFraudColumns + 5));
  read.decided_at = read_time_maybe(row.at(kFraudColumns + 6));
  read.note_sealed = read_bytes_maybe(row.at(kFraudColumns + 7)).value_or("");
  read.withdrawn = row.at(kFraudColumns + 8).as<bool>();
  read.sampling = read_number_enum(row.at(kFraudColumns + 9), quality::InspectionMode::stopped);
  if (read.found.planted_no > 0) {
    read.planted = PlantedAt{.given_to = row.at(kFraudColumns + 10).as<std::int64_t>(),
                             .planted_at = read_time(row.at(kFraudColumns + 11)),
                             .note_sealed = read_bytes(row.at(kFraudColumns + 12))};
  }
  read.lead_nos = read_numbers(row.at(kFraudColumns + 13));
  if (!row.at(kFraudColumns + 14).as<bool>()) read.found.lead_no = 0;
  return read;
}

template <class Enum>
std::optional<int> number_of(std::optional<Enum> value) {
  if (!value) return std::nullopt;
  return static_cast<int>(*value);
}

}  // namespace

quality::LotCounts read_counts(pqxx::field const& leads, pqxx::field const& events) {
  auto const all = read_numbers(leads);
  auto const seen = read_numbers(events);
  LEADEX_CHECK(all.size() == quality::kLotSignals && seen.size() == quality::kLotSignals);
  quality::LotCounts counts;
  for (std::size_t i = 0; i < quality::kLotSignals; ++i) counts.counts.at(i) = {all[i], seen[i]};
  return counts;
}

SignalArrays signal_arrays(quality::LotCounts const& counts) {
  SignalArrays arrays{"{", "{"};
  for (auto const& count : counts.counts) {
    if (arrays.leads.size() > 1) {
      arrays.leads += ',';
      arrays.events += ',';
    }
    arrays.leads += std::to_string(count.leads);
    arrays.events += std::to_string(count.events);
  }
  arrays.leads += '}';
  arrays.events += '}';
  return arrays;
}

std::string print_bytes(std::span<std::uint64_t const> prints) {
  std::string bytes;
  bytes.reserve(prints.size() * kPrintBytes);
  for (auto const print : prints) {
    for (auto shift = kPrintBytes * kByteBits; shift > 0;) {
      shift -= kByteBits;
      bytes += static_cast<char>(static_cast<unsigned char>(print >> shift));
    }
  }
  return bytes;
}

std::vector<KeptPicture> PostgresFraudRows::waiting(int limit) {
  std::vector<KeptPicture> pictures;
  for (auto const& row : execute(tx_, kWaiting, Parameters(limit))) {
    pictures.push_back(
        {{read_market_no(row.at(0)), row.at(1).as<std::int64_t>()},
         row.at(2).as<std::int64_t>(),
         {read_counts(row.at(3), row.at(4)), read_prints(row.at(5)), row.at(6).as<bool>()}});
  }
  return pictures;
}

quality::LotCounts PostgresFraudRows::counts_of_others(MarketNo market, std::int64_t generator_no,
                                                       Timestamp since) {
  quality::LotCounts counts;
  for (auto const& row : execute(tx_, kCountsOfOthers, Parameters(market, generator_no, since))) {
    counts.counts.at(row.at(0).as<std::size_t>() - 1) = {row.at(1).as<std::int64_t>(),
                                                         row.at(2).as<std::int64_t>()};
  }
  return counts;
}

std::vector<KeptPrints> PostgresFraudRows::prints_of_others(KeptPicture const& before, int limit) {
  std::vector<KeptPrints> all;
  auto const& batch = before.batch;
  for (auto const& row : execute(tx_, kPrintsOfOthers,
                                 Parameters(batch.market, batch.no, before.generator_no, limit))) {
    all.push_back({{read_market_no(row.at(0)), row.at(1).as<std::int64_t>()},
                   read_prints(row.at(2)),
                   row.at(3).as<bool>()});
  }
  return all;
}

void PostgresFraudRows::mark_judged(BatchId batch, quality::LotCounts const& counts, Timestamp at) {
  auto const arrays = signal_arrays(counts);
  execute(tx_, kMarkJudged, Parameters(batch.market, batch.no, arrays.leads, arrays.events, at));
}

std::int64_t PostgresFraudRows::forget_before(Timestamp at, int limit) {
  return static_cast<std::int64_t>(execute(tx_, kForget, Parameters(at, limit)).affected_rows());
}

bool PostgresFraudRows::open(NewFraudCase const& found, Timestamp at) {
  auto const& f = found.finding;
  auto const done =
      execute(tx_, kOpen,
              Parameters(static_cast<int>(f.signal), found.generator_no, found.batch_no,
                         found.other_batch_no, f.leads, f.events, f.rate_ppm, f.rate_low_ppm,
                         f.rate_high_ppm, f.confidence_ppm, f.reference_ppm, f.evidence_milli,
                         f.false_alarms_ppm, found.posted_day, found.planted_no, found.lead_no,
                         found.market, found.case_no, at));
  return done.affected_rows() == 1;
}

void PostgresFraudRows::show_lead(NewFraudCase const& found) {
  execute(tx_, kShowLead,
          Parameters(found.market, found.generator_no, found.batch_no, found.posted_day,
                     found.planted_no, found.lead_no));
}

std::optional<FraudCase> PostgresFraudRows::find(MarketNo market, std::int64_t case_no) {
  auto const rows = execute(tx_, kFind, Parameters(market, case_no));
  if (rows.empty()) return std::nullopt;
  return read_case(rows.at(0));
}

std::vector<FraudCase> PostgresFraudRows::list(FraudCaseFilter const& filter) {
  std::vector<FraudCase> found;
  for (auto const& row :
       execute(tx_, kList,
               Parameters(filter.before_no, number_of(filter.state), filter.market,
                          filter.generator_no, number_of(filter.kind), filter.limit))) {
    found.push_back(read_case(row));
  }
  return found;
}

bool PostgresFraudRows::decide(FraudCase const& decided) {
  std::optional<std::string> note;
  if (!decided.note_sealed.empty()) note = decided.note_sealed;
  auto const done =
      execute(tx_, kDecide,
              Parameters(decided.found.market, decided.found.case_no,
                         static_cast<int>(decided.state), decided.withdrawn, decided.decided_by,
                         decided.decided_at, bytea(note), static_cast<int>(decided.sampling)));
  return done.affected_rows() == 1;
}

}  // namespace leadex::storage::postgres
