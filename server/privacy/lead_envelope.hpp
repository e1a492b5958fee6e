#pragma once
// One data key per lead, wrapped by the contact key of a month; contact and consent evidence are
// sealed under the data key. Destroying the wrapped key (row lead_key) erases them all. Any thread.

#include <cstdint>
#include <string_view>

#include "billing/values/ids.hpp"
#include "billing/values/time.hpp"
#include "server/privacy/sealed_value.hpp"

namespace leadex::privacy {

/// Columns of table lead_key beside (market_id, lead_no).
struct LeadKeyRow {
  KekId kek_id{};
  crypto::Bytes wrapped;
};

/// A fresh data key and its wrapped form; the key itself is not stored anywhere.
struct NewLeadKey {
  crypto::AeadKey key;
  LeadKeyRow row;
};

[[nodiscard]] NewLeadKey make_lead_key(KeyRing const& ring, LeadId lead, KekId kek_id);

/// @errors unknown_key when kek_id is no month, or its epoch is gone; the others as open_value
[[nodiscard]] Result<crypto::AeadKey, SealError> open_lead_key(KeyRing const& ring, LeadId lead,
                                                               LeadKeyRow const& row);

/// Seals one column of one row that belongs to the lead under its data key.
[[nodiscard]] crypto::Bytes seal_field(crypto::AeadKey const& lead_key, SealPlace const& place,
                                       crypto::ByteView plain);
[[nodiscard]] Result<crypto::Secret, SealError> open_field(crypto::AeadKey const& lead_key,
                                                           SealPlace const& place,
                                                           crypto::ByteView sealed);

/// What intake writes for a new lead. `key` seals the lead's other fields in the same breath.
struct SealedContact {
  crypto::AeadKey key;
  LeadKeyRow key_row;
  crypto::Bytes sealed;  // column sealed of table contact
};

/// @param captured_at  names the contact key where the ring keeps no epochs (KeyRing::sealing_kek).
/// @cost about 3 µs for 400 bytes   @throws as KeyRing::sealing_kek
[[nodiscard]] SealedContact seal_contact(KeyRing const& ring, LeadId lead, Timestamp captured_at,
                                         std::string_view contact_json);

[[nodiscard]] Result<crypto::Secret, SealError> open_contact(KeyRing const& ring, LeadId lead,
                                                             LeadKeyRow const& key_row,
                                                             crypto::ByteView sealed);

/// Wraps the same data key under another month's key; what it sealed stays as it is.
/// @errors as open_lead_key, of either key
[[nodiscard]] Result<LeadKeyRow, SealError> rewrap_lead_key(KeyRing const& ring, LeadId lead,
                                                            LeadKeyRow const& row, KekId kek_id);

/// Personal data that waits for its lead, and goes with the same epochs: sealed under the contact
/// key of now, under the secret box where the ring keeps no epochs.   @throws as
/// KeyRing::sealing_kek
[[nodiscard]] crypto::Bytes seal_waiting(KeyRing const& ring, Timestamp at, SealPlace const& place,
                                         crypto::ByteView plain);
[[nodiscard]] Result<crypto::Secret, SealError> open_waiting(KeyRing const& ring,
                                                             SealPlace const& place,
                                                             crypto::ByteView sealed);

}  // namespace leadex::privacy
