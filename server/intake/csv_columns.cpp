#include "server/intake/csv_columns.hpp"

#include <algorithm>
#include <optional>

#include "server/intake/contact/text.hpp"

namespace leadex::intake {
namespace {

// Of these every row needs a value; of e-mail and phone one is enough.
constexpr Column kNeeded[] = {Column::first_name,   Column::last_name,    Column::captured_at,
                              Column::consent_at,   Column::consent_text, Column::vehicle,
                              Column::source_reason};

std::string missing(std::string_view name) {
  return "The column " + std::string{name} + " is missing.";
}

}  // namespace

std::string_view to_string(HeaderCode code) {
  switch (code) {
    case HeaderCode::unknown_column:
      return "unknown_column";
    case HeaderCode::duplicate_column:
      return "duplicate_column";
    case HeaderCode::missing_column:
      break;
  }
  return "missing_column";
}

Result<CsvColumns, std::vector<HeaderFault>> CsvColumns::make(std::span<std::string const> header,
                                                              MarketRules const& rules) {
  CsvColumns columns;
  columns.attributes_ = rules.attributes.size();
  std::vector<bool> seen_columns(kColumnCount), seen_attributes(rules.attributes.size());
  std::vector<HeaderFault> faults;
  for (std::size_t i = 0; i < header.size(); ++i) {
    auto const name = trim(header[i]);
    auto const pointer = "/header/" + std::to_string(i);
    auto const column = column_named(name);
    auto const attribute = column ? std::nullopt : rules.attribute_named(name);
    if (!column && !attribute) {
      faults.push_back({HeaderCode::unknown_column, pointer,
                        "This is neither a column of a lead nor an attribute of the market."});
      continue;
    }
    auto const index = column ? index_of(*column) : *attribute;
    auto seen = column ? seen_columns[index] : seen_attributes[index];
    if (seen) {
      faults.push_back({HeaderCode::duplicate_column, pointer, "This column stands twice."});
      continue;
    }
    seen = true;
    columns.targets_.push_back({.attribute = !column, .index = index});
  }
  auto const has = [&](Column column) { return seen_columns[index_of(column)]; };
  for (auto const column : kNeeded) {
    bool const optional =
        !rules.source_required && (column == Column::vehicle || column == Column::source_reason);
    if (!has(column) && !optional) {
      faults.push_back({HeaderCode::missing_column, "/header", missing(name_of(column))});
    }
  }
  if (!has(Column::email) && !has(Column::phone)) {
    faults.push_back({HeaderCode::missing_column, "/header", missing("email or phone")});
  }
  for (std::size_t i = 0; i < rules.attributes.size(); ++i) {
    auto const& rule = rules.attributes[i];
    if (rule.required && !seen_attributes[i]) {
      faults.push_back({HeaderCode::missing_column, "/header", missing(rule.name)});
    }
  }
  if (!faults.empty()) return refuse(std::move(faults));
  return columns;
}

RawLead CsvColumns::read(std::span<std::string_view const> fields) const {
  RawLead raw;
  raw.attributes.resize(attributes_);
  for (std::size_t i = 0; i < fields.size() && i < targets_.size(); ++i) {
    auto const& target = targets_[i];
    if (target.attribute) {
      raw.attributes[target.index] = CellText{fields[i]};
    } else {
      raw.columns[target.index] = fields[i];
    }
  }
  return raw;
}

}  // namespace leadex::intake
