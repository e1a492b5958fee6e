// Limits of time, size and number against the whole program. The exchange runs with seconds where
// the defaults are tens of them; see CMakeLists.txt beside this.

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fmt/format.h>

#include <thread>

#include "tests/e2e/edges/rig.hpp"

namespace leadex::e2e {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto kPatience = 12s;  // for a busy machine
constexpr int kConnectionsMax = 64;

std::string const kLivez = "GET /livez HTTP/1.1\r\nHost: a\r\n\r\n";

std::string post_head(Rig const& rig, std::string const& target, std::size_t length) {
  return "POST " + target + " HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer " + rig.generator() +
         "\r\nIdempotency-Key: " + idempotency_key() +
         "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(length) +
         "\r\n\r\n";
}

/// Sends the text byte by byte until the peer ends the connection; how long that took.
Clock::duration dribble(RawTls& raw, std::string_view text) {
  auto const started = Clock::now();
  for (std::size_t i = 0; Clock::now() - started < kPatience + 5s; ++i) {
    if (!raw.send(text.substr(i % text.size(), 1))) break;
    // An answer, or the end, shows while nothing is there to read otherwise.
    if (!raw.read_all(100).empty() || raw.closed()) break;
  }
  return Clock::now() - started;
}

TEST(Limits, ASlowHeadEndsItsConnectionAndNoOther) {
  Rig rig;
  RawTls slow(rig.port());
  auto const took = dribble(slow, "GET /livez HTTP/1.1 X-Header-That-Never-Ends");
  EXPECT_LT(took, kPatience);
  EXPECT_GT(took, 1s);
  EXPECT_EQ(rig.get("/livez", "").status, 200);
}

TEST(Limits, ASlowBodyIsAnsweredAndEndsItsConnection) {
  Rig const rig;
  RawTls slow(rig.port());
  slow.send(post_head(rig, "/v1/leads", 100'000));
  auto const started = Clock::now();
  std::string answer;
  while (answer.empty() && !slow.closed() && Clock::now() - started < kPatience + 5s) {
    if (!slow.send(" ")) break;
    answer += slow.read_all(100);
  }
  EXPECT_LT(Clock::now() - started, kPatience);
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 408 ")) << answer;
  EXPECT_NE(answer.find("\"body_too_slow\""), std::string::npos);
}

TEST(Limits, ABodyThatStopsIsAnsweredOrClosed) {
  Rig const rig;
  RawTls stopped(rig.port());
  stopped.send(post_head(rig, "/v1/leads", 1000) + "{");
  auto const started = Clock::now();
  auto const answer = stopped.read_all(15'000);
  EXPECT_TRUE(stopped.closed());
  EXPECT_LT(Clock::now() - started, kPatience);
  EXPECT_TRUE(answer.empty() || answer.starts_with("HTTP/1.1 408 ")) << answer;
}

/// Whether the server's end of the connection is still established, by the kernel's own table. Its
/// FIN alone would stand behind all that the client has not read.
bool server_holds(std::uint16_t port, RawTls& raw) {
  sockaddr_in own{};
  socklen_t size = sizeof(own);
  void* const any = &own;
  ::getsockname(SSL_get_fd(raw.native()), static_cast<sockaddr*>(any), &size);
  auto const wanted = fmt::format("0100007F:{:04X} 0100007F:{:04X} 01", port, ntohs(own.sin_port));
  return read_file("/proc/net/tcp").find(wanted) != std::string::npos;
}

TEST(Limits, AReaderThatStopsIsCutOff) {
  Rig rig;
  RawTls deaf(rig.port());
  int const small = 4096;
  ::setsockopt(SSL_get_fd(deaf.native()), SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
  constexpr int kRequests = 400;
  std::string requests;
  for (int i = 0; i < kRequests; ++i) {
    requests += "GET /openapi.json HTTP/1.1\r\nHost: a\r\n\r\n";
  }
  deaf.send(requests);
  ASSERT_TRUE(server_holds(rig.port(), deaf));
  auto const started = Clock::now();
  EXPECT_TRUE(within(kPatience, [&] { return !server_holds(rig.port(), deaf); }))
      << "answers waited for a deaf reader";
  EXPECT_GT(Clock::now() - started, 1s);
  EXPECT_EQ(rig.get("/livez", "").status, 200);
}

TEST(Limits, IdleConnectionsAreClosed) {
  Rig const rig;
  RawTls silent(rig.port());
  RawTls used(rig.port());
  used.send(kLivez);
  EXPECT_NE(used.read_until("\"ok\"}").find("200 OK"), std::string::npos);
  auto const started = Clock::now();
  EXPECT_EQ(used.read_all(15'000), "");
  EXPECT_TRUE(used.closed());
  EXPECT_GT(Clock::now() - started, 1s);
  EXPECT_EQ(silent.read_all(15'000), "");
  EXPECT_TRUE(silent.closed());
  EXPECT_LT(Clock::now() - started, kPatience);
}

TEST(Limits, AHandshakeThatNeverComesIsGivenUp) {
  Rig const rig;
  int const fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(rig.port());
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  void const* const any = &address;
  ASSERT_EQ(::connect(fd, static_cast<sockaddr const*>(any), sizeof(address)), 0);
  timeval const patience{15, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  auto const started = Clock::now();
  char byte = 0;
  EXPECT_LE(::recv(fd, &byte, 1, 0), 0);
  EXPECT_LT(Clock::now() - started, kPatience);
  ::close(fd);
}

TEST(Limits, HeadsHaveASizeACountAndATarget) {
  Rig const rig;
  struct Case {
    std::string head;
    std::string status;
  };
  std::string many;
  for (int i = 0; i < 2000; ++i) many += "a:b\r\n";
  std::vector<Case> const cases = {
      {"GET /livez HTTP/1.1\r\nHost: a\r\n" + many + "\r\n", "431"},
      {"GET /livez HTTP/1.1\r\nHost: a\r\nX: " + std::string(100'000, 'x') + "\r\n\r\n", "431"},
      {"GET /" + std::string(9000, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n", "414"},
      {"GET /livez?" + std::string(1'000'000, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n", "431"},
  };
  for (auto const& [head, status] : cases) {
    RawTls raw(rig.port());
    raw.send(head);
    auto const answer = raw.read_all(5000);
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 " + status + ' ')) << head.substr(0, 60) << answer;
    EXPECT_TRUE(raw.closed());
  }
}

TEST(Limits, BodiesHaveASize) {
  Rig rig;
  std::string const large(1'100'000, ' ');
  auto const announced = rig.post("/v1/leads", rig.generator(), large);
  EXPECT_EQ(announced.status, 413) << announced.body;
  EXPECT_EQ(announced.code(), "body_too_large");
  // In chunks the size shows only on the way.
  RawTls raw(rig.port());
  raw.send("POST /v1/leads HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer " + rig.generator() +
           "\r\nIdempotency-Key: x\r\nContent-Type: application/json\r\n"
           "Transfer-Encoding: chunked\r\n\r\n");
  std::string const chunk = "10000\r\n" + std::string(0x10000, ' ') + "\r\n";
  for (int i = 0; i < 20 && raw.send(chunk); ++i) continue;
  auto const answer = raw.read_all(5000);
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 413 ")) << answer;
}

TEST(Limits, ConnectionsAreCountedAndComeBack) {
  Rig rig;
  ASSERT_TRUE(within(10s, [&] { return rig.get("/livez", "").status == 200; }));
  rig.disconnect();
  std::vector<std::unique_ptr<RawTls>> held;
  int refused = 0;
  for (int i = 0; i < kConnectionsMax + 20; ++i) {
    auto raw = std::make_unique<RawTls>(rig.port());
    if (raw->connected()) {
      held.push_back(std::move(raw));
    } else {
      ++refused;
    }
  }
  EXPECT_LE(held.size(), static_cast<std::size_t>(kConnectionsMax));
  EXPECT_GT(refused, 0);
  held.clear();
  EXPECT_TRUE(within(kPatience, [&] { return rig.get("/livez", "").status == 200; }));
}

TEST(Limits, AnAccountHasARateAndHearsWhenToComeBack) {
  // Buyer 2 asks for nothing else in this program. Even what is refused for another reason counts;
  // so the cheapest refusal does, many at a time.
  Rig rig;
  auto const key = rig.keys().buyers.at(2).key;
  constexpr int kAtOnce = 250;
  constexpr int kPerMinute = 6000;
  std::string requests;
  for (int i = 0; i < kAtOnce; ++i) {
    requests +=
        "GET /v1/admin/accounts HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer " + key + "\r\n\r\n";
  }
  int answers = 0;
  std::string limited;
  while (limited.empty() && answers < 3 * kPerMinute) {
    RawTls raw(rig.port());
    ASSERT_TRUE(raw.send(requests));
    SSL_shutdown(raw.native());
    auto const got = raw.read_all(10'000);
    for (auto at = got.find("HTTP/1.1 "); at != std::string::npos; ++answers) {
      auto const next = got.find("HTTP/1.1 ", at + 1);
      if (got.compare(at + 9, 3, "429") == 0 && limited.empty())
        limited = got.substr(at, next - at);
      at = next;
    }
  }
  EXPECT_GT(answers, kPerMinute - kAtOnce);
  EXPECT_NE(limited.find("\"rate_limited\""), std::string::npos) << answers << limited;
  EXPECT_NE(limited.find("Retry-After: "), std::string::npos) << limited;
  EXPECT_EQ(rig.get("/v1/markets", rig.buyer()).status, 200) << "another account";
}

}  // namespace
}  // namespace leadex::e2e
