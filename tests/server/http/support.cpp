#include "tests/server/http/support.hpp"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <stdexcept>
#include <thread>

#include "billing/values/check.hpp"
#include "server/http/problem.hpp"

namespace leadex::http::test {

TempFolder::TempFolder() {
  auto pattern = (std::filesystem::temp_directory_path() / "leadex-http-XXXXXX").string();
  LEADEX_CHECK(::mkdtemp(pattern.data()) != nullptr);
  folder_ = pattern;
}

TempFolder::~TempFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

namespace {

void add_extension(X509* cert, int nid, char const* value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, cert, cert, nullptr, nullptr, 0);
  auto* const extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value);
  LEADEX_CHECK(extension != nullptr && X509_add_ext(cert, extension, -1) == 1);
  X509_EXTENSION_free(extension);
}

}  // namespace

void write_certificate(std::string const& cert_file, std::string const& key_file, long serial) {
  auto* const key = EVP_EC_gen("P-256");
  auto* const cert = X509_new();
  LEADEX_CHECK(key != nullptr && cert != nullptr);
  X509_set_version(cert, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(cert), serial);
  X509_gmtime_adj(X509_getm_notBefore(cert), -60);
  X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
  X509_set_pubkey(cert, key);
  auto* const name = X509_get_subject_name(cert);
  auto const common = std::to_array<unsigned char>({'t', 'e', 's', 't'});
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, common.data(),
                             static_cast<int>(common.size()), -1, 0);
  X509_set_issuer_name(cert, name);
  add_extension(cert, NID_basic_constraints, "critical,CA:TRUE");
  add_extension(cert, NID_subject_alt_name, "IP:127.0.0.1,DNS:localhost,DNS:hook.example.com");
  LEADEX_CHECK(X509_sign(cert, key, EVP_sha256()) > 0);
  auto* const cert_out = std::fopen(cert_file.c_str(), "w");
  auto* const key_out = std::fopen(key_file.c_str(), "w");
  LEADEX_CHECK(cert_out != nullptr && key_out != nullptr);
  PEM_write_X509(cert_out, cert);
  PEM_write_PrivateKey(key_out, key, nullptr, nullptr, 0, nullptr, nullptr);
  std::fclose(cert_out);
  std::fclose(key_out);
  X509_free(cert);
  EVP_PKEY_free(key);
}

void RecordingObserver::answered(Exchange const& exchange) noexcept {
  std::lock_guard const lock(mutex_);
  seen_.push_back({std::string(exchange.operation_id), exchange.status, exchange.bytes_in,
                   exchange.bytes_out, std::string(exchange.peer_address),
                   std::string(exchange.request_id), std::string(exchange.failure)});
}

void RecordingObserver::connection_refused(std::string_view reason) noexcept {
  std::lock_guard const lock(mutex_);
  refused_.emplace_back(reason);
}

std::vector<RecordingObserver::Seen> RecordingObserver::seen() const {
  std::lock_guard const lock(mutex_);
  return seen_;
}

std::size_t RecordingObserver::refused(std::string_view reason) const {
  std::lock_guard const lock(mutex_);
  return static_cast<std::size_t>(std::count(refused_.begin(), refused_.end(), reason));
}

namespace {

asio::awaitable<void> pause(std::chrono::milliseconds time) {
  asio::steady_timer timer(co_await asio::this_coro::executor, time);
  co_await timer.async_wait(asio::use_awaitable);
}

asio::awaitable<Response> ping(std::atomic<int>& handled) {
  ++handled;
  co_return make_response(200, "text/plain", "pong");
}

asio::awaitable<Response> slow(std::chrono::milliseconds time, std::atomic<int>& handled) {
  ++handled;
  co_await pause(time);
  co_return make_response(200, "text/plain", "slow");
}

asio::awaitable<Response> echo(Request& request) {
  auto body = co_await read_whole(*request.body, kBodyBytesDefault);
  if (!body) co_return make_problem(body.error(), request.request_id);
  co_return make_response(200, "application/octet-stream", std::move(*body));
}

asio::awaitable<Response> count_bytes(Request& request, TestServer* late) {
  if (late != nullptr) {
    co_await pause(std::chrono::milliseconds(400));
    late->pulled_at_start = late->pulled.load();
  }
  std::array<char, 16 * 1024> piece{};
  std::uint64_t total = 0;
  for (;;) {
    auto const n = co_await request.body->read_some(piece);
    if (!n) co_return make_problem(n.error(), request.request_id);
    if (*n == 0) break;
    total += *n;
  }
  co_return make_response(200, "text/plain", std::to_string(total));
}

asio::awaitable<Response> boom() {
  throw std::runtime_error("secret detail");
  co_return Response{};
}

class Numbers final : public BodySource {
 public:
  explicit Numbers(bool breaks) : breaks_(breaks) {}
  asio::awaitable<Result<std::string, SourceError>> next() override {
    if (n_ == 3 && breaks_) co_return refuse(SourceError::failed);
    if (n_ == 3) co_return std::string{};
    co_return std::to_string(n_++) + "\n";
  }

