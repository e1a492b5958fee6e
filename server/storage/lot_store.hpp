#pragma once
// LotStore: runs plain functions over uploads and lots as transactions, as Database does for the
// platform. Apart from it because these tables belong to markets and may live elsewhere one day.
// Any thread; transact comes back on the caller's executor.

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "billing/values/result.hpp"
#include "server/storage/audit.hpp"
#include "server/storage/batches.hpp"
#include "server/storage/check_codes.hpp"
#include "server/storage/check_verifiers.hpp"
#include "server/storage/column_mappings.hpp"
#include "server/storage/database.hpp"
#include "server/storage/inspection.hpp"
#include "server/storage/lots.hpp"
#include "server/storage/own_rows.hpp"
#include "server/storage/platform_idempotency.hpp"
#include "server/storage/realtime_checks.hpp"
#include "server/storage/rests.hpp"
#include "server/storage/store_error.hpp"
#include "server/storage/upload_pieces.hpp"
#include "server/storage/webhooks.hpp"

namespace leadex::storage {

/// One transaction. Lives for the job only, on the pool's thread.
class LotTx {
 public:
  virtual ~LotTx() = default;
  /// The instant of this transaction: the same for all of its rows.
  [[nodiscard]] virtual Timestamp now() const = 0;
  [[nodiscard]] virtual UploadRows& batches() = 0;
  [[nodiscard]] virtual ColumnMappingRows& mappings() = 0;
  [[nodiscard]] virtual OwnRows& own_rows() = 0;
  [[nodiscard]] virtual UploadPieces& pieces() = 0;
  [[nodiscard]] virtual LotRows& lots() = 0;
  [[nodiscard]] virtual InspectionRows& inspection() = 0;
  [[nodiscard]] virtual RestRows& rests() = 0;
  [[nodiscard]] virtual AuditRows& audit() = 0;
  [[nodiscard]] virtual PlatformIdempotency& idempotency() = 0;
  /// Tells the event with this transaction; the same event again changes nothing.
  virtual void emit(NewEvent const& event) = 0;
  [[nodiscard]] virtual RealtimeRows& realtime() = 0;
  [[nodiscard]] virtual VerifierRows& verifiers() = 0;
  [[nodiscard]] virtual CodeRows& codes() = 0;
};

class LotStore {
 public:
  /// True commits, false rolls back.
  using Job = std::function<bool(LotTx&)>;

  virtual ~LotStore() = default;

  /// Runs `job` (a copyable callable `T(LotTx&)`, T not void) as one transaction. It may run again
  /// after a collision, so it captures by value and uses nothing up. When T is a Result that holds
  /// a refusal, all is undone. @errors as Database::transact
  template <class F>
  [[nodiscard]] boost::asio::awaitable<
      Result<std::decay_t<std::invoke_result_t<F&, LotTx&>>, StoreError>>
  transact(F job) {
    using T = std::decay_t<std::invoke_result_t<F&, LotTx&>>;
    auto outcome = std::make_shared<std::optional<T>>();
    Job erased = [outcome, job = std::move(job)](LotTx& tx) mutable {
      outcome->emplace(job(tx));
      return detail::commits(**outcome);
    };
    Result<void, StoreError> done = co_await run(std::move(erased));
    if (!done) co_return refuse(done.error());
    co_return std::move(**outcome);
  }

  [[nodiscard]] virtual boost::asio::awaitable<Result<void, StoreError>> run(Job job) = 0;
};

}  // namespace leadex::storage
