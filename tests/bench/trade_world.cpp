#include "tests/bench/trade_world.hpp"

#include <array>

#include "billing/values/check.hpp"
#include "matching/targeting/expression.hpp"

namespace leadex::bench {

namespace {

namespace tg = targeting;

constexpr std::int64_t kHourUs = 3600 * kUnit;
constexpr std::int64_t kStates = 51;
constexpr std::array<std::string_view, 4> kCredits{"excellent", "good", "fair", "poor"};

enum Place : tg::AttributeIndex { state, age, own_home, vehicle_year, insured, credit };

std::string bytes_of(tg::Expression const& tree) {
  static auto const schema = tg::Schema::make(TradeWorld::rules(1).attributes);
  tg::TextInterner texts;
  auto const bytes = tg::encode(tree, *schema, texts);
  return {reinterpret_cast<char const*>(bytes.data()), bytes.size()};
}

tg::AttributeDef choice(std::string name, std::vector<std::string> choices) {
  tg::AttributeDef def;
  def.name = std::move(name);
  def.type = tg::AttributeType::choice;
  def.choices = std::move(choices);
  return def;
}

tg::AttributeDef integer(std::string name, std::int64_t minimum, std::int64_t maximum) {
  tg::AttributeDef def;
  def.name = std::move(name);
  def.type = tg::AttributeType::integer;
  def.minimum = minimum;
  def.maximum = maximum;
  return def;
}

tg::AttributeDef flag(std::string name) {
  tg::AttributeDef def;
  def.name = std::move(name);
  def.type = tg::AttributeType::boolean;
  return def;
}

std::string state_name(std::int64_t ordinal) {
  std::string name{"S"};
  if (ordinal < 10) name += '0';
  return name + std::to_string(ordinal);
}

market::AttributeText number(std::int64_t value) {
  return {market::AttributeText::Kind::number, value, {}};
}

market::AttributeText text(std::string_view value) {
  return {market::AttributeText::Kind::text, 0, std::string{value}};
}

}  // namespace

market::MarketRules TradeWorld::rules(std::int32_t max_shares) {
  market::MarketRules rules;
  rules.version = 1;
  rules.max_shares = max_shares;
  rules.reserve_micros = kUnit;
  rules.ask_micros = 6 * kUnit;
  rules.listing_ttl_us = 720 * kHourUs;
  rules.listing_auction_us = 24 * kHourUs;
  rules.return_window_us = 168 * kHourUs;
  rules.contest_us = 48 * kHourUs;
  rules.decide_us = 168 * kHourUs;
  rules.holdback_us = 720 * kHourUs;
  rules.delivery_deadline_us = kHourUs / 12;
  rules.return_ceiling_bp = 2000;
  std::vector<std::string> states;
  for (std::int64_t i = 0; i < kStates; ++i) states.push_back(state_name(i));
  rules.attributes = {choice("state", std::move(states)),
                      integer("age", 16, 110),
                      flag("own_home"),
                      integer("vehicle_year", 1950, 2100),
                      flag("currently_insured"),
                      choice("credit", {kCredits.begin(), kCredits.end()})};
  return rules;
}

market::UpsertCampaign TradeWorld::takes_all(std::int64_t campaign_no, std::int64_t buyer_no) {
  market::UpsertCampaign made;
  made.campaign_no = campaign_no;
  made.buyer_no = buyer_no;
  made.version = 1;
  made.terms.bid_micros = 5 * kUnit + campaign_no;
  made.terms.exclusive_bid_micros = 5 * kUnit + campaign_no;
  made.terms.exclusivity = auction::Exclusivity::exclusive;
  made.terms.targeting = bytes_of(tg::all_of({}));
  return made;
}

market::UpsertCampaign TradeWorld::picky(std::int64_t campaign_no, std::int64_t buyer_no) {
  market::UpsertCampaign made;
  made.campaign_no = campaign_no;
  made.buyer_no = buyer_no;
  made.version = 1;
  made.terms.bid_micros = kUnit + below(8 * kUnit);
  if (below(4) == 0) made.terms.exclusive_bid_micros = made.terms.bid_micros * 3;
  std::vector<std::int64_t> states;
  for (std::int64_t i = 0, n = 5 + below(20); i < n; ++i) states.push_back(below(kStates));
  auto const youngest = 18 + below(20);
  made.terms.targeting = bytes_of(tg::all_of(
      {tg::in_list(state, states), tg::in_range(age, youngest, youngest + 10 + below(40)),
       tg::equal_to(own_home, below(2)), tg::in_range(vehicle_year, 1990 + below(25), std::nullopt),
       tg::not_of(tg::equal_to(credit, 3))}));
  return made;
}

market::FundBudget TradeWorld::fund(market::UpsertCampaign const& campaign,
                                    std::int64_t intent_no) {
  return {{campaign.buyer_no, campaign.campaign_no}, intent_no, 5'000'000 * kUnit};
}

market::OfferLead TradeWorld::offer(std::int64_t lead_no, std::int64_t generator_no,
                                    std::int64_t now_us) {
  market::OfferLead offer;
  offer.lead_no = lead_no;
  offer.generator_no = generator_no;
  offer.version = 1;
  offer.reason = "quote";
  offer.captured_us = now_us - kHourUs;
  offer.attributes = {text(state_name(below(kStates))),
                      number(18 + below(60)),
                      number(below(2)),
                      number(1995 + below(30)),
                      number(below(2)),
                      text(kCredits.at(static_cast<std::size_t>(below(4))))};
  return offer;
}

void begin(market::Engine& engine, market::MarketRules const& rules, std::int64_t now_us) {
  auto const at = from_unix_micros(now_us);
  auto const configured = engine.apply(at, market::ConfigureMarket{rules});
  LEADEX_CHECK(configured.outcome.refusal == market::Refusal::none);
  market::Windows windows;
  std::int64_t length = kHourUs;
  for (auto& window : windows) {
    window = {now_us, now_us + length};
    length *= 24;
  }
  auto const told = engine.apply(at, market::SetZoneWindows{"UTC", windows});
  LEADEX_CHECK(told.outcome.refusal == market::Refusal::none);
}

}  // namespace leadex::bench
