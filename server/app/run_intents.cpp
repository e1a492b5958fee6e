#include "server/app/run_intents.hpp"

#include "server/observe/log.hpp"

namespace leadex::app {

namespace asio = boost::asio;
using storage::IntentDirection;
using storage::PlatformRefusal;

std::string_view text(IntentError error) {
  switch (error) {
    case IntentError::not_owner:
      return "not_owner";
    case IntentError::busy:
      return "busy";
    case IntentError::unavailable:
      return "unavailable";
    case IntentError::halted:
      return "halted";
    case IntentError::refused:
      return "refused";
  }
  return "unavailable";
}

IntentError intent_error(market::SubmitError error) {
  switch (error) {
    case market::SubmitError::not_owner:
      return IntentError::not_owner;
    case market::SubmitError::halted:
      return IntentError::halted;
    case market::SubmitError::busy:
    case market::SubmitError::deadline_passed:
    case market::SubmitError::in_progress:
      return IntentError::busy;
    default:
      return IntentError::refused;
  }
}

IntentError intent_error(storage::StoreError error) {
  switch (error) {
    case storage::StoreError::retry_later:
      return IntentError::busy;
    case storage::StoreError::conflict:
    case storage::StoreError::not_found:
      return IntentError::refused;
    default:
      return IntentError::unavailable;
  }
}

namespace {

/// The market's half: money that left the platform.
asio::awaitable<Result<void, IntentError>> arrive_in_market(
    market::MarketHost& markets, storage::FundIntent intent, market::Command command,
    std::chrono::steady_clock::time_point deadline) {
  auto const actor = markets.find(intent.market);
  if (!actor || !actor->ready()) co_return refuse(IntentError::not_owner);
  market::Submission submission;
  submission.command = std::move(command);
  submission.deadline = deadline;
  auto const answer = co_await actor->submit(std::move(submission));
  if (!answer) co_return refuse(intent_error(answer.error()));
  if (answer->outcome.refusal != market::Refusal::none) {
    log::error("intents.refused", "a market refused money that had left the platform")
        .field("market", std::int64_t{intent.market})
        .field("intent", intent.intent_no)
        .field("refusal", static_cast<int>(answer->outcome.refusal));
    co_return refuse(IntentError::refused);
  }
  co_return Result<void, IntentError>{};
}

}  // namespace

asio::awaitable<Result<void, IntentError>> IntentRunner::fund_arrives(
    storage::FundIntent intent, std::chrono::steady_clock::time_point deadline) {
  return arrive_in_market(
      markets_, intent,
      market::FundBudget{{intent.tenant_no, intent.sub_no}, intent.intent_no, intent.amount.micros},
      deadline);
}

asio::awaitable<Result<void, IntentError>> IntentRunner::claw_back_arrives(
    storage::FundIntent intent, std::chrono::steady_clock::time_point deadline) {
  return arrive_in_market(
      markets_, intent,
      market::CoverClawBack{intent.tenant_no, intent.intent_no, intent.amount.micros}, deadline);
}

namespace {

using Arrive = Result<storage::PlatformBatch, PlatformRefusal> (storage::PlatformLedger::*)(
    MarketNo, std::int64_t);

asio::awaitable<Result<void, IntentError>> arrive(storage::Database& database, Arrive step,
                                                  MarketNo market, std::int64_t intent_no) {
  auto const booked = co_await database.transact(
      [=](storage::PlatformTx& tx) { return (tx.ledger().*step)(market, intent_no); });
  if (!booked) co_return refuse(intent_error(booked.error()));
  if (booked->has_value() || booked->error() == PlatformRefusal::intent_applied) {
    co_return Result<void, IntentError>{};
  }
  log::error("intents.refused", "the platform refused money that had left a market")
      .field("market", std::int64_t{market})
      .field("intent", intent_no)
      .field("refusal", storage::text(booked->error()));
  co_return refuse(IntentError::refused);
}

}  // namespace

asio::awaitable<Result<void, IntentError>> IntentRunner::defund_arrives(MarketNo market,
                                                                        std::int64_t intent_no) {
  return arrive(database_, &storage::PlatformLedger::defund_arrives, market, intent_no);
}

asio::awaitable<Result<void, IntentError>> IntentRunner::earnings_arrive(MarketNo market,
                                                                         std::int64_t intent_no) {
  return arrive(database_, &storage::PlatformLedger::earnings_arrive, market, intent_no);
}

asio::awaitable<Result<void, IntentError>> IntentRunner::finish(storage::FundIntent intent) {
  bool const left_platform = intent.platform_seq && !intent.market_seq;
  bool const left_market = intent.market_seq && !intent.platform_seq;
  if (intent.direction == IntentDirection::fund && left_platform) {
    co_return co_await fund_arrives(intent, std::chrono::steady_clock::now() + kStepDeadline);
  }
  if (intent.direction == IntentDirection::claw_back && left_platform) {
    co_return co_await claw_back_arrives(intent, std::chrono::steady_clock::now() + kStepDeadline);
  }
  if (intent.direction == IntentDirection::defund && left_market) {
    co_return co_await defund_arrives(intent.market, intent.intent_no);
  }
  if (intent.direction == IntentDirection::remit && left_market) {
    co_return co_await earnings_arrive(intent.market, intent.intent_no);
  }
  co_return refuse(IntentError::refused);
}

asio::awaitable<IntentCounts> IntentRunner::run() {
  auto const open = co_await database_.transact(
      [](storage::PlatformTx& tx) { return tx.ledger().open_intents(kIntentsMax); });
  IntentCounts counts;
  if (!open) co_return counts;
  for (auto const& intent : *open) {
    auto const done = co_await finish(intent);
    ++(done ? counts.done : counts.left);
  }
  co_return counts;
}

}  // namespace leadex::app