 private:
  bool breaks_;
  int n_ = 0;
};

asio::awaitable<Response> numbers(bool breaks) {
  auto response = make_response(200, "text/plain", "");
  response.stream = std::make_unique<Numbers>(breaks);
  co_return response;
}

asio::awaitable<Response> split_header() {
  auto response = make_response(200, "text/plain", "x");
  response.headers.add("Location", "/a\r\nSet-Cookie: b=c");
  co_return response;
}

asio::awaitable<Response> large() {
  co_return make_response(200, "text/plain", std::string(32 * 1024 * 1024, 'x'));
}

}  // namespace

void TestServer::add_routes() {
  using namespace std::chrono_literals;
  auto& r = router_;
  r.add("GET", "/ping", "ping", [this](Request&) { return ping(handled_); });
  r.add("GET", "/canary", "canary", [this](Request&) { return ping(canaries_); });
  r.add("GET", "/slow", "slow", [this](Request&) { return slow(20ms, handled_); });
  r.add("GET", "/very-slow", "verySlow", [this](Request&) { return slow(5000ms, handled_); });
  r.add("POST", "/echo", "echo", [](Request& request) { return echo(request); });
  r.add("POST", "/count", "count", [](Request& request) { return count_bytes(request, nullptr); },
        {std::uint64_t{1} << 32U, 60s, true});
  r.add("POST", "/late", "late", [this](Request& request) { return count_bytes(request, this); },
        {std::uint64_t{1} << 32U, 60s, true});
  r.add("POST", "/ignore", "ignore", [this](Request&) { return ping(handled_); });
  r.add("GET", "/boom", "boom", [](Request&) { return boom(); });
  r.add("GET", "/numbers", "numbers", [](Request&) { return numbers(false); });
  r.add("GET", "/broken-numbers", "broken", [](Request&) { return numbers(true); });
  r.add("GET", "/split", "split", [](Request&) { return split_header(); });
  r.add("GET", "/large", "large", [](Request&) { return large(); });
  plain_router_.add("GET", "/metrics", "metrics", [this](Request&) { return ping(handled_); });
}

TestServer::TestServer(std::function<void(ServerOptions&)> const& change) {
  add_routes();
  renew_certificate(1);
  ServerOptions options;
  options.threads = 2;
  options.tls = {folder_.path("cert.pem"), folder_.path("key.pem")};
  options.plain = PlainListener{"127.0.0.1", 0, &plain_router_};
  if (change) change(options);
  server_ = std::make_unique<Server>(options, router_, &observer_);
  server_->start();
}

TestServer::~TestServer() { server_->stop(); }

void TestServer::renew_certificate(long serial) const {
  write_certificate(folder_.path("cert.pem"), folder_.path("key.pem"), serial);
}

std::string TestServer::base_url() const { return "https://127.0.0.1:" + std::to_string(port()); }

ApiClient TestServer::client() const {
  ApiClientOptions options;
  options.base_url = base_url();
  options.ca_file = ca_file();
  options.timeout = std::chrono::seconds(20);
  return ApiClient(std::move(options));
}

namespace {

/// -1 when nobody listens.
int try_connect(std::uint16_t port) {
  int const fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  void const* const raw = &address;
  if (::connect(fd, static_cast<sockaddr const*>(raw), sizeof(address)) == 0) return fd;
  ::close(fd);
  return -1;
}

int connect_to(std::uint16_t port) {
  int const fd = try_connect(port);
  LEADEX_CHECK(fd >= 0);
  return fd;
}

void set_patience(int fd, int ms) {
  timeval const time{ms / 1000, (ms % 1000) * 1000};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time));
}

}  // namespace

RawTls::RawTls(std::uint16_t port, Options const& options) : socket_(connect_to(port)) {
  shake_hands(options);
}

RawTls::RawTls(std::uint16_t port, Quietly /*quietly*/) : socket_(try_connect(port)) {
  if (socket_ >= 0) shake_hands({});
}

