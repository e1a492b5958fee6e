#pragma once
// Transport: byte connections with a deadline on every wait, over TLS or plain TCP. Inside this
// room only; beast_tls.cpp alone knows that Beast and Asio's ssl stand behind it. A connection
// belongs to the thread of its io_context.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "billing/values/result.hpp"
#include "server/http/server.hpp"

namespace leadex::http {

using Deadline = std::chrono::steady_clock::time_point;

enum class IoError { closed, timeout, failed, tls_failed };

class Connection {
 public:
  virtual ~Connection() = default;

  /// The server's side of the TLS handshake; nothing on a plain connection.
  [[nodiscard]] virtual asio::awaitable<Result<void, IoError>> handshake(Deadline deadline) = 0;
  /// At least one byte. A time-out closes the socket: nothing can be sent afterwards.
  [[nodiscard]] virtual asio::awaitable<Result<std::size_t, IoError>> read_some(
      std::span<char> into, Deadline deadline) = 0;
  /// All of `first` and then `second` (may be empty), together in one TLS record when small.
  [[nodiscard]] virtual asio::awaitable<Result<void, IoError>> write(std::string_view first,
                                                                     std::string_view second,
                                                                     Deadline deadline) = 0;
  /// Ends it politely: close_notify and FIN, then drops what still comes in (unread bytes would
  /// turn into a reset that can destroy the last answer) until the peer closes or the deadline.
  [[nodiscard]] virtual asio::awaitable<void> close(Deadline deadline) = 0;
  /// Ends the pending read, if any; the connection stays usable.
  virtual void cancel() noexcept = 0;
  /// Whether a resting connection can take a request: not closed, and nothing unread came in.
  [[nodiscard]] virtual bool is_reusable() = 0;
  /// Closes the socket at once.
  virtual void abort() noexcept = 0;
};

class TlsServerContext;
class TlsClientContext;

/// TLS 1.2 (ECDHE, AEAD) and 1.3, no renegotiation, no compression. The error names the file.
[[nodiscard]] Result<std::shared_ptr<TlsServerContext>, std::string> make_tls_server_context(
    TlsFiles const& files);
/// Trusts the authorities in `ca_file`, or the system's when it is empty.
[[nodiscard]] Result<std::shared_ptr<TlsClientContext>, std::string> make_tls_client_context(
    std::string const& ca_file);

[[nodiscard]] std::unique_ptr<Connection> make_tls_connection(
    asio::ip::tcp::socket socket, std::shared_ptr<TlsServerContext> context);
[[nodiscard]] std::unique_ptr<Connection> make_plain_connection(asio::ip::tcp::socket socket);

/// Connects to that very address and checks the certificate against `host` (a name or an address
/// literal; a name is also sent as SNI).
[[nodiscard]] asio::awaitable<Result<std::unique_ptr<Connection>, IoError>> connect_tls(
    asio::ip::tcp::endpoint endpoint, std::string host, std::shared_ptr<TlsClientContext> context,
    Deadline deadline);

}  // namespace leadex::http
