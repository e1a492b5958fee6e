#include "server/storage/postgres/realtime_rows.hpp"

#include <algorithm>

#include "server/storage/postgres/instant_sql.hpp"
#include "server/storage/postgres/offer_rows.hpp"
#include "server/storage/postgres/statement.hpp"
#include "server/storage/postgres/trade_sql.hpp"

namespace leadex::storage::postgres {

namespace {

// By the newest version: a market may be at work under the one before for a moment.
constexpr char const* kTerms =
    "select coalesce((d.definition->>'realtime_check_bp')::integer, 200), "
    "coalesce((d.definition->'spot_check'->>'second_opinion_bp')::integer, 0), "
    "d.definition->>'realtime_check' = 'hold' from (select definition::json as definition from "
    "market_version where market_id = $1 order by version desc limit 1) d where "
    "d.definition->>'realtime_check' in ('after_sale', 'hold')";

constexpr char const* kAddDay =
    "insert into realtime_day (market_id, day, commitment, secret_sealed, rate_bp, second_bp, "
    "hold, published_at) values ($1, $2, $3, $4, $5, $6, $7, " LEADEX_INSTANT(
        "$8") ") on conflict do nothing";
#define LEADEX_DAY                                                                        \
  "d.day, d.commitment, d.secret_sealed, d.rate_bp, d.second_bp, d.hold, " LEADEX_MICROS( \
      "d.published_at")
constexpr char const* kDay =
    "select " LEADEX_DAY " from realtime_day d where d.market_id = $1 and d.day = $2";
// Undecided is, too, a chosen lead whose check is not open yet. Asked of the last days alone, and
// no further than to the first one.
#define LEADEX_DAY_VIEW(asked_from)                                                              \
  "select " LEADEX_DAY ", case when d.day >= " asked_from                                        \
  "::integer then exists (select from realtime_check r where r.market_id = d.market_id and "     \
  "r.day = d.day and r.applied_at is null) or exists (select from lead l where l.market_id = "   \
  "d.market_id and l.batch_no = 0 and l.row_no = d.day and not exists (select from "             \
  "realtime_check r where r.market_id = l.market_id and r.lead_no = l.lead_no)) else false end " \
  "from realtime_day d where d.market_id = $1 and "
constexpr char const* kDays =
    LEADEX_DAY_VIEW("$4") "($2::bigint is null or d.day < $2::bigint) order by d.day desc limit $3";
constexpr char const* kDayView = LEADEX_DAY_VIEW("$3") "d.day = $2";

constexpr char const* kChosen =
    "select l.lead_no, l.tenant_no, l.row_no from lead l where l.market_id = $1 and l.batch_no = 0 "
    "and l.row_no > 0 and l.row_no >= $2 and not exists (select from realtime_check r where "
    "r.market_id = l.market_id and r.lead_no = l.lead_no) order by l.row_no, l.lead_no limit $3";
constexpr char const* kOpen =
    "insert into realtime_check (market_id, lead_no, day, tenant_no, check_no, opened_at) select "
    "$1::bigint, u.lead, u.day, u.tenant, u.no, " LEADEX_INSTANT(
        "$6") " from unnest($2::bigint[], $3::integer[], $4::bigint[], $5::bigint[]) as u(lead, "
              "day, tenant, no) on conflict do nothing";
// Numbered on behind the day's checks so far: the market's owner alone opens them.
constexpr char const* kQueue =
    "insert into spot_check (market_id, check_no, batch_no, position, row_no, lead_no) select "
    "r.market_id, r.check_no, -r.day, (select coalesce(max(c.position), -1) from spot_check c "
    "where c.market_id = r.market_id and c.batch_no = -r.day) + row_number() over (partition by "
    "r.day order by r.lead_no), r.lead_no, r.lead_no from realtime_check r where r.market_id = $1 "
    "and r.check_no = any($2::bigint[])";
constexpr char const* kLeadOf =
    "select lead_no, tenant_no, day from realtime_check where market_id = $1 and check_no = $2";

#define LEADEX_CHECKED                                                                           \
  "select r.check_no, r.lead_no, r.tenant_no, r.day, c.verdict, coalesce(c.reason, '') from "    \
  "realtime_check r join spot_check c on c.market_id = r.market_id and c.check_no = r.check_no " \
  "where r.market_id = $1 and "
constexpr char const* kDecided = LEADEX_CHECKED
    "r.applied_at is null and c.status = 'done' and c.verdict is not null order by r.check_no "
    "limit $2";
constexpr char const* kOwing = LEADEX_CHECKED
    "r.credit_at <= " LEADEX_INSTANT("$3") " order by r.credit_at, r.check_no limit $2";
constexpr char const* kCreditable =
    "select s.slot, s.state from sale s where s.market_id = $1 and s.lead_no = $2 and (s.state in "
    "(0, 1, 5) or s.state = 2 and s.credited < s.gross and not exists (select from claw_back o "
    "where o.market_id = s.market_id and o.lead_no = s.lead_no and o.slot = s.slot and "
    "o.ordered_by = 0)) order by s.slot";
constexpr char const* kMarkApplied = "update realtime_check set applied_at = " LEADEX_INSTANT(
    "$3") " where market_id = $1 and check_no = $2 and applied_at is null";
constexpr char const* kCreditAt =
    "update realtime_check set credit_at = timestamptz 'epoch' + $3::bigint * interval '1 "
    "microsecond' where market_id = $1 and check_no = $2";
// Read with every offer of the lead that is made again.
constexpr char const* kBar =
    "insert into lead_withheld select market_id, lead_no, 0 from lead where market_id = $1 and "
    "lead_no = $2 on conflict do nothing";

#define LEADEX_HELD "l.market_id = $1 and l.batch_no = 0 and l.state = 0 "
constexpr char const* kToRelease =
    "select " LEADEX_OFFER_COLUMNS
    ", c.sealed, k.kek_id, k.wrapped from lead l join contact c on c.market_id = l.market_id and "
    "c.lead_no = l.lead_no join lead_key k on k.market_id = l.market_id and k.lead_no = l.lead_no "
    "where " LEADEX_HELD
    "and l.lead_no > $2 and (l.row_no = 0 or exists (select from realtime_check r join spot_check "
    "c on c.market_id = r.market_id and c.check_no = r.check_no where r.market_id = l.market_id "
    "and r.lead_no = l.lead_no and r.applied_at is not null and c.verdict <> 'bad')) order by "
    "l.lead_no limit $3";
constexpr char const* kErased =
    "select l.lead_no, l.tenant_no, l.row_no from lead l where " LEADEX_HELD
    "and not exists (select from lead_key k where k.market_id = l.market_id and k.lead_no = "
    "l.lead_no) order by l.lead_no limit $2";

constexpr char const* kChecksOfDay =
    "select r.check_no, r.lead_no, c.verdict, coalesce(c.reason, '') from realtime_check r join "
    "spot_check c on c.market_id = r.market_id and c.check_no = r.check_no where r.market_id = $2 "
    "and r.day = $3 and ($1::bigint is null or r.tenant_no = $1::bigint or exists (select from "
    "sale s where s.market_id = r.market_id and s.lead_no = r.lead_no and s.buyer = $1::bigint and "
    "s.state <> 4)) and ($4::bigint is null or r.check_no < $4::bigint) order by r.check_no desc "
    "limit $5";

constexpr char const* kCount =
    "insert into realtime_source as s (market_id, tenant_no, checked, bad) values ($1, $2, 1, $3) "
    "on conflict (market_id, tenant_no) do update set checked = s.checked + 1, bad = s.bad + "
    "excluded.bad returning s.checked, s.bad";
constexpr char const* kBeginAnew =
    "update realtime_source set checked = 0, bad = 0, restricted_at = " LEADEX_INSTANT(
        "$3") " where market_id = $1 and tenant_no = $2";

RealtimeDay read_day(pqxx::row const& row) {
  return {row.at(0).as<DayNo>(),
          read_bytes(row.at(1)),
          read_bytes(row.at(2)),
          {BasisPoints{row.at(3).as<std::int32_t>()}, BasisPoints{row.at(4).as<std::int32_t>()},
           row.at(5).as<bool>()},
          read_time(row.at(6))};
}

RealtimeDayView read_day_view(pqxx::row const& row) {
  return {read_day(row), row.at(7).as<bool>()};
}

std::vector<ChosenLead> read_leads(pqxx::result const& rows) {
  std::vector<ChosenLead> leads;
  for (auto const& row : rows) {
    leads.push_back(
        {row.at(0).as<std::int64_t>(), row.at(1).as<std::int64_t>(), row.at(2).as<DayNo>()});
  }
  return leads;
}

std::vector<DecidedCheck> read_checks(MarketNo market, pqxx::result const& rows) {
  std::vector<DecidedCheck> checks;
  for (auto const& row : rows) {
    checks.push_back(
        {{market, row.at(0).as<std::int64_t>()},
         {row.at(1).as<std::int64_t>(), row.at(2).as<std::int64_t>(), row.at(3).as<DayNo>()},
         read_enum<CheckVerdict>(row.at(4), kCheckVerdictTexts),
         row.at(5).as<std::string>()});
  }
  return checks;
}

/// "{…}" of one column of the checks.
template <class Of>
std::string list_of(std::span<NewRealtimeCheck const> checks, Of of) {
  std::string list = "{";
  for (auto const& check : checks) {
    if (list.size() > 1) list += ',';
    list += std::to_string(of(check));
  }
  return list + '}';
}

}  // namespace

std::optional<RealtimeTerms> PostgresRealtimeRows::terms(MarketNo market) {
  auto const rows = execute(tx_, kTerms, Parameters(market));
  if (rows.empty()) return std::nullopt;
  return RealtimeTerms{BasisPoints{rows.at(0).at(0).as<std::int32_t>()},
                       BasisPoints{rows.at(0).at(1).as<std::int32_t>()},
                       rows.at(0).at(2).as<bool>()};
}

bool PostgresRealtimeRows::add_day(MarketNo market, RealtimeDay const& day) {
  return execute(tx_, kAddDay,
                 Parameters(market, day.day, bytea(std::string_view{day.commitment}),
                            bytea(std::string_view{day.secret_sealed}), day.terms.rate.bp,
                            day.terms.second_opinion.bp, day.terms.hold, day.published_at))
             .affected_rows() == 1;
}

std::optional<RealtimeDay> PostgresRealtimeRows::day(MarketNo market, DayNo day) {
  auto const rows = execute(tx_, kDay, Parameters(market, day));
  if (rows.empty()) return std::nullopt;
  return read_day(rows.at(0));
}

std::vector<RealtimeDayView> PostgresRealtimeRows::days(MarketNo market,
                                                        std::optional<std::int64_t> before,
                                                        DayNo asked_from, int limit) {
  std::vector<RealtimeDayView> days;
  for (auto const& row : execute(tx_, kDays, Parameters(market, before, limit, asked_from))) {
    days.push_back(read_day_view(row));
  }
  return days;
}

std::optional<RealtimeDayView> PostgresRealtimeRows::day_view(MarketNo market, DayNo day,
                                                              DayNo asked_from) {
  auto const rows = execute(tx_, kDayView, Parameters(market, day, asked_from));
  if (rows.empty()) return std::nullopt;
  return read_day_view(rows.at(0));
}

std::vector<ChosenLead> PostgresRealtimeRows::chosen(MarketNo market, DayNo from, int limit) {
  return read_leads(execute(tx_, kChosen, Parameters(market, from, limit)));
}

void PostgresRealtimeRows::open(MarketNo market, std::span<NewRealtimeCheck const> checks) {
  if (checks.empty()) return;
  using C = NewRealtimeCheck const&;
  auto const numbers = list_of(checks, [](C c) { return c.check_no; });
  execute(tx_, kOpen,
          Parameters(market, list_of(checks, [](C c) { return c.lead.lead_no; }),
                     list_of(checks, [](C c) { return c.lead.day; }),
                     list_of(checks, [](C c) { return c.lead.tenant_no; }), numbers, now_));
  execute(tx_, kQueue, Parameters(market, numbers));
}

std::optional<ChosenLead> PostgresRealtimeRows::lead_of(CheckId check) {
  auto const rows = execute(tx_, kLeadOf, Parameters(check.market, check.no));
  if (rows.empty()) return std::nullopt;
  auto const row = rows.at(0);
  return ChosenLead{row.at(0).as<std::int64_t>(), row.at(1).as<std::int64_t>(),
                    row.at(2).as<DayNo>()};
}

std::vector<DecidedCheck> PostgresRealtimeRows::decided(MarketNo market, int limit) {
  return read_checks(market, execute(tx_, kDecided, Parameters(market, limit)));
}

bool PostgresRealtimeRows::mark_applied(CheckId check) {
  return execute(tx_, kMarkApplied, Parameters(check.market, check.no, now_)).affected_rows() == 1;
}

void PostgresRealtimeRows::bar(LeadId lead) {
  execute(tx_, kBar, Parameters(lead.market, lead.no));
}

void PostgresRealtimeRows::credit_at(CheckId check, std::optional<Timestamp> at) {
  auto const micros = at ? std::optional{to_unix_micros(*at)} : std::nullopt;
  execute(tx_, kCreditAt, Parameters(check.market, check.no, micros));
}

std::vector<DecidedCheck> PostgresRealtimeRows::owing(MarketNo market, int limit) {
  return read_checks(market, execute(tx_, kOwing, Parameters(market, limit, now_)));
}

std::vector<CreditableSale> PostgresRealtimeRows::creditable(LeadId lead) {
  std::vector<CreditableSale> sales;
  for (auto const& row : execute(tx_, kCreditable, Parameters(lead.market, lead.no))) {
    sales.push_back(
        {row.at(0).as<std::int32_t>(), read_number_enum(row.at(1), market::SaleState::lapsed)});
  }
  return sales;
}

std::vector<UnofferedLead> PostgresRealtimeRows::to_release(MarketNo market, std::int64_t after_no,
                                                            int limit) {
  std::vector<UnofferedLead> leads;
  for (auto const& row : execute(tx_, kToRelease, Parameters(market, after_no, limit))) {
    auto offer = read_offer(row);
    SealedLead sealed{.lead_no = offer.lead_no,
                      .version = offer.version,
                      .contact_sealed = read_bytes(row.at(kOfferColumns)),
                      .kek_id = row.at(kOfferColumns + 1).as<std::int32_t>(),
                      .key_wrapped = read_bytes(row.at(kOfferColumns + 2))};
    leads.push_back({std::move(offer), std::move(sealed)});
  }
  return leads;
}

std::vector<ChosenLead> PostgresRealtimeRows::erased(MarketNo market, int limit) {
  return read_leads(execute(tx_, kErased, Parameters(market, limit)));
}

std::vector<RealtimeCheckView> PostgresRealtimeRows::checks(RealtimeCheckFilter const& filter) {
  std::vector<RealtimeCheckView> checks;
  for (auto const& row : execute(tx_, kChecksOfDay,
                                 Parameters(filter.viewer.scope(), filter.market, filter.day,
                                            filter.before_no, filter.limit))) {
    RealtimeCheckView view{{filter.market, row.at(0).as<std::int64_t>()},
                           row.at(1).as<std::int64_t>(),
                           std::nullopt,
                           row.at(3).as<std::string>()};
    if (!row.at(2).is_null()) view.verdict = read_enum<CheckVerdict>(row.at(2), kCheckVerdictTexts);
    checks.push_back(std::move(view));
  }
  return checks;
}

PostedFigures PostgresRealtimeRows::count(MarketNo market, std::int64_t tenant_no, bool bad) {
  auto const row = execute(tx_, kCount, Parameters(market, tenant_no, bad ? 1 : 0)).at(0);
  return {row.at(0).as<std::int64_t>(), row.at(1).as<std::int64_t>()};
}

void PostgresRealtimeRows::begin_anew(MarketNo market, std::int64_t tenant_no) {
  execute(tx_, kBeginAnew, Parameters(market, tenant_no, now_));
}

}  // namespace leadex::storage::postgres
