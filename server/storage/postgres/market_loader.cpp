#include "server/storage/postgres/market_loader.hpp"

#include "billing/values/check.hpp"
#include "matching/market/codec.hpp"
#include "server/storage/postgres/market_chain.hpp"
#include "server/storage/postgres/statement.hpp"

namespace leadex::storage::postgres {

namespace {

constexpr std::int64_t kPage = 20'000;

std::string bytes_of(pqxx::field const& field) { return pqxx::binarystring{field}.str(); }

std::int64_t number(pqxx::field const& field) { return field.as<std::int64_t>(); }

template <class T>
T decoded(pqxx::field const& field) {
  auto value = market::decode_stored<T>(bytes_of(field));
  LEADEX_CHECK(value.has_value());
  return std::move(*value);
}

}  // namespace

SettingsVersion read_version(pqxx::row const& row) {
  auto const credit = read_enum<DuplicateCredit>(row[3], kDuplicateCreditTexts);
  return {row[0].as<std::int32_t>(),
          bytes_of(row[1]),
          {row[2].as<std::string>(), credit, row[4].as<std::int32_t>()}};
}

namespace {

void load_settings(pqxx::transaction_base& work, std::int64_t market_id, LoadedMarket& out) {
  auto const row = work.exec_params1(
      "select m.version, h.epoch, h.seq, h.hash, h.last_at_us from leadex.market m join "
      "leadex.market_head h using (market_id) where market_id = $1",
      market_id);
  out.applied_version = row[0].as<std::int32_t>();
  out.head = {number(row[1]), number(row[2]), bytes_of(row[3]), number(row[4])};
  for (auto const& version :
       work.exec_params("select " LEADEX_VERSION_COLUMNS
                        " from leadex.market_version where market_id = $1 order by version",
                        market_id)) {
    out.versions.push_back(read_version(version));
  }
  auto const body =
      work.exec_params("select body from leadex.commit_batch where market_id = $1 and seq = $2",
                       market_id, out.head.seq);
  if (!body.empty()) {
    auto opened = open_body(bytes_of(body[0][0]));
    LEADEX_CHECK(opened.has_value());
    out.last_body = std::move(opened->body);
  }
}

void load_campaigns(pqxx::transaction_base& work, std::int64_t market_id, market::Image& image) {
  for (auto const& row : work.exec_params(
           "select c.campaign_no, c.tenant_no, c.version, c.status, v.terms, k.* from "
           "leadex.campaign c join leadex.campaign_version v using (market_id, campaign_no, "
           "version) left join leadex.campaign_counter k using (market_id, campaign_no) where "
           "c.market_id = $1 order by c.campaign_no",
           market_id)) {
    market::CampaignImage campaign;
    campaign.latest.campaign_no = number(row[0]);
    campaign.latest.buyer_no = number(row[1]);
    campaign.latest.version = row[2].as<std::int32_t>();
    campaign.status = static_cast<market::CampaignStatus>(row[3].as<int>());
    campaign.latest.terms = decoded<market::CampaignTerms>(row[4]);
    if (!row["turn"].is_null()) {
      campaign.turn = number(row["turn"]);
      campaign.trial_n = number(row["trial_n"]);
      campaign.visits = number(row["day_visits"]);
      campaign.visit_turn = number(row["visit_turn"]);
    }
    int at = 7;  // past market_id and campaign_no of the counter
    for (auto& window : campaign.counters) {
      if (row[at].is_null()) break;
      window.start_us = number(row[at]);
      window.n = number(row[at + 1]);
      window.n_max = row[at + 2].as<std::int64_t>(market::kNone);
      window.micros = number(row[at + 3]);
      window.micros_max = row[at + 4].as<std::int64_t>(market::kNone);
      at += 5;
    }
    image.campaigns.push_back(std::move(campaign));
  }
}

void load_routes(pqxx::transaction_base& work, std::int64_t market_id, market::Image& image) {
  for (auto const& row : work.exec_params(
           "select campaign_no, generator, hour_start_us, hour_n, hour_n_max, day_start_us, day_n, "
           "day_n_max, week_start_us, week_n, week_n_max, month_start_us, month_n, month_n_max "
           "from "
           "leadex.campaign_source_counter where market_id = $1 order by 1, 2",
           market_id)) {
    market::SourceCounted counted{number(row[0]), number(row[1]), {}};
    int at = 2;
    for (auto& window : counted.windows) {
      window.start_us = number(row[at]);
      window.n = number(row[at + 1]);
      window.n_max = row[at + 2].as<std::int64_t>(market::kNone);
      at += 3;
    }
    image.source_counts.push_back(counted);
  }
  for (auto const& row : work.exec_params(
           "select deal_no, buyer, generator, price_micros, exclusive, proposed_by, state from "
           "leadex.deal where market_id = $1 and state in (0, 1) order by 1",
           market_id)) {
    image.deals.push_back({number(row[0]), number(row[1]), number(row[2]), number(row[3]),
                           row[4].as<bool>(), number(row[5]),
                           static_cast<market::DealState>(row[6].as<int>())});
  }
  for (auto const& row : work.exec_params(
           "select generator, reserve_micros, grade from leadex.source_terms where market_id = $1 "
           "order by 1",
           market_id)) {
    image.source_terms.push_back(
        {number(row[0]), row[1].as<std::int64_t>(market::kNone), row[2].as<std::int32_t>()});
  }
}

/// Those that a second post could still name.
void load_promises(pqxx::transaction_base& work, std::int64_t market_id, market::Image& image) {
  for (auto const& row : work.exec_params(
           "select ping_no, expires_us, lead_no, promised_micros from leadex.ping_promise where "
           "market_id = $1 and expires_us >= $2 order by 2, 1",
           market_id, image.last_at_us)) {
    market::PromiseUsed used;
    used.ping_no = number(row[0]);
    used.expires_us = number(row[1]);
    used.lead_no = number(row[2]);
    used.net_micros = number(row[3]);
    image.promises.push_back(used);
  }
}

void load_accounts(pqxx::transaction_base& work, std::int64_t market_id, LoadedMarket& out) {
  for (auto const& row : work.exec_params(
           "select account_no, code, owner_no, sub_no, floor_micros, debits_pending, "
           "debits_posted, credits_pending, credits_posted from leadex.account where market_id = "
           "$1 order by account_no",
           market_id)) {
    Account account;
    account.account_no = number(row[0]);
    account.code = static_cast<AccountCode>(row[1].as<int>());
    account.owner_no = number(row[2]);
    account.sub_no = number(row[3]);
    if (!row[4].is_null()) account.floor_micros = number(row[4]);
    account.debits_pending = number(row[5]);
    account.debits_posted = number(row[6]);
    account.credits_pending = number(row[7]);
    account.credits_posted = number(row[8]);
    if (account.code == AccountCode::budget) {
      out.image.budgets.push_back({{account.owner_no, account.sub_no}, account.available()});
    }
    out.accounts.push_back(account);
  }
}

// What rests, and what is sold but not delivered.
constexpr char const* kLeads =
    "select lead_no, tenant_no, version, coalesce(score, -1), vehicle, reason, captured_us, "
    "ask_micros, attributes, state, listed_us, reserve_micros, named_for, array(select buyer from "
    "leadex.lead_withheld w where w.market_id = l.market_id and w.lead_no = l.lead_no order by 1)"
    "::text, round, relisted_us from leadex.lead l where market_id = $1 and lead_no "
    "> $2 and (state = 1 or (state = 2 and exists (select from leadex.sale s where s.market_id = "
    "l.market_id and s.lead_no = l.lead_no and s.state = 0))) order by lead_no limit $3";

void load_leads(pqxx::transaction_base& work, std::int64_t market_id, market::Image& image) {
  for (std::int64_t last = -1;;) {
    auto const rows = work.exec_params(kLeads, market_id, last, kPage);
    for (auto const& row : rows) {
      market::LeadImage lead;
      last = number(row[0]);
      lead.lead.lead_no = last;
      lead.lead.generator_no = number(row[1]);
      lead.lead.version = row[2].as<std::int32_t>();
      lead.lead.score = number(row[3]);
      lead.lead.vehicle = row[4].as<std::int32_t>();
      lead.lead.reason = row[5].as<std::string>();
      lead.lead.captured_us = number(row[6]);
      lead.lead.ask_micros = number(row[7]);
      lead.lead.attributes = decoded<std::vector<market::AttributeText>>(row[8]);
      lead.state = static_cast<market::LeadState>(row[9].as<int>());
      lead.listed_us = number(row[10]);
      lead.reserve_micros = number(row[11]);
      lead.lead.named = !row[12].is_null();
      if (lead.lead.named) lead.lead.named_for = decoded<std::vector<std::int64_t>>(row[12]);
      lead.lead.withheld = read_numbers(row[13]);
      lead.round = row[14].as<std::int32_t>();
      lead.relisted_us = number(row[15]);
      image.leads.push_back(std::move(lead));
    }
    if (static_cast<std::int64_t>(rows.size()) < kPage) return;
  }
}

// Sales with something to come, and all sales of leads that still rest. Of leads with a sale that
// has something to come those that are settled and over as well: the engine counts them.
constexpr char const* kSales =
    "select lead_no, slot, buyer, campaign, generator, gross, exclusive, shares_max, auction_no, "
    "sold_us, state, due_us, windows, credited, batch_seq, n, fee, holdback, trial, of_source, "
    "model, until_us, held, value_bp, event, visit from leadex.sale s left join leadex.acquisition "
    "using "
    "(market_id, lead_no, slot) "
    "where market_id = $1 and (lead_no, slot) > ($2, $3) and (state in (0, 1, 5) or (state = 2 and "
    "due_us > 0) or exists (select from leadex.lead l where l.market_id = s.market_id and "
    "l.lead_no = s.lead_no and l.state = 1) or exists (select from leadex.sale o where "
    "o.market_id = s.market_id and o.lead_no = s.lead_no and o.state = 0) or (state = 2 and exists "
    "(select from leadex.sale o where o.market_id = s.market_id and o.lead_no = s.lead_no and "
    "(o.state in (1, 5) or (o.state = 2 and o.due_us > 0))))) order by lead_no, slot limit $4";

void load_sales(pqxx::transaction_base& work, std::int64_t market_id, LoadedMarket& out) {
  std::int64_t lead = -1;
  std::int32_t slot = -1;
  for (;;) {
    auto const rows = work.exec_params(kSales, market_id, lead, slot, kPage);
    for (auto const& row : rows) {
      LoadedSale sale;
      auto& award = sale.image.award;
      award.lead_no = lead = number(row[0]);
      award.slot = slot = row[1].as<std::int32_t>();
      award.budget = {number(row[2]), number(row[3])};
      award.generator_no = number(row[4]);
      award.gross_micros = number(row[5]);
      award.exclusive = row[6].as<bool>();
      award.shares_max = row[7].as<std::int32_t>();
      award.auction_no = number(row[8]);
      award.sold_us = number(row[9]);
      award.state = static_cast<market::SaleState>(row[10].as<int>());
      award.due_us = number(row[11]);
      award.windows = decoded<std::array<std::int64_t, market::kWindowKinds>>(row[12]);
      sale.image.credited_micros = number(row[13]);
      sale.batch_seq = number(row[14]);
      sale.n = row[15].as<std::int32_t>();
      sale.fee = number(row[16]);
      sale.holdback = number(row[17]);
      award.trial = row[18].as<bool>();
      award.of_source = row[19].as<bool>();
      award.model = static_cast<PricingModel>(row[20].as<int>());
      if (award.model == PricingModel::cpa) {
        award.acquisition = {number(row[21]), row[22].as<std::int64_t>(market::kNone),
                             row[23].as<std::int32_t>(), row[24].as<std::string>(),
                             row[25].as<bool>()};
      }
      out.image.sales.push_back(sale.image);
      out.sales.push_back(std::move(sale));
    }
    if (static_cast<std::int64_t>(rows.size()) < kPage) return;
  }
}

// Of leads that the engine keeps anything of.
constexpr char const* kShares =
    "select h.lead_no, h.generator, h.split_bp from leadex.lead_share h where market_id = $1 and "
    "(exists (select from leadex.lead l where l.market_id = h.market_id and l.lead_no = h.lead_no "
    "and l.state = 1) or exists (select from leadex.sale s where s.market_id = h.market_id and "
    "s.lead_no = h.lead_no and (s.state in (0, 1, 5) or (s.state = 2 and s.due_us > 0)))) order by "
    "1";

void load_shares(pqxx::transaction_base& work, std::int64_t market_id, market::Image& image) {
  for (auto const& row : work.exec_params(kShares, market_id)) {
    image.shares.push_back({number(row[0]), {number(row[1]), row[2].as<std::int32_t>()}});
  }
}

void load_cases(pqxx::transaction_base& work, std::int64_t market_id, std::int64_t now_us,
                market::Image& image) {
  for (auto const& row : work.exec_params(
           "select bid_no, lead_no, tenant_no, campaign, price, exclusive from leadex.listing_bid "
           "where market_id = $1 and state = 0 order by bid_no",
           market_id)) {
    market::BidImage bid;
    bid.bid_no = number(row[0]);
    bid.bid = {number(row[1]), {number(row[2]), number(row[3])}, number(row[4]), row[5].as<bool>()};
    image.bids.push_back(bid);
  }
  auto const since = now_us - market::kCeilingSpanUs;
  for (auto const& row : work.exec_params(
           "select return_no, lead_no, slot, buyer, generator, reason, state, ruling, credited, "
           "due_us, opened_us from leadex.return_case r where market_id = $1 and (state in (0, 2) "
           "or opened_us >= $2 or exists (select from leadex.sale s where s.market_id = "
           "r.market_id and s.lead_no = r.lead_no and s.slot = r.slot and s.state in (1, 2, 5) and "
           "s.due_us > 0)) order by return_no",
           market_id, since)) {
    market::ReturnImage returned;
    returned.latest.return_no = number(row[0]);
    returned.latest.lead_no = number(row[1]);
    returned.latest.slot = row[2].as<std::int32_t>();
    returned.latest.buyer_no = number(row[3]);
    returned.latest.generator_no = number(row[4]);
    returned.latest.reason = row[5].as<std::string>();
    returned.latest.state = static_cast<market::ReturnState>(row[6].as<int>());
    returned.latest.ruling = static_cast<std::uint8_t>(row[7].as<int>());
    returned.latest.credited_micros = number(row[8]);
    returned.latest.due_us = number(row[9]);
    returned.opened_us = number(row[10]);
    image.returns.push_back(std::move(returned));
  }
  for (auto const& row : work.exec_params(
           "select buyer, sold_us / 3600000000, count(*) from leadex.sale s where market_id = $1 "
           "and sold_us >= $2 and state in (1, 2, 3, 5, 6) and model <> 2 and not (model = 1 and "
           "exists (select from leadex.acquisition a where a.market_id = s.market_id and a.lead_no "
           "= s.lead_no and a.slot = s.slot and a.visit)) group by 1, 2",
           market_id, since - market::kHourUs)) {
    image.delivered.push_back({number(row[0]), number(row[1]), number(row[2])});
  }
}

/// What estimates are in force, and the conversions that wait.
void load_acquisitions(pqxx::transaction_base& work, std::int64_t market_id, market::Image& image) {
  for (auto const& row : work.exec_params(
           "select estimates from leadex.estimate_version where market_id = $1 order by version "
           "desc limit 1",
           market_id)) {
    image.estimates = decoded<estimate::EstimateVersion>(row[0]);
    LEADEX_CHECK(image.estimates->valid());
  }
  for (auto const& row : work.exec_params(
           "select conversion_no, lead_no, slot, buyer, campaign, event, transaction_id, at_us, "
           "value, price, state, confirmed, due_us, moved_us from leadex.conversion where "
           "market_id = $1 and state in (0, 4) order by 1",
           market_id)) {
    market::ConversionMoved open;
    open.conversion_no = number(row[0]);
    open.lead_no = number(row[1]);
    open.slot = row[2].as<std::int32_t>();
    open.budget = {number(row[3]), number(row[4])};
    open.event = row[5].as<std::string>();
    open.transaction_id = row[6].as<std::string>();
    open.at_us = number(row[7]);
    open.value_micros = row[8].as<std::int64_t>(market::kNone);
    open.price_micros = row[9].as<std::int64_t>(market::kNone);
    open.state = static_cast<market::ConversionState>(row[10].as<int>());
    open.confirmed = row[11].as<bool>();
    open.due_us = number(row[12]);
    open.moved_us = number(row[13]);
    image.conversions.push_back(std::move(open));
  }
}

}  // namespace

LoadedMarket load_market(pqxx::transaction_base& work, std::int64_t market_id,
                         std::int64_t now_us) {
  LoadedMarket out;
  load_settings(work, market_id, out);
  out.image.last_at_us = out.head.last_at_us;
  load_campaigns(work, market_id, out.image);
  load_routes(work, market_id, out.image);
  load_promises(work, market_id, out.image);
  load_accounts(work, market_id, out);
  load_leads(work, market_id, out.image);
  load_sales(work, market_id, out);
  load_shares(work, market_id, out.image);
  load_cases(work, market_id, now_us, out.image);
  load_acquisitions(work, market_id, out.image);
  return out;
}

}  // namespace leadex::storage::postgres
