#include "server/app/remit_earnings.hpp"

#include "server/crypto/bytes.hpp"
#include "server/crypto/hash.hpp"
#include "server/observe/log.hpp"

namespace leadex::app {

namespace asio = boost::asio;

namespace {

constexpr int kGeneratorsMax = 500;  // of one market and round

/// The engine trusts the amount, so one reading of the books may send one remittance: its key is
/// what the account had been debited by then, which every remittance changes.
market::IdempotencyClaim claim_of(MarketNo market, storage::LedgerReads::Settled const& settled) {
  crypto::Bytes state = "remit";
  crypto::append_be32(state, market);
  crypto::append_be64(state, static_cast<std::uint64_t>(settled.generator_no));
  crypto::append_be64(state, static_cast<std::uint64_t>(settled.debits_posted.micros));
  auto const digest = crypto::sha256(state);
  std::string const bytes{crypto::view_of(digest)};
  return {.account_no = settled.generator_no,
          .key = bytes.substr(0, 16),
          .body_hash = bytes,
          .operation = market::Operation::none};
}

asio::awaitable<bool> remit_one(RemitServices services, std::shared_ptr<market::MarketActor> actor,
                                storage::LedgerReads::Settled settled, std::int64_t intent_no) {
  market::Submission submission;
  submission.command =
      market::RemitEarnings{settled.generator_no, intent_no, settled.available.micros};
  submission.lane = market::Lane::bulk;
  submission.deadline = std::chrono::steady_clock::now() + IntentRunner::kStepDeadline;
  submission.idempotency = claim_of(actor->market_no(), settled);
  auto const answer = co_await actor->submit(std::move(submission));
  if (!answer || answer->outcome.refusal != market::Refusal::none) co_return false;
  // A repeated answer belongs to the intent of the first time, which the intents' job finishes.
  if (answer->replayed) co_return false;
  co_return (co_await services.intents.earnings_arrive(actor->market_no(), intent_no)).has_value();
}

asio::awaitable<std::int64_t> remit_market(RemitServices services,
                                           std::shared_ptr<market::MarketActor> actor) {
  auto const settled =
      co_await services.ledger.settled_earnings(actor->market_no(), kGeneratorsMax);
  if (!settled || settled->empty()) co_return 0;
  auto const first = co_await services.numbers.reserve_later(
      actor->market_no(), storage::NumberKind::fund_intent, std::ssize(*settled));
  if (!first) co_return 0;
  std::int64_t arrived = 0;
  auto intent_no = *first;
  for (auto const& generator : *settled) {
    bool const done = co_await remit_one(services, actor, generator, intent_no);
    if (done) ++arrived;
    ++intent_no;
  }
  co_return arrived;
}

}  // namespace

asio::awaitable<std::int64_t> remit_earnings(RemitServices services) {
  std::int64_t arrived = 0;
  for (auto const& actor : services.markets.all()) {
    if (actor->ready()) arrived += co_await remit_market(services, actor);
  }
  if (arrived > 0) {
    log::debug("earnings.remitted", "settled earnings went to the platform")
        .field("count", arrived);
  }
  co_return arrived;
}

}  // namespace leadex::app
