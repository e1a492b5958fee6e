#include "server/privacy/sealed_value.hpp"

#include "billing/values/check.hpp"

namespace leadex::privacy {
namespace {

using crypto::AeadKey;
using crypto::Bytes;
using crypto::ByteView;
using crypto::Secret;

constexpr char kVersion = 1;
constexpr std::int32_t kSecretBoxKeyId = 1;

void append_sized(Bytes& out, ByteView bytes) {
  crypto::append_be32(out, static_cast<std::uint32_t>(bytes.size()));
  out.append(bytes);
}

// Header and place, each part with its length, so that no two places share their bytes.
Bytes associated_bytes(ByteView header, SealPlace const& place) {
  LEADEX_CHECK(place.table.size() < 64 && place.column.size() < 64 && place.row.size() < 1024);
  Bytes bytes;
  bytes.reserve(header.size() + 16 + place.table.size() + place.row.size() + place.column.size());
  bytes.append(header);
  append_sized(bytes, place.table);
  crypto::append_be32(bytes, place.market);
  append_sized(bytes, place.row);
  append_sized(bytes, place.column);
  return bytes;
}

}  // namespace

Bytes row_key(std::int64_t no) {
  Bytes bytes;
  crypto::append_be64(bytes, static_cast<std::uint64_t>(no));
  return bytes;
}

Bytes row_key(std::int64_t first, std::int64_t second) {
  auto bytes = row_key(first);
  crypto::append_be64(bytes, static_cast<std::uint64_t>(second));
  return bytes;
}

Bytes row_key(std::int64_t first, ByteView second) { return row_key(first).append(second); }

Bytes seal_value(AeadKey const& key, std::int32_t key_id, SealPlace const& place, ByteView plain) {
  LEADEX_CHECK(key_id >= 0);
  Bytes sealed;
  sealed.reserve(plain.size() + kSealedOverheadBytes);
  sealed.push_back(kVersion);
  crypto::append_be32(sealed, static_cast<std::uint32_t>(key_id));
  auto const associated = associated_bytes(sealed, place);
  crypto::aead_seal_to(sealed, key, associated, plain);
  return sealed;
}

Result<std::int32_t, SealError> sealed_key_id(ByteView sealed) {
  if (sealed.size() < kSealedOverheadBytes) return refuse(SealError::malformed);
  if (sealed.front() != kVersion) return refuse(SealError::unknown_version);
  return static_cast<std::int32_t>(crypto::read_be32(sealed.substr(1)));
}

Result<Secret, SealError> open_value(AeadKey const& key, std::int32_t key_id,
                                     SealPlace const& place, ByteView sealed) {
  auto const named = sealed_key_id(sealed);
  if (!named) return refuse(named.error());
  if (*named != key_id) return refuse(SealError::unknown_key);
  auto const header = sealed.substr(0, kSealedHeaderBytes);
  return crypto::aead_open(key, associated_bytes(header, place), sealed.substr(kSealedHeaderBytes))
      .map_error([](crypto::AeadError error) {
        return error == crypto::AeadError::malformed ? SealError::malformed
                                                     : SealError::not_authentic;
      });
}

Bytes SecretBox::seal(SealPlace const& place, ByteView plain) const {
  return seal_value(ring_.secret_box(), kSecretBoxKeyId, place, plain);
}

Result<Secret, SealError> SecretBox::open(SealPlace const& place, ByteView sealed) const {
  return open_value(ring_.secret_box(), kSecretBoxKeyId, place, sealed);
}

}  // namespace leadex::privacy
