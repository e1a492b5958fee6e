// The only translation unit that includes Beast's streams and Asio's ssl: half a minute of
// compiling stays here. It also carries the separately compiled parts of both libraries.

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/ssl/impl/src.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/src.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>

#include "server/http/transport.hpp"

namespace leadex::http {

namespace beast = boost::beast;
namespace ssl = boost::asio::ssl;
using boost::system::error_code;
using tcp = asio::ip::tcp;

class TlsServerContext {
 public:
  ssl::context context{ssl::context::tls_server};
};

class TlsClientContext {
 public:
  ssl::context context{ssl::context::tls_client};
};

namespace {

constexpr auto kToken = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kDiscardBytesMax = 1024 * 1024;
constexpr std::size_t kRecordBytes = 16 * 1024;

// Mozilla's "intermediate" profile of 2025: ECDHE with AEAD only; the suites of TLS 1.3 are all
// of that kind and stay at OpenSSL's default.
constexpr char const* kCiphers12 =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
constexpr char const* kGroups = "X25519:P-256";

IoError to_io_error(error_code ec) {
  if (ec == beast::error::timeout) return IoError::timeout;
  if (ec == asio::error::eof || ec == ssl::error::stream_truncated ||
      ec == asio::error::connection_reset || ec == asio::error::broken_pipe) {
    return IoError::closed;
  }
  return IoError::failed;
}

/// ALPN: http/1.1 when the client offers it; a client that offers only others gets no answer to
/// that extension and may go on with HTTP/1.1.
int select_alpn(SSL* /*ssl*/, unsigned char const** out, unsigned char* out_length,
                unsigned char const* in, unsigned in_length, void* /*arg*/) {
  static constexpr std::array<unsigned char, 9> kHttp11 = {8,   'h', 't', 't', 'p',
                                                           '/', '1', '.', '1'};
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, out_length, kHttp11.data(), kHttp11.size(), in, in_length) !=
      OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_NOACK;
  }
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

bool harden(SSL_CTX* context) {
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  return SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1 &&
         SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) == 1 &&
         SSL_CTX_set_cipher_list(context, kCiphers12) == 1 &&
         SSL_CTX_set1_groups_list(context, kGroups) == 1;
}

/// What TLS and plain connections share; `Stream` is a beast::tcp_stream or an ssl_stream on one.
template <class Stream>
class StreamConnection : public Connection {
 public:
  template <class... Args>
  explicit StreamConnection(Args&&... args) : stream_(std::forward<Args>(args)...) {}

  asio::awaitable<Result<std::size_t, IoError>> read_some(std::span<char> into,
                                                          Deadline deadline) override {
    lowest().expires_at(deadline);
    auto const [ec, n] =
        co_await stream_.async_read_some(asio::buffer(into.data(), into.size()), kToken);
    if (ec) co_return refuse(to_io_error(ec));
    co_return n;
  }

  asio::awaitable<Result<void, IoError>> write(std::string_view first, std::string_view second,
                                               Deadline deadline) override {
    lowest().expires_at(deadline);
    // Joined by hand: one TLS record for a head and the start of its body. Not by a sequence of two
    // buffers, since ssl_stream writes nothing, successfully, when the first of them is empty and
    // the second is larger than 16 KiB.
    std::string joined;
    if (!first.empty() && !second.empty() && first.size() < kRecordBytes) {
      auto const start = second.substr(0, kRecordBytes - first.size());
      joined.reserve(first.size() + start.size());
      joined.append(first).append(start);
      first = joined;
      second.remove_prefix(start.size());
    }
    for (auto const bytes : {first, second}) {
      if (bytes.empty()) continue;
      auto const [ec, n] = co_await asio::async_write(stream_, asio::buffer(bytes), kToken);
      if (ec) co_return refuse(to_io_error(ec));
    }
    co_return Result<void, IoError>{};
  }

  void cancel() noexcept override {
    error_code ignored;
    lowest().socket().cancel(ignored);
  }

  bool is_reusable() override {
    char byte = 0;
    auto const n = ::recv(lowest().socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
  }

  void abort() noexcept override { lowest().close(); }

 protected:
  beast::tcp_stream& lowest() { return beast::get_lowest_layer(stream_); }
  Stream& stream() { return stream_; }

  /// FIN, then reads raw bytes and drops them.
  asio::awaitable<void> finish() {
    error_code ec;
    lowest().socket().shutdown(tcp::socket::shutdown_send, ec);
    std::array<char, 4096> dropped{};
    for (std::size_t total = 0; !ec && total < kDiscardBytesMax;) {
      auto const [read_ec, n] = co_await lowest().async_read_some(asio::buffer(dropped), kToken);
      ec = read_ec;
      total += n;
    }
    lowest().close();
  }

 private:
  Stream stream_;
};

class PlainConnection final : public StreamConnection<beast::tcp_stream> {
 public:
  using StreamConnection::StreamConnection;

  asio::awaitable<Result<void, IoError>> handshake(Deadline /*deadline*/) override {
    co_return Result<void, IoError>{};
  }
  asio::awaitable<void> close(Deadline deadline) override {
    lowest().expires_at(deadline);
    co_await finish();
  }
};

template <class Context>
class TlsConnection final : public StreamConnection<beast::ssl_stream<beast::tcp_stream>> {
 public:
  template <class Socket>
  TlsConnection(Socket socket, std::shared_ptr<Context> context)
      : StreamConnection(std::move(socket), context->context), context_(std::move(context)) {}

