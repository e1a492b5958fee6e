#pragma once
// Moves a source's standing on, in the transaction that decides its lot, and tells the audit log
// when its mode changes. Inside one job of LotStore.

#include "matching/quality/lot_verdict.hpp"
#include "server/app/lot_services.hpp"

namespace leadex::app {

/// What the checks of a decided lot counted.
struct CountedLot {
  bool accepted{};
  bool strict{};  // of its plan
  std::int64_t checked{};
  std::int64_t bad{};
};

/// The batch is locked by this job.
void count_decided(storage::LotTx& tx, storage::Batch const& batch, CountedLot const& lot,
                   BasisPoints acceptable_rate);
/// Accepted unseen: it moves nothing.
void count_skipped(storage::LotTx& tx, storage::Batch const& batch);
/// Its generator took it back under check; before its mode is set to stopped.
void count_withdrawn(storage::LotTx& tx, storage::Batch const& batch);

/// What a check of a posted lead came to.
struct CountedPost {
  bool bad{};
  bool restricts{};  ///< the source is checked as tightened from now on, unless it is stopped
};
/// It counts for the source's grade, and for none of its runs of lots.
void count_posted(storage::LotTx& tx, MarketNo market, std::int64_t tenant_no,
                  CountedPost const& post);

/// Staff lift the stop of a source. @return where it stands now
/// @errors not_found (it never had a lot there), not_needed (it is not stopped), the store's
[[nodiscard]] boost::asio::awaitable<LotResult<storage::SourceStanding>> lift_source(
    LotServices services, MarketNo market, std::int64_t tenant_no, Actor actor);

/// Staff restrict a source to tightened or stopped, after a case about it; a stricter mode stays.
[[nodiscard]] boost::asio::awaitable<Result<void, storage::StoreError>> restrict_source(
    LotServices services, MarketNo market, std::int64_t tenant_no, quality::InspectionMode mode,
    Actor actor);

[[nodiscard]] std::string_view text(quality::InspectionMode mode);

}  // namespace leadex::app
