#pragma once
// LotFinisher: what follows a decision. An accepted lot's leads are offered to their market in row
// order; a rejected or given-up lot's leads are withdrawn and its persons freed. Runs as long as
// the lot is long, so nobody's answer waits for it; a crash leaves the rest to the next call. One
// per process. Any thread.

#include <boost/asio/any_io_executor.hpp>
#include <map>
#include <memory>
#include <mutex>
#include <set>

#include "server/app/lot_services.hpp"

namespace leadex::app {

enum class LotFinish : std::uint8_t {
  done,     // nothing is left to do
  running,  // another call is at it
  later,    // the market is not at work here, or the database not there: call again
};

inline constexpr std::size_t kOffersInFlight = 256;

class LotFinisher {
 public:
  explicit LotFinisher(LotServices services) : services_(services) {}
  LotFinisher(LotFinisher const&) = delete;
  LotFinisher& operator=(LotFinisher const&) = delete;

  /// Runs to the end of the lot.
  [[nodiscard]] boost::asio::awaitable<LotFinish> finish(BatchId batch);

  /// Opens the checks that a lot under check needs, one draw per lot at a time: who asks meanwhile
  /// has it look once more. What fails is left to the next call.
  [[nodiscard]] boost::asio::awaitable<void> extend(BatchId batch);

  /// Takes what its market has on sale of a listed batch off again.
  /// @return how many leads were withdrawn.
  /// @errors not_found, still_receiving, still_listing, not_owner, the store's
  [[nodiscard]] boost::asio::awaitable<LotResult<std::int64_t>> withdraw(BatchId batch,
                                                                         storage::BatchViewer owner,
                                                                         Actor actor);

 private:
  class Claim;
  class Draw;
  [[nodiscard]] boost::asio::awaitable<LotFinish> finish_claimed(BatchId batch);
  [[nodiscard]] boost::asio::awaitable<LotResult<std::int64_t>> withdraw_claimed(
      BatchId batch, storage::BatchViewer owner, Actor actor);
  [[nodiscard]] boost::asio::awaitable<LotFinish> list(BatchId batch);
  [[nodiscard]] boost::asio::awaitable<LotFinish> clear(BatchId batch);

  LotServices services_;
  std::mutex guard_;
  std::set<BatchId> running_;
  std::map<BatchId, bool> drawing_;  // whether somebody asked since the draw began
};

}  // namespace leadex::app
