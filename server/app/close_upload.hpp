#pragma once
// Closes an upload whose body has ended: plans the spot check and draws the sample. Coroutine of
// any executor.

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "server/app/lot_services.hpp"
#include "server/market/settings.hpp"

namespace leadex::app {

struct CloseUpload {
  BatchId batch;
  std::string file_sha256;  // 32 bytes, of the decoded body
  std::int64_t bytes{};
  std::shared_ptr<market::MarketSettings const> settings;  // of the batch's market version
  Actor actor;
  std::optional<LotKey> key;    // its answer is stored in the transaction that closes it
  storage::LotPicture picture;  // what the lot shows of its source
  std::function<std::string(storage::Batch const&)> render;  // the answer kept under the key
};

inline constexpr int kUploadStatus = 202;

/// Status checking, or closed when no row was accepted.
/// @errors not_found, not_receiving, key_in_progress, key_reused, the store's
[[nodiscard]] boost::asio::awaitable<LotResult<storage::Batch>> close_upload(LotServices services,
                                                                             CloseUpload close);

}  // namespace leadex::app
