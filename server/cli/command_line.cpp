#include "server/cli/command_line.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <sstream>

#include "server/cli/client/table.hpp"
#include "server/cli/exit_code.hpp"
#include "server/config/settings.hpp"

namespace leadex::cli {

namespace {

constexpr std::int64_t kLimitMax = 500;

/// year * 100 + month of "2026-11"; 0: no month.
std::int32_t month_of(std::string_view text) {
  constexpr std::size_t kChars = 7;
  if (text.size() != kChars || text[4] != '-') return 0;
  std::int32_t year{};
  std::int32_t month{};
  auto const* const end = text.data() + kChars;
  auto const of_year = std::from_chars(text.data(), text.data() + 4, year);
  auto const of_month = std::from_chars(text.data() + 5, end, month);
  bool const right = of_year.ptr == text.data() + 4 && of_month.ptr == end && year >= 2000 &&
                     year <= 2999 && month >= 1 && month <= 12;
  return right ? year * 100 + month : 0;
}

/// The tree of verbs; parsing fills `command_`.
class Tree {
 public:
  Tree();
  Result<Command, ParseStop> parse(std::vector<std::string> arguments);

 private:
  CLI::App* noun(std::string const& name, std::string const& help);
  CLI::App* verb(CLI::App* parent, std::string const& name, std::string const& help, Verb verb);
  /// A verb of this machine: it takes every setting as a flag.
  CLI::App* local(CLI::App* parent, std::string const& name, std::string const& help, Verb which);
  /// A verb that speaks HTTPS.
  CLI::App* client(CLI::App* parent, std::string const& name, std::string const& help, Verb which);

  void add_local_verbs();
  void add_key_verbs();
  void add_verify_verbs();
  void add_batch_verbs();
  void add_trade_verbs();
  void add_money_verbs();
  void add_list_options(CLI::App* app, std::string const& states);
  void add_market(CLI::App* app, bool required);

