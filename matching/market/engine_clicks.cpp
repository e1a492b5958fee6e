// Visits: one campaign gets each, or nobody. Nothing rests and nothing is returned. What is paid
// for as a click settles by itself once the review time is over; what is paid for by what comes of
// it waits for that.

#include <algorithm>
#include <iterator>

#include "billing/values/check.hpp"
#include "matching/market/engine.hpp"

namespace leadex::market {

namespace {

constexpr auto kVehicleOfVisits = static_cast<std::int32_t>(
    std::find(std::begin(targeting::kVehicles), std::end(targeting::kVehicles), "ad") -
    std::begin(targeting::kVehicles));
static_assert(kVehicleOfVisits < std::ssize(targeting::kVehicles));

/// What targeting sees of a visit that has no lead behind it.
OfferLead seen_as(OfferClick const& click, std::int64_t now_us) {
  OfferLead lead;
  lead.lead_no = click.click_no;
  lead.generator_no = click.generator_no;
  lead.version = click.version;
  lead.vehicle = kVehicleOfVisits;
  lead.captured_us = now_us;
  lead.attributes = click.attributes;
  return lead;
}

}  // namespace

/// The auction of a visit; nothing when its attributes follow no known version.
std::optional<Engine::ClickAuction> Engine::click_auction(OfferClick const& click,
                                                          std::int64_t now_us,
                                                          targeting::MatchBuffer& matches) const {
  auto const lead = seen_as(click, now_us);
  auto values = values_of(lead);
  if (!values) return std::nullopt;
  ClickAuction held;
  held.probe = probe_of(lead);
  held.probe.click = true;
  auto const& rules = versions_.at(click.version);
  held.probe.reserve_micros = std::max<std::int64_t>(rules.click_reserve_micros, 1);
  held.probe.ask_micros = held.probe.reserve_micros;  // where prices are fixed
  fill_virtual(held.probe, now_us, *values);
  held.input = bidders(held.probe, *values, now_us, matches);
  // A market that has fixed no price for clicks takes what is bid.
  bool const unpriced = rules.click_reserve_micros == 0;
  if (held.input.rule == auction::PriceRule::fixed && unpriced) {
    held.input.rule = auction::PriceRule::first_price;
  }
  held.input.max_shares = 1;
  std::erase_if(held.input.candidates, [&](auto const& candidate) {
    return std::binary_search(click.paid_by.begin(), click.paid_by.end(), candidate.campaign_no);
  });
  if (held.input.candidates.empty()) return held;
  auto result = auction::run_auction(held.input);
  LEADEX_CHECK(result.has_value());
  held.result = std::move(*result);
  return held;
}

/// Without a winner nothing is recorded: nobody was charged, and the visitor goes elsewhere.
Outcome Engine::handle(Context& c, OfferClick const& command) {
  auto held = click_auction(command, c.now_us, matches_);
  if (!held) return {.refusal = Refusal::version_unknown};
  if (held->result.winners.empty()) return {};
  auto const& winner = held->result.winners.front();
  auto const auction_no = record(c, held->probe, held->input, held->result, false);
  auto const& campaign = campaigns_.at(winner.campaign_no);
  sell(c, held->probe,
       {.budget = {campaign.buyer_no, campaign.campaign_no},
        .gross_micros = winner.price.micros,
        .exclusive = true,
        .shares_max = 1,
        .auction_no = auction_no,
        .in_turn = winner.campaign_no != rules_of(held->probe).fallback_campaign,
        .worth_ppb = worth_of(campaign, held->probe, odds_of(held->probe))});
  Outcome outcome = std::move(c.applied.outcome);
  outcome.number = auction_no;
  return outcome;
}

std::int64_t Engine::preview(OfferClick const& click, std::int64_t now_us) const {
  targeting::MatchBuffer matches;
  auto const held = click_auction(click, now_us, matches);
  if (!held || held->result.winners.empty()) return 0;
  return held->result.winners.front().campaign_no;
}

}  // namespace leadex::market
