#pragma once
// Random bytes from OpenSSL's generators. Any thread; a failing generator stops the process, since
// going on would mean guessable keys.

#include <cstddef>

#include "server/crypto/bytes.hpp"

namespace leadex::crypto {

/// For what may be seen outside: nonces, salts, tokens' public parts. Drawn from a small per-thread
/// reserve (one draw costs about a microsecond, a nonce from the reserve a few ns); bytes leave
/// the reserve wiped, and a forked child starts with an empty one.
[[nodiscard]] Bytes random_bytes(std::size_t size);
void random_fill(std::uint8_t* out, std::size_t size);

/// For keys and secrets: straight from the private generator, never kept anywhere else.
[[nodiscard]] Secret random_secret(std::size_t size);

}  // namespace leadex::crypto
