// T, campaign definitions and listing filters as they are read, without a database.

#include <gtest/gtest.h>

#include "server/api/v1/campaign_terms.hpp"
#include "server/api/v1/listing_query.hpp"
#include "server/api/v1/targeting_json.hpp"
#include "server/privacy/key_ring.hpp"

namespace leadex::api {
namespace {

targeting::Schema schema() {
  return *targeting::Schema::make(
      {{.name = "state", .type = targeting::AttributeType::choice, .choices = {"CA", "TX"}},
       {.name = "age", .type = targeting::AttributeType::integer, .minimum = 16, .maximum = 110},
       {.name = "own_home", .type = targeting::AttributeType::boolean},
       {.name = "city", .type = targeting::AttributeType::text}});
}

/// "" when it is taken, else "code pointer".
std::string fault_of(std::string const& text) {
  auto const tree = json::parse(text);
  EXPECT_TRUE(tree.has_value()) << text;
  targeting::TextInterner texts;
  auto const read = read_targeting(*tree, schema(), texts, "/t");
  return read ? "" : read.error().code + ' ' + read.error().pointer;
}

TEST(TargetingJson, TakesWhatTheApiDescribes) {
  for (auto const* text :
       {R"({"all":[]})", R"({"attribute":"state","in":["CA","TX"]})",
        R"({"attribute":"age","gte":25,"lte":60})", R"({"attribute":"own_home","eq":true})",
        R"({"not":{"any":[{"attribute":"city","eq":"Reno"},{"attribute":"score","gte":40}]}})",
        R"({"attribute":"temperature","in":["hot"]})"}) {
    EXPECT_EQ(fault_of(text), "") << text;
  }
}

TEST(TargetingJson, NamesTheFirstFaultWithItsPlace) {
  EXPECT_EQ(fault_of("3"), "targeting_malformed /t");
  EXPECT_EQ(fault_of("{}"), "targeting_malformed /t");
  EXPECT_EQ(fault_of(R"({"all":[],"any":[]})"), "targeting_malformed /t");
  EXPECT_EQ(fault_of(R"({"all":[{"attribute":"shoe","eq":1}]})"),
            "unknown_attribute /t/all/0/attribute");
  EXPECT_EQ(fault_of(R"({"attribute":"state","in":["CA","NV"]})"), "value_invalid /t/in/1");
  EXPECT_EQ(fault_of(R"({"attribute":"state","gte":1})"), "value_invalid /t/gte");
  EXPECT_EQ(fault_of(R"({"attribute":"age","gte":1.5})"), "value_invalid /t/gte");
  EXPECT_EQ(fault_of(R"({"attribute":"age","eq":"30"})"), "value_invalid /t/eq");
  EXPECT_EQ(fault_of(R"({"attribute":"age","eq":30,"gte":3})"), "targeting_malformed /t");
  EXPECT_EQ(fault_of(R"({"attribute":"age"})"), "targeting_malformed /t");
  EXPECT_EQ(fault_of(R"({"attribute":"own_home","eq":1})"), "value_invalid /t/eq");
  EXPECT_EQ(fault_of(R"({"any":[]})").substr(0, 10), "empty_list");
  EXPECT_EQ(fault_of(R"({"attribute":"age","gte":60,"lte":25})").substr(0, 11), "range_empty");
}

TEST(TargetingJson, StopsAtTheDepthTheEngineTakes) {
  std::string text = R"({"attribute":"age","gte":25})";
  for (std::size_t i = 1; i < targeting::kDepthMax; ++i) text = R"({"not":)" + text + '}';
  EXPECT_EQ(fault_of(text), "");
  EXPECT_EQ(fault_of(R"({"not":)" + text + '}').substr(0, 11), "too_complex");
}

TEST(TargetingJson, GivesBytesTheEngineReadsBack) {
  auto const tree = json::parse(R"({"all":[{"attribute":"city","in":["Reno","Elko"]}]})");
  auto const bytes = targeting_bytes(*tree, schema(), "");
  ASSERT_TRUE(bytes.has_value());
  targeting::TextInterner engines;
  static_cast<void>(engines.intern("something else"));
  auto const read =
      targeting::decode(std::as_bytes(std::span{bytes->data(), bytes->size()}), schema(), engines);
  ASSERT_TRUE(read.has_value());
  EXPECT_TRUE(engines.find("Elko").has_value());
}

class Definitions : public testing::Test {
 protected:
  Definitions() {
    settings_.currency = "USD";
    settings_.rules.attributes = {
        {.name = "age", .type = targeting::AttributeType::integer, .minimum = 16, .maximum = 110}};
  }
  Result<CampaignDraft, json::FieldErrors> read(std::string const& text) {
    auto const body = json::parse(text);
    EXPECT_TRUE(body.has_value());
    return read_campaign(*body, settings_, ids_, false);
  }
  static std::string with(std::string const& more) {
    return R"({"name":"N","market":"m.us.usd","pricing":{"model":"cpl","bid":{"amount":"5",)"
           R"("currency":"USD"}})" +
           more + '}';
  }
  market::MarketSettings settings_;
  privacy::KeyRing ring_{crypto::Secret(std::string(32, 'r'))};
  crypto::PublicIdCodec ids_{ring_.id_key()};
};

TEST_F(Definitions, WriteEveryDefaultOut) {
  auto const draft = read(with(""));
  ASSERT_TRUE(draft.has_value());
  EXPECT_EQ(
      draft->definition,
      R"({"name":"N","market":"m.us.usd","pricing":{"model":"cpl","bid":{"amount":"5.00",)"
      R"("currency":"USD"}},"targeting":{"all":[]},"exclusivity":"any","time_zone":"UTC",)"
      R"("caps":{"leads":{},"spend":{}},"sources":{"leads_max":{},"allow":[],"block":[]},)"
      R"("pacing":"asap","priority":5,"weight":1,"buys_listings":false,"webhook_endpoint_id":null})");
  auto const again = read(draft->definition);
  ASSERT_TRUE(again.has_value()) << "a definition reads as itself";
  EXPECT_EQ(again->definition, draft->definition);
  EXPECT_EQ(market::encode_value(again->terms), market::encode_value(draft->terms));
}

TEST_F(Definitions, LayAChangeOver) {
  auto const draft =
      read(with(R"(,"caps":{"leads":{"day":3},"spend":{"week":{"amount":"9","currency":"USD"}}})"));
  ASSERT_TRUE(draft.has_value());
  EXPECT_EQ(draft->terms.leads_max[1], 3);
  EXPECT_EQ(draft->terms.spend_max[2], 9'000'000);
  auto const change = json::parse(R"({"caps":{"leads":{"day":0}},"exclusivity":"shared"})");
  auto const changed = read(json::to_text(lay_over(draft->definition, *change)));
  ASSERT_TRUE(changed.has_value());
  EXPECT_EQ(changed->terms.leads_max[1], 0) << "a cap of none at all";
  EXPECT_EQ(changed->terms.spend_max[2], market::kNone);
  EXPECT_EQ(changed->terms.bid_micros, 5'000'000);
  EXPECT_EQ(changed->terms.exclusivity, auction::Exclusivity::shared);
}

TEST_F(Definitions, RefuseAmountsOfNothingAndOtherCurrencies) {
  auto const free = read(R"({"name":"N","market":"m.us.usd","pricing":{"model":"cpl","bid":)"
                         R"({"amount":"0","currency":"USD"}}})");
  ASSERT_FALSE(free.has_value());
  EXPECT_EQ(free.error().front().pointer, "/pricing/bid/amount");
  auto const euro = read(R"({"name":"N","market":"m.us.usd","pricing":{"model":"cpl","bid":)"
                         R"({"amount":"1","currency":"EUR"}}})");
  ASSERT_FALSE(euro.has_value());
  EXPECT_EQ(euro.error().front().code, "currency_mismatch");
}

std::string filter_fault(QueryFields const& query) {
  auto visible = std::vector(schema().size(), market::Visibility::exact);
  visible.at(2) = market::Visibility::hidden;
  auto const read = read_listing_filter(query, schema(), visible);
  return read ? "" : read.error().front().code + ' ' + read.error().front().pointer;
}

TEST(ListingFilter, ReadsAttributesByTheirNames) {
  auto const read =
      read_listing_filter({{"market", "m"},
                           {"sort", "ask"},
                           {"state", "CA,TX"},
                           {"age[gte]", "25"},
                           {"own_home", "true"}},
                          schema(), std::vector(schema().size(), market::Visibility::band));
  ASSERT_TRUE(read.has_value());
  auto values = schema().blank();
  values[0] = 1;
  values[1] = 25;
  values[2] = 1;
  EXPECT_TRUE(targeting::evaluate(*read, values));
  values[1] = 24;
  EXPECT_FALSE(targeting::evaluate(*read, values));
}

TEST(ListingFilter, NamesWhatItCannotRead) {
  EXPECT_EQ(filter_fault({{"shoe", "3"}}), "unknown_parameter /query/shoe");
  EXPECT_EQ(filter_fault({{"age[gt]", "3"}}), "unknown_parameter /query/age[gt]");
  EXPECT_EQ(filter_fault({{"state", "CA,"}}), "value_invalid /query/state");
  EXPECT_EQ(filter_fault({{"age[gte]", "+3"}}), "value_invalid /query/age[gte]");
  EXPECT_EQ(filter_fault({{"state[gte]", "3"}}), "value_invalid /query/state[gte]");
  EXPECT_EQ(filter_fault({{"own_home", "true"}}), "unknown_parameter /query/own_home") << "hidden";
  EXPECT_EQ(filter_fault({{"city", "Reno"}}), "not_filterable /query/city");
}

}  // namespace
}  // namespace leadex::api
