#pragma once
// The verbs that speak HTTPS for one caller. Each prints its data on stdout, its messages on
// stderr, and returns an exit code; they throw Failure. One thread.

#include "server/cli/client/api.hpp"
#include "server/cli/command.hpp"

namespace leadex::cli {

/// kPartial when some rows were not taken; kFailed when the lot was rejected.
[[nodiscard]] int upload_batch(Api& api, Command const& command);
[[nodiscard]] int list_batches(Api& api, Command const& command);
[[nodiscard]] int show_batch(Api& api, Command const& command);
/// Draws the sample of an upload again. kFailed when it is another one than was checked.
[[nodiscard]] int verify_sample(Api& api, Command const& command);
/// Draws the sample of a day's posted leads again. kFailed when it is another one than was checked.
[[nodiscard]] int verify_realtime(Api& api, Command const& command);

[[nodiscard]] int list_listings(Api& api, Command const& command);
[[nodiscard]] int list_campaigns(Api& api, Command const& command);
[[nodiscard]] int show_campaign(Api& api, Command const& command);
[[nodiscard]] int list_sales(Api& api, Command const& command);
[[nodiscard]] int list_disputes(Api& api, Command const& command);
[[nodiscard]] int decide_dispute(Api& api, Command const& command);

[[nodiscard]] int draft_payouts(Api& api, Command const& command);
[[nodiscard]] int list_payout_runs(Api& api, Command const& command);
[[nodiscard]] int approve_payouts(Api& api, Command const& command);
[[nodiscard]] int export_payouts(Api& api, Command const& command);

}  // namespace leadex::cli
