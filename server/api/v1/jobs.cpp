// run_job: due work now instead of at its next turn.

#include <algorithm>
#include <array>

#include "server/api/kept_answer.hpp"
#include "server/api/market_ref.hpp"
#include "server/api/v1/fraud_services.hpp"
#include "server/api/v1/intake_services.hpp"
#include "server/api/v1/staff.hpp"
#include "server/api/v1/trade_services.hpp"
#include "server/app/find_untruths.hpp"
#include "server/app/judge_posted.hpp"
#include "server/app/judge_sources.hpp"
#include "server/app/lead_estimates.hpp"
#include "server/app/refresh_estimates.hpp"
#include "server/app/remit_earnings.hpp"
#include "server/app/retention.hpp"

namespace leadex::api {

namespace {

struct JobRow {
  std::string_view name;
  std::uint32_t ticks{};  ///< market::Tick jobs; 0: no work of the markets
  bool earnings{};        ///< afterwards, money between markets and the platform moves
};
constexpr std::array<JobRow, 11> kJobs{{
    {"settlement", market::Tick::settlement | market::Tick::returns, true},
    {"release_holdback", market::Tick::release_holdback, true},
    {"listing_expiry", market::Tick::listing_expiry, false},
    {"delivery_deadline", market::Tick::delivery_deadline, false},
    {"payout_match", 0, true},
    {"retention", 0, false},
    {"recycling", market::Tick::listing_expiry, false},
    {"estimates", 0, false},
    {"lead_estimates", 0, false},
    {"truth", 0, false},
    {"fraud", 0, false},
}};

struct Ran {
  std::int64_t items{};
  std::vector<std::string> waiting;
};

/// Ticks until nothing is due any more, or the request's time is over.
asio::awaitable<void> run_ticks(ApiCall& call, std::shared_ptr<market::MarketActor> actor,
                                std::uint32_t ticks, Ran& ran) {
  for (bool more = true; more;) {
    market::Submission submission;
    submission.command = market::Tick{.jobs = ticks};
    submission.lane = market::Lane::bulk;
    submission.deadline = call.request.deadline;
    auto const answer = co_await actor->submit(std::move(submission));
    if (!answer) {
      ran.waiting.push_back(actor->name());
      co_return;
    }
    ++ran.items;
    more = answer->outcome.more;
  }
}

asio::awaitable<std::int64_t> move_earnings(ApiCall& call) {
  if (call.ctx.trade == nullptr) co_return 0;
  auto& trade = *call.ctx.trade;
  auto const replayed = co_await trade.intents.run();
  auto const remitted = co_await app::remit_earnings(
      {call.ctx.numbers, trade.ledger, call.ctx.markets, trade.intents});
  auto const clawed_back = co_await trade.claw_backs.run();
  co_return replayed.done + remitted + clawed_back;
}

/// Answers kept for repeated requests, once they are old.
asio::awaitable<Result<std::int64_t, storage::StoreError>> purge(ApiCall& call) {
  constexpr int kRowsPerRun = 10'000;
  co_return co_await call.ctx.database.transact(
      [](storage::PlatformTx& tx) { return tx.idempotency().purge(kRowsPerRun); });
}

Answered run_named(ApiCall& call) {
  auto const job = std::ranges::find(kJobs, call.param("name"), &JobRow::name);
  if (job == kJobs.end()) co_return problem(Code::not_found);
  Ran ran;
  if (job->ticks != 0) {
    for (auto const& market : call.ctx.markets.all()) {
      co_await run_ticks(call, market, job->ticks, ran);
    }
  }
  if (job->earnings) ran.items += co_await move_earnings(call);
  if (job->name == "estimates" && call.ctx.trade != nullptr) {
    ran.items += co_await app::refresh_estimates(
        {call.ctx.trade->conversions, call.ctx.markets, call.ctx.now});
  }
  if (job->name == "lead_estimates") {
    ran.items +=
        co_await app::refresh_lead_estimates({call.ctx.database, call.ctx.markets, call.ctx.now});
  }
  if (job->name == "truth" && call.ctx.trade != nullptr) {
    ran.items +=
        co_await app::find_untruths({call.ctx.trade->truth, call.ctx.database, call.ctx.markets,
                                     persons_of(call.ctx.keys), call.ctx.now});
  }
  if (job->name == "fraud") {
    auto* const fraud = call.ctx.intake == nullptr ? nullptr : call.ctx.intake->fraud;
    if (fraud != nullptr) static_cast<void>(co_await fraud->signs.flush(call.ctx.database));
    ran.items += co_await app::judge_sources(call.ctx.database);
    ran.items += co_await app::judge_posted(call.ctx.database);
  }
  if (job->name == "retention") {
    auto const purged = co_await purge(call);
    if (!purged) co_return refuse(problem_of(purged.error()));
    ran.items += *purged;
    auto* const intake = call.ctx.intake;
    if (intake != nullptr && intake->forgetting != nullptr) {
      ran.items += co_await app::run_retention(*intake->forgetting,
                                               {.budget = std::chrono::seconds{10}, .anew = true});
    }
  }
  if (job->name == "recycling" && call.ctx.intake != nullptr) {
    ran.items += co_await call.ctx.intake->recycler.run(call.ctx.now());
  }
  json::JsonWriter writer;
  {
    auto const whole = writer.object();
    writer.field("job", job->name);
    writer.field("items", ran.items);
    auto const waiting = writer.array("waiting");
    for (auto const& name : ran.waiting) writer.value(name);
  }
  co_return answer(200, writer);
}

}  // namespace

Answered run_job(ApiCall& call) { co_return co_await answer_once(call, run_named); }

}  // namespace leadex::api
