#include "server/intake/csv_columns.hpp"

#include <algorithm>
#include <charconv>
#include <set>
#include <utility>

#include "server/intake/contact/text.hpp"

namespace leadex::intake {
namespace {

using Kind = FieldTarget::Kind;

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

/// Reads the header once; every field is a target or a fault.
class CsvColumns::Maker {
 public:
  Maker(MarketRules const& rules, HeaderRules extra) : rules_(rules), extra_(extra) {
    columns_.attributes_ = rules.attributes.size();
  }

  Result<CsvColumns, std::vector<HeaderFault>> make(std::span<std::string const> header) {
    for (std::size_t i = 0; i < header.size(); ++i) field(i, trim(header[i]));
    if (extra_.mapping != nullptr) constants(*extra_.mapping);
    find_missing();
    if (!faults_.empty()) return refuse(std::move(faults_));
    return std::move(columns_);
  }

 private:
  void field(std::size_t i, std::string_view name) {
    auto const pointer = "/header/" + std::to_string(i);
    auto const target = target_of(name);
    if (!target) {
      faults_.push_back({HeaderCode::unknown_column, pointer,
                         "This is neither a column of a lead nor an attribute of the market."});
      return;
    }
    if (target->kind != Kind::ignored && !take(*target)) {
      faults_.push_back({HeaderCode::duplicate_column, pointer, "This column stands twice."});
      return;
    }
    columns_.targets_.push_back(*target);
    columns_.names_.emplace_back(name);
    columns_.pointers_.push_back(pointer_of(*target, rules_));
  }

  [[nodiscard]] std::optional<FieldTarget> target_of(std::string_view name) const {
    auto const* const mapping = extra_.mapping;
    if (mapping != nullptr && mapping->ignores(name)) return FieldTarget{.kind = Kind::ignored};
    if (extra_.corrects) {
      if (name == kRowColumn) return FieldTarget{.kind = Kind::corrected_row};
      bool const added = name == kOutcomeColumn || name == kCodeColumn || name == kDetailColumn;
      if (added) return FieldTarget{.kind = Kind::ignored};
    }
    auto const ours = mapping != nullptr ? mapping->ours_of(name) : std::nullopt;
    return target_named(ours.value_or(name), rules_);
  }

  bool take(FieldTarget const& target) {
    return seen_.insert({static_cast<int>(target.kind), target.index}).second;
  }

  /// They stand in for columns that the file does not have.
  void constants(ColumnMapping const& mapping) {
    for (auto const& constant : mapping.constants) {
      auto const target = target_named(constant.from, rules_);
      if (target && take(*target)) columns_.constants_.push_back({*target, constant.to});
    }
  }

  [[nodiscard]] bool has(Column column) const {
    return seen_.contains({static_cast<int>(Kind::column), index_of(column)});
  }

  void find_missing() {
    auto const fail = [this](std::string_view name) {
      faults_.push_back({HeaderCode::missing_column, "/header", missing(name)});
    };
    for (auto const column : kNeeded) {
      // What a file does not tell a rule may know; whether one does shows row by row.
      bool const known_else =
          !rules_.source_required || (rules_.taxonomy && !rules_.taxonomy->terms.rules.empty());
      bool const optional =
          known_else && (column == Column::vehicle || column == Column::source_reason);
      if (!has(column) && !optional) fail(name_of(column));
    }
    if (!has(Column::email) && !has(Column::phone)) fail("email or phone");
    for (std::size_t i = 0; i < rules_.attributes.size(); ++i) {
      bool const there = seen_.contains({static_cast<int>(Kind::attribute), i});
      if (rules_.attributes[i].required && !there) fail(rules_.attributes[i].name);
    }
  }

  MarketRules const& rules_;
  HeaderRules extra_;
  CsvColumns columns_;
  std::set<std::pair<int, std::size_t>> seen_;
  std::vector<HeaderFault> faults_;
};

Result<CsvColumns, std::vector<HeaderFault>> CsvColumns::make(std::span<std::string const> header,
                                                              MarketRules const& rules,
                                                              HeaderRules extra) {
  return Maker{rules, extra}.make(header);
}

namespace {

void put(RawLead& raw, FieldTarget const& target, std::string_view text) {
  switch (target.kind) {
    case Kind::column:
      raw.columns[target.index] = text;
      break;
    case Kind::attribute:
      raw.attributes[target.index] = CellText{text};
      break;
    case Kind::companies:
      raw.consent_companies = split_companies(text);
      break;
    case Kind::ignored:
    case Kind::corrected_row:
      break;
  }
}

}  // namespace

RawLead CsvColumns::read(std::span<std::string_view const> fields) const {
  RawLead raw;
  raw.attributes.resize(attributes_);
  for (std::size_t i = 0; i < fields.size() && i < targets_.size(); ++i) {
    put(raw, targets_[i], fields[i]);
  }
  for (auto const& constant : constants_) put(raw, constant.target, constant.text);
  return raw;
}

std::optional<std::string> CsvColumns::own_name(std::string_view pointer) const {
  if (pointer.empty()) return std::nullopt;
  auto const at = std::ranges::find(pointers_, pointer);
  if (at == pointers_.end()) return std::nullopt;
  return names_[static_cast<std::size_t>(at - pointers_.begin())];
}

bool CsvColumns::is_list_of_refused() const {
  return std::ranges::find(targets_, Kind::corrected_row, &FieldTarget::kind) != targets_.end();
}

std::optional<std::int64_t> CsvColumns::corrected_row(
    std::span<std::string_view const> fields) const {
  auto const at = std::ranges::find(targets_, Kind::corrected_row, &FieldTarget::kind);
  if (at == targets_.end()) return std::nullopt;
  auto const i = static_cast<std::size_t>(at - targets_.begin());
  if (i >= fields.size()) return std::nullopt;
  auto const text = trim(fields[i]);
  std::int64_t row_no{};
  auto const* const end = text.data() + text.size();
  auto const [stopped, fault] = std::from_chars(text.data(), end, row_no);
  return fault == std::errc{} && stopped == end && row_no > 0 ? row_no : 0;
}

}  // namespace leadex::intake
