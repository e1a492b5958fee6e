// What would become of a lead, without it coming: why a campaign would not get it, and what the
// campaigns would pay. Changes nothing.

#include "billing/values/check.hpp"
#include "matching/market/engine.hpp"

namespace leadex::market {

/// Attribute values in the present schema, virtual ones still missing. A text that no campaign ever
/// named has no number and equals none of theirs: any unused one will do.
std::optional<Engine::Values> Engine::values_of(OfferLead const& lead) const {
  auto const version = versions_.find(lead.version);
  if (version == versions_.end() || version->second.attributes.size() != lead.attributes.size()) {
    return std::nullopt;
  }
  auto values = schema().blank();
  for (std::size_t i = 0; i < lead.attributes.size(); ++i) {
    auto const& given = lead.attributes[i];
    if (given.kind == AttributeText::Kind::missing) continue;
    auto const index = schema().find(version->second.attributes[i].name);
    if (!index || *index >= schema().market_size()) continue;
    auto const type = schema().at(*index).type;
    bool const number = given.kind == AttributeText::Kind::number;
    std::optional<std::int64_t> value;
    if (type == targeting::AttributeType::choice) {
      if (!number) value = schema().choice(*index, given.text);
    } else if (type == targeting::AttributeType::text) {
      if (!number) value = text_number(given.text);
    } else if (number) {
      value = given.number;
    }
    if (value && schema().holds(*index, *value)) values[*index] = *value;
  }
  return values;
}

std::int64_t Engine::text_number(std::string_view text) const {
  return texts_.find(text).value_or(static_cast<std::int64_t>(texts_.size()));
}

/// The lead as if it had come.
Listing Engine::probe_of(OfferLead const& lead) const {
  Listing probe;
  probe.lead_no = lead.lead_no;
  probe.generator_no = lead.generator_no;
  probe.ask_micros = lead.ask_micros;
  probe.score = lead.score;
  probe.captured_us = lead.captured_us;
  probe.vehicle = lead.vehicle;
  probe.version = lead.version;
  probe.reserve_micros = reserve_for(lead.generator_no, versions_.at(lead.version));
  probe.access = access_of(lead);
  probe.reason_id = static_cast<std::int32_t>(text_number(lead.reason));
  return probe;
}

std::optional<std::vector<SoldShare>> Engine::preview(OfferLead const& lead, std::int64_t now_us,
                                                      bool as_ping) const {
  auto values = values_of(lead);
  if (!values) return std::nullopt;
  auto const probe = probe_of(lead);
  fill_virtual(probe, now_us, *values);
  targeting::MatchBuffer matches;
  auto const input = bidders(probe, *values, now_us, matches, {}, as_ping);
  std::vector<SoldShare> shares;
  if (input.candidates.empty()) return shares;
  auto const result = auction::run_auction(input);
  LEADEX_CHECK(result.has_value());
  for (auto const& winner : result->winners) {
    shares.push_back({.lead_no = lead.lead_no,
                      .slot = static_cast<std::int32_t>(shares.size()),
                      .gross_micros = winner.price.micros,
                      .exclusive = winner.exclusive});
  }
  return shares;
}

std::optional<Verdict> Engine::explain(std::int64_t campaign_no, OfferLead const& lead,
                                       std::int64_t now_us) const {
  auto const found = campaigns_.find(campaign_no);
  if (found == campaigns_.end()) return std::nullopt;
  auto const& campaign = found->second;
  auto const no = [](std::string reason) { return Verdict{.reason = std::move(reason)}; };
  if (campaign.status == CampaignStatus::paused) return no("paused");
  if (campaign.status == CampaignStatus::trial_ended) return no("trial_ended");
  if (campaign.status == CampaignStatus::owing) return no("owing");
  if (!campaign.targeting_valid) return no("targeting_outdated");
  if (campaign.pays_for_clicks()) return no("pricing_model");

  auto values = values_of(lead);
  if (!values) return std::nullopt;
  auto probe = probe_of(lead);
  if (auto const* known = listing(lead.lead_no)) {
    probe.owners = known->owners;
    probe.reserve_micros = known->reserve_micros;
    if (known->access) probe.access = std::make_unique<Access>(*known->access);
  }
  fill_virtual(probe, now_us, *values);
  if (auto const why = targeting::explain(campaign.expression, *values)) {
    Verdict verdict{.reason = "targeting", .path = why->path};
    if (why->predicate != nullptr) {
      verdict.attribute = schema().at(why->predicate->attribute).name;
      verdict.wanted = targeting::describe(*why, schema(), texts_);
    }
    return verdict;
  }
  if (campaign.terms.minimum_score != kNone && probe.score < campaign.terms.minimum_score) {
    return no("minimum_score");
  }
  if (probe.had(campaign.buyer_no)) return no("already_bought");
  // Whether a list, and whose, or the consent: that would tell who the person is.
  if (!probe.open_to(campaign.buyer_no)) return no("not_offered");
  if (!source_allowed(campaign.terms, probe.generator_no)) return no("source");
  if (!open_at(campaign, now_us)) return no("schedule");
  if (!has_source_room(campaign, probe.generator_no)) return no("source_cap_reached");
  bool const agreed =
      !campaign.per_acquisition() && deal_between(campaign.buyer_no, probe.generator_no) != nullptr;
  auto const& rules = rules_of(probe);
  if (campaign.per_acquisition() && !trades_acquisitions(rules)) return no("pricing_model");
  auto const least = campaign.least_lead_bid();
  auto const worth = campaign.per_acquisition()
                         ? auction::value_of(least, worth_of(campaign, probe, odds_of(probe)))
                         : least;
  if (!agreed && worth < probe.reserve_micros) return no("below_reserve");
  if (!has_room(campaign, least)) return no("cap_reached");
  if (!in_pace(campaign, now_us)) return no("pacing");
  auto const pooled_micros = pools(campaign, rules) ? 0 : kNone;
  if (!affordable(campaign, least, pooled_micros)) return no("budget");
  return Verdict{.eligible = true};
}

}  // namespace leadex::market
