#include "tests/e2e/edges/lead_csv.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include "tests/e2e/edges/rig.hpp"
#include "tests/e2e/lib/now_text.hpp"

namespace leadex::e2e {

std::string csv_record(Cells const& cells) {
  std::string record;
  for (auto const& cell : cells) {
    record += record.empty() ? "\"" : ",\"";
    for (char const c : cell) {
      if (c == '"') record += '"';
      record += c;
    }
    record += '"';
  }
  return record + "\r\n";
}

std::vector<Cells> read_csv(std::string_view text) {
  std::vector<Cells> records;
  Cells cells(1);
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char const c = text[i];
    if (quoted) {
      bool const doubled = c == '"' && i + 1 < text.size() && text[i + 1] == '"';
      if (c == '"' && !doubled) {
        quoted = false;
        continue;
      }
      if (doubled) ++i;
      cells.back() += c;
    } else if (c == '"') {
      quoted = true;
    } else if (c == ',') {
      cells.emplace_back();
    } else if (c == '\r' && i + 1 < text.size() && text[i + 1] == '\n') {
      records.push_back(std::move(cells));
      cells = Cells(1);
      ++i;
    } else {
      cells.back() += c;
    }
  }
  return records;
}

std::string lead_csv_header() {
  return "external_id,first_name,last_name,email,phone,address,captured_at,consent_at,consent_text,"
         "vehicle,source_reason,state,age\r\n";
}

std::string lead_csv_row(LeadCells const& cells) {
  auto const n = fresh_person();
  auto const now = now_text();
  auto const email = cells.email.empty() ? fmt::format("kim{}@example.com", n) : cells.email;
  return csv_record({cells.external_id, "Kim", "Roe", email,
                     fmt::format("+1212{:07}", 2'000'000 + n % 7'000'000), cells.address, now, now,
                     "Call me about car insurance.", "web_form", "quote", "CA", "40"});
}

std::string lead_csv_rows(int n) {
  std::string rows;
  for (int i = 0; i < n; ++i)
    rows += lead_csv_row({.external_id = "row", .address = {}, .email = {}});
  return rows;
}

std::string gzip(std::string_view text) {
  z_stream stream{};
  if (deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) return {};
  std::string packed(deflateBound(&stream, text.size()) + 64, '\0');
  std::string input{text};
  stream.next_in = reinterpret_cast<Bytef*>(input.data());
  stream.avail_in = static_cast<uInt>(input.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

}  // namespace leadex::e2e
