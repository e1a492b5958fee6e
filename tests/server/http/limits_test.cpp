#include <gtest/gtest.h>

#include <thread>

#include "tests/server/http/support.hpp"

namespace leadex::http {
namespace {

using namespace std::chrono_literals;
using test::RawTls;
using test::TestServer;
using Clock = std::chrono::steady_clock;

std::string const kPing = "GET /ping HTTP/1.1\r\nHost: a\r\n\r\n";

TEST(Limits, LargeHeadsAreRefusedAndTheClientSeesIt) {
  TestServer server;
  RawTls big(server.port());
  big.send("GET /ping HTTP/1.1\r\nHost: a\r\nX: " + std::string(100'000, 'x') + "\r\n\r\n");
  EXPECT_TRUE(big.read_all().starts_with("HTTP/1.1 431 "));
  std::string many = "GET /ping HTTP/1.1\r\nHost: a\r\n";
  for (int i = 0; i < 2000; ++i) many += "a:b\r\n";
  RawTls count(server.port());
  count.send(many + "\r\n");
  EXPECT_TRUE(count.read_all().starts_with("HTTP/1.1 431 "));
  RawTls target(server.port());
  target.send("GET /" + std::string(9000, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(target.read_all().starts_with("HTTP/1.1 414 "));
  EXPECT_EQ(server.handled(), 0);
}

TEST(Limits, ASlowHeadEndsTheConnection) {
  TestServer server([](ServerOptions& options) { options.limits.header_timeout = 300ms; });
  RawTls raw(server.port());
  auto const started = Clock::now();
  bool open = true;
  for (int i = 0; open && i < 100; ++i) {
    open = raw.send("G");
    std::this_thread::sleep_for(20ms);
    if (server.server().connections() == 0) break;
  }
  EXPECT_LT(Clock::now() - started, 1500ms);
  EXPECT_EQ(server.server().connections(), 0U);
  EXPECT_EQ(server.handled(), 0);
}

TEST(Limits, AConnectionThatSendsNothingIsClosed) {
  TestServer server([](ServerOptions& options) {
    options.limits.handshake_timeout = 200ms;
    options.limits.header_timeout = 200ms;
    options.limits.idle_timeout = 200ms;
  });
  RawTls const silent(server.port());
  RawTls used(server.port());
  used.send(kPing);
  EXPECT_NE(used.read_until("pong").find("pong"), std::string::npos);
  EXPECT_TRUE(test::eventually([&] { return server.server().connections() == 0; }));
}

TEST(Limits, ASlowBodyIsRefused) {
  TestServer server([](ServerOptions& options) {
    options.limits.body_rate_grace = 200ms;
    options.limits.body_bytes_per_second_min = 10'000;
  });
  RawTls raw(server.port());
  raw.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n");
  for (int i = 0; i < 20; ++i) {
    raw.send("drop");
    std::this_thread::sleep_for(30ms);
  }
  auto const all = raw.read_all();
  EXPECT_TRUE(all.starts_with("HTTP/1.1 408 ")) << all;
  EXPECT_NE(all.find("body_too_slow"), std::string::npos);
}

TEST(Limits, ABodyHasATimeInAllUnlessItsRouteTakesLongOnes) {
  TestServer server([](ServerOptions& options) { options.limits.request_timeout = 300ms; });
  for (std::string const route : {"/echo", "/count"}) {
    RawTls raw(server.port());
    raw.send("POST " + route + " HTTP/1.1\r\nHost: a\r\nContent-Length: 30\r\n\r\n");
    for (int i = 0; i < 30; ++i) {
      raw.send("x");
      std::this_thread::sleep_for(30ms);
    }
    auto const answer = raw.read_all(2000);
    bool const long_one = route == "/count";
    EXPECT_TRUE(answer.starts_with(long_one ? "HTTP/1.1 200 " : "HTTP/1.1 408 ")) << answer;
  }
}

TEST(Limits, ABodyThatStopsEndsTheConnection) {
  TestServer server([](ServerOptions& options) { options.limits.body_timeout = 200ms; });
  RawTls raw(server.port());
  raw.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nstop");
  EXPECT_TRUE(test::eventually([&] { return server.server().connections() == 0; }));
}

TEST(Limits, ALargeBodyIsRefusedChunkedOrNot) {
  TestServer server;
  auto client = server.client();
  auto const announced = client.call("POST", "/echo", {}, std::string(2'000'000, 'x'));
  ASSERT_TRUE(announced) << to_string(announced.error());
  EXPECT_EQ(announced->status, 413);
  std::size_t sent = 0;
  auto const chunked = client.upload("POST", "/echo", {}, [&](std::span<char> into) {
    std::size_t const n = sent < 4'000'000 ? into.size() : 0;
    std::fill_n(into.begin(), n, 'x');
    sent += n;
    return std::optional(n);
  });
  ASSERT_TRUE(chunked) << to_string(chunked.error());
  EXPECT_EQ(chunked->status, 413);
}

TEST(Limits, AReaderThatStopsIsCutOff) {
  TestServer server([](ServerOptions& options) { options.limits.write_timeout = 300ms; });
  RawTls raw(server.port());
  raw.send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(test::eventually([&] { return server.server().connections() == 0; }));
}

TEST(Limits, UploadsWaitForTheReader) {
  TestServer server;
  auto client = server.client();
  constexpr std::size_t kTotal = 64 * 1024 * 1024;
  auto const answer = client.upload("POST", "/late", {}, [&](std::span<char> into) {
    auto const n = std::min<std::size_t>(into.size(), kTotal - server.pulled.load());
    std::fill_n(into.begin(), n, 'x');
    server.pulled += n;
    return std::optional(n);
  });
  ASSERT_TRUE(answer) << to_string(answer.error());
  EXPECT_EQ(answer->body, std::to_string(kTotal));
  // While the handler slept only the kernel's buffers filled.
  EXPECT_GT(server.pulled_at_start.load(), 0U);
  EXPECT_LT(server.pulled_at_start.load(), 24U * 1024 * 1024);
}

TEST(Limits, ConnectionsAreCounted) {
  TestServer total([](ServerOptions& options) { options.limits.connections_max = 1; });
  RawTls const one(total.port());
  EXPECT_TRUE(one.connected());
  EXPECT_FALSE(RawTls(total.port()).connected());
  EXPECT_TRUE(test::eventually([&] { return total.observer().refused("limit") == 1; }));

  TestServer each([](ServerOptions& options) { options.limits.connections_per_address_max = 2; });
  {
    RawTls const a(each.port());
    RawTls const b(each.port());
    EXPECT_TRUE(b.connected());
    EXPECT_FALSE(RawTls(each.port()).connected());
  }
  EXPECT_TRUE(test::eventually([&] { return each.server().connections() == 0; }));
  EXPECT_TRUE(RawTls(each.port()).connected());
}

TEST(Limits, TooManyRequestsInFlightAreToldToComeBack) {
  TestServer server([](ServerOptions& options) {
    options.limits.requests_in_flight_max = 1;
    options.drain_timeout = 100ms;
  });
  RawTls busy(server.port());
  busy.send("GET /very-slow HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(test::eventually([&] { return server.handled() == 1; }));
  auto const answer = server.client().call("GET", "/ping");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 503);
  EXPECT_EQ(answer->headers.find("retry-after"), "1");
}

TEST(Drain, UnderLoadLosesNoAcceptedRequest) {
  TestServer server;
  std::atomic<int> answered{0};
  std::atomic<bool> torn{false};
  std::vector<std::thread> threads;
  for (int t = 0; t < 6; ++t) {
    threads.emplace_back([&] {
      auto client = server.client();
      for (;;) {
        auto const answer = client.call("GET", "/slow");
        if (!answer) {
          if (answer.error() == ApiError::answer_malformed) torn = true;
          return;
        }
        ++answered;
      }
    });
  }
  ASSERT_TRUE(test::eventually([&] { return answered.load() > 50; }));
  auto const started = Clock::now();
  server.server().stop();
  EXPECT_LT(Clock::now() - started, 5s);
  for (auto& thread : threads) thread.join();
  EXPECT_FALSE(torn.load());
  EXPECT_EQ(answered.load(), server.handled());
  EXPECT_EQ(server.server().connections(), 0U);
}

TEST(Drain, TellsClientsToCloseAndClosesListeners) {
  TestServer server([](ServerOptions& options) { options.drain_idle_grace = 300ms; });
  auto client = server.client();
  ASSERT_TRUE(client.call("GET", "/ping"));
  server.server().begin_drain();
  std::this_thread::sleep_for(100ms);
  auto const late = client.call("GET", "/ping");
  ASSERT_TRUE(late);
  EXPECT_EQ(late->headers.find("connection"), "close");
  auto const refused = client.call("GET", "/ping");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), ApiError::connect_failed);
}

TEST(Drain, CutsWhatTakesTooLong) {
  TestServer server([](ServerOptions& options) {
    options.drain_timeout = 200ms;
    options.drain_idle_grace = 50ms;
  });
  RawTls hanging(server.port());
  hanging.send("GET /very-slow HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(test::eventually([&] { return server.handled() == 1; }));
  auto const started = Clock::now();
  server.server().stop();
  EXPECT_LT(Clock::now() - started, 2500ms);
}

}  // namespace
}  // namespace leadex::http
