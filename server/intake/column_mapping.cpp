#include "server/intake/column_mapping.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "server/intake/contact/text.hpp"
#include "server/json/writer.hpp"

namespace leadex::intake {
namespace {

using Kind = FieldTarget::Kind;

// The one column that holds several values: the companies a consent names.
constexpr std::string_view kCompanies = "consent_companies";
constexpr char kCompaniesSeparator = ';';
constexpr std::string_view kUnknown = "The row has a key that is no column.";
constexpr std::string_view kWrongType = "The value has another type than this field.";
constexpr std::string_view kTwice = "The row has two values for this field.";

// What a person is known by belongs to rows, never to a mapping.
constexpr std::array kNoConstants{
    Column::external_id,   Column::first_name, Column::last_name,     Column::email,
    Column::phone,         Column::address,    Column::city,          Column::postal_code,
    Column::ip_address,    Column::user_agent, Column::date_of_birth, Column::trustedform_cert_url,
    Column::jornaya_leadid};

std::string text_member(json::Value const& object, std::string_view name) {
  auto const* const value = json::find_member(object, name);
  if (value == nullptr || !value->IsString()) return {};
  return std::string{json::text_of(*value)};
}

void read_pairs(json::Value const& document, std::string_view list, std::string_view from,
                std::string_view to, std::vector<ColumnMapping::Pair>& pairs) {
  auto const* const items = json::find_member(document, list);
  if (items == nullptr || !items->IsArray()) return;
  for (auto const& item : items->GetArray()) {
    if (item.IsObject()) pairs.push_back({text_member(item, from), text_member(item, to)});
  }
}

void write_pairs(json::JsonWriter& out, std::string_view list, std::string_view from,
                 std::string_view to, std::vector<ColumnMapping::Pair> const& pairs) {
  auto const items = out.array(list);
  for (auto const& pair : pairs) {
    auto const item = out.object();
    out.field(from, pair.from);
    out.field(to, pair.to);
  }
}

bool is_of_person(FieldTarget const& target) {
  return target.kind == Kind::column && std::ranges::any_of(kNoConstants, [&](Column column) {
           return index_of(column) == target.index;
         });
}

/// Finds faults in the order of the document.
class Checker {
 public:
  explicit Checker(MarketRules const& rules) : rules_(rules) {}

  void columns(ColumnMapping const& mapping) {
    for (std::size_t i = 0; i < mapping.columns.size(); ++i) {
      auto const pointer = "/columns/" + std::to_string(i);
      auto const& [from, to] = mapping.columns[i];
      theirs(pointer + "/from", from);
      ours(pointer + "/to", to, false);
    }
    for (std::size_t i = 0; i < mapping.ignored.size(); ++i) {
      theirs("/ignored/" + std::to_string(i), mapping.ignored[i]);
    }
    for (std::size_t i = 0; i < mapping.constants.size(); ++i) {
      ours("/constants/" + std::to_string(i) + "/column", mapping.constants[i].from, true);
    }
  }
  std::vector<json::FieldError> faults() { return std::move(faults_); }

 private:
  void fail(std::string pointer, std::string code, std::string detail) {
    faults_.push_back({std::move(pointer), std::move(code), std::move(detail)});
  }
  void theirs(std::string const& pointer, std::string const& name) {
    if (trim(name) != name) {
      fail(pointer, "name_invalid", "A name begins or ends with a blank.");
    } else if (!theirs_.insert(name).second) {
      fail(pointer, "duplicate_column", "This name stands twice.");
    }
  }
  void ours(std::string const& pointer, std::string const& name, bool constant) {
    auto const target = target_named(name, rules_);
    if (!target) {
      fail(pointer, "unknown_column",
           "This is neither a column of a lead nor an attribute of the market.");
    } else if (constant && is_of_person(*target)) {
      fail(pointer, "constant_of_person", "A column of the person cannot be a constant.");
    } else if (!targets_.insert({static_cast<int>(target->kind), target->index}).second) {
      fail(pointer, "duplicate_column", "Two names mean this column.");
    }
  }

  MarketRules const& rules_;
  std::set<std::string> theirs_;
  std::set<std::pair<int, std::size_t>> targets_;
  std::vector<json::FieldError> faults_;
};

/// Puts the values of one flat line where they belong.
class FlatReader {
 public:
  FlatReader(MarketRules const& rules, ColumnMapping const& mapping)
      : rules_(rules), mapping_(mapping) {
    raw_.attributes.resize(rules.attributes.size());
  }

  void read(json::Value const& line) {
    for (auto const& member : line.GetObject()) {
      auto const theirs = trim(json::text_of(member.name));
      if (mapping_.ignores(theirs)) continue;
      auto const target = target_named(mapping_.ours_of(theirs).value_or(theirs), rules_);
      if (!target) {
        fail("", kUnknown);  // the name is the sender's text: it stays out
      } else if (!seen_.insert({static_cast<int>(target->kind), target->index}).second) {
        fail(pointer_of(*target, rules_), kTwice);
      } else if (!member.value.IsNull()) {
        put(*target, member.value);
      }
    }
    for (auto const& constant : mapping_.constants) {
      auto const target = target_named(constant.from, rules_);
      bool const given = !target || seen_.contains({static_cast<int>(target->kind), target->index});
      if (!given) put_constant(*target, constant.to);
    }
  }
  std::vector<RowFault>& faults() { return faults_; }
  RawLead&& lead() { return std::move(raw_); }

