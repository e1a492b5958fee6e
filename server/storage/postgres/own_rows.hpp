#pragma once
// OwnRows over tables batch_own_key, batch_own_row and batch_reject. One database job.

#include <pqxx/transaction_base>

#include "server/storage/own_rows.hpp"

namespace leadex::storage::postgres {

class PostgresOwnRows final : public OwnRows {
 public:
  PostgresOwnRows(pqxx::transaction_base& tx, Timestamp now) : tx_(tx), now_(now) {}
  void put_key(BatchId batch, OwnKeyRow const& key) override;
  void put_rows(BatchId batch, std::span<OwnRow const> rows) override;
  [[nodiscard]] std::optional<OwnKeyRow> find_key(BatchId batch) override;
  [[nodiscard]] std::vector<RefusedRow> refused(BatchId batch, std::int64_t after_row,
                                                int limit) override;
  [[nodiscard]] RefusedBefore refused_among(BatchId batch, std::span<std::int64_t const> rows,
                                            std::span<std::string const> external_ids) override;
  [[nodiscard]] std::set<std::int64_t> put_corrections(
      BatchId refused, BatchId by, std::span<Correction const> corrections) override;
  void release_corrections(BatchId by, std::int64_t from_row) override;
  [[nodiscard]] std::int64_t destroy_keys(Timestamp made_before, int limit) override;
  [[nodiscard]] std::int64_t delete_keyless(int limit) override;

 private:
  pqxx::transaction_base& tx_;
  Timestamp now_;
};

}  // namespace leadex::storage::postgres
