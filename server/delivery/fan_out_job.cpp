// What one step of the fan-out makes of a market's batches.

#include <algorithm>
#include <set>
#include <stdexcept>

#include "server/delivery/fan_out.hpp"
#include "server/delivery/happenings.hpp"
#include "server/json/value.hpp"

namespace leadex::delivery {

namespace {

using storage::FanOutTx;

/// What the batches mean to accounts, and of which conversions generators can be told.
struct Followed {
  std::vector<Happening> happenings;
  std::vector<storage::NewPostback> postbacks;
};

Followed read_batches(MarketNo market, FanOutTx const& tx) {
  Followed all;
  for (auto const& batch : tx.batches()) {
    auto const body = market::read_body(batch.body);
    if (!body) throw std::runtime_error("a batch is in a format this program does not know");
    auto const some = happenings(market, batch.seq, *body);
    all.happenings.insert(all.happenings.end(), some.begin(), some.end());
    auto const told = told_conversions(*body);
    all.postbacks.insert(all.postbacks.end(), told.begin(), told.end());
  }
  return all;
}

/// Fills in the accounts that the effects do not name.
void look_up_accounts(std::vector<Happening>& all, FanOutTx& tx) {
  std::set<storage::SaleKey> sales;
  std::set<std::int64_t> leads;
  for (auto const& happening : all) {
    if (happening.sale) sales.insert(*happening.sale);
    if (happening.lead_no) leads.insert(*happening.lead_no);
  }
  auto const parties = tx.parties({sales.begin(), sales.end()});
  auto const owners = tx.lead_owners({leads.begin(), leads.end()});
  for (auto& happening : all) {
    if (happening.sale) {
      if (auto const found = parties.find(*happening.sale); found != parties.end()) {
        happening.buyer_no = found->second.buyer_no;
        happening.generator_no = found->second.generator_no;
      }
    }
    if (happening.lead_no) {
      if (auto const found = owners.find(*happening.lead_no); found != owners.end()) {
        happening.generator_no = found->second;
      }
    }
  }
}

std::int64_t endpoint_in(crypto::PublicIdCodec const& ids, std::string const& definition) {
  auto const document = json::parse(definition);
  if (!document || !document->IsObject()) return 0;
  auto const* named = json::find_member(*document, "webhook_endpoint_id");
  if (named == nullptr || !named->IsString()) return 0;
  auto const id = ids.open(json::text_of(*named), crypto::IdKind::webhook_endpoint);
  return id ? id->no : 0;
}

/// Per campaign the endpoint that its newest version with one names.
std::map<std::int64_t, std::int64_t> campaign_endpoints(crypto::PublicIdCodec const& ids,
                                                        std::vector<Happening> const& all,
                                                        FanOutTx& tx) {
  std::set<std::int64_t> campaigns;
  for (auto const& happening : all) {
    if (happening.confirming_campaign != 0) campaigns.insert(happening.confirming_campaign);
  }
  std::map<std::int64_t, std::int64_t> endpoints;
  for (auto const& [campaign, definitions] : tx.definitions({campaigns.begin(), campaigns.end()})) {
    for (auto const& definition : definitions) {
      auto const endpoint = endpoint_in(ids, definition);
      if (endpoint == 0) continue;
      endpoints[campaign] = endpoint;
      break;
    }
  }
  return endpoints;
}

std::vector<storage::EventRow> event_rows(std::vector<Happening> const& all) {
  std::vector<storage::EventRow> rows;
  for (auto const& happening : all) {
    for (auto const tenant : {happening.buyer_no, happening.generator_no}) {
      if (tenant == 0) continue;
      rows.push_back({happening.key, std::string{happening.type}, tenant,
                      static_cast<std::int16_t>(happening.subject_kind), happening.subject_no,
                      from_unix_micros(happening.at_us)});
    }
  }
  return rows;
}

bool asks_for(storage::Subscription const& subscription, std::string_view type) {
  return std::find(subscription.events.begin(), subscription.events.end(), type) !=
         subscription.events.end();
}

/// One for each active endpoint that asks for the event; and, asked for or not, one to the endpoint
/// of the campaign whose sale waits for its answer.
std::vector<storage::NewDelivery> delivery_rows(
    std::vector<Happening> const& all, std::map<std::int64_t, std::int64_t> const& confirming,
    std::multimap<std::int64_t, storage::Subscription> const& subscriptions) {
  std::vector<storage::NewDelivery> rows;
  for (auto const& happening : all) {
    std::int64_t decides = 0;
    if (auto const found = confirming.find(happening.confirming_campaign);
        happening.confirming_campaign != 0 && found != confirming.end()) {
      decides = found->second;
    }
    for (auto const tenant : {happening.buyer_no, happening.generator_no}) {
      auto const [first, last] = subscriptions.equal_range(tenant);
      for (auto each = first; each != last; ++each) {
        auto const& subscription = each->second;
        bool const confirms = subscription.endpoint_no == decides && tenant == happening.buyer_no;
        if (!confirms && !asks_for(subscription, happening.type)) continue;
        rows.push_back(
            {subscription.endpoint_no, happening.key, std::string{happening.type}, confirms});
      }
    }
  }
  return rows;
}

void make_rows(crypto::PublicIdCodec const& ids, MarketNo market, Timestamp now, FanOutTx& tx) {
  auto const followed = read_batches(market, tx);
  auto all = followed.happenings;
  look_up_accounts(all, tx);
  auto const confirming = campaign_endpoints(ids, all, tx);
  auto const events = event_rows(all);
  std::set<std::int64_t> tenants;
  for (auto const& event : events) tenants.insert(event.tenant_no);
  std::multimap<std::int64_t, storage::Subscription> subscriptions;
  for (auto& subscription : tx.subscriptions({tenants.begin(), tenants.end()})) {
    auto const tenant_no = subscription.tenant_no;
    subscriptions.emplace(tenant_no, std::move(subscription));
  }
  tx.insert(events);
  tx.insert(delivery_rows(all, confirming, subscriptions), now);
  tx.insert(followed.postbacks, now);
}

}  // namespace

storage::DeliveryStore::FanOutJob fan_out_job(crypto::PublicIdCodec const& ids, MarketNo market,
                                              Timestamp now) {
  return [&ids, market, now](FanOutTx& tx) { make_rows(ids, market, now, tx); };
}

}  // namespace leadex::delivery
