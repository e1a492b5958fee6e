#pragma once
// Outgoing: what the one-request client and the one that keeps connections share: the way to a
// peer that the rules allow, and one request with its answer. Inside this room only; a connection
// belongs to the executor it was made on.

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "server/http/client.hpp"
#include "server/http/transport.hpp"

namespace leadex::http {

/// An answer, and whether its connection may carry another request.
struct Exchanged {
  ClientResponse response;
  bool keeps_alive = false;
};

class Outgoing {
 public:
  /// Throws std::runtime_error when `ca_file` cannot be read.
  Outgoing(ClientOptions options, std::shared_ptr<Resolver> resolver);

  [[nodiscard]] ClientOptions const& options() const { return options_; }

  /// Resolves once, refuses unless every address is allowed, connects to one of those and checks
  /// the certificate against the target's host.
  [[nodiscard]] asio::awaitable<Result<std::unique_ptr<Connection>, ClientError>> connect(
      WebhookTarget target, Deadline deadline) const;

  /// The request's head as bytes; none when our own request is malformed.
  [[nodiscard]] static std::optional<std::string> head_of(WebhookTarget const& target,
                                                          ClientRequest const& request, bool close);

  /// Sends and reads one answer, at most answer_bytes_max of it. All arguments outlive the call.
  [[nodiscard]] asio::awaitable<Result<Exchanged, ClientError>> exchange(
      Connection& connection, std::string_view head, ClientRequest const& request,
      Deadline deadline) const;

 private:
  ClientOptions options_;
  std::shared_ptr<Resolver> resolver_;
  std::shared_ptr<TlsClientContext> context_;
};

}  // namespace leadex::http
