#pragma once
// The verbs of the `leadex` program: parsing and dispatch. Called by main, on its thread. Data goes
// to stdout, messages to stderr.

#include <functional>
#include <string>
#include <vector>

#include "billing/values/result.hpp"
#include "server/cli/command.hpp"

namespace leadex::cli {

/// Why there is no command to run: help was asked for (exit code 0), or the line is wrong (2).
struct ParseStop {
  int exit_code{};
  std::string text;  ///< for stdout when the code is 0, else for stderr
};

/// @param arguments  without the program's name
[[nodiscard]] Result<Command, ParseStop> parse_command_line(std::vector<std::string> arguments);

/// The verbs that need the database or the settings of this machine; main brings them. Each returns
/// an exit code.
struct LocalVerbs {
  using Run = std::function<int(LocalOptions const&)>;
  Run serve;
  Run init;
  Run db_migrate;
  Run db_status;
  Run replay;
  Run verify_ledger;
  Run verify_audit;
  Run doctor;
  Run config_show;
  Run keys_list;
  Run keys_rewrap;
  Run keys_destroy;
  std::function<int(LocalOptions const&, std::string const& id)> id_show;
};

/// Parses and runs one verb. @return the exit code of the program (exit_code.hpp)
[[nodiscard]] int run_command_line(int argc, char const* const* argv, LocalVerbs const& local);

}  // namespace leadex::cli
