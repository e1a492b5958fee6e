#include "server/intake/person_match.hpp"

#include <algorithm>

#include "server/intake/contact/email.hpp"
#include "server/intake/contact/phone.hpp"
#include "server/json/value.hpp"
#include "server/privacy/blind_index.hpp"

namespace leadex::intake {

namespace {

std::string_view text_in(json::Value const& contact, std::string_view name) {
  auto const* const value = json::find_member(contact, name);
  return value != nullptr && value->IsString() ? json::text_of(*value) : std::string_view{};
}

}  // namespace

std::vector<std::string> person_of(privacy::KeyRing const& ring, std::string_view contact_json,
                                   std::string_view country) {
  using privacy::BlindField;
  std::vector<std::string> digests;
  auto const document = json::parse(contact_json);
  if (!document || !document->IsObject()) return digests;
  auto const add = [&](BlindField field, std::string_view normalised) {
    digests.emplace_back(crypto::view_of(privacy::blind_index(ring, field, normalised)));
  };
  if (auto const email = parse_email(text_in(*document, "email"))) {
    add(BlindField::email, email->normalised);
  }
  if (auto const phone = parse_phone(text_in(*document, "phone"), country)) {
    add(BlindField::phone, phone->e164);
  }
  return digests;
}

bool same_person(std::vector<std::string> const& a, std::vector<std::string> const& b) {
  return std::ranges::any_of(
      a, [&](std::string const& digest) { return std::ranges::find(b, digest) != b.end(); });
}

}  // namespace leadex::intake
