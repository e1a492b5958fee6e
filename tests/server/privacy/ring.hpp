#pragma once
// A key ring of a fixed root for tests of server/privacy.

#include <string>

#include "server/privacy/key_ring.hpp"

namespace leadex::privacy::testing_support {

inline crypto::Secret root_of(char fill) {
  return crypto::Secret(crypto::ByteView(std::string(32, fill)));
}

/// What `sealed` becomes with one bit of the byte at `at` turned.
inline crypto::Bytes with_flipped_bit(crypto::ByteView sealed, std::size_t at) {
  crypto::Bytes changed(sealed);
  changed[at] = static_cast<char>(changed[at] ^ (1 << (at % 8)));
  return changed;
}

}  // namespace leadex::privacy::testing_support
