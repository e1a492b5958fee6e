// The score a lead arrives with: which facts are noted, and what of the table a ping has.

#include "server/intake/lead_score.hpp"

#include <gtest/gtest.h>

#include "matching/market/codec.hpp"
#include "server/intake/lead_rows.hpp"

namespace leadex::intake {
namespace {

using quality::LeadFact;
using quality::ScoreGroup;
using quality::ScoreRule;
using quality::ScoreTest;

Timestamp at(std::int64_t seconds) { return from_unix_micros(seconds * 1'000'000); }

bool noted(quality::ScoreFacts const& facts, LeadFact fact) {
  return (facts.known >> static_cast<unsigned>(fact) & 1U) != 0;
}

TEST(LeadScore, NotesWhatCameWithoutTellingIt) {
  CheckedLead lead;
  lead.captured_at = lead.consent_at = at(1000);
  EXPECT_EQ(score_facts(lead, at(2000)).known, 0U);
  EXPECT_EQ(score_facts(lead, at(2000)).scored_us, 2'000'000'000);
  struct Given {
    std::vector<Column> columns;
    LeadFact fact;
  };
  std::vector<Given> const all{
      {{Column::first_name, Column::last_name}, LeadFact::full_name},
      {{Column::address, Column::city, Column::postal_code}, LeadFact::postal_address},
      {{Column::date_of_birth}, LeadFact::date_of_birth},
      {{Column::trustedform_cert_url}, LeadFact::certificate},
      {{Column::jornaya_leadid}, LeadFact::certificate},
      {{Column::landing_page_url}, LeadFact::landing_page},
      {{Column::user_agent}, LeadFact::user_agent},
      {{Column::utm_source}, LeadFact::campaign_tags}};
  for (auto const& given : all) {
    auto one = lead;
    for (auto const column : given.columns) {
      EXPECT_FALSE(noted(score_facts(one, at(2000)), given.fact));
      one.columns[index_of(column)] = "x";
    }
    auto const facts = score_facts(one, at(2000));
    EXPECT_EQ(facts.known, 1U << static_cast<unsigned>(given.fact));
    EXPECT_LT(market::encode_value(facts).size(), 20U);
  }
  lead.email = *parse_email("ann@example.com");
  EXPECT_TRUE(noted(score_facts(lead, at(2000)), LeadFact::email));
  EXPECT_FALSE(noted(score_facts(lead, at(2000)), LeadFact::email_and_phone));
  lead.phone = *parse_phone("+12125550123", "US");
  EXPECT_TRUE(noted(score_facts(lead, at(2000)), LeadFact::phone));
  EXPECT_TRUE(noted(score_facts(lead, at(2000)), LeadFact::email_and_phone));
  lead.consent_companies = {"Acme"};
  lead.consent_at = at(1001);
  lead.touchpoints = {{at(900), Vehicle::email, "news"}};
  auto const facts = score_facts(lead, at(2000));
  EXPECT_TRUE(noted(facts, LeadFact::named_companies));
  EXPECT_TRUE(noted(facts, LeadFact::confirmed_later));
  ASSERT_EQ(facts.touches.size(), 1U);
  EXPECT_EQ(facts.touches[0], (quality::Touch{900'000'000, 1}));
}

market::MarketSettings scored_settings() {
  market::MarketSettings settings;
  settings.scoring.enabled = true;
  settings.scoring.base = 3;
  auto const add = [&settings](ScoreGroup group, ScoreTest test,
                               std::int32_t points) -> ScoreRule& {
    auto& rule = settings.scoring.rules.emplace_back();
    rule.group = group;
    rule.test = test;
    rule.points = points;
    rule.reason = "a";
    return rule;
  };
  add(ScoreGroup::profile, ScoreTest::any_of, 10).numbers = {40};
  add(ScoreGroup::document, ScoreTest::known, 20).fact = LeadFact::email;
  add(ScoreGroup::form, ScoreTest::vehicle, 5).numbers = {0};
  add(ScoreGroup::behaviour, ScoreTest::freshness, 30).half_life_s = 3600;
  return settings;
}

TEST(LeadScore, APingHasAttributesAndVehicleAlone) {
  auto const settings = scored_settings();
  CheckedLead lead;
  lead.captured_at = lead.consent_at = at(10'000);
  lead.attributes = {AttributeValue{std::int64_t{40}}};
  lead.vehicle = Vehicle::web_form;
  lead.email = *parse_email("ann@example.com");
  EXPECT_EQ(score_of_ping(settings, lead)->value, 18);
  EXPECT_EQ(score_of(settings, lead, at(10'000))->value, 68);
  EXPECT_EQ(score_of(settings, lead, at(13'600))->value, 53) << "an hour later half of it";
  EXPECT_FALSE(score_of(market::MarketSettings{}, lead, at(10'000)).has_value());
  EXPECT_FALSE(score_of_ping(market::MarketSettings{}, lead).has_value());
}

TEST(LeadScore, GoesWithTheOfferAndTheRow) {
  CheckedLead lead;
  lead.captured_at = lead.consent_at = at(10'000);
  lead.attributes = {AttributeValue{std::int64_t{40}}};
  lead.vehicle = Vehicle::email;
  LeadPlace place{.id = {7, 9}, .tenant_no = 1, .version = 1};
  privacy::KeyRing const ring{crypto::Secret(std::string(32, 'k'))};
  EXPECT_FALSE(make_new_lead(ring, lead, place).score_facts.has_value()) << "no table";
  place.settings = std::make_shared<market::MarketSettings const>(scored_settings());
  place.arrived_at = at(10'000);
  auto const row = make_new_lead(ring, lead, place);
  EXPECT_EQ(row.score, 43);
  ASSERT_TRUE(row.score_facts.has_value());
  EXPECT_EQ(make_offer(row, lead).score, 43);
  EXPECT_EQ(make_offer(lead, place).score, 43);
  place.of_ping = true;
  EXPECT_EQ(make_offer(lead, place).score, 13);
}

}  // namespace
}  // namespace leadex::intake
