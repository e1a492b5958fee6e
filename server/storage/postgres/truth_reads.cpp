#include "server/storage/postgres/truth_reads.hpp"

#include "billing/values/check.hpp"
#include "server/storage/postgres/instant_sql.hpp"
#include "server/storage/postgres/statement.hpp"
#include "server/storage/postgres/trade_sql.hpp"

namespace leadex::storage::postgres {

namespace {

#define LEADEX_DAY_US "86400000000"
/// Sales of those days that were delivered or still may be.
#define LEADEX_SOLD_IN(from, until)                                          \
  "s.sold_us >= " from "::bigint * " LEADEX_DAY_US " and s.sold_us < " until \
  "::bigint * " LEADEX_DAY_US " and s.state <> 4 "
// A sale that is open for ever, since its buyer cannot pay, has its conversion: c.state 4.
#define LEADEX_CONVERSION_JOIN                                                                  \
  "left join conversion c on c.market_id = s.market_id and c.lead_no = s.lead_no and c.slot = " \
  "s.slot and c.state in (0, 1, 4) "
#define LEADEX_ACQUISITION_OPEN "(s.state in (0, 1, 5) and c.state is distinct from 4)"
// A return that is accepted ends the conversion that waits, in the same instant.
#define LEADEX_ENDED_BY_RETURN                                                               \
  "select from return_case r where r.market_id = e.market_id and r.lead_no = e.lead_no and " \
  "r.slot = e.slot and r.state = 1 and r.decided_us = e.moved_us"
#define LEADEX_REPORTED                                                                       \
  "(coalesce(c.state in (1, 4), false) or (s.state = 3 and exists (select from conversion e " \
  "where e.market_id = "                                                                      \
  "s.market_id and e.lead_no = s.lead_no and e.slot = s.slot and e.state = 2 and exists "     \
  "(" LEADEX_ENDED_BY_RETURN "))))"
// Batches tell the order exactly; of the instant of the relisting a lead keeps only the last.
#define LEADEX_RELISTING_JOIN                                                                     \
  "left join lead_rest z on z.market_id = s.market_id and z.lead_no = s.lead_no and z.round = 0 " \
  "and z.market_seq <= s.batch_seq "

constexpr char const* kPastCases =
    "select buyer, kind, lead_no, bool_or(state = 0), floor(max(extract(epoch from decided_at)) / "
    "86400)::integer from finding where market_id = $1 and (lead_no = 0 or found_at "
    ">= " LEADEX_INSTANT("$2") ") group by buyer, kind, lead_no";
constexpr char const* kJudged =
    "select from_day from judged_period where market_id = $1 and from_day >= $2 order by from_day";

constexpr char const* kConversions =
    "select s.sold_us / " LEADEX_DAY_US
    " as day, s.generator, l.vehicle, a.event, s.exclusive, z.round is not null, s.buyer, count(*) "
    "filter (where s.state <> 0), count(*) filter (where " LEADEX_REPORTED
    "), count(*) filter (where " LEADEX_ACQUISITION_OPEN
    ") from sale s join acquisition a using (market_id, lead_no, slot) join lead l on l.market_id "
    "= s.market_id and l.lead_no = s.lead_no " LEADEX_RELISTING_JOIN LEADEX_CONVERSION_JOIN
    "where s.market_id = $1 and s.model = 1 and " LEADEX_SOLD_IN(
        "$2", "$3") "group by 1, 2, 3, 4, 5, 6, 7 order by 1, 2, 3, 4, 5, 6, 7 limit $4";
// A return stays open until it is decided, and so does its sale.
constexpr char const* kReturns =
    "select s.sold_us / " LEADEX_DAY_US
    " as day, s.generator, 0, '', s.exclusive, z.round is not null, s.buyer, count(*) filter "
    "(where s.state <> 0), count(*) filter (where r.state = 1), count(*) filter (where s.state in "
    "(0, 1) or r.state in (0, 2)) from sale s " LEADEX_RELISTING_JOIN
    "left join return_case r on r.market_id = s.market_id and r.lead_no = s.lead_no and r.slot = "
    "s.slot where s.market_id = $1 and s.model = 0 and not s.trial and r.ruling is distinct from 1 "
    "and " LEADEX_SOLD_IN("$2", "$3") "group by 1, 2, 5, 6, 7 order by 1, 2, 5, 6, 7 limit $4";

constexpr char const* kVerified =
    "select s.buyer, s.sold_us / " LEADEX_DAY_US " as day, " LEADEX_REPORTED
    ", " LEADEX_ACQUISITION_OPEN
    " from holdout_outcome h join sale s using (market_id, lead_no, slot) join acquisition a using "
    "(market_id, lead_no, slot) " LEADEX_CONVERSION_JOIN
    "where h.market_id = $1 and h.converted and a.until_us < $3::bigint * " LEADEX_DAY_US
    " and h.recorded_at < to_timestamp($3::bigint * 86400) and " LEADEX_SOLD_IN(
        "$2", "$3") "order by greatest(a.until_us / " LEADEX_DAY_US
                    ", floor(extract(epoch from h.recorded_at) / 86400)::bigint), a.until_us, "
                    "s.lead_no, s.slot limit $4";

constexpr char const* kReturned =
    "select r.return_no, r.opened_us, r.buyer, r.lead_no, r.generator, s.sold_us, r.reason = "
    "'duplicate', r.state = 1 and s.state = 3 and r.ruling <> 1 from (select * from return_case "
    "where market_id = $1 "
    "and ($2::bigint is null or return_no < $2::bigint) order by return_no desc limit $3) r join "
    "sale s on s.market_id = r.market_id and s.lead_no = r.lead_no and s.slot = r.slot order by "
    "r.return_no desc";
// Of leads: what is noted of clicks costs nothing, so anybody could fill the page with it.
constexpr char const* kReported =
    "select e.conversion_no, e.told_us, e.buyer, e.lead_no, e.at_us, e.state <> 2 or exists "
    "(" LEADEX_ENDED_BY_RETURN
    "), e.confirmed from (select * from conversion c where market_id = $1 and state <> 5 and "
    "($2::bigint is null or conversion_no < $2::bigint) and not exists (select from click k where "
    "k.market_id = c.market_id and k.click_no = c.lead_no) order by conversion_no desc limit $3) e "
    "order by e.conversion_no "
    "desc";
constexpr char const* kContacts =
    "select c.lead_no, c.sealed, k.kek_id, k.wrapped from contact c join lead_key k on k.market_id "
    "= c.market_id and k.lead_no = c.lead_no where c.market_id = $1 and c.lead_no = "
    "any($2::bigint[])";

constexpr char const* kUnverified =
    "select s.lead_no, s.slot, s.buyer, s.generator, s.sold_us, a.event, a.until_us, s.exclusive "
    "from sale s join acquisition a using (market_id, lead_no, slot) where s.market_id = $1 and "
    "s.model = 1 and not a.visit and s.state in (1, 2, 3, 5, 6) and s.sold_us >= $2 and "
    "($3::bigint is null or "
    "(s.sold_us, s.lead_no, s.slot) < ($3::bigint, $4::bigint, $5::integer)) and not exists "
    "(select from holdout_outcome h where h.market_id = s.market_id and h.lead_no = s.lead_no and "
    "h.slot = s.slot) order by s.sold_us desc, s.lead_no desc, s.slot desc limit $6";

template <class T>
T number(pqxx::row const& row, int column) {
  return row.at(static_cast<pqxx::row::size_type>(column)).as<T>();
}

PastCases read_past(pqxx::row const& row) {
  PastCases past;
  past.buyer_no = number<std::int64_t>(row, 0);
  past.kind = read_number_enum(row.at(1), quality::FindingKind::returned_then_converted);
  past.lead_no = number<std::int64_t>(row, 2);
  past.open = row.at(3).as<bool>();
  past.decided_day = read_maybe<std::int32_t>(row.at(4));
  return past;
}

EventCounts read_counts(pqxx::row const& row) {
  EventCounts counts;
  counts.day = number<std::int32_t>(row, 0);
  counts.segment = {number<std::int64_t>(row, 1), number<std::int32_t>(row, 2),
                    number<std::string>(row, 3), number<bool>(row, 4), number<bool>(row, 5)};
  counts.buyer_no = number<std::int64_t>(row, 6);
  counts.leads = number<std::int64_t>(row, 7);
  counts.events = number<std::int64_t>(row, 8);
  counts.open = number<std::int64_t>(row, 9);
  return counts;
}

VerifiedSale read_verified(pqxx::row const& row) {
  return {number<std::int64_t>(row, 0), number<std::int32_t>(row, 1), number<bool>(row, 2),
          number<bool>(row, 3)};
}

ReturnedSale read_returned(pqxx::row const& row) {
  return {number<std::int64_t>(row, 0), number<std::int64_t>(row, 1), number<std::int64_t>(row, 2),
          number<std::int64_t>(row, 3), number<std::int64_t>(row, 4), number<std::int64_t>(row, 5),
          row.at(6).as<bool>(),         row.at(7).as<bool>()};
}

ReportedSale read_reported(pqxx::row const& row) {
  return {number<std::int64_t>(row, 0), number<std::int64_t>(row, 1), number<std::int64_t>(row, 2),
          number<std::int64_t>(row, 3), number<std::int64_t>(row, 4), number<bool>(row, 5),
          number<bool>(row, 6)};
}

SealedLead read_sealed(pqxx::row const& row) {
  SealedLead sealed;
  sealed.lead_no = number<std::int64_t>(row, 0);
  sealed.contact_sealed = read_bytes(row.at(1));
  sealed.kek_id = number<std::int32_t>(row, 2);
  sealed.key_wrapped = read_bytes(row.at(3));
  return sealed;
}

template <class Read>
auto read_all(pqxx::result const& rows, Read read) {
  std::vector<decltype(read(rows.at(0)))> all;
  all.reserve(rows.size());
  for (auto const& row : rows) all.push_back(read(row));
  return all;
}

}  // namespace

PostgresTruthReads::Later<std::vector<PastCases>> PostgresTruthReads::past_cases(
    MarketNo market, std::int64_t since_us) {
  co_return co_await pool_.run([market, since_us](pqxx::work& tx) {
    return read_all(execute(tx, kPastCases, Parameters(market, since_us)), read_past);
  });
}

PostgresTruthReads::Later<std::vector<std::int32_t>> PostgresTruthReads::judged(
    MarketNo market, std::int32_t from_day) {
  co_return co_await pool_.run([market, from_day](pqxx::work& tx) {
    return read_all(execute(tx, kJudged, Parameters(market, from_day)),
                    [](pqxx::row const& row) { return number<std::int32_t>(row, 0); });
  });
}

PostgresTruthReads::Later<std::vector<EventCounts>> PostgresTruthReads::counts(
    char const* statement, MarketNo market, SaleDays days) {
  LEADEX_CHECK(days.until - days.from <= kDaysMax);
  co_return co_await pool_.run([statement, market, days](pqxx::work& tx) {
    auto const rows = execute(tx, statement, Parameters(market, days.from, days.until, kCountsMax));
    return read_all(rows, read_counts);
  });
}

PostgresTruthReads::Later<std::vector<EventCounts>> PostgresTruthReads::conversions(MarketNo market,
                                                                                    SaleDays days) {
  return counts(kConversions, market, days);
}

PostgresTruthReads::Later<std::vector<EventCounts>> PostgresTruthReads::returns(MarketNo market,
                                                                                SaleDays days) {
  return counts(kReturns, market, days);
}

PostgresTruthReads::Later<std::vector<VerifiedSale>> PostgresTruthReads::verified(MarketNo market,
                                                                                  SaleDays days) {
  co_return co_await pool_.run([market, days](pqxx::work& tx) {
    auto const rows = execute(tx, kVerified, Parameters(market, days.from, days.until, kCountsMax));
    return read_all(rows, read_verified);
  });
}

PostgresTruthReads::Later<std::vector<ReturnedSale>> PostgresTruthReads::returned(
    MarketNo market, std::optional<std::int64_t> before_no) {
  co_return co_await pool_.run([market, before_no](pqxx::work& tx) {
    return read_all(execute(tx, kReturned, Parameters(market, before_no, kPageMax)), read_returned);
  });
}

PostgresTruthReads::Later<std::vector<ReportedSale>> PostgresTruthReads::reported(
    MarketNo market, std::optional<std::int64_t> before_no) {
  co_return co_await pool_.run([market, before_no](pqxx::work& tx) {
    return read_all(execute(tx, kReported, Parameters(market, before_no, kPageMax)), read_reported);
  });
}

PostgresTruthReads::Later<std::vector<SealedLead>> PostgresTruthReads::contacts(
    MarketNo market, std::vector<std::int64_t> lead_nos) {
  LEADEX_CHECK(!lead_nos.empty() && lead_nos.size() <= kPageMax);
  co_return co_await pool_.run([market, lead_nos](pqxx::work& tx) {
    return read_all(execute(tx, kContacts, Parameters(market, number_list(lead_nos))), read_sealed);
  });
}

PostgresTruthReads::Later<std::vector<UnverifiedSale>> PostgresTruthReads::unverified(
    MarketNo market, std::optional<HoldoutCursor> before, std::int64_t since_us) {
  co_return co_await pool_.run([market, before, since_us](pqxx::work& tx) {
    auto const at = before.value_or(HoldoutCursor{});
    std::optional<std::int64_t> sold_us;
    if (before) sold_us = at.sold_us;
    auto const rows = execute(tx, kUnverified,
                              Parameters(market, since_us, sold_us, at.lead_no, at.slot, kPageMax));
    return read_all(rows, [market](pqxx::row const& row) {
      return UnverifiedSale{{market, number<std::int64_t>(row, 0), number<std::int32_t>(row, 1)},
                            number<std::int64_t>(row, 2),
                            number<std::int64_t>(row, 3),
                            read_time(row.at(4)),
                            number<std::string>(row, 5),
                            read_time(row.at(6)),
                            number<bool>(row, 7)};
    });
  });
}

}  // namespace leadex::storage::postgres
