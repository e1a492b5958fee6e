#include "server/privacy/blind_index.hpp"

#include <algorithm>
#include <string>

namespace leadex::privacy {
namespace {

constexpr std::string_view kVersion("\x01", 1);

}  // namespace

BlindIndex blind_index(KeyRing const& ring, BlindField field, std::string_view normalised) {
  return blind_index_of_sha256(ring, field, crypto::sha256(normalised));
}

BlindIndex blind_index_of_sha256(KeyRing const& ring, BlindField field,
                                 crypto::Digest const& sha256_of_normalised) {
  auto const tag = ring.blind_index(field).sign({kVersion, crypto::view_of(sha256_of_normalised)});
  BlindIndex index{};
  std::copy_n(tag.begin(), index.size(), index.begin());
  return index;
}

std::optional<crypto::Digest> parse_sha256_hex(std::string_view text) {
  crypto::Digest digest{};
  if (text.size() != 2 * digest.size()) return std::nullopt;
  std::string lower(text);
  for (auto& c : lower) {
    if (c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');
  }
  auto const bytes = crypto::hex_decode(lower);
  if (!bytes) return std::nullopt;
  std::copy_n(crypto::octets(*bytes), digest.size(), digest.begin());
  return digest;
}

}  // namespace leadex::privacy
