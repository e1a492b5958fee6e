#pragma once
// How lists and single things are printed: as a table for people, as JSON for programs. Writes
// stdout; one thread.

#include <string>
#include <string_view>
#include <vector>

#include "server/cli/client/api.hpp"
#include "server/cli/command.hpp"

namespace leadex::cli {

/// A column: heading and where the cell stands, "plan/sample_size"; an M becomes "12.34 USD".
struct ColumnOf {
  std::string heading;
  std::string path;
};

/// Asks for a list with the command's market, status and limit and prints it.
[[nodiscard]] int print_list(Api& api, Command const& command, std::string_view target,
                             std::vector<ColumnOf> const& columns);

/// One thing: a line per column, or its JSON.
void print_one(Command const& command, Answer const& answer, std::vector<ColumnOf> const& columns);

void print_out(std::string_view text);   ///< to stdout, no line end added
void print_note(std::string_view text);  ///< a line to stderr

[[nodiscard]] std::string cell_at(JsonView row, std::string_view path);

}  // namespace leadex::cli
