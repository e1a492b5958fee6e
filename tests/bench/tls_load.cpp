#include "tests/bench/tls_load.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <deque>
#include <latch>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "tests/bench/figures.hpp"

namespace leadex::bench {

namespace {

constexpr std::size_t kReadBytes = 16 * 1024;

[[noreturn]] void fail(char const* what) {
  std::fprintf(stderr, "load client: %s\n", what);
  ERR_print_errors_fp(stderr);
  std::exit(1);  // NOLINT(concurrency-mt-unsafe): nothing is worth saving
}

struct SslContext {
  explicit SslContext(std::string const& ca_file) : context(SSL_CTX_new(TLS_client_method())) {
    if (context == nullptr ||
        SSL_CTX_load_verify_locations(context, ca_file.c_str(), nullptr) != 1) {
      fail("the authority's file cannot be used");
    }
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE);
  }
  ~SslContext() { SSL_CTX_free(context); }
  SslContext(SslContext const&) = delete;
  SslContext& operator=(SslContext const&) = delete;
  SSL_CTX* context;
};

/// Where the answer's head and body end, once the head is there.
struct Extent {
  int status{};
  std::size_t head{};
  std::size_t body{};
};

std::optional<Extent> extent_of(std::string_view bytes) {
  auto const end = bytes.find("\r\n\r\n");
  if (end == std::string_view::npos) return std::nullopt;
  Extent extent;
  extent.head = end + 4;
  auto const head = bytes.substr(0, end);
  constexpr std::size_t kStatusAt = 9;  // after "HTTP/1.1 "
  auto const* const digits = head.data() + kStatusAt;
  if (head.size() < kStatusAt + 3 ||
      std::from_chars(digits, digits + 3, extent.status).ec != std::errc{}) {
    fail("an answer is not HTTP");
  }
  for (std::string_view const name : {"\r\nContent-Length: ", "\r\ncontent-length: "}) {
    auto const at = head.find(name);
    if (at == std::string_view::npos) continue;
    std::from_chars(head.data() + at + name.size(), head.data() + head.size(), extent.body);
  }
  return extent;
}

class Connection {
 public:
  Connection(SslContext const& context, std::uint16_t port)
      : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int const on = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (::connect(fd_, reinterpret_cast<sockaddr const*>(&address), sizeof address) != 0) {
      fail("cannot connect");
    }
    ssl_ = SSL_new(context.context);
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_), "127.0.0.1");
    SSL_set_fd(ssl_, fd_);
    if (SSL_connect(ssl_) != 1) fail("the TLS handshake failed");
    ::fcntl(fd_, F_SETFL, ::fcntl(fd_, F_GETFL) | O_NONBLOCK);
  }
  ~Connection() {
    SSL_shutdown(ssl_);
    SSL_free(ssl_);
    ::close(fd_);
  }
  Connection(Connection const&) = delete;
  Connection& operator=(Connection const&) = delete;

  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] bool busy() const { return busy_; }
  [[nodiscard]] Clock::time_point due_at() const { return due_at_; }

  /// Starts a request that was due then; loopback takes small ones whole.
  void send(std::string_view request, Clock::time_point due = Clock::now()) {
    busy_ = true;
    due_at_ = due;
    while (!request.empty()) {
      auto const n = SSL_write(ssl_, request.data(), static_cast<int>(request.size()));
      if (n > 0) {
        request.remove_prefix(static_cast<std::size_t>(n));
      } else if (SSL_get_error(ssl_, n) != SSL_ERROR_WANT_WRITE) {
        fail("a request could not be sent");
      }
    }
  }

  /// Reads what is there. @return the answer, once it is whole
  std::optional<Extent> receive() {
    for (;;) {
      auto const before = input_.size();
      input_.resize(before + kReadBytes);
      auto const n = SSL_read(ssl_, input_.data() + before, static_cast<int>(kReadBytes));
      input_.resize(before + (n > 0 ? static_cast<std::size_t>(n) : 0));
      if (n <= 0) {
        if (SSL_get_error(ssl_, n) == SSL_ERROR_WANT_READ) return std::nullopt;
        fail("a connection broke");
      }
      auto const extent = extent_of(input_);
      if (extent && input_.size() >= extent->head + extent->body) return extent;
    }
  }
  [[nodiscard]] std::string_view body(Extent const& extent) const {
    return std::string_view{input_}.substr(extent.head, extent.body);
  }
  void done() {
    busy_ = false;
    input_.clear();
  }

 private:
  int fd_;
  SSL* ssl_{};
  bool busy_{};
  Clock::time_point due_at_;
  std::string input_;
};

