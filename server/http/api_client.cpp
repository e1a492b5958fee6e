#include "server/http/api_client.hpp"

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <vector>

#include "server/http/request_writer.hpp"
#include "server/http/response_reader.hpp"
#include "server/http/response_writer.hpp"
#include "server/http/transport.hpp"

namespace leadex::http {

namespace {

using tcp = asio::ip::tcp;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kPieceBytes = 64 * 1024;

struct Base {
  std::string host;
  std::uint16_t port = 443;
};

std::optional<Base> parse_base(std::string const& base_url) {
  auto const url = boost::urls::parse_uri(base_url);
  if (!url || url->scheme_id() != boost::urls::scheme::https || url->has_userinfo() ||
      url->has_query() || url->has_fragment() || url->encoded_host().empty()) {
    return std::nullopt;
  }
  auto const path = url->encoded_path();
  if (!path.empty() && path != "/") return std::nullopt;
  Base base;
  auto const host = url->host_address();  // without the brackets of IPv6
  base.host.assign(host.data(), host.size());
  if (url->has_port()) base.port = url->port_number();
  return base;
}

ApiError to_api_error(IoError error) {
  switch (error) {
    case IoError::timeout:
      return ApiError::timeout;
    case IoError::tls_failed:
      return ApiError::tls_failed;
    case IoError::closed:
    case IoError::failed:
      break;
  }
  return ApiError::closed;
}

/// What became of one exchange; `untouched`: not one byte of an answer came.
struct Outcome {
  Result<ApiResponse, ApiError> answer = refuse(ApiError::closed);
  bool untouched = true;
  bool keep = false;
};

}  // namespace

std::string_view to_string(ApiError error) {
  switch (error) {
    case ApiError::url_malformed:
      return "url_malformed";
    case ApiError::ca_unreadable:
      return "ca_unreadable";
    case ApiError::connect_failed:
      return "connect_failed";
    case ApiError::tls_failed:
      return "tls_failed";
    case ApiError::closed:
      return "closed";
    case ApiError::timeout:
      return "timeout";
    case ApiError::answer_malformed:
      return "answer_malformed";
    case ApiError::answer_too_large:
      return "answer_too_large";
    case ApiError::source_failed:
      return "source_failed";
    case ApiError::request_malformed:
      return "request_malformed";
  }
  return "unknown";
}

struct ApiClient::Impl {
  explicit Impl(ApiClientOptions given)
      : options(std::move(given)), base(parse_base(options.base_url)) {}

  template <class T>
  T run(asio::awaitable<T> work);
  std::optional<ApiError> ensure_connected();
  asio::awaitable<Result<std::unique_ptr<Connection>, ApiError>> connect();
  asio::awaitable<Outcome> exchange(std::string head, std::string_view body, bool no_body);
  asio::awaitable<Outcome> stream(std::string head, UploadSource const& source, bool chunked);
  asio::awaitable<Outcome> read_answer(bool no_body);
  [[nodiscard]] Deadline soon() const { return Clock::now() + options.timeout; }
  [[nodiscard]] Result<ApiResponse, ApiError> finish(Outcome outcome);

