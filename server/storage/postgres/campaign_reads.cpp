#include "server/storage/postgres/campaign_reads.hpp"

#include "server/storage/postgres/instant_sql.hpp"
#include "server/storage/postgres/statement.hpp"
#include "server/storage/postgres/trade_sql.hpp"

namespace leadex::storage::postgres {

namespace {

// account: code 1 is a budget. A campaign without counters has counted nothing yet.
#define LEADEX_CAMPAIGN_SELECT \
  "select c.market_id, m.name, m.currency, c.campaign_no, c.tenant_no, c.version, c.status, "     \
  "v.definition, " LEADEX_MICROS("c.created_at") ", " LEADEX_MICROS("v.created_at") ", "          \
  "coalesce(a.credits_posted - a.debits_posted - a.debits_pending, 0), "                          \
  "k.hour_start_us, k.hour_n, k.hour_n_max, k.hour_micros, k.hour_micros_max, "                   \
  "k.day_start_us, k.day_n, k.day_n_max, k.day_micros, k.day_micros_max, "                        \
  "k.week_start_us, k.week_n, k.week_n_max, k.week_micros, k.week_micros_max, "                   \
  "k.month_start_us, k.month_n, k.month_n_max, k.month_micros, k.month_micros_max "               \
  "from campaign c join market m on m.market_id = c.market_id "                                   \
  "join campaign_version v on v.market_id = c.market_id and v.campaign_no = c.campaign_no and "   \
  "v.version = c.version "                                                                        \
  "left join campaign_counter k on k.market_id = c.market_id and k.campaign_no = c.campaign_no "  \
  "left join account a on a.market_id = c.market_id and a.code = 1 and "                          \
  "a.owner_no = c.tenant_no and a.sub_no = c.campaign_no "

constexpr char const* kList = LEADEX_CAMPAIGN_SELECT
    "where " LEADEX_OWN("$1", "c.tenant_no")
    " and ($2::bigint is null or (" LEADEX_MICROS("c.created_at")
    ", c.market_id, c.campaign_no) < ($2::bigint, $3::bigint, $4::bigint)) "
    "and ($5::bigint is null or c.market_id = $5::bigint) "
    "and ($6::integer[] is null or c.status = any ($6::integer[])) "
    "order by c.created_at desc, c.market_id desc, c.campaign_no desc limit $7";
constexpr char const* kFind = LEADEX_CAMPAIGN_SELECT
    "where c.market_id = $2 and c.campaign_no = $3 and " LEADEX_OWN("$1", "c.tenant_no");
constexpr char const* kOwnsEndpoint =
    "select exists (select from webhook_endpoint where endpoint_no = $2 and tenant_no = $1 and "
    "status = 'active')";
constexpr char const* kCountGenerators =
    "select count(*) from tenant where role = 'generator' and tenant_no = any ($1::bigint[])";

#define LEADEX_AUCTION_SELECT                                                          \
  "select a.market_id, a.auction_no, a.lead_no, l.tenant_no, b.at_us, a.record "       \
  "from auction a join lead l on l.market_id = a.market_id and l.lead_no = a.lead_no " \
  "join commit_batch b on b.market_id = a.market_id and b.seq = a.batch_seq "
// $1 scope, $4 whether the viewer is a buyer: its own rows of the record are cut out afterwards.
constexpr char const* kAuction = LEADEX_AUCTION_SELECT
    "where a.market_id = $2 and a.auction_no = $3 and ($4::boolean or " LEADEX_OWN(
        "$1", "l.tenant_no") ")";
constexpr char const* kAuctions = LEADEX_AUCTION_SELECT
    "where a.market_id = $1 and ($2::bigint is null or a.auction_no < $2::bigint) "
    "order by a.auction_no desc limit $3";

CampaignView read_campaign(pqxx::row const& row) {
  CampaignView campaign;
  campaign.id = {read_market_no(row.at(0)), row.at(3).as<std::int64_t>()};
  campaign.market = row.at(1).as<std::string>();
  campaign.currency = row.at(2).as<std::string>();
  campaign.buyer_no = row.at(4).as<std::int64_t>();
  campaign.version = row.at(5).as<std::int32_t>();
  campaign.status = read_number_enum(row.at(6), market::CampaignStatus::exhausted);
  campaign.definition = row.at(7).as<std::string>();
  campaign.created_at = read_time(row.at(8));
  campaign.changed_at = read_time(row.at(9));
  campaign.budget = Money{row.at(10).as<std::int64_t>()};
  int column = 11;
  for (auto& window : campaign.counters) {
    auto const number = [&](std::int64_t none) {
      auto const field = row.at(column++);
      return field.is_null() ? none : field.as<std::int64_t>();
    };
    window.start_us = number(0);
    window.n = number(0);
    window.n_max = number(market::kNone);
    window.micros = number(0);
    window.micros_max = number(market::kNone);
  }
  return campaign;
}

std::vector<CampaignView> list_campaigns(pqxx::transaction_base& tx, Viewer viewer,
                                         CampaignFilter const& filter) {
  auto const before = filter.before.value_or(CampaignCursor{});
  std::optional<std::int64_t> created_us;
  if (filter.before) created_us = before.created_us;
  std::vector<CampaignView> campaigns;
  auto const rows =
      execute(tx, kList,
              Parameters(viewer.scope(), created_us, before.market, before.campaign_no,
                         filter.market, number_list(filter.states), filter.limit));
  for (auto const& row : rows) campaigns.push_back(read_campaign(row));
  return campaigns;
}

std::optional<CampaignView> find_campaign(pqxx::transaction_base& tx, Viewer viewer,
                                          CampaignId id) {
  auto const rows = execute(tx, kFind, Parameters(viewer.scope(), id.market, id.no));
  if (rows.empty()) return std::nullopt;
  return read_campaign(rows.at(0));
}

AuctionRecord read_auction(pqxx::row const& row) {
  return {.id = {read_market_no(row.at(0)), row.at(1).as<std::int64_t>()},
          .lead_no = row.at(2).as<std::int64_t>(),
          .generator_no = row.at(3).as<std::int64_t>(),
          .at = read_time(row.at(4)),
          .record = read_bytes(row.at(5))};
}

std::optional<AuctionRecord> find_auction(pqxx::transaction_base& tx, Viewer viewer, AuctionId id) {
  auto const rows = execute(
      tx, kAuction, Parameters(viewer.scope(), id.market, id.no, viewer.role == Role::buyer));
  if (rows.empty()) return std::nullopt;
  return read_auction(rows.at(0));
}

}  // namespace

PostgresCampaignReads::Later<std::vector<CampaignView>> PostgresCampaignReads::list(
    Viewer viewer, CampaignFilter filter) {
  co_return co_await pool_.run(
      [viewer, filter](pqxx::work& tx) { return list_campaigns(tx, viewer, filter); });
}

PostgresCampaignReads::Later<std::optional<CampaignView>> PostgresCampaignReads::find(
    Viewer viewer, CampaignId campaign) {
  co_return co_await pool_.run(
      [viewer, campaign](pqxx::work& tx) { return find_campaign(tx, viewer, campaign); });
}

PostgresCampaignReads::Later<bool> PostgresCampaignReads::owns_endpoint(Viewer viewer,
                                                                        std::int64_t endpoint_no) {
  co_return co_await pool_.run([viewer, endpoint_no](pqxx::work& tx) {
    return execute(tx, kOwnsEndpoint, Parameters(viewer.tenant_no, endpoint_no))
        .at(0)
        .at(0)
        .as<bool>();
  });
}

PostgresCampaignReads::Later<std::int64_t> PostgresCampaignReads::count_generators(
    std::vector<std::int64_t> accounts) {
  co_return co_await pool_.run([accounts](pqxx::work& tx) {
    return execute(tx, kCountGenerators, Parameters(number_list(accounts)))
        .at(0)
        .at(0)
        .as<std::int64_t>();
  });
}

PostgresCampaignReads::Later<std::optional<AuctionRecord>> PostgresCampaignReads::auction(
    Viewer viewer, AuctionId auction) {
  co_return co_await pool_.run(
      [viewer, auction](pqxx::work& tx) { return find_auction(tx, viewer, auction); });
}

PostgresCampaignReads::Later<std::vector<AuctionRecord>> PostgresCampaignReads::auctions(
    MarketNo market, std::optional<std::int64_t> before_no, int limit) {
  co_return co_await pool_.run([market, before_no, limit](pqxx::work& tx) {
    std::vector<AuctionRecord> records;
    for (auto const& row : execute(tx, kAuctions, Parameters(market, before_no, limit))) {
      records.push_back(read_auction(row));
    }
    return records;
  });
}

}  // namespace leadex::storage::postgres
