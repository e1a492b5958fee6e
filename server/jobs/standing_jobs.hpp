#pragma once
// The jobs every server runs: money between streams, partitions of repeated answers. Built once by
// main; what the services refer to outlives the loop.

#include <functional>
#include <vector>

#include "billing/values/time.hpp"
#include "server/app/find_untruths.hpp"
#include "server/app/lead_estimates.hpp"
#include "server/app/refresh_estimates.hpp"
#include "server/app/remit_earnings.hpp"
#include "server/app/run_claw_backs.hpp"
#include "server/app/run_intents.hpp"
#include "server/jobs/job_loop.hpp"
#include "server/storage/upkeep.hpp"

namespace leadex::jobs {

struct JobServices {
  storage::Database& database;
  storage::Upkeep& upkeep;
  app::IntentRunner& intents;
  app::ClawBackRunner& claw_backs;
  app::RemitServices earnings;
  app::EstimateServices estimates;
  app::UntruthServices untruths;
  std::function<Timestamp()> now;  ///< the wall clock
};

/// intents (each second), remit_earnings and claw_backs (2 s), idempotency_days (each hour),
/// fraud (10 min), estimates (every 6 hours), truth (once a day).
/// lead_estimates (every 10 minutes), estimates (every 6 hours), truth (once a day).
[[nodiscard]] std::vector<Job> standing_jobs(JobServices services);

/// Opens the partitions of today … today + 3, drops those older than four days, and deletes old
/// answers of the platform.
[[nodiscard]] boost::asio::awaitable<void> keep_idempotency_days(JobServices services);

}  // namespace leadex::jobs
