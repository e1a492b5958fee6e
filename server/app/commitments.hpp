#pragma once
// Commitments of the draw: secrets made and sealed before any upload begins, of which the digests
// are published. Pure but for the generator; any thread.

#include <cstdint>
#include <span>

#include "server/privacy/key_ring.hpp"
#include "server/storage/audit.hpp"
#include "server/storage/lots.hpp"

namespace leadex::app {

inline constexpr std::int64_t kCommitmentsAhead = 1000;

/// A new secret, sealed for its row, with sha256(secret).
[[nodiscard]] storage::Commitment make_commitment(privacy::KeyRing const& keys, MarketNo market,
                                                  std::int64_t no);

/// The audit row that pins new commitments, which are not empty: anybody can hash the public list
/// and compare.
[[nodiscard]] storage::AuditEntry commitments_entry(
    MarketNo market, std::span<storage::Commitment const> commitments);

}  // namespace leadex::app
