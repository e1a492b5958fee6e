#pragma once
// Walks every audit stream and compares it with the stored and the signed heads. Inside this room
// only; one transaction with one snapshot.

#include <pqxx/transaction_base>
#include <string>
#include <vector>

#include "server/crypto/ed25519.hpp"
#include "server/storage/verify.hpp"

namespace leadex::storage::postgres {

[[nodiscard]] AuditReport check_audit(pqxx::transaction_base& tx,
                                      crypto::Ed25519PublicKey const& key,
                                      std::vector<std::string> const& signed_heads);

}  // namespace leadex::storage::postgres
