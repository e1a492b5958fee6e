#pragma once
// UploadPieces over table batch_piece. One database job.

#include <pqxx/transaction_base>

#include "billing/values/time.hpp"
#include "server/storage/upload_pieces.hpp"

namespace leadex::storage::postgres {

class PostgresUploadPieces final : public UploadPieces {
 public:
  PostgresUploadPieces(pqxx::transaction_base& tx, Timestamp now) : tx_(tx), now_(now) {}
  void begin(BatchId batch, std::optional<std::string> const& mapping) override;
  [[nodiscard]] std::optional<UploadPiece> find(BatchId batch) override;
  [[nodiscard]] std::int64_t count_open(std::int64_t tenant_no) override;
  [[nodiscard]] OpenedPiece open(BatchId batch) override;
  void settle(BatchId batch) override;
  void settle_piece(BatchId batch, std::int64_t piece_no) override;
  void forget_state(BatchId batch) override;
  [[nodiscard]] std::vector<BatchId> closed_unsettled(int limit) override;
  [[nodiscard]] std::vector<KeptSigns> signs(BatchId batch, std::int64_t after_row,
                                             int limit) override;
  [[nodiscard]] std::string free_unstored(BatchId batch, std::int64_t last_no,
                                          std::string const& after_digest, int limit) override;
  /// With the rows in front of the mark, `rows` of them, in their transaction.
  void move(BatchId batch, UploadMark const& mark, std::int64_t rows,
            std::string const& signs_sealed);

 private:
  pqxx::transaction_base& tx_;
  Timestamp now_;
};

}  // namespace leadex::storage::postgres
