#include "server/app/run_claw_backs.hpp"

#include "server/observe/log.hpp"

namespace leadex::app {

namespace asio = boost::asio;

namespace {

market::ClawBack command_of(storage::OpenClawBack const& open) {
  auto const& sale = open.sale;
  market::ClawBack command;
  command.order_no = open.order.order_no;
  command.lead_no = sale.id.lead_no;
  command.slot = sale.id.slot;
  command.amount_micros = open.order.amount.micros;
  command.budget = {sale.buyer_no, sale.campaign_no};
  command.generator_no = sale.generator_no;
  command.gross_micros = sale.gross.micros;
  command.fee_micros = sale.fee.micros;
  command.credited_micros = sale.credited.micros;
  command.share = sale.share;
  return command;
}

}  // namespace

asio::awaitable<bool> ClawBackRunner::carry_out(storage::OpenClawBack open) {
  auto const actor = markets_.find(open.sale.id.market);
  if (!actor || !actor->ready()) co_return false;
  market::Submission submission;
  submission.command = command_of(open);
  submission.deadline = std::chrono::steady_clock::now() + IntentRunner::kStepDeadline;
  auto const answer = co_await actor->submit(std::move(submission));
  if (!answer) co_return false;
  if (answer->outcome.refusal == market::Refusal::none) co_return true;
  // The order was checked against the committed sale, which only an order can change.
  log::error("claw_back.refused", "a market refused a claw-back that was ordered")
      .field("market", std::int64_t{open.sale.id.market})
      .field("order", open.order.order_no)
      .field("refusal", static_cast<int>(answer->outcome.refusal));
  auto const closed =
      co_await database_.transact([order_no = open.order.order_no](storage::PlatformTx& tx) {
        tx.claw_backs().give_up(order_no);
        return true;
      });
  static_cast<void>(closed);  // else the next round gives it up
  co_return false;
}

asio::awaitable<std::int64_t> ClawBackRunner::cover(MarketNo market) {
  auto const left = co_await database_.transact([market](storage::PlatformTx& tx) {
    return tx.ledger().cover_claw_backs(market, kGeneratorsMax);
  });
  if (!left) co_return 0;
  if (!*left) {
    log::error("claw_back.not_covered", "the platform's books refused to cover a claw-back")
        .field("market", std::int64_t{market})
        .field("refusal", storage::text(left->error()));
    co_return 0;
  }
  std::int64_t arrived = 0;
  for (auto const& intent : **left) {
    auto const done = co_await intents_.claw_back_arrives(
        intent, std::chrono::steady_clock::now() + IntentRunner::kStepDeadline);
    if (done) ++arrived;  // else the intents' job finishes it
  }
  co_return arrived;
}

asio::awaitable<std::int64_t> ClawBackRunner::run(std::optional<MarketNo> market) {
  auto const open = co_await database_.transact(
      [market](storage::PlatformTx& tx) { return tx.claw_backs().open(market, kOrdersMax); });
  if (!open) co_return 0;
  std::int64_t done = 0;
  for (auto const& order : *open) {
    bool const booked = co_await carry_out(order);
    if (booked) ++done;
  }
  for (auto const& actor : markets_.all()) {
    if (!actor->ready() || (market && actor->market_no() != *market)) continue;
    done += co_await cover(actor->market_no());
  }
  co_return done;
}

}  // namespace leadex::app
