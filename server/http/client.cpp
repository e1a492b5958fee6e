#include "server/http/client.hpp"

#include "server/http/outgoing.hpp"

namespace leadex::http {

struct Client::Impl : Outgoing {
  using Outgoing::Outgoing;
};

Client::Client(ClientOptions options, std::shared_ptr<Resolver> resolver)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(resolver))) {}

Client::~Client() = default;

asio::awaitable<Result<ClientResponse, ClientError>> Client::send(ClientRequest request) const {
  auto const& options = impl_->options();
  auto const timeout = request.timeout.count() > 0 ? request.timeout : options.timeout;
  auto const deadline = std::chrono::steady_clock::now() + timeout;
  auto const target = check_webhook_url(request.url, options);
  if (!target) co_return refuse(target.error());
  auto const head = Outgoing::head_of(*target, request, true);
  if (!head) co_return refuse(ClientError::request_malformed);
  auto connection = co_await impl_->connect(*target, deadline);
  if (!connection) co_return refuse(connection.error());
  auto answer = co_await impl_->exchange(**connection, *head, request, deadline);
  (*connection)->abort();
  if (!answer) co_return refuse(answer.error());
  co_return std::move(answer->response);
}

}  // namespace leadex::http
