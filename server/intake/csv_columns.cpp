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

// The one column that holds several values: the companies a consent names.
constexpr std::string_view kCompanies = "consent_companies";
constexpr char kCompaniesSeparator = ';';

/// A blank cell names nobody: the consent is open. An empty name is kept, for the check to find.
std::vector<std::string_view> split_companies(std::string_view cell) {
  std::vector<std::string_view> names;
  if (trim(cell).empty()) return names;
  for (std::size_t from = 0; from <= cell.size();) {
    auto const end = std::min(cell.find(kCompaniesSeparator, from), cell.size());
    names.push_back(trim(cell.substr(from, end - from)));
    from = end + 1;
  }
  if (names.size() > 1 && names.back().empty()) names.pop_back();  // "One;Two;"
  return names;
}

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
  bool seen_companies = false;
  std::vector<HeaderFault> faults;
  for (std::size_t i = 0; i < header.size(); ++i) {
    auto const name = trim(header[i]);
    auto const pointer = "/header/" + std::to_string(i);
    auto const column = column_named(name);
    auto const attribute = column ? std::nullopt : rules.attribute_named(name);
    // A market that has an attribute of that name keeps it.
    bool const companies = !column && !attribute && name == kCompanies;
    if (companies && !seen_companies) {
      seen_companies = true;
      columns.targets_.push_back({.kind = Target::Kind::companies});
      continue;
    }
    if (!column && !attribute && !companies) {
      faults.push_back({HeaderCode::unknown_column, pointer,
                        "This is neither a column of a lead nor an attribute of the market."});
      continue;
    }
    auto const index = column ? index_of(*column) : attribute.value_or(0);
    if (companies || (column ? seen_columns[index] : seen_attributes[index])) {
      faults.push_back({HeaderCode::duplicate_column, pointer, "This column stands twice."});
      continue;
    }
    (column ? seen_columns : seen_attributes)[index] = true;
    columns.targets_.push_back(
        {.kind = column ? Target::Kind::column : Target::Kind::attribute, .index = index});
  }
  auto const has = [&](Column column) { return seen_columns[index_of(column)]; };
  for (auto const column : kNeeded) {
    // What a file does not tell a rule may know; whether one does shows row by row.
    bool const known_else =
        !rules.source_required || (rules.taxonomy && !rules.taxonomy->terms.rules.empty());
    bool const optional =
        known_else && (column == Column::vehicle || column == Column::source_reason);
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
    switch (target.kind) {
      case Target::Kind::column:
        raw.columns[target.index] = fields[i];
        break;
      case Target::Kind::attribute:
        raw.attributes[target.index] = CellText{fields[i]};
        break;
      case Target::Kind::companies:
        raw.consent_companies = split_companies(fields[i]);
        break;
    }
  }
  return raw;
}

}  // namespace leadex::intake