 private:
  void fail(std::string pointer, std::string_view detail) {
    faults_.push_back({RowCode::malformed_row, std::move(pointer), detail});
  }
  void put(FieldTarget const& target, json::Value const& value) {
    if (target.kind == Kind::attribute) {
      raw_.attributes[target.index] = scalar(value);
    } else if (!value.IsString()) {
      fail(pointer_of(target, rules_), kWrongType);
    } else if (target.kind == Kind::companies) {
      raw_.consent_companies = split_companies(json::text_of(value));
    } else {
      raw_.columns[target.index] = json::text_of(value);
    }
  }
  void put_constant(FieldTarget const& target, std::string const& text) {
    if (target.kind == Kind::attribute) {
      raw_.attributes[target.index] = CellText{text};
    } else if (target.kind == Kind::companies) {
      raw_.consent_companies = split_companies(text);
    } else {
      raw_.columns[target.index] = text;
    }
  }
  /// Numbers and booleans may be texts: the keys are those of a table.
  static RawScalar scalar(json::Value const& value) {
    if (value.IsString()) return CellText{json::text_of(value)};
    if (value.IsBool()) return value.GetBool();
    if (value.IsInt64()) return value.GetInt64();
    return OtherJson{};
  }

  MarketRules const& rules_;
  ColumnMapping const& mapping_;
  RawLead raw_;
  std::set<std::pair<int, std::size_t>> seen_;
  std::vector<RowFault> faults_;
};

}  // namespace

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

std::optional<FieldTarget> target_named(std::string_view name, MarketRules const& rules) {
  if (auto const column = column_named(name)) {
    return FieldTarget{.kind = Kind::column, .index = index_of(*column)};
  }
  if (auto const attribute = rules.attribute_named(name)) {
    return FieldTarget{.kind = Kind::attribute, .index = *attribute};
  }
  // A market that has an attribute of that name keeps it.
  if (name == kCompanies) return FieldTarget{.kind = Kind::companies};
  return std::nullopt;
}

std::string pointer_of(FieldTarget const& target, MarketRules const& rules) {
  switch (target.kind) {
    case Kind::column:
      return std::string{pointer_of(static_cast<Column>(target.index))};
    case Kind::attribute:
      return "/attributes/" + rules.attributes[target.index].name;
    case Kind::companies:
      return "/consent/companies";
    case Kind::ignored:
    case Kind::corrected_row:
      break;
  }
  return {};
}

std::optional<std::string_view> ColumnMapping::ours_of(std::string_view theirs) const {
  auto const at = std::ranges::find(columns, theirs, &Pair::from);
  if (at == columns.end()) return std::nullopt;
  return at->to;
}

bool ColumnMapping::ignores(std::string_view theirs) const {
  return std::ranges::find(ignored, theirs) != ignored.end();
}

ColumnMapping read_mapping(json::Value const& document) {
  ColumnMapping mapping;
  read_pairs(document, "columns", "from", "to", mapping.columns);
  read_pairs(document, "constants", "column", "value", mapping.constants);
  auto const* const ignored = json::find_member(document, "ignored");
  if (ignored != nullptr && ignored->IsArray()) {
    for (auto const& name : ignored->GetArray()) {
      if (name.IsString()) mapping.ignored.emplace_back(json::text_of(name));
    }
  }
  return mapping;
}

std::string mapping_json(ColumnMapping const& mapping) {
  json::JsonWriter out;
  {
    auto const whole = out.object();
    write_pairs(out, "columns", "from", "to", mapping.columns);
    {
      auto const ignored = out.array("ignored");
      for (auto const& name : mapping.ignored) out.value(name);
    }
    write_pairs(out, "constants", "column", "value", mapping.constants);
  }
  return out.str();
}

std::vector<json::FieldError> check_mapping(ColumnMapping const& mapping,
                                            MarketRules const& rules) {
  Checker checker{rules};
  checker.columns(mapping);
  return checker.faults();
}

Result<RawLead, std::vector<RowFault>> read_mapped_document(json::Value const& document,
                                                            MarketRules const& rules,
                                                            ColumnMapping const& mapping) {
  if (!document.IsObject()) {
    return refuse(std::vector<RowFault>{{RowCode::malformed_row, "", kWrongType}});
  }
  FlatReader reader{rules, mapping};
  reader.read(document);
  if (!reader.faults().empty()) return refuse(std::move(reader.faults()));
  return reader.lead();
}

std::optional<std::string> own_name_of(std::string_view pointer, MarketRules const& rules,
                                       ColumnMapping const& mapping) {
  for (auto const& pair : mapping.columns) {
    auto const target = target_named(pair.to, rules);
    if (target && pointer_of(*target, rules) == pointer) return pair.from;
  }
  return std::nullopt;
}

}  // namespace leadex::intake
