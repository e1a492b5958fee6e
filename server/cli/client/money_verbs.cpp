#include <fmt/format.h>

#include "server/cli/client/listing_output.hpp"
#include "server/cli/client/private_file.hpp"
#include "server/cli/client/table.hpp"
#include "server/cli/client/verbs.hpp"

namespace leadex::cli {

namespace {

void print_run(Command const& command, Answer const& run) {
  print_one(command, run, {{"id", "id"}, {"currency", "currency"}, {"status", "status"}});
  if (command.local.json) return;
  Table table({"payout", "generator", "amount"});
  for (auto const& payout : run.json()["payouts"].items()) {
    table.add({payout["id"].text(), payout["generator"].text(), payout["amount"].money()});
  }
  print_out(table.text());
}

std::string place_of(Command const& command) {
  return "/v1/admin/payout-runs/" + query_encode(command.id);
}

}  // namespace

int draft_payouts(Api& api, Command const& command) {
  auto const run = api.post("/v1/admin/payout-runs", json_object({{"currency", command.currency}}));
  print_run(command, run);
  print_note(fmt::format("Another person approves it: leadex payouts approve {}",
                         run.json()["id"].shown()));
  return kOk;
}

int list_payout_runs(Api& api, Command const& command) {
  return print_list(
      api, command, "/v1/admin/payout-runs",
      {{"id", "id"}, {"currency", "currency"}, {"status", "status"}, {"created", "created_at"}});
}

int approve_payouts(Api& api, Command const& command) {
  print_run(command, api.post(place_of(command) + "/approve"));
  return kOk;
}

int export_payouts(Api& api, Command const& command) {
  auto const file = api.post(place_of(command) + "/export?format=csv");
  if (command.output.empty()) {
    print_out(file.body);
  } else {
    write_private_file(command.output, file.body);
    print_note(fmt::format("Written to {}", command.output));
  }
  return kOk;
}

}  // namespace leadex::cli
