#include "matching/market/engine.hpp"

#include <algorithm>

#include "billing/values/check.hpp"

namespace leadex::market {

namespace {

std::span<std::byte const> as_bytes(std::string const& text) {
  return std::as_bytes(std::span{text.data(), text.size()});
}

}  // namespace

Applied Engine::apply(Timestamp at, Command const& command) {
  Applied applied;
  ++command_no_;
  Context context{to_unix_micros(at), applied};
  bool const free_of_rules = std::holds_alternative<ConfigureMarket>(command) ||
                             std::holds_alternative<SetZoneWindows>(command);
  if (!configured() && !free_of_rules) {
    applied.outcome.refusal = Refusal::not_configured;
    return applied;
  }
  // Not every ping is logged, so none may leave a trace in what rests; it looks at no ask either.
  if (!std::holds_alternative<OfferPing>(command)) let_asks_fall(context.now_us);
  expire_pings(context.now_us);
  applied.outcome = std::visit([&](auto const& held) { return handle(context, held); }, command);
  // Once the command is done with the money: what it gave back and has not spent pays debts. Of a
  // refused command, a ping or a visit that nobody wanted the log says nothing.
  bool const logged = applied.outcome.refusal == Refusal::none &&
                      !std::holds_alternative<OfferPing>(command) &&
                      !std::holds_alternative<OfferClick>(command);
  if (logged) pay_all_debts(context);
  return applied;
}

Outcome Engine::handle(Context&, ConfigureMarket const& command) {
  auto made = targeting::Schema::make(command.rules.attributes);
  if (!made) return {.refusal = Refusal::version_unknown};
  rules_ = command.rules;
  versions_[rules_.version] = rules_;
  if (!(*made == schema())) set_schema(std::move(*made));
  for (auto& [no, campaign] : campaigns_) refresh(campaign);  // what it holds may have changed
  return {};
}

/// Values of resting leads and the trees of campaigns move over by attribute name; what the new
/// schema cannot say becomes missing, a tree it cannot say stops its campaign from matching.
void Engine::set_schema(targeting::Schema next) {
  auto const before = schema();
  targeting::TargetingIndex index{next};
  for (auto& [no, campaign] : campaigns_) {
    auto tree = targeting::decode(as_bytes(campaign.terms.targeting), next, texts_);
    campaign.targeting_valid = tree.has_value();
    campaign.expression = tree ? *tree : targeting::any_of({targeting::not_of({})});
    LEADEX_CHECK(
        index.insert(campaign.slot, campaign.expression, {campaign.bid(), campaign.campaign_no})
            .has_value());
  }
  Values old_values;
  for (auto& [no, listing] : listings_) {
    unpack(listing.packed, before.market_size(), old_values);
    auto values = next.blank();
    for (std::size_t i = 0; i < before.market_size(); ++i) {
      if (old_values[i] == targeting::kMissing) continue;
      auto const& def = before.at(static_cast<targeting::AttributeIndex>(i));
      auto const target = next.find(def.name);
      if (!target || *target >= next.market_size() || next.at(*target).type != def.type) continue;
      auto value = std::optional{old_values[i]};
      if (def.type == targeting::AttributeType::choice) {
        value = next.choice(*target, def.choices[static_cast<std::size_t>(old_values[i])]);
      }
      if (value && next.holds(*target, *value)) values[*target] = *value;
    }
    listing.packed = pack(values, next.market_size());
  }
  index_ = std::move(index);
  shop_ = storefront::Storefront{schema()};
  for (auto const& [no, listing] : listings_) {
    if (listing.resting) show(listing);
  }
  for (auto& [no, campaign] : campaigns_) refresh(campaign);
}

Outcome Engine::handle(Context&, SetZoneWindows const& command) {
  auto& zone = zones_[command.zone];
  zone.windows = command.windows;
  zone.week_minute = command.week_minute;
  for (auto const no : zone.campaigns) {
    auto& campaign = campaigns_.at(no);
    roll_windows(campaign);
    refresh(campaign);
  }
  return {};
}

Outcome Engine::handle(Context& c, UpsertCampaign const& command) {
  auto tree = targeting::decode(as_bytes(command.terms.targeting), schema(), texts_);
  if (!tree) return {.refusal = Refusal::targeting_invalid};
  auto found = campaigns_.find(command.campaign_no);
  if (found != campaigns_.end() && found->second.buyer_no != command.buyer_no) {
    return {.refusal = Refusal::campaign_unknown};
  }
  if (found != campaigns_.end() && found->second.terms.zone != command.terms.zone) {
    return {.refusal = Refusal::zone_fixed};
  }
  // What its caps have counted, and what was bid for, is of one kind.
  if (found != campaigns_.end() &&
      found->second.pays_for_clicks() != (command.terms.model == PricingModel::cpc)) {
    return {.refusal = Refusal::not_of_this_model};
  }
  // The rights of leads that were sold on trial do not change behind their generators' backs.
  if (found != campaigns_.end() &&
      (found->second.trial_sold > 0 || found->second.reserved.trial_n > 0) &&
      found->second.terms.trial != command.terms.trial) {
    return {.refusal = Refusal::trial_fixed};
  }
  if (found == campaigns_.end()) {
    if (campaigns_.size() >= kCampaignsMax) return {.refusal = Refusal::limit_reached};
    found = campaigns_.emplace(command.campaign_no, Campaign{}).first;
    auto& fresh = found->second;
    fresh.campaign_no = command.campaign_no;
    fresh.buyer_no = command.buyer_no;
    fresh.slot = static_cast<targeting::CampaignSlot>(in_slot_.size());
    fresh.money = &budget({fresh.buyer_no, fresh.campaign_no});
    in_slot_.push_back(&fresh);
  }
  auto& campaign = found->second;
  campaign.version = command.version;
  live_campaigns_ += (command.terms.live_bid ? 1 : 0) - (campaign.terms.live_bid ? 1 : 0);
  campaign.terms = command.terms;
  campaign.expression = std::move(*tree);
  campaign.targeting_valid = true;
  LEADEX_CHECK(
      index_.insert(campaign.slot, campaign.expression, {campaign.bid(), campaign.campaign_no})
          .has_value());
  place_in_zone(campaign);
  learn_factors(campaign);
  // A lower bid may be within what is left of the budget.
  if (campaign.status == CampaignStatus::exhausted && covers_a_bid(campaign)) {
    campaign.status = CampaignStatus::active;
  }
  refresh(campaign);
  move_campaign(c, campaign);
  move_counters(c, campaign);
  campaign.sweep_from.reset();
  return {.more = campaign.terms.buys_listings && campaign.status == CampaignStatus::active};
}

Outcome Engine::handle(Context& c, PauseCampaign const& command) {
  auto* campaign = find_campaign(command.campaign_no, command.buyer_no);
  if (campaign == nullptr) return {.refusal = Refusal::campaign_unknown};
  campaign->status = command.paused                ? CampaignStatus::paused
                     : campaign->uncovered.empty() ? CampaignStatus::active
                                                   : CampaignStatus::owing;
  campaign->barred = command.paused && command.by_staff;
  refresh(*campaign);
  move_campaign(c, *campaign);
  campaign->sweep_from.reset();
  return {.more = campaign->status == CampaignStatus::active && campaign->terms.buys_listings};
}

Outcome Engine::handle(Context& c, FundBudget const& command) {
  Campaign* campaign = nullptr;
  if (command.budget.campaign_no != 0) {
    campaign = find_campaign(command.budget.campaign_no, command.budget.buyer_no);
    if (campaign == nullptr) return {.refusal = Refusal::campaign_unknown};
  }
  if (command.amount_micros <= 0) return {.refusal = Refusal::amount_invalid};
  budget(command.budget) += command.amount_micros;
  c.applied.effects.emplace_back(BudgetMoved{BudgetMoved::Kind::funded, command.budget,
                                             command.intent_no, command.amount_micros});
  if (campaign == nullptr) return {};
  pay_debts(c, *campaign);
  if (campaign->status == CampaignStatus::exhausted) {
    campaign->status = CampaignStatus::active;
    move_campaign(c, *campaign);
  }
  refresh(*campaign);
  campaign->sweep_from.reset();
  return {.more = campaign->terms.buys_listings && campaign->status == CampaignStatus::active};
}

Outcome Engine::handle(Context& c, DefundBudget const& command) {
  if (command.budget.campaign_no != 0 &&
      find_campaign(command.budget.campaign_no, command.budget.buyer_no) == nullptr) {
    return {.refusal = Refusal::campaign_unknown};
  }
  if (command.amount_micros <= 0) return {.refusal = Refusal::amount_invalid};
  auto const left = available(command.budget);
  if (left < command.amount_micros) {
    return {.refusal = Refusal::insufficient_funds, .micros = command.amount_micros - left};
  }
  budget(command.budget) -= command.amount_micros;
  c.applied.effects.emplace_back(BudgetMoved{BudgetMoved::Kind::defunded, command.budget,
                                             command.intent_no, command.amount_micros});
  if (auto const found = campaigns_.find(command.budget.campaign_no); found != campaigns_.end()) {
    refresh(found->second);
  }
  return {};
}

Outcome Engine::handle(Context& c, RemitEarnings const& command) {
  if (command.amount_micros <= 0) return {.refusal = Refusal::amount_invalid};
  c.applied.effects.emplace_back(BudgetMoved{BudgetMoved::Kind::remitted,
                                             {command.generator_no, 0},
                                             command.intent_no,
                                             command.amount_micros});
  return {};
}

Outcome Engine::handle(Context& c, CoverClawBack const& command) {
  if (command.amount_micros <= 0) return {.refusal = Refusal::amount_invalid};
  c.applied.effects.emplace_back(BudgetMoved{BudgetMoved::Kind::covered,
                                             {command.generator_no, 0},
                                             command.intent_no,
                                             command.amount_micros});
  return {};
}

Outcome Engine::handle(Context&, AdmitRows const&) { return {}; }

Campaign* Engine::find_campaign(std::int64_t campaign_no, std::int64_t buyer_no) {
  auto const found = campaigns_.find(campaign_no);
  if (found == campaigns_.end() || found->second.buyer_no != buyer_no) return nullptr;
  return &found->second;
}

/// A campaign that had run dry goes on when its budget covers a bid again.
void Engine::wake(Context& c, Campaign& campaign) {
  if (campaign.status != CampaignStatus::exhausted) return;
  if (!covers_a_bid(campaign)) return;
  campaign.status = CampaignStatus::active;
  move_campaign(c, campaign);
}

void Engine::move_campaign(Context& c, Campaign const& campaign) {
  c.applied.effects.emplace_back(
      CampaignMoved{campaign.campaign_no, campaign.buyer_no, campaign.version, campaign.status});
}

Campaign const* Engine::campaign(std::int64_t campaign_no) const {
  auto const found = campaigns_.find(campaign_no);
  return found == campaigns_.end() ? nullptr : &found->second;
}

std::int64_t Engine::balance(BudgetKey const& key) const {
  auto const found = budgets_.find(key);
  return found == budgets_.end() ? 0 : found->second;
}

std::int64_t Engine::available(BudgetKey const& key) const {
  auto const* held = campaign(key.campaign_no);
  if (held == nullptr) return balance(key);
  return std::max<std::int64_t>(0, held->spendable() - held->reserved.micros);
}

Listing const* Engine::listing(std::int64_t lead_no) const {
  auto const found = listings_.find(lead_no);
  return found == listings_.end() ? nullptr : &found->second;
}

OpenSale const* Engine::sale(SaleKey const& key) const {
  auto const found = sales_.find(key);
  return found == sales_.end() ? nullptr : &found->second;
}

std::vector<std::pair<std::string, std::int64_t>> Engine::zones() const {
  std::vector<std::pair<std::string, std::int64_t>> all;
  for (auto const& [name, zone] : zones_) {
    if (!zone.campaigns.empty()) all.emplace_back(name, zone.windows[0].end_us);
  }
  return all;
}

std::optional<std::int64_t> Engine::next_due_us(std::uint32_t jobs) const {
  std::optional<std::int64_t> next;
  for (auto const& [job, queue] : due_) {
    if ((jobs & job) == 0 || queue.empty()) continue;
    if (!next || queue.top().due_us < *next) next = queue.top().due_us;
  }
  bool const falls = (jobs & Tick::listing_expiry) != 0 && !falls_.empty();
  if (falls && (!next || falls_.top().due_us < *next)) next = falls_.top().due_us;
  bool const pings = (jobs & Tick::listing_expiry) != 0 && !pings_due_.empty();
  if (pings && (!next || pings_due_.top().due_us < *next)) next = pings_due_.top().due_us;
  return next;
}

}  // namespace leadex::market
