#include "server/storage/postgres/lot_store.hpp"

#include <chrono>

#include "server/storage/postgres/audit_rows.hpp"
#include "server/storage/postgres/check_code_rows.hpp"
#include "server/storage/postgres/check_verifier_rows.hpp"
#include "server/storage/postgres/column_mapping_rows.hpp"
#include "server/storage/postgres/inspection_rows.hpp"
#include "server/storage/postgres/lot_rows.hpp"
#include "server/storage/postgres/own_rows.hpp"
#include "server/storage/postgres/platform_idempotency.hpp"
#include "server/storage/postgres/realtime_rows.hpp"
#include "server/storage/postgres/rest_rows.hpp"
#include "server/storage/postgres/upload_pieces.hpp"
#include "server/storage/postgres/upload_rows.hpp"
#include "server/storage/postgres/webhook_rows.hpp"

namespace leadex::storage::postgres {

namespace {

class Transaction final : public LotTx {
 public:
  Transaction(pqxx::work& tx, privacy::KeyRing const& ring, Timestamp now)
      : tx_(tx),
        now_(now),
        batches_(tx, now),
        mappings_(tx, now),
        own_rows_(tx, now),
        pieces_(tx, now),
        lots_(tx, now),
        inspection_(tx, now, lots_),
        realtime_(tx, now),
        verifiers_(tx, now),
        codes_(tx, now),
        rests_(tx),
        audit_(tx, now),
        idempotency_(tx, ring, now) {}

  [[nodiscard]] Timestamp now() const override { return now_; }
  [[nodiscard]] UploadRows& batches() override { return batches_; }
  [[nodiscard]] ColumnMappingRows& mappings() override { return mappings_; }
  [[nodiscard]] OwnRows& own_rows() override { return own_rows_; }
  [[nodiscard]] UploadPieces& pieces() override { return pieces_; }
  [[nodiscard]] LotRows& lots() override { return lots_; }
  [[nodiscard]] InspectionRows& inspection() override { return inspection_; }
  [[nodiscard]] RealtimeRows& realtime() override { return realtime_; }
  [[nodiscard]] VerifierRows& verifiers() override { return verifiers_; }
  [[nodiscard]] CodeRows& codes() override { return codes_; }
  [[nodiscard]] RestRows& rests() override { return rests_; }
  [[nodiscard]] AuditRows& audit() override { return audit_; }
  [[nodiscard]] PlatformIdempotency& idempotency() override { return idempotency_; }

  void emit(NewEvent const& event) override { emit_event(tx_, event, now_); }

 private:
  pqxx::work& tx_;
  Timestamp now_;
  PostgresUploadRows batches_;
  PostgresColumnMappingRows mappings_;
  PostgresOwnRows own_rows_;
  PostgresUploadPieces pieces_;
  PostgresLotRows lots_;
  PostgresInspectionRows inspection_;
  PostgresRealtimeRows realtime_;
  PostgresVerifierRows verifiers_;
  PostgresCodeRows codes_;
  PostgresRestRows rests_;
  PostgresAuditRows audit_;
  PostgresIdempotency idempotency_;
};

Timestamp system_now() {
  return std::chrono::time_point_cast<Micros>(std::chrono::system_clock::now());
}

}  // namespace

PostgresLotStore::PostgresLotStore(Pool& pool, privacy::KeyRing const& ring, WallClock clock)
    : pool_(pool), ring_(ring), clock_(clock ? std::move(clock) : WallClock{system_now}) {}

boost::asio::awaitable<Result<void, StoreError>> PostgresLotStore::run(Job job) {
  Pool::Job wrapped = [this, job = std::move(job)](pqxx::work& tx) {
    Transaction transaction(tx, ring_, clock_());
    return job(transaction);
  };
  co_return co_await pool_.run_job(std::move(wrapped));
}

}  // namespace leadex::storage::postgres
