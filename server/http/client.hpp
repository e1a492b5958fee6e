#pragma once
// Client: the one way to the outside (webhooks, postbacks, bid requests) with the rules against
// server-side request forgery. One per process; send() runs on the caller's executor.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/address.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "billing/values/result.hpp"
#include "server/http/headers.hpp"

namespace leadex::http {

namespace asio = boost::asio;

enum class ClientError {
  url_malformed,      ///< not an absolute URL, too long, a fragment, an odd host
  scheme_refused,     ///< anything but https
  user_info_refused,  ///< user or password in the URL
  port_refused,       ///< another port than 443 or 8443
  address_refused,    ///< an address that is not public
  resolve_failed,     ///< no such name, or the resolver is overloaded
  connect_failed,
  tls_failed,         ///< certificate or name wrong
  timeout,            ///< the whole time was used up
  disconnected,       ///< closed before the answer was complete
  answer_malformed,   ///< the answer is not HTTP
  request_malformed,  ///< our own request: method or a header
};
[[nodiscard]] std::string_view to_string(ClientError error);

struct ClientOptions {
  bool allow_loopback = false;                ///< only where the database's environment is `dev`
  std::string ca_file;                        ///< PEM; empty: the system's authorities
  std::chrono::milliseconds timeout{10'000};  ///< resolve to last byte of the answer
  std::size_t answer_bytes_max = 4096;        ///< the rest of an answer is cut off
  std::size_t url_bytes_max = 2048;
};

/// A URL that passed the syntax rules, taken apart once; nobody parses it a second time.
struct WebhookTarget {
  std::string host;  ///< lower case name, or an address without brackets
  std::uint16_t port = 443;
  std::string target;                               ///< path and query
  std::optional<boost::asio::ip::address> address;  ///< when the host is an address literal
};

/// Checks a URL as a target without any look-up: what registration of a webhook needs.
/// https only, no user-info, port 443 or 8443, a public address or a dotted DNS name; with
/// `allow_loopback` also loopback addresses and `localhost` on any port.
[[nodiscard]] Result<WebhookTarget, ClientError> check_webhook_url(std::string_view url,
                                                                   ClientOptions const& options);

/// Names to addresses. The system's resolver by default; tests bring their own.
class Resolver {
 public:
  virtual ~Resolver() = default;
  /// All addresses of both families; an empty list or `resolve_failed` when there is none.
  [[nodiscard]] virtual asio::awaitable<Result<std::vector<asio::ip::address>, ClientError>>
  resolve(std::string host, std::chrono::steady_clock::time_point deadline) = 0;
};

/// getaddrinfo on a few threads of its own, so that a dead name server delays nobody else.
[[nodiscard]] std::shared_ptr<Resolver> make_system_resolver(std::size_t threads = 4,
                                                             std::size_t pending_max = 256);

struct ClientRequest {
  std::string method = "POST";
  std::string url;
  Headers headers;  ///< without Host, Content-Length and Connection
  std::string body;
  std::chrono::milliseconds timeout{0};  ///< 0: as in the options
};

struct ClientResponse {
  int status = 0;
  Headers headers;
  std::string body;  ///< at most answer_bytes_max bytes
  bool cut = false;  ///< there was more
};

class Client {
 public:
  /// Throws std::runtime_error when `ca_file` cannot be read.
  explicit Client(ClientOptions options, std::shared_ptr<Resolver> resolver = nullptr);
  ~Client();
  Client(Client const&) = delete;
  Client& operator=(Client const&) = delete;

  /// One request on a connection of its own: resolve once, refuse unless every address is
  /// allowed, connect to one of those, check the certificate against the URL's host, no redirect.
  [[nodiscard]] asio::awaitable<Result<ClientResponse, ClientError>> send(
      ClientRequest request) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace leadex::http
