#pragma once
// ColumnMappingRows over table column_mapping. One database job.

#include <pqxx/transaction_base>

#include "server/storage/column_mappings.hpp"

namespace leadex::storage::postgres {

class PostgresColumnMappingRows final : public ColumnMappingRows {
 public:
  PostgresColumnMappingRows(pqxx::transaction_base& tx, Timestamp now) : tx_(tx), now_(now) {}
  [[nodiscard]] bool put(ColumnMappingKey const& key, std::string const& definition) override;
  [[nodiscard]] std::optional<StoredColumnMapping> find(ColumnMappingKey const& key) override;
  [[nodiscard]] std::vector<StoredColumnMapping> list(MarketNo market,
                                                      std::int64_t tenant_no) override;
  [[nodiscard]] bool remove(ColumnMappingKey const& key) override;

 private:
  pqxx::transaction_base& tx_;
  Timestamp now_;
};

}  // namespace leadex::storage::postgres
