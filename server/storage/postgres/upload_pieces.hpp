#pragma once
// UploadPieces over table batch_piece. One database job.

#include <pqxx/transaction_base>

#include "server/storage/upload_pieces.hpp"

namespace leadex::storage::postgres {

class PostgresUploadPieces final : public UploadPieces {
 public:
  explicit PostgresUploadPieces(pqxx::transaction_base& tx) : tx_(tx) {}
  void begin(BatchId batch, std::optional<std::string> const& mapping) override;
  [[nodiscard]] std::optional<UploadPiece> find(BatchId batch) override;
  [[nodiscard]] std::string free_unstored(BatchId batch, std::int64_t last_no,
                                          std::string const& after_digest, int limit) override;
  /// With the rows in front of the mark, in their transaction.
  void move(BatchId batch, UploadMark const& mark);

 private:
  pqxx::transaction_base& tx_;
};

}  // namespace leadex::storage::postgres
