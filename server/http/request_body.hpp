#pragma once
// InputBuffer and RequestBody: the bytes of one connection and the body framed in them. Inside
// this room only; on the connection's thread.

#include <span>
#include <string_view>
#include <vector>

#include "server/http/chunked_decoder.hpp"
#include "server/http/framing_guard.hpp"
#include "server/http/transport.hpp"

namespace leadex::http {

/// Bytes read from the peer and not yet consumed. Grows as its user asks; a connection that goes
/// idle shrinks it, since thousands of those may wait.
class InputBuffer {
 public:
  [[nodiscard]] std::string_view view() const { return {bytes_.data() + begin_, end_ - begin_}; }
  [[nodiscard]] std::size_t size() const { return end_ - begin_; }
  void consume(std::size_t n);
  /// Room for `wanted` bytes or what is left of `bytes_max`, the most it holds in all.
  [[nodiscard]] std::span<char> prepare(std::size_t wanted, std::size_t bytes_max);
  void commit(std::size_t n) { end_ += n; }
  /// Gives the memory back when nothing is in it.
  void shrink();

 private:
  std::vector<char> bytes_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

/// The body of one request, by content-length or chunked, with the limits on size and speed.
class RequestBody final : public BodyStream {
 public:
  RequestBody(Connection& connection, InputBuffer& input, ParsedHead const& head,
              ServerLimits const& limits);

  [[nodiscard]] asio::awaitable<Result<std::size_t, BodyError>> read_some(
      std::span<char> into) override;
  [[nodiscard]] std::optional<std::uint64_t> content_length() const override;
  void limit(std::uint64_t bytes_max) override { bytes_max_ = bytes_max; }
  void allow_long() override { whole_by_ = Deadline::max(); }

  /// Skips the rest if all of it has already arrived. False: the connection cannot be used for
  /// another request, since nobody knows when, or if, the rest comes.
  [[nodiscard]] bool skip_rest();
  [[nodiscard]] std::uint64_t bytes_read() const { return bytes_read_; }

 private:
  [[nodiscard]] asio::awaitable<Result<std::size_t, BodyError>> read_identity(std::span<char> into);
  [[nodiscard]] asio::awaitable<Result<std::size_t, BodyError>> read_chunked(std::span<char> into);
  [[nodiscard]] asio::awaitable<Result<std::size_t, BodyError>> receive(std::span<char> into);
  [[nodiscard]] asio::awaitable<Result<void, BodyError>> send_continue();
  [[nodiscard]] tl::unexpected<BodyError> fail(BodyError error);
  [[nodiscard]] bool done() const { return chunked_ ? decoder_.done() : left_ == 0; }

  Connection& connection_;
  InputBuffer& input_;
  ServerLimits const& limits_;
  ChunkedDecoder decoder_;
  bool chunked_;
  bool owes_continue_;
  std::uint64_t length_;
  std::uint64_t left_;  // of the content-length
  std::uint64_t bytes_max_ = kBodyBytesDefault;
  std::uint64_t bytes_read_ = 0;      // decoded
  std::uint64_t bytes_received_ = 0;  // from the wire while somebody waited
  std::chrono::steady_clock::duration waited_{};
  Deadline whole_by_;
  std::optional<BodyError> error_;
};

}  // namespace leadex::http
