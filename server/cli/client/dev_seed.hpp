#pragma once
// `leadex dev seed`: fills a fresh development exchange over HTTPS and writes credentials.json.
// One thread.

#include "server/cli/client/connection.hpp"
#include "server/cli/command.hpp"

namespace leadex::cli {

/// Two admins, an auditor, a verifier, two generators, three buyers with 5,000.00 USD each, and the
/// market auto-insurance.us.usd. The first admin's key comes from --key, LEADEX_KEY or
/// var/dev/admin.key. Does nothing when credentials.json is there and all its keys work.
/// Throws Failure. @return kOk
[[nodiscard]] int dev_seed(ConnectOptions const& options, Environment const& environment);

/// <var>/dev/credentials.json
[[nodiscard]] std::string credentials_file(Environment const& environment);

}  // namespace leadex::cli
