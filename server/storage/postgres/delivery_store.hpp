#pragma once
// DeliveryStore over PostgreSQL. Any thread.

#include "server/storage/deliveries.hpp"
#include "server/storage/numbers.hpp"
#include "server/storage/postgres/pool.hpp"

namespace leadex::storage::postgres {

class PostgresDeliveryStore final : public DeliveryStore {
 public:
  /// Both outlive this.
  PostgresDeliveryStore(Pool& pool, NumberRanges& numbers) : pool_(pool), numbers_(numbers) {}

  [[nodiscard]] Later<std::vector<MarketNo>> markets_behind() override;
  [[nodiscard]] Later<FanOutStep> fan_out(MarketNo market, int batches_max, FanOutJob job) override;
  [[nodiscard]] Later<FanOutStep> fan_out_own(int limit, Timestamp now) override;
  [[nodiscard]] Later<std::vector<ClaimedDelivery>> claim(ClaimRequest request) override;
  [[nodiscard]] Later<bool> finish(DeliveryOutcome outcome) override;

 private:
  Pool& pool_;
  NumberRanges& numbers_;
};

}  // namespace leadex::storage::postgres
