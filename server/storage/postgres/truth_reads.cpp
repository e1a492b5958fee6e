#include "server/storage/postgres/truth_reads.hpp"

#include "billing/values/check.hpp"
#include "server/storage/postgres/statement.hpp"
#include "server/storage/postgres/trade_sql.hpp"

namespace leadex::storage::postgres {

namespace {

#define LEADEX_DAY_US "86400000000"
#define LEADEX_SOLD_IN(from, until)                                          \
  "s.sold_us >= " from "::bigint * " LEADEX_DAY_US " and s.sold_us < " until \
  "::bigint * " LEADEX_DAY_US " and s.state in (1, 2, 3, 5, 6) " /* it was delivered */

constexpr char const* kPastCases =
    "select buyer, kind, lead_no, bool_or(state = 0), floor(max(extract(epoch from decided_at)) / "
    "86400)::integer from finding where market_id = $1 group by buyer, kind, lead_no";

// A conversion that waits for its buyer's word was told by its buyer's own systems.
constexpr char const* kConversions =
    "select s.sold_us / " LEADEX_DAY_US
    " as day, s.generator, l.vehicle, s.buyer, count(*), count(c.state) from sale s join lead l on "
    "l.market_id = s.market_id and l.lead_no = s.lead_no left join conversion c on c.market_id = "
    "s.market_id and c.lead_no = s.lead_no and c.slot = s.slot and c.state in (0, 1, 4) where "
    "s.market_id = $1 and s.model = 1 and " LEADEX_SOLD_IN(
        "$2", "$3") "group by 1, 2, 3, 4 order by 1, 2, 3, 4 limit $4";
constexpr char const* kReturns =
    "select s.sold_us / " LEADEX_DAY_US
    " as day, s.generator, 0, s.buyer, count(*), count(r.return_no) from sale s left join "
    "return_case r on r.market_id = s.market_id and r.lead_no = s.lead_no and r.slot = s.slot and "
    "r.state = 1 where s.market_id = $1 and s.model <> 2 and not s.trial and " LEADEX_SOLD_IN(
        "$2", "$3") "group by 1, 2, 4 order by 1, 2, 4 limit $4";

constexpr char const* kVerified =
    "select s.buyer, s.sold_us / " LEADEX_DAY_US
    " as day, exists (select from conversion c where c.market_id = s.market_id and c.lead_no = "
    "s.lead_no and c.slot = s.slot and c.state in (0, 1, 4)) from holdout_outcome h join sale s "
    "using (market_id, lead_no, slot) where h.market_id = $1 and h.converted and " LEADEX_SOLD_IN(
        "$2", "$3") "order by greatest(s.sold_us / " LEADEX_DAY_US
                    " + $4::bigint, floor(extract(epoch from h.recorded_at) / 86400)::bigint), "
                    "s.lead_no, "
                    "s.slot limit $5";

constexpr char const* kReturned =
    "select r.return_no, r.opened_us, r.buyer, r.lead_no, r.generator, s.sold_us, r.reason = "
    "'duplicate', r.state = 1 and s.state = 3 from (select * from return_case where market_id = $1 "
    "and ($2::bigint is null or return_no < $2::bigint) order by return_no desc limit $3) r join "
    "sale s on s.market_id = r.market_id and s.lead_no = r.lead_no and s.slot = r.slot order by "
    "r.return_no desc";
// A return that is accepted ends the conversion that waits, in the same instant.
constexpr char const* kReported =
    "select c.conversion_no, c.told_us, c.buyer, c.lead_no, c.at_us, c.state <> 2 or exists "
    "(select from return_case r where r.market_id = c.market_id and r.lead_no = c.lead_no and "
    "r.slot = c.slot and r.state = 1 and r.decided_us = c.moved_us) from (select * from conversion "
    "where market_id = $1 and ($2::bigint is null or conversion_no < $2::bigint) order by "
    "conversion_no desc limit $3) c order by c.conversion_no desc";
constexpr char const* kContacts =
    "select c.lead_no, c.sealed, k.kek_id, k.wrapped from contact c join lead_key k on k.market_id "
    "= c.market_id and k.lead_no = c.lead_no where c.market_id = $1 and c.lead_no = "
    "any($2::bigint[])";

constexpr char const* kUnverified =
    "select s.lead_no, s.slot, s.buyer, s.generator, s.sold_us from sale s where s.market_id = $1 "
    "and s.model = 1 and s.state in (1, 2, 3, 5, 6) and s.sold_us >= $2 and ($3::bigint is null or "
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
  return {number<std::int32_t>(row, 0), number<std::int64_t>(row, 1), number<std::int32_t>(row, 2),
          number<std::int64_t>(row, 3), number<std::int64_t>(row, 4), number<std::int64_t>(row, 5)};
}

VerifiedSale read_verified(pqxx::row const& row) {
  return {number<std::int64_t>(row, 0), number<std::int32_t>(row, 1), row.at(2).as<bool>()};
}

ReturnedSale read_returned(pqxx::row const& row) {
  return {number<std::int64_t>(row, 0), number<std::int64_t>(row, 1), number<std::int64_t>(row, 2),
          number<std::int64_t>(row, 3), number<std::int64_t>(row, 4), number<std::int64_t>(row, 5),
          row.at(6).as<bool>(),         row.at(7).as<bool>()};
}

ReportedSale read_reported(pqxx::row const& row) {
  return {number<std::int64_t>(row, 0), number<std::int64_t>(row, 1), number<std::int64_t>(row, 2),
          number<std::int64_t>(row, 3), number<std::int64_t>(row, 4), row.at(5).as<bool>()};
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

PostgresTruthReads::Later<std::vector<PastCases>> PostgresTruthReads::past_cases(MarketNo market) {
  co_return co_await pool_.run([market](pqxx::work& tx) {
    return read_all(execute(tx, kPastCases, Parameters(market)), read_past);
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

PostgresTruthReads::Later<std::vector<VerifiedSale>> PostgresTruthReads::verified(
    MarketNo market, SaleDays days, std::int64_t buckets) {
  co_return co_await pool_.run([market, days, buckets](pqxx::work& tx) {
    auto const rows =
        execute(tx, kVerified, Parameters(market, days.from, days.until, buckets, kCountsMax));
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
                            read_time(row.at(4))};
    });
  });
}

}  // namespace leadex::storage::postgres
