#include "server/program/options.hpp"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "server/json/time_text.hpp"
#include "server/observe/log.hpp"

namespace leadex::program {

namespace pg = storage::postgres;

namespace {

/// When a process started, in the kernel's ticks; empty when there is none of that number. Tells
/// one run from a later process with the same number.
std::string start_of(std::string const& pid) {
  std::ifstream stat{"/proc/" + pid + "/stat"};
  std::string line;
  if (!std::getline(stat, line)) return {};
  // The second field is a name in brackets and may hold blanks; the start is the 20th after it.
  std::istringstream rest{line.substr(std::min(line.size(), line.rfind(')') + 1))};
  std::string state;
  rest >> state;
  if (state == "Z" || state == "X") return {};
  std::string field;
  for (int i = 0; i < 19 && rest >> field; ++i) continue;
  return field;
}

/// Host, process and its start, so that a lease names one run of one process.
std::string process_name() {
  std::string host(256, '\0');
  if (gethostname(host.data(), host.size() - 1) != 0) host = "unknown";
  host.resize(host.find('\0'));
  auto const pid = std::to_string(getpid());
  return host + ':' + pid + ':' + start_of(pid);
}

/// Whether the run of a process of this host that a lease names is over.
bool has_ended(std::string const& owner) {
  auto const own = process_name();
  auto const host_end = owner.find(':');
  if (host_end == std::string::npos ||
      own.substr(0, host_end + 1) != owner.substr(0, host_end + 1)) {
    return false;  // another machine: only its lease can tell
  }
  auto const pid_end = owner.find(':', host_end + 1);
  if (pid_end == std::string::npos) return false;
  auto const pid = owner.substr(host_end + 1, pid_end - host_end - 1);
  return start_of(pid) != owner.substr(pid_end + 1);
}

void note(intake::DisposableDomains const& list) {
  auto const day = list.dated();
  log::info("lists.loaded", "the list of disposable domains is in force")
      .field("domains", static_cast<std::int64_t>(list.size()))
      .field("dated", std::string_view{day ? json::format_date(*day) : "unknown"});
}

}  // namespace

storage::Environment environment_of(Settings const& settings) {
  return settings.environment == "dev" ? storage::Environment::dev
                                       : storage::Environment::production;
}

pg::SessionOptions session_of(Settings const& settings) {
  pg::SessionOptions options;
  options.conninfo = settings.database;
  return options;
}

market::HostOptions host_of(Settings const& settings) {
  market::HostOptions options;
  options.database = settings.database;
  options.process_name = process_name();
  options.has_ended = has_ended;
  options.queue_max = static_cast<std::size_t>(settings.market_queue_max);
  options.batch_decisions_max = static_cast<std::size_t>(settings.batch_decisions_max);
  options.batch_bytes_max = static_cast<std::size_t>(settings.batch_bytes_max);
  options.real_time_p99_max = std::chrono::milliseconds{settings.real_time_p99_ms};
  return options;
}

intake::DisposableDomains disposable_of(Settings const& settings) {
  if (settings.disposable_domains_file.empty()) return {};
  auto loaded = intake::DisposableDomains::load(settings.disposable_domains_file);
  if (!loaded) throw std::runtime_error("The list of disposable domains cannot be read.");
  note(*loaded);
  return std::move(*loaded);
}

/// A newer file takes the list's place at once; one that cannot be read leaves it as it is.
void reload_disposable(Settings const& settings, intake::DisposableDomains const& disposable) {
  if (settings.disposable_domains_file.empty()) return;
  auto const fresh = intake::DisposableDomains::load(settings.disposable_domains_file);
  if (!fresh) {
    log::error("lists.kept", "the list of disposable domains cannot be read; the old one stays");
    return;
  }
  disposable.replace_with(*fresh);
  note(disposable);
}

std::unique_ptr<dns::MailDomains> mail_domains_of(Settings const& settings) {
  if (settings.dns_servers.empty()) return nullptr;
  return dns::make_mail_domains({.servers = settings.dns_servers});
}

api::ApiLimits limits_of(Settings const& settings) {
  api::ApiLimits limits;
  limits.deposit_limit = settings.deposit_limit;
  limits.handler_timeout = settings.handler_timeout_s;
  limits.holdout_share = BasisPoints{static_cast<std::int32_t>(settings.holdout_bp)};
  limits.body_bytes_max = static_cast<std::uint64_t>(settings.body_bytes_max);
  limits.upload_bytes_max = static_cast<std::uint64_t>(settings.upload_bytes_max);
  limits.upload_rows_max = settings.upload_rows_max;
  limits.row_bytes_max = settings.row_bytes_max;
  limits.columns_max = settings.columns_max;
  return limits;
}

api::ClickOptions clicks_of(Settings const& settings) {
  return {settings.public_url, settings.clicks_per_minute_max, api::bot_words(settings.click_bots)};
}

intake::UploadLimits upload_limits_of(Settings const& settings) {
  intake::UploadLimits limits;
  limits.unpacked_bytes = static_cast<std::uint64_t>(settings.upload_bytes_max);
  limits.rows = settings.upload_rows_max;
  limits.row_bytes = static_cast<std::size_t>(settings.row_bytes_max);
  limits.columns = static_cast<std::size_t>(settings.columns_max);
  return limits;
}

json::Contract contract_of(Settings const& settings) {
  auto loaded = json::Contract::load(settings.schemas + "/openapi.yaml");
  if (!loaded) throw std::runtime_error("openapi.yaml cannot be used: " + loaded.error());
  return std::move(*loaded);
}

http::ClientOptions webhooks_of(Settings const& settings) {
  http::ClientOptions options;
  options.timeout = settings.webhook_timeout_s;
  if (environment_of(settings) == storage::Environment::dev) {
    options.allow_loopback = true;
    auto const ca = settings.var + "/dev/ca.pem";
    if (std::filesystem::exists(ca)) options.ca_file = ca;
  }
  return options;
}

delivery::BidRequestOptions bid_requests_of(Settings const& settings) {
  using std::chrono::milliseconds;
  delivery::BidRequestOptions options;
  options.late = milliseconds{settings.bid_late_ms};
  options.in_flight_max = static_cast<std::size_t>(settings.bid_in_flight_max);
  options.per_endpoint_max = static_cast<std::size_t>(settings.bid_in_flight_per_endpoint_max);
  options.breaker = {.failures_max = static_cast<int>(settings.bid_failures_max),
                     .rest_first = milliseconds{settings.bid_rest_first_ms},
                     .rest_last = milliseconds{settings.bid_rest_last_ms}};
  return options;
}

api::FormOptions forms_of(Settings const& settings) {
  bool const mails = !settings.smtp_url.empty() && !settings.forms_url.empty();
  return {settings.forms_url, settings.forms_per_minute_max, mails};
}

/// Null when no mail server is set.
std::unique_ptr<mail::Sender> mail_of(Settings const& settings) {
  if (settings.smtp_url.empty()) return nullptr;
  if (!mail::is_mailable(settings.smtp_from)) {
    throw std::runtime_error("LEADEX_SMTP_FROM is no address that mails could come from.");
  }
  mail::SenderOptions options;
  options.url = settings.smtp_url;
  options.user = settings.smtp_user;
  options.password = settings.smtp_password;
  options.from = settings.smtp_from;
  options.tls_required = settings.smtp_tls == "required";
  options.ca_file = settings.smtp_ca_file;
  return std::make_unique<mail::Sender>(std::move(options));
}

http::ServerOptions server_of(Settings const& settings, http::Router const& plain) {
  http::ServerOptions options;
  options.address = settings.bind;
  options.port = settings.port;
  options.threads = static_cast<std::size_t>(settings.threads);
  options.tls.cert_file = settings.tls_certificate.empty() ? settings.var + "/tls/server.crt"
                                                           : settings.tls_certificate;
  options.tls.key_file =
      settings.tls_key.empty() ? settings.var + "/tls/server.key" : settings.tls_key;
  options.limits.connections_max = static_cast<std::size_t>(settings.connections_max);
  options.limits.connections_per_address_max =
      static_cast<std::size_t>(settings.connections_per_address_max);
  options.limits.handshake_timeout = settings.handshake_timeout_s;
  // A head is small: it never gets more than the default, however long a body may take.
  options.limits.header_timeout =
      std::min<std::chrono::milliseconds>(options.limits.header_timeout, settings.read_timeout_s);
  options.limits.body_timeout = settings.read_timeout_s;
  options.limits.request_timeout = settings.read_timeout_s;
  options.limits.write_timeout = settings.write_timeout_s;
  options.limits.idle_timeout = settings.idle_timeout_s;
  options.limits.body_bytes_per_second_min =
      static_cast<std::uint64_t>(settings.upload_bytes_per_s_min);
  options.drain_timeout = settings.drain_s;
  if (settings.metrics_port != 0) {
    options.plain = http::PlainListener{"127.0.0.1", settings.metrics_port, &plain};
  }
  return options;
}

/// The host of the forms' pages: the API's limits and certificate, and a port of its own.
http::ServerOptions pages_of(Settings const& settings, http::Router const& plain) {
  auto options = server_of(settings, plain);
  options.port = settings.forms_port;
  options.threads = 1;
  options.plain.reset();
  return options;
}

}  // namespace leadex::program
