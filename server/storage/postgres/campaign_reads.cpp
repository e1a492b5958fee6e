#include "server/storage/postgres/campaign_reads.hpp"

#include <algorithm>

#include "matching/market/codec.hpp"
#include "server/storage/postgres/instant_sql.hpp"
#include "server/storage/postgres/statement.hpp"
#include "server/storage/postgres/trade_sql.hpp"

namespace leadex::storage::postgres {

namespace {

// account: code 2 is a budget. A campaign without counters has counted nothing yet.
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
  "v.version = coalesce($4::integer, c.version) "                                                                        \
  "left join campaign_counter k on k.market_id = c.market_id and k.campaign_no = c.campaign_no "  \
  "left join account a on a.market_id = c.market_id and a.code = 2 and "                          \
  "a.owner_no = c.tenant_no and a.sub_no = c.campaign_no "

// $4 stays null: lists show the version in force.
constexpr char const* kList = LEADEX_CAMPAIGN_SELECT
    "where " LEADEX_OWN("$1", "c.tenant_no")
    " and ($2::bigint is null or (" LEADEX_MICROS("c.created_at")
    ", c.market_id, c.campaign_no) < ($2::bigint, $3::bigint, $5::bigint)) "
    "and ($6::bigint is null or c.market_id = $6::bigint) "
    "and ($7::integer[] is null or c.status = any ($7::integer[])) "
    "order by c.created_at desc, c.market_id desc, c.campaign_no desc limit $8";
constexpr char const* kFind = LEADEX_CAMPAIGN_SELECT
    "where c.market_id = $2 and c.campaign_no = $3 and " LEADEX_OWN("$1", "c.tenant_no");
constexpr char const* kOwnsEndpoint =
    "select exists (select from webhook_endpoint where endpoint_no = $2 and tenant_no = $1 and "
    "status = 'active')";
constexpr char const* kCountGenerators =
    "select count(*) from tenant where role = 'generator' and tenant_no = any ($1::bigint[])";

#define LEADEX_AUCTION_SELECT                                                  \
  "select a.market_id, a.auction_no, a.lead_no, "                              \
  "coalesce(l.tenant_no, k.generator), b.at_us, m.name, m.currency, "          \
  "a.record from auction a join market m on m.market_id = a.market_id "        \
  "left join lead l on l.market_id = a.market_id and l.lead_no = a.lead_no "   \
  "left join click k on k.market_id = a.market_id and k.click_no = a.lead_no " \
  "join commit_batch b on b.market_id = a.market_id and b.seq = a.batch_seq "
// $4: whether the viewer is a buyer. Who bid stands inside the record, so a buyer's scope is
// applied to it below, before the row leaves this file.
constexpr char const* kAuction = LEADEX_AUCTION_SELECT
    "where a.market_id = $2 and a.auction_no = $3 and ($4::boolean or " LEADEX_OWN(
        "$1", "coalesce(l.tenant_no, k.generator)") ")";
constexpr char const* kAuctions = LEADEX_AUCTION_SELECT
    "where a.market_id = $2 and exists (select from campaign c where c.market_id = $2 and "
    "c.campaign_no = $3 and " LEADEX_OWN("$1", "c.tenant_no")
    ") and ($4::bigint is null or a.auction_no < $4::bigint) "
    "order by a.auction_no desc limit $5";

CampaignView read_campaign(pqxx::row const& row) {
  CampaignView campaign;
  campaign.id = {read_market_no(row.at(0)), row.at(3).as<std::int64_t>()};
  campaign.market = row.at(1).as<std::string>();
  campaign.currency = row.at(2).as<std::string>();
  campaign.buyer_no = row.at(4).as<std::int64_t>();
  campaign.version = row.at(5).as<std::int32_t>();
  campaign.status = read_number_enum(row.at(6), market::CampaignStatus::owing);
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
  auto const rows = execute(
      tx, kList,
      Parameters(viewer.scope(), created_us, before.market, std::optional<int>{},
                 before.campaign_no, filter.market, number_list(filter.states), filter.limit));
  for (auto const& row : rows) campaigns.push_back(read_campaign(row));
  return campaigns;
}

std::optional<CampaignView> find_campaign(pqxx::transaction_base& tx, Viewer viewer, CampaignId id,
                                          std::optional<std::int32_t> version) {
  auto const rows = execute(tx, kFind, Parameters(viewer.scope(), id.market, id.no, version));
  if (rows.empty()) return std::nullopt;
  return read_campaign(rows.at(0));
}

AuctionRecord read_auction(pqxx::row const& row) {
  auto held = market::decode_stored<market::AuctionHeld>(read_bytes(row.at(7)));
  if (!held) throw std::runtime_error("the record of an auction cannot be read");
  return {.id = {read_market_no(row.at(0)), row.at(1).as<std::int64_t>()},
          .lead_no = row.at(2).as<std::int64_t>(),
          .generator_no = row.at(3).as<std::int64_t>(),
          .at = read_time(row.at(4)),
          .market = row.at(5).as<std::string>(),
          .currency = row.at(6).as<std::string>(),
          .held = std::move(*held)};
}

std::optional<AuctionRecord> find_auction(pqxx::transaction_base& tx, Viewer viewer, AuctionId id) {
  bool const buyer = viewer.role == Role::buyer;
  auto const rows = execute(tx, kAuction, Parameters(viewer.scope(), id.market, id.no, buyer));
  if (rows.empty()) return std::nullopt;
  auto auction = read_auction(rows.at(0));
  auto const& ranked = auction.held.ranked;
  bool const bid = std::any_of(ranked.begin(), ranked.end(),
                               [&](auto const& one) { return one.buyer_no == viewer.tenant_no; });
  if (buyer && !bid) return std::nullopt;
  return auction;
}

AuctionsFound search_auctions(pqxx::transaction_base& tx, Viewer viewer,
                              AuctionSearch const& search) {
  AuctionsFound found;
  auto const rows = execute(tx, kAuctions,
                            Parameters(viewer.scope(), search.campaign.market, search.campaign.no,
                                       search.before_no, PostgresCampaignReads::kAuctionScanMax));
  for (auto const& row : rows) {
    auto auction = read_auction(row);
    auto const own =
        std::find_if(auction.held.ranked.begin(), auction.held.ranked.end(),
                     [&](auto const& bid) { return bid.campaign_no == search.campaign.no; });
    if (own == auction.held.ranked.end()) continue;
    if (search.won && *search.won != (own->loss == auction::LossReason::none)) continue;
    if (std::ssize(found.auctions) == search.limit) {
      found.go_on_before = found.auctions.back().id.no;
      return found;
    }
    found.auctions.push_back(std::move(auction));
  }
  if (static_cast<int>(rows.size()) == PostgresCampaignReads::kAuctionScanMax) {
    found.go_on_before = rows.at(rows.size() - 1).at(1).as<std::int64_t>();
  }
  return found;
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
      [viewer, campaign](pqxx::work& tx) { return find_campaign(tx, viewer, campaign, {}); });
}

PostgresCampaignReads::Later<std::optional<CampaignView>> PostgresCampaignReads::find_version(
    Viewer viewer, CampaignId campaign, std::int32_t version) {
  co_return co_await pool_.run([viewer, campaign, version](pqxx::work& tx) {
    return find_campaign(tx, viewer, campaign, version);
  });
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

PostgresCampaignReads::Later<AuctionsFound> PostgresCampaignReads::auctions(Viewer viewer,
                                                                            AuctionSearch search) {
  co_return co_await pool_.run(
      [viewer, search](pqxx::work& tx) { return search_auctions(tx, viewer, search); });
}

}  // namespace leadex::storage::postgres
