#include "server/intake/csv/reader.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <malloc.h>

#include <cstdio>
#include <random>

#include "server/intake/csv/writer.hpp"
#include "server/json/value.hpp"
#include "tests/server/json/shared_data.hpp"

namespace leadex::intake {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// What a reader said of a file: header, then one line per record ("1:a|b" or "2!fault"), then the
/// file error.
using Story = std::vector<std::string>;

[[nodiscard]] std::string joined(auto const& fields) {
  std::string text;
  for (auto const& field : fields)
    text.append(text.empty() ? "" : "|").append("<").append(field) += '>';
  return text;
}

/// The literal with the NULs inside it.
template <std::size_t N>
[[nodiscard]] constexpr std::string_view whole_literal(char const (&text)[N]) {
  return {text, N - 1};
}

/// Feeds `text` in the pieces that `next_cut` asks for.
[[nodiscard]] Story read(std::string_view text, auto next_cut, CsvLimits limits = {}) {
  Story story;
  CsvReader reader{[&story](CsvRow const& row) {
                     story.push_back(std::to_string(row.no) +
                                     (row.fault ? "!" + std::string{to_string(*row.fault)}
                                                : ":" + joined(row.fields)));
                   },
                   limits};
  Result<void, CsvFileError> result;
  while (!text.empty() && result) {
    std::size_t const cut = std::min<std::size_t>(text.size(), next_cut());
    result = reader.feed(text.substr(0, cut));
    text.remove_prefix(cut);
  }
  if (result) result = reader.finish();
  story.insert(story.begin(), joined(reader.header()));
  if (!result) story.push_back(std::string{to_string(result.error())});
  return story;
}

/// The story of the whole file, which must be the same byte by byte and in pieces of 7.
[[nodiscard]] Story story_of(std::string_view text, CsvLimits limits = {}) {
  Story const whole = read(
      text, [] { return 1U << 30U; }, limits);
  EXPECT_EQ(read(
                text, [] { return 1U; }, limits),
            whole);
  EXPECT_EQ(read(
                text, [] { return 7U; }, limits),
            whole);
  return whole;
}

TEST(CsvReader, ReadsTheSpectrumAsItsPairsSay) {
  LEADEX_NEED_SHARED_DATA("csv/csv-spectrum");
  int pairs = 0;
  for (auto const& entry :
       std::filesystem::directory_iterator{test::shared_data() / "csv/csv-spectrum"}) {
    if (entry.path().extension() != ".csv") continue;
    auto json_path = entry.path();
    auto const expected = json::parse(test::read_file(json_path.replace_extension(".json")));
    ASSERT_TRUE(expected) << entry.path();
    Story story;
    story.emplace_back();
    for (auto const& object : expected->GetArray()) {
      std::vector<std::string> names;
      std::vector<std::string> fields;
      for (auto const& member : object.GetObject()) {
        names.emplace_back(json::text_of(member.name));
        fields.emplace_back(json::text_of(member.value));
      }
      story.front() = joined(names);
      story.push_back(std::to_string(story.size()) + ":" + joined(fields));
    }
    EXPECT_EQ(story_of(test::read_file(entry.path())), story) << entry.path();
    ++pairs;
  }
  EXPECT_EQ(pairs, 6);
}

TEST(CsvReader, KeepsValuesByteForByte) {
  EXPECT_THAT(story_of("a,b\n x ,\"1\r\n2\n\"\n\"\"\"\",\xC3\xA9\r\n"),
              ElementsAre("<a>|<b>", "1:< x >|<1\r\n2\n>", "2:<\">|<\xC3\xA9>"));
  EXPECT_THAT(story_of("a,b\nx\ry,\rz\n"), ElementsAre("<a>|<b>", "1:<x\ry>|<\rz>"));
  EXPECT_THAT(story_of("a\nx\r"), ElementsAre("<a>", "1:<x>"));
  EXPECT_THAT(story_of("a,b\r\n,\r\n"), ElementsAre("<a>|<b>", "1:<>|<>"));
}

TEST(CsvReader, SkipsByteOrderMarkAndEmptyLines) {
  EXPECT_THAT(story_of("\xEF\xBB\xBF"
                       "a,b\n\n1,2\r\n\r\n\n3,4"),
              ElementsAre("<a>|<b>", "1:<1>|<2>", "2:<3>|<4>"));
  EXPECT_THAT(story_of("\n\r\na\n\"\"\n"), ElementsAre("<a>", "1:<>"));
  EXPECT_THAT(story_of("\xEF\xBB\xBF\"a\",b\n1,2"), ElementsAre("<a>|<b>", "1:<1>|<2>"));
}

TEST(CsvReader, FindsTheDelimiterInTheHeader) {
  EXPECT_THAT(story_of("a;b\n1,5;2\n"), ElementsAre("<a>|<b>", "1:<1,5>|<2>"));
  EXPECT_THAT(story_of("a\tb\n1;\t2\n"), ElementsAre("<a>|<b>", "1:<1;>|<2>"));
  EXPECT_THAT(story_of("\"x;y;z\",b\n1,2\n"), ElementsAre("<x;y;z>|<b>", "1:<1>|<2>"));
  EXPECT_THAT(story_of("a,b;c\n1,2\n"), ElementsAre("<a>|<b;c>", "1:<1>|<2>"));
}

TEST(CsvReader, RefusesFilesItCannotRead) {
  EXPECT_THAT(story_of(""), ElementsAre("", "empty_file"));
  EXPECT_THAT(story_of("\n\r\n"), ElementsAre("", "empty_file"));
  EXPECT_THAT(story_of("\xEF\xBB\xBF"), ElementsAre("", "empty_file"));
  EXPECT_THAT(story_of(whole_literal("\xFF\xFE"
                                     "a\0,\0b\0\n\0")),
              ElementsAre("", "unsupported_encoding"));
  EXPECT_THAT(story_of(whole_literal("\xFE\xFF\0a\0\n")), ElementsAre("", "unsupported_encoding"));
  EXPECT_THAT(story_of(whole_literal("a\0,\0b\0\n\0")), ElementsAre("", "unsupported_encoding"));
  EXPECT_THAT(story_of("a,\"b\n1,2\n"), ElementsAre("", "header_malformed"));
  EXPECT_THAT(story_of("a,b\"\n1,2\n"), ElementsAre("", "header_malformed"));
  EXPECT_THAT(story_of("a,\xFF\n1,2\n"), ElementsAre("", "header_malformed"));
  EXPECT_THAT(story_of("a,b,c\n", {.columns = 2}), ElementsAre("", "too_many_columns"));
  EXPECT_THAT(story_of(std::string(70'000, 'a') + "\n1\n"), ElementsAre("", "header_malformed"));
}

TEST(CsvReader, GoesOnBehindAMalformedRecord) {
  EXPECT_THAT(story_of(whole_literal("a,b\n1\n1,2,3\n\xC3,\xA9\nx\0,y\nx\"y,2\n\"x\"y,2\n"
                                     "\"x\" ,2\n\"x\"\r,2\nok,ok\n\"x,2\nz")),
              ElementsAre("<a>|<b>", "1!column_count", "2!column_count", "3!invalid_utf8",
                          "4!nul_byte", "5!stray_quote", "6!stray_quote", "7!stray_quote",
                          "8!stray_quote", "9:<ok>|<ok>", "10!missing_quote"));
}

TEST(CsvReader, DropsLongRecordsAndFindsTheNextLine) {
  CsvLimits const small{.row_bytes = 10, .columns = 3};
  EXPECT_THAT(story_of("a,b\n12345,7890\n123456,7890\n1,2\n", small),
              ElementsAre("<a>|<b>", "1:<12345>|<7890>", "2!row_too_long", "3:<1>|<2>"));
  // A quote never closed costs its record alone once it is too long.
  EXPECT_THAT(story_of("a,b\n1,\"2\n3,4\n5,6\n7,8\n9,0\n", small),
              ElementsAre("<a>|<b>", "1!row_too_long", "2:<7>|<8>", "3:<9>|<0>"));
  EXPECT_THAT(story_of("a,b\n12345,7890\r\n12345,7890\rx\n12345678901234", small),
              ElementsAre("<a>|<b>", "1:<12345>|<7890>", "2!row_too_long", "3!row_too_long"));
  EXPECT_THAT(story_of("a,b\n\"123456789\n\n1\n", small),
              ElementsAre("<a>|<b>", "1!row_too_long", "2!column_count"));
}

TEST(CsvReader, BoundsColumns) {
  std::string const commas(100'000, ',');
  EXPECT_THAT(story_of(commas + "\n"), ElementsAre("", "too_many_columns"));
  EXPECT_THAT(story_of("a,b\n" + commas + "\n1,2\n" + commas.substr(0, 60'000) + "\n3,4\n"),
              ElementsAre("<a>|<b>", "1!row_too_long", "2:<1>|<2>", "3!column_count", "4:<3>|<4>"));
}

TEST(CsvReader, ReadsAHugeCellInBoundedMemory) {
  int rows = 0;
  int faults = 0;
  CsvReader reader{[&](CsvRow const& row) {
    ++rows;
    faults += row.fault ? 1 : 0;
  }};
  ASSERT_TRUE(reader.feed("a,b\n1,\""));
  std::string const piece(1U << 20U, 'x');
  auto const before = mallinfo2().uordblks;
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(reader.feed(piece));
    ASSERT_LT(mallinfo2().uordblks, before + 1'000'000U);
  }
  ASSERT_TRUE(reader.feed("\"\n1,2\n"));
  ASSERT_TRUE(reader.finish());
  EXPECT_EQ(rows, 2);
  EXPECT_EQ(faults, 1);
}

TEST(CsvReader, RoundTripsRandomTablesHoweverTheyAreCut) {
  std::uint64_t const seed = std::random_device{}();
  std::printf("CsvReader.RoundTrips: seed %llu\n", static_cast<unsigned long long>(seed));
  std::mt19937_64 random{seed};
  auto const pick = [&random](std::size_t n) { return random() % n; };
  std::vector<std::string> const bits{"a",  "b",  ",",    ";",   "\"",       "\n",
                                      "\r", "\t", "\r\n", " ",   "\xC3\xA9", "\xF0\x9F\x98\x80",
                                      "=",  "'",  "\"\"", "\",", "x",        "1"};
  for (int run = 0; run < 500; ++run) {
    std::size_t const columns = pick(5) + 1;
    CsvWriter writer{CsvMode::raw};
    Story expected;
    for (std::size_t row = 0; row <= pick(6); ++row) {
      std::vector<std::string> cells;
      for (std::size_t i = 0; i < columns; ++i) {
        std::string cell;
        // The header names columns; a quiet one keeps the comma the most frequent delimiter.
        for (std::size_t n = row == 0 ? 0 : pick(6); n > 0; --n) cell += bits[pick(bits.size())];
        cells.push_back(row == 0 ? "c" + std::to_string(i) : cell);
      }
      for (auto const& cell : cells) writer.cell(cell);
      writer.end_row();
      expected.push_back((row == 0 ? "" : std::to_string(row) + ":") + joined(cells));
    }
    ASSERT_EQ(read(writer.text(), [&] { return pick(9) + 1; }), expected) << writer.text();
    ASSERT_EQ(story_of(writer.text()), expected);
  }
}

TEST(CsvReader, TellsTheSameStoryOfBrokenFilesHoweverTheyAreCut) {
  std::uint64_t const seed = std::random_device{}();
  std::printf("CsvReader.Broken: seed %llu\n", static_cast<unsigned long long>(seed));
  std::mt19937_64 random{seed};
  auto const pick = [&random](std::size_t n) { return random() % n; };
  std::string_view const bytes{"ab,,;\"\"\n\n\r\t\0\xFF\xC3\xA9", 16};
  for (int run = 0; run < 3'000; ++run) {
    std::string text = pick(2) != 0U ? "a,b\n" : "";
    for (std::size_t n = pick(60); n > 0; --n) text += bytes[pick(bytes.size())];
    CsvLimits const limits{.row_bytes = 8 + pick(30), .columns = 1 + pick(4)};
    Story const whole = story_of(text, limits);
    ASSERT_EQ(read(
                  text, [&] { return pick(5) + 1; }, limits),
              whole);
  }
}

}  // namespace
}  // namespace leadex::intake
