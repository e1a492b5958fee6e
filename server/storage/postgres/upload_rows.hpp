#pragma once
// UploadRows over tables batch, batch_lead_range, batch_reject, and the staged rows of lead,
// contact and lead_key. One database job.

#include <pqxx/result>
#include <pqxx/transaction_base>

#include "server/storage/batches.hpp"

namespace leadex::storage::postgres {

class PostgresUploadRows final : public UploadRows {
 public:
  PostgresUploadRows(pqxx::transaction_base& tx, Timestamp now) : tx_(tx), now_(now) {}

  [[nodiscard]] std::optional<Batch> create(NewBatch const& batch) override;
  [[nodiscard]] ListLook look_at_lists(std::span<std::string const> digests) override;
  [[nodiscard]] bool append(BatchId batch, UploadChunk const& chunk) override;
  [[nodiscard]] std::int64_t known_from_others(MarketNo market, std::int64_t tenant_no,
                                               std::span<KnownPerson const> persons) override;
  void save_picture(BatchId batch, std::int64_t tenant_no, LotPicture const& picture) override;
  [[nodiscard]] NamedBuyers buyers_named(std::span<std::string const> keys) override;
  [[nodiscard]] std::optional<Batch> find(BatchId batch, BatchViewer viewer) override;
  [[nodiscard]] std::optional<Batch> find_for_party(BatchId batch, BatchViewer viewer) override;
  [[nodiscard]] std::optional<Batch> find_locked(BatchId batch) override;
  [[nodiscard]] std::vector<Batch> list(BatchFilter const& filter) override;
  [[nodiscard]] std::vector<RowView> rows(Batch const& batch, std::int64_t after_row,
                                          int limit) override;
  [[nodiscard]] std::vector<RowReject> rejects(BatchId batch, RejectPlace after,
                                               int limit) override;
  [[nodiscard]] std::vector<std::int64_t> refused_rows(BatchId batch, std::int64_t after_row,
                                                       std::int64_t until_row) override;
  [[nodiscard]] std::vector<LeadRange> lead_ranges(BatchId batch) override;
  void close(BatchId batch, ClosedUpload const& upload) override;
  void set_status(BatchId batch, BatchStatus status) override;
  void set_decision(BatchId batch, LotDecision decision, BatchStatus status) override;
  void set_decision_reason(BatchId batch, std::string const& reason_sealed) override;
  void set_needs_admin(BatchId batch, bool needed) override;
  void stop(BatchId batch) override;
  [[nodiscard]] std::vector<BatchId> cut_uploads(Timestamp touched_before, int limit) override;
  [[nodiscard]] bool is_cut(BatchId batch, Timestamp touched_before) override;
  [[nodiscard]] std::vector<BatchId> receiving_of(MarketNo market, std::int64_t tenant_no,
                                                  int limit) override;
  [[nodiscard]] std::vector<BatchId> unfinished_lots(MarketNo market, int limit) override;
  [[nodiscard]] std::vector<BatchId> waiting_lots(MarketNo market, std::int64_t after_no,
                                                  int limit) override;

 private:
  void withhold(MarketNo market, UploadChunk const& chunk);
  void reopen_requests(MarketNo market, pqxx::result const& barred);
  void insert_rejects(BatchId batch, std::span<RowReject const> rejects);

  pqxx::transaction_base& tx_;
  Timestamp now_;
};

}  // namespace leadex::storage::postgres
