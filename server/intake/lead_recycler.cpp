#include "server/intake/lead_recycler.hpp"

#include <chrono>
#include <limits>

#include "server/intake/stored_person.hpp"
#include "server/observe/log.hpp"

namespace leadex::intake {

namespace asio = boost::asio;
using storage::RestedLead;
using storage::RestedRound;

namespace {

constexpr std::chrono::seconds kStepDeadline{10};

}  // namespace

asio::awaitable<std::int64_t> LeadRecycler::run_market(std::shared_ptr<market::MarketActor> market,
                                                       Timestamp now) {
  auto const settings = market->settings();
  if (!settings || settings->rules.recycle_rounds == 0) co_return 0;
  auto const market_no = market->market_no();
  auto const now_us = to_unix_micros(now);
  auto const due = co_await store_.transact([market_no, now_us](storage::LotTx& tx) {
    return tx.rests().due(market_no, now_us, kLeadsMax);
  });
  if (!due) co_return 0;
  std::int64_t back = 0;
  std::vector<RestedRound> dropped;
  auto const consented_since = settings->consent_age_max_us > 0
                                   ? now_us - settings->consent_age_max_us
                                   : std::numeric_limits<std::int64_t>::min();
  for (auto const& rested : *due) {
    auto const lead_no = rested.again.lead.lead_no;
    RestedRound const round{lead_no, rested.again.round - 1};
    bool const fit = rested.free && rested.contact && rested.consent_us >= consented_since &&
                     rested.again.round <= settings->rules.recycle_rounds;
    auto persons =
        fit ? stored_person_digests(keys_, {market_no, lead_no}, *rested.contact, settings->country)
            : std::vector<std::string>{};
    if (persons.empty()) {
      dropped.push_back(round);
      continue;
    }
    market::Submission submission;
    submission.command = rested.again;
    submission.persons = std::move(persons);
    submission.lane = market::Lane::bulk;
    submission.deadline = std::chrono::steady_clock::now() + kStepDeadline;
    auto const answer = co_await market->submit(std::move(submission));
    if (answer && answer->outcome.refusal == market::Refusal::none) {
      ++back;
    } else if (answer || answer.error() == market::SubmitError::duplicate ||
               answer.error() == market::SubmitError::internal_invariant) {
      // The market does not want it, its person is another lead's, or the tables do not take it.
      dropped.push_back(round);
    } else {
      break;  // busy, or gone to another process: the next round goes on
    }
  }
  if (dropped.empty()) co_return back;
  auto const written = co_await store_.transact([market_no, dropped](storage::LotTx& tx) {
    tx.rests().drop(market_no, dropped);
    return true;
  });
  if (!written) log::warn("recycling.not_dropped", "leads that do not come back stay due");
  co_return back;
}

asio::awaitable<std::int64_t> LeadRecycler::run(Timestamp now) {
  std::int64_t back = 0;
  for (auto const& market : markets_.all()) {
    if (market->ready()) back += co_await run_market(market, now);
  }
  co_return back;
}

}  // namespace leadex::intake
