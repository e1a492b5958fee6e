#include "server/cli/command_line.hpp"

#include <gtest/gtest.h>

#include "server/cli/exit_code.hpp"

namespace leadex::cli {
namespace {

Command parse(std::vector<std::string> arguments) {
  auto command = parse_command_line(std::move(arguments));
  EXPECT_TRUE(command.has_value()) << command.error().text;
  return command ? *command : Command{};
}

ParseStop stop(std::vector<std::string> arguments) {
  auto command = parse_command_line(std::move(arguments));
  EXPECT_FALSE(command.has_value());
  return command ? ParseStop{} : command.error();
}

TEST(CommandLine, EachVerbHasItsWords) {
  std::vector<std::pair<std::vector<std::string>, Verb>> const verbs{
      {{"serve"}, Verb::serve},
      {{"init"}, Verb::init},
      {{"db", "migrate"}, Verb::db_migrate},
      {{"db", "status"}, Verb::db_status},
      {{"demo"}, Verb::demo},
      {{"dev", "seed"}, Verb::dev_seed},
      {{"replay"}, Verb::replay},
      {{"verify", "ledger"}, Verb::verify_ledger},
      {{"verify", "audit"}, Verb::verify_audit},
      {{"verify", "sample", "--batch", "batch_X"}, Verb::verify_sample},
      {{"verify", "realtime", "--market", "m", "--day", "2026-11-23"}, Verb::verify_realtime},
      {{"doctor"}, Verb::doctor},
      {{"config", "show"}, Verb::config_show},
      {{"id", "show", "lead_X"}, Verb::id_show},
      {{"keys", "list"}, Verb::keys_list},
      {{"keys", "rewrap", "--month", "2026-11"}, Verb::keys_rewrap},
      {{"keys", "destroy", "--month", "2026-11"}, Verb::keys_destroy},
      {{"batches", "upload", "f.csv", "--market", "m"}, Verb::batches_upload},
      {{"batches", "list"}, Verb::batches_list},
      {{"batches", "show", "batch_X"}, Verb::batches_show},
      {{"listings", "list", "--market", "m"}, Verb::listings_list},
      {{"campaigns", "list"}, Verb::campaigns_list},
      {{"campaigns", "show", "camp_X"}, Verb::campaigns_show},
      {{"sales", "list"}, Verb::sales_list},
      {{"disputes", "list"}, Verb::disputes_list},
      {{"disputes", "decide", "disp_X", "deny", "--reason", "r"}, Verb::disputes_decide},
      {{"payouts", "run", "--currency", "USD"}, Verb::payouts_run},
      {{"payouts", "list"}, Verb::payouts_list},
      {{"payouts", "approve", "prun_X"}, Verb::payouts_approve},
      {{"payouts", "export", "prun_X"}, Verb::payouts_export},
  };
  for (auto const& [words, verb] : verbs) {
    EXPECT_EQ(parse(words).verb, verb) << words.front();
  }
}

TEST(CommandLine, AKeysMonthIsAMonth) {
  EXPECT_EQ(parse({"keys", "destroy", "--month", "2026-01"}).local.month, 202601);
  for (auto const* text :
       {"", "2026", "2026-00", "2026-13", "202601", "1999-12", "2026-1 ", "+026-01"}) {
    EXPECT_FALSE(parse_command_line({"keys", "destroy", "--month", text})) << text;
  }
  EXPECT_FALSE(parse_command_line({"keys", "destroy"})) << "no month";
}

TEST(CommandLine, UploadTakesItsOptions) {
  auto const command = parse({"batches", "upload", "leads.csv", "--market", "auto-insurance.us.usd",
                              "--ask", "5.00", "--follow", "--key-file", "k", "--base-url",
                              "https://127.0.0.1:9000", "--ca-file", "ca.pem"});
  EXPECT_EQ(command.file, "leads.csv");
  EXPECT_EQ(command.market, "auto-insurance.us.usd");
  EXPECT_EQ(command.ask, "5.00");
  EXPECT_TRUE(command.follow);
  EXPECT_FALSE(command.dry_run);
  EXPECT_EQ(command.connect.key_file, "k");
  EXPECT_EQ(command.connect.base_url, "https://127.0.0.1:9000");
  EXPECT_EQ(command.connect.ca_file, "ca.pem");
}

TEST(CommandLine, CommonFlagsMayStandBeforeOrBehindTheVerb) {
  EXPECT_TRUE(parse({"--json", "batches", "list"}).local.json);
  EXPECT_TRUE(parse({"batches", "list", "--json"}).local.json);
  EXPECT_EQ(parse({"serve", "--config", "a.toml"}).local.config_file, "a.toml");
  EXPECT_EQ(parse({"--config", "a.toml", "db", "migrate"}).local.config_file, "a.toml");
}

TEST(CommandLine, LocalVerbsTakeSettingsAsFlags) {
  auto const command = parse({"serve", "--port", "9443", "--log-level", "debug"});
  EXPECT_EQ(command.local.flags.at("port"), "9443");
  EXPECT_EQ(command.local.flags.at("log_level"), "debug");
  EXPECT_EQ(command.local.flags.size(), 2U);
  EXPECT_EQ(stop({"batches", "list", "--port", "9443"}).exit_code, kUsage);
}

TEST(CommandLine, ReplayAndVerifyTakeAMarket) {
  EXPECT_EQ(parse({"replay", "--market", "demo.us.usd"}).local.market, "demo.us.usd");
  EXPECT_EQ(parse({"verify", "ledger", "--market", "demo.us.usd"}).local.market, "demo.us.usd");
  EXPECT_FALSE(parse({"verify", "audit"}).local.market);
}

TEST(CommandLine, WrongLinesAreUsageErrorsOnStderr) {
  std::vector<std::vector<std::string>> const lines{
      {},
      {"sell"},
      {"db"},
      {"db", "drop"},
      {"serve", "--no-such-setting", "1"},
      {"batches", "upload", "f.csv"},          // no market
      {"batches", "upload", "--market", "m"},  // no file
      {"batches", "list", "--limit", "0"},
      {"batches", "list", "--limit", "501"},
      {"batches", "list", "--limit", "ten"},
      {"verify", "sample"},  // no batch
      {"disputes", "decide", "disp_X", "maybe", "--reason", "r"},
      {"disputes", "decide", "disp_X", "deny"},  // no reason
      {"disputes", "decide", "disp_X", "partial", "--reason", "r"},
      {"disputes", "decide", "disp_X", "deny", "--amount", "1.00", "--reason", "r"},
      {"batches", "upload", "f.csv", "--market", "m", "--follow", "--dry-run"},
      {"batches", "list", "--key", "k", "--key-file", "f"},
  };
  for (auto const& line : lines) {
    auto const stopped = stop(line);
    EXPECT_EQ(stopped.exit_code, kUsage) << (line.empty() ? "" : line.front());
    EXPECT_FALSE(stopped.text.empty());
  }
}

TEST(CommandLine, AWrongVerbIsNamed) {
  EXPECT_NE(stop({"sell"}).text.find("'sell'"), std::string::npos);
  EXPECT_NE(stop({"db", "drop"}).text.find("'drop'"), std::string::npos);
}

TEST(CommandLine, HelpIsNoErrorAndNamesTheVerbs) {
  auto const top = stop({"--help"});
  EXPECT_EQ(top.exit_code, kOk);
  for (auto const* word : {"serve", "batches", "verify", "payouts", "Exit codes"}) {
    EXPECT_NE(top.text.find(word), std::string::npos) << word;
  }
  auto const upload = stop({"batches", "upload", "--help"});
  EXPECT_EQ(upload.exit_code, kOk);
  EXPECT_NE(upload.text.find("--follow"), std::string::npos);
}

TEST(RunCommandLine, LocalVerbsGetTheirOptionsAndGiveTheExitCode) {
  LocalVerbs local;
  LocalOptions seen;
  local.replay = [&](LocalOptions const& options) {
    seen = options;
    return kFailed;
  };
  std::string id;
  local.id_show = [&](LocalOptions const&, std::string const& text) {
    id = text;
    return kOk;
  };
  char const* const replay[] = {"leadex", "replay", "--market", "m", "--json"};
  EXPECT_EQ(run_command_line(5, replay, local), kFailed);
  EXPECT_EQ(seen.market, "m");
  EXPECT_TRUE(seen.json);
  char const* const show[] = {"leadex", "id", "show", "lead_X"};
  EXPECT_EQ(run_command_line(4, show, local), kOk);
  EXPECT_EQ(id, "lead_X");
}

TEST(RunCommandLine, UsageFaultsAndExceptionsHaveTheirCodes) {
  LocalVerbs local;
  local.serve = [](LocalOptions const&) -> int { throw Failure(kConflict, "taken"); };
  local.init = [](LocalOptions const&) -> int { throw std::runtime_error("broken"); };
  char const* const wrong[] = {"leadex", "sell"};
  EXPECT_EQ(run_command_line(2, wrong, local), kUsage);
  char const* const serve[] = {"leadex", "serve"};
  EXPECT_EQ(run_command_line(2, serve, local), kConflict);
  char const* const init[] = {"leadex", "init"};
  EXPECT_EQ(run_command_line(2, init, local), kFailed);
}

TEST(RunCommandLine, AServerThatIsNotThereIsUnreachable) {
  // Nothing listens on port 1 of the loopback address.
  char const* const list[] = {
      "leadex", "batches", "list", "--base-url", "https://127.0.0.1:1", "--key", "lxk_dev_nothing"};
  EXPECT_EQ(run_command_line(7, list, {}), kUnreachable);
}

}  // namespace
}  // namespace leadex::cli
