#include "server/cli/client/listing_output.hpp"

#include <fmt/format.h>

#include <cstdio>

#include "server/cli/client/table.hpp"
#include "server/json/writer.hpp"

namespace leadex::cli {

namespace {

std::string target_with_filters(Command const& command, std::string_view target) {
  std::string all{target};
  auto const add = [&all](std::string_view name, std::string const& value) {
    if (value.empty()) return;
    all += fmt::format("{}{}={}", all.find('?') == std::string::npos ? '?' : '&', name,
                       query_encode(value));
  };
  add("market", command.market);
  add("status", command.status);
  return all;
}

}  // namespace

void print_out(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

void print_note(std::string_view text) { fmt::print(stderr, "{}\n", text); }

std::string cell_at(JsonView row, std::string_view path) {
  while (true) {
    if (row.is_null()) return "-";
    auto const slash = path.find('/');
    row = row[path.substr(0, slash)];
    if (slash == std::string_view::npos) break;
    path.remove_prefix(slash + 1);
  }
  if (row.value().IsObject() && !row["currency"].is_null()) return row.money();
  return row.shown();
}

int print_list(Api& api, Command const& command, std::string_view target,
               std::vector<ColumnOf> const& columns) {
  auto const pages = api.pages(target_with_filters(command, target), command.limit);
  auto const rows = rows_of(pages);
  if (command.local.json) {
    json::JsonWriter writer;
    {
      auto const array = writer.array();
      for (auto const& row : rows) writer.value(row.value());
    }
    print_out(writer.str() + "\n");
    return kOk;
  }
  std::vector<std::string> headings;
  for (auto const& column : columns) headings.push_back(column.heading);
  Table table(std::move(headings));
  for (auto const& row : rows) {
    std::vector<std::string> cells;
    for (auto const& column : columns) cells.push_back(cell_at(row, column.path));
    table.add(std::move(cells));
  }
  print_out(table.text());
  bool const more = !pages.empty() && pages.back().json()["has_more"].flag();
  if (more) print_note(fmt::format("The first {}; --limit shows more.", rows.size()));
  return kOk;
}

void print_one(Command const& command, Answer const& answer, std::vector<ColumnOf> const& columns) {
  if (command.local.json) {
    print_out(answer.body + "\n");
    return;
  }
  std::size_t width = 0;
  for (auto const& column : columns) width = std::max(width, column.heading.size());
  for (auto const& column : columns) {
    print_out(fmt::format("{:<{}}  {}\n", column.heading, width,
                          printable(cell_at(answer.json(), column.path))));
  }
}

}  // namespace leadex::cli
