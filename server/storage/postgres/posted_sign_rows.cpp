#include "server/storage/postgres/posted_sign_rows.hpp"

#include <algorithm>

#include "billing/values/check.hpp"
#include "server/storage/postgres/fraud_rows.hpp"
#include "server/storage/postgres/statement.hpp"
#include "server/storage/postgres/trade_sql.hpp"

namespace leadex::storage::postgres {

namespace {

// In the order of the key, so that two that add at once wait for each other and never in a ring.
constexpr char const* kAdd =
    "insert into posted_signs as p (market_id, tenant_no, day, posts, leads, events) values ($1, "
    "$2, $3, $4, $5, $6) on conflict (market_id, tenant_no, day) do update set posts = p.posts + "
    "excluded.posts, leads = array(select a + b from unnest(p.leads, excluded.leads) with "
    "ordinality as s(a, b, i) order by i), events = array(select a + b from unnest(p.events, "
    "excluded.events) with ordinality as s(a, b, i) order by i), closed = false";
constexpr char const* kMark =
    "insert into posted_mark (market_id, lead_no, tenant_no, day, signs) select * from "
    "unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::integer[], $5::integer[]) on conflict do "
    "nothing";
constexpr char const* kWaiting =
    "select market_id, tenant_no, day, posts, leads, events, looks from posted_signs where not "
    "closed and (day < $1 or posts >= next_posts) order by day, market_id, tenant_no limit $2 for "
    "update skip locked";
#define LEADEX_POSTED_SUMS                                                                      \
  "select i, coalesce(sum(p.leads[i]), 0)::bigint, coalesce(sum(p.events[i]), 0)::bigint from " \
  "generate_series(1, 8) as i left join posted_signs p on p.market_id = $1 and "
#define LEADEX_POSTED_UNACCUSED                                                                  \
  " and not exists (select from fraud_case c where c.market_id = p.market_id and c.generator = " \
  "p.tenant_no and c.posted_day = p.day and c.state in (0, 1)) group by i order by i"
constexpr char const* kOfOthers =
    LEADEX_POSTED_SUMS "p.tenant_no <> $2 and p.day >= $3" LEADEX_POSTED_UNACCUSED;
constexpr char const* kOfItself =
    LEADEX_POSTED_SUMS "p.tenant_no = $2 and p.day >= $3 and p.day < $4" LEADEX_POSTED_UNACCUSED;
constexpr char const* kMarkLooked =
    "update posted_signs set looks = looks + 1, next_posts = $4, closed = $5 where market_id = $1 "
    "and tenant_no = $2 and day = $3";
constexpr char const* kForgetDays =
    "delete from posted_signs where (market_id, tenant_no, day) in (select market_id, tenant_no, "
    "day from posted_signs where day < $1 limit $2)";
constexpr char const* kForgetMarks =
    "delete from posted_mark where (market_id, lead_no) in (select market_id, lead_no from "
    "posted_mark where day < $1 limit $2)";

quality::LotCounts read_sums(pqxx::result const& rows) {
  quality::LotCounts counts;
  for (auto const& row : rows) {
    counts.counts.at(row.at(0).as<std::size_t>() - 1) = {row.at(1).as<std::int64_t>(),
                                                         row.at(2).as<std::int64_t>()};
  }
  return counts;
}

template <class Rows, class Field>
std::string array_of(Rows const& rows, Field const& field) {
  std::string text = "{";
  for (auto const& row : rows) {
    if (text.size() > 1) text += ',';
    text += std::to_string(field(row));
  }
  return text += '}';
}

}  // namespace

void PostgresPostedSignRows::add(std::vector<PostedCounts> const& counts) {
  LEADEX_CHECK(std::ranges::is_sorted(counts, {}, &PostedCounts::of));
  for (auto const& one : counts) {
    auto const arrays = signal_arrays(one.counts);
    execute(tx_, kAdd,
            Parameters(one.of.market, one.of.generator_no, one.of.day, one.posts, arrays.leads,
                       arrays.events));
  }
}

void PostgresPostedSignRows::mark(std::vector<PostedMark> const& marks) {
  using M = PostedMark const&;
  execute(tx_, kMark,
          Parameters(array_of(marks, [](M m) { return m.of.market; }),
                     array_of(marks, [](M m) { return m.lead_no; }),
                     array_of(marks, [](M m) { return m.of.generator_no; }),
                     array_of(marks, [](M m) { return m.of.day; }),
                     array_of(marks, [](M m) { return m.signs; })));
}

std::vector<WaitingDay> PostgresPostedSignRows::waiting(std::int32_t today, int limit) {
  std::vector<WaitingDay> days;
  for (auto const& row : execute(tx_, kWaiting, Parameters(today, limit))) {
    WaitingDay day;
    day.posted.of = {read_market_no(row.at(0)), row.at(1).as<std::int64_t>(),
                     row.at(2).as<std::int32_t>()};
    day.posted.posts = row.at(3).as<std::int64_t>();
    day.posted.counts = read_counts(row.at(4), row.at(5));
    day.looks = row.at(6).as<std::int32_t>();
    days.push_back(day);
  }
  return days;
}

quality::LotCounts PostgresPostedSignRows::of_others(PostedDay const& of, std::int32_t since) {
  return read_sums(execute(tx_, kOfOthers, Parameters(of.market, of.generator_no, since)));
}

quality::LotCounts PostgresPostedSignRows::of_itself(PostedDay const& of, std::int32_t since) {
  return read_sums(execute(tx_, kOfItself, Parameters(of.market, of.generator_no, since, of.day)));
}

void PostgresPostedSignRows::mark_looked(PostedDay const& of, std::int64_t next_posts,
                                         bool closed) {
  execute(tx_, kMarkLooked, Parameters(of.market, of.generator_no, of.day, next_posts, closed));
}

std::int64_t PostgresPostedSignRows::forget_before(std::int32_t day, int limit) {
  auto const days = execute(tx_, kForgetDays, Parameters(day, limit)).affected_rows();
  auto const marks = execute(tx_, kForgetMarks, Parameters(day, limit)).affected_rows();
  return static_cast<std::int64_t>(days + marks);
}

}  // namespace leadex::storage::postgres
