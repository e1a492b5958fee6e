#pragma once
// The upload of a batch: bytes come in, checked rows are claimed at the market's writer and stored
// in chunks while more bytes come, and slower while real-time commands wait too long. Memory is
// bounded whatever the file: five chunks in memory; who was met before the market's claims tell,
// so that a file in pieces gives the same rows. A dry run claims nobody and keeps the digests of
// the persons met instead. Coroutine of any executor.

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "server/dns/mail_domains.hpp"
#include "server/intake/cpu_pool.hpp"
#include "server/intake/do_not_call.hpp"
#include "server/intake/upload_decoder.hpp"
#include "server/intake/upload_source.hpp"
#include "server/market/market_actor.hpp"
#include "server/storage/lead_sources.hpp"
#include "server/storage/lot_store.hpp"
#include "server/storage/numbers.hpp"
#include "server/storage/planted.hpp"

namespace leadex::intake {

/// The exchange's own contacts, which are looked for in what is uploaded.
struct PlantedHooks {
  std::function<boost::asio::awaitable<Result<storage::PlantedSet, storage::StoreError>>()> known;
  std::function<boost::asio::awaitable<Result<void, storage::StoreError>>(
      std::vector<storage::PlantedHit>)>
      report;
};

/// Of one process; all references outlive the uploads.
struct UploadServices {
  storage::LotStore& store;
  storage::NumberRanges& numbers;
  privacy::KeyRing const& keys;
  DisposableDomains const& disposable;
  CpuPool& cpu;
  UploadLimits limits;
  std::function<Timestamp()> now;
  /// Makes new commitments for a market that has none open.
  std::function<boost::asio::awaitable<Result<void, storage::StoreError>>(MarketNo)> refill;
  dns::MailDomains* mail = nullptr;  // none: e-mail domains are not asked about
  DoNotCall* do_not_call = nullptr;  // none: phones are held against no list
  PlantedHooks planted{};            // empty: nothing was planted
};

/// A piece of a file that comes in several.
struct UploadPart {
  BatchId batch;
  std::int64_t piece_no{};            // as it was opened
  bool last{};                        // the file ends with it
  std::optional<ResumePoint> resume;  // none: it begins with the file
  Timestamp began_at;                 // the upload, so that age is counted alike for all pieces
};

struct UploadRequest {
  std::shared_ptr<market::MarketActor> market;
  std::shared_ptr<market::MarketSettings const> settings;  // in force now
  std::int64_t tenant_no{};
  storage::BatchFormat format{};
  Packing packing{};
  std::optional<Money> ask;             // for rows that bring none
  bool dry_run{};                       // form and duplicates in the file alone; nothing is stored
  std::function<void(BatchId)> begins;  // told before the batch exists; may be empty
  std::shared_ptr<ColumnMapping const> mapping{};  // null: all columns have our names
  /// Of this market: only rows that it refused are taken. A dry run does not look.
  std::optional<BatchId> corrects{};
  std::optional<UploadPart> part{};  // the batch exists, and this is a piece of its file
  std::shared_ptr<storage::TaxonomyVersion const> taxonomy{};  // in force now; may be null
};

inline constexpr std::size_t kChunkRows = 1000;       // of one transaction
inline constexpr std::size_t kAdmitRows = 500;        // of one submission
inline constexpr std::size_t kAdmitRowsPressed = 50;  // while real-time commands wait too long
inline constexpr std::size_t kShownRejects = 1000;    // of a dry run

struct UploadResult {
  std::optional<BatchId> batch;  // none after a dry run
  storage::BatchCounts counts;
  std::int64_t bytes{};
  std::string file_sha256;                  // of the decoded body
  storage::LotPicture picture;              // what the rows show of their source
  std::vector<storage::RowReject> rejects;  // dry run: of the first rows, kShownRejects at most
};

/// In the order in which they can come.
struct UploadFailure {
  using Reason = std::variant<SourceFault, DecodeFault, storage::StoreError, market::SubmitError>;
  Reason reason;
  std::vector<HeaderFault> header;  // of DecodeFault::header_invalid
  /// Exists and is receiving still, with what came in before. After a SourceFault it waits for its
  /// time-out; after a DecodeFault the caller gives it up, since the file can never be taken.
  std::optional<BatchId> batch;
  /// All rows whose persons were claimed are stored. Else the persons of some are taken for
  /// nothing, or it is not known.
  bool settled{};
};

/// Reads `source` to its end. What it returns is durable: the batch still has status receiving and
/// is to be closed (app/close_upload). `services` and `source` outlive the call.
[[nodiscard]] boost::asio::awaitable<Result<UploadResult, UploadFailure>> upload_batch(
    UploadServices& services, UploadRequest request, UploadSource& source);

}  // namespace leadex::intake
