#include "server/storage/postgres/bid_targets.hpp"

#include <map>
#include <utility>

#include "server/storage/postgres/statement.hpp"
#include "server/storage/postgres/trade_sql.hpp"

namespace leadex::storage::postgres {

namespace {

constexpr char const* kTargets =
    "select c.campaign_no, c.tenant_no, c.version, v.definition::jsonb ->> 'bid_url', "
    "v.definition::jsonb ->> 'webhook_endpoint_id' from campaign c join campaign_version v on "
    "v.market_id = c.market_id and v.campaign_no = c.campaign_no and v.version = c.version where "
    "c.market_id = $1 and c.campaign_no = any ($2::bigint[])";
constexpr char const* kSecrets =
    "select endpoint_no, tenant_no, secret_sealed from webhook_endpoint where endpoint_no = any "
    "($1::bigint[]) and status = 'active'";

/// Those that name an address and an endpoint, the secrets still missing.
std::vector<BidTarget> read_targets(pqxx::transaction_base& tx, crypto::PublicIdCodec const& ids,
                                    MarketNo market, std::string const& campaigns) {
  std::vector<BidTarget> targets;
  for (auto const& row : execute(tx, kTargets, Parameters(market, campaigns))) {
    if (row.at(3).is_null() || row.at(4).is_null()) continue;
    auto const endpoint = ids.open(row.at(4).as<std::string>(), crypto::IdKind::webhook_endpoint);
    if (!endpoint) continue;
    targets.push_back({.campaign_no = row.at(0).as<std::int64_t>(),
                       .buyer_no = row.at(1).as<std::int64_t>(),
                       .version = row.at(2).as<std::int32_t>(),
                       .url = row.at(3).as<std::string>(),
                       .endpoint_no = endpoint->no,
                       .secret_sealed = {}});
  }
  return targets;
}

}  // namespace

PostgresBidTargets::Later<std::vector<BidTarget>> PostgresBidTargets::find(
    MarketNo market, std::vector<std::int64_t> campaign_nos) {
  auto const campaigns = number_list(campaign_nos).value_or("{}");
  auto const* const ids = &ids_;
  co_return co_await pool_.run([market, campaigns, ids](pqxx::work& tx) {
    auto targets = read_targets(tx, *ids, market, campaigns);
    std::vector<std::int64_t> endpoints;
    for (auto const& target : targets) endpoints.push_back(target.endpoint_no);
    using Key = std::pair<std::int64_t, std::int64_t>;  // endpoint, whose it is
    std::map<Key, std::string> secrets;
    auto const wanted = number_list(endpoints).value_or("{}");
    for (auto const& row : execute(tx, kSecrets, Parameters(wanted))) {
      secrets[{row.at(0).as<std::int64_t>(), row.at(1).as<std::int64_t>()}] = read_bytes(row.at(2));
    }
    std::vector<BidTarget> found;
    for (auto& target : targets) {
      auto const secret = secrets.find({target.endpoint_no, target.buyer_no});
      if (secret == secrets.end()) continue;
      target.secret_sealed = secret->second;
      found.push_back(std::move(target));
    }
    return found;
  });
}

}  // namespace leadex::storage::postgres
