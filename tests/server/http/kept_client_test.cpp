// Connections that are used again, against real servers over TLS.

#include "server/http/kept_client.hpp"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <thread>

#include "tests/server/http/support.hpp"

namespace leadex::http {
namespace {

using namespace std::chrono_literals;
using test::TestServer;
using Answer = Result<ClientResponse, ClientError>;

class KeptConnections : public testing::Test {
 protected:
  [[nodiscard]] static ClientOptions rules(TestServer const& server) {
    ClientOptions options;
    options.allow_loopback = true;
    options.ca_file = server.ca_file();
    options.timeout = 5s;
    return options;
  }
  static ClientRequest get(TestServer const& server, std::string const& path = "/ping") {
    ClientRequest request;
    request.method = "GET";
    request.url = server.base_url() + path;
    return request;
  }
  /// All at once; their answers in the order given.
  std::vector<Answer> send_all(KeptClient& client, std::vector<ClientRequest> requests) {
    std::vector<Answer> answers(requests.size(), refuse(ClientError::request_malformed));
    for (std::size_t i = 0; i < requests.size(); ++i) {
      asio::co_spawn(context_, client.send(std::move(requests[i])),
                     [&answers, i](std::exception_ptr const& failed, Answer answer) {
                       ASSERT_FALSE(failed);
                       answers[i] = std::move(answer);
                     });
    }
    context_.restart();
    context_.run();
    return answers;
  }
  Answer send(KeptClient& client, ClientRequest request) {
    std::vector<ClientRequest> one;
    one.push_back(std::move(request));
    return send_all(client, std::move(one)).front();
  }
  /// What the server has open now, once it has noticed what was closed.
  static bool has_open(TestServer& server, std::size_t count) {
    return test::eventually([&] { return server.server().connections() == count; });
  }

  asio::io_context context_;
};

TEST_F(KeptConnections, ManyRequestsInARowTakeOneConnection) {
  TestServer server;
  KeptClient client(rules(server), {});
  for (int i = 0; i < 20; ++i) {
    auto const answer = send(client, get(server));
    ASSERT_TRUE(answer) << to_string(answer.error());
    EXPECT_EQ(answer->body, "pong");
    EXPECT_EQ(client.idle(), 1U);
    EXPECT_EQ(server.server().connections(), 1U);
  }
  client.clear();
  EXPECT_TRUE(has_open(server, 0));
}

TEST_F(KeptConnections, RequestsAtOnceTakeAConnectionEachAndOnlySomeOfThemRest) {
  TestServer server;
  KeptClient client(rules(server), {.idle_per_peer_max = 3});
  std::vector<ClientRequest> requests;
  for (int i = 0; i < 6; ++i) requests.push_back(get(server, "/slow"));
  for (auto const& answer : send_all(client, std::move(requests))) {
    ASSERT_TRUE(answer) << to_string(answer.error());
    EXPECT_EQ(answer->body, "slow");
  }
  EXPECT_EQ(client.idle(), 3U);
  EXPECT_TRUE(has_open(server, 3));
  client.clear();
}

TEST_F(KeptConnections, OfAllPeersTheLongestRestingGivesWay) {
  TestServer server;
  KeptClient client(rules(server), {.idle_max = 1});
  ASSERT_TRUE(send(client, get(server)));
  auto by_name = get(server);
  by_name.url = "https://localhost:" + std::to_string(server.port()) + "/ping";
  ASSERT_TRUE(send(client, by_name)) << "another peer: its name is checked anew";
  EXPECT_EQ(client.idle(), 1U);
  EXPECT_TRUE(has_open(server, 1));
  client.clear();
  EXPECT_TRUE(has_open(server, 0));
}

TEST_F(KeptConnections, WhatItsPeerClosedMeanwhileIsReplaced) {
  TestServer server([](ServerOptions& options) { options.limits.idle_timeout = 100ms; });
  KeptClient client(rules(server), {});
  ASSERT_TRUE(send(client, get(server)));
  ASSERT_TRUE(has_open(server, 0));
  auto const again = send(client, get(server));
  ASSERT_TRUE(again) << to_string(again.error());
  EXPECT_EQ(again->body, "pong");
  ASSERT_TRUE(has_open(server, 0));
  EXPECT_EQ(client.idle(), 1U) << "nobody has looked yet";
  client.drop_idle();
  EXPECT_EQ(client.idle(), 0U);
}

TEST_F(KeptConnections, RestAndLifeHaveAnEnd) {
  TestServer server;
  KeptClient tired(rules(server), {.idle_time = 50ms});
  ASSERT_TRUE(send(tired, get(server)));
  tired.drop_idle();
  EXPECT_EQ(tired.idle(), 1U);
  std::this_thread::sleep_for(60ms);
  tired.drop_idle();
  EXPECT_EQ(tired.idle(), 0U);

  KeptClient old(rules(server), {.lifetime_max = 0ms});
  ASSERT_TRUE(send(old, get(server)));
  ASSERT_TRUE(send(old, get(server)));
  old.clear();
  EXPECT_TRUE(has_open(server, 0));
}

TEST_F(KeptConnections, AnAnswerThatIsCutOrLateClosesIts) {
  TestServer server([](ServerOptions& options) { options.drain_timeout = 100ms; });
  KeptClient client(rules(server), {});
  auto const large = send(client, get(server, "/large"));
  ASSERT_TRUE(large) << to_string(large.error());
  EXPECT_TRUE(large->cut);
  EXPECT_EQ(large->body.size(), 4096U);
  EXPECT_EQ(client.idle(), 0U);

  auto request = get(server, "/very-slow");
  request.timeout = 200ms;
  auto const started = std::chrono::steady_clock::now();
  EXPECT_EQ(send(client, request).error(), ClientError::timeout);
  EXPECT_LT(std::chrono::steady_clock::now() - started, 2s);
  EXPECT_EQ(client.idle(), 0U);
}

TEST_F(KeptConnections, TheRulesOnTargetsHoldAsForSingleRequests) {
  TestServer server;
  auto options = rules(server);
  options.allow_loopback = false;
  KeptClient strict(options, {});
  EXPECT_EQ(send(strict, get(server)).error(), ClientError::address_refused);
  options.allow_loopback = true;
  options.ca_file.clear();
  KeptClient stranger(options, {});
  EXPECT_EQ(send(stranger, get(server)).error(), ClientError::tls_failed);
  KeptClient client(rules(server), {});
  auto request = get(server);
  request.url.replace(0, 5, "http");
  EXPECT_EQ(send(client, request).error(), ClientError::scheme_refused);
  auto split = get(server);
  split.headers.add("X-A", "b\r\nX-C: d");
  EXPECT_EQ(send(client, split).error(), ClientError::request_malformed);
  EXPECT_EQ(server.handled(), 0);
}

TEST_F(KeptConnections, NobodyListeningIsAnErrorAtOnce) {
  TestServer server;
  KeptClient client(rules(server), {});
  ASSERT_TRUE(send(client, get(server)));
  auto request = get(server);
  server.server().stop();
  auto const answer = send(client, request);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error(), ClientError::connect_failed);
}

}  // namespace
}  // namespace leadex::http