  CLI::App app_{"Leadex, a lead exchange"};
  Command command_;
  std::vector<SettingInfo> settings_;
};

Tree::Tree() {
  // Flags and environment play no part here: this only names the settings.
  if (auto standard = load_settings({}); standard) settings_ = std::move(standard->info);
  app_.name("leadex");
  app_.require_subcommand(1);
  app_.fallthrough();  // --json and its like may stand behind the verb; subcommands inherit this
  app_.set_help_flag("-h,--help", "Say what there is, here or behind any verb");
  app_.add_option("--config", command_.local.config_file, "A TOML file with settings");
  app_.add_flag("--json", command_.local.json, "Print JSON for programs");
  app_.footer(
      "Data goes to stdout, messages to stderr.\n"
      "Exit codes: 0 ok, 1 failure, 2 usage, 3 not allowed, 4 not found, 5 conflict, 6 partial,\n"
      "7 unreachable.");
  add_local_verbs();
  add_key_verbs();
  add_verify_verbs();
  add_batch_verbs();
  add_trade_verbs();
  add_money_verbs();
}

CLI::App* Tree::noun(std::string const& name, std::string const& help) {
  auto* const app = app_.add_subcommand(name, help);
  app->require_subcommand(1);
  return app;
}

CLI::App* Tree::verb(CLI::App* parent, std::string const& name, std::string const& help,
                     Verb verb) {
  auto* const app = parent->add_subcommand(name, help);
  app->callback([this, verb] { command_.verb = verb; });
  return app;
}

CLI::App* Tree::local(CLI::App* parent, std::string const& name, std::string const& help,
                      Verb which) {
  auto* const app = verb(parent, name, help, which);
  for (auto const& setting : settings_) {
    auto const take = [this, key = setting.key](std::string const& value) {
      command_.local.flags[key] = value;
    };
    app->add_option_function<std::string>(setting.flag, take, setting.help)->group("Settings");
  }
  return app;
}

CLI::App* Tree::client(CLI::App* parent, std::string const& name, std::string const& help,
                       Verb which) {
  auto* const app = verb(parent, name, help, which);
  auto& connect = command_.connect;
  app->add_option("--base-url", connect.base_url,
                  "The server (LEADEX_BASE_URL; else the development server of this machine)")
      ->group("Connection");
  app->add_option("--ca-file", connect.ca_file,
                  "PEM file of the authority to trust (LEADEX_CA_FILE)")
      ->group("Connection");
  app->add_option("--key-file", connect.key_file, "File that holds the API key")
      ->group("Connection");
  app->add_option("--key", connect.key,
                  "The API key; better in LEADEX_KEY, where other users cannot see it")
      ->group("Connection");
  return app;
}

void Tree::add_list_options(CLI::App* app, std::string const& states) {
  app->add_option("--limit", command_.limit, "How many at most")
      ->check(CLI::Range(std::int64_t{1}, kLimitMax))
      ->capture_default_str();
  if (!states.empty()) app->add_option("--status", command_.status, "Of these only: " + states);
}

void Tree::add_market(CLI::App* app, bool required) {
  auto* const option =
      app->add_option("--market", command_.market, "Such as auto-insurance.us.usd");
  if (required) option->required();
}

void Tree::add_local_verbs() {
  local(&app_, "serve", "Run the exchange", Verb::serve);
  local(&app_, "init", "Make the root key and the first admin; its key is shown once", Verb::init);
  auto* const db = noun("db", "The database");
  local(db, "migrate", "Bring the schema up to date", Verb::db_migrate);
  local(db, "status", "Show which migrations are in", Verb::db_status);
  client(&app_, "demo", "Trade once, step by step, in a market of its own", Verb::demo);
  auto* const dev = noun("dev", "For development only");
  client(dev, "seed", "Fill a fresh development exchange and write credentials.json",
         Verb::dev_seed);
  auto* const replay =
      local(&app_, "replay", "Decide a market's whole log again and compare", Verb::replay);
  replay->add_option("--market", command_.local.market, "This market alone");
  local(&app_, "doctor", "Check what the server needs", Verb::doctor);
  auto* const config = noun("config", "Settings");
  local(config, "show", "Show each setting and where it comes from", Verb::config_show);
  auto* const id = noun("id", "Public ids");
  local(id, "show", "Say what a public id stands for", Verb::id_show)
      ->add_option("id", command_.id, "Such as lead_0123…")
      ->required();
}

void Tree::add_key_verbs() {
  auto* const keys = noun("keys", "Keys that contacts are sealed under, one a month");
  auto const with_month = [this](CLI::App* app) {
    auto const take = [this](std::string const& text) { command_.local.month = month_of(text); };
    app->add_option_function<std::string>("--month", take, "Such as 2026-11")
        ->required()
        ->check([](std::string const& text) {
          return std::string{month_of(text) == 0 ? "must be a month such as 2026-11" : ""};
        });
  };
  local(keys, "list", "Months, their files, and what is sealed under each", Verb::keys_list);
  with_month(local(keys, "rewrap", "Seal what lives under a month's key under the present one",
                   Verb::keys_rewrap));
  with_month(local(keys, "destroy",
                   "Destroy a month's key for ever: what older backups hold under it is gone",
                   Verb::keys_destroy));
}

void Tree::add_verify_verbs() {
  auto* const verify = noun("verify", "Recompute what was promised");
  auto const with_market = [this](CLI::App* app) {
    app->add_option("--market", command_.local.market, "This market alone");
  };
  with_market(local(verify, "ledger", "Add up the books again", Verb::verify_ledger));
  with_market(local(verify, "audit", "Check the chains of the audit log", Verb::verify_audit));
  auto* const sample =
      client(verify, "sample", "Draw the sample of an upload again", Verb::verify_sample);
  sample->add_option("--batch", command_.id, "The upload, batch_…")->required();
  sample->add_option("--file", command_.file, "The uploaded file, to compare its hash")
      ->check(CLI::ExistingFile);
  auto* const realtime = client(verify, "realtime", "Draw the sample of a day's posted leads again",
                                Verb::verify_realtime);
  add_market(realtime, true);
  realtime->add_option("--day", command_.day, "UTC, such as 2026-11-23")->required();
  realtime->add_option("--leads", command_.file, "Ids of leads posted that day, one a line")
      ->check(CLI::ExistingFile);
}

void Tree::add_batch_verbs() {
  auto* const batches = noun("batches", "Uploads");
  auto* const upload = client(batches, "upload", "Send a file of leads", Verb::batches_upload);
  upload->add_option("file", command_.file, "CSV, or NDJSON when it ends in .ndjson; - is stdin")
      ->required();
  add_market(upload, true);
  upload->add_option("--ask", command_.ask, "Price asked for each lead, such as 5.00");
  upload->add_flag("--follow", command_.follow, "Wait until the upload has its verdict");
  upload->add_flag("--resume", command_.resume, "Go on by itself when the connection breaks");
  upload->add_option("--continue", command_.continued, "Go on with an upload begun with --resume");
  upload->add_flag("--dry-run", command_.dry_run, "Check only; nothing is stored");
  auto* const list = client(batches, "list", "Uploads, newest first", Verb::batches_list);
  add_market(list, false);
  add_list_options(list, "receiving,checking,listed,rejected,closed");
  client(batches, "show", "One upload and its spot check", Verb::batches_show)
      ->add_option("id", command_.id, "batch_…")
      ->required();
}

void Tree::add_trade_verbs() {
  auto* const listings = noun("listings", "Leads on sale");
  auto* const on_sale = client(listings, "list", "Leads on sale", Verb::listings_list);
  add_market(on_sale, true);
  add_list_options(on_sale, "");
  auto* const campaigns = noun("campaigns", "Standing bids");
  auto* const standing = client(campaigns, "list", "Own campaigns", Verb::campaigns_list);
  add_market(standing, false);
  add_list_options(standing, "active,paused,exhausted");
  client(campaigns, "show", "One campaign", Verb::campaigns_show)
      ->add_option("id", command_.id, "camp_…")
      ->required();
  auto* const sales = noun("sales", "Sales");
  auto* const sold = client(sales, "list", "Own sales, newest first", Verb::sales_list);
  add_market(sold, false);
  add_list_options(sold, "pending,delivered,settled,returned,voided");
  auto* const disputes = noun("disputes", "Contested returns");
  auto* const open = client(disputes, "list", "Disputes, newest first", Verb::disputes_list);
  add_market(open, false);
  add_list_options(open, "open,decided");
  auto* const decide =
      client(disputes, "decide", "Decide between buyer and generator", Verb::disputes_decide);
  decide->add_option("id", command_.id, "disp_…")->required();
  decide->add_option("decision", command_.decision, "credit_buyer, deny or partial")
      ->required()
      ->check(CLI::IsMember({"credit_buyer", "deny", "partial"}));
  decide->add_option("--amount", command_.amount, "What the buyer gets back when partial");
  decide->add_option("--reason", command_.reason, "For both parties to read")->required();
}

void Tree::add_money_verbs() {
  auto* const payouts = noun("payouts", "Money for generators");
  client(payouts, "run", "Draft a run of a currency", Verb::payouts_run)
      ->add_option("--currency", command_.currency, "Such as USD")
      ->required();
  add_list_options(client(payouts, "list", "Runs, newest first", Verb::payouts_list), "");
  client(payouts, "approve", "Approve a run that another person drafted", Verb::payouts_approve)
      ->add_option("id", command_.id, "prun_…")
      ->required();
  auto* const file =
      client(payouts, "export", "Print the bank's file of a run", Verb::payouts_export);
  file->add_option("id", command_.id, "prun_…")->required();
  file->add_option("--output", command_.output, "Write it here instead of stdout, mode 0600");
}

/// What belongs together and CLI11 does not know.
std::string find_misuse(Command const& command) {
  if (command.verb == Verb::disputes_decide) {
    bool const partial = command.decision == "partial";
    if (partial && command.amount.empty()) return "partial needs --amount";
    if (!partial && !command.amount.empty()) return "--amount goes with partial only";
  }
  if (command.verb == Verb::batches_upload && command.follow && command.dry_run) {
    return "--follow has nothing to wait for in a --dry-run";
  }
  bool const pieces = command.resume || !command.continued.empty();
  if (pieces && (command.dry_run || command.file == "-")) {
    return "--resume and --continue need a file, and no --dry-run";
  }
  if (!command.connect.key.empty() && !command.connect.key_file.empty()) {
    return "--key and --key-file exclude each other";
  }
  return {};
}

Result<Command, ParseStop> Tree::parse(std::vector<std::string> arguments) {
  std::ranges::reverse(arguments);  // what CLI11 wants
  try {
    app_.parse(std::move(arguments));
  } catch (CLI::ParseError const& error) {
    std::ostringstream out;
    std::ostringstream err;
    bool const asked = app_.exit(error, out, err) == 0;
    if (asked) return refuse(ParseStop{kOk, out.str()});
    // A wrong verb leaves words over; the library would only say that a verb is missing.
    auto const left = app_.remaining(true);
    if (left.empty()) return refuse(ParseStop{kUsage, err.str()});
    return refuse(ParseStop{kUsage, "There is no '" + printable(left.front()) +
                                        "' here; --help says what there is.\n"});
  }
  if (auto misuse = find_misuse(command_); !misuse.empty()) {
    return refuse(ParseStop{kUsage, misuse + "\n"});
  }
  return std::move(command_);
}

}  // namespace

Result<Command, ParseStop> parse_command_line(std::vector<std::string> arguments) {
  return Tree{}.parse(std::move(arguments));
}

}  // namespace leadex::cli
