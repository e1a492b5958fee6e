#include "server/json/object_reader.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/json/money_text.hpp"
#include "server/json/time_text.hpp"
#include "server/json/writer.hpp"

namespace leadex::json {
namespace {

using testing::ElementsAre;

[[nodiscard]] Document document(std::string_view text) {
  auto parsed = parse(text);
  EXPECT_TRUE(parsed) << text;
  return parsed ? std::move(*parsed) : Document{};
}

/// "pointer code" of each error, in order.
[[nodiscard]] std::vector<std::string> brief(FieldErrors const& errors) {
  std::vector<std::string> lines;
  for (auto const& error : errors) lines.push_back(error.pointer + " " + error.code);
  return lines;
}

TEST(ObjectReader, ReadsEachType) {
  Document const doc = document(
      R"({"s":"x","i":-5,"b":true,"n":null,"o":{"deep":7},"a":[1],"at":"2026-01-02T03:04:05Z"})");
  FieldErrors errors;
  ObjectReader reader{doc, errors};
  EXPECT_EQ(reader.require_string("s"), "x");
  EXPECT_EQ(reader.require_int("i"), -5);
  EXPECT_TRUE(reader.require_bool("b"));
  EXPECT_EQ(reader.optional_string("n"), std::nullopt);
  EXPECT_EQ(reader.optional_int("absent"), std::nullopt);
  EXPECT_EQ(reader.require_object("o").require_int("deep"), 7);
  EXPECT_EQ(reader.require_array("a")->Size(), 1U);
  EXPECT_EQ(format_timestamp(require_timestamp(reader, "at")), "2026-01-02T03:04:05Z");
  reader.refuse_unknown_fields();
  EXPECT_TRUE(reader.ok());
}

TEST(ObjectReader, ReportsAllFaultsWithTheirPlaces) {
  Document const doc = document(
      R"({"s":1,"i":5.0,"big":18446744073709551615,"small":1,"b":"true","o":[],"nul":"a\u0000",)"
      R"("inner":{"x~/y":[],"at":"soon"},"extra":1})");
  FieldErrors errors;
  ObjectReader reader{doc, errors};
  (void)reader.require_string("s");
  (void)reader.require_int("i");
  (void)reader.require_int("big");
  (void)reader.require_int("small", {.min = 2, .max = 9});
  (void)reader.require_bool("b");
  (void)reader.require_object("o").require_string("silent");
  (void)reader.require_string("nul");
  (void)reader.require_string("absent");
  ObjectReader inner = reader.require_object("inner");
  (void)inner.require_string("x~/y");
  (void)require_timestamp(inner, "at");
  (void)require_timestamp(inner, "gone");
  reader.refuse_unknown_fields();
  EXPECT_FALSE(reader.ok());
  EXPECT_THAT(brief(errors), ElementsAre("/s wrong_type", "/i wrong_type", "/big too_big",
                                         "/small too_small", "/b wrong_type", "/o wrong_type",
                                         "/nul invalid_character", "/absent missing_field",
                                         "/inner/x~0~1y wrong_type", "/inner/at time_malformed",
                                         "/inner/gone missing_field", "/extra unknown_field"));
}

TEST(ObjectReader, StaysSilentBelowAMissingObject) {
  Document const doc = document("{}");
  FieldErrors errors;
  ObjectReader reader{doc, errors};
  ObjectReader inner = reader.require_object("o");
  (void)inner.require_string("x");
  (void)inner.require_object("y").require_int("z");
  (void)require_timestamp(inner, "at");
  (void)require_money(inner, "price", {.currency = "EUR"});
  inner.refuse_unknown_fields();
  EXPECT_THAT(brief(errors), ElementsAre("/o missing_field"));
  FieldErrors other;
  ObjectReader const on_array{document("[]"), other};
  EXPECT_THAT(brief(other), ElementsAre(" wrong_type"));
}

TEST(ObjectReader, BoundsTheErrorsAndTheEchoedKeys) {
  std::string text = "{";
  for (int i = 0; i < 5'000; ++i) text += "\"u" + std::to_string(i) + "\":0,";
  Document const doc = document(text + "\"" + std::string(63, 'k') + "\xC3\xA9\":0}");
  FieldErrors errors;
  ObjectReader reader{doc, errors};
  reader.refuse_unknown_fields();
  EXPECT_EQ(errors.size(), kFieldErrorsMax);
  EXPECT_EQ(child_pointer("", std::string(63, 'k') + "\xC3\xA9"),
            "/" + std::string(63, 'k') + "...");
}

TEST(ObjectReader, ReadsMoneyInTheMarketsCurrencyOnly) {
  auto const codes = [](std::string_view money, MoneyRule rule = {.currency = "USD"}) {
    Document const doc = document(std::string{"{\"m\":"} + std::string{money} + "}");
    FieldErrors errors;
    ObjectReader reader{doc, errors};
    Money const amount = require_money(reader, "m", rule);
    if (errors.empty()) return std::vector<std::string>{std::to_string(amount.micros)};
    return brief(errors);
  };
  EXPECT_THAT(codes(R"({"amount":"12.34","currency":"USD"})"), ElementsAre("12340000"));
  EXPECT_THAT(codes(R"({"amount":"12.34","currency":"EUR"})"),
              ElementsAre("/m/currency currency_mismatch"));
  EXPECT_THAT(codes(R"({"amount":"-1","currency":"USD"})"),
              ElementsAre("/m/amount amount_negative"));
  EXPECT_THAT(
      codes(R"({"amount":"-1","currency":"USD"})", {.currency = "USD", .sign = AmountSign::any}),
      ElementsAre("-1000000"));
  EXPECT_THAT(codes(R"({"amount":12.34,"currency":"USD","x":1})"),
              ElementsAre("/m/amount wrong_type", "/m/x unknown_field"));
  EXPECT_THAT(codes(R"("12.34")"), ElementsAre("/m wrong_type"));
  EXPECT_THAT(codes("{}"), ElementsAre("/m/amount missing_field", "/m/currency missing_field"));
  MoneyRule const range{.currency = "USD", .min = Money{10'000}, .max = Money{20'000}};
  EXPECT_THAT(codes(R"({"amount":"0.009999","currency":"USD"})", range),
              ElementsAre("/m/amount too_small"));
  EXPECT_THAT(codes(R"({"amount":"0.020001","currency":"USD"})", range),
              ElementsAre("/m/amount too_big"));

  Document const any =
      document(R"({"m":{"amount":"1","currency":"JPY"},"n":{"amount":"1","currency":"XXX"}})");
  FieldErrors errors;
  ObjectReader reader{any, errors};
  EXPECT_EQ(require_money_any(reader, "m")->currency, "JPY");
  EXPECT_EQ(optional_money(reader, "absent", {.currency = "USD"}), std::nullopt);
  EXPECT_FALSE(require_money_any(reader, "n"));
  EXPECT_THAT(brief(errors), ElementsAre("/n/currency currency_unknown"));
}

TEST(JsonWriter, WritesEachKindOfValue) {
  JsonWriter writer;
  {
    auto const object = writer.object();
    writer.field("literal", "text");
    writer.field("bool", true);
    writer.field("int", -1);
    writer.field("big", std::uint64_t{18446744073709551615ULL});
    writer.field("null", nullptr);
    writer.field("none", std::optional<std::string>{});
    writer.field_if("skipped", std::optional<int>{});
    writer.field("at", Timestamp{Micros{1'500'000}});
    writer.field("price", Money{12'340'000}, "USD");
    writer.field("net", std::optional<Money>{}, "USD");
    writer.field("bad", std::string_view{"a\xFF"});
    auto const list = writer.array("list");
    writer.value(1);
    { auto const inner = writer.object(); }
  }
  EXPECT_EQ(writer.view(),
            R"({"literal":"text","bool":true,"int":-1,"big":18446744073709551615,"null":null,)"
            R"("none":null,"at":"1970-01-01T00:00:01.5Z",)"
            R"("price":{"amount":"12.34","currency":"USD"},"net":null,)"
            "\"bad\":\"a\xEF\xBF\xBD\",\"list\":[1,{}]}");
}

}  // namespace
}  // namespace leadex::json
