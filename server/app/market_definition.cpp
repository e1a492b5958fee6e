#include "server/app/market_definition.hpp"

#include <algorithm>
#include <array>

#include "matching/quality/after_sale.hpp"
#include "server/app/action.hpp"
#include "server/storage/currency.hpp"

namespace leadex::app {

namespace {

constexpr std::size_t kTitleBytesMax = 200;
constexpr std::size_t kVerticalBytesMax = 64;
constexpr std::int64_t kSecond = 1'000'000;

using Faults = std::vector<FieldFault>;

void fault(Faults& faults, std::string pointer, std::string code, std::string detail) {
  faults.push_back({std::move(pointer), std::move(code), std::move(detail)});
}

bool lower_letters(std::string_view text, std::size_t size) {
  return text.size() == size &&
         std::ranges::all_of(text, [](char c) { return c >= 'a' && c <= 'z'; });
}

std::string upper(std::string_view text) {
  std::string copy{text};
  std::ranges::transform(copy, copy.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return copy;
}

/// Words of letters and digits with single dashes between them.
bool is_dashed(std::string_view text, std::size_t bytes_max) {
  if (text.empty() || text.size() > bytes_max) return false;
  if (text.front() == '-' || text.back() == '-' || text.find("--") != std::string_view::npos) {
    return false;
  }
  return std::ranges::all_of(
      text, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
}

void check_id(MarketDefinition const& market, Faults& faults) {
  auto const last = market.id.rfind('.');
  auto const first =
      last == std::string::npos || last == 0 ? std::string::npos : market.id.rfind('.', last - 1);
  if (first == std::string::npos) {
    return fault(faults, "/id", "id_malformed", "Must be vertical.country.currency.");
  }
  std::string_view const id = market.id;
  auto const vertical = id.substr(0, first);
  auto const country = id.substr(first + 1, last - first - 1);
  auto const currency = id.substr(last + 1);
  if (!is_dashed(vertical, kVerticalBytesMax) || !lower_letters(country, 2) ||
      !lower_letters(currency, 3)) {
    return fault(faults, "/id", "id_malformed", "Must be vertical.country.currency.");
  }
  if (upper(country) != market.country) {
    fault(faults, "/country", "id_mismatch", "Must be the country in the id.");
  }
  if (upper(currency) != market.currency) {
    fault(faults, "/currency", "id_mismatch", "Must be the currency in the id.");
  }
  if (!storage::currency_number(market.currency)) {
    fault(faults, "/currency", "currency_unknown", "Must be a currency of ISO 4217.");
  }
}

std::pair<std::string_view, std::string_view> words_of(targeting::SchemaError error) {
  using targeting::SchemaError;
  switch (error) {
    case SchemaError::too_many_attributes:
      return {"too_many", "A market has at most 64 attributes."};
    case SchemaError::name_invalid:
      return {"name_invalid", "Names have a-z, 0-9 and _, begin with a letter, up to 64."};
    case SchemaError::name_taken:
      return {"name_taken", "That name stands for something else."};
    case SchemaError::choices_invalid:
      return {"choices_invalid", "Must list 1 to 1,000 different values."};
    case SchemaError::range_invalid:
      return {"range_invalid", "The minimum must not be above the maximum."};
    case SchemaError::length_invalid:
      break;
  }
  return {"length_invalid", "The length must be 1 to 1,000."};
}

void check_attributes(MarketDefinition const& market, Faults& faults) {
  std::vector<targeting::AttributeDef> defs;
  for (auto const& attribute : market.attributes) {
    defs.push_back(attribute.def);
    bool const band = attribute.visibility == market::Visibility::band;
    if (band && attribute.def.type != targeting::AttributeType::integer) {
      fault(faults, "/attributes/properties/" + attribute.def.name + "/visibility", "not_supported",
            "Only integers can be shown as a band.");
    }
  }
  auto const schema = targeting::Schema::make(defs);
  if (schema) return;
  auto const& at = schema.error();
  auto const [code, detail] = words_of(at.code);
  bool const whole = at.code == targeting::SchemaError::too_many_attributes;
  fault(faults,
        whole ? "/attributes/properties"
              : "/attributes/properties/" + market.attributes.at(at.attribute).def.name,
        std::string{code}, std::string{detail});
}

void check_amount(Faults& faults, std::string const& pointer, std::optional<Money> amount) {
  if (amount && (*amount < Money{0} || *amount > kAmountMax)) {
    fault(faults, pointer, "amount_invalid", "Must be zero or more, and not beyond the limit.");
  }
}

void check_share(Faults& faults, std::string const& pointer, std::int32_t bp) {
  if (bp < 0 || bp > kBasisPointsWhole) {
    fault(faults, pointer, "out_of_range", "Must be 0 to 10,000.");
  }
}

void check_money(MarketDefinition const& market, Faults& faults) {
  check_amount(faults, "/auction/reserve", market.reserve);
  check_amount(faults, "/auction/click_reserve", market.click_reserve);
  check_amount(faults, "/listing/ask", market.ask);
  if (market.ask && *market.ask < market.reserve) {
    fault(faults, "/listing/ask", "below_reserve", "Must not be below the reserve.");
  }
  for (std::size_t i = 0; i < market.grade_reserve.size(); ++i) {
    check_amount(faults, "/auction/grade_reserve/" + std::string(1, static_cast<char>('A' + i)),
                 market.grade_reserve.at(i));
  }
  if (market.price_rule == auction::PriceRule::second_price &&
      market.routing != auction::Routing::price) {
    fault(faults, "/auction/price_rule", "not_supported",
          "A second price needs an order by price.");
  }
  check_share(faults, "/commission/rate_bp", market.commission_bp);
  check_amount(faults, "/commission/minimum", market.commission_minimum);
  check_amount(faults, "/commission/maximum", market.commission_maximum);
  if (market.commission_minimum && market.commission_maximum &&
      *market.commission_minimum > *market.commission_maximum) {
    fault(faults, "/commission/minimum", "range_invalid", "Must not be above the maximum.");
  }
  check_share(faults, "/holdback_bp", market.holdback_bp);
  check_share(faults, "/return_ceiling_bp", market.return_ceiling_bp);
  check_share(faults, "/recycling/price_bp", market.recycle_price_bp);
  if (market.max_shares < 1 || market.max_shares > kSharesPerRound) {
    fault(faults, "/auction/max_shares", "out_of_range", "Must be 1 to 16.");
  }
}

void check_spot_check(MarketDefinition const& market, Faults& faults) {
  check_share(faults, "/spot_check/unreachable_max_bp", market.unreachable_max_bp);
  check_share(faults, "/spot_check/second_opinion_bp", market.second_opinion_bp);
  check_share(faults, "/realtime_check_bp", market.realtime_check_bp);
  if (market.realtime_check_bp < 1) {
    fault(faults, "/realtime_check_bp", "out_of_range", "Must be 1 to 10,000.");
  }
  auto const sound = quality::validate(market.spot_check);
  if (sound) return;
  if (sound.error() == quality::PlanError::risk_invalid) {
    fault(faults, "/spot_check", "risk_invalid", "Risks must be 1 to 9,999.");
  } else {
    fault(faults, "/spot_check/acceptable_rate_bp", "rates_invalid",
          "The acceptable rate must be below the rejectable rate.");
  }
}

void check_duplicates(MarketDefinition const& market, Faults& faults) {
  auto const& group = market.dedupe_group;
  if (!group.empty() && !is_dashed(group, storage::kDedupeGroupBytesMax)) {
    fault(faults, "/dedupe_group", "name_invalid",
          "Must have a-z, 0-9 and single dashes between, up to 64, or be empty.");
  }
  bool const shared = market.duplicate_credit == storage::DuplicateCredit::shared;
  if (shared && !market.split_bp) {
    fault(faults, "/split_bp", "required", "Shared credit needs the later generator's part.");
  } else if (!shared && market.split_bp) {
    fault(faults, "/split_bp", "not_supported", "Only shared credit is split.");
  } else if (shared && (*market.split_bp < 1 || *market.split_bp >= kBasisPointsWhole)) {
    fault(faults, "/split_bp", "out_of_range", "Must be 1 to 9,999.");
  }
}

void check_recycling(MarketDefinition const& market, Faults& faults) {
  if (market.recycle_rounds < 0 || market.recycle_rounds > market::kRecycleRoundsMax) {
    fault(faults, "/recycling/rounds_max", "out_of_range", "Must be 0 to 20.");
  }
  // Sales of a round are told from those before by their instants.
  if (market.recycle_rounds > 0 && market.recycle_rest < std::chrono::seconds{1}) {
    fault(faults, "/recycling/rest_s", "out_of_range", "Must be at least 1.");
  }
}

std::vector<targeting::AttributeDef> definitions_of(MarketDefinition const& market) {
  std::vector<targeting::AttributeDef> defs;
  for (auto const& attribute : market.attributes) defs.push_back(attribute.def);
  return defs;
}

void check_scoring(MarketDefinition const& market, Faults& faults) {
  if (!market.scoring) return;
  if (auto found = fault_of_scoring(*market.scoring, definitions_of(market))) {
    faults.push_back(std::move(*found));
  }
}

void check_estimate(MarketDefinition const& market, Faults& faults) {
  for (std::size_t i = 0; i < market.estimate_features.size(); ++i) {
    auto const pointer = "/estimate/features/" + std::to_string(i);
    auto const& name = market.estimate_features[i];
    auto const found = std::ranges::find_if(
        market.attributes,
        [&name](AttributeDefinition const& attribute) { return attribute.def.name == name; });
    // By its name first: such a feature is refused whether it is an attribute or not.
    if (quality::named_after_sale(name) ||
        (found != market.attributes.end() && found->known_after_sale)) {
      fault(faults, pointer, "known_after_sale", "It is known only once a lead was sold.");
    } else if (found == market.attributes.end()) {
      fault(faults, pointer, "attribute_unknown", "Names an attribute that is not defined.");
    }
  }
}

void put_features(MarketDefinition const& from, market::MarketSettings& to) {
  for (std::size_t i = 0; i < from.attributes.size(); ++i) {
    bool const named = std::ranges::find(from.estimate_features, from.attributes[i].def.name) !=
                       from.estimate_features.end();
    if (named) to.estimate_features.push_back(static_cast<std::uint16_t>(i));
  }
}

void check_durations(MarketDefinition const& market, Faults& faults) {
  using Named = std::pair<std::string_view, std::chrono::seconds>;
  std::array<Named, 16> const durations{{
      {"/listing/fall_s", market.fall},
      {"/listing/ttl_s", market.listing_ttl},
      {"/listing/auction_s", market.listing_auction},
      {"/return_window_s", market.return_window},
      {"/contest_s", market.contest},
      {"/decide_s", market.decide},
      {"/holdback_s", market.holdback},
      {"/dedupe_s", market.dedupe},
      {"/delivery_deadline_s", market.delivery_deadline},
      {"/consent_age_max_s", market.consent_age_max},
      {"/retention_s", market.retention},
      {"/ping_ttl_s", market.ping_ttl},
      {"/cpa_window_s", market.cpa_window},
      {"/cpa_review_s", market.cpa_review},
      {"/click_review_s", market.click_review},
      {"/recycling/rest_s", market.recycle_rest},
  }};
  for (auto const& [pointer, duration] : durations) {
    if (duration.count() < 0 || duration > kMarketDurationMax) {
      fault(faults, std::string{pointer}, "out_of_range", "Must be 0 to 315,360,000.");
    }
  }
  // Who forgets a lead forgets its person, and would take it for new.
  if (market.retention.count() > 0 && market.retention < market.dedupe) {
    fault(
        faults, "/retention_s", "range_invalid",
        "Must be 0 or at least dedupe_s: a lead that is forgotten cannot be told from a new one.");
  }
}

std::int64_t micros(std::chrono::seconds duration) { return duration.count() * kSecond; }
std::int64_t micros_or_none(std::optional<Money> amount) {
  return amount ? amount->micros : market::kNone;
}

}  // namespace

std::vector<FieldFault> check_market_definition(MarketDefinition const& definition) {
  Faults faults;
  check_id(definition, faults);
  if (!plain_text(definition.title, kTitleBytesMax)) {
    fault(faults, "/name", "text_invalid", "Must have 1 to 200 bytes of plain text.");
  }
  check_attributes(definition, faults);
  check_money(definition, faults);
  check_spot_check(definition, faults);
  check_duplicates(definition, faults);
  check_recycling(definition, faults);
  check_scoring(definition, faults);
  check_estimate(definition, faults);
  check_durations(definition, faults);
  return faults;
}

market::MarketSettings settings_of(MarketDefinition const& from, std::int32_t version) {
  market::MarketSettings to;
  to.rules.version = version;
  to.rules.max_shares = from.max_shares;
  to.rules.reserve_micros = from.reserve.micros;
  to.rules.ask_micros = micros_or_none(from.ask);
  to.rules.listing_ttl_us = micros(from.listing_ttl);
  to.rules.listing_auction_us = micros(from.listing_auction);
  to.rules.return_window_us = micros(from.return_window);
  to.rules.contest_us = micros(from.contest);
  to.rules.decide_us = micros(from.decide);
  to.rules.holdback_us = micros(from.holdback);
  to.rules.delivery_deadline_us = micros(from.delivery_deadline);
  to.rules.return_ceiling_bp = from.return_ceiling_bp;
  to.rules.price_rule = from.price_rule;
  to.rules.routing = from.routing;
  to.rules.hybrid_n = from.hybrid_n;
  to.rules.fallback_campaign = from.fallback_campaign_no;
  to.rules.fall_us = micros(from.fall);
  to.rules.cpa_window_us = micros(from.cpa_window);
  to.rules.rank_by = from.rank_by;
  to.rules.cpa_hold = from.cpa_hold;
  to.rules.click_reserve_micros = from.click_reserve.micros;
  to.rules.cpa_review_us = micros(from.cpa_review);
  to.rules.click_review_us = micros(from.click_review);
  to.rules.recycle_rounds = from.recycle_rounds;
  to.rules.recycle_rest_us = micros(from.recycle_rest);
  to.rules.recycle_price_bp = from.recycle_price_bp;
  for (auto const reserve : from.grade_reserve)
    to.rules.grade_reserve.push_back(micros_or_none(reserve));
  for (auto const& attribute : from.attributes) {
    to.rules.attributes.push_back(attribute.def);
    to.visibility.push_back(attribute.visibility);
    to.required.push_back(attribute.required ? 1 : 0);
    to.known_after_sale.push_back(attribute.known_after_sale ? 1 : 0);
  }
  to.currency = from.currency;
  to.country = from.country;
  to.commission_bp = from.commission_bp;
  to.commission_min_micros = micros_or_none(from.commission_minimum);
  to.commission_max_micros = micros_or_none(from.commission_maximum);
  to.holdback_bp = from.holdback_bp;
  to.dedupe_us = micros(from.dedupe);
  to.consent_age_max_us = micros(from.consent_age_max);
  to.acceptable_bp = from.spot_check.acceptable_rate.bp;
  to.rejectable_bp = from.spot_check.rejectable_rate.bp;
  to.seller_risk_bp = from.spot_check.seller_risk.bp;
  to.buyer_risk_bp = from.spot_check.buyer_risk.bp;
  to.unreachable_max_bp = from.unreachable_max_bp;
  to.ping_ttl_us = micros(from.ping_ttl);
  if (from.scoring) to.scoring = table_of(*from.scoring, to.rules.attributes);
  put_features(from, to);
  return to;
}

bool same_commission(MarketDefinition const& a, MarketDefinition const& b) {
  return a.commission_bp == b.commission_bp && a.commission_minimum == b.commission_minimum &&
         a.commission_maximum == b.commission_maximum;
}

}  // namespace leadex::app
