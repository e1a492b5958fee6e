#include "server/storage/postgres/deal_reads.hpp"

#include "server/storage/postgres/statement.hpp"
#include "server/storage/postgres/trade_sql.hpp"

namespace leadex::storage::postgres {

namespace {

#define LEADEX_DEAL_SELECT                                                                      \
  "select d.market_id, m.name, m.currency, d.deal_no, d.buyer, d.generator, d.price_micros, "   \
  "d.exclusive, d.proposed_by, d.state, d.proposed_us, d.changed_us from deal d join market m " \
  "on m.market_id = d.market_id where " LEADEX_OF("$1", "d.buyer", "d.generator")

constexpr char const* kList = LEADEX_DEAL_SELECT
    " and ($2::bigint is null or (d.proposed_us, d.market_id, d.deal_no) < ($2::bigint, "
    "$3::bigint, $4::bigint)) and ($5::bigint is null or d.market_id = $5::bigint) "
    "and ($6::integer[] is null or d.state = any ($6::integer[])) "
    "order by d.proposed_us desc, d.market_id desc, d.deal_no desc limit $7";
constexpr char const* kFind = LEADEX_DEAL_SELECT " and d.market_id = $2 and d.deal_no = $3";
constexpr char const* kRole = "select role from tenant where tenant_no = $1";
constexpr char const* kSourceTerms =
    "select reserve_micros, grade from source_terms where market_id = $1 and generator = $2";

DealView read_deal(pqxx::row const& row) {
  DealView view;
  view.id = {read_market_no(row.at(0)), row.at(3).as<std::int64_t>()};
  view.market = row.at(1).as<std::string>();
  view.currency = row.at(2).as<std::string>();
  view.buyer_no = row.at(4).as<std::int64_t>();
  view.generator_no = row.at(5).as<std::int64_t>();
  view.price = Money{row.at(6).as<std::int64_t>()};
  view.exclusive = row.at(7).as<bool>();
  view.proposed_by = row.at(8).as<std::int64_t>();
  view.state = read_number_enum(row.at(9), market::DealState::ended);
  view.proposed_at = read_time(row.at(10));
  view.changed_at = read_time(row.at(11));
  return view;
}

std::vector<DealView> list_deals(pqxx::transaction_base& tx, Viewer viewer,
                                 DealFilter const& filter) {
  auto const before = filter.before.value_or(DealCursor{});
  std::optional<std::int64_t> proposed_us;
  if (filter.before) proposed_us = before.proposed_us;
  std::vector<DealView> deals;
  for (auto const& row :
       execute(tx, kList,
               Parameters(viewer.scope(), proposed_us, before.market, before.deal_no, filter.market,
                          number_list(filter.states), filter.limit))) {
    deals.push_back(read_deal(row));
  }
  return deals;
}

}  // namespace

PostgresDealReads::Later<std::vector<DealView>> PostgresDealReads::list(Viewer viewer,
                                                                        DealFilter filter) {
  co_return co_await pool_.run(
      [viewer, filter](pqxx::work& tx) { return list_deals(tx, viewer, filter); });
}

PostgresDealReads::Later<std::optional<DealView>> PostgresDealReads::find(Viewer viewer,
                                                                          DealId id) {
  co_return co_await pool_.run([viewer, id](pqxx::work& tx) {
    auto const rows = execute(tx, kFind, Parameters(viewer.scope(), id.market, id.no));
    return rows.empty() ? std::nullopt : std::optional{read_deal(rows.at(0))};
  });
}

PostgresDealReads::Later<std::optional<Role>> PostgresDealReads::role_of(std::int64_t account_no) {
  co_return co_await pool_.run([account_no](pqxx::work& tx) -> std::optional<Role> {
    auto const rows = execute(tx, kRole, Parameters(account_no));
    if (rows.empty()) return std::nullopt;
    return read_enum<Role>(rows.at(0).at(0), kRoleTexts);
  });
}

PostgresDealReads::Later<market::SetSourceTerms> PostgresDealReads::source_terms(
    MarketNo market, std::int64_t generator_no) {
  co_return co_await pool_.run([market, generator_no](pqxx::work& tx) {
    leadex::market::SetSourceTerms terms{.generator_no = generator_no};
    auto const rows = execute(tx, kSourceTerms, Parameters(market, generator_no));
    if (rows.empty()) return terms;
    terms.reserve_micros =
        read_maybe<std::int64_t>(rows.at(0).at(0)).value_or(leadex::market::kNone);
    terms.grade = rows.at(0).at(1).as<std::int32_t>();
    return terms;
  });
}

}  // namespace leadex::storage::postgres
