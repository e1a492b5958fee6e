#include "server/api/v1/market_json.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

#include "server/api/v1/scoring_json.hpp"
#include "server/intake/contact/lead_column.hpp"
#include "server/json/money_text.hpp"
#include "server/json/object_reader.hpp"
#include "server/render/words.hpp"

namespace leadex::api {

namespace {

using app::MarketDefinition;
using json::ObjectReader;
using render::kGrades;
using targeting::AttributeType;

constexpr std::array<std::string_view, 3> kVisibilityWords{"exact", "band", "hidden"};
constexpr std::array<std::string_view, 2> kCpaHoldWords{"full", "pooled"};
constexpr std::array<std::string_view, 3> kRealtimeWords{"none", "after_sale", "hold"};
constexpr std::array<std::string_view, 3> kPriceRules{"first_price", "second_price", "fixed"};
constexpr std::array<std::string_view, 2> kRankings{"price", "expected_value"};
constexpr std::array<std::string_view, 5> kRoutings{"price", "weight", "round_robin", "waterfall",
                                                    "hybrid"};
constexpr std::array<std::string_view, 2> kCheckMethods{"fixed", "sequential"};
constexpr std::int64_t kHybridMax = 1000;
/// Query names of /v1/listings, which an attribute would hide.
constexpr std::array<std::string_view, 4> kQueryNames{"market", "limit", "cursor", "sort"};

/// The word's place; the contract has let no other word through.
template <class Enum, std::size_t N>
Enum from_word(std::array<std::string_view, N> const& words, std::string_view word) {
  auto const found = std::ranges::find(words, word);
  if (found == words.end()) throw std::invalid_argument("a word the contract does not list");
  return static_cast<Enum>(found - words.begin());
}
template <std::size_t N, class Enum>
std::string_view to_word(std::array<std::string_view, N> const& words, Enum value) {
  return words.at(static_cast<std::size_t>(value));
}

void read_seconds(ObjectReader& reader, std::string_view name, std::chrono::seconds& into) {
  if (auto const value = reader.optional_int(name)) into = std::chrono::seconds{*value};
}

void read_bp(ObjectReader& reader, std::string_view name, std::int32_t& into) {
  if (auto const value = reader.optional_int(name, {0, kBasisPointsWhole})) {
    into = static_cast<std::int32_t>(*value);
  }
}

/// null takes the amount away.
void read_amount(ObjectReader& reader, std::string_view name, std::string const& currency,
                 std::optional<Money>& into) {
  auto const* const value = reader.find(name);
  if (value == nullptr) return;
  if (value->IsNull()) {
    into.reset();
  } else {
    into = json::optional_money(reader, name, {.currency = currency});
  }
}

app::AttributeDefinition read_attribute(std::string_view name, ObjectReader reader) {
  app::AttributeDefinition attribute;
  attribute.def.name = name;
  auto const type = reader.require_string("type");
  auto const* const choices = type == "string" ? reader.optional_array("enum") : nullptr;
  if (type == "integer") {
    attribute.def.type = AttributeType::integer;
    attribute.def.minimum = reader.optional_int("minimum").value_or(targeting::kIntegerMin);
    attribute.def.maximum = reader.optional_int("maximum").value_or(targeting::kIntegerMax);
  } else if (type == "boolean") {
    attribute.def.type = AttributeType::boolean;
  } else if (choices != nullptr) {
    attribute.def.type = AttributeType::choice;
    for (auto const& choice : choices->GetArray()) {
      attribute.def.choices.emplace_back(json::text_of(choice));
    }
  } else {
    attribute.def.type = AttributeType::text;
    attribute.def.max_length =
        static_cast<std::uint32_t>(reader.optional_int("maxLength", {1, targeting::kTextBytesMax})
                                       .value_or(targeting::kTextBytesMax));
  }
  if (auto const shown = reader.optional_string("visibility")) {
    attribute.visibility = from_word<market::Visibility>(kVisibilityWords, *shown);
  }
  attribute.known_after_sale = reader.optional_bool("known_after_sale").value_or(false);
  // What is left belongs to another type: a limit that would not hold must not look like one.
  reader.refuse_unknown_fields();
  return attribute;
}

bool is_taken(std::string_view name) {
  return intake::column_named(name).has_value() ||
         std::ranges::find(kQueryNames, name) != kQueryNames.end();
}

void read_attributes(ObjectReader reader, MarketDefinition& into) {
  into.attributes.clear();
  static_cast<void>(reader.optional_string("type"));
  auto const* const properties = reader.find("properties");
  auto const below = reader.pointer_to("properties");
  for (auto const& member : properties->GetObject()) {
    auto const name = json::text_of(member.name);
    auto const pointer = json::child_pointer(below, name);
    if (is_taken(name)) {
      reader.errors().push_back({pointer, "name_taken", "That name stands for something else."});
      continue;
    }
    into.attributes.push_back(
        read_attribute(name, ObjectReader(member.value, reader.errors(), pointer)));
  }
  auto const* const required = reader.optional_array("required");
  if (required == nullptr) return;
  for (auto const& item : required->GetArray()) {
    auto const found = std::ranges::find(
        into.attributes, json::text_of(item),
        [](auto const& attribute) -> std::string_view { return attribute.def.name; });
    if (found == into.attributes.end()) {
      reader.fail("required", "attribute_unknown", "Names an attribute that is not defined.");
    } else {
      found->required = true;
    }
  }
}

void read_routing(ObjectReader& reader, MarketDefinition& into) {
  if (auto const rule = reader.optional_string("rule")) {
    into.routing = from_word<auction::Routing>(kRoutings, *rule);
  }
  if (auto const n = reader.optional_int("hybrid_n", {1, kHybridMax})) {
    into.hybrid_n = static_cast<std::int32_t>(*n);
  }
  auto const* const fallback = reader.find("fallback_campaign");
  if (fallback == nullptr) return;
  into.fallback_campaign = fallback->IsString() ? std::string{json::text_of(*fallback)} : "";
}

void read_grade_reserve(ObjectReader reader, MarketDefinition& into) {
  for (std::size_t i = 0; i < kGrades.size(); ++i) {
    read_amount(reader, kGrades.substr(i, 1), into.currency, into.grade_reserve.at(i));
  }
}

void read_money_rules(ObjectReader& reader, MarketDefinition& into) {
  if (auto auction = reader.optional_object("auction")) {
    if (auto const shares = auction->optional_int("max_shares", {1, kSharesPerRound})) {
      into.max_shares = static_cast<std::int32_t>(*shares);
    }
    auto const reserve = json::optional_money(*auction, "reserve", {.currency = into.currency});
    if (reserve) into.reserve = *reserve;
    auto const of_clicks =
        json::optional_money(*auction, "click_reserve", {.currency = into.currency});
    if (of_clicks) into.click_reserve = *of_clicks;
    if (auto const rule = auction->optional_string("price_rule")) {
      into.price_rule = from_word<auction::PriceRule>(kPriceRules, *rule);
    }
    if (auto const ranking = auction->optional_string("rank_by")) {
      into.rank_by = from_word<market::RankBy>(kRankings, *ranking);
    }
    if (auto grades = auction->optional_object("grade_reserve")) {
      read_grade_reserve(std::move(*grades), into);
    }
    if (auto routing = auction->optional_object("routing")) read_routing(*routing, into);
  }
  if (auto listing = reader.optional_object("listing")) {
    read_amount(*listing, "ask", into.currency, into.ask);
    read_seconds(*listing, "fall_s", into.fall);
    read_seconds(*listing, "ttl_s", into.listing_ttl);
    read_seconds(*listing, "auction_s", into.listing_auction);
  }
  if (auto recycling = reader.optional_object("recycling")) {
    if (auto const rounds =
            recycling->optional_int("rounds_max", {.min = 0, .max = market::kRecycleRoundsMax})) {
      into.recycle_rounds = static_cast<std::int32_t>(*rounds);
    }
    read_seconds(*recycling, "rest_s", into.recycle_rest);
    read_bp(*recycling, "price_bp", into.recycle_price_bp);
  }
  if (auto commission = reader.optional_object("commission")) {
    read_bp(*commission, "rate_bp", into.commission_bp);
    read_amount(*commission, "minimum", into.currency, into.commission_minimum);
    read_amount(*commission, "maximum", into.currency, into.commission_maximum);
  }
  if (auto check = reader.optional_object("spot_check")) {
    if (auto const method = check->optional_string("method")) {
      into.check_method = from_word<quality::PlanMethod>(kCheckMethods, *method);
    }
    read_bp(*check, "second_opinion_bp", into.second_opinion_bp);
    read_bp(*check, "acceptable_rate_bp", into.spot_check.acceptable_rate.bp);
    read_bp(*check, "rejectable_rate_bp", into.spot_check.rejectable_rate.bp);
    read_bp(*check, "seller_risk_bp", into.spot_check.seller_risk.bp);
    read_bp(*check, "buyer_risk_bp", into.spot_check.buyer_risk.bp);
    read_bp(*check, "unreachable_max_bp", into.unreachable_max_bp);
  }
}

/// null takes the table away.
void read_scores(ObjectReader& reader, MarketDefinition& into) {
  auto const* const scoring = reader.find("scoring");
  if (scoring != nullptr && scoring->IsNull()) {
    into.scoring.reset();
  } else if (scoring != nullptr) {
    into.scoring = read_scoring(ObjectReader(*scoring, reader.errors(), "/scoring"));
  }
  auto estimate = reader.optional_object("estimate");
  if (!estimate) return;
  auto const* const features = estimate->optional_array("features");
  if (features == nullptr) return;
  into.estimate_features.clear();
  for (auto const& name : features->GetArray()) {
    into.estimate_features.emplace_back(json::text_of(name));
  }
}

void write_scores(json::JsonWriter& writer, MarketDefinition const& from) {
  if (from.scoring) write_scoring(writer, *from.scoring);
  if (from.estimate_features.empty()) return;
  auto const estimate = writer.object("estimate");
  auto const features = writer.array("features");
  for (auto const& name : from.estimate_features) writer.value(name);
}

void write_optional(json::JsonWriter& writer, std::string_view name, std::optional<Money> amount,
                    std::string const& currency) {
  if (amount) writer.field(name, *amount, currency);
}

void write_attributes(json::JsonWriter& writer, MarketDefinition const& from) {
  auto const whole = writer.object("attributes");
  writer.field("type", "object");
  {
    auto const properties = writer.object("properties");
    for (auto const& attribute : from.attributes) {
      auto const& def = attribute.def;
      auto const one = writer.object(def.name);
      bool const integer = def.type == AttributeType::integer;
      writer.field("type", integer                              ? "integer"
                           : def.type == AttributeType::boolean ? "boolean"
                                                                : "string");
      if (def.type == AttributeType::choice) {
        auto const choices = writer.array("enum");
        for (auto const& choice : def.choices) writer.value(choice);
      }
      if (integer && def.minimum != targeting::kIntegerMin) writer.field("minimum", def.minimum);
      if (integer && def.maximum != targeting::kIntegerMax) writer.field("maximum", def.maximum);
      if (def.type == AttributeType::text && def.max_length != targeting::kTextBytesMax) {
        writer.field("maxLength", def.max_length);
      }
      writer.field("visibility", to_word(kVisibilityWords, attribute.visibility));
      if (attribute.known_after_sale) writer.field("known_after_sale", true);
    }
  }
  auto const required = writer.array("required");
  for (auto const& attribute : from.attributes) {
    if (attribute.required) writer.value(attribute.def.name);
  }
}

void write_money_rules(json::JsonWriter& writer, MarketDefinition const& from) {
  {
    auto const auction = writer.object("auction");
    writer.field("price_rule", to_word(kPriceRules, from.price_rule));
    writer.field("rank_by", to_word(kRankings, from.rank_by));
    writer.field("max_shares", from.max_shares);
    writer.field("reserve", from.reserve, from.currency);
    writer.field("click_reserve", from.click_reserve, from.currency);
    {
      auto const grades = writer.object("grade_reserve");
      for (std::size_t i = 0; i < kGrades.size(); ++i) {
        write_optional(writer, kGrades.substr(i, 1), from.grade_reserve.at(i), from.currency);
      }
    }
    auto const routing = writer.object("routing");
    writer.field("rule", to_word(kRoutings, from.routing));
    writer.field("hybrid_n", from.hybrid_n);
    if (!from.fallback_campaign.empty()) {
      writer.field("fallback_campaign", from.fallback_campaign);
    }
  }
  {
    auto const listing = writer.object("listing");
    write_optional(writer, "ask", from.ask, from.currency);
    writer.field("fall_s", from.fall.count());
    writer.field("ttl_s", from.listing_ttl.count());
    writer.field("auction_s", from.listing_auction.count());
  }
  {
    auto const recycling = writer.object("recycling");
    writer.field("rounds_max", from.recycle_rounds);
    writer.field("rest_s", from.recycle_rest.count());
    writer.field("price_bp", from.recycle_price_bp);
  }
  {
    auto const commission = writer.object("commission");
    writer.field("rate_bp", from.commission_bp);
    write_optional(writer, "minimum", from.commission_minimum, from.currency);
    write_optional(writer, "maximum", from.commission_maximum, from.currency);
  }
  auto const check = writer.object("spot_check");
  writer.field("method", to_word(kCheckMethods, from.check_method));
  writer.field("acceptable_rate_bp", from.spot_check.acceptable_rate.bp);
  writer.field("rejectable_rate_bp", from.spot_check.rejectable_rate.bp);
  writer.field("seller_risk_bp", from.spot_check.seller_risk.bp);
  writer.field("buyer_risk_bp", from.spot_check.buyer_risk.bp);
  writer.field("unreachable_max_bp", from.unreachable_max_bp);
  writer.field("second_opinion_bp", from.second_opinion_bp);
}

void hide_fallback(json::Document& definition) {
  auto const auction = definition.FindMember("auction");
  if (auction == definition.MemberEnd() || !auction->value.IsObject()) return;
  auto const routing = auction->value.FindMember("routing");
  if (routing == auction->value.MemberEnd() || !routing->value.IsObject()) return;
  routing->value.RemoveMember("fallback_campaign");
}

}  // namespace

void read_market_definition(json::Value const& body, MarketDefinition& definition,
                            json::FieldErrors& errors) {
  ObjectReader reader(body, errors);
  if (auto id = reader.optional_string("id")) definition.id = std::move(*id);
  if (auto name = reader.optional_string("name")) definition.title = std::move(*name);
  if (definition.title.empty()) definition.title = definition.id;
  if (auto currency = reader.optional_string("currency")) {
    definition.currency = std::move(*currency);
  }
  if (auto country = reader.optional_string("country")) definition.country = std::move(*country);
  if (auto attributes = reader.optional_object("attributes")) {
    read_attributes(std::move(*attributes), definition);
  }
  read_money_rules(reader, definition);
  read_scores(reader, definition);
  if (auto const check = reader.optional_string("realtime_check")) {
    definition.realtime_check = from_word<app::RealtimeCheck>(kRealtimeWords, *check);
  }
  read_bp(reader, "realtime_check_bp", definition.realtime_check_bp);
  read_seconds(reader, "return_window_s", definition.return_window);
  read_seconds(reader, "contest_s", definition.contest);
  read_seconds(reader, "decide_s", definition.decide);
  read_bp(reader, "return_ceiling_bp", definition.return_ceiling_bp);
  read_bp(reader, "holdback_bp", definition.holdback_bp);
  read_seconds(reader, "holdback_s", definition.holdback);
  read_seconds(reader, "dedupe_s", definition.dedupe);
  if (auto group = reader.optional_string("dedupe_group")) {
    definition.dedupe_group = std::move(*group);
  }
  if (auto const credit = reader.optional_string("duplicate_credit")) {
    definition.duplicate_credit =
        from_word<storage::DuplicateCredit>(storage::kDuplicateCreditTexts, *credit);
    // Whoever goes back to another rule does not have to take the split away.
    if (definition.duplicate_credit != storage::DuplicateCredit::shared)
      definition.split_bp.reset();
  }
  if (auto const split = reader.optional_int("split_bp", {1, kBasisPointsWhole - 1})) {
    definition.split_bp = static_cast<std::int32_t>(*split);
  }
  read_seconds(reader, "delivery_deadline_s", definition.delivery_deadline);
  read_seconds(reader, "consent_age_max_s", definition.consent_age_max);
  if (auto const list = reader.optional_string("do_not_call")) {
    definition.do_not_call = *list == "country";
  }
  read_seconds(reader, "retention_s", definition.retention);
  read_seconds(reader, "ping_ttl_s", definition.ping_ttl);
  read_seconds(reader, "cpa_window_s", definition.cpa_window);
  read_seconds(reader, "cpa_review_s", definition.cpa_review);
  read_seconds(reader, "click_review_s", definition.click_review);
  if (auto const hold = reader.optional_string("cpa_hold")) {
    definition.cpa_hold = from_word<market::CpaHold>(kCpaHoldWords, *hold);
  }
}

std::string market_definition_text(MarketDefinition const& from) {
  json::JsonWriter writer;
  {
    auto const whole = writer.object();
    writer.field("id", from.id);
    writer.field("name", from.title);
    writer.field("mode", "agency");
    writer.field("currency", from.currency);
    writer.field("country", from.country);
    write_attributes(writer, from);
    write_money_rules(writer, from);
    write_scores(writer, from);
    writer.field("realtime_check", to_word(kRealtimeWords, from.realtime_check));
    writer.field("realtime_check_bp", from.realtime_check_bp);
    writer.field("return_window_s", from.return_window.count());
    writer.field("contest_s", from.contest.count());
    writer.field("decide_s", from.decide.count());
    writer.field("return_ceiling_bp", from.return_ceiling_bp);
    writer.field("holdback_bp", from.holdback_bp);
    writer.field("holdback_s", from.holdback.count());
    writer.field("dedupe_s", from.dedupe.count());
    // The market's writer reads these from here.
    writer.field("dedupe_group", from.dedupe_group);
    writer.field("duplicate_credit",
                 to_word(storage::kDuplicateCreditTexts, from.duplicate_credit));
    if (from.split_bp) writer.field("split_bp", *from.split_bp);
    writer.field("delivery_deadline_s", from.delivery_deadline.count());
    writer.field("consent_age_max_s", from.consent_age_max.count());
    writer.field("do_not_call", from.do_not_call ? "country" : "none");
    writer.field("retention_s", from.retention.count());
    writer.field("ping_ttl_s", from.ping_ttl.count());
    writer.field("cpa_window_s", from.cpa_window.count());
    writer.field("cpa_hold", to_word(kCpaHoldWords, from.cpa_hold));
    writer.field("cpa_review_s", from.cpa_review.count());
    writer.field("click_review_s", from.click_review.count());
  }
  return writer.str();
}

MarketDefinition stored_definition(storage::CatalogMarket const& market) {
  auto const document = json::parse(market.definition, {.bytes = market.definition.size()});
  MarketDefinition definition;
  json::FieldErrors errors;
  if (document && document->IsObject()) read_market_definition(*document, definition, errors);
  if (!document || !errors.empty() || definition.id != market.name) {
    throw std::runtime_error("a stored market definition cannot be read");
  }
  return definition;
}

void write_market(json::JsonWriter& writer, storage::CatalogMarket const& market, bool staff) {
  auto document = json::parse(market.definition, {.bytes = market.definition.size()});
  if (!document || !document->IsObject()) {
    throw std::runtime_error("a stored market definition cannot be read");
  }
  if (!staff) hide_fallback(*document);
  auto const whole = writer.object();
  for (auto const& member : document->GetObject()) {
    writer.key(json::text_of(member.name));
    writer.value(static_cast<json::Value const&>(member.value));
  }
  writer.field("status", text(market.status));
  writer.field("version", market.version);
  writer.field("created_at", market.created_at);
}

}  // namespace leadex::api
