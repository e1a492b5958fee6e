#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <exception>

#include "server/cli/client/connection.hpp"
#include "server/cli/client/demo.hpp"
#include "server/cli/client/dev_seed.hpp"
#include "server/cli/client/verbs.hpp"
#include "server/cli/command_line.hpp"
#include "server/cli/exit_code.hpp"
#include "server/config/settings.hpp"

namespace leadex::cli {

namespace {

using ClientVerb = int (*)(Api&, Command const&);

ClientVerb client_verb(Verb verb) {
  switch (verb) {
    case Verb::verify_sample:
      return verify_sample;
    case Verb::verify_realtime:
      return verify_realtime;
    case Verb::batches_upload:
      return upload_batch;
    case Verb::batches_list:
      return list_batches;
    case Verb::batches_show:
      return show_batch;
    case Verb::listings_list:
      return list_listings;
    case Verb::campaigns_list:
      return list_campaigns;
    case Verb::campaigns_show:
      return show_campaign;
    case Verb::sales_list:
      return list_sales;
    case Verb::disputes_list:
      return list_disputes;
    case Verb::disputes_decide:
      return decide_dispute;
    case Verb::payouts_run:
      return draft_payouts;
    case Verb::payouts_list:
      return list_payout_runs;
    case Verb::payouts_approve:
      return approve_payouts;
    case Verb::payouts_export:
      return export_payouts;
    default:
      return nullptr;
  }
}

LocalVerbs::Run const* local_verb(Verb verb, LocalVerbs const& local) {
  switch (verb) {
    case Verb::serve:
      return &local.serve;
    case Verb::init:
      return &local.init;
    case Verb::db_migrate:
      return &local.db_migrate;
    case Verb::db_status:
      return &local.db_status;
    case Verb::replay:
      return &local.replay;
    case Verb::verify_ledger:
      return &local.verify_ledger;
    case Verb::verify_audit:
      return &local.verify_audit;
    case Verb::doctor:
      return &local.doctor;
    case Verb::config_show:
      return &local.config_show;
    case Verb::keys_list:
      return &local.keys_list;
    case Verb::keys_rewrap:
      return &local.keys_rewrap;
    case Verb::keys_destroy:
      return &local.keys_destroy;
    default:
      return nullptr;
  }
}

int run(Command const& command, LocalVerbs const& local) {
  if (command.verb == Verb::id_show) return local.id_show(command.local, command.id);
  if (auto const* const verb = local_verb(command.verb, local)) return (*verb)(command.local);
  // A server that goes away while we write must be an error, not the end of this program.
  (void)std::signal(SIGPIPE, SIG_IGN);
  auto const environment = leadex_environment();
  if (command.verb == Verb::demo) return run_demo(command.connect, environment);
  if (command.verb == Verb::dev_seed) return dev_seed(command.connect, environment);
  Api api(find_access(command.connect, environment));
  return client_verb(command.verb)(api, command);
}

}  // namespace

int run_command_line(int argc, char const* const* argv, LocalVerbs const& local) {
  auto const command = parse_command_line({argv + (argc > 0 ? 1 : 0), argv + argc});
  if (!command) {
    auto const& stop = command.error();
    fmt::print(stop.exit_code == kOk ? stdout : stderr, "{}", stop.text);
    return stop.exit_code;
  }
  try {
    return run(*command, local);
  } catch (Failure const& failure) {
    fmt::print(stderr, "error: {}\n", failure.what());
    return failure.exit_code();
  } catch (std::exception const& fault) {
    fmt::print(stderr, "error: {}\n", fault.what());
    return kFailed;
  }
}

}  // namespace leadex::cli
