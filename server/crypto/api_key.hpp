#pragma once
// API keys: `lxk_live_`, `lxk_dev_` or `lxk_test_`, 32 random base62 characters (190 bits), 6
// base62 characters of the CRC-32 of all before. Shown once; stored as keyed digest. Any thread.

#include <cstdint>
#include <string>
#include <string_view>

#include "billing/values/result.hpp"
#include "server/crypto/hash.hpp"

namespace leadex::crypto {

enum class ApiKeyKind : std::uint8_t { live, dev, test };

enum class ApiKeyError : std::uint8_t {
  malformed,       // prefix, length or alphabet
  checksum_wrong,  // mistyped or cut together; refused without a look-up
};

/// A new key from the private generator.
[[nodiscard]] Secret generate_api_key(ApiKeyKind kind);

/// Checks form and checksum; says nothing about whether the key exists.
[[nodiscard]] Result<ApiKeyKind, ApiKeyError> parse_api_key(std::string_view text);

/// What the database keeps and looks up: HMAC under the pepper, which is outside the database.
[[nodiscard]] Digest api_key_digest(HmacKey const& pepper, std::string_view text);

/// What people recognise a key by.
struct ApiKeyHint {
  std::string first12;
  std::string last4;
};
/// @param text  a key that parse_api_key accepts.
[[nodiscard]] ApiKeyHint api_key_hint(std::string_view text);

/// CRC-32 (ISO-HDLC, as in zip and Ethernet).
[[nodiscard]] std::uint32_t crc32(ByteView bytes);

}  // namespace leadex::crypto
