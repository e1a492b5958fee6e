#include "server/app/forget_persons.hpp"

#include <chrono>
#include <exception>
#include <optional>
#include <set>
#include <utility>

#include "matching/market/barred.hpp"
#include "server/app/withhold_leads.hpp"
#include "server/observe/log.hpp"

namespace leadex::app {

namespace asio = boost::asio;
using asio::awaitable;
using storage::OpenRequest;
using storage::PendingMarket;
using storage::PersonLead;
using storage::RequestKind;

namespace {

constexpr int kRequests = 50;
constexpr int kPage = 200;
constexpr auto kPatience = std::chrono::seconds{10};

auto deadline() { return std::chrono::steady_clock::now() + kPatience; }

struct Turn {
  std::int64_t leads{};  ///< erased or revoked
  bool whole{true};      ///< nothing failed and nothing is under way
  bool slow{};           ///< the market did not answer in time
};

/// Sales that wait for their delivery are voided while there is still something to deliver: nobody
/// is charged for what cannot be read. The lead is off by then, so nobody else gets it.
awaitable<bool> void_undelivered(ForgetServices const& services, LeadId lead, Turn& turn) {
  auto const slots = co_await services.store.undelivered(lead);
  if (!slots) co_return false;
  if (slots->empty()) co_return true;
  auto const market = services.markets.find(lead.market);
  if (!market) co_return false;
  for (auto const slot : *slots) {
    market::Submission submission;
    submission.command = market::RefuseDelivery{lead.no, slot};
    submission.lane = market::Lane::bulk;
    submission.deadline = deadline();
    // That it was delivered or voided meanwhile is an answer, too.
    auto const answer = co_await market->submit(std::move(submission));
    if (!answer) turn.slow = answer.error() == market::SubmitError::deadline_passed;
    if (!answer) co_return false;
  }
  co_return true;
}

/// Destroys a lead's key and all that its person could be found by.
/// @return whether it was there to destroy; nothing when something failed
awaitable<std::optional<bool>> erase_lead(ForgetServices const& services,
                                          OpenRequest const& request, LeadId lead, Turn& turn) {
  if (!co_await void_undelivered(services, lead, turn)) co_return std::nullopt;
  auto const held = co_await services.store.held({0, storage::Role::admin}, lead);
  if (!held) co_return std::nullopt;
  auto known = request.digests;
  if (*held) {
    for (auto& digest : services.persons(lead, (*held)->sealed, (*held)->country)) {
      known.push_back(std::move(digest));
    }
  }
  auto const erased = co_await services.store.erase(lead, std::move(known), request.no);
  if (!erased) co_return std::nullopt;
  co_return *erased;
}

awaitable<std::optional<bool>> do_lead(ForgetServices const& services, OpenRequest const& request,
                                       LeadId lead, Turn& turn) {
  if (request.kind == RequestKind::erasure) {
    co_return co_await erase_lead(services, request, lead, turn);
  }
  auto const revoked = co_await services.store.revoke(lead, request.counts_from, request.no);
  if (!revoked) co_return std::nullopt;
  co_return *revoked;
}

/// All leads of the request in one market, which has withheld them by now.
awaitable<Turn> do_leads(ForgetServices const& services, OpenRequest const& request,
                         MarketNo market) {
  Turn turn;
  for (LeadId after{market, 0};;) {
    auto const page = co_await services.store.leads_of(request, after, kPage);
    if (!page) turn.whole = false;
    if (!page || page->empty()) co_return turn;
    after = page->back().id;
    for (auto const& lead : *page) {
      std::optional<bool> done;
      // Without a row it is claimed by an upload that has not stored it.
      if (lead.generator_no != 0) done = co_await do_lead(services, request, lead.id, turn);
      turn.whole = turn.whole && done.has_value();
      if (turn.slow) co_return turn;
      turn.leads += done.value_or(false) ? 1 : 0;
    }
  }
}

class Round {
 public:
  explicit Round(ForgetServices const& services) : services_(services) {}

  /// One request's turn. @return how many leads were done
  awaitable<std::int64_t> work_off(OpenRequest request) {
    heard_.clear();
    bool const told = request.told || co_await tell_all(request);
    auto const pending = co_await services_.store.pending(request);
    if (!pending) co_return 0;
    std::int64_t done = 0;
    for (auto const& market : *pending) {
      if (market.due) done += co_await visit(request, market);
    }
    (void)co_await services_.store.settle(request.no, told, done > 0);
    co_return done;
  }

 private:
  /// From here on these markets refuse the person, have off what they had, and have stored all that
  /// came before: a market looks the person up in its own order, and answers in it.
  awaitable<bool> tell_all(OpenRequest const& request) {
    auto const all = services_.markets.all();
    std::vector<std::shared_ptr<market::MarketActor>> some;
    for (auto const& market : all) {
      if (!mute_.contains(market->market_no())) some.push_back(market);
    }
    co_await tell(request, some);
    co_return heard_.size() == all.size();
  }

  awaitable<void> tell(OpenRequest const& request,
                       std::vector<std::shared_ptr<market::MarketActor>> markets) {
    auto const refused =
        co_await withhold_leads_in(markets, market::kEverybody, request.digests, deadline());
    for (auto const& market : markets) {
      auto const at = refused.find(market->market_no());
      if (at == refused.end()) heard_.insert(market->market_no());
      // Nobody after it waits as long again for a market that does not answer.
      else if (at->second == market::SubmitError::deadline_passed)
        mute_.insert(at->first);
    }
  }

  awaitable<std::int64_t> visit(OpenRequest const& request, PendingMarket const& pending) {
    auto const market = services_.markets.find(pending.market);
    if (!market || !market->ready()) co_return 0;  // for the process that owns it
    bool heard = pending.told || heard_.contains(pending.market);
    bool const mute = mute_.contains(pending.market);
    if (!heard && !mute) {
      co_await tell(request, {market});
      heard = heard_.contains(pending.market);
    }
    Turn turn{.whole = false};
    if (heard && !mute) turn = co_await do_leads(services_, request, pending.market);
    if (turn.slow) mute_.insert(pending.market);
    (void)co_await services_.store.note_turn(
        {request.no, pending.market, heard, !turn.whole && turn.leads == 0});
    co_return turn.leads;
  }

  ForgetServices const& services_;
  std::set<MarketNo> heard_;  ///< of the request
  std::set<MarketNo> mute_;   ///< of the round
};

}  // namespace

awaitable<std::int64_t> forget_persons(ForgetServices services) {
  auto const open = co_await services.store.open_requests(kRequests);
  if (!open) co_return 0;
  Round round{services};
  std::int64_t done = 0;
  std::exception_ptr thrown;
  for (auto const& request : *open) {
    try {
      done += co_await round.work_off(request);
    } catch (...) {
      thrown = std::current_exception();
    }
  }
  if (done > 0) log::info("privacy.forgotten", "leads of persons who asked").field("leads", done);
  if (thrown) std::rethrow_exception(thrown);
  co_return done;
}

}  // namespace leadex::app
