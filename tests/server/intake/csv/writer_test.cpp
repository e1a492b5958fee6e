#include "server/intake/csv/writer.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <sstream>

#include "server/intake/csv/reader.hpp"
#include "server/json/value.hpp"
#include "tests/server/json/shared_data.hpp"

namespace leadex::intake {
namespace {

[[nodiscard]] std::string cell(CsvMode mode, std::string_view text) {
  CsvWriter writer{mode};
  writer.cell("x").cell(text).end_row();
  return writer.text().substr(2, writer.text().size() - 4);
}

TEST(CsvWriter, NeutralisesFormulasForSpreadsheetsOnly) {
  for (std::string_view start : {"=", "+", "-", "@", "\t", "\r", "\n"}) {
    std::string const text = std::string{start} + "1";
    EXPECT_NE(cell(CsvMode::spreadsheet, text).find("'" + text), std::string::npos);
    EXPECT_EQ(cell(CsvMode::raw, text).find('\''), std::string::npos);
  }
  EXPECT_EQ(cell(CsvMode::spreadsheet, std::string_view{"\0a", 2}), std::string("'\0a", 3));
  EXPECT_EQ(cell(CsvMode::spreadsheet,
                 "\xEF\xBC\x9D"
                 "1"),
            "'\xEF\xBC\x9D"
            "1");
  EXPECT_EQ(cell(CsvMode::spreadsheet, "+4930123"), "'+4930123");
  EXPECT_EQ(cell(CsvMode::raw, "+4930123"), "+4930123");
  EXPECT_EQ(cell(CsvMode::spreadsheet, "a=1"), "a=1");
  EXPECT_EQ(cell(CsvMode::spreadsheet, ""), "");
}

TEST(CsvWriter, MarksComeOffAgain) {
  for (std::string_view text : {"=1", "+4930123", "-", "@a", "\tb",
                                "\xEF\xBC\x9D"
                                "1",
                                "", "a", "'", "'quoted'", "a'=b"}) {
    CsvWriter writer{CsvMode::spreadsheet};
    auto const written = writer.cell(text).text();
    bool const quoted = written.starts_with('"');
    EXPECT_EQ(without_mark(quoted ? written.substr(1, written.size() - 2) : written), text);
  }
  EXPECT_EQ(without_mark("'=1"), "=1");
  EXPECT_EQ(without_mark("''=1"), "''=1");
}

TEST(CsvWriter, LeavesNoFormulaOfTheCorpusAlive) {
  LEADEX_NEED_SHARED_DATA("csv/formula-injection.jsonl");
  std::istringstream lines{test::read_file(test::shared_data() / "csv/formula-injection.jsonl")};
  CsvWriter safe{CsvMode::spreadsheet};
  CsvWriter raw{CsvMode::raw};
  safe.cell("cell").cell("next").end_row();
  raw.cell("cell").cell("next").end_row();
  std::vector<std::string> cells;
  for (std::string line; std::getline(lines, line);) {
    auto const document = json::parse(line);
    ASSERT_TRUE(document);
    cells.emplace_back(json::text_of((*document)["cell"]));
    safe.cell(cells.back()).cell("n").end_row();
    raw.cell(cells.back()).cell("n").end_row();
  }
  ASSERT_GE(cells.size(), 8U);
  std::size_t at = 0;
  CsvReader safe_reader{[&](CsvRow const& row) {
    ASSERT_FALSE(row.fault);
    std::string_view const text = row.fields[0];
    EXPECT_EQ(std::string_view("=+-@\t\r").find(text.front()), std::string_view::npos) << text;
    EXPECT_TRUE(text == cells[at] || text == "'" + cells[at]);
    ++at;
  }};
  ASSERT_TRUE(safe_reader.feed(safe.text()));
  EXPECT_EQ(at, cells.size());
  at = 0;
  CsvReader raw_reader{[&](CsvRow const& row) { EXPECT_EQ(row.fields[0], cells[at++]); }};
  ASSERT_TRUE(raw_reader.feed(raw.text()));
  EXPECT_EQ(at, cells.size());
}

TEST(CsvWriter, QuotesWhatNeedsIt) {
  EXPECT_EQ(cell(CsvMode::raw, "a,b"), "\"a,b\"");
  EXPECT_EQ(cell(CsvMode::raw, "a\"b"), "\"a\"\"b\"");
  EXPECT_EQ(cell(CsvMode::raw, " a"), "\" a\"");
  EXPECT_EQ(cell(CsvMode::spreadsheet, "=\"x\",1"), "\"'=\"\"x\"\",1\"");
}

TEST(CsvWriter, LeavesItsOwnFiguresAlone) {
  CsvWriter writer{CsvMode::spreadsheet};
  writer.figure("-12.34").figure("-cmd").figure("-").figure("").end_row();
  EXPECT_EQ(writer.text(), "-12.34,'-cmd,'-,\r\n");
}

TEST(CsvWriter, WritesALoneEmptyCellSoThatItIsARecord) {
  CsvWriter writer{CsvMode::raw};
  writer.cell("").end_row();
  EXPECT_EQ(writer.take(), "\"\"\r\n");
  EXPECT_EQ(writer.text(), "");
}

}  // namespace
}  // namespace leadex::intake
