#include "server/json/value.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include "server/json/utf8.hpp"
#include "server/json/writer.hpp"
#include "tests/server/json/shared_data.hpp"

namespace leadex::json {
namespace {

[[nodiscard]] std::string code_of(std::string_view text, ParseLimits limits = {}) {
  auto const parsed = parse(text, limits);
  return parsed ? "ok" : std::string{to_string(parsed.error().code)};
}

TEST(JsonParse, TakesWhatTheTestSuiteWantsTakenAndRefusesTheRest) {
  LEADEX_NEED_SHARED_DATA("json/JSONTestSuite/test_parsing");
  int taken = 0;
  int refused = 0;
  for (auto const& entry : std::filesystem::directory_iterator{test::shared_data() /
                                                               "json/JSONTestSuite/test_parsing"}) {
    std::string const name = entry.path().filename().string();
    std::string const text = test::read_file(entry.path());
    std::string const code = code_of(text);
    if (name.find("duplicated_key") != std::string::npos) {
      EXPECT_EQ(code, "duplicate_key") << name;  // stricter than the suite, by decision 0003
    } else if (name.starts_with("y_")) {
      EXPECT_EQ(code, "ok") << name;
      ++taken;
    } else if (name.starts_with("n_")) {
      EXPECT_NE(code, "ok") << name;
      ++refused;
    } else if (name.starts_with("i_")) {
      EXPECT_NE(code, "ok") << name;
      ++refused;
    }
  }
  EXPECT_GE(taken, 40);
  EXPECT_GE(refused, 80);
}

TEST(JsonParse, NamesEachFaultByItsCode) {
  EXPECT_EQ(code_of(""), "empty");
  EXPECT_EQ(code_of(" \n"), "empty");
  EXPECT_EQ(code_of("{}", {.bytes = 1}), "too_large");
  EXPECT_EQ(code_of("\"\xC0\x80\""), "invalid_encoding");
  EXPECT_EQ(code_of("\xEF\xBB\xBF{}"), "invalid_encoding");
  EXPECT_EQ(code_of("\xEF\xBB{}"), "invalid_encoding");
  EXPECT_EQ(code_of("\xEF"), "invalid_encoding");
  EXPECT_EQ(code_of(std::string_view{"{}\0", 3}), "invalid_encoding");
  EXPECT_EQ(code_of(std::string_view{"{}\0{", 4}), "invalid_encoding");
  EXPECT_EQ(code_of("[[1]]", {.depth = 1}), "too_deep");
  EXPECT_EQ(code_of(R"({"a":1,"a":1})"), "duplicate_key");
  EXPECT_EQ(code_of(R"("\ud800")"), "lone_surrogate");
  EXPECT_EQ(code_of(R"("\udc00")"), "lone_surrogate");
  EXPECT_EQ(code_of(R"({"\udfff":1})"), "lone_surrogate");
  EXPECT_EQ(code_of(R"("\udc00\ud800")"), "lone_surrogate");
  EXPECT_EQ(code_of("18446744073709551616"), "number_out_of_range");
  EXPECT_EQ(code_of("[-9223372036854775809]"), "number_out_of_range");
  EXPECT_EQ(code_of("[18446744073709551615,-9223372036854775808,1.5,1e-5,2E+3,-0]"), "ok");
  EXPECT_EQ(code_of("1e-7"), "ok");
  EXPECT_EQ(code_of("1e999"), "number_out_of_range");
  EXPECT_EQ(code_of("{} {}"), "syntax");
  EXPECT_EQ(code_of("{}x"), "syntax");
  EXPECT_EQ(code_of("[1,]"), "syntax");
  EXPECT_EQ(code_of("// c\n{}"), "syntax");
  EXPECT_EQ(code_of("NaN"), "syntax");
}

TEST(JsonParse, KeepsNeighboursOfTheSurrogatesAndAPairedEscape) {
  auto const parsed = parse("[\"\xED\x9F\xBF\",\"\xEE\x80\x80\",\"\\ud83d\\ude00\",\"\\u0000\"]");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(text_of((*parsed)[2]), "\xF0\x9F\x98\x80");
  EXPECT_EQ(text_of((*parsed)[3]), std::string_view("\0", 1));
}

TEST(JsonParse, RefusesDeepNestingOfAnyDepthQuickly) {
  for (std::size_t depth : {100U, 1'000U, 10'000U, 100'000U, 1'000'000U}) {
    ParseLimits const wide{.bytes = 8'000'000};
    EXPECT_EQ(code_of(std::string(depth, '[') + std::string(depth, ']'), wide), "too_deep");
    EXPECT_EQ(code_of(std::string(depth, '['), wide), "too_deep");
    std::string objects;
    for (std::size_t i = 0; i < depth; ++i) objects += R"({"a":)";
    EXPECT_EQ(code_of(objects, wide), "too_deep");
  }
  EXPECT_EQ(code_of(std::string(64, '[') + std::string(64, ']')), "ok");
  EXPECT_EQ(code_of(std::string(65, '[') + std::string(65, ']')), "too_deep");
}

TEST(JsonParse, TakesAMillionElementsWhenTheLimitsAllow) {
  std::string text = "[0";
  for (int i = 1; i < 1'000'000; ++i) text += ",0";
  text += ']';
  EXPECT_EQ(code_of(text), "too_large");
  auto const parsed = parse(text, {.bytes = 4U * 1024 * 1024});
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->Size(), 1'000'000U);
}

TEST(JsonParse, FindsDuplicateKeysInAnyObjectAndOnlyThere) {
  EXPECT_EQ(code_of(R"([{"a":{"b":[{"c":1,"d":2,"c":3}]}}])"), "duplicate_key");
  EXPECT_EQ(code_of(R"({"a":{"a":{"a":1}},"b":{"a":1}})"), "ok");
  EXPECT_EQ(code_of(R"({"a":1,"\u0061":2})"), "duplicate_key");
  EXPECT_EQ(code_of(R"({"":1,"":2})"), "duplicate_key");
  EXPECT_EQ(code_of(R"({"a":1,"A":2,"a\u0000":3})"), "ok");
  auto const twice = parse(R"({"x":1,"y":{"z":0},"x":2})");
  ASSERT_FALSE(twice);
  EXPECT_EQ(twice.error().offset, 22U);
  // Wide objects stay cheap.
  std::string wide = "{";
  for (int i = 0; i < 60'000; ++i) wide += "\"k" + std::to_string(i) + "\":0,";
  EXPECT_EQ(code_of(wide + "\"last\":0}"), "ok");
  EXPECT_EQ(code_of(wide + "\"k7\":0}"), "duplicate_key");
}

TEST(JsonParse, KeepsNaughtyStringsByteForByte) {
  LEADEX_NEED_SHARED_DATA("strings/blns-half.json");
  auto const list = parse(test::read_file(test::shared_data() / "strings/blns-half.json"));
  ASSERT_TRUE(list);
  ASSERT_GE(list->Size(), 200U);
  for (auto const& item : list->GetArray()) {
    JsonWriter writer;
    {
      auto const object = writer.object();
      writer.field(text_of(item), text_of(item));
    }
    auto const again = parse(writer.view());
    ASSERT_TRUE(again) << writer.view();
    EXPECT_EQ(text_of(again->MemberBegin()->name), text_of(item));
    EXPECT_EQ(text_of(again->MemberBegin()->value), text_of(item));
  }
}

TEST(JsonParse, NeverAcceptsACutOfAnObject) {
  std::string const text =
      R"({"a":[1,2.5e3,"x\u00e9\ud83d\ude00",{"b":null,"c":true}],"d":"\"\\"})";
  ASSERT_EQ(code_of(text), "ok");
  for (std::size_t length = 0; length < text.size(); ++length) {
    EXPECT_NE(code_of(std::string_view{text}.substr(0, length)), "ok") << length;
  }
}

TEST(Utf8, AgreesWithAPlainReferenceOnAllShortSequences) {
  // The reference encodes every code point; the set of its outputs is the set of valid texts.
  auto const encode = [](std::uint32_t point) {
    std::string out;
    auto const add = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
    if (point < 0x80) {
      add(point);
    } else if (point < 0x800) {
      add(0xC0 | (point >> 6)), add(0x80 | (point & 63));
    } else if (point < 0x10000) {
      add(0xE0 | (point >> 12)), add(0x80 | ((point >> 6) & 63)), add(0x80 | (point & 63));
    } else {
      add(0xF0 | (point >> 18)), add(0x80 | ((point >> 12) & 63));
      add(0x80 | ((point >> 6) & 63)), add(0x80 | (point & 63));
    }
    return out;
  };
  for (std::uint32_t point = 0; point < 0x120000; ++point) {
    bool const valid = point < 0xD800 || (point > 0xDFFF && point < 0x110000);
    std::string const text = encode(point);
    ASSERT_EQ(is_utf8(text), valid) << point;
    if (!valid) continue;
    std::size_t at = 0;
    ASSERT_EQ(next_code_point(text, at), point);
    ASSERT_EQ(at, text.size());
    ASSERT_EQ(count_code_points(text), 1U);
    ASSERT_FALSE(text.size() > 1 && is_utf8(std::string_view{text}.substr(0, text.size() - 1)));
  }
  EXPECT_FALSE(is_utf8("\xC1\xBF"));
  EXPECT_FALSE(is_utf8("\xE0\x9F\xBF"));
  EXPECT_FALSE(is_utf8("\xF0\x8F\xBF\xBF"));
  EXPECT_EQ(first_invalid_utf8("abcdefghij\xFFz"), 10U);
  EXPECT_EQ(repair_utf8("a\xFF\xC3\xA9\xE2\x82"), "a\xEF\xBF\xBD\xC3\xA9\xEF\xBF\xBD\xEF\xBF\xBD");
}

}  // namespace
}  // namespace leadex::json
