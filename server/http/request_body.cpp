#include "server/http/request_body.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace leadex::http {

namespace {

constexpr std::size_t kSmallBytes = 4 * 1024;
constexpr std::size_t kChunkInputBytes = 16 * 1024;
constexpr std::size_t kChunkInputMax = 64 * 1024;

using Clock = std::chrono::steady_clock;

}  // namespace

void InputBuffer::consume(std::size_t n) {
  begin_ += n;
  if (begin_ == end_) begin_ = end_ = 0;
}

std::span<char> InputBuffer::prepare(std::size_t wanted, std::size_t bytes_max) {
  if (begin_ > 0 && bytes_.size() - end_ < wanted) {
    std::memmove(bytes_.data(), bytes_.data() + begin_, size());
    end_ -= begin_;
    begin_ = 0;
  }
  if (bytes_.size() - end_ < wanted && bytes_.size() < bytes_max) {
    auto const enough = std::max({kSmallBytes, bytes_.size() * 2, end_ + wanted});
    bytes_.resize(std::min(bytes_max, enough));
  }
  return std::span(bytes_).subspan(end_);
}

void InputBuffer::shrink() {
  if (size() == 0 && bytes_.size() > kSmallBytes) bytes_ = {};
}

RequestBody::RequestBody(Connection& connection, InputBuffer& input, ParsedHead const& head,
                         ServerLimits const& limits)
    : connection_(connection),
      input_(input),
      limits_(limits),
      chunked_(head.chunked),
      owes_continue_(head.expect_continue && (head.chunked || head.content_length > 0)),
      length_(head.content_length),
      left_(head.content_length),
      whole_by_(Clock::now() + limits.request_timeout) {}

std::optional<std::uint64_t> RequestBody::content_length() const {
  if (chunked_) return std::nullopt;
  return length_;
}

tl::unexpected<BodyError> RequestBody::fail(BodyError error) {
  error_ = error;
  return refuse(error);
}

asio::awaitable<Result<std::size_t, BodyError>> RequestBody::read_some(std::span<char> into) {
  if (error_) co_return refuse(*error_);
  if (done() || into.empty()) co_return 0;
  if (length_ > bytes_max_) co_return fail(BodyError::too_large);
  if (owes_continue_) {
    owes_continue_ = false;
    if (auto const sent = co_await send_continue(); !sent) co_return fail(sent.error());
  }
  auto const n = chunked_ ? co_await read_chunked(into) : co_await read_identity(into);
  if (!n) co_return fail(n.error());
  bytes_read_ += *n;
  if (bytes_read_ > bytes_max_) co_return fail(BodyError::too_large);
  co_return *n;
}

asio::awaitable<Result<std::size_t, BodyError>> RequestBody::read_identity(std::span<char> into) {
  auto const wanted = static_cast<std::size_t>(std::min<std::uint64_t>(left_, into.size()));
  std::size_t got = std::min(wanted, input_.size());
  if (got > 0) {
    std::copy_n(input_.view().data(), got, into.data());
    input_.consume(got);
  } else {
    auto const n = co_await receive(into.first(wanted));
    if (!n) co_return refuse(n.error());
    got = *n;
  }
  left_ -= got;
  co_return got;
}

asio::awaitable<Result<std::size_t, BodyError>> RequestBody::read_chunked(std::span<char> into) {
  for (;;) {
    auto const step = decoder_.decode(std::span(input_.view()), into);
    if (!step) co_return refuse(BodyError::malformed);
    input_.consume(step->consumed);
    if (step->produced > 0 || done()) co_return step->produced;
    auto const n = co_await receive(input_.prepare(kChunkInputBytes, kChunkInputMax));
    if (!n) co_return refuse(n.error());
    input_.commit(*n);
  }
}

asio::awaitable<Result<std::size_t, BodyError>> RequestBody::receive(std::span<char> into) {
  auto const started = Clock::now();
  auto const n = co_await connection_.read_some(into, started + limits_.body_timeout);
  if (!n) {
    co_return refuse(n.error() == IoError::timeout ? BodyError::too_slow : BodyError::disconnected);
  }
  // Only time spent waiting for the peer counts: a handler may take as long as it needs.
  waited_ += Clock::now() - started;
  bytes_received_ += *n;
  // Looked at between the reads: one that timed out has closed the connection, and nobody hears
  // why.
  if (Clock::now() > whole_by_) co_return refuse(BodyError::too_slow);
  if (waited_ > limits_.body_rate_grace) {
    auto const seconds = std::chrono::duration<double>(waited_).count();
    auto const least = seconds * static_cast<double>(limits_.body_bytes_per_second_min);
    if (static_cast<double>(bytes_received_) < least) co_return refuse(BodyError::too_slow);
  }
  co_return *n;
}

asio::awaitable<Result<void, BodyError>> RequestBody::send_continue() {
  auto const sent = co_await connection_.write("HTTP/1.1 100 Continue\r\n\r\n", {},
                                               Clock::now() + limits_.write_timeout);
  if (!sent) co_return refuse(BodyError::disconnected);
  co_return Result<void, BodyError>{};
}

bool RequestBody::skip_rest() {
  if (error_) return false;
  if (done()) return true;
  if (owes_continue_) return false;
  if (!chunked_) {
    if (left_ > input_.size()) return false;
    input_.consume(static_cast<std::size_t>(left_));
    left_ = 0;
    return true;
  }
  std::array<char, 1024> dropped{};
  while (!done() && input_.size() > 0) {
    auto const step = decoder_.decode(std::span(input_.view()), dropped);
    if (!step) return false;
    input_.consume(step->consumed);
  }
  return done();
}

}  // namespace leadex::http
