#include "server/forms/definition.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace leadex::forms {

namespace {

constexpr std::string_view kScheme = "https://";
constexpr std::size_t kHostBytesMax = 253;
constexpr std::size_t kPortDigitsMax = 5;

void read(json::Value const& object, std::string_view name, std::string& into) {
  auto const* const value = json::find_member(object, name);
  if (value != nullptr && value->IsString()) into = json::text_of(*value);
}

bool flag(json::Value const& object, std::string_view name) {
  auto const* const value = json::find_member(object, name);
  return value != nullptr && value->IsTrue();
}

template <class Each>
void each(json::Value const& object, std::string_view name, Each take) {
  auto const* const list = json::find_member(object, name);
  if (list == nullptr || !list->IsArray()) return;
  for (auto const& item : list->GetArray()) take(item);
}

Field read_field(json::Value const& object) {
  Field field;
  read(object, "name", field.name);
  read(object, "label", field.label);
  field.required = flag(object, "required");
  each(object, "choices", [&](json::Value const& item) {
    Choice choice;
    read(item, "value", choice.value);
    read(item, "label", choice.label);
    field.choices.push_back(std::move(choice));
  });
  return field;
}

Texts read_texts(json::Value const& object) {
  Texts texts;
  constexpr std::array<std::pair<std::string_view, std::string Texts::*>, 12> kTexts{{
      {"submit", &Texts::submit},
      {"fault", &Texts::fault},
      {"again", &Texts::again},
      {"sent_before", &Texts::sent_before},
      {"thank_you", &Texts::thank_you},
      {"mail_sent", &Texts::mail_sent},
      {"closed", &Texts::closed},
      {"confirm", &Texts::confirm},
      {"confirm_button", &Texts::confirm_button},
      {"expired", &Texts::expired},
      {"mail_subject", &Texts::mail_subject},
      {"mail_text", &Texts::mail_text},
  }};
  for (auto const& [name, member] : kTexts) read(object, name, texts.*member);
  return texts;
}

bool is_host_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
}
bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

Definition read_definition(json::Value const& object) {
  Definition definition;
  read(object, "title", definition.title);
  read(object, "intro", definition.intro);
  read(object, "language", definition.language);
  each(object, "fields",
       [&](json::Value const& item) { definition.fields.push_back(read_field(item)); });
  read(object, "consent", definition.consent);
  read(object, "redirect_url", definition.redirect_url);
  each(object, "sites", [&](json::Value const& item) {
    if (item.IsString()) definition.sites.emplace_back(json::text_of(item));
  });
  read(object, "reason", definition.reason);
  definition.double_opt_in = flag(object, "double_opt_in");
  auto const* const texts = json::find_member(object, "texts");
  if (texts != nullptr && texts->IsObject()) definition.texts = read_texts(*texts);
  return definition;
}

Field const* find_field(Definition const& definition, std::string_view name) {
  auto const found = std::ranges::find(definition.fields, name, &Field::name);
  return found == definition.fields.end() ? nullptr : &*found;
}

bool is_origin(std::string_view text) { return !text.empty() && origin_of(text) == text; }

std::string_view origin_of(std::string_view url) {
  if (!url.starts_with(kScheme)) return {};
  auto const* const from = url.begin() + kScheme.size();
  auto const* const host_end = std::find_if_not(from, url.end(), is_host_byte);
  auto const host = static_cast<std::size_t>(host_end - from);
  if (host == 0 || host > kHostBytesMax || *from == '.' || *from == '-') return {};
  auto const* end = host_end;
  if (end != url.end() && *end == ':') {
    end = std::find_if_not(host_end + 1, url.end(), is_digit);
    auto const digits = static_cast<std::size_t>(end - host_end) - 1;
    if (digits == 0 || digits > kPortDigitsMax) return {};
  }
  // What follows an origin is a path, a query or a fragment; anything else was part of the host.
  if (end != url.end() && *end != '/' && *end != '?' && *end != '#') return {};
  return url.substr(0, static_cast<std::size_t>(end - url.begin()));
}

}  // namespace leadex::forms
