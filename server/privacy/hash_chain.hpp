#pragma once
// Canonical bytes and SHA-256 of one link of a chain: the audit log here, commit batches in
// server/market. Every field carries its type and length, so no two rows share their bytes. One
// thread at a time.

#include <cstdint>
#include <string_view>

#include "server/crypto/hash.hpp"

namespace leadex::privacy {

/// What the first link of every chain follows.
inline constexpr crypto::Digest kChainStart{};

class ChainHasher {
 public:
  /// @param chain  names the chain and the version of its fields, e.g. "audit/1"; links of two
  ///               chains never share a hash.
  explicit ChainHasher(std::string_view chain);

  ChainHasher& add_int64(std::int64_t value);
  ChainHasher& add_bytes(crypto::ByteView bytes);
  ChainHasher& add_text(std::string_view text);
  /// A field that is NULL: differs from zero, from the empty text and from no field.
  ChainHasher& add_null();

  /// The hash of this link after the link whose hash is `previous`. The object is then spent: a
  /// second call stops the process.
  [[nodiscard]] crypto::Digest finish(crypto::Digest const& previous);

 private:
  void add(char type, crypto::ByteView bytes);

  crypto::Sha256 hash_;
  std::int64_t fields_{};
  bool finished_{};
};

}  // namespace leadex::privacy
