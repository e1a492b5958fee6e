#include "server/api/v1/form_definition.hpp"

#include <algorithm>
#include <array>
#include <set>

#include "server/http/link_template.hpp"
#include "server/intake/contact/attribute_check.hpp"
#include "server/intake/lead_rows.hpp"

namespace leadex::api {

namespace {

constexpr std::string_view kAttributes = "attributes.";
constexpr std::array<std::string_view, 9> kContact{
    "contact.first_name", "contact.last_name",   "contact.email",
    "contact.phone",      "contact.address",     "contact.city",
    "contact.region",     "contact.postal_code", "contact.date_of_birth"};

class Check {
 public:
  Check(forms::Definition const& definition, DefinitionRules const& rules)
      : definition_(definition), given_(rules), rules_(intake::rules_of(rules.settings)) {}

  json::FieldErrors run() {
    for (std::size_t i = 0; i < definition_.fields.size(); ++i) check_field(i);
    check_needed();
    check_sites();
    check_redirect();
    if (definition_.double_opt_in && !given_.mails) {
      fail("/double_opt_in", "not_supported", "This exchange sends no mail.");
    }
    return std::move(faults_);
  }

 private:
  void fail(std::string const& where, std::string code, std::string detail) {
    faults_.push_back({"/definition" + where, std::move(code), std::move(detail)});
  }

  void check_field(std::size_t i) {
    auto const& field = definition_.fields[i];
    auto const where = "/fields/" + std::to_string(i);
    if (!names_.insert(field.name).second) {
      fail(where + "/name", "repeated", "A form asks for each thing once.");
    }
    if (std::ranges::find(kContact, field.name) != kContact.end()) return;
    std::string_view name = field.name;
    if (!name.starts_with(kAttributes)) return unknown(where);
    name.remove_prefix(kAttributes.size());
    auto const index = rules_.attribute_named(name);
    if (!index) return unknown(where);
    auto const& rule = rules_.attributes[*index];
    bool const chosen = !rule.one_of.empty() || rule.type == intake::AttributeType::boolean;
    if (chosen && field.choices.empty()) {
      fail(where + "/choices", "missing_field", "This attribute has values to choose from.");
    }
    for (std::size_t k = 0; k < field.choices.size(); ++k) {
      auto const& value = field.choices[k].value;
      if (!value.empty() && intake::check_attribute(intake::CellText{value}, rule)) continue;
      fail(where + "/choices/" + std::to_string(k) + "/value", "attribute_invalid",
           "The market's schema does not allow this value.");
    }
  }

  void unknown(std::string const& where) {
    fail(where + "/name", "unknown_field", "Neither a field of contacts nor an attribute.");
  }

  [[nodiscard]] bool requires_field(std::string const& name) const {
    auto const* const field = find_field(definition_, name);
    return field != nullptr && field->required;
  }

  /// Without these no lead could ever come of it.
  void check_needed() {
    for (auto const* name : {"contact.first_name", "contact.last_name"}) {
      if (!requires_field(name)) missing(name);
    }
    bool const email = requires_field("contact.email");
    if (!email && (definition_.double_opt_in || !requires_field("contact.phone"))) {
      missing("contact.email");
    }
    for (auto const& rule : rules_.attributes) {
      auto const name = std::string{kAttributes} + rule.name;
      if (rule.required && !requires_field(name)) missing(name);
    }
  }
  void missing(std::string const& name) {
    fail("/fields", "missing_field", "The form has to require " + name + '.');
  }

  void check_sites() {
    for (std::size_t i = 0; i < definition_.sites.size(); ++i) {
      if (forms::is_origin(definition_.sites[i])) continue;
      fail("/sites/" + std::to_string(i), "url_invalid",
           "A site is written https://host, in lower case, without a path.");
    }
  }

  void check_redirect() {
    auto const& url = definition_.redirect_url;
    if (url.empty()) return;
    auto const right = http::check_link(url, {}, given_.allow_local);
    if (!right) {
      fail("/redirect_url", std::string{to_string(right.error())}, "No address to send anyone to.");
      return;
    }
    auto const origin = forms::origin_of(url);
    if (std::ranges::find(definition_.sites, origin) == definition_.sites.end()) {
      fail("/redirect_url", "address_refused", "The address lies on none of the form's sites.");
    }
  }

  forms::Definition const& definition_;
  DefinitionRules const& given_;
  intake::MarketRules const rules_;
  std::set<std::string_view> names_;
  json::FieldErrors faults_;
};

}  // namespace

json::FieldErrors definition_faults(forms::Definition const& definition,
                                    DefinitionRules const& rules) {
  return Check{definition, rules}.run();
}

}  // namespace leadex::api
