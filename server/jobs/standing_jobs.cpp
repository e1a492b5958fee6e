#include "server/jobs/standing_jobs.hpp"

#include "server/app/judge_posted.hpp"
#include "server/app/judge_sources.hpp"
#include "server/observe/log.hpp"

namespace leadex::jobs {

namespace asio = boost::asio;

namespace {

constexpr std::int32_t kDaysAhead = 3;
constexpr std::int32_t kDaysKept = 4;  // 72 hours touch four days
constexpr int kPurgeSlice = 1000;
constexpr int kPurgeSlicesMax = 100;

asio::awaitable<void> run_intents(app::IntentRunner& intents) {
  auto const counts = co_await intents.run();
  if (counts.left > 0) {
    log::warn("intents.open", "money is still between two streams").field("count", counts.left);
  }
}

asio::awaitable<void> run_remit(app::RemitServices services) {
  co_await app::remit_earnings(services);
}

asio::awaitable<void> run_estimates(app::EstimateServices services) {
  co_await app::refresh_estimates(services);
}

asio::awaitable<void> run_lead_estimates(app::LeadEstimateServices services) {
  co_await app::refresh_lead_estimates(std::move(services));
}

asio::awaitable<void> run_truth(app::UntruthServices services) {
  co_await app::find_untruths(services);
}

asio::awaitable<void> run_fraud(storage::Database& database) {
  co_await app::judge_sources(database);
  co_await app::judge_posted(database);
}

asio::awaitable<void> run_claw_backs(app::ClawBackRunner& runner) { co_await runner.run(); }

}  // namespace

asio::awaitable<void> keep_idempotency_days(JobServices services) {
  auto const today = static_cast<std::int32_t>(
      std::chrono::floor<std::chrono::days>(services.now()).time_since_epoch().count());
  auto const opened = co_await services.upkeep.open_idempotency_days(today, today + kDaysAhead);
  auto const dropped = co_await services.upkeep.drop_idempotency_days_before(today - kDaysKept);
  if (!opened || !dropped) {
    log::error("jobs.idempotency_days", "the days of repeated answers could not be kept");
  }
  for (int slice = 0; slice < kPurgeSlicesMax; ++slice) {
    auto const purged = co_await services.database.transact(
        [](storage::PlatformTx& tx) { return tx.idempotency().purge(kPurgeSlice); });
    if (!purged || *purged < kPurgeSlice) break;
  }
}

std::vector<Job> standing_jobs(JobServices services) {
  using namespace std::chrono_literals;
  app::LeadEstimateServices const of_leads{services.database, services.estimates.markets,
                                           services.now};
  return {
      {"intents", 1s, [&intents = services.intents] { return run_intents(intents); }},
      {"remit_earnings", 2s, [earnings = services.earnings] { return run_remit(earnings); }},
      {"claw_backs", 2s, [&runner = services.claw_backs] { return run_claw_backs(runner); }},
      {"estimates", 6h, [estimates = services.estimates] { return run_estimates(estimates); }},
      {"lead_estimates", 10min, [of_leads] { return run_lead_estimates(of_leads); }},
      {"truth", 24h, [untruths = services.untruths] { return run_truth(untruths); }},
      {"fraud", 10min, [&database = services.database] { return run_fraud(database); }},
      {"idempotency_days", 1h, [services] { return keep_idempotency_days(services); }},
  };
}

}  // namespace leadex::jobs
