#pragma once
// BidTargets over tables campaign, campaign_version and webhook_endpoint. Any thread.

#include "server/crypto/public_id.hpp"
#include "server/storage/bid_targets.hpp"
#include "server/storage/postgres/pool.hpp"

namespace leadex::storage::postgres {

class PostgresBidTargets final : public BidTargets {
 public:
  /// @param pool, ids  outlive this.
  PostgresBidTargets(Pool& pool, crypto::PublicIdCodec const& ids) : pool_(pool), ids_(ids) {}
  [[nodiscard]] Later<std::vector<BidTarget>> find(MarketNo market,
                                                   std::vector<std::int64_t> campaign_nos) override;

 private:
  Pool& pool_;
  crypto::PublicIdCodec const& ids_;
};

}  // namespace leadex::storage::postgres
