#pragma once
// KeyEpochRows over the tables lead_key, form_submission and key_epoch. Any thread.

#include "server/storage/key_epochs.hpp"
#include "server/storage/postgres/pool.hpp"

namespace leadex::storage::postgres {

class PostgresKeyEpochs final : public KeyEpochRows {
 public:
  /// @param pool  outlives this.
  explicit PostgresKeyEpochs(Pool& pool) : pool_(pool) {}

  [[nodiscard]] Later<std::vector<KekUse>> uses() override;
  [[nodiscard]] Later<WrappedSlice> wrapped(std::int32_t kek_id, LeadId after, int limit) override;
  [[nodiscard]] Later<std::int64_t> rewrap(std::int32_t from, std::int32_t to,
                                           std::vector<RewrappedKey> keys) override;
  [[nodiscard]] Later<std::vector<NotedEpoch>> noted() override;
  [[nodiscard]] Later<NotedEpoch> note(std::int32_t kek_id, std::string check_value) override;
  [[nodiscard]] Later<bool> mark_destroyed(std::int32_t kek_id, Timestamp at) override;

 private:
  Pool& pool_;
};

}  // namespace leadex::storage::postgres
