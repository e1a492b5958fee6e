#pragma once
// The verbs of `leadex` that work on this machine: serve, init, migrations, replay, verify. Main
// hands them to the command line; each returns an exit code.

#include "server/cli/command_line.hpp"
#include "server/config/settings.hpp"

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
// keys.cpp
[[nodiscard]] int keys_list(cli::LocalOptions const& options);
[[nodiscard]] int keys_rewrap(cli::LocalOptions const& options);
[[nodiscard]] int keys_destroy(cli::LocalOptions const& options);
/// One line a month for `leadex doctor`. @return whether all is in order
[[nodiscard]] bool check_epochs(Settings const& settings);
// check.cpp
[[nodiscard]] int replay(cli::LocalOptions const& options);
[[nodiscard]] int verify_ledger(cli::LocalOptions const& options);
[[nodiscard]] int verify_audit(cli::LocalOptions const& options);

}  // namespace leadex::program