  asio::awaitable<Result<void, IoError>> handshake(Deadline deadline) override {
    return handshake_as(ssl::stream_base::server, deadline);
  }

  asio::awaitable<Result<void, IoError>> handshake_as(ssl::stream_base::handshake_type type,
                                                      Deadline deadline) {
    lowest().expires_at(deadline);
    auto const [ec] = co_await stream().async_handshake(type, kToken);
    if (!ec) co_return Result<void, IoError>{};
    co_return refuse(ec.category() == asio::error::get_ssl_category() ? IoError::tls_failed
                                                                      : to_io_error(ec));
  }

  asio::awaitable<void> close(Deadline deadline) override {
    lowest().expires_at(deadline);
    co_await stream().async_shutdown(kToken);  // a truncated close is not an error
    co_await finish();
  }

  /// SNI and the check of the certificate's name.
  bool expect_host(std::string const& host) {
    error_code ec;
    asio::ip::make_address(host, ec);
    bool const is_name = static_cast<bool>(ec);
    // RFC 6066: no address literals in SNI.
    if (is_name && SSL_set_tlsext_host_name(stream().native_handle(), host.c_str()) != 1) {
      return false;
    }
    stream().set_verify_mode(ssl::verify_peer, ec);
    if (ec) return false;
    stream().set_verify_callback(ssl::host_name_verification(host), ec);
    return !ec;
  }

 private:
  std::shared_ptr<Context> context_;
};

}  // namespace

Result<std::shared_ptr<TlsServerContext>, std::string> make_tls_server_context(
    TlsFiles const& files) {
  auto made = std::make_shared<TlsServerContext>();
  auto& context = made->context;
  error_code ec;
  // Without this a key with a pass phrase would ask for it on the terminal.
  context.set_password_callback([](std::size_t, ssl::context::password_purpose) { return ""; }, ec);
  context.use_certificate_chain_file(files.cert_file, ec);
  if (ec) return refuse("cannot use certificate file " + files.cert_file + ": " + ec.message());
  context.use_private_key_file(files.key_file, ssl::context::pem, ec);
  if (ec) return refuse("cannot use key file " + files.key_file + ": " + ec.message());

  auto* const native = context.native_handle();
  if (SSL_CTX_check_private_key(native) != 1) {
    return refuse("the key in " + files.key_file + " is not that of " + files.cert_file);
  }
  if (!harden(native)) return refuse(std::string("OpenSSL refuses our TLS settings"));
  static constexpr std::array<unsigned char, 6> kSessionContext = {'l', 'e', 'a', 'd', 'e', 'x'};
  SSL_CTX_set_session_id_context(native, kSessionContext.data(), kSessionContext.size());
  // Tickets resume without a cache on our side.
  SSL_CTX_set_session_cache_mode(native, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_alpn_select_cb(native, select_alpn, nullptr);
  return made;
}

Result<std::shared_ptr<TlsClientContext>, std::string> make_tls_client_context(
    std::string const& ca_file) {
  auto made = std::make_shared<TlsClientContext>();
  error_code ec;
  if (ca_file.empty()) {
    made->context.set_default_verify_paths(ec);
    if (ec) return refuse("cannot use the system's authorities: " + ec.message());
  } else {
    made->context.load_verify_file(ca_file, ec);
    if (ec) return refuse("cannot use authority file " + ca_file + ": " + ec.message());
  }
  if (!harden(made->context.native_handle())) {
    return refuse(std::string("OpenSSL refuses our TLS settings"));
  }
  return made;
}

std::unique_ptr<Connection> make_tls_connection(tcp::socket socket,
                                                std::shared_ptr<TlsServerContext> context) {
  return std::make_unique<TlsConnection<TlsServerContext>>(std::move(socket), std::move(context));
}

std::unique_ptr<Connection> make_plain_connection(tcp::socket socket) {
  return std::make_unique<PlainConnection>(std::move(socket));
}

asio::awaitable<Result<std::unique_ptr<Connection>, IoError>> connect_tls(
    tcp::endpoint endpoint, std::string host, std::shared_ptr<TlsClientContext> context,
    Deadline deadline) {
  beast::tcp_stream tcp_stream(co_await asio::this_coro::executor);
  tcp_stream.expires_at(deadline);
  auto const [ec] = co_await tcp_stream.async_connect(endpoint, kToken);
  if (ec) co_return refuse(to_io_error(ec));
  error_code ignored;
  tcp_stream.socket().set_option(tcp::no_delay(true), ignored);

  auto connection =
      std::make_unique<TlsConnection<TlsClientContext>>(std::move(tcp_stream), std::move(context));
  if (!connection->expect_host(host)) co_return refuse(IoError::tls_failed);
  auto const done = co_await connection->handshake_as(ssl::stream_base::client, deadline);
  if (!done) co_return refuse(done.error());
  co_return std::unique_ptr<Connection>(std::move(connection));
}

}  // namespace leadex::http
