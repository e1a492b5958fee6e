#include "server/http/session.hpp"

#include <cxxabi.h>

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <cstdlib>
#include <exception>
#include <typeinfo>

#include "server/http/problem.hpp"
#include "server/http/request_id.hpp"
#include "server/http/response_writer.hpp"
#include "server/http/target.hpp"

namespace leadex::http {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kPieceBytes = 64 * 1024;

/// A CR or LF that stands alone among the bytes from `from` on; the last byte may still wait for
/// its partner. Such a head is refused at once instead of waiting for an end that may never come.
bool has_bare_line_end(std::string_view bytes, std::size_t from) {
  for (std::size_t i = from; i < bytes.size(); ++i) {
    if (bytes[i] == '\n' && (i == 0 || bytes[i - 1] != '\r')) return true;
    if (bytes[i] != '\n' && i > 0 && bytes[i - 1] == '\r') return true;
  }
  return false;
}

/// The type is enough for a log; what() might hold a value of the request.
std::string type_name(std::exception const& error) {
  int status = 0;
  std::unique_ptr<char, decltype(&std::free)> const name(
      abi::__cxa_demangle(typeid(error).name(), nullptr, nullptr, &status), &std::free);
  return status == 0 ? name.get() : typeid(error).name();
}

std::string lower_case(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

class InFlight {
 public:
  explicit InFlight(std::atomic<std::size_t>& count) : count_(count), mine_(++count) {}
  ~InFlight() { --count_; }
  InFlight(InFlight const&) = delete;
  InFlight& operator=(InFlight const&) = delete;
  [[nodiscard]] std::size_t count() const { return mine_; }

 private:
  std::atomic<std::size_t>& count_;
  std::size_t mine_;
};

}  // namespace

Session::Session(std::unique_ptr<Connection> connection, std::string peer_address,
                 SessionShared const& shared, bool const& draining)
    : connection_(std::move(connection)),
      peer_address_(std::move(peer_address)),
      shared_(shared),
      draining_(draining) {}

void Session::cancel_if_idle() noexcept {
  if (idle_) connection_->cancel();
}

asio::awaitable<void> Session::run() {
  auto const& limits = shared_.limits;
  auto const ready = co_await connection_->handshake(Clock::now() + limits.handshake_timeout);
  if (!ready) {
    if (shared_.observer != nullptr) shared_.observer->connection_refused("handshake");
    connection_->abort();
    co_return;
  }
  if (shared_.observer != nullptr) shared_.observer->connection_opened();
  while (co_await serve_one()) {
  }
  co_await connection_->close(Clock::now() + limits.close_timeout);
  if (shared_.observer != nullptr) shared_.observer->connection_closed();
}

asio::awaitable<Session::HeadRead> Session::read_head() {
  auto const& limits = shared_.limits;
  std::optional<Deadline> head_deadline;
  if (input_.size() > 0) head_deadline = Clock::now() + limits.header_timeout;
  for (std::size_t seen = 0;;) {
    auto const bytes = input_.view();
    if (auto const end = find_head_end(bytes, seen)) {
      head_bytes_ = *end;
      co_return *end > limits.header_bytes_max ? HeadRead::too_large : HeadRead::complete;
    }
    if (bytes.size() >= limits.header_bytes_max) co_return HeadRead::too_large;
    if (has_bare_line_end(bytes, seen)) co_return HeadRead::malformed;
    seen = bytes.size();
    idle_ = !head_deadline;
    if (idle_) input_.shrink();
    // Who has just connected has a request to send: only a used connection may rest.
    auto const patience = first_ ? limits.header_timeout : limits.idle_timeout;
    auto const n =
        co_await connection_->read_some(input_.prepare(1, limits.header_bytes_max),
                                        head_deadline ? *head_deadline : Clock::now() + patience);
    idle_ = false;
    if (!n) co_return HeadRead::gone;
    input_.commit(*n);
    if (!head_deadline) head_deadline = Clock::now() + limits.header_timeout;
  }
}

asio::awaitable<bool> Session::serve_one() {
  switch (co_await read_head()) {
    case HeadRead::gone:
      co_return false;
    case HeadRead::too_large:
      co_await refuse_head(431, "headers_too_large");
      co_return false;
    case HeadRead::malformed:
      co_await refuse_head(400, "malformed_request");
      co_return false;
    case HeadRead::complete:
      break;
  }
  auto const& limits = shared_.limits;
  auto const head =
      parse_head(input_.view().substr(0, head_bytes_),
                 {limits.header_bytes_max, limits.header_count_max, limits.target_bytes_max});
  if (!head) {
    co_await refuse_head(status_of(head.error()), code_of(head.error()));
    co_return false;
  }
  auto request = make_request(*head);
  if (!request) {
    co_await refuse_head(400, "malformed_target");
    co_return false;
  }
  // The head's views point into the buffer; from here on only the request's copies are used.
  ParsedHead framing;
  framing.http_1_0 = head->http_1_0;
  framing.chunked = head->chunked;
  framing.content_length = head->content_length;
  framing.expect_continue = head->expect_continue;
  framing.close = head->close;
  input_.consume(head_bytes_);
  first_ = false;
  co_return co_await answer(*request, framing);
}

/// Answers a head that was refused. Nothing behind it is ever looked at: where the message ends
/// is exactly what is in doubt.
asio::awaitable<void> Session::refuse_head(int status, std::string_view code) {
  Request request;
  request.request_id = make_request_id();
  request.received_at = Clock::now();
  request.peer_address = peer_address_;
  auto response = make_problem(status, code, "The request's head was refused.", request.request_id);
  co_await send(response, request.request_id, true, false, false);
  tell(request, status, 0);
}

std::optional<Request> Session::make_request(ParsedHead const& head) const {
  auto target = split_target(head.target);
  if (!target) return std::nullopt;
  Request request;
  request.method = head.method;
  request.target = head.target;
  request.path = std::move(target->path);
  request.segments = std::move(target->segments);
  request.query = std::move(target->query);
  request.query_whole = target->query_whole;
  for (auto const& [name, value] : head.fields) {
    request.headers.add(lower_case(name), std::string(value));
  }
  request.peer_address = client_address(request.headers);
  request.request_id = make_request_id();
  request.received_at = Clock::now();
  return request;
}

/// The client behind a trusted proxy: the last address the proxy itself appended.
std::string Session::client_address(Headers const& headers) const {
  auto const& trusted = shared_.trusted_peers;
  if (std::find(trusted.begin(), trusted.end(), peer_address_) == trusted.end()) {
    return peer_address_;
  }
  if (headers.count("x-forwarded-for") != 1) return peer_address_;
  auto text = *headers.find("x-forwarded-for");
  if (auto const comma = text.rfind(','); comma != std::string_view::npos) {
    text.remove_prefix(comma + 1);
  }
  while (text.starts_with(' ')) text.remove_prefix(1);
  boost::system::error_code ec;
  auto const address = asio::ip::make_address(std::string(text), ec);
  return ec ? peer_address_ : address.to_string();
}

asio::awaitable<bool> Session::answer(Request& request, ParsedHead const& head) {
  RequestBody body(*connection_, input_, head, shared_.limits);
  request.body = &body;
  InFlight const in_flight(*shared_.requests_in_flight);

  Response response;
  failure_.clear();
  if (in_flight.count() > shared_.limits.requests_in_flight_max) {
    response = make_problem(503, "overloaded", "The server has too much to do. Try again.",
                            request.request_id, {}, Headers{{"Retry-After", "1"}});
  } else {
    response = co_await run_handler(request);
  }
  bool const close = !body.skip_rest() || head.close || draining_;
  bool const sent =
      co_await send(response, request.request_id, close, request.method == "HEAD", head.http_1_0);
  tell(request, response.status, body.bytes_read());
  co_return sent && !close;
}

asio::awaitable<Response> Session::run_handler(Request& request) {
  try {
    co_return co_await shared_.router->answer(request);
  } catch (std::exception const& error) {
    failure_ = type_name(error);
  } catch (...) {
    failure_ = "unknown";
  }
  co_return make_problem(500, "internal", "Something went wrong on our side.", request.request_id);
}

asio::awaitable<bool> Session::send(Response& response, std::string_view request_id, bool close,
                                    bool head_only, bool http_1_0) {
  bytes_out_ = 0;
  HeadOptions options{request_id, shared_.tls, close || (response.stream && http_1_0),
                      response.stream && !http_1_0};
  auto head = write_response_head(response, options);
  if (!head) {
    failure_ = "illegal response header";
    response = make_problem(500, "internal", "Something went wrong on our side.", request_id);
    options.chunked = false;
    head = write_response_head(response, options);
  }
  if (response.status == 204 || response.status == 304) head_only = true;
  if (!response.stream || head_only) {
    co_return co_await send_pieces(*head, head_only ? std::string_view{} : response.body);
  }
  auto const sent =
      co_await connection_->write(*head, {}, Clock::now() + shared_.limits.write_timeout);
  if (!sent) co_return false;
  bool const whole = co_await send_stream(*response.stream, options.chunked);
  // A cut answer must not look whole: no last chunk, no polite close.
  if (!whole) connection_->abort();
  co_return whole && !options.close;
}

asio::awaitable<bool> Session::send_pieces(std::string_view head, std::string_view body) {
  bytes_out_ = body.size();
  do {
    auto const piece = body.substr(0, kPieceBytes);
    auto const sent =
        co_await connection_->write(head, piece, Clock::now() + shared_.limits.write_timeout);
    if (!sent) co_return false;
    head = {};
    body.remove_prefix(piece.size());
  } while (!body.empty());
  co_return true;
}

asio::awaitable<bool> Session::send_stream(BodySource& source, bool chunked) {
  for (;;) {
    Result<std::string, SourceError> piece = refuse(SourceError::failed);
    try {
      piece = co_await source.next();
    } catch (std::exception const& error) {
      failure_ = type_name(error);
    } catch (...) {
      failure_ = "unknown";
    }
    if (!piece) co_return false;
    bytes_out_ += piece->size();
    bool const last = piece->empty();
    if (last && !chunked) co_return true;
    auto const size_line = chunked ? chunk_head(piece->size()) : std::string{};
    if (chunked) *piece += "\r\n";
    auto const sent =
        co_await connection_->write(size_line, *piece, Clock::now() + shared_.limits.write_timeout);
    if (!sent) co_return false;
    if (last) co_return true;
  }
}

void Session::tell(Request const& request, int status, std::uint64_t bytes_in) {
  if (shared_.observer == nullptr) return;
  Exchange exchange;
  exchange.operation_id = request.operation_id;
  exchange.method = request.method;
  exchange.status = status;
  exchange.duration = Clock::now() - request.received_at;
  exchange.bytes_in = bytes_in;
  exchange.bytes_out = bytes_out_;
  exchange.peer_address = request.peer_address;
  exchange.request_id = request.request_id;
  exchange.failure = failure_;
  shared_.observer->answered(exchange);
  failure_.clear();
}

}  // namespace leadex::http
