#pragma once
// The Verifier over PostgreSQL: reads page by page in one snapshot, in constant memory for the
// chains. One call at a time.

#include <memory>
#include <string>

#include "server/crypto/ed25519.hpp"
#include "server/storage/verify.hpp"

namespace leadex::storage::postgres {

/// @param conninfo  any role that may read    @param head_key  of the signed heads
[[nodiscard]] std::unique_ptr<Verifier> make_verifier(std::string conninfo,
                                                      crypto::Ed25519PublicKey head_key);

}  // namespace leadex::storage::postgres
