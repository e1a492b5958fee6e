#include "server/app/withhold_leads.hpp"

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <deque>
#include <exception>

#include "server/storage/pending.hpp"

namespace leadex::app {

namespace asio = boost::asio;
using asio::awaitable;
using Answered = Result<market::Answer, market::SubmitError>;

namespace {

// A person may have a lead in the tables and a newer one in memory.
constexpr std::size_t kPersonsOfOne = market::kWithholdMax / 2;
constexpr std::size_t kInFlightMax = 32;  // among all markets

struct Work {
  std::shared_ptr<market::MarketActor> market;
  market::Submission submission;
};

std::vector<Work> work_of(std::vector<std::shared_ptr<market::MarketActor>> const& markets,
                          std::int64_t buyer_no, std::vector<std::string> const& digests,
                          std::chrono::steady_clock::time_point deadline) {
  std::vector<Work> all;
  for (auto const& market : markets) {
    for (std::size_t from = 0; from < digests.size(); from += kPersonsOfOne) {
      auto const until = std::min(from + kPersonsOfOne, digests.size());
      market::Submission submission;
      submission.command = market::WithholdLeads{buyer_no, {}};
      submission.deadline = deadline;
      submission.withhold_persons.assign(digests.begin() + static_cast<std::ptrdiff_t>(from),
                                         digests.begin() + static_cast<std::ptrdiff_t>(until));
      all.push_back({market, std::move(submission)});
    }
  }
  return all;
}

struct Flying {
  std::size_t work{};  // its place
  storage::Pending<Answered> answer;
};

using Refused = std::map<MarketNo, market::SubmitError>;

/// A market that has more leads of the persons than a command takes says so, and is asked again:
/// it skips those that are withheld already.
awaitable<Refused> submit_all(std::vector<Work> all) {
  auto const executor = co_await asio::this_coro::executor;
  Refused refused;
  std::exception_ptr thrown;
  std::deque<Flying> flying;
  std::deque<std::size_t> waiting;
  for (std::size_t i = 0; i < all.size(); ++i) waiting.push_back(i);
  while (!waiting.empty() || !flying.empty()) {
    if (!waiting.empty() && flying.size() < kInFlightMax) {
      auto const& work = all[waiting.front()];
      flying.push_back({waiting.front(), {executor, work.market->submit(work.submission)}});
      waiting.pop_front();
      continue;
    }
    auto front = std::move(flying.front());
    flying.pop_front();
    try {
      auto const answer = co_await front.answer.wait();
      if (!answer) refused.emplace(all[front.work].market->market_no(), answer.error());
      if (answer && answer->outcome.more) waiting.push_back(front.work);
    } catch (...) {
      thrown = std::current_exception();
    }
  }
  if (thrown) std::rethrow_exception(thrown);
  co_return refused;
}

}  // namespace

awaitable<Refused> withhold_leads_in(std::vector<std::shared_ptr<market::MarketActor>> markets,
                                     std::int64_t buyer_no, std::vector<std::string> digests,
                                     std::chrono::steady_clock::time_point deadline) {
  co_return co_await storage::on_strand(submit_all(work_of(markets, buyer_no, digests, deadline)));
}

awaitable<Result<void, market::SubmitError>> withhold_leads(
    market::MarketHost& markets, std::int64_t buyer_no, std::vector<std::string> digests,
    std::chrono::steady_clock::time_point deadline) {
  auto const refused =
      co_await withhold_leads_in(markets.all(), buyer_no, std::move(digests), deadline);
  if (!refused.empty()) co_return refuse(refused.begin()->second);
  co_return Result<void, market::SubmitError>{};
}

}  // namespace leadex::app
