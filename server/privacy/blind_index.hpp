#pragma once
// Keyed hashes by which a person is found again without reading a contact. Callers normalise first
// (intake does): e-mail trimmed, lower-case, NFC, punycode domain; phone E.164 with +; the loose
// e-mail also without dots and tag. Any thread.

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "server/crypto/hash.hpp"
#include "server/privacy/key_ring.hpp"

namespace leadex::privacy {

/// Column digest of table person.
using BlindIndex = std::array<std::uint8_t, 16>;

/// HMAC(field key, version ‖ SHA-256(normalised)), cut to 16 bytes. Since the plain SHA-256 is the
/// inner value, lists that partners send as SHA-256 match without the addresses.
[[nodiscard]] BlindIndex blind_index(KeyRing const& ring, BlindField field,
                                     std::string_view normalised);

[[nodiscard]] BlindIndex blind_index_of_sha256(KeyRing const& ring, BlindField field,
                                               crypto::Digest const& sha256_of_normalised);

/// Reads a partner's value: 64 hex digits in either case; anything else gives nothing.
[[nodiscard]] std::optional<crypto::Digest> parse_sha256_hex(std::string_view text);

}  // namespace leadex::privacy
