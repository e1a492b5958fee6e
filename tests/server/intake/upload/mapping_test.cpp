#include <gtest/gtest.h>

#include "server/intake/column_mapping.hpp"
#include "server/intake/csv_columns.hpp"
#include "server/intake/upload_decoder.hpp"

namespace leadex::intake {
namespace {

MarketRules rules() {
  MarketRules rules;
  rules.country = "US";
  rules.currency = "USD";
  rules.attributes.push_back({.name = "age", .type = AttributeType::integer, .required = true});
  return rules;
}

ColumnMapping mapping() {
  return {.columns = {{"E-Mail", "email"},
                      {"Vorname", "first_name"},
                      {"Nachname", "last_name"},
                      {"Alter", "age"}},
          .ignored = {"Notiz"},
          .constants = {{"vehicle", "web_form"}, {"source_reason", "search"}}};
}

std::vector<std::string> const kHeader{"Vorname",    "Nachname",     "E-Mail",
                                       "Alter",      "Notiz",        "captured_at",
                                       "consent_at", "consent_text", "sub1"};

TEST(ColumnMapping, IsTheSameAfterItsText) {
  auto const document = json::parse(mapping_json(mapping()));
  ASSERT_TRUE(document);
  EXPECT_EQ(read_mapping(*document), mapping());
}

TEST(ColumnMapping, ReadsAHeaderInTheUploadersWords) {
  auto const wanted = mapping();
  EXPECT_FALSE(CsvColumns::make(kHeader, rules()));
  auto const columns = CsvColumns::make(kHeader, rules(), {.mapping = &wanted});
  ASSERT_TRUE(columns);
  std::vector<std::string_view> const fields{"Ann", "Lee", "a@b.example", "40", "secret",
                                             "t1",  "t2",  "yes",         "s"};
  auto const raw = columns->read(fields);
  EXPECT_EQ(raw.at(Column::email), "a@b.example");
  EXPECT_EQ(raw.at(Column::first_name), "Ann");
  EXPECT_EQ(raw.at(Column::vehicle), "web_form");
  EXPECT_EQ(raw.at(Column::sub1), "s");
  EXPECT_EQ(std::get<CellText>(*raw.attributes.at(0)).text, "40");
  EXPECT_EQ(columns->own_name("/contact/email"), "E-Mail");
  EXPECT_EQ(columns->own_name("/attributes/age"), "Alter");
  EXPECT_EQ(columns->own_name("/source/vehicle"), std::nullopt);
  EXPECT_EQ(columns->own_name(""), std::nullopt);
}

TEST(ColumnMapping, AColumnOfTheFileWinsOverAConstant) {
  auto const wanted = mapping();
  auto header = kHeader;
  header.emplace_back("vehicle");
  auto const columns = CsvColumns::make(header, rules(), {.mapping = &wanted});
  ASSERT_TRUE(columns);
  std::vector<std::string_view> fields(header.size(), "x");
  fields.back() = "email";
  EXPECT_EQ(columns->read(fields).at(Column::vehicle), "email");
}

TEST(ColumnMapping, TheSameColumnTwiceIsAFault) {
  auto const wanted = mapping();
  auto header = kHeader;
  header.emplace_back("email");  // ours beside theirs
  auto const columns = CsvColumns::make(header, rules(), {.mapping = &wanted});
  ASSERT_FALSE(columns);
  EXPECT_EQ(columns.error().front().code, HeaderCode::duplicate_column);
}

TEST(ColumnMapping, NamesItsFaults) {
  EXPECT_TRUE(check_mapping(mapping(), rules()).empty());
  ColumnMapping const bad{
      .columns = {{"A", "email"}, {"A", "phone"}, {"B", "what"}, {" C", "sub1"}},
      .ignored = {"B"},
      .constants = {{"first_name", "Ann"}, {"phone", "1"}, {"sub1", "x"}}};
  std::vector<std::string> faults;
  for (auto const& fault : check_mapping(bad, rules())) {
    faults.push_back(fault.pointer + ' ' + fault.code);
  }
  EXPECT_EQ(faults,
            (std::vector<std::string>{
                "/columns/1/from duplicate_column", "/columns/2/to unknown_column",
                "/columns/3/from name_invalid", "/ignored/0 duplicate_column",
                "/constants/0/column constant_of_person", "/constants/1/column constant_of_person",
                "/constants/2/column duplicate_column"}));
}

TEST(ColumnMapping, ReadsFlatLines) {
  auto const wanted = mapping();
  auto const line = json::parse(
      R"({"Vorname":"Ann","Nachname":"Lee","E-Mail":"a@b.example","Alter":40,"Notiz":[1],"sub2":null})");
  auto const raw = read_mapped_document(*line, rules(), wanted);
  ASSERT_TRUE(raw);
  EXPECT_EQ(raw->at(Column::email), "a@b.example");
  EXPECT_EQ(raw->at(Column::vehicle), "web_form");
  EXPECT_EQ(std::get<std::int64_t>(*raw->attributes.at(0)), 40);

  auto const bad = json::parse(R"({"E-Mail":5,"email":"x","was":1})");
  auto const faults = read_mapped_document(*bad, rules(), wanted);
  ASSERT_FALSE(faults);
  std::vector<std::string> pointers;
  for (auto const& fault : faults.error()) pointers.push_back(fault.pointer);
  EXPECT_EQ(pointers, (std::vector<std::string>{"/contact/email", "/contact/email", ""}));
  EXPECT_EQ(own_name_of("/contact/email", rules(), wanted), "E-Mail");
}

TEST(CsvColumns, TakesTheColumnsOfAListOfRefusedRowsForACorrectionOnly) {
  auto const wanted = mapping();
  auto header = kHeader;
  for (auto const name : {kRowColumn, kOutcomeColumn, kCodeColumn, kDetailColumn}) {
    header.emplace_back(name);
  }
  EXPECT_FALSE(CsvColumns::make(header, rules(), {.mapping = &wanted}));
  auto const columns = CsvColumns::make(header, rules(), {.mapping = &wanted, .corrects = true});
  ASSERT_TRUE(columns);
  std::vector<std::string_view> fields(header.size(), "x");
  auto const row_of = [&](std::string_view text) {
    fields[kHeader.size()] = text;
    return columns->corrected_row(fields);
  };
  EXPECT_EQ(row_of("17"), 17);
  EXPECT_EQ(row_of(" 17 "), 17);
  EXPECT_EQ(row_of("0"), 0);
  EXPECT_EQ(row_of("-3"), 0);
  EXPECT_EQ(row_of("17x"), 0);
  EXPECT_EQ(row_of(""), 0);
}

TEST(PackedFields, ComeBack) {
  std::vector<std::string_view> const fields{"", "a", std::string_view{"\0b", 2}, "line\nend"};
  auto const back = unpack_fields(pack_fields(fields));
  ASSERT_TRUE(back);
  EXPECT_TRUE(std::ranges::equal(*back, fields));
  EXPECT_FALSE(unpack_fields("abc"));
  EXPECT_FALSE(unpack_fields(std::string_view{"\0\0\0\5abc", 7}));
}

}  // namespace
}  // namespace leadex::intake
