#pragma once
// What a chunk of an upload asks others about, beside the market: e-mail domains, the exchange's
// own list, the batch it corrects, persons other sources brought, planted contacts, buyers that
// consents name. Each is asked for all rows at once. Nothing of it outlives the chunk, so an upload
// that goes on needs none of it again. Coroutines of the upload's executor.

#include <boost/asio/awaitable.hpp>

#include "server/intake/batch_upload.hpp"
#include "server/intake/upload_chunk.hpp"

namespace leadex::intake {

class ChunkChecks {
 public:
  /// Both outlive it.
  ChunkChecks(UploadServices& services, UploadRequest const& request)
      : services_(services), request_(request) {}

  /// Before its persons are claimed: notes whose person may not be traded, holds phones against
  /// their country's do-not-call list, then refuses rows whose mail cannot arrive and rows that
  /// correct nothing. May be asked again for the same chunk.
  [[nodiscard]] boost::asio::awaitable<Result<void, storage::StoreError>> check(BatchId batch,
                                                                                Chunk& chunk);

  /// Rows whose person the market had from another generator.
  [[nodiscard]] boost::asio::awaitable<Result<std::int64_t, storage::StoreError>> count_known(
      Chunk const& chunk);
  /// Notes rows that carry a contact of the exchange's own, also of rows that become no lead:
  /// whoever brings one has it from where it was planted. Refused rows have no contact any more.
  [[nodiscard]] boost::asio::awaitable<Result<void, storage::StoreError>> find_planted(
      Chunk& chunk);
  /// The buyers that consents of the chunk name.
  [[nodiscard]] boost::asio::awaitable<Result<storage::NamedBuyers, storage::StoreError>>
  find_named(Chunk const& chunk);

 private:
  boost::asio::awaitable<void> check_mail(Chunk& chunk);
  boost::asio::awaitable<Result<void, storage::StoreError>> refuse_uncalled(BatchId batch,
                                                                            Chunk& chunk);
  boost::asio::awaitable<Result<void, storage::StoreError>> find_do_not_call(Chunk& chunk);
  boost::asio::awaitable<Result<void, storage::StoreError>> look_at_lists(Chunk& chunk);

  UploadServices& services_;
  UploadRequest const& request_;
};

}  // namespace leadex::intake
