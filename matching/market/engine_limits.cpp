// What a campaign's own limits leave it: caps by window and by source, opening hours, pace.

#include <algorithm>

#include "billing/values/check.hpp"
#include "matching/market/engine.hpp"

namespace leadex::market {

namespace {

constexpr std::int64_t kMinuteUs = 60'000'000;
constexpr std::size_t kDay = 1;  // of the kinds of windows
using Wide = __int128;

std::int32_t week_minute_at(Zone const& zone, std::int64_t now_us) {
  auto const since = (now_us - zone.windows[0].begin_us) / kMinuteUs;
  return static_cast<std::int32_t>((zone.week_minute + since) % kMinutesOfWeek);
}

/// Opening minutes in [from, to) of the week.
std::int64_t open_minutes(std::vector<ScheduleSpan> const& schedule, std::int32_t from,
                          std::int32_t to) {
  if (schedule.empty()) return to - from;
  std::int64_t sum = 0;
  for (auto const& span : schedule) {
    sum += std::max(0, std::min(span.to, to) - std::max(span.from, from));
  }
  return sum;
}

bool counts_sources(CampaignTerms const& terms) {
  return std::any_of(terms.source_leads_max.begin(), terms.source_leads_max.end(),
                     [](auto limit) { return limit != kNone; });
}

/// Counts of another window start again at nothing.
void roll(CounterWindow& counter, Zone const& zone, std::size_t kind) {
  if (zone.known() && counter.start_us != zone.windows.at(kind).begin_us) {
    counter = {.start_us = zone.windows.at(kind).begin_us};
  }
}

/// Whether some of what it bids on is kept in its pool: that costs the least at once.
bool pools_some(Campaign const& campaign, MarketRules const& rules) {
  bool const later =
      campaign.pays_on_result(false) || (campaign.buys_visits() && campaign.pays_on_result(true));
  return rules.cpa_hold == CpaHold::pooled && later;
}

}  // namespace

void Engine::place_in_zone(Campaign& campaign) {
  zones_[campaign.terms.zone].campaigns.insert(campaign.campaign_no);
  roll_windows(campaign);
}

/// Counts of a window that is over start again at nothing; limits follow the terms in force.
void Engine::roll_windows(Campaign& campaign) {
  auto const& zone = zones_[campaign.terms.zone];
  for (std::size_t k = 0; k < kWindowKinds; ++k) {
    auto& counter = campaign.counters[k];
    auto const before_us = counter.start_us;
    roll(counter, zone, k);
    if (k == kDay && counter.start_us != before_us) campaign.visits = 0;
    auto const leads = campaign.terms.leads_max[k];
    auto const spend = campaign.terms.spend_max[k];
    counter.n_max = leads == kNone ? kNone : std::max(leads, counter.n);
    counter.micros_max = spend == kNone ? kNone : std::max(spend, counter.micros);
  }
}

bool Engine::has_room(Campaign const& campaign, std::int64_t micros) const {
  auto const& held = campaign.reserved;
  for (auto const& counter : campaign.counters) {
    if (counter.n_max != kNone && counter.n + held.n >= counter.n_max) return false;
    if (counter.micros_max != kNone && counter.micros + held.micros + micros > counter.micros_max) {
      return false;
    }
  }
  // The last leads of a trial may be spoken for, and what comes after waits for the buyer.
  return !campaign.in_trial() || campaign.trial_sold + held.trial_n < campaign.terms.trial.leads;
}

bool Engine::has_source_room(Campaign const& campaign, std::int64_t generator_no) const {
  if (!counts_sources(campaign.terms)) return true;
  auto const found = campaign.source_counters.find(generator_no);
  auto const pinged = campaign.reserved.by_source.find(generator_no);
  auto const held = pinged == campaign.reserved.by_source.end() ? 0 : pinged->second;
  for (std::size_t k = 0; k < kWindowKinds; ++k) {
    auto const limit = campaign.terms.source_leads_max.at(k);
    if (limit == kNone) continue;
    bool const counted = found != campaign.source_counters.end() &&
                         found->second.at(k).start_us == campaign.counters.at(k).start_us;
    if ((counted ? found->second.at(k).n : 0) + held >= limit) return false;
  }
  return true;
}

/// @param pooled_micros  what its pool would keep for the sale; kNone: the budget pays at once.
bool Engine::affordable(Campaign const& campaign, std::int64_t micros,
                        std::int64_t pooled_micros) const {
  auto const& pool = campaign.pool;
  auto const needed =
      pooled_micros == kNone
          ? pool.held() + micros
          : std::max({pool.expected_micros + pooled_micros, pool.largest(), micros});
  return *campaign.money - campaign.reserved.micros >= needed && has_room(campaign, micros);
}

/// Whether the leads, or visits, it buys under these rules are kept in its pool.
bool Engine::pools(Campaign const& campaign, MarketRules const& rules, bool of_visit) const {
  return campaign.pays_on_result(of_visit) && rules.cpa_hold == CpaHold::pooled;
}

/// Whether its money is enough to bid on; what pings hold for a while does not stop a campaign.
bool Engine::covers_a_bid(Campaign const& campaign) const {
  auto const held = campaign.pool.held();
  auto const least = campaign.least_bid();
  return *campaign.money >= (pools_some(campaign, rules_) ? std::max(held, least) : held + least);
}

bool Engine::open_at(Campaign const& campaign, std::int64_t now_us) const {
  auto const& schedule = campaign.terms.schedule;
  if (schedule.empty()) return true;
  auto const zone = zones_.find(campaign.terms.zone);
  if (zone == zones_.end() || !zone->second.known()) return false;
  auto const minute = week_minute_at(zone->second, now_us);
  auto const next =
      std::upper_bound(schedule.begin(), schedule.end(), minute,
                       [](std::int32_t at, ScheduleSpan const& span) { return at < span.from; });
  return next != schedule.begin() && minute < std::prev(next)->to;
}

/// Even pacing: of each limit no more than the share of its window that has gone by, the minute
/// that runs included. Days and weeks go by in opening minutes, months and hours by the clock.
bool Engine::in_pace(Campaign const& campaign, std::int64_t now_us) const {
  auto const& terms = campaign.terms;
  if (terms.pacing == Pacing::asap) return true;
  auto const& zone = zones_.at(terms.zone);
  if (!zone.known()) return false;
  auto const minute = week_minute_at(zone, now_us);
  auto const midnight = minute - minute % kMinutesOfDay;
  for (std::size_t k = 0; k < kWindowKinds; ++k) {
    auto const& counter = campaign.counters.at(k);
    if (terms.leads_max.at(k) == kNone && terms.spend_max.at(k) == kNone) continue;
    bool const by_minutes = k == 1 || k == 2;
    auto const from = k == 1 ? midnight : 0;
    auto const to = k == 1 ? midnight + kMinutesOfDay : kMinutesOfWeek;
    auto const& window = zone.windows.at(k);
    Wide const gone = by_minutes ? open_minutes(terms.schedule, from, minute + 1)
                                 : now_us - window.begin_us + kMinuteUs;
    Wide const whole =
        by_minutes ? open_minutes(terms.schedule, from, to) : window.end_us - window.begin_us;
    auto const share = [&](std::int64_t limit) {
      return whole <= 0 ? Wide{limit} : (limit * gone + whole - 1) / whole;
    };
    auto const n = counter.n + campaign.reserved.n;
    auto const micros = counter.micros + campaign.reserved.micros;
    if (terms.leads_max.at(k) != kNone && n >= share(terms.leads_max.at(k))) return false;
    if (terms.spend_max.at(k) != kNone && micros >= share(terms.spend_max.at(k))) return false;
  }
  return true;
}

/// Whether a lead may meet the campaign at all: the mask of the index.
void Engine::refresh(Campaign& campaign) {
  auto const zone = zones_.find(campaign.terms.zone);
  bool const open =
      campaign.status == CampaignStatus::active && campaign.targeting_valid &&
      zone != zones_.end() && zone->second.known() &&
      affordable(campaign, campaign.least_bid(), pools_some(campaign, rules_) ? 0 : kNone);
  index_.set_eligible(campaign.slot, open);
}

/// Counts a sale against the campaign's limits; its budget has paid already. A promised one was
/// within the limits that stood when it was promised.
/// @param had_micros  what could be spent before it.
void Engine::count_sale(Context& c, Campaign& campaign, SaleAwarded& sold, bool promised,
                        std::int64_t had_micros) {
  LEADEX_CHECK(promised || has_room(campaign, sold.gross_micros));
  for (std::size_t k = 0; k < kWindowKinds; ++k) {
    auto& counter = campaign.counters.at(k);
    counter.n += 1;
    counter.micros += sold.gross_micros;
    if (counter.n_max != kNone) counter.n_max = std::max(counter.n_max, counter.n);
    if (counter.micros_max != kNone) {
      counter.micros_max = std::max(counter.micros_max, counter.micros);
    }
    sold.windows.at(k) = counter.start_us;
  }
  if (sold.acquisition.visit) campaign.visits += 1;
  sold.of_source = counts_sources(campaign.terms);
  if (sold.of_source) {
    count_source(c, campaign, sold.generator_no, 1, sold.windows);
  }
  if (sold.trial) {
    campaign.trial_sold += 1;
    if (!campaign.in_trial() && campaign.status != CampaignStatus::paused) {
      campaign.status = CampaignStatus::trial_ended;
      move_campaign(c, campaign);
    }
  }
  note_spent(c, campaign, had_micros);
  refresh(campaign);
  move_counters(c, campaign);
}

/// Says when a campaign has run dry or soon will. @param had_micros  what it could spend before
void Engine::note_spent(Context& c, Campaign& campaign, std::int64_t had_micros) {
  if (!covers_a_bid(campaign) && campaign.status == CampaignStatus::active) {
    campaign.status = CampaignStatus::exhausted;
    move_campaign(c, campaign);
  }
  auto const low = kBidsLeftLow * campaign.least_bid();
  if (campaign.spendable() < low && had_micros >= low) {
    c.applied.effects.emplace_back(BudgetLow{campaign.campaign_no, campaign.buyer_no});
  }
}

/// A voided sale gives back to the windows it was counted in, if they still run.
void Engine::uncount_sale(Context& c, Campaign& campaign, OpenSale const& sale) {
  for (std::size_t k = 0; k < kWindowKinds; ++k) {
    auto& counter = campaign.counters.at(k);
    if (counter.start_us != sale.windows.at(k)) continue;  // that window is over
    counter.n -= 1;
    counter.micros -= sale.gross_micros;
    if (k == kDay && sale.acquisition.visit) campaign.visits -= 1;
  }
  if (sale.of_source) {
    count_source(c, campaign, sale.generator_no, -1, sale.windows);
  }
  roll_windows(campaign);
  // Once its buyer has gone on, a trial does not come back.
  bool const runs = campaign.in_trial() || campaign.status == CampaignStatus::trial_ended;
  if (sale.trial && runs) {
    campaign.trial_sold -= 1;
    if (campaign.status == CampaignStatus::trial_ended && campaign.in_trial()) {
      campaign.status = CampaignStatus::active;
      move_campaign(c, campaign);
    }
  }
  wake(c, campaign);
  refresh(campaign);
  move_counters(c, campaign);
}

void Engine::count_source(Context& c, Campaign& campaign, std::int64_t generator_no, std::int64_t n,
                          std::array<std::int64_t, kWindowKinds> const& windows) {
  auto const& zone = zones_.at(campaign.terms.zone);
  auto& counters = campaign.source_counters[generator_no];
  for (std::size_t k = 0; k < kWindowKinds; ++k) {
    auto& counter = counters.at(k);
    roll(counter, zone, k);
    if (counter.start_us == windows.at(k)) counter.n += n;
    auto const limit = campaign.terms.source_leads_max.at(k);
    counter.n_max = limit == kNone ? kNone : std::max(limit, counter.n);
  }
  c.applied.effects.emplace_back(SourceCounted{campaign.campaign_no, generator_no, counters});
}

void Engine::move_counters(Context& c, Campaign const& campaign) {
  auto const leads = campaign.terms.trial.leads;
  c.applied.effects.emplace_back(
      CounterMoved{campaign.campaign_no, campaign.counters, campaign.turn, campaign.trial_sold,
                   leads == 0 ? kNone : std::max(leads, campaign.trial_sold), campaign.visits,
                   campaign.visit_turn});
}

}  // namespace leadex::market
