#pragma once
// `leadex demo`: one whole trade over HTTPS with ordinary keys, printed step by step, in a market
// with windows of seconds. One thread.

#include "server/cli/client/connection.hpp"
#include "server/cli/command.hpp"

namespace leadex::cli {

/// Needs credentials.json of `leadex dev seed`; opens accounts of its own. Every figure it prints
/// is checked. Throws Failure. @return kOk when all checks held, kFailed otherwise
[[nodiscard]] int run_demo(ConnectOptions const& options, Environment const& environment);

}  // namespace leadex::cli
