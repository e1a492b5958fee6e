#include "server/http/server.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <thread>

#include "server/json/rapidjson.hpp"
#include "tests/server/http/support.hpp"

namespace leadex::http {
namespace {

using test::RawTls;
using test::TestServer;

std::size_t count_of(std::string_view text, std::string_view part) {
  std::size_t n = 0;
  for (auto at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

TEST(Server, AnswersCarryTheSecurityHeaders) {
  TestServer server;
  auto client = server.client();
  auto const answer = client.call("GET", "/ping");
  ASSERT_TRUE(answer) << to_string(answer.error());
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, "pong");
  EXPECT_EQ(answer->headers.find("cache-control"), "no-store");
  EXPECT_EQ(answer->headers.find("x-content-type-options"), "nosniff");
  EXPECT_EQ(answer->headers.find("strict-transport-security"), "max-age=63072000");
  EXPECT_TRUE(answer->headers.contains("date"));
  EXPECT_FALSE(answer->headers.contains("server"));
  auto const id = answer->headers.find("request-id").value_or("");
  EXPECT_TRUE(id.starts_with("req_"));
  EXPECT_EQ(id.size(), 30U);
  ASSERT_TRUE(test::eventually([&] { return !server.observer().seen().empty(); }));
  auto const seen = server.observer().seen().front();
  EXPECT_EQ(seen.operation_id, "ping");
  EXPECT_EQ(seen.request_id, id);
  EXPECT_EQ(seen.bytes_out, 4U);
  EXPECT_EQ(seen.peer_address, "127.0.0.1");
}

TEST(Server, KeepsOneConnectionAliveForTenThousandRequests) {
  TestServer server;
  auto client = server.client();
  for (int i = 0; i < 10'000; ++i) {
    auto const answer = client.call("GET", "/ping");
    ASSERT_TRUE(answer) << i;
    ASSERT_EQ(answer->status, 200);
  }
  EXPECT_EQ(server.handled(), 10'000);
  EXPECT_EQ(server.server().connections(), 1U);
}

TEST(Server, PipelinedRequestsAreAnsweredInOrder) {
  TestServer server;
  RawTls raw(server.port());
  ASSERT_TRUE(raw.send(
      "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\none"
      "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\ntwo\r\n0\r\n\r\n"
      "GET /ping HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
  auto const all = raw.read_all();
  EXPECT_TRUE(raw.closed());
  EXPECT_LT(all.find("one"), all.find("two"));
  EXPECT_LT(all.find("two"), all.find("pong"));
  EXPECT_EQ(count_of(all, "HTTP/1.1 200 OK"), 3U);
}

TEST(Server, AThrowingHandlerGivesAProblemWithoutItsWords) {
  TestServer server;
  auto client = server.client();
  auto const answer = client.call("GET", "/boom");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 500);
  EXPECT_EQ(answer->body.find("secret"), std::string::npos);
  rapidjson::Document doc;
  doc.Parse(answer->body.c_str());
  EXPECT_STREQ(doc["code"].GetString(), "internal");
  EXPECT_EQ(doc["request_id"].GetString(), answer->headers.find("request-id"));
  EXPECT_TRUE(test::eventually([&] {
    auto const seen = server.observer().seen();
    return seen.size() == 1 && seen[0].failure == "std::runtime_error";
  }));
  EXPECT_EQ(client.call("GET", "/ping")->status, 200);
  // A header that would split the answer becomes a 500, too.
  auto const split = client.call("GET", "/split");
  ASSERT_TRUE(split);
  EXPECT_EQ(split->status, 500);
  EXPECT_FALSE(split->headers.contains("set-cookie"));
}

TEST(Server, HeadHasTheLengthButNoBody) {
  TestServer server;
  RawTls raw(server.port());
  raw.send(
      "HEAD /ping HTTP/1.1\r\nHost: a\r\n\r\nGET /ping HTTP/1.1\r\nHost: a\r\n"
      "Connection: close\r\n\r\n");
  auto const all = raw.read_all();
  EXPECT_EQ(count_of(all, "Content-Length: 4"), 2U);
  EXPECT_EQ(count_of(all, "pong"), 1U);
}

TEST(Server, OtherMethodsAndPathsAreProblems) {
  TestServer server;
  auto client = server.client();
  auto const wrong = client.call("DELETE", "/ping");
  ASSERT_TRUE(wrong);
  EXPECT_EQ(wrong->status, 405);
  EXPECT_EQ(wrong->headers.find("allow"), "GET, HEAD, OPTIONS");
  auto const unknown = client.call("GET", "/nothing?x=1");
  EXPECT_EQ(unknown->status, 404);
  EXPECT_EQ(unknown->headers.find("content-type"), "application/problem+json");
  EXPECT_EQ(client.call("GET", "/%00")->status, 400);
}

TEST(Server, StreamsAnswersInChunks) {
  TestServer server;
  auto client = server.client();
  auto const answer = client.call("GET", "/numbers");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, "0\n1\n2\n");
  EXPECT_EQ(answer->headers.find("transfer-encoding"), "chunked");
  // A source that fails must not look like a whole answer.
  EXPECT_FALSE(client.call("GET", "/broken-numbers"));
  RawTls old(server.port());
  old.send("GET /numbers HTTP/1.0\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(old.read_all().ends_with("\r\n\r\n0\n1\n2\n"));
}

TEST(Server, AsksForTheBodyOnlyWhenSomebodyReadsIt) {
  TestServer server;
  RawTls raw(server.port());
  raw.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(raw.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  raw.send("hello");
  EXPECT_TRUE(raw.read_until("hello").ends_with("hello"));
  raw.send("POST /ignore HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
  auto const ignored = raw.read_all();
  EXPECT_EQ(ignored.find("100 Continue"), std::string::npos);
  EXPECT_NE(ignored.find("Connection: close"), std::string::npos);
  EXPECT_TRUE(raw.closed());
}

TEST(Server, AnUnreadBodyNeverBecomesTheNextRequest) {
  TestServer server;
  std::string const inner = "GET /canary HTTP/1.1\r\nHost: a\r\n\r\n";
  RawTls whole(server.port());
  whole.send("POST /ignore HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(inner.size()) +
             "\r\n\r\n" + inner + "GET /ping HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(count_of(whole.read_all(), "pong"), 2U);
  RawTls part(server.port());
  part.send("POST /ignore HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n" + inner);
  EXPECT_EQ(count_of(part.read_all(), "HTTP/1.1"), 1U);
  EXPECT_EQ(server.canaries(), 0);
}

TEST(Server, AfterAFramingErrorNothingIsReadOn) {
  TestServer server;
  std::string const canary = "GET /canary HTTP/1.1\r\nHost: a\r\n\r\n";
  std::vector<std::string> heads = {
      "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n",
      "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nContent-Length: 0\r\n\r\n",
      "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 0, 0\r\n\r\n",
      "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n",
      "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n chunked\r\n\r\n",
      "POST /echo HTTP/1.1\r\nHost: a\r\nX: X\nTransfer-Encoding: chunked\r\n\r\n",
      "POST /echo HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
      "GET /ping HTTP/1.1\nHost: a\n\n",
      "GET /ping HTTP/1.1\r\n\r\n",
      "GET /ping HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n",
      "GET http://a/ping HTTP/1.1\r\nHost: a\r\n\r\n",
  };
  for (auto const& head : heads) {
    RawTls raw(server.port());
    raw.send(head + canary + canary);
    auto const all = raw.read_all();
    EXPECT_TRUE(all.starts_with("HTTP/1.1 400 Bad Request\r\n")) << head << all;
    EXPECT_EQ(count_of(all, "HTTP/1.1"), 1U) << head;
    EXPECT_NE(all.find("\"malformed_request\""), std::string::npos);
    EXPECT_NE(all.find("Connection: close"), std::string::npos);
    EXPECT_TRUE(raw.closed()) << head;
  }
  // A broken chunk shows only while the handler reads.
  RawTls chunk(server.port());
  chunk.send("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;x\r\n" +
             canary);
  auto const all = chunk.read_all();
  EXPECT_TRUE(all.starts_with("HTTP/1.1 400 ")) << all;
  EXPECT_EQ(count_of(all, "HTTP/1.1"), 1U);
  EXPECT_EQ(server.canaries(), 0);
}

TEST(Server, TheSharedSmugglingExamplesDoNotReachTheCanary) {
  auto const path = test::shared_data("http/smuggling-examples.jsonl");
  if (!path) GTEST_SKIP();
  TestServer server;
  std::ifstream in(*path);
  for (std::string line; std::getline(in, line);) {
    rapidjson::Document doc;
    doc.Parse(line.c_str());
    std::string text = doc["text"].GetString();
    bool const whole = std::string_view(doc["kind"].GetString()) == "request";
    for (std::size_t at = 0; whole && (at = text.find('\n', at)) != std::string::npos; at += 2) {
      text.replace(at, 1, "\r\n");
    }
    auto const bytes =
        whole ? text
              : "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n" + text + "\r\n\r\n";
    RawTls raw(server.port());
    raw.send(bytes + "GET /canary HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_LE(count_of(raw.read_all(500), "HTTP/1.1"), 2U);
    EXPECT_EQ(server.canaries(), 0) << bytes;
  }
}

TEST(Server, ThePlainListenerServesItsOwnRoutesWithoutTls) {
  TestServer server;
  auto const metrics =
      test::exchange_plain(server.server().plain_port(),
                           "GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(metrics.starts_with("HTTP/1.1 200 OK\r\n")) << metrics;
  EXPECT_EQ(metrics.find("Strict-Transport-Security"), std::string::npos);
  auto const ping = test::exchange_plain(
      server.server().plain_port(), "GET /ping HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(ping.starts_with("HTTP/1.1 404 "));
  EXPECT_EQ(server.client().call("GET", "/metrics")->status, 404);
}

TEST(Server, ForwardedAddressesComeFromTrustedPeersOnly) {
  Headers const forwarded = {{"X-Forwarded-For", "6.6.6.6, 9.9.9.9"}};
  for (bool const trusted : {false, true}) {
    TestServer server([trusted](ServerOptions& options) {
      if (trusted) options.trusted_peers = {"127.0.0.1"};
    });
    ASSERT_TRUE(server.client().call("GET", "/ping", forwarded));
    ASSERT_TRUE(test::eventually([&] { return server.observer().seen().size() == 1; }));
    EXPECT_EQ(server.observer().seen()[0].peer_address, trusted ? "9.9.9.9" : "127.0.0.1");
  }
}

TEST(Server, OldTlsAndWeakSuitesAreRefused) {
  TestServer server;
  RawTls const old(server.port(), {TLS1_VERSION, TLS1_1_VERSION, ""});
  EXPECT_FALSE(old.connected());
  EXPECT_NE(old.error().find("protocol version"), std::string::npos) << old.error();
  for (auto const* suites : {"ECDHE-ECDSA-AES128-SHA256", "ECDHE-ECDSA-AES256-SHA"}) {
    RawTls const cbc(server.port(), {TLS1_2_VERSION, TLS1_2_VERSION, suites});
    EXPECT_FALSE(cbc.connected()) << suites;
  }
  RawTls const middle(server.port(), {TLS1_2_VERSION, TLS1_2_VERSION, ""});
  ASSERT_TRUE(middle.connected()) << middle.error();
  EXPECT_EQ(middle.version(), "TLSv1.2");
  RawTls const modern(server.port());
  EXPECT_EQ(modern.version(), "TLSv1.3");
}

TEST(Server, RefusesRenegotiation) {
  TestServer server;
  RawTls raw(server.port(), {TLS1_2_VERSION, TLS1_2_VERSION, ""});
  ASSERT_TRUE(raw.connected());
  EXPECT_EQ(SSL_get_current_compression(raw.native()), nullptr);
  SSL_renegotiate(raw.native());
  EXPECT_NE(SSL_do_handshake(raw.native()), 1);
}

TEST(Server, AReloadedCertificateServesNewConnections) {
  TestServer server;
  RawTls before(server.port());
  EXPECT_EQ(before.peer_serial(), 1);
  server.renew_certificate(2);
  ASSERT_TRUE(server.server().reload_certificate());
  RawTls const after(server.port());
  EXPECT_EQ(after.peer_serial(), 2);
  before.send("GET /ping HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_NE(before.read_until("pong").find("pong"), std::string::npos);
  // A broken file leaves the certificate in place.
  std::ofstream(server.ca_file()) << "no certificate";
  EXPECT_FALSE(server.server().reload_certificate());
  EXPECT_EQ(RawTls(server.port()).peer_serial(), 2);
}

TEST(Server, ATakenPortIsAnErrorAtStart) {
  TestServer first;
  EXPECT_THROW(TestServer([&first](ServerOptions& options) { options.port = first.port(); }),
               std::runtime_error);
  EXPECT_THROW(TestServer([](ServerOptions& options) { options.plain->address = "0.0.0.0"; }),
               std::runtime_error);
}

TEST(Server, ConcurrentConnectionsAreServedByAllThreads) {
  TestServer server;
  std::vector<std::thread> threads;
  std::atomic<int> good{0};
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      for (int c = 0; c < 10; ++c) {
        auto client = server.client();
        for (int r = 0; r < 5; ++r) {
          auto const answer = client.call("POST", "/echo", {}, std::string(3000, 'x'));
          if (answer && answer->body.size() == 3000) ++good;
        }
      }
    });
  }
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(server.server().reload_certificate());
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(good.load(), 400);
  EXPECT_TRUE(test::eventually([&] { return server.server().connections() == 0; }));
}

}  // namespace
}  // namespace leadex::http
