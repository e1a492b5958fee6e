#pragma once
// BuyerRights over tables suppression, suppression_list and tenant. Any thread.

#include <span>

#include "server/storage/buyer_rights.hpp"
#include "server/storage/postgres/pool.hpp"

namespace leadex::storage::postgres {

class PostgresBuyerRights final : public BuyerRights {
 public:
  /// @param pool  outlives this.
  explicit PostgresBuyerRights(Pool& pool) : pool_(pool) {}
  [[nodiscard]] Later<std::optional<SuppressionCounts>> suppress(
      std::int64_t buyer_no, std::vector<SuppressedPerson> persons,
      std::optional<std::int64_t> audited) override;
  [[nodiscard]] Later<SuppressionCounts> release(std::int64_t buyer_no,
                                                 std::vector<SuppressedPerson> persons) override;
  [[nodiscard]] Later<SuppressionCounts> counts(std::int64_t buyer_no) override;
  [[nodiscard]] Later<std::vector<std::int64_t>> withholding(
      std::vector<std::string> digests) override;
  [[nodiscard]] Later<NamedBuyers> named(std::vector<std::string> keys) override;

 private:
  Pool& pool_;
};

/// Within a job of its own. @return false when the list would grow past kSuppressedMax
[[nodiscard]] bool put_on_list(pqxx::transaction_base& tx, std::int64_t tenant_no,
                               std::vector<SuppressedPerson> const& persons);

/// Within a job of its own. @cost  one look-up for all
[[nodiscard]] NamedBuyers buyers_named(pqxx::transaction_base& tx,
                                       std::span<std::string const> keys);

}  // namespace leadex::storage::postgres
