#pragma once
// Session: one connection from handshake to close, request after request. Inside this room only;
// it lives in one coroutine on its worker's thread.

#include <atomic>
#include <memory>
#include <string>

#include "server/http/request_body.hpp"
#include "server/http/server.hpp"
#include "server/http/transport.hpp"

namespace leadex::http {

/// What all sessions of one listener share; outlives them.
struct SessionShared {
  Router const* router = nullptr;
  Observer* observer = nullptr;  // may be null
  ServerLimits limits;
  std::vector<std::string> trusted_peers;
  bool tls = true;
  std::atomic<std::size_t>* requests_in_flight = nullptr;
};

class Session {
 public:
  /// `draining` belongs to the worker of this thread and outlives the session.
  Session(std::unique_ptr<Connection> connection, std::string peer_address,
          SessionShared const& shared, bool const& draining);

  /// Serves until the peer or a limit ends the connection, then closes it.
  [[nodiscard]] asio::awaitable<void> run();

  /// Ends the wait for a next request, if that is what the session does.
  void cancel_if_idle() noexcept;
  void abort() noexcept { connection_->abort(); }

 private:
  enum class HeadRead { complete, gone, too_large, malformed };

  [[nodiscard]] asio::awaitable<bool> serve_one();
  [[nodiscard]] asio::awaitable<HeadRead> read_head();
  [[nodiscard]] asio::awaitable<void> refuse_head(int status, std::string_view code);
  [[nodiscard]] asio::awaitable<bool> answer(Request& request, ParsedHead const& head);
  [[nodiscard]] asio::awaitable<Response> run_handler(Request& request);
  [[nodiscard]] asio::awaitable<bool> send(Response& response, std::string_view request_id,
                                           bool close, bool head_only, bool http_1_0);
  [[nodiscard]] asio::awaitable<bool> send_stream(BodySource& source, bool chunked);
  [[nodiscard]] asio::awaitable<bool> send_pieces(std::string_view head, std::string_view body);
  [[nodiscard]] std::optional<Request> make_request(ParsedHead const& head) const;
  [[nodiscard]] std::string client_address(Headers const& headers) const;
  void tell(Request const& request, int status, std::uint64_t bytes_in);

  std::unique_ptr<Connection> connection_;
  std::string peer_address_;
  SessionShared const& shared_;
  bool const& draining_;
  InputBuffer input_;
  std::size_t head_bytes_ = 0;  // of the head that read_head() completed
  bool first_ = true;           // no request came yet
  bool idle_ = false;
  std::uint64_t bytes_out_ = 0;  // of the current answer's body
  std::string failure_;          // of the current request's handler
};

}  // namespace leadex::http