/// One thread with its share of the connections.
class Driver {
 public:
  Driver(SslContext const& context, std::uint16_t port, std::size_t connections,
         NextRequest const& next, Accept const& accept)
      : next_(next), accept_(accept), poll_(::epoll_create1(0)) {
    for (std::size_t i = 0; i < connections; ++i) {
      connections_.push_back(std::make_unique<Connection>(context, port));
      epoll_event event{};
      event.events = EPOLLIN;
      event.data.ptr = connections_.back().get();
      ::epoll_ctl(poll_, EPOLL_CTL_ADD, connections_.back()->fd(), &event);
    }
  }
  ~Driver() { ::close(poll_); }
  Driver(Driver const&) = delete;
  Driver& operator=(Driver const&) = delete;

  void run() {
    for (auto& connection : connections_) send_next(*connection);
    while (on_their_way_ > 0) {
      if (take(30'000) == 0) fail("no answer within 30 s");
    }
  }

  /// What is due and finds no free connection waits for one, and its time counts.
  void run_open(double per_second) {
    open_ = true;
    for (auto& connection : connections_) free_.push_back(connection.get());
    auto const began = Clock::now();
    std::size_t sent = 0;
    auto due = began;
    auto request = next_();
    while (!request.empty() || on_their_way_ > 0) {
      auto const now = Clock::now();
      while (!request.empty() && due <= now && !free_.empty()) {
        auto* const connection = free_.front();
        free_.pop_front();
        connection->send(request, due);
        ++on_their_way_;
        request = next_();
        due = began + std::chrono::duration_cast<Clock::duration>(
                          std::chrono::duration<double>(static_cast<double>(++sent) / per_second));
      }
      bool const blocked = request.empty() || free_.empty();
      auto const rest = std::chrono::floor<std::chrono::milliseconds>(due - Clock::now()).count();
      auto const wait = blocked ? 30'000 : static_cast<int>(std::max<std::int64_t>(0, rest));
      if (take(wait) == 0 && blocked && on_their_way_ > 0) fail("no answer within 30 s");
    }
  }
  LoadResult result;

 private:
  int take(int wait_ms) {
    std::array<epoll_event, 256> events{};
    auto const n = ::epoll_wait(poll_, events.data(), static_cast<int>(events.size()), wait_ms);
    for (int i = 0; i < n; ++i) {
      receive(*static_cast<Connection*>(events.at(static_cast<std::size_t>(i)).data.ptr));
    }
    return n;
  }
  void send_next(Connection& connection) {
    auto const request = next_();
    if (request.empty()) return;
    connection.send(request);
    ++on_their_way_;
  }
  void receive(Connection& connection) {
    auto const extent = connection.receive();
    if (!extent) return;
    if (!connection.busy()) fail("an answer to nothing");
    result.latencies_ms.push_back(seconds_since(connection.due_at()) * 1e3);
    if (!accept_(extent->status, connection.body(*extent))) {
      if (result.refused++ == 0) {
        result.first_refused = std::to_string(extent->status) + ' ' +
                               std::string{connection.body(*extent).substr(0, 300)};
      }
    }
    connection.done();
    --on_their_way_;
    if (open_) {
      free_.push_back(&connection);
    } else {
      send_next(connection);
    }
  }

  NextRequest const& next_;
  Accept const& accept_;
  int poll_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::size_t on_their_way_{};
  bool open_{};
  std::deque<Connection*> free_;  // of an open run, in turn: none rests until the server closes it
};

}  // namespace

LoadResult run_load(LoadOptions const& options, NextRequest const& next, Accept const& accept) {
  SslContext const context{options.ca_file};
  std::vector<std::unique_ptr<Driver>> drivers;
  for (std::size_t i = 0; i < options.threads; ++i) {
    auto const share =
        options.connections / options.threads + (i < options.connections % options.threads ? 1 : 0);
    drivers.push_back(std::make_unique<Driver>(context, options.port, share, next, accept));
  }
  std::latch ready{static_cast<std::ptrdiff_t>(options.threads) + 1};
  std::vector<std::thread> threads;
  for (auto& driver : drivers) {
    threads.emplace_back([&] {
      ready.arrive_and_wait();
      driver->run();
    });
  }
  ready.arrive_and_wait();
  auto const began = Clock::now();
  for (auto& thread : threads) thread.join();
  LoadResult all;
  all.seconds = seconds_since(began);
  for (auto& driver : drivers) {
    auto& part = driver->result;
    all.latencies_ms.insert(all.latencies_ms.end(), part.latencies_ms.begin(),
                            part.latencies_ms.end());
    all.refused += part.refused;
    if (all.first_refused.empty()) all.first_refused = part.first_refused;
  }
  return all;
}

LoadResult run_open_load(LoadOptions const& options, double per_second, NextRequest const& next,
                         Accept const& accept) {
  SslContext const context{options.ca_file};
  Driver driver{context, options.port, options.connections, next, accept};
  auto const began = Clock::now();
  driver.run_open(per_second);
  driver.result.seconds = seconds_since(began);
  return std::move(driver.result);
}

}  // namespace leadex::bench
