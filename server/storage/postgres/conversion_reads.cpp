#include "server/storage/postgres/conversion_reads.hpp"

#include <algorithm>

#include "billing/values/check.hpp"
#include "matching/market/codec.hpp"
#include "server/storage/postgres/statement.hpp"
#include "server/storage/postgres/trade_sql.hpp"

namespace leadex::storage::postgres {

namespace {

#define LEADEX_CONVERSION_SELECT                                                                   \
  "select c.market_id, m.name, m.currency, c.conversion_no, c.lead_no, c.slot, c.buyer, c.event, " \
  "c.transaction_id, c.at_us, c.value, c.price, c.state, c.confirmed, c.due_us, c.told_us, "       \
  "c.moved_us, exists (select from click k where k.market_id = c.market_id and k.click_no = "      \
  "c.lead_no) from conversion c join market m on m.market_id = c.market_id "                       \
  "where " LEADEX_OWN("$1", "c.buyer")

constexpr char const* kList = LEADEX_CONVERSION_SELECT
    " and ($2::bigint is null or (c.told_us, c.market_id, c.conversion_no) < ($2::bigint, "
    "$3::bigint, $4::bigint)) and ($5::bigint is null or c.market_id = $5::bigint) "
    "and ($6::integer[] is null or c.state = any ($6::integer[])) "
    "order by c.told_us desc, c.market_id desc, c.conversion_no desc limit $7";
constexpr char const* kFind =
    LEADEX_CONVERSION_SELECT " and c.market_id = $2 and c.conversion_no = $3";
constexpr char const* kBought =
    "select s.slot, s.campaign, s.model, s.sold_us, coalesce(a.event, '') from sale s left join "
    "acquisition a on s.model = 1 and a.market_id = s.market_id and a.lead_no = s.lead_no and "
    "a.slot = s.slot where s.market_id = $1 and s.lead_no = $2 and s.buyer = $3 order by s.slot "
    "desc limit 1";
// A returned lead has no conversion, whatever was told of it before.
constexpr char const* kCounts =
    "select s.buyer, s.campaign, s.generator, s.sold_us / 86400000000 as day, s.model = 1 as cpa, "
    "s.state = 3 as returned, case when s.state <> 3 and c.told_us < $3::bigint * 86400000000 then "
    "c.told_us / 86400000000 - s.sold_us / 86400000000 end as bucket, count(*), "
    "coalesce(a.visit, false) as visits from sale s left join acquisition a on s.model = 1 and "
    "a.market_id = s.market_id and a.lead_no = s.lead_no and a.slot = s.slot left "
    "join conversion c on c.market_id = s.market_id and c.lead_no = s.lead_no and c.slot = s.slot "
    "and c.state in (1, 4) where s.market_id = $1 and s.sold_us >= $2::bigint * 86400000000 and "
    "s.sold_us < $3::bigint * 86400000000 and s.state in (1, 2, 3, 5, 6) and s.model <> 2 and "
    "s.campaign <> 0 group "
    "by 1, 2, 3, 4, 5, 6, 7, 9 order by 1, 2, 3, 4, 5, 9";
constexpr char const* kEstimates =
    "select estimates from (select distinct on (made_us / 86400000000) version, estimates from "
    "estimate_version where market_id = $1 order by made_us / 86400000000 desc, version desc limit "
    "$2) as newest order by version";

ConversionView read_conversion(pqxx::row const& row) {
  ConversionView view;
  auto const market = read_market_no(row.at(0));
  view.id = {market, row.at(3).as<std::int64_t>()};
  view.market = row.at(1).as<std::string>();
  view.currency = row.at(2).as<std::string>();
  view.sale = {market, row.at(4).as<std::int64_t>(), row.at(5).as<std::int32_t>()};
  view.buyer_no = row.at(6).as<std::int64_t>();
  view.event = row.at(7).as<std::string>();
  view.transaction_id = row.at(8).as<std::string>();
  view.at = read_time(row.at(9));
  auto const amount = [&](int column) {
    auto const micros = read_maybe<std::int64_t>(row.at(column));
    return micros ? std::optional{Money{*micros}} : std::nullopt;
  };
  view.value = amount(10);
  view.price = amount(11);
  view.state = read_number_enum(row.at(12), market::ConversionState::noted);
  view.confirmed = row.at(13).as<bool>();
  if (view.state == market::ConversionState::pending) view.decide_by = read_time(row.at(14));
  view.told_at = read_time(row.at(15));
  view.moved_at = read_time(row.at(16));
  view.of_visit = row.at(17).as<bool>();
  return view;
}

std::vector<ConversionView> list_conversions(pqxx::transaction_base& tx, Viewer viewer,
                                             ConversionFilter const& filter) {
  auto const before = filter.before.value_or(ConversionCursor{});
  std::optional<std::int64_t> told_us;
  if (filter.before) told_us = before.told_us;
  std::vector<ConversionView> found;
  for (auto const& row :
       execute(tx, kList,
               Parameters(viewer.scope(), told_us, before.market, before.conversion_no,
                          filter.market, number_list(filter.states), filter.limit))) {
    found.push_back(read_conversion(row));
  }
  return found;
}

std::vector<SoldCounts> count_sold(pqxx::transaction_base& tx, MarketNo market,
                                   CountedDays const& days) {
  std::vector<SoldCounts> counts;
  for (auto const& row : execute(tx, kCounts, Parameters(market, days.from, days.as_of))) {
    estimate::Cohort key;
    key.buyer_no = row.at(0).as<std::int64_t>();
    key.campaign_no = row.at(1).as<std::int64_t>();
    key.generator_no = row.at(2).as<std::int64_t>();
    key.day = row.at(3).as<std::int32_t>();
    bool const cpa = row.at(4).as<bool>();
    bool const visits = row.at(8).as<bool>();
    bool const same = !counts.empty() && counts.back().per_acquisition == cpa &&
                      counts.back().visits == visits &&
                      counts.back().cohort.buyer_no == key.buyer_no &&
                      counts.back().cohort.campaign_no == key.campaign_no &&
                      counts.back().cohort.generator_no == key.generator_no &&
                      counts.back().cohort.day == key.day;
    if (!same) counts.push_back({cpa, visits, key});
    auto& cohort = counts.back().cohort;
    auto const leads = row.at(7).as<std::int64_t>();
    cohort.leads += leads;
    if (row.at(5).as<bool>()) cohort.returned += leads;
    auto const bucket = read_maybe<std::int64_t>(row.at(6));
    if (!bucket || *bucket < 0 || *bucket >= days.buckets) continue;
    auto const at = static_cast<std::size_t>(*bucket);
    if (cohort.converted.size() <= at) cohort.converted.resize(at + 1);
    cohort.converted[at] += leads;
  }
  return counts;
}

}  // namespace

PostgresConversionReads::Later<std::vector<ConversionView>> PostgresConversionReads::list(
    Viewer viewer, ConversionFilter filter) {
  co_return co_await pool_.run(
      [viewer, filter](pqxx::work& tx) { return list_conversions(tx, viewer, filter); });
}

PostgresConversionReads::Later<std::optional<ConversionView>> PostgresConversionReads::find(
    Viewer viewer, ConversionId id) {
  co_return co_await pool_.run([viewer, id](pqxx::work& tx) {
    auto const rows = execute(tx, kFind, Parameters(viewer.scope(), id.market, id.no));
    return rows.empty() ? std::nullopt : std::optional{read_conversion(rows.at(0))};
  });
}

PostgresConversionReads::Later<std::optional<BoughtSale>> PostgresConversionReads::bought(
    std::int64_t buyer_no, LeadId number) {
  co_return co_await pool_.run([buyer_no, number](pqxx::work& tx) -> std::optional<BoughtSale> {
    auto const rows = execute(tx, kBought, Parameters(number.market, number.no, buyer_no));
    if (rows.empty()) return std::nullopt;
    auto const row = rows.at(0);
    return BoughtSale{{number.market, number.no, row.at(0).as<std::int32_t>()},
                      row.at(1).as<std::int64_t>(),
                      read_number_enum(row.at(2), PricingModel::cpc),
                      row.at(3).as<std::int64_t>(),
                      row.at(4).as<std::string>()};
  });
}

PostgresConversionReads::Later<std::vector<SoldCounts>> PostgresConversionReads::sold_counts(
    MarketNo market, CountedDays days) {
  co_return co_await pool_.run(
      [market, days](pqxx::work& tx) { return count_sold(tx, market, days); });
}

PostgresConversionReads::Later<std::vector<estimate::EstimateVersion>>
PostgresConversionReads::estimates(MarketNo market, int limit) {
  co_return co_await pool_.run([market, limit](pqxx::work& tx) {
    std::vector<estimate::EstimateVersion> versions;
    for (auto const& row : execute(tx, kEstimates, Parameters(market, limit))) {
      auto version = leadex::market::decode_stored<estimate::EstimateVersion>(
          pqxx::binarystring{row.at(0)}.str());
      LEADEX_CHECK(version.has_value() && version->valid());
      versions.push_back(std::move(*version));
    }
    return versions;
  });
}

}  // namespace leadex::storage::postgres
