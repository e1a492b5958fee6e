#pragma once
// What the tests of the http room share: certificates made on the spot, a server with a few
// routes, and raw TLS and TCP clients that send bytes no proper client would.

#include <openssl/ssl.h>

#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "server/http/api_client.hpp"
#include "server/http/server.hpp"

namespace leadex::http::test {

/// A folder that goes away with the test.
class TempFolder {
 public:
  TempFolder();
  ~TempFolder();
  TempFolder(TempFolder const&) = delete;
  TempFolder& operator=(TempFolder const&) = delete;
  [[nodiscard]] std::string path(std::string const& name) const {
    return (folder_ / name).string();
  }

 private:
  std::filesystem::path folder_;
};

/// Writes a fresh self-signed P-256 certificate for 127.0.0.1, localhost and hook.example.com.
void write_certificate(std::string const& cert_file, std::string const& key_file, long serial);

/// Remembers what the server told, for assertions.
class RecordingObserver final : public Observer {
 public:
  struct Seen {
    std::string operation_id;
    int status;
    std::uint64_t bytes_in;
    std::uint64_t bytes_out;
    std::string peer_address;
    std::string request_id;
    std::string failure;
  };
  void answered(Exchange const& exchange) noexcept override;
  void connection_refused(std::string_view reason) noexcept override;
  [[nodiscard]] std::vector<Seen> seen() const;
  [[nodiscard]] std::size_t refused(std::string_view reason) const;

 private:
  mutable std::mutex mutex_;
  std::vector<Seen> seen_;
  std::vector<std::string> refused_;
};

/// A running server on a free port with the routes in support.cpp.
class TestServer {
 public:
  explicit TestServer(std::function<void(ServerOptions&)> const& change = {});
  ~TestServer();
  TestServer(TestServer const&) = delete;
  TestServer& operator=(TestServer const&) = delete;

  [[nodiscard]] std::uint16_t port() const { return server_->port(); }
  [[nodiscard]] Server& server() { return *server_; }
  [[nodiscard]] RecordingObserver& observer() { return observer_; }
  [[nodiscard]] ApiClient client() const;
  [[nodiscard]] std::string base_url() const;
  [[nodiscard]] std::string ca_file() const { return folder_.path("cert.pem"); }
  void renew_certificate(long serial) const;
  [[nodiscard]] int canaries() const { return canaries_.load(); }
  [[nodiscard]] int handled() const { return handled_.load(); }

  std::atomic<std::uint64_t> pulled{0};           ///< by the upload's source, told by the test
  std::atomic<std::uint64_t> pulled_at_start{0};  ///< what the late reader saw before reading

 private:
  void add_routes();

  TempFolder folder_;
  Router router_;
  Router plain_router_;
  RecordingObserver observer_;
  std::atomic<int> canaries_{0};
  std::atomic<int> handled_{0};
  std::unique_ptr<Server> server_;
};

/// A blocking TLS client on OpenSSL alone: sends any bytes, reads what comes.
class RawTls {
 public:
  struct Options {
    int version_min = 0;
    int version_max = 0;
    std::string ciphers12;
  };
  /// Nobody listening is no failure: connected() says it.
  struct Quietly {};
  explicit RawTls(std::uint16_t port) : RawTls(port, Options{}) {}
  RawTls(std::uint16_t port, Quietly quietly);
  RawTls(std::uint16_t port, Options const& options);
  ~RawTls();
  RawTls(RawTls const&) = delete;
  RawTls& operator=(RawTls const&) = delete;

  [[nodiscard]] bool connected() const { return connected_; }
  [[nodiscard]] std::string const& error() const { return error_; }
  [[nodiscard]] std::string version() const { return SSL_get_version(ssl_); }
  [[nodiscard]] long peer_serial() const;
  [[nodiscard]] SSL* native() { return ssl_; }
  /// False when the peer no longer takes bytes.
  bool send(std::string_view bytes);
  /// Everything until the peer closes or nothing has come for `patience_ms`.
  std::string read_all(int patience_ms = 3000);
  /// What is there, or comes within `patience_ms`; "" when nothing does.
  std::string read_some(int patience_ms = 3000);
  /// Until `text` was read (or as read_all); what was read.
  std::string read_until(std::string_view text, int patience_ms = 3000);
  [[nodiscard]] bool closed() const { return closed_; }

 private:
  void shake_hands(Options const& options);
  std::string read_while(std::function<bool(std::string const&)> const& more, int patience_ms);

  int socket_ = -1;
  SSL_CTX* context_ = nullptr;
  SSL* ssl_ = nullptr;
  bool connected_ = false;
  bool closed_ = false;
  std::string error_;
};

/// Sends bytes over plain TCP and reads until the peer closes.
[[nodiscard]] std::string exchange_plain(std::uint16_t port, std::string_view bytes);

/// The shared corpora; none (after a loud line) where they are not installed.
[[nodiscard]] std::optional<std::filesystem::path> shared_data(std::string const& name);

/// Waits until the condition holds; false after two seconds.
[[nodiscard]] bool eventually(std::function<bool()> const& condition);

/// Runs one coroutine on a context of its own and returns its value.
[[nodiscard]] Response run_router(Router const& router, Request& request);

}  // namespace leadex::http::test
