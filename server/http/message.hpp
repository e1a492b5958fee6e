#pragma once
// Request, Response and their bodies, as handlers see them. A request lives on the thread of its
// connection; a handler that leaves that thread must come back to its executor before it returns.

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "billing/values/result.hpp"
#include "server/http/headers.hpp"

namespace leadex::http {

namespace asio = boost::asio;

/// Why a request body could not be read to its end.
enum class BodyError { too_large, too_slow, disconnected, malformed };

/// The body of a request as a stream: nothing is read from the peer before the handler asks, so
/// back-pressure is TCP's. The server owns it; it outlives the handler. One reader at a time.
class BodyStream {
 public:
  virtual ~BodyStream() = default;

  /// Reads at least one byte into `into` (not empty), or 0 at the end of the body.
  [[nodiscard]] virtual asio::awaitable<Result<std::size_t, BodyError>> read_some(
      std::span<char> into) = 0;
  /// The announced length; none for a chunked body. No body at all is a length of 0.
  [[nodiscard]] virtual std::optional<std::uint64_t> content_length() const = 0;
  /// Sets the most bytes the body may have; the router calls it with the route's limit.
  virtual void limit(std::uint64_t bytes_max) = 0;
  /// Lets the body take longer than a whole request may; the router calls it for routes of uploads.
  virtual void allow_long() {}
};

/// A body held in memory: for tests of handlers and for calls made inside the process.
class MemoryBody final : public BodyStream {
 public:
  explicit MemoryBody(std::string bytes) : bytes_(std::move(bytes)) {}
  [[nodiscard]] asio::awaitable<Result<std::size_t, BodyError>> read_some(
      std::span<char> into) override;
  [[nodiscard]] std::optional<std::uint64_t> content_length() const override {
    return bytes_.size();
  }
  void limit(std::uint64_t bytes_max) override { limit_ = bytes_max; }

 private:
  std::string bytes_;
  std::size_t at_ = 0;
  std::uint64_t limit_ = UINT64_MAX;
};

/// Reads the whole body; `too_large` as soon as it is known to exceed `bytes_max`.
[[nodiscard]] asio::awaitable<Result<std::string, BodyError>> read_whole(BodyStream& body,
                                                                         std::size_t bytes_max);

struct Request {
  std::string method;                                      ///< as sent, upper case by custom
  std::string target;                                      ///< path and query as sent
  std::string path;                                        ///< still percent-encoded
  std::vector<std::string> segments;                       ///< decoded: "/a/b" is {"a","b"}
  std::vector<std::pair<std::string, std::string>> query;  ///< decoded, in order
  bool query_whole = true;                                 ///< false: pairs of it do not decode
  Headers headers;                                         ///< names in lower case
  std::string peer_address;                                ///< of the client, without port
  std::string request_id;                                  ///< req_ + 26 characters
  std::chrono::steady_clock::time_point received_at;       ///< when its head was complete
  std::chrono::steady_clock::time_point deadline;          ///< set by the router, per route
  PathParams params;                                       ///< set by the router
  std::string operation_id;                                ///< set by the router
  BodyStream* body = nullptr;                              ///< never null in a handler

  /// The first query value of that name.
  [[nodiscard]] std::optional<std::string_view> query_value(std::string_view name) const;
};

enum class SourceError { failed };

/// The body of an answer as a stream, sent chunked. An error cuts the connection, so that the
/// client cannot take a half answer for a whole one.
class BodySource {
 public:
  virtual ~BodySource() = default;
  /// The next piece; an empty one is the end.
  [[nodiscard]] virtual asio::awaitable<Result<std::string, SourceError>> next() = 0;
};

struct Response {
  int status = 200;
  Headers headers;                     ///< without length, connection, date: the server sets them
  std::string body;                    ///< used when there is no stream
  std::unique_ptr<BodySource> stream;  ///< a chunked answer of unknown length
};

/// An answer with a body of that media type.
[[nodiscard]] Response make_response(int status, std::string content_type, std::string body);

/// A handler is a named coroutine or a function returning one; the request outlives it. What it
/// throws becomes a 500 problem at the session's edge.
using Handler = std::function<asio::awaitable<Response>(Request&)>;

}  // namespace leadex::http
