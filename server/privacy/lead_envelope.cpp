#include "server/privacy/lead_envelope.hpp"

#include <utility>

#include "billing/values/check.hpp"

namespace leadex::privacy {
namespace {

using crypto::AeadKey;
using crypto::Bytes;
using crypto::ByteView;
using crypto::Secret;

// In the header of what a lead's own key sealed: the key is found by the row, not by a number.
constexpr std::int32_t kOwnKeyId = 0;

LeadKeyRow wrap(SealingKek const& kek, LeadId lead, AeadKey const& key) {
  auto const row = row_key(lead.no);
  return {kek.id, seal_value(*kek.key, kek.id, {"lead_key", lead.market, row, "wrapped"},
                             key.secret().view())};
}

NewLeadKey make_key(SealingKek const& kek, LeadId lead) {
  auto key = AeadKey::generate();
  auto row = wrap(kek, lead, key);
  return {std::move(key), std::move(row)};
}

}  // namespace

NewLeadKey make_lead_key(KeyRing const& ring, LeadId lead, KekId kek_id) {
  auto kek = ring.contact_kek(kek_id);
  LEADEX_CHECK(kek.has_value());
  return make_key({kek_id, std::move(*kek)}, lead);
}

Result<AeadKey, SealError> open_lead_key(KeyRing const& ring, LeadId lead, LeadKeyRow const& row) {
  auto const kek = ring.contact_kek(row.kek_id);
  if (!kek) return refuse(SealError::unknown_key);
  auto const place_row = row_key(lead.no);
  auto key =
      open_value(**kek, row.kek_id, {"lead_key", lead.market, place_row, "wrapped"}, row.wrapped);
  if (!key) return refuse(key.error());
  if (key->size() != crypto::kAeadKeyBytes) return refuse(SealError::malformed);
  return AeadKey(*std::move(key));
}

Bytes seal_field(AeadKey const& lead_key, SealPlace const& place, ByteView plain) {
  return seal_value(lead_key, kOwnKeyId, place, plain);
}

Result<Secret, SealError> open_field(AeadKey const& lead_key, SealPlace const& place,
                                     ByteView sealed) {
  return open_value(lead_key, kOwnKeyId, place, sealed);
}

SealedContact seal_contact(KeyRing const& ring, LeadId lead, Timestamp captured_at,
                           std::string_view contact_json) {
  auto [key, key_row] = make_key(ring.sealing_kek(captured_at), lead);
  auto const row = row_key(lead.no);
  auto sealed = seal_field(key, {"contact", lead.market, row, "sealed"}, contact_json);
  return {std::move(key), std::move(key_row), std::move(sealed)};
}

Result<Secret, SealError> open_contact(KeyRing const& ring, LeadId lead, LeadKeyRow const& key_row,
                                       ByteView sealed) {
  auto const key = open_lead_key(ring, lead, key_row);
  if (!key) return refuse(key.error());
  auto const row = row_key(lead.no);
  return open_field(*key, {"contact", lead.market, row, "sealed"}, sealed);
}

Result<LeadKeyRow, SealError> rewrap_lead_key(KeyRing const& ring, LeadId lead,
                                              LeadKeyRow const& row, KekId kek_id) {
  LEADEX_CHECK(is_kek_id(kek_id));
  auto const key = open_lead_key(ring, lead, row);
  if (!key) return refuse(key.error());
  auto kek = ring.contact_kek(kek_id);
  if (!kek) return refuse(SealError::unknown_key);
  return wrap({kek_id, std::move(*kek)}, lead, *key);
}

Bytes seal_waiting(KeyRing const& ring, Timestamp at, SealPlace const& place, ByteView plain) {
  if (ring.epochs() == nullptr) return SecretBox(ring).seal(place, plain);
  auto const kek = ring.sealing_kek(at);
  return seal_value(*kek.key, kek.id, place, plain);
}

Result<Secret, SealError> open_waiting(KeyRing const& ring, SealPlace const& place,
                                       ByteView sealed) {
  auto const id = sealed_key_id(sealed);
  if (!id) return refuse(id.error());
  if (!is_epoch_kek(*id)) return SecretBox(ring).open(place, sealed);
  auto const kek = ring.contact_kek(*id);
  if (!kek) return refuse(SealError::unknown_key);
  return open_value(**kek, *id, place, sealed);
}

}  // namespace leadex::privacy
