#pragma once
// Work on uploads and lots that comes due by itself. Each function may run twice, on any node;
// server/jobs calls them. Coroutines of any executor.

#include <chrono>
#include <functional>

#include "server/app/finish_lot.hpp"
#include "server/app/lot_services.hpp"

namespace leadex::app {

/// Publishes commitments until a thousand lots' are open. @return how many were added
[[nodiscard]] boost::asio::awaitable<Result<std::int64_t, storage::StoreError>> refill_commitments(
    LotServices services, MarketNo market);
/// The same for every market of this process, whatever one of them says.
[[nodiscard]] boost::asio::awaitable<void> refill_all_commitments(LotServices services);

/// Gives an upload up whose body can never end well; what it holds is cleared.
/// @errors not_found, not_receiving, the store's
[[nodiscard]] boost::asio::awaitable<LotResult<void>> give_up_upload(LotServices services,
                                                                     LotFinisher& finisher,
                                                                     BatchId batch);

/// Gives up what a generator's cut uploads to a market hold, since the file comes again: else its
/// own persons would be taken. @param cut  whether an upload that is receiving was cut
[[nodiscard]] boost::asio::awaitable<Result<std::int64_t, storage::StoreError>>
supersede_cut_uploads(LotServices services, LotFinisher& finisher, MarketNo market,
                      std::int64_t tenant_no, std::function<bool(BatchId)> cut);

/// Gives up the uploads that took no row for `time_out`. @param live  whether one is on its way in
/// this process, however slow; may be empty. @return how many
[[nodiscard]] boost::asio::awaitable<Result<std::int64_t, storage::StoreError>> close_cut_uploads(
    LotServices services, LotFinisher& finisher, Timestamp now, std::chrono::seconds time_out,
    std::function<bool(BatchId)> live = {});

/// Frees whom an upload claimed while it was being given up; one that was not stays as it is.
/// @cost a walk over the market's persons
[[nodiscard]] boost::asio::awaitable<Result<void, storage::StoreError>> free_given_up(
    LotServices services, BatchId batch);
/// The same for uploads in pieces whose process ended before it could. @return how many
[[nodiscard]] boost::asio::awaitable<Result<std::int64_t, storage::StoreError>> free_left_claims(
    LotServices services, std::function<bool(BatchId)> live = {});

/// Goes on with lots that a crash left half listed, half cleared or without stand-ins.
[[nodiscard]] boost::asio::awaitable<void> resume_lots(LotServices services, LotFinisher& finisher);

/// Destroys the keys of refused rows that were kept as they came for `kept`, of all batches that
/// are received, then deletes the rows. @return how many keys
[[nodiscard]] boost::asio::awaitable<Result<std::int64_t, storage::StoreError>> destroy_own_rows(
    LotServices services, Timestamp now, std::chrono::seconds kept);

/// Opens claimed checks whose lease is over. @return how many
[[nodiscard]] boost::asio::awaitable<Result<std::int64_t, storage::StoreError>> expire_check_leases(
    LotServices services);

}  // namespace leadex::app
