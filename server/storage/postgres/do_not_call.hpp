#pragma once
// DoNotCallLists over the tables do_not_call_load and do_not_call_phone. Any thread.

#include "server/storage/do_not_call.hpp"
#include "server/storage/postgres/pool.hpp"

namespace leadex::storage::postgres {

class PostgresDoNotCall final : public DoNotCallLists {
 public:
  /// @param pool  outlives this.
  explicit PostgresDoNotCall(Pool& pool) : pool_(pool) {}

  [[nodiscard]] Later<std::optional<std::string>> rule_of(MarketNo market,
                                                          std::int32_t version) override;
  [[nodiscard]] Later<DoNotCallLook> look(std::string country,
                                          std::vector<std::string> digests) override;
  [[nodiscard]] Later<std::vector<DoNotCallList>> lists() override;
  [[nodiscard]] Later<std::int64_t> begin(std::string country, Timestamp version_at) override;
  [[nodiscard]] Later<std::int64_t> add(std::int64_t load_no,
                                        std::vector<std::string> digests) override;
  [[nodiscard]] Later<DoNotCallSwitch> put_in_force(std::int64_t load_no, std::int64_t phones,
                                                    std::int64_t principal_no) override;
  [[nodiscard]] Later<bool> give_up(std::int64_t load_no) override;
  [[nodiscard]] Later<std::int64_t> sweep(int limit) override;

 private:
  Pool& pool_;
};

}  // namespace leadex::storage::postgres
