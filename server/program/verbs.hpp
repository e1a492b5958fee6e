#pragma once
// The verbs of `leadex` that work on this machine: serve, init, migrations, replay, verify. Main
// hands them to the command line; each returns an exit code.

#include "server/cli/command_line.hpp"

namespace leadex::program {

[[nodiscard]] cli::LocalVerbs local_verbs();

// serve.cpp
[[nodiscard]] int serve(cli::LocalOptions const& options);
// set_up.cpp
[[nodiscard]] int init(cli::LocalOptions const& options);
[[nodiscard]] int db_migrate(cli::LocalOptions const& options);
[[nodiscard]] int db_status(cli::LocalOptions const& options);
[[nodiscard]] int doctor(cli::LocalOptions const& options);
[[nodiscard]] int config_show(cli::LocalOptions const& options);
[[nodiscard]] int id_show(cli::LocalOptions const& options, std::string const& id);
// check.cpp
[[nodiscard]] int replay(cli::LocalOptions const& options);
[[nodiscard]] int verify_ledger(cli::LocalOptions const& options);
[[nodiscard]] int verify_audit(cli::LocalOptions const& options);

}  // namespace leadex::program
