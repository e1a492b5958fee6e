#pragma once
// Rig: the running exchange that with_exchange.sh brought up, as the tests of its edges see it:
// keys, clients over HTTPS, raw TLS, its process. One thread per Rig; a test makes its own.

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/http/api_client.hpp"
#include "server/json/value.hpp"
#include "tests/server/http/support.hpp"

namespace leadex::e2e {

using http::test::RawTls;
using http::test::shared_data;

inline constexpr std::string_view kMarket = "auto-insurance.us.usd";

struct Reply {
  int status = 0;  ///< 0: no whole answer came
  http::Headers headers;
  std::string body;
  json::Document json;

  /// The text of a field of the body; "" when there is none.
  [[nodiscard]] std::string text(std::string_view name) const;
  [[nodiscard]] std::string code() const { return text("code"); }
  /// The code of the first of `errors`; "" when there is none.
  [[nodiscard]] std::string first_error() const;
  [[nodiscard]] json::Value const* find(std::string_view name) const;
};

struct Account {
  std::string id;
  std::string key;
};

/// What dev/credentials.json names.
struct Credentials {
  std::uint16_t port = 0;
  std::string ca_file;
  std::string admin;
  std::string verifier;
  std::vector<Account> generators;
  std::vector<Account> buyers;
};
[[nodiscard]] Credentials read_credentials();

/// Fails the test when a setting of with_exchange.sh is missing.
[[nodiscard]] std::string setting(char const* name);
[[nodiscard]] std::filesystem::path var_folder();

class Rig {
 public:
  explicit Rig(std::chrono::milliseconds timeout = std::chrono::seconds{60});

  [[nodiscard]] Credentials const& keys() const { return keys_; }
  [[nodiscard]] std::uint16_t port() const { return keys_.port; }
  [[nodiscard]] std::string const& generator() const { return keys_.generators.at(0).key; }
  [[nodiscard]] std::string const& buyer() const { return keys_.buyers.at(0).key; }

  /// One request, whose answer is checked against the contract; a POST gets an Idempotency-Key of
  /// its own unless `headers` bring one.
  Reply call(std::string_view method, std::string_view target, std::string const& key,
             std::string_view body = {}, http::Headers headers = {});
  Reply get(std::string_view target, std::string const& key) { return call("GET", target, key); }
  Reply post(std::string_view target, std::string const& key, std::string_view body) {
    return call("POST", target, key, body);
  }
  /// Streams `source` as the body of an upload to the seed market.
  Reply upload(http::UploadSource const& source, http::Headers headers, std::string query = {});
  Reply upload(std::string_view body, http::Headers headers, std::string query = {});

  /// Drops the kept-alive connection.
  void disconnect() { client_.disconnect(); }

 private:
  Reply take(std::string_view method, std::string_view target,
             Result<http::ApiResponse, http::ApiError> answer);

  Credentials keys_;
  http::ApiClient client_;
};

/// A lead that the seed market takes; `n` makes its person, equal numbers the same one.
[[nodiscard]] std::string lead_json(std::int64_t n);
/// Numbers of persons that no earlier test of this exchange has used.
[[nodiscard]] std::int64_t fresh_person();
[[nodiscard]] std::string idempotency_key();

/// Resident memory of the process, in bytes; 0 when it is gone.
[[nodiscard]] std::int64_t resident_bytes(pid_t pid);
/// The server that deploy/up started.
[[nodiscard]] pid_t server_pid();
/// Said by a test that stopped that server itself; asked at the end.
void note_server_stopped();
[[nodiscard]] bool server_was_stopped();
/// Whether the process runs (a zombie does not).
[[nodiscard]] bool is_running(pid_t pid);
[[nodiscard]] bool within(std::chrono::milliseconds time, std::function<bool()> const& condition);
/// The server's log so far.
[[nodiscard]] std::string server_log();
[[nodiscard]] std::string read_file(std::filesystem::path const& path);

}  // namespace leadex::e2e
