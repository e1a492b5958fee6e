// Definitions of markets: each fault by its pointer and code, and the way through JSON and
// settings.

#include <gtest/gtest.h>

#include <algorithm>

#include "server/api/v1/market_json.hpp"
#include "server/json/contract.hpp"

namespace leadex::api {
namespace {

json::Document parsed(std::string const& text) {
  auto document = json::parse(text);
  if (!document) throw std::invalid_argument(text);
  return std::move(*document);
}

std::string const kSound =
    R"({"id":"auto-insurance.us.usd","name":"Auto","currency":"USD","country":"US",)"
    R"("attributes":{"type":"object","properties":{"state":{"type":"string","enum":["CA","TX"]},)"
    R"("age":{"type":"integer","minimum":16,"maximum":110,"visibility":"band"},)"
    R"("note":{"type":"string","maxLength":20,"visibility":"hidden"},"own":{"type":"boolean"}},)"
    R"("required":["state"]}})";

std::string with(std::string const& more) {
  return kSound.substr(0, kSound.size() - 1) + ',' + more + '}';
}
std::string with_attributes(std::string const& properties) {
  return R"({"id":"a.us.usd","currency":"USD","country":"US","attributes":{"type":"object",)"
         R"("properties":)" +
         properties + "}}";
}

/// "pointer code" of every fault, of reading and of checking.
std::vector<std::string> faults_of(std::string const& text) {
  app::MarketDefinition definition;
  json::FieldErrors errors;
  auto const body = parsed(text);
  read_market_definition(body, definition, errors);
  std::vector<std::string> faults;
  for (auto const& error : errors) faults.push_back(error.pointer + ' ' + error.code);
  for (auto const& fault : app::check_market_definition(definition)) {
    faults.push_back(fault.pointer + ' ' + fault.code);
  }
  return faults;
}

TEST(MarketDefinition, TakesASoundOne) { EXPECT_TRUE(faults_of(kSound).empty()); }

TEST(MarketDefinition, NamesEachFault) {
  struct Case {
    std::string text;
    std::string fault;
  };
  auto const id = [](std::string const& name, std::string const& country,
                     std::string const& currency) {
    return R"({"id":")" + name + R"(","currency":")" + currency + R"(","country":")" + country +
           R"(","attributes":{"type":"object","properties":{}}})";
  };
  std::vector<Case> const cases{
      {id("auto", "US", "USD"), "/id id_malformed"},
      {id("auto.usd", "US", "USD"), "/id id_malformed"},
      {id(".us.usd", "US", "USD"), "/id id_malformed"},
      {id("Auto.us.usd", "US", "USD"), "/id id_malformed"},
      {id("auto-.us.usd", "US", "USD"), "/id id_malformed"},
      {id("a--b.us.usd", "US", "USD"), "/id id_malformed"},
      {id("a.b.us.usd", "US", "USD"), "/id id_malformed"},
      {id("auto.usa.usd", "US", "USD"), "/id id_malformed"},
      {id("auto.us.us", "US", "USD"), "/id id_malformed"},
      {id(std::string(65, 'a') + ".us.usd", "US", "USD"), "/id id_malformed"},
      {id("auto.us.usd", "DE", "USD"), "/country id_mismatch"},
      {id("auto.us.usd", "US", "EUR"), "/currency id_mismatch"},
      {id("auto.us.xxx", "US", "XXX"), "/currency currency_unknown"},
      {with(R"("auction":{"reserve":{"amount":"1","currency":"EUR"}})"),
       "/auction/reserve/currency currency_mismatch"},
      {with(R"("auction":{"reserve":{"amount":"-1","currency":"USD"}})"),
       "/auction/reserve/amount amount_negative"},
      {with(R"("auction":{"reserve":{"amount":"1.0000001","currency":"USD"}})"),
       "/auction/reserve/amount amount_too_precise"},
      {with(R"("auction":{"reserve":{"amount":"2","currency":"USD"}},)"
            R"("listing":{"ask":{"amount":"1","currency":"USD"}})"),
       "/listing/ask below_reserve"},
      {with(R"("commission":{"minimum":{"amount":"2","currency":"USD"},)"
            R"("maximum":{"amount":"1","currency":"USD"}})"),
       "/commission/minimum range_invalid"},
      {with(R"("commission":{"rate_bp":10001})"), "/commission/rate_bp too_big"},
      {with(R"("spot_check":{"acceptable_rate_bp":500,"rejectable_rate_bp":500})"),
       "/spot_check/acceptable_rate_bp rates_invalid"},
      {with(R"("return_window_s":-1)"), "/return_window_s out_of_range"},
      {with(R"("dedupe_s":86400,"retention_s":86399)"), "/retention_s range_invalid"},
      {with(R"("retention_s":1)"), "/retention_s range_invalid"},
      {with(R"("dedupe_group":"Auto")"), "/dedupe_group name_invalid"},
      {with(R"("dedupe_group":"a--b")"), "/dedupe_group name_invalid"},
      {with_attributes(R"({"Bad":{"type":"string"}})"), "/attributes/properties/Bad name_invalid"},
      {with_attributes(R"({"score":{"type":"integer"}})"),
       "/attributes/properties/score name_taken"},
      {with_attributes(R"({"email":{"type":"string"}})"),
       "/attributes/properties/email name_taken"},
      {with_attributes(R"({"limit":{"type":"integer"}})"),
       "/attributes/properties/limit name_taken"},
      {with_attributes(R"({"age":{"type":"integer","minimum":2,"maximum":1}})"),
       "/attributes/properties/age range_invalid"},
      {with_attributes(R"({"age":{"type":"integer","maxLength":1}})"),
       "/attributes/properties/age/maxLength unknown_field"},
      {with_attributes(R"({"text":{"type":"string","minimum":1}})"),
       "/attributes/properties/text/minimum unknown_field"},
      {with_attributes(R"({"text":{"type":"string","visibility":"band"}})"),
       "/attributes/properties/text/visibility not_supported"},
      {R"({"id":"a.us.usd","currency":"USD","country":"US","attributes":{"type":"object",)"
       R"("properties":{},"required":["state"]}})",
       "/attributes/required attribute_unknown"},
  };
  for (auto const& [text, fault] : cases) {
    auto const found = faults_of(text);
    EXPECT_NE(std::ranges::find(found, fault), found.end())
        << text << " has " << (found.empty() ? "no fault" : found.front());
  }
}

