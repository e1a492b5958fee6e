#include "tests/e2e/marker/marks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <set>

#include "server/crypto/bytes.hpp"

namespace leadex::e2e {

namespace {

std::string mapped(std::string text, int (*change)(int)) {
  std::ranges::transform(text, text.begin(),
                         [&](unsigned char c) { return static_cast<char>(change(c)); });
  return text;
}
int lower(int c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; }
int upper(int c) { return c >= 'a' && c <= 'z' ? c - 32 : c; }

std::string wide(std::string_view text, bool big_endian) {
  std::string out;
  for (char const c : text) {
    if (big_endian) out += '\0';
    out += c;
    if (!big_endian) out += '\0';
  }
  return out;
}

std::string percents(std::string_view text) {
  std::string out;
  for (char const c : text) out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  return out;
}

std::string digits_of(std::string_view text) {
  std::string out;
  for (char const c : text) {
    if (c >= '0' && c <= '9') out += c;
  }
  return out;
}

/// What stays the same of the base64 of any text in which `text` stands behind 3n + `before` bytes.
std::string base64_core(std::string_view text, std::size_t before) {
  auto const whole = crypto::base64_encode(std::string(before, 'x') + std::string{text});
  auto const from = (before * 8 + 5) / 6;          // characters touched by what is before
  auto const to = (before + text.size()) * 8 / 6;  // and by what comes behind
  return whole.substr(from, to - from);
}

void add_encoded(std::vector<Form>& forms, std::string const& name, std::string const& text) {
  forms.push_back({name, text});
  forms.push_back({name + ", UTF-16LE", wide(text, false)});
  forms.push_back({name + ", UTF-16BE", wide(text, true)});
  forms.push_back({name + ", hex", crypto::hex_encode(text)});
  forms.push_back({name + ", HEX", mapped(crypto::hex_encode(text), upper)});
  forms.push_back({name + ", percent", percents(text)});
  forms.push_back({name + ", reversed", std::string(text.rbegin(), text.rend())});
  for (std::size_t before = 0; before < 3; ++before) {
    auto const name64 = fmt::format("{}, base64 at {}", name, before);
    auto const plain = base64_core(text, before);
    forms.push_back({name64, plain});
    auto url = plain;
    std::ranges::replace(url, '+', '-');
    std::ranges::replace(url, '/', '_');
    if (url != plain) forms.push_back({name64 + " for URLs", url});
  }
}

}  // namespace

std::string phone(int n) { return "+12127395" + std::to_string(100 + n); }

std::vector<Form> all_forms() {
  std::vector<Form> forms;
  std::string const core{kCore};
  add_encoded(forms, "core", core);
  add_encoded(forms, "core in lower case", mapped(core, lower));
  add_encoded(forms, "core in upper case", mapped(core, upper));
  add_encoded(forms, "phone", std::string{kPhoneDigits});
  forms.push_back({"phone, written", "212-739-51"});
  forms.push_back({"phone, in brackets", "(212) 739-51"});
  for (auto const mark : {kDateOfBirth, kPostalCode, kAddressOfHost, kIban}) {
    add_encoded(forms, std::string{mark}, std::string{mark});
  }
  forms.push_back({"IBAN, in groups", "DE89 3704 0044 0532 0130 00"});
  forms.push_back({"date of birth, digits", digits_of(kDateOfBirth)});
  forms.push_back({"postal code, digits", digits_of(kPostalCode)});
  return forms;
}

std::vector<std::string> found_in(std::string_view bytes, std::vector<Form> const& forms) {
  std::vector<std::string> found;
  for (auto const& form : forms) {
    // memmem: the C library's own, many times quicker than a search by iterators.
    if (memmem(bytes.data(), bytes.size(), form.bytes.data(), form.bytes.size()) != nullptr) {
      found.push_back(form.what);
    }
  }
  return found;
}

}  // namespace leadex::e2e
