#include "matching/targeting/schema.hpp"

#include <gtest/gtest.h>

#include "tests/matching/targeting/random_targeting.hpp"

namespace leadex::targeting {
namespace {

SchemaError fault_of(std::vector<AttributeDef> defs) {
  return Schema::make(std::move(defs)).error().code;
}

TEST(Schema, MarketAttributesComeFirstThenTheVirtualOnes) {
  auto const schema = test_schema();
  EXPECT_EQ(schema.size(), 10u);
  EXPECT_EQ(schema.market_size(), 5u);
  EXPECT_EQ(schema.find("state"), AttributeIndex{0});
  EXPECT_EQ(schema.find("score"), schema.score());
  EXPECT_EQ(schema.find("temperature"), schema.temperature());
  EXPECT_EQ(schema.find("vehicle"), schema.vehicle());
  EXPECT_EQ(schema.find("source_reason"), schema.source_reason());
  EXPECT_EQ(schema.find("lead_age_s"), schema.lead_age_s());
  EXPECT_EQ(schema.find("colour"), std::nullopt);
  EXPECT_EQ(schema.choice(schema.vehicle(), "direct_mail"), 7);
  EXPECT_EQ(schema.choice(schema.temperature(), "cold"), 2);
  EXPECT_EQ(schema.choice(schema.score(), "cold"), std::nullopt);
}

TEST(Schema, EachFaultHasItsCode) {
  EXPECT_EQ(fault_of({integer_def("Age", 1, 2)}), SchemaError::name_invalid);
  EXPECT_EQ(fault_of({integer_def("", 1, 2)}), SchemaError::name_invalid);
  EXPECT_EQ(fault_of({integer_def("score", 1, 2)}), SchemaError::name_taken);
  EXPECT_EQ(fault_of({integer_def("a", 1, 2), integer_def("a", 1, 2)}), SchemaError::name_taken);
  EXPECT_EQ(fault_of({integer_def("a", 2, 1)}), SchemaError::range_invalid);
  EXPECT_EQ(fault_of({integer_def("a", kIntegerMin - 1, 1)}), SchemaError::range_invalid);
  EXPECT_EQ(fault_of({choice_def("a", 0)}), SchemaError::choices_invalid);
  EXPECT_EQ(fault_of({choice_def("a", kChoicesMax + 1)}), SchemaError::choices_invalid);
  auto twice = choice_def("a", 2);
  twice.choices[1] = twice.choices[0];
  EXPECT_EQ(fault_of({twice}), SchemaError::choices_invalid);
  auto text = plain_def("a", AttributeType::text);
  text.max_length = 0;
  EXPECT_EQ(fault_of({text}), SchemaError::length_invalid);
  std::vector<AttributeDef> many;
  for (std::size_t i = 0; i <= kMarketAttributesMax; ++i) {
    many.push_back(integer_def("a" + std::to_string(i), 0, 1));
  }
  EXPECT_EQ(fault_of(many), SchemaError::too_many_attributes);
}

TEST(TextInterner, CountsFromZeroInOrderOfAppearanceAndSurvivesAMove) {
  TextInterner texts;
  EXPECT_EQ(texts.intern("b"), 0);
  EXPECT_EQ(texts.intern("a"), 1);
  EXPECT_EQ(texts.intern("b"), 0);
  auto const moved = std::move(texts);
  EXPECT_EQ(moved.find("a"), 1);
  EXPECT_EQ(moved.find("c"), std::nullopt);
  EXPECT_EQ(moved.text(1), "a");
  EXPECT_EQ(moved.size(), 2u);
}

}  // namespace
}  // namespace leadex::targeting
