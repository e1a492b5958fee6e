#pragma once
// PostbackStore over table postback. Any thread.

#include "server/storage/postbacks.hpp"
#include "server/storage/postgres/pool.hpp"

namespace leadex::storage::postgres {

class PostgresPostbackStore final : public PostbackStore {
 public:
  /// @param pool  outlives this.
  explicit PostgresPostbackStore(Pool& pool) : pool_(pool) {}

  [[nodiscard]] Later<std::vector<ClaimedPostback>> claim(PostbackClaim request) override;
  [[nodiscard]] Later<bool> finish(PostbackOutcome outcome) override;

 private:
  Pool& pool_;
};

}  // namespace leadex::storage::postgres
