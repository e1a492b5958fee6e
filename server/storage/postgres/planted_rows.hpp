#pragma once
// PlantedRows over the table planted_contact. Inside this room; lives for one database job.

#include <pqxx/transaction_base>

#include "server/storage/planted.hpp"

namespace leadex::storage::postgres {

class PostgresPlantedRows final : public PlantedRows {
 public:
  explicit PostgresPlantedRows(pqxx::transaction_base& tx) : tx_(tx) {}

  [[nodiscard]] bool plant(NewPlanted const& planted, Timestamp at) override;
  [[nodiscard]] std::int64_t in_use() override;
  [[nodiscard]] std::map<std::string, std::int64_t> digests() override;
  [[nodiscard]] std::optional<Planted> find(std::int64_t planted_no) override;
  [[nodiscard]] std::vector<Planted> list(std::optional<std::int64_t> before_no,
                                          int limit) override;
  [[nodiscard]] bool retire(std::int64_t planted_no, std::int64_t by, Timestamp at) override;

 private:
  pqxx::transaction_base& tx_;
};

}  // namespace leadex::storage::postgres
