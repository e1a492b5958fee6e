#include "server/intake/ndjson/reader.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <random>

#include "server/json/writer.hpp"

namespace leadex::intake {
namespace {

using testing::ElementsAre;
using Story = std::vector<std::string>;

/// The literal with the NULs inside it.
template <std::size_t N>
[[nodiscard]] constexpr std::string_view whole_literal(char const (&text)[N]) {
  return {text, N - 1};
}

[[nodiscard]] Story read(std::string_view text, auto next_cut, NdjsonLimits limits) {
  Story story;
  NdjsonReader reader{[&story](NdjsonRow const& row) {
                        story.push_back(std::to_string(row.no) +
                                        (row.fault ? "!" + std::string{to_string(*row.fault)}
                                                   : ":" + json::to_text(*row.document)));
                      },
                      limits};
  Result<void, NdjsonFileError> result;
  while (!text.empty() && result) {
    std::size_t const cut = std::min<std::size_t>(text.size(), next_cut());
    result = reader.feed(text.substr(0, cut));
    text.remove_prefix(cut);
  }
  if (result) result = reader.finish();
  if (!result) story.emplace_back("unsupported_encoding");
  return story;
}

[[nodiscard]] Story story_of(std::string_view text, NdjsonLimits limits = {}) {
  Story const whole = read(
      text, [] { return 1U << 30U; }, limits);
  EXPECT_EQ(read(
                text, [] { return 1U; }, limits),
            whole);
  EXPECT_EQ(read(
                text, [] { return 5U; }, limits),
            whole);
  return whole;
}

TEST(NdjsonReader, ReadsOneObjectPerLine) {
  EXPECT_THAT(story_of("\xEF\xBB\xBF{\"a\":1}\r\n\n  \t\n{\"b\":\"\\n\"}\n{}"),
              ElementsAre(R"(1:{"a":1})", R"(2:{"b":"\n"})", "3:{}"));
  EXPECT_THAT(story_of(""), ElementsAre());
  EXPECT_THAT(story_of("\n\n"), ElementsAre());
}

TEST(NdjsonReader, GoesOnBehindAMalformedLine) {
  EXPECT_THAT(
      story_of(whole_literal("{\"a\":1,\"a\":2}\n[1]\n{\n{}{}\n7\n\"\xFF\"\n{}\0\n{}\n")),
      ElementsAre("1!malformed_json", "2!not_an_object", "3!malformed_json", "4!malformed_json",
                  "5!not_an_object", "6!malformed_json", "7!malformed_json", "8:{}"));
  EXPECT_THAT(story_of(R"({"a":{"b":{}}})"
                       "\n{}",
                       {.depth = 2}),
              ElementsAre("1!malformed_json", "2:{}"));
}

TEST(NdjsonReader, BoundsALine) {
  NdjsonLimits const small{.row_bytes = 8};
  EXPECT_THAT(story_of("{\"a\":12}\r\n{\"a\":123}\n{}\n{\"a\":1234567890123}\n{}", small),
              ElementsAre(R"(1:{"a":12})", "2!row_too_long", "3:{}", "4!row_too_long", "5:{}"));
  std::string const huge(10U << 20U, '[');
  EXPECT_THAT(story_of(huge + "\n{}"), ElementsAre("1!row_too_long", "2:{}"));
}

TEST(NdjsonReader, RefusesOtherEncodings) {
  EXPECT_THAT(story_of(whole_literal("\xFF\xFE{\0}\0\n\0")), ElementsAre("unsupported_encoding"));
  EXPECT_THAT(story_of(whole_literal("{\0}\0\n\0")), ElementsAre("unsupported_encoding"));
  EXPECT_THAT(story_of("\xFE\xFF" + std::string(100'000, 'x')),
              ElementsAre("unsupported_encoding"));
}

TEST(NdjsonReader, TellsTheSameStoryHoweverTheFileIsCut) {
  std::uint64_t const seed = std::random_device{}();
  std::printf("NdjsonReader: seed %llu\n", static_cast<unsigned long long>(seed));
  std::mt19937_64 random{seed};
  auto const pick = [&random](std::size_t n) { return random() % n; };
  std::vector<std::string> const bits{"{}", "\n",           "\r\n", "{\"a\":", "1", "}",
                                      " ",  "\xEF\xBB\xBF", "\xFF", "[",       "]", "\r"};
  for (int run = 0; run < 2'000; ++run) {
    std::string text;
    for (std::size_t n = pick(30); n > 0; --n) text += bits[pick(bits.size())];
    NdjsonLimits const limits{.row_bytes = 1 + pick(20)};
    ASSERT_EQ(read(
                  text, [&] { return pick(6) + 1; }, limits),
              story_of(text, limits));
  }
}

}  // namespace
}  // namespace leadex::intake
