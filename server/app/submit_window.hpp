#pragma once
// SubmitWindow: commands for one market, a bounded number in flight, answered in their order. Who
// uses it waits for all of them before it ends. On an executor that runs one thing at a time.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "server/market/market_actor.hpp"
#include "server/storage/pending.hpp"

namespace leadex::app {

class SubmitWindow {
 public:
  struct Answered {
    std::int64_t lead_no{};
    Result<market::Answer, market::SubmitError> answer;
  };

  SubmitWindow(boost::asio::any_io_executor executor, std::shared_ptr<market::MarketActor> market,
               std::size_t size)
      : executor_(std::move(executor)), market_(std::move(market)), size_(size) {}

  /// Submits in the bulk lane. @return the oldest command's answer when the window was full.
  [[nodiscard]] boost::asio::awaitable<std::optional<Answered>> push(std::int64_t lead_no,
                                                                     market::Command command);
  /// Answers of all that is still in flight.
  [[nodiscard]] boost::asio::awaitable<std::vector<Answered>> drain();

 private:
  struct InFlight {
    std::int64_t lead_no{};
    market::Command command;
    storage::Pending<Result<market::Answer, market::SubmitError>> pending;
  };
  [[nodiscard]] boost::asio::awaitable<Answered> take_front();

  boost::asio::any_io_executor executor_;
  std::shared_ptr<market::MarketActor> market_;
  std::size_t size_;
  std::deque<InFlight> flying_;
};

}  // namespace leadex::app
