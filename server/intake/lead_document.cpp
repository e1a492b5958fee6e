#include "server/intake/lead_document.hpp"

#include <array>
#include <limits>
#include <string>
#include <string_view>

#include "server/intake/contact/source_check.hpp"
#include "server/json/field_error.hpp"

namespace leadex::intake {
namespace {

using json::Value;

constexpr std::string_view kUnknown = "The Lead has no such field.";
constexpr std::string_view kNobody = "A consent for named companies names at least one.";
constexpr std::string_view kWrongType = "The value has another type than this field.";
constexpr std::size_t kFaultsMax = 20;  // a hostile row must not make a long list

// Walks the document once; every member is either a column, a known list, or a fault.
class Reader {
 public:
  Reader(MarketRules const& rules, LeadFields fields) : rules_{rules}, fields_{fields} {}

  void top(Value const& lead) {
    raw_.attributes.resize(rules_.attributes.size());
    for (auto const& member : lead.GetObject()) {
      auto const name = json::text_of(member.name);
      auto const& value = member.value;
      if (value.IsNull()) continue;  // as if it were not given
      if (name == "contact") {
        columns(value, "/contact");
      } else if (name == "consent") {
        columns(value, "/consent");
      } else if (name == "source") {
        columns(value, "/source");
      } else if (name == "attributes") {
        attributes(value);
      } else if (name == "ask") {
        ask(value);
      } else if (name == "market" && fields_ == LeadFields::lead_and_market) {
        continue;
      } else if (fields_ == LeadFields::ping ||
                 (name == "bid_ids" && fields_ == LeadFields::lead_and_bids)) {
        continue;
      } else {
        column("", name, value);
      }
    }
  }

  RawLead&& lead() { return std::move(raw_); }
  std::vector<RowFault>& faults() { return faults_; }

 private:
  void fail(std::string pointer, std::string_view detail) {
    if (faults_.size() < kFaultsMax) {
      faults_.push_back({RowCode::malformed_row, std::move(pointer), detail});
    }
  }

  void columns(Value const& group, std::string const& pointer) {
    if (!group.IsObject()) return fail(pointer, kWrongType);
    for (auto const& member : group.GetObject()) {
      auto const name = json::text_of(member.name);
      if (member.value.IsNull()) continue;
      if (pointer == "/consent" && name == "companies") {
        companies(member.value);
      } else if (pointer == "/source" && name == "touchpoints") {
        touchpoints(member.value);
      } else if (pointer == "/source" && name == "hops") {
        hops(member.value);
      } else {
        column(pointer, name, member.value);
      }
    }
  }

  void column(std::string const& group, std::string_view name, Value const& value) {
    auto pointer = json::child_pointer(group, name);
    for (std::size_t i = 0; i < kColumnCount; ++i) {
      auto const column = static_cast<Column>(i);
      if (pointer_of(column) != pointer || column == Column::ask) continue;
      if (!value.IsString()) return fail(std::move(pointer), kWrongType);
      raw_.at(column) = json::text_of(value);
      return;
    }
    // The name is the sender's text and may be a person's: rejects are stored, so it stays out.
    fail(group, kUnknown);
  }

  void ask(Value const& value) {
    if (!value.IsObject()) return fail("/ask", kWrongType);
    for (auto const& member : value.GetObject()) {
      auto const name = json::text_of(member.name);
      bool const known = name == "amount" || name == "currency";
      if (!known || !member.value.IsString()) {
        fail(known ? json::child_pointer("/ask", name) : "/ask", known ? kWrongType : kUnknown);
      } else if (name == "amount") {
        raw_.at(Column::ask) = json::text_of(member.value);
      } else {
        raw_.ask_currency = json::text_of(member.value);
      }
    }
    // An amount without its currency, or the other way round, is no amount of money.
    if (!raw_.at(Column::ask)) raw_.at(Column::ask) = "?";
    if (!raw_.ask_currency) raw_.ask_currency = "?";
  }

  void companies(Value const& value) {
    if (!value.IsArray()) return fail("/consent/companies", kWrongType);
    // Neither open nor for anybody: better asked than guessed.
    if (value.Empty()) return fail("/consent/companies", kNobody);
    for (auto const& name : value.GetArray()) {
      if (!name.IsString()) return fail("/consent/companies", kWrongType);
      raw_.consent_companies.push_back(json::text_of(name));
    }
  }

  void touchpoints(Value const& value) {
    if (!value.IsArray()) return fail("/source/touchpoints", kWrongType);
    for (auto const& point : value.GetArray()) {
      if (!point.IsObject()) return fail("/source/touchpoints", kWrongType);
      RawTouchpoint raw;
      for (auto const& member : point.GetObject()) {
        auto const name = json::text_of(member.name);
        auto* field = name == "at"        ? &raw.at
                      : name == "vehicle" ? &raw.vehicle
                      : name == "reason"  ? &raw.reason
                                          : nullptr;
        if (field == nullptr || !member.value.IsString()) {
          return fail("/source/touchpoints", field == nullptr ? kUnknown : kWrongType);
        }
        *field = json::text_of(member.value);
      }
      raw_.touchpoints.push_back(raw);
    }
  }

  /// A number in JSON, digits in CSV: the check reads the text of either.
  void hops(Value const& value) {
    static constexpr auto kPairs = [] {
      std::array<char, 2 * (kHopsMax + 1)> pairs{};
      for (std::size_t i = 0; i <= kHopsMax; ++i) {
        pairs[2 * i] = static_cast<char>('0' + i / 10);
        pairs[2 * i + 1] = static_cast<char>('0' + i % 10);
      }
      return pairs;
    }();
    if (!value.IsInt64()) return fail("/source/hops", kWrongType);
    auto const told = value.GetInt64();
    std::string_view const pairs{kPairs.data(), kPairs.size()};
    raw_.at(Column::hops) =
        told >= 0 && told <= kHopsMax ? pairs.substr(2 * static_cast<std::size_t>(told), 2) : "?";
  }

  void attributes(Value const& value) {
    if (!value.IsObject()) return fail("/attributes", kWrongType);
    for (auto const& member : value.GetObject()) {
      auto const index = rules_.attribute_named(json::text_of(member.name));
      if (!index) {
        raw_.has_unknown_attribute = true;
      } else if (!member.value.IsNull()) {
        raw_.attributes[*index] = scalar(member.value);
      }
    }
  }

  static RawScalar scalar(Value const& value) {
    if (value.IsString()) return JsonText{json::text_of(value)};
    if (value.IsBool()) return value.GetBool();
    if (value.IsInt64()) return value.GetInt64();
    return OtherJson{};
  }

  MarketRules const& rules_;
  LeadFields fields_;
  RawLead raw_;
  std::vector<RowFault> faults_;
};

}  // namespace

Result<RawLead, std::vector<RowFault>> read_lead_document(json::Value const& document,
                                                          MarketRules const& rules,
                                                          LeadFields fields) {
  if (!document.IsObject()) {
    return refuse(std::vector<RowFault>{{RowCode::malformed_row, "", kWrongType}});
  }
  Reader reader{rules, fields};
  reader.top(document);
  if (!reader.faults().empty()) return refuse(std::move(reader.faults()));
  return reader.lead();
}

}  // namespace leadex::intake
