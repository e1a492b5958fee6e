#include "tests/support/lead_record.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "billing/values/check.hpp"
#include "server/json/writer.hpp"

namespace leadex::test {
namespace {

enum class Part : std::uint8_t { top, contact, consent, source, attribute };

struct ColumnPlace {
  std::string_view column;
  Part part;
  std::string_view member;
};

// In the order of the CSV file; `part` and `member` say where a Lead holds the value.
constexpr std::array<ColumnPlace, 34> kPlaces{{
    {"external_id", Part::top, "external_id"},
    {"first_name", Part::contact, "first_name"},
    {"last_name", Part::contact, "last_name"},
    {"email", Part::contact, "email"},
    {"phone", Part::contact, "phone"},
    {"city", Part::contact, "city"},
    {"region", Part::contact, "region"},
    {"postal_code", Part::contact, "postal_code"},
    {"contact_country", Part::contact, "country"},
    {"date_of_birth", Part::contact, "date_of_birth"},
    {"captured_at", Part::top, "captured_at"},
    {"ip_address", Part::top, "ip_address"},
    {"user_agent", Part::top, "user_agent"},
    {"landing_page_url", Part::top, "landing_page_url"},
    {"consent_at", Part::consent, "at"},
    {"consent_text", Part::consent, "text"},
    {"vehicle", Part::source, "vehicle"},
    {"source_reason", Part::source, "reason"},
    {"utm_source", Part::source, "utm_source"},
    {"sub1", Part::source, "sub1"},
    {"state", Part::attribute, "state"},
    {"age", Part::attribute, "age"},
    {"job", Part::attribute, "job"},
    {"marital", Part::attribute, "marital"},
    {"education", Part::attribute, "education"},
    {"default_credit", Part::attribute, "default_credit"},
    {"balance", Part::attribute, "balance"},
    {"housing", Part::attribute, "housing"},
    {"loan", Part::attribute, "loan"},
    {"contact_channel", Part::attribute, "contact_channel"},
    {"calls", Part::attribute, "calls"},
    {"days_since_last", Part::attribute, "days_since_last"},
    {"previous_calls", Part::attribute, "previous_calls"},
    {"previous_outcome", Part::attribute, "previous_outcome"},
}};

std::string quote(std::string const& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted{'"'};
  for (char const c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

struct ToText {
  std::string operator()(std::monostate) const { return {}; }
  std::string operator()(std::string const& text) const { return quote(text); }
  std::string operator()(std::int64_t value) const { return std::to_string(value); }
  std::string operator()(bool value) const { return value ? "true" : "false"; }
};

}  // namespace

LeadRecord::LeadRecord() : cells_(kPlaces.size()) {}

LeadRecord::Cell& LeadRecord::cell(std::string_view column) {
  auto const place =
      std::find_if(kPlaces.begin(), kPlaces.end(),
                   [column](ColumnPlace const& each) { return each.column == column; });
  LEADEX_CHECK(place != kPlaces.end());
  return cells_[static_cast<std::size_t>(place - kPlaces.begin())];
}

void LeadRecord::set(std::string_view column, std::string_view text) {
  auto& place = cell(column);
  if (text.empty()) {
    place = std::monostate{};
  } else {
    place = std::string{text};
  }
}
void LeadRecord::set_integer(std::string_view column, std::int64_t value) { cell(column) = value; }
void LeadRecord::set_boolean(std::string_view column, bool value) { cell(column) = value; }

std::string LeadRecord::csv_header() {
  std::string header;
  for (auto const& place : kPlaces) {
    if (!header.empty()) header += ',';
    header += place.column;
  }
  return header + "\r\n";
}

std::string LeadRecord::to_csv() const {
  std::string record;
  for (std::size_t i = 0; i < cells_.size(); ++i) {
    if (i > 0) record += ',';
    record += std::visit(ToText{}, cells_[i]);
  }
  return record + "\r\n";
}

std::string LeadRecord::to_ndjson() const {
  json::JsonWriter writer;
  auto const write_part = [&](Part part) {
    for (std::size_t i = 0; i < kPlaces.size(); ++i) {
      if (kPlaces[i].part != part) continue;
      auto const& value = cells_[i];
      if (auto const* text = std::get_if<std::string>(&value)) {
        writer.field(kPlaces[i].member, *text);
      } else if (auto const* number = std::get_if<std::int64_t>(&value)) {
        writer.field(kPlaces[i].member, *number);
      } else if (auto const* flag = std::get_if<bool>(&value)) {
        writer.field(kPlaces[i].member, *flag);
      }
    }
  };
  {
    auto const lead = writer.object();
    write_part(Part::top);
    for (auto const& [name, part] : {std::pair{"contact", Part::contact},
                                     {"consent", Part::consent},
                                     {"source", Part::source},
                                     {"attributes", Part::attribute}}) {
      auto const object = writer.object(name);
      write_part(part);
    }
  }
  return writer.str() + '\n';
}

std::string spoil_csv(std::string const& record, std::uint64_t variant) {
  std::string const body = record.substr(0, record.size() - 2);
  switch (variant % 3) {
    case 0:
      return body + ",one,more\r\n";
    case 1:
      return body.substr(0, body.find(',')) + "\r\n";
    default: {
      std::string bytes = record;
      bytes.insert(bytes.find(',') + 1, "\xC3\x28");
      return bytes;
    }
  }
}

std::string spoil_ndjson(std::string const& line, std::uint64_t variant) {
  switch (variant % 3) {
    case 0:
      return line.substr(0, line.size() / 2) + '\n';
    case 1:
      return "[1,2,3]\n";
    default: {
      std::string bytes = line;
      bytes.insert(bytes.find(':') + 2, "\xC3\x28");
      return bytes;
    }
  }
}

}  // namespace leadex::test
