#pragma once
// Settings: what an operator can set, read once when the program starts: default < TOML file <
// LEADEX_… environment < flags. Only main and the CLI see them; rooms take their own option
// structs. Read-only after loading; any thread.

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "billing/values/money.hpp"
#include "billing/values/result.hpp"

namespace leadex {

/// Every member is one setting: key `x` is LEADEX_X in the environment and --x (with dashes) as a
/// flag. The defaults stand here and nowhere else.
struct Settings {
  // Places
  std::string var = "var";
  std::string schemas = "schemas";
  std::string tls_certificate;          ///< empty: <var>/tls/server.crt; so for the next two
  std::string tls_key;                  ///< <var>/tls/server.key
  std::string root_key_file;            ///< <var>/keys/root.key
  std::string epochs_folder;            ///< <root key file>.epochs
  std::string disposable_domains_file;  ///< empty: no list
  std::string dns_servers;              ///< empty: e-mail domains are not asked about

  // Listening
  std::uint16_t port = 8443;
  std::string bind = "127.0.0.1";
  std::uint16_t metrics_port = 0;  ///< 0: no metrics listener; it binds loopback only
  std::int64_t threads = 2;
  std::int64_t connections_max = 4096;
  std::int64_t connections_per_address_max = 1000;  ///< 0: no limit of its own
  std::chrono::seconds handshake_timeout_s{10};
  std::chrono::seconds read_timeout_s{30};
  std::chrono::seconds handler_timeout_s{30};
  std::chrono::seconds write_timeout_s{30};
  std::chrono::seconds idle_timeout_s{75};
  std::chrono::seconds drain_s{10};

  // Database
  std::string database;        ///< connection string of the run-time role
  std::string database_owner;  ///< connection string of the owner, for migrations only
  std::int64_t db_pool_threads = 8;

  // The exchange
  std::string environment = "production";        ///< expected; the database's own word decides
  Money deposit_limit{10'000 * kMicrosPerUnit};  ///< above it a second person must confirm
  std::int64_t market_queue_max = 4096;
  std::int64_t batch_decisions_max = 128;
  std::int64_t batch_bytes_max = 1 << 20;
  std::int64_t real_time_p99_ms = 20;  ///< uploads give way above it; 0: never
  std::int64_t holdout_bp = 1500;      ///< of sales per acquisition, verified without the buyer

  // Limits of what comes in
  std::int64_t body_bytes_max = 1 << 20;
  std::int64_t upload_bytes_max = 4LL << 30;
  std::int64_t upload_rows_max = 10'000'000;
  std::int64_t upload_bytes_per_s_min = 1024;
  std::chrono::seconds upload_cut_s{3600};
  std::chrono::seconds refused_rows_kept_s{14 * 86'400};
  std::int64_t row_bytes_max = 64 << 10;
  std::int64_t columns_max = 256;

  // Visitors
  std::string public_url;  ///< https://host that visitors reach; empty: what the caller reached
  std::int64_t clicks_per_minute_max = 60;  ///< charged for one address; 0: any number
  std::string click_bots =
      "bot,crawl,spider,slurp,preview,facebookexternalhit,headless,monitor,curl/,wget/,"
      "python-requests,go-http-client,java/,okhttp";  ///< parts of user agents, in lower case

  // Hosted forms
  std::uint16_t forms_port = 0;  ///< 0: no forms; their pages are served there and nowhere else
  std::string forms_url;         ///< https://host of their pages; empty: what the caller reached
  std::int64_t forms_per_minute_max = 60;  ///< requests of one address; 0: any number

  // Mail that goes out
  std::string smtp_url;  ///< smtp://host:port or smtps://host:port; empty: no mail
  std::string smtp_user;
  std::string smtp_password;
  std::string smtp_from;             ///< address that mails come from
  std::string smtp_tls = "offered";  ///< smtp:// with STARTTLS when offered, or not at all without
  std::string smtp_ca_file;          ///< PEM; empty: the system's

  // What goes out
  std::chrono::seconds webhook_connect_timeout_s{5};
  std::chrono::seconds webhook_timeout_s{10};

  // Endpoints that are asked for their bids on pings
  std::int64_t bid_asked_max = 50;
  std::int64_t bid_answer_reserve_ms = 50;
  std::int64_t bid_late_ms = 250;
  std::int64_t bid_in_flight_max = 1024;
  std::int64_t bid_in_flight_per_endpoint_max = 32;
  std::int64_t bid_failures_max = 5;
  std::int64_t bid_rest_first_ms = 1000;
  std::int64_t bid_rest_last_ms = 60'000;

  // Logs
  std::string log_level = "info";
  std::string log_format = "json";
};

enum class Origin : std::uint8_t { standard, file, environment, flag };

[[nodiscard]] std::string_view text(Origin origin);  ///< default, file, environment, flag

struct SettingSources {
  std::string config_file;                         ///< from --config; empty: LEADEX_CONFIG, if any
  std::map<std::string, std::string> environment;  ///< by name; names that are no setting pass
  std::map<std::string, std::string> flags;        ///< by key; an unknown key is an error
};

/// One line of `leadex config show` and of the manual. A secret shows only whether it is set.
struct SettingInfo {
  std::string key;
  std::string environment_name;
  std::string flag;
  std::string type;  ///< number, bytes, seconds, money, text, or the choices: dev|production
  std::string standard;
  std::string help;
  std::string value;
  Origin origin{};
  bool secret{};
};

struct LoadedSettings {
  Settings settings;
  std::string config_file;  ///< the file read, or empty
  std::vector<SettingInfo> info;
};

/// All faults found, one sentence each, fit for the operator's screen: they name key and origin,
/// never the value of a secret.
struct SettingsError {
  std::vector<std::string> faults;
};

/// Reads and checks everything. Reads the TOML file and nothing else.
[[nodiscard]] Result<LoadedSettings, SettingsError> load_settings(SettingSources const& sources);

/// The process's environment, LEADEX_… variables only. Call before threads run.
[[nodiscard]] std::map<std::string, std::string> leadex_environment();

/// `leadex config show`: every setting with its value and where it comes from.
[[nodiscard]] std::string show(LoadedSettings const& loaded);

}  // namespace leadex
