#include "server/app/realtime_credits.hpp"

#include <algorithm>
#include <array>
#include <chrono>

#include "matching/market/found_bad.hpp"
#include "server/app/claw_back.hpp"
#include "server/observe/log.hpp"

namespace leadex::app {

namespace {

using boost::asio::awaitable;
using market::SaleState;
using storage::CreditableSale;
using storage::DecidedCheck;
using MarketPtr = std::shared_ptr<market::MarketActor>;

constexpr int kPerRound = 100;
constexpr std::chrono::seconds kPatience{10};
constexpr std::chrono::minutes kAgain{1};
constexpr std::chrono::hours kWaits{1};  // for a conversion, or for nothing

/// Where a verifier's word is another than the one that returns have for it.
std::string return_reason(std::string_view reason) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kReasons{
      {{"wrong_number", "wrong_number"},
       {"wrong_person", "wrong_number"},
       {"disconnected", "disconnected_number"},
       {"denied_request", "never_requested"},
       {"invalid_email", "invalid_email"},
       {"underage", "underage"}}};
  for (auto const& [said, returned] : kReasons) {
    if (said == reason) return std::string{returned};
  }
  return "bogus";
}

/// What came of it the sale tells: refused or not, it is looked at again.
awaitable<void> submit(MarketPtr market, market::Command command) {
  market::Submission submission;
  submission.command = std::move(command);
  submission.lane = market::Lane::bulk;
  submission.deadline = std::chrono::steady_clock::now() + kPatience;
  static_cast<void>(co_await market->submit(std::move(submission)));
}

awaitable<void> claw_back(CreditServices services, SaleId sale, std::string reason) {
  auto job = [tools = services.tools, sale, reason](storage::PlatformTx& tx) {
    return claw_back_found_bad(tools, tx, sale, "Its check found the lead bad: " + reason);
  };
  auto const ordered = co_await act(services.database, job);
  if (ordered) co_return;
  log::warn("realtime_check.not_clawed_back", "a sale of a lead found bad is not clawed back yet")
      .field("market", std::int64_t{sale.market})
      .field("lead_no", sale.lead_no);
}

awaitable<void> credit(CreditServices services, MarketPtr market, DecidedCheck check,
                       CreditableSale sale) {
  auto const lead_no = check.lead.lead_no;
  auto const reason = return_reason(check.reason);
  switch (sale.state) {
    case SaleState::pending:
      co_return co_await submit(market, market::RefuseDelivery{lead_no, sale.slot});
    case SaleState::delivered:
      co_return co_await submit(market, market::credit_found_bad(lead_no, sale.slot, reason));
    case SaleState::settled:
      co_return co_await claw_back(services, {check.check.market, lead_no, sale.slot}, reason);
    case SaleState::waiting:  // it lapses, or converts and is settled
    case SaleState::returned:
    case SaleState::voided:
    case SaleState::lapsed:
      co_return;
  }
}

/// @return whether nothing is owed any more
awaitable<bool> credit_lead(CreditServices services, MarketPtr market, DecidedCheck check) {
  LeadId const lead{check.check.market, check.lead.lead_no};
  auto find = [lead](storage::LotTx& tx) { return tx.realtime().creditable(lead); };
  auto const sales = co_await services.lots.store.transact(find);
  if (!sales) co_return false;
  for (auto const& sale : *sales) co_await credit(services, market, check, sale);
  auto close = [check, lead](storage::LotTx& tx) {
    // A return that was accepted meanwhile may have it rest.
    static_cast<void>(tx.rests().withdraw(lead));
    auto const left = tx.realtime().creditable(lead);
    bool const waits = std::ranges::all_of(
        left, [](auto const& sale) { return sale.state == SaleState::waiting; });
    std::optional<Timestamp> next;
    if (!left.empty()) next = tx.now() + (waits ? Micros{kWaits} : Micros{kAgain});
    tx.realtime().credit_at(check.check, next);
    return left.empty();
  };
  auto const done = co_await services.lots.store.transact(close);
  co_return done&&* done;
}

}  // namespace

awaitable<std::int64_t> credit_bad_leads(CreditServices services) {
  std::int64_t credited = 0;
  for (auto const& market : services.lots.markets.all()) {
    if (!market->ready()) continue;
    auto find = [no = market->market_no()](storage::LotTx& tx) {
      return tx.realtime().owing(no, kPerRound);
    };
    auto const owing = co_await services.lots.store.transact(find);
    if (!owing) continue;
    for (auto const& check : *owing) {
      if (co_await credit_lead(services, market, check)) ++credited;
    }
  }
  co_return credited;
}

}  // namespace leadex::app
