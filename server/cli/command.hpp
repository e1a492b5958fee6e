#pragma once
// Command: what the person at the terminal asked for, as plain data. Made by parse_command_line,
// read by the verbs; one thread.

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace leadex::cli {

enum class Verb : std::uint8_t {
  serve,
  init,
  db_migrate,
  db_status,
  demo,
  dev_seed,
  replay,
  verify_ledger,
  verify_audit,
  verify_sample,
  verify_realtime,
  doctor,
  config_show,
  id_show,
  keys_list,
  keys_rewrap,
  keys_destroy,
  batches_upload,
  batches_list,
  batches_show,
  listings_list,
  campaigns_list,
  campaigns_show,
  sales_list,
  disputes_list,
  disputes_decide,
  payouts_run,
  payouts_list,
  payouts_approve,
  payouts_export,
};

/// For the verbs that work on settings and the database of this machine.
struct LocalOptions {
  std::string config_file;                   ///< --config; empty: LEADEX_CONFIG or none
  std::map<std::string, std::string> flags;  ///< settings given as flags, by key
  bool json{};                               ///< print JSON instead of text
  std::optional<std::string> market;         ///< replay and verify: this market alone
  std::int32_t month{};                      ///< keys: year * 100 + month
};

/// For the verbs that speak HTTPS. Empty ones are looked up by connect().
struct ConnectOptions {
  std::string base_url;
  std::string ca_file;
  std::string key;  ///< never printed
  std::string key_file;
};

struct Command {
  Verb verb{};
  LocalOptions local;
  ConnectOptions connect;

  std::string id;    ///< what the verb acts on; verify sample: a batch
  std::string file;  ///< upload: what to send, "-" is standard input; verify sample: to compare
  std::string market;
  std::string day;  ///< verify realtime: UTC, "2026-11-23"
  std::string status;
  std::string output;  ///< export: where the file goes; empty: standard output
  std::string ask;
  std::string decision;
  std::string amount;
  std::string reason;
  std::string currency;
  std::int64_t limit = 50;
  bool follow{};
  bool dry_run{};
  bool resume{};          ///< upload: in pieces, going on where a connection broke
  std::string continued;  ///< upload: the batch_… of one that an earlier call began
};

}  // namespace leadex::cli
