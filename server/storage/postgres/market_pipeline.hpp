#pragma once
// The two-deep commit pipeline of one market over two connections with a thread each, and a third
// for look-ups.

#include <memory>
#include <string>

#include "server/storage/market_store.hpp"

namespace leadex::storage::postgres {

/// Encodes `rows` once: body and tail calls, the stored body, the hash.
[[nodiscard]] std::shared_ptr<PreparedBatch const> prepare_batch(std::int64_t market_id,
                                                                 BatchRows const& rows,
                                                                 ClaimGuard const& guard,
                                                                 std::string const& previous_hash);

[[nodiscard]] std::unique_ptr<CommitPipeline> make_pipeline(std::string database,
                                                            std::int64_t market_id,
                                                            std::int64_t committed_seq,
                                                            MarketStore::Report report);

}  // namespace leadex::storage::postgres