TEST(MarketDefinition, KeepsLeadsAtLeastAsLongAsItKnowsThemAgain) {
  for (auto const* const more :
       {R"("dedupe_s":86400,"retention_s":86400)", R"("dedupe_s":86400,"retention_s":0)",
        R"("dedupe_s":0,"retention_s":1)"}) {
    EXPECT_TRUE(faults_of(with(more)).empty()) << more;
  }
}

TEST(MarketDefinition, RefusesMoreThanSixtyFourAttributes) {
  std::string properties = "{";
  for (int i = 0; i < 65; ++i) {
    properties += (i == 0 ? "\"a" : ",\"a") + std::to_string(i) + R"(":{"type":"boolean"})";
  }
  auto const found = faults_of(with_attributes(properties + "}"));
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found.front(), "/attributes/properties too_many");
}

TEST(MarketDefinition, ComesBackFromItsTextAsItWas) {
  app::MarketDefinition definition;
  json::FieldErrors errors;
  auto const body =
      parsed(with(R"("auction":{"max_shares":2,"reserve":{"amount":"2.5","currency":"USD"}},)"
                  R"("listing":{"ask":{"amount":"4","currency":"USD"},"ttl_s":10,"auction_s":5},)"
                  R"("commission":{"rate_bp":1500,"minimum":{"amount":"0.1","currency":"USD"}},)"
                  R"("dedupe_group":"auto-us","duplicate_credit":"shared","split_bp":3000,)"
                  R"("return_window_s":0,"cpa_hold":"pooled")"));
  read_market_definition(body, definition, errors);
  ASSERT_TRUE(errors.empty());
  storage::CatalogMarket market;
  market.name = definition.id;
  market.definition = market_definition_text(definition);
  auto const again = stored_definition(market);
  EXPECT_EQ(market_definition_text(again), market.definition);
  EXPECT_TRUE(app::same_commission(again, definition));
  EXPECT_EQ(market::encode_value(app::settings_of(again, 3)),
            market::encode_value(app::settings_of(definition, 3)));
  EXPECT_EQ(again.return_window.count(), 0);
  EXPECT_EQ(again.cpa_hold, market::CpaHold::pooled);
  EXPECT_EQ(again.dedupe_group, "auto-us");
  EXPECT_EQ(again.duplicate_credit, storage::DuplicateCredit::shared);
  EXPECT_EQ(again.split_bp, 3000);

  auto const contract = json::Contract::load("schemas/openapi.yaml");
  ASSERT_TRUE(contract) << contract.error();
  json::JsonWriter writer;
  market.version = 1;
  write_market(writer, market, true);
  auto const shown = parsed(writer.str());
  auto const faults = contract->validate_component("Market", shown, json::Direction::response);
  EXPECT_TRUE(faults.empty()) << faults.front().pointer << ' ' << faults.front().code;
}

TEST(MarketDefinition, ChangesOnlyWhatABodyNames) {
  app::MarketDefinition definition;
  json::FieldErrors errors;
  read_market_definition(
      parsed(with(R"("listing":{"ask":{"amount":"4","currency":"USD"},"ttl_s":10})")), definition,
      errors);
  read_market_definition(parsed(R"({"listing":{"ask":null},"contest_s":7})"), definition, errors);
  EXPECT_TRUE(errors.empty());
  EXPECT_FALSE(definition.ask);
  EXPECT_EQ(definition.listing_ttl.count(), 10);
  EXPECT_EQ(definition.contest.count(), 7);
  EXPECT_EQ(definition.attributes.size(), 4U);
}

TEST(MarketDefinition, BecomesTheSettingsOfItsVersion) {
  app::MarketDefinition definition;
  json::FieldErrors errors;
  read_market_definition(parsed(kSound), definition, errors);
  auto const settings = app::settings_of(definition, 9);
  EXPECT_EQ(settings.rules.version, 9);
  EXPECT_EQ(settings.rules.attributes.size(), 4U);
  EXPECT_EQ(settings.visibility.at(1), market::Visibility::band);
  EXPECT_EQ(settings.required.at(0), 1);
  EXPECT_EQ(settings.required.at(1), 0);
  EXPECT_EQ(settings.rules.ask_micros, market::kNone);
  EXPECT_EQ(settings.rules.return_window_us, 604'800LL * 1'000'000);
  EXPECT_EQ(settings.acceptable_bp, 100);
  EXPECT_EQ(settings.commission_max_micros, market::kNone);
}

}  // namespace
}  // namespace leadex::api