  ApiClientOptions options;
  std::optional<Base> base;
  std::shared_ptr<TlsClientContext> tls;
  asio::io_context context{1};
  std::unique_ptr<Connection> connection;  // after the context: it must die first
};

/// Runs one coroutine to its end on this thread.
template <class T>
T ApiClient::Impl::run(asio::awaitable<T> work) {
  std::optional<T> result;
  asio::co_spawn(context, std::move(work), [&result](std::exception_ptr failed, T value) {
    if (failed) std::rethrow_exception(failed);
    result.emplace(std::move(value));
  });
  context.restart();
  context.run();
  return std::move(result.value());
}

std::optional<ApiError> ApiClient::Impl::ensure_connected() {
  if (connection && connection->is_reusable()) return std::nullopt;
  connection.reset();
  if (!base) return ApiError::url_malformed;
  if (!tls) {
    auto made = make_tls_client_context(options.ca_file);
    if (!made) return ApiError::ca_unreadable;
    tls = std::move(*made);
  }
  auto connected = run(connect());
  if (!connected) return connected.error();
  connection = std::move(*connected);
  return std::nullopt;
}

asio::awaitable<Result<std::unique_ptr<Connection>, ApiError>> ApiClient::Impl::connect() {
  auto const deadline = Clock::now() + options.connect_timeout;
  tcp::resolver resolver(context);
  auto const [ec, found] =
      co_await resolver.async_resolve(base->host, "", asio::as_tuple(asio::use_awaitable));
  if (ec) co_return refuse(ApiError::connect_failed);
  auto error = ApiError::connect_failed;
  for (auto const& entry : found) {
    auto made =
        co_await connect_tls({entry.endpoint().address(), base->port}, base->host, tls, deadline);
    if (made) co_return std::move(*made);
    if (made.error() == IoError::tls_failed) co_return refuse(ApiError::tls_failed);
    if (made.error() == IoError::timeout) error = ApiError::timeout;
  }
  co_return refuse(error);
}

asio::awaitable<Outcome> ApiClient::Impl::read_answer(bool no_body) {
  Outcome outcome;
  ResponseReader reader(options.answer_bytes_max, no_body);
  std::vector<char> bytes(kPieceBytes);
  auto state = ResponseReader::State::more;
  while (state == ResponseReader::State::more) {
    auto const n = co_await connection->read_some(bytes, soon());
    if (n) {
      outcome.untouched = false;
      state = reader.put({bytes.data(), *n});
      continue;
    }
    outcome.answer = refuse(to_api_error(n.error()));
    if (n.error() != IoError::closed || !reader.has_begun()) co_return outcome;
    state = reader.put_end();
    if (state != ResponseReader::State::done) co_return outcome;
  }
  if (state == ResponseReader::State::malformed) {
    outcome.answer = refuse(ApiError::answer_malformed);
  } else if (state == ResponseReader::State::full) {
    outcome.answer = refuse(ApiError::answer_too_large);
  } else {
    outcome.answer = ApiResponse{reader.status(), reader.headers(), std::move(reader.body())};
    outcome.keep = reader.keeps_alive();
  }
  co_return outcome;
}

asio::awaitable<Outcome> ApiClient::Impl::exchange(std::string head, std::string_view body,
                                                   bool no_body) {
  auto const sent = co_await connection->write(head, body, soon());
  auto outcome = co_await read_answer(no_body);
  if (!sent) outcome.keep = false;
  co_return outcome;
}

asio::awaitable<Outcome> ApiClient::Impl::stream(std::string head, UploadSource const& source,
                                                 bool chunked) {
  std::vector<char> piece(kPieceBytes);
  auto sent = co_await connection->write(head, {}, soon());
  while (sent) {
    auto const n = source(piece);
    if (!n) {
      Outcome given_up;
      given_up.answer = refuse(ApiError::source_failed);
      co_return given_up;
    }
    std::string_view const bytes(piece.data(), *n);
    if (chunked) {
      sent = co_await connection->write(chunk_head(*n), bytes, soon());
      if (sent) sent = co_await connection->write("\r\n", {}, soon());
    } else if (*n > 0) {
      sent = co_await connection->write(bytes, {}, soon());
    }
    if (*n == 0) break;
  }
  // A write that failed mostly means that the server answered early and closed: read that answer.
  auto outcome = co_await read_answer(false);
  if (!sent) outcome.keep = false;
  co_return outcome;
}

Result<ApiResponse, ApiError> ApiClient::Impl::finish(Outcome outcome) {
  if (!outcome.keep) connection.reset();
  return std::move(outcome.answer);
}

ApiClient::ApiClient(ApiClientOptions options)
    : impl_(std::make_unique<Impl>(std::move(options))) {}
ApiClient::~ApiClient() = default;
ApiClient::ApiClient(ApiClient&&) noexcept = default;
ApiClient& ApiClient::operator=(ApiClient&&) noexcept = default;

void ApiClient::disconnect() { impl_->connection.reset(); }

Result<ApiResponse, ApiError> ApiClient::call(std::string_view method, std::string_view target,
                                              Headers const& headers, std::string_view body,
                                              OnClosed on_closed) {
  for (bool again = on_closed == OnClosed::resend;; again = false) {
    bool const was_kept = impl_->connection != nullptr;
    if (auto const error = impl_->ensure_connected()) return refuse(*error);
    RequestHead head;
    head.method = method;
    head.target = target;
    head.host = impl_->base->host;
    head.port = impl_->base->port;
    head.content_length = body.size();
    head.has_body = !body.empty() || method == "POST" || method == "PUT" || method == "PATCH";
    auto bytes = write_request_head(head, headers);
    if (!bytes) return refuse(ApiError::request_malformed);
    auto outcome = impl_->run(impl_->exchange(std::move(*bytes), body, method == "HEAD"));
    bool const lost = !outcome.answer && outcome.answer.error() == ApiError::closed;
    bool const resend = lost && outcome.untouched && was_kept && again;
    auto answer = impl_->finish(std::move(outcome));
    if (!resend) return answer;
  }
}

Result<ApiResponse, ApiError> ApiClient::upload(std::string_view method, std::string_view target,
                                                Headers const& headers, UploadSource const& source,
                                                std::optional<std::uint64_t> length) {
  if (auto const error = impl_->ensure_connected()) return refuse(*error);
  RequestHead head;
  head.method = method;
  head.target = target;
  head.host = impl_->base->host;
  head.port = impl_->base->port;
  head.content_length = length;
  auto bytes = write_request_head(head, headers);
  if (!bytes) return refuse(ApiError::request_malformed);
  return impl_->finish(impl_->run(impl_->stream(std::move(*bytes), source, !length)));
}

}  // namespace leadex::http
