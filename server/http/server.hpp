#pragma once
// Server: HTTPS listener with one io_context per thread (SO_REUSEPORT) and, when asked, a plain
// listener on loopback. Built, started and stopped by main; the other calls come from any thread.

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "billing/values/result.hpp"
#include "server/http/router.hpp"

namespace leadex::http {

struct ServerLimits {
  std::size_t header_bytes_max = 16 * 1024;  ///< request line and all fields
  std::size_t header_count_max = 100;
  std::size_t target_bytes_max = 8 * 1024;
  std::chrono::milliseconds handshake_timeout{10'000};
  std::chrono::milliseconds header_timeout{10'000};   ///< whole head, from its first byte
  std::chrono::milliseconds body_timeout{30'000};     ///< for one read
  std::chrono::milliseconds request_timeout{30'000};  ///< from the head's end to that of the body,
                                                      ///< unless the route takes long ones
  std::uint64_t body_bytes_per_second_min = 1024;     ///< average over the time spent waiting…
  std::chrono::milliseconds body_rate_grace{10'000};  ///< …once that is longer than this
  std::chrono::milliseconds idle_timeout{75'000};
  std::chrono::milliseconds write_timeout{30'000};  ///< for each 64 KiB of an answer
  std::chrono::milliseconds close_timeout{1'000};   ///< TLS close and what still comes in
  std::size_t connections_max = 20'000;             ///< all threads together
  std::size_t connections_per_address_max = 0;      ///< 0 = off; IPv6 counts by /64
  std::size_t requests_in_flight_max = 4'096;       ///< above: 503 with Retry-After
};

struct TlsFiles {
  std::string cert_file;  ///< PEM, leaf first, then the chain
  std::string key_file;   ///< PEM
};

/// HTTP without TLS, for metrics and health on this machine; other addresses than loopback are
/// refused at start. Its router is not the public one.
struct PlainListener {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;
  Router const* router = nullptr;
};

struct ServerOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;  ///< 0: any free one, see Server::port()
  std::size_t threads = 1;
  TlsFiles tls;
  ServerLimits limits;
  std::chrono::milliseconds drain_timeout{10'000};
  std::chrono::milliseconds drain_idle_grace{500};  ///< a kept-alive connection may still ask
  std::vector<std::string> trusted_peers;           ///< addresses whose X-Forwarded-For is believed
  std::optional<PlainListener> plain;
};

/// One answered request. The views live only during the call; no body, query or header is told.
struct Exchange {
  std::string_view operation_id;  ///< empty when no route was found or framing was refused
  std::string_view method;
  int status = 0;
  std::chrono::steady_clock::duration duration{};
  std::uint64_t bytes_in = 0;   ///< body bytes read
  std::uint64_t bytes_out = 0;  ///< body bytes written
  std::string_view peer_address;
  std::string_view request_id;
  std::string_view failure;  ///< type of the exception a handler threw, else empty
};

/// Told of what happened, for logs and metrics. Called on all of the server's threads at once; it
/// must not block.
class Observer {
 public:
  virtual ~Observer() = default;
  virtual void answered(Exchange const& exchange) noexcept = 0;
  virtual void connection_opened() noexcept {}
  virtual void connection_closed() noexcept {}
  /// "limit", "address_limit", "handshake", "exception".
  virtual void connection_refused(std::string_view /*reason*/) noexcept {}
};

class Server {
 public:
  /// `router` and `observer` (may be null) outlive the server. Reads no file, opens no socket.
  Server(ServerOptions options, Router const& router, Observer* observer);
  ~Server();
  Server(Server const&) = delete;
  Server& operator=(Server const&) = delete;

  /// Loads the certificate, listens, starts the threads. Throws std::runtime_error when the
  /// certificate is unusable or the address is taken.
  void start();
  [[nodiscard]] std::uint16_t port() const;
  [[nodiscard]] std::uint16_t plain_port() const;  ///< 0 without a plain listener

  /// Reads the certificate files again; new connections use it. On an error the old one stays.
  Result<void, std::string> reload_certificate();

  /// Stops listening (what the kernel has already accepted is still served), ends each connection
  /// after its next answer and idle ones after `drain_idle_grace`. Does not wait.
  void begin_drain();
  /// Drains for at most `drain_timeout`, then cuts what is left and joins the threads. Idempotent.
  void stop();

  [[nodiscard]] std::size_t threads() const;
  /// The context of thread `i`; it lives as long as the server and runs from start() to stop().
  [[nodiscard]] boost::asio::io_context& context(std::size_t i);
  [[nodiscard]] std::size_t connections() const;
  [[nodiscard]] std::size_t requests_in_flight() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace leadex::http
