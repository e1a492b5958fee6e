#include "server/app/submit_window.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>

namespace leadex::app {
namespace {

namespace asio = boost::asio;
using asio::awaitable;

constexpr auto kBusyPause = std::chrono::milliseconds{50};

market::Submission bulk(market::Command command) {
  market::Submission submission;
  submission.command = std::move(command);
  submission.lane = market::Lane::bulk;
  return submission;
}

}  // namespace

awaitable<std::optional<SubmitWindow::Answered>> SubmitWindow::push(std::int64_t lead_no,
                                                                    market::Command command) {
  std::optional<Answered> oldest;
  if (flying_.size() >= size_) oldest = co_await take_front();
  auto work = market_->submit(bulk(command));
  flying_.push_back({lead_no, std::move(command), {executor_, std::move(work)}});
  co_return oldest;
}

awaitable<std::vector<SubmitWindow::Answered>> SubmitWindow::drain() {
  std::vector<Answered> answers;
  while (!flying_.empty()) answers.push_back(co_await take_front());
  co_return answers;
}

awaitable<SubmitWindow::Answered> SubmitWindow::take_front() {
  auto front = std::move(flying_.front());
  flying_.pop_front();
  auto answer = co_await front.pending.wait();
  // Busy: not applied. Those behind it may have been, so a full market costs the strict order.
  while (!answer && answer.error() == market::SubmitError::busy && market_->ready()) {
    asio::steady_timer pause{executor_, kBusyPause};
    co_await pause.async_wait(asio::as_tuple(asio::use_awaitable));
    answer = co_await market_->submit(bulk(front.command));
  }
  co_return Answered{front.lead_no, std::move(answer)};
}

}  // namespace leadex::app
