#include <gtest/gtest.h>

#include <iostream>

#include "matching/targeting/expression.hpp"
#include "tests/matching/targeting/random_targeting.hpp"

namespace leadex::targeting {
namespace {

constexpr AttributeIndex kState = 0;
constexpr AttributeIndex kPostcode = 3;

TextInterner interner_of(std::int64_t count) {
  TextInterner texts;
  for (std::int64_t i = 0; i < count; ++i) static_cast<void>(texts.intern("t" + std::to_string(i)));
  return texts;
}

TEST(ExpressionCodec, RandomTreesComeBackAndTheirBytesAreCanonical) {
  auto const schema = test_schema();
  auto const seed = std::random_device{}();
  std::cout << "seed " << seed << "\n";
  RandomTargeting random(schema, seed, 50);
  auto texts = interner_of(50);
  for (int i = 0; i < 2000; ++i) {
    auto const tree = random.valid_tree(4);
    auto const bytes = encode(tree, schema, texts);
    auto const back = decode(bytes, schema, texts);
    ASSERT_TRUE(back.has_value()) << "seed " << seed;
    ASSERT_EQ(*back, tree) << "seed " << seed;
    TextInterner other;  // with ids of its own
    auto const there = decode(bytes, schema, other);
    ASSERT_TRUE(there.has_value());
    ASSERT_EQ(encode(*there, schema, other), bytes) << "seed " << seed;
  }
  EXPECT_EQ(texts.size(), 50u);
}

TEST(ExpressionCodec, EveryAcceptedMutationIsCanonicalToo) {
  auto const schema = test_schema();
  auto const seed = std::random_device{}();
  std::cout << "seed " << seed << "\n";
  RandomTargeting random(schema, seed, 50);
  auto const texts = interner_of(50);
  int refused = 0;
  for (int i = 0; i < 20'000; ++i) {
    auto bytes = encode(random.valid_tree(3), schema, texts);
    auto const at = static_cast<std::size_t>(random.below(static_cast<std::int64_t>(bytes.size())));
    if (random.below(4) == 0) {
      bytes.resize(at);
    } else {
      bytes[at] = static_cast<std::byte>(random.below(256));
    }
    TextInterner fresh;
    auto const back = decode(bytes, schema, fresh);
    if (!back) {
      ++refused;
      EXPECT_EQ(fresh.size(), 0u);  // a refused tree leaves no texts behind
      continue;
    }
    ASSERT_EQ(encode(*back, schema, fresh), bytes) << "seed " << seed;
  }
  EXPECT_GT(refused, 5000);
}

TEST(ExpressionCodec, BytesOutliveANewSchemaVersion) {
  auto const old_schema = test_schema();
  auto const new_schema =
      Schema::make({plain_def("own_home", AttributeType::boolean),
                    plain_def("postcode", AttributeType::text), choice_def("state", 5)})
          .value();
  TextInterner texts;
  auto const tree = all_of({in_list(kState, {1, 4}), equal_to(kPostcode, texts.intern("10115"))});
  TextInterner others = interner_of(7);
  auto const moved = decode(encode(tree, old_schema, texts), new_schema, others);
  ASSERT_TRUE(moved.has_value());
  EXPECT_EQ(*moved, all_of({in_list(2, {1, 4}), equal_to(1, 7)}));

  auto const gone = encode(in_list(kState, {1, 5}), old_schema, texts);
  EXPECT_EQ(decode(gone, new_schema, others).error(),
            (ExpressionFault{ExpressionError::value_invalid, "/in/1"}));
  auto const age = encode(in_range(1, 20, 30), old_schema, texts);
  EXPECT_EQ(decode(age, new_schema, others).error(),
            (ExpressionFault{ExpressionError::unknown_attribute, "/attribute"}));
}

TEST(ExpressionCodec, AQuestionAskedOnceLeavesNoTextsBehind) {
  auto const schema = test_schema();
  TextInterner asking;
  auto const known = asking.intern("10115");
  auto const unknown = asking.intern("99999");
  auto const tree = any_of({in_list(kPostcode, {known, unknown}),
                            not_of(equal_to(kPostcode, unknown)), equal_to(kState, 1)});
  TextInterner texts;
  (void)texts.intern("20095");
  auto const here = texts.intern("10115");
  auto const read = decode_known(encode(tree, schema, asking), schema, texts);
  ASSERT_TRUE(read.has_value());
  EXPECT_FALSE(texts.find("99999").has_value());
  EXPECT_EQ(read->children.at(0), equal_to(kPostcode, here));
  EXPECT_TRUE(read->children.at(1).children.at(0).values.empty());
  auto values = schema.blank();
  values.at(kPostcode) = here;
  EXPECT_TRUE(evaluate(read->children.at(0), values));
  EXPECT_TRUE(evaluate(read->children.at(1), values));
  EXPECT_FALSE(evaluate(read->children.at(1).children.at(0), values));
}

TEST(ExpressionCodec, TrailingBytesWrongVersionAndNothingAreMalformed) {
  auto const schema = test_schema();
  TextInterner texts;
  auto bytes = encode(all_of({}), schema, texts);
  bytes.push_back(std::byte{0});
  EXPECT_EQ(decode(bytes, schema, texts).error().code, ExpressionError::malformed);
  bytes.pop_back();
  bytes[0] = std::byte{9};
  EXPECT_EQ(decode(bytes, schema, texts).error().code, ExpressionError::malformed);
  EXPECT_EQ(decode({}, schema, texts).error().code, ExpressionError::malformed);
}

TEST(ExpressionCodec, DeepBytesAreRefusedBeforeTheyRecurse) {
  auto const schema = test_schema();
  TextInterner texts;
  std::vector<std::byte> bytes(100'000, std::byte{2});  // not not not …
  bytes[0] = std::byte{1};
  EXPECT_EQ(decode(bytes, schema, texts).error().code, ExpressionError::too_complex);
  bytes.resize(kEncodedBytesMax + 1, std::byte{2});
  EXPECT_EQ(decode(bytes, schema, texts).error().code, ExpressionError::too_complex);
}

}  // namespace
}  // namespace leadex::targeting
