#include "server/http/outgoing.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

#include "server/http/address_guard.hpp"
#include "server/http/request_writer.hpp"
#include "server/http/response_reader.hpp"

namespace leadex::http {

namespace {

using Clock = std::chrono::steady_clock;
using Addresses = std::vector<asio::ip::address>;
using ConnectionResult = Result<std::unique_ptr<Connection>, ClientError>;

constexpr std::size_t kAddressesTriedMax = 4;

ClientError to_client_error(IoError error) {
  switch (error) {
    case IoError::timeout:
      return ClientError::timeout;
    case IoError::tls_failed:
      return ClientError::tls_failed;
    case IoError::closed:
    case IoError::failed:
      break;
  }
  return ClientError::disconnected;
}

bool are_allowed(Addresses const& addresses, std::uint16_t port, ClientOptions const& options) {
  bool const port_is_open = port == 443 || port == 8443;
  return std::all_of(addresses.begin(), addresses.end(), [&](asio::ip::address const& address) {
    if (is_public(address)) return port_is_open;
    return options.allow_loopback && is_loopback(address);
  });
}

/// The first of the addresses that takes a connection. A peer with a wrong certificate ends the
/// search: the next address would be asked to make up for a broken trust.
asio::awaitable<ConnectionResult> connect_any(Addresses addresses, WebhookTarget target,
                                              std::shared_ptr<TlsClientContext> context,
                                              Deadline deadline) {
  auto const tries = std::min(addresses.size(), kAddressesTriedMax);
  for (std::size_t i = 0; i < tries; ++i) {
    auto const share = (deadline - Clock::now()) / static_cast<std::int64_t>(tries - i);
    auto connection = co_await connect_tls({addresses[i], target.port}, target.host, context,
                                           Clock::now() + share);
    if (connection) co_return std::move(*connection);
    if (connection.error() == IoError::tls_failed) co_return refuse(ClientError::tls_failed);
  }
  co_return refuse(Clock::now() >= deadline ? ClientError::timeout : ClientError::connect_failed);
}

asio::awaitable<Result<Exchanged, ClientError>> read_answer(Connection& connection,
                                                            std::size_t bytes_max, bool no_body,
                                                            Deadline deadline) {
  ResponseReader reader(bytes_max, no_body);
  std::array<char, 4096> bytes{};
  auto state = ResponseReader::State::more;
  bool ended = false;
  while (state == ResponseReader::State::more) {
    auto const n = co_await connection.read_some(bytes, deadline);
    if (n) {
      state = reader.put({bytes.data(), *n});
    } else if (n.error() == IoError::closed && reader.has_begun()) {
      ended = true;
      state = reader.put_end();
      if (state == ResponseReader::State::malformed) co_return refuse(ClientError::disconnected);
    } else {
      co_return refuse(to_client_error(n.error()));
    }
  }
  if (state == ResponseReader::State::malformed) co_return refuse(ClientError::answer_malformed);
  Exchanged done;
  done.response.status = reader.status();
  done.response.headers = reader.headers();
  done.response.body = std::move(reader.body());
  done.response.cut = state == ResponseReader::State::full;
  done.keeps_alive = !ended && !done.response.cut && reader.keeps_alive();
  co_return done;
}

}  // namespace

Outgoing::Outgoing(ClientOptions options, std::shared_ptr<Resolver> resolver)
    : options_(std::move(options)), resolver_(std::move(resolver)) {
  auto context = make_tls_client_context(options_.ca_file);
  if (!context) throw std::runtime_error(context.error());
  context_ = std::move(*context);
  if (!resolver_) resolver_ = make_system_resolver();
}

asio::awaitable<ConnectionResult> Outgoing::connect(WebhookTarget target, Deadline deadline) const {
  Addresses addresses;
  if (target.address) {
    addresses.push_back(*target.address);
  } else {
    auto found = co_await resolver_->resolve(target.host, deadline);
    if (!found) co_return refuse(found.error());
    addresses = std::move(*found);
  }
  if (addresses.empty()) co_return refuse(ClientError::resolve_failed);
  if (!are_allowed(addresses, target.port, options_)) {
    co_return refuse(ClientError::address_refused);
  }
  co_return co_await connect_any(std::move(addresses), std::move(target), context_, deadline);
}

std::optional<std::string> Outgoing::head_of(WebhookTarget const& target,
                                             ClientRequest const& request, bool close) {
  RequestHead head;
  head.method = request.method;
  head.target = target.target;
  head.host = target.host;
  head.port = target.port;
  head.close = close;
  head.content_length = request.body.size();
  head.has_body = !request.body.empty() || request.method == "POST";
  return write_request_head(head, request.headers);
}

asio::awaitable<Result<Exchanged, ClientError>> Outgoing::exchange(Connection& connection,
                                                                   std::string_view head,
                                                                   ClientRequest const& request,
                                                                   Deadline deadline) const {
  auto const sent = co_await connection.write(head, request.body, deadline);
  // A receiver may answer and close before it has read everything: look for that answer first.
  auto answer = co_await read_answer(connection, options_.answer_bytes_max,
                                     request.method == "HEAD", deadline);
  if (!answer && !sent) co_return refuse(to_client_error(sent.error()));
  co_return answer;
}

}  // namespace leadex::http
