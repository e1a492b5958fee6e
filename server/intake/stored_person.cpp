#include "server/intake/stored_person.hpp"

#include <optional>

#include "server/intake/lead_rows.hpp"
#include "server/json/value.hpp"
#include "server/privacy/lead_envelope.hpp"

namespace leadex::intake {

namespace {

std::optional<std::string> field(json::Value const& contact, std::string_view name) {
  auto const* const value = json::find_member(contact, name);
  if (value == nullptr || !value->IsString()) return std::nullopt;
  return std::string{json::text_of(*value)};
}

}  // namespace

StoredPerson stored_person(privacy::KeyRing const& keys, LeadId lead,
                           storage::SealedLead const& sealed, std::string const& country) {
  auto const contact =
      privacy::open_contact(keys, lead, {sealed.kek_id, sealed.key_wrapped}, sealed.contact_sealed);
  if (!contact) return {};
  auto const document = json::parse(contact->view(), {.bytes = contact->view().size()});
  if (!document || !document->IsObject()) return {};
  StoredPerson person;
  if (auto const text = field(*document, "email")) {
    if (auto email = parse_email(*text)) person.email = std::move(*email);
  }
  if (auto const text = field(*document, "phone")) {
    if (auto phone = parse_phone(*text, country)) person.phone = std::move(*phone);
  }
  return person;
}

std::vector<std::string> stored_person_digests(privacy::KeyRing const& keys, LeadId lead,
                                               storage::SealedLead const& sealed,
                                               std::string const& country, DigestUse use) {
  auto person = stored_person(keys, lead, sealed, country);
  CheckedLead checked;
  checked.email = std::move(person.email);
  checked.phone = std::move(person.phone);
  return person_digests(keys, checked, use);
}

}  // namespace leadex::intake