void RawTls::shake_hands(Options const& options) {
  // OpenSSL writes to its sockets without MSG_NOSIGNAL, and some tests write to closed ones.
  std::signal(SIGPIPE, SIG_IGN);
  set_patience(socket_, 5000);
  context_ = SSL_CTX_new(TLS_client_method());
  // Old versions need the old security level, or the client itself would refuse them.
  if (options.version_max != 0 && options.version_max < TLS1_2_VERSION) {
    SSL_CTX_set_security_level(context_, 0);
  }
  if (options.version_min != 0) SSL_CTX_set_min_proto_version(context_, options.version_min);
  if (options.version_max != 0) SSL_CTX_set_max_proto_version(context_, options.version_max);
  if (!options.ciphers12.empty()) {
    LEADEX_CHECK(SSL_CTX_set_cipher_list(context_, options.ciphers12.c_str()) == 1);
  }
  ssl_ = SSL_new(context_);
  SSL_set_fd(ssl_, socket_);
  ERR_clear_error();
  connected_ = SSL_connect(ssl_) == 1;
  if (!connected_) {
    std::array<char, 256> text{};
    ERR_error_string_n(ERR_get_error(), text.data(), text.size());
    error_ = text.data();
  }
}

RawTls::~RawTls() {
  SSL_free(ssl_);
  SSL_CTX_free(context_);
  if (socket_ >= 0) ::close(socket_);
}

long RawTls::peer_serial() const {
  auto* const cert = SSL_get1_peer_certificate(ssl_);
  LEADEX_CHECK(cert != nullptr);
  auto const serial = ASN1_INTEGER_get(X509_get0_serialNumber(cert));
  X509_free(cert);
  return serial;
}

bool RawTls::send(std::string_view bytes) {
  while (!bytes.empty()) {
    auto const piece = bytes.substr(0, 16 * 1024);
    if (SSL_write(ssl_, piece.data(), static_cast<int>(piece.size())) <= 0) return false;
    bytes.remove_prefix(piece.size());
  }
  return true;
}

std::string RawTls::read_while(std::function<bool(std::string const&)> const& more,
                               int patience_ms) {
  set_patience(socket_, patience_ms);
  std::string all;
  std::array<char, 4096> piece{};
  while (more(all)) {
    ERR_clear_error();
    int const n = SSL_read(ssl_, piece.data(), static_cast<int>(piece.size()));
    if (n <= 0) {
      closed_ = SSL_get_error(ssl_, n) != SSL_ERROR_WANT_READ;
      break;
    }
    all.append(piece.data(), static_cast<std::size_t>(n));
  }
  return all;
}

std::string RawTls::read_all(int patience_ms) {
  return read_while([](std::string const&) { return true; }, patience_ms);
}

std::string RawTls::read_some(int patience_ms) {
  return read_while([](std::string const& all) { return all.empty(); }, patience_ms);
}

std::string RawTls::read_until(std::string_view text, int patience_ms) {
  return read_while([text](std::string const& all) { return all.find(text) == std::string::npos; },
                    patience_ms);
}

std::string exchange_plain(std::uint16_t port, std::string_view bytes) {
  int const fd = connect_to(port);
  set_patience(fd, 3000);
  LEADEX_CHECK(::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
               static_cast<ssize_t>(bytes.size()));
  std::string all;
  std::array<char, 4096> piece{};
  for (ssize_t n = 0; (n = ::recv(fd, piece.data(), piece.size(), 0)) > 0;) {
    all.append(piece.data(), static_cast<std::size_t>(n));
  }
  ::close(fd);
  return all;
}

std::optional<std::filesystem::path> shared_data(std::string const& name) {
  auto const* const folder = std::getenv("LEADEX_SHARED_DATA");
  auto path = std::filesystem::path(folder != nullptr ? folder : "../shared/data") / name;
  if (std::filesystem::exists(path)) return path;
  std::cerr << "*** NOT TESTED: the shared test data " << name
            << " is not here; set LEADEX_SHARED_DATA ***\n";
  return std::nullopt;
}

bool eventually(std::function<bool()> const& condition) {
  auto const until = std::chrono::steady_clock::now() + std::chrono::seconds(2);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

Response run_router(Router const& router, Request& request) {
  asio::io_context context;
  Response out;
  asio::co_spawn(context, router.answer(request), [&out](std::exception_ptr failed, Response made) {
    if (failed) std::rethrow_exception(failed);
    out = std::move(made);
  });
  context.run();
  return out;
}

}  // namespace leadex::http::test
