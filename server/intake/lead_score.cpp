#include "server/intake/lead_score.hpp"

#include <algorithm>

#include "matching/market/codec.hpp"
#include "server/intake/contact/source_check.hpp"
#include "server/intake/lead_rows.hpp"

namespace leadex::intake {

namespace {

using quality::LeadFact;

std::int32_t vehicle_of(CheckedLead const& lead) {
  return static_cast<std::int32_t>(lead.vehicle.value_or(Vehicle::other));
}

bool all_given(CheckedLead const& lead, std::initializer_list<Column> columns) {
  return std::ranges::none_of(columns, [&](Column column) { return lead.at(column).empty(); });
}

bool by_name_or_attributes(quality::ScoreTest test) {
  using quality::ScoreTest;
  return test == ScoreTest::any_of || test == ScoreTest::between || test == ScoreTest::vehicle;
}

}  // namespace

quality::ScoreFacts score_facts(CheckedLead const& lead, Timestamp arrived_at) {
  quality::ScoreFacts facts;
  facts.scored_us = to_unix_micros(arrived_at);
  auto const note = [&facts](LeadFact fact, bool known) {
    if (known) facts.known |= 1U << static_cast<unsigned>(fact);
  };
  bool const email = lead.email.has_value();
  bool const phone = lead.phone.has_value();
  note(LeadFact::email, email);
  note(LeadFact::phone, phone);
  note(LeadFact::email_and_phone, email && phone);
  note(LeadFact::full_name, all_given(lead, {Column::first_name, Column::last_name}));
  note(LeadFact::postal_address,
       all_given(lead, {Column::address, Column::city, Column::postal_code}));
  note(LeadFact::date_of_birth, all_given(lead, {Column::date_of_birth}));
  note(LeadFact::certificate,
       !lead.at(Column::trustedform_cert_url).empty() || !lead.at(Column::jornaya_leadid).empty());
  note(LeadFact::named_companies, !lead.consent_companies.empty());
  note(LeadFact::landing_page, all_given(lead, {Column::landing_page_url}));
  note(LeadFact::ip_address, lead.ip.has_value());
  note(LeadFact::user_agent, all_given(lead, {Column::user_agent}));
  note(LeadFact::campaign_tags, all_given(lead, {Column::utm_source}));
  note(LeadFact::confirmed_later, lead.consent_at > lead.captured_at);
  static_assert(kTouchpointsMax <= std::size_t{quality::kTouchesMax});
  for (auto const& point : lead.touchpoints) {
    facts.touches.push_back({to_unix_micros(point.at), static_cast<std::int32_t>(point.vehicle)});
  }
  return facts;
}

std::optional<LeadScore> score_of(market::MarketSettings const& settings, CheckedLead const& lead,
                                  Timestamp arrived_at) {
  if (!settings.scoring.enabled) return std::nullopt;
  auto const facts = score_facts(lead, arrived_at);
  auto const attributes = attribute_texts(lead);
  auto const score = quality::score_lead(
      settings.scoring, {attributes, vehicle_of(lead), to_unix_micros(lead.captured_at), facts});
  return LeadScore{score.value, market::encode_value(facts)};
}

std::optional<LeadScore> score_of_ping(market::MarketSettings const& settings,
                                       CheckedLead const& lead) {
  auto const& table = settings.scoring;
  if (!table.enabled) return std::nullopt;
  auto const attributes = attribute_texts(lead);
  quality::ScoreFacts const nothing{to_unix_micros(lead.captured_at), 0, {}};
  auto const score =
      quality::score_lead(table, {attributes, vehicle_of(lead), nothing.scored_us, nothing});
  std::int64_t sum = 0;
  for (auto const& line : score.log) {
    using Kind = quality::ScoreLine::Kind;
    bool const counts =
        line.kind == Kind::base ||
        (line.kind == Kind::rule &&
         by_name_or_attributes(table.rules.at(static_cast<std::size_t>(line.rule) - 1).test));
    if (counts) sum += line.points;
  }
  return LeadScore{std::clamp<std::int64_t>(sum, 0, quality::kScoreMax), {}};
}

}  // namespace leadex::intake
