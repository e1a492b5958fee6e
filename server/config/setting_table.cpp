#include "server/config/setting_table.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

namespace leadex::config {

namespace {

constexpr std::int64_t kPortMax = 65'535;
constexpr std::int64_t kMiB = 1 << 20;
constexpr std::int64_t kTextMax = 4096;

template <auto Member>
void set_number(Settings& settings, std::int64_t value) {
  using Type = std::remove_reference_t<decltype(settings.*Member)>;
  settings.*Member = Type{static_cast<Type>(value)};
}

template <auto Member>
std::int64_t get_number(Settings const& settings) {
  if constexpr (requires { (settings.*Member).count(); }) {
    return (settings.*Member).count();
  } else if constexpr (requires { (settings.*Member).micros; }) {
    return (settings.*Member).micros;
  } else {
    return static_cast<std::int64_t>(settings.*Member);
  }
}

template <auto Member>
Setting number(std::string_view key, Kind kind, std::int64_t min, std::int64_t max,
               std::string_view help) {
  Setting made{key, kind, help};
  made.min = min;
  made.max = max;
  made.set_number = set_number<Member>;
  made.get_number = get_number<Member>;
  return made;
}

Setting words(std::string_view key, std::string Settings::*member, std::string_view help,
              Kind kind = Kind::text, std::string_view choices = {}) {
  Setting made{key, kind, help};
  made.max = kTextMax;
  made.choices = choices;
  made.text = member;
  return made;
}

Setting required(Setting made) {
  made.min = 1;
  return made;
}

Setting hidden(Setting made) {
  made.secret = true;
  return made;
}

using S = Settings;

std::vector<Setting> places_and_listening() {
  return {
      required(words("var", &S::var, "Folder of everything the program keeps on disk.")),
      required(words("schemas", &S::schemas, "Folder of the API contract and the migrations.")),
      words("tls_certificate", &S::tls_certificate, "Certificate chain of the server, PEM."),
      words("tls_key", &S::tls_key, "Private key of the server, PEM."),
      words("root_key_file", &S::root_key_file, "Root key of all sealing, outside the database."),
      words("epochs_folder", &S::epochs_folder,
            "Folder of the months' epoch files, outside the database and its backups."),
      words("disposable_domains_file", &S::disposable_domains_file,
            "One e-mail domain a line that intake refuses as disposable; read again each hour."),
      words("dns_servers", &S::dns_servers,
            "Name servers, comma-separated, that are asked whether a domain takes mail."),
      number<&S::port>("port", Kind::number, 1, kPortMax, "Port of the API."),
      words("bind", &S::bind, "Address to listen on.", Kind::address),
      number<&S::metrics_port>("metrics_port", Kind::number, 0, kPortMax,
                               "Loopback port of /metrics; 0 opens none."),
      number<&S::threads>("threads", Kind::number, 1, 256, "Threads serving connections."),
      number<&S::connections_max>("connections_max", Kind::number, 1, 1'000'000,
                                  "Connections open at once; more are closed at once."),
      number<&S::connections_per_address_max>(
          "connections_per_address_max", Kind::number, 0, 1'000'000,
          "Connections of one address (IPv6: of one /64); 0: no limit of its own."),
      number<&S::handshake_timeout_s>("handshake_timeout_s", Kind::seconds, 1, 60,
                                      "Time for a TLS handshake."),
      number<&S::read_timeout_s>(
          "read_timeout_s", Kind::seconds, 1, 600,
          "Time for a whole request, and in an upload for each piece of it."),
      number<&S::handler_timeout_s>("handler_timeout_s", Kind::seconds, 1, 600,
                                    "Time for work to begin that the answer needs; then 503."),
      number<&S::write_timeout_s>("write_timeout_s", Kind::seconds, 1, 600,
                                  "Time for the answer to be taken."),
      number<&S::idle_timeout_s>("idle_timeout_s", Kind::seconds, 1, 600,
                                 "Time a kept connection may rest."),
      number<&S::drain_s>("drain_s", Kind::seconds, 0, 600,
                          "Time open requests get when the program stops."),
  };
}

std::vector<Setting> database_and_markets() {
  return {
      hidden(words("database", &S::database, "Connection string of the run-time role.")),
      hidden(words("database_owner", &S::database_owner,
                   "Connection string of the owner, for migrations only.")),
      number<&S::db_pool_threads>("db_pool_threads", Kind::number, 1, 256,
                                  "Database connections besides those of the markets."),
      words("environment", &S::environment,
            "Expected environment; the database's own word decides.", Kind::choice,
            "dev|production"),
      number<&S::deposit_limit>("deposit_limit", Kind::money, 0, kAmountMax.micros,
                                "Deposits above it need a second person."),
      number<&S::market_queue_max>("market_queue_max", Kind::number, 1, 1'000'000,
                                   "Commands waiting for one market; more answer 503."),
      number<&S::batch_decisions_max>("batch_decisions_max", Kind::number, 1, 128,
                                      "Decisions in one commit."),
      number<&S::batch_bytes_max>("batch_bytes_max", Kind::bytes, 1 << 16, 16 * kMiB,
                                  "Bytes in one commit."),
      number<&S::real_time_p99_ms>("real_time_p99_ms", Kind::number, 0, 10'000,
                                   "Uploads give way while real-time p99 is above; 0: never."),
      number<&S::holdout_bp>("holdout_bp", Kind::number, 0, kBasisPointsWhole,
                             "Share of sales per acquisition that staff verifies, of 10000."),
  };
}

std::vector<Setting> traffic_and_logs() {
  return {
      number<&S::body_bytes_max>("body_bytes_max", Kind::bytes, 1 << 10, 64 * kMiB,
                                 "Largest request body that is no upload."),
      number<&S::upload_bytes_max>("upload_bytes_max", Kind::bytes, 1, kMiB * kMiB,
                                   "Largest upload, unpacked."),
      number<&S::upload_rows_max>("upload_rows_max", Kind::number, 1, 100'000'000,
                                  "Most rows in an upload."),
      number<&S::upload_bytes_per_s_min>("upload_bytes_per_s_min", Kind::bytes, 1, kMiB,
                                         "Slowest upload that is kept waiting for."),
      number<&S::upload_cut_s>("upload_cut_s", Kind::seconds, 5, 86'400,
                               "Time after which an upload that broke off is closed."),
      number<&S::refused_rows_kept_s>("refused_rows_kept_s", Kind::seconds, 60, 90 * 86'400,
                                      "Time for which refused rows are kept as they came."),
      number<&S::row_bytes_max>("row_bytes_max", Kind::bytes, 1 << 10, kMiB,
                                "Largest row of an upload."),
      number<&S::columns_max>("columns_max", Kind::number, 1, 4096, "Most columns of an upload."),
      words("public_url", &S::public_url, "https://host under which visitors reach the links."),
      number<&S::clicks_per_minute_max>("clicks_per_minute_max", Kind::number, 0, 1'000'000,
                                        "Clicks of one address charged in a minute; 0: all."),
      words("click_bots", &S::click_bots,
            "Parts of user agents, comma-separated, whose visits are charged to nobody."),
      number<&S::webhook_connect_timeout_s>("webhook_connect_timeout_s", Kind::seconds, 1, 60,
                                            "Time to reach a webhook endpoint."),
      number<&S::webhook_timeout_s>("webhook_timeout_s", Kind::seconds, 1, 60,
                                    "Time a webhook call may take in all."),
      words("log_level", &S::log_level, "Least level that is logged.", Kind::choice,
            "debug|info|warn|error|off"),
      words("log_format", &S::log_format, "One JSON object a line, or text for a terminal.",
            Kind::choice, "json|text"),
  };
}

std::vector<Setting> forms_and_mail() {
  return {
      number<&S::forms_port>("forms_port", Kind::number, 0, kPortMax,
                             "Port of hosted forms, over TLS as the API; 0 serves none."),
      words("forms_url", &S::forms_url, "https://host of hosted forms; mails with links need it."),
      number<&S::forms_per_minute_max>("forms_per_minute_max", Kind::number, 0, 1'000'000,
                                       "Requests for forms by one address in a minute; 0: all."),
      words("smtp_url", &S::smtp_url,
            "Mail server that takes our mails, smtp://host:port or smtps://host:port."),
      words("smtp_user", &S::smtp_user, "User at the mail server, if it asks for one."),
      hidden(words("smtp_password", &S::smtp_password, "Password at the mail server.")),
      words("smtp_from", &S::smtp_from, "Address that mails come from."),
      words("smtp_tls", &S::smtp_tls, "Whether mail goes out without TLS when none is offered.",
            Kind::choice, "offered|required"),
      words("smtp_ca_file", &S::smtp_ca_file, "Certificates that vouch for the mail server, PEM."),
  };
}

std::vector<Setting> live_bids() {
  constexpr std::int64_t kHourMs = 3'600'000;
  return {
      number<&S::bid_asked_max>("bid_asked_max", Kind::number, 0, 1000,
                                "Campaigns whose endpoints one ping asks for a bid; 0: none."),
      number<&S::bid_answer_reserve_ms>(
          "bid_answer_reserve_ms", Kind::number, 0, 1000,
          "Of a ping's tmax_ms, kept for the auction and the answer."),
      number<&S::bid_late_ms>("bid_late_ms", Kind::number, 0, 10'000,
                              "Longer wait for a late bid, which keeps its connection whole."),
      number<&S::bid_in_flight_max>("bid_in_flight_max", Kind::number, 1, 100'000,
                                    "Requests for bids on their way at once."),
      number<&S::bid_in_flight_per_endpoint_max>("bid_in_flight_per_endpoint_max", Kind::number, 1,
                                                 10'000, "Of these, to one endpoint."),
      number<&S::bid_failures_max>("bid_failures_max", Kind::number, 1, 1000,
                                   "Failures in a row after which an endpoint rests."),
      number<&S::bid_rest_first_ms>("bid_rest_first_ms", Kind::number, 1, kHourMs,
                                    "First rest of such an endpoint; each next is twice as long."),
      number<&S::bid_rest_last_ms>("bid_rest_last_ms", Kind::number, 1, kHourMs, "Longest rest."),
  };
}

std::vector<Setting> make_table() {
  auto table = places_and_listening();
  for (auto const& part :
       {database_and_markets(), traffic_and_logs(), forms_and_mail(), live_bids()}) {
    table.insert(table.end(), part.begin(), part.end());
  }
  return table;
}

std::optional<std::int64_t> whole_number(std::string_view value) {
  std::int64_t number{};
  auto const* const end = value.data() + value.size();
  auto const [at, fault] = std::from_chars(value.data(), end, number);
  if (fault != std::errc{} || at != end) return std::nullopt;
  return number;
}

/// 65536, 64KiB, 1MiB, 4GiB; a blank before the unit is fine.
std::optional<std::int64_t> byte_count(std::string_view value) {
  constexpr std::array<std::pair<std::string_view, std::int64_t>, 3> kUnits{
      {{"KiB", 1LL << 10}, {"MiB", 1LL << 20}, {"GiB", 1LL << 30}}};
  std::int64_t factor = 1;
  for (auto const& [unit, size] : kUnits) {
    if (!value.ends_with(unit)) continue;
    value.remove_suffix(unit.size());
    if (value.ends_with(' ')) value.remove_suffix(1);
    factor = size;
    break;
  }
  auto const count = whole_number(value);
  if (!count || *count < 0 || *count > std::numeric_limits<std::int64_t>::max() / factor) {
    return std::nullopt;
  }
  return *count * factor;
}

/// 10000 or 10000.00, at most six places, in micros.
std::optional<std::int64_t> money_micros(std::string_view value) {
  constexpr std::size_t kPlaces = 6;
  auto const digits = [](std::string_view part) {
    return !part.empty() && std::ranges::all_of(part, [](char c) { return c >= '0' && c <= '9'; });
  };
  auto const point = value.find('.');
  std::string_view const units = value.substr(0, point);
  std::string places;
  if (point != std::string_view::npos) {
    places = value.substr(point + 1);
    if (!digits(places) || places.size() > kPlaces) return std::nullopt;
  }
  constexpr std::size_t kUnitDigitsMax = 12;
  if (!digits(units) || units.size() > kUnitDigitsMax) return std::nullopt;
  places.resize(kPlaces, '0');
  return *whole_number(units) * kMicrosPerUnit + *whole_number(places);
}

std::string print_money(std::int64_t micros) {
  auto text = fmt::format("{}.{:06}", micros / kMicrosPerUnit, micros % kMicrosPerUnit);
  constexpr std::size_t kHiddenZeros = 4;  // two places always stand
  for (std::size_t i = 0; i < kHiddenZeros && text.back() == '0'; ++i) text.pop_back();
  return text;
}

bool is_choice(std::string_view choices, std::string_view value) {
  while (!choices.empty()) {
    auto const word = choices.substr(0, choices.find('|'));
    if (word == value) return true;
    choices.remove_prefix(std::min(choices.size(), word.size() + 1));
  }
  return false;
}

bool is_address(std::string const& value) {
  in6_addr address{};
  return inet_pton(AF_INET, value.c_str(), &address) == 1 ||
         inet_pton(AF_INET6, value.c_str(), &address) == 1;
}

std::string assign_text(Setting const& setting, std::string_view value, Settings& settings) {
  if (value.find('\0') != std::string_view::npos) return "holds a NUL";
  std::string const words{value};
  if (setting.kind == Kind::choice && !is_choice(setting.choices, value)) {
    return fmt::format("must be one of {}", setting.choices);
  }
  if (setting.kind == Kind::address && !is_address(words)) return "must be an IP address";
  auto const size = static_cast<std::int64_t>(value.size());
  if (size < setting.min || size > setting.max) {
    return fmt::format("must have {} to {} bytes", setting.min, setting.max);
  }
  settings.*setting.text = words;
  return {};
}

}  // namespace

std::span<Setting const> setting_table() {
  static std::vector<Setting> const table = make_table();
  return table;
}

std::string assign(Setting const& setting, std::string_view value, Settings& settings) {
  if (setting.text != nullptr) return assign_text(setting, value, settings);
  auto const number = setting.kind == Kind::bytes   ? byte_count(value)
                      : setting.kind == Kind::money ? money_micros(value)
                                                    : whole_number(value);
  if (!number || *number < setting.min || *number > setting.max) {
    bool const money = setting.kind == Kind::money;
    return fmt::format("must be {} from {} to {}",
                       money                           ? "an amount like 10000.00"
                       : setting.kind == Kind::bytes   ? "a size like 65536 or 64KiB"
                       : setting.kind == Kind::seconds ? "whole seconds"
                                                       : "a whole number",
                       money ? print_money(setting.min) : std::to_string(setting.min),
                       money ? print_money(setting.max) : std::to_string(setting.max));
  }
  setting.set_number(settings, *number);
  return {};
}

std::string print(Setting const& setting, Settings const& settings) {
  if (setting.text != nullptr) return settings.*setting.text;
  auto const number = setting.get_number(settings);
  return setting.kind == Kind::money ? print_money(number) : std::to_string(number);
}

std::string type_name(Setting const& setting) {
  switch (setting.kind) {
    case Kind::number:
      return "number";
    case Kind::bytes:
      return "bytes";
    case Kind::seconds:
      return "seconds";
    case Kind::money:
      return "money";
    case Kind::choice:
      return std::string{setting.choices};
    case Kind::address:
      return "address";
    case Kind::text:
      break;
  }
  return "text";
}

std::string environment_name(std::string_view key) {
  std::string made = "LEADEX_";
  for (char const c : key) made += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return made;
}

std::string flag_name(std::string_view key) {
  std::string made = "--";
  for (char const c : key) made += c == '_' ? '-' : c;
  return made;
}

}  // namespace leadex::config
