#pragma once
// The hash chain of a market's batches and the stored form of a batch's body. Pure; any thread.
//
// body in the table = zstd( rest_digest (32 bytes) ‖ what server/market wrote )
// hash = SHA-256( previous ‖ market ‖ seq ‖ at ‖ SHA-256(stored body) ‖ SHA-256(transfers) ‖
//                 SHA-256(auctions) ), numbers as zigzag varints, bytes with their length before.
// Transfers and auctions are hashed as they stand in their tables, so a changed row shows; every
// other row a batch wrote is covered by rest_digest.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "server/storage/market_rows.hpp"

namespace leadex::storage::postgres {

[[nodiscard]] std::string transfers_digest(std::span<TransferRow const> transfers);
[[nodiscard]] std::string auctions_digest(std::span<AuctionRow const> auctions);

struct ChainLink {
  std::int64_t market_id{};
  std::int64_t seq{};
  std::int64_t at_us{};
  std::string_view stored_body;
  std::string_view transfers_digest;
  std::string_view auctions_digest;
};
[[nodiscard]] std::string chain_hash(std::string_view previous, ChainLink const& link);

[[nodiscard]] std::string store_body(std::string_view rest_digest, std::string_view body);
struct OpenedBody {
  std::string rest_digest;
  std::string body;
};
/// Nothing when `stored` is not what store_body made; at most 64 MiB unpacked.
[[nodiscard]] std::optional<OpenedBody> open_body(std::string_view stored);

}  // namespace leadex::storage::postgres
