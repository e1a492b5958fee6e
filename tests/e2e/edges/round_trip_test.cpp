// Hostile text through uploads and back: rejects as JSON and CSV, contacts of bought leads. What
// comes back is what went in, byte for byte; only the file for spreadsheets is changed, and says
// nothing a spreadsheet would run.

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iostream>

#include "server/json/writer.hpp"
#include "tests/e2e/edges/lead_csv.hpp"
#include "tests/e2e/edges/rig.hpp"
#include "tests/e2e/lib/now_text.hpp"

namespace leadex::e2e {
namespace {

constexpr std::size_t kExternalIdMax = 128;

void add_lines(std::vector<std::string>& into, std::string const& name, std::string_view field,
               std::size_t every) {
  std::ifstream in(*shared_data(name));
  std::size_t n = 0;
  for (std::string line; std::getline(in, line);) {
    auto const doc = json::parse(line);
    if (!doc) continue;  // a lone surrogate is no text
    if (n++ % every != 0) continue;
    into.emplace_back(json::text_of(*json::find_member(*doc, field)));
  }
}

void add_spectrum(std::vector<std::string>& into) {
  for (auto const& entry : std::filesystem::directory_iterator{*shared_data("csv/csv-spectrum")}) {
    if (entry.path().extension() != ".json") continue;
    auto const doc = json::parse(read_file(entry.path()));
    if (!doc) throw std::runtime_error("csv-spectrum has no JSON");
    for (auto const& record : doc->GetArray()) {
      for (auto const& cell : record.GetObject()) into.emplace_back(json::text_of(cell.value));
    }
  }
}

/// Texts that a field may hold: not blank, no NUL, short enough for `octets_max`.
std::vector<std::string> hostile_texts(std::size_t octets_max, std::size_t every) {
  std::vector<std::string> all;
  add_spectrum(all);
  add_lines(all, "csv/formula-injection.jsonl", "cell", 1);
  for (auto const* name : {"strings/sqli.jsonl", "strings/xss.jsonl", "strings/crlf.jsonl"}) {
    add_lines(all, name, "s", every);
  }
  auto const naughty = json::parse(read_file(*shared_data("strings/blns-half.json")));
  if (!naughty) throw std::runtime_error("blns is no JSON");
  std::size_t n = 0;
  for (auto const& text : naughty->GetArray()) {
    if (n++ % every == 0) all.emplace_back(json::text_of(text));
  }
  std::erase_if(all, [octets_max](std::string const& text) {
    bool const blank = text.find_first_not_of(" \t\r\n\v\f") == std::string::npos;
    return blank || text.find('\0') != std::string::npos || text.size() > octets_max;
  });
  return all;
}

bool corpora_are_here() {
  return shared_data("csv/formula-injection.jsonl") && shared_data("strings/blns-half.json");
}

/// The external ids of all rejects, page by page.
std::vector<std::string> rejected_ids(Rig& rig, std::string const& batch) {
  std::vector<std::string> ids;
  std::string cursor;
  do {
    auto const page = rig.get(
        "/v1/batches/" + batch + "/rejects?limit=200" + (cursor.empty() ? "" : "&cursor=" + cursor),
        rig.generator());
    EXPECT_EQ(page.status, 200) << page.body;
    if (page.status != 200) break;
    for (auto const& row : page.find("data")->GetArray()) {
      auto const& id = *json::find_member(row, "external_id");
      ids.emplace_back(id.IsString() ? json::text_of(id) : "(none)");
      EXPECT_EQ(json::text_of(*json::find_member(row, "code")), "email_invalid") << ids.back();
    }
    cursor = page.text("next_cursor");
  } while (!cursor.empty());
  return ids;
}

std::vector<std::string> exported_ids(Rig& rig, std::string const& batch, bool raw) {
  auto const reply = rig.call("GET", "/v1/batches/" + batch + "/rejects" + (raw ? "?raw=true" : ""),
                              rig.generator(), {}, {{"Accept", "text/csv"}});
  EXPECT_EQ(reply.status, 200) << reply.body;
  auto const records = read_csv(reply.body);
  std::vector<std::string> ids;
  for (std::size_t i = 1; i < records.size(); ++i) {
    EXPECT_EQ(records[i].size(), 6U) << i;
    ids.push_back(records[i].at(1));
    for (std::size_t cell = 1; !raw && cell < records[i].size(); ++cell) {
      auto const& text = records[i][cell];
      EXPECT_FALSE(!text.empty() &&
                   std::string_view{"=+-@\t\r\n"}.find(text.front()) != std::string_view::npos)
          << text;
    }
  }
  return ids;
}

TEST(RoundTrip, RejectsGiveBackWhatTheyWereGivenByteForByte) {
  if (!corpora_are_here()) GTEST_SKIP();
  Rig rig;
  auto const texts = hostile_texts(kExternalIdMax, 1);
  std::string csv = lead_csv_header();
  std::string ndjson;
  for (auto const& text : texts) {
    csv += lead_csv_row({.external_id = text, .address = {}, .email = "no address"});
    json::JsonWriter line;
    {
      auto const lead = line.object();
      line.field("external_id", text);
      {
        auto const contact = line.object("contact");
        line.field("first_name", "Kim");
        line.field("last_name", "Roe");
        line.field("email", "no address");
      }
      {
        auto const consent = line.object("consent");
        line.field("at", now_text());
        line.field("text", "Call me.");
      }
      {
        auto const source = line.object("source");
        line.field("vehicle", "web_form");
        line.field("reason", "quote");
      }
      {
        auto const attributes = line.object("attributes");
        line.field("state", "CA");
        line.field("age", 40);
      }
      line.field("captured_at", now_text());
    }
    ndjson += line.str() + '\n';
  }
  for (auto const& [type, body] :
       {std::pair{"text/csv", csv}, std::pair{"application/x-ndjson", ndjson}}) {
    auto const reply = rig.upload(body, {{"Content-Type", type}});
    ASSERT_EQ(reply.status, 202) << reply.body;
    auto const batch = reply.text("id");
    EXPECT_EQ(rejected_ids(rig, batch), texts) << type;
    EXPECT_EQ(exported_ids(rig, batch, true), texts) << type;
    EXPECT_EQ(exported_ids(rig, batch, false).size(), texts.size()) << type;
  }
  std::cout << texts.size() << " hostile texts, as CSV and as NDJSON\n";
  EXPECT_GT(texts.size(), 400U);
}

/// Works the whole sample of a lot as good, and waits until it is listed.
void accept_lot(Rig& rig, std::string const& batch) {
  auto const& verifier = rig.keys().verifier;
  for (int i = 0; i < 1000; ++i) {
    auto const open =
        rig.get("/v1/admin/spot-checks?status=open&limit=1&batch_id=" + batch, verifier);
    ASSERT_EQ(open.status, 200) << open.body;
    if (open.find("data")->Empty()) break;
    auto const id =
        std::string{json::text_of(*json::find_member((*open.find("data"))[0], "check_id"))};
    ASSERT_EQ(rig.post("/v1/admin/spot-checks/" + id + "/claim", verifier, {}).status, 200);
    auto const judged = rig.post("/v1/admin/spot-checks/" + id + "/verdict", verifier,
                                 R"({"verdict":"good","reason":"confirmed"})");
    ASSERT_LT(judged.status, 300) << judged.body;
  }
  EXPECT_TRUE(within(std::chrono::seconds{30}, [&] {
    return rig.get("/v1/batches/" + batch, rig.generator()).text("status") == "listed";
  }));
}

TEST(RoundTrip, ABoughtContactIsTheOneThatWasUploaded) {
  if (!corpora_are_here()) GTEST_SKIP();
  Rig rig;
  auto texts = hostile_texts(512, 12);
  std::string csv = lead_csv_header();
  for (auto const& text : texts) {
    csv += lead_csv_row({.external_id = "trip", .address = text, .email = {}});
  }
  auto const uploaded = rig.upload(csv, {});
  ASSERT_EQ(uploaded.status, 202) << uploaded.body;
  accept_lot(rig, uploaded.text("id"));
  auto const buyer = rig.keys().buyers.at(0);
  auto const money =
      rig.post("/v1/admin/deposits", rig.keys().admin,
               R"({"account_id":")" + buyer.id +
                   R"(","amount":{"amount":"9000.00","currency":"USD"},"reference":"round trip"})");
  ASSERT_EQ(money.status, 201) << money.body;
  auto const bought = rig.post(
      "/v1/purchases", buyer.key,
      R"({"market":")" + std::string{kMarket} + R"(","quantity":)" + std::to_string(texts.size()) +
          R"(,"limit_price":{"amount":"6.00","currency":"USD"},"exclusive":false,)"
          R"("filter":{"attribute":"state","in":["CA"]}})");
  ASSERT_EQ(bought.status, 201) << bought.body;
  std::vector<std::string> got;
  for (auto const& sale : bought.find("sales")->GetArray()) {
    auto const contact =
        rig.get("/v1/sales/" + std::string{json::text_of(sale)} + "/contact", buyer.key);
    ASSERT_EQ(contact.status, 200) << contact.body;
    auto const* const address = json::find_member(*contact.find("contact"), "address");
    got.emplace_back(address == nullptr ? "(none)" : json::text_of(*address));
  }
  std::ranges::sort(got);
  std::ranges::sort(texts);
  EXPECT_EQ(got, texts);
  std::cout << texts.size() << " hostile addresses bought and read\n";
}

}  // namespace
}  // namespace leadex::e2e
