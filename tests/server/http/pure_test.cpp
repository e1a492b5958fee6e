#include <gtest/gtest.h>

#include <boost/asio/ip/address.hpp>
#include <set>

#include "server/http/address_guard.hpp"
#include "server/http/problem.hpp"
#include "server/http/request_id.hpp"
#include "server/http/response_reader.hpp"
#include "server/http/response_writer.hpp"
#include "server/http/target.hpp"
#include "server/json/rapidjson.hpp"
#include "tests/server/http/support.hpp"

namespace leadex::http {
namespace {

TEST(Target, PathAndQueryAreDecodedOnce) {
  auto const target = split_target("/v1/a%20b/%252e?state=CA,TX&age[gte]=25&q=a+b%2Bc&flag&&x=");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->path, "/v1/a%20b/%252e");
  EXPECT_EQ(target->segments, (std::vector<std::string>{"v1", "a b", "%2e"}));
  using Pairs = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(
      target->query,
      (Pairs{{"state", "CA,TX"}, {"age[gte]", "25"}, {"q", "a b+c"}, {"flag", ""}, {"x", ""}}));
  EXPECT_TRUE(split_target("/")->segments.empty());
  EXPECT_EQ(split_target("/a/")->segments.size(), 2U);
}

TEST(Target, MalformedOnesAreRefused) {
  for (auto const* target : {"", "a", "/%", "/%4", "/%zz", "/%00", "/a%0d%0a", "/%ff", "/%c0%af",
                             "/%ed%a0%80", "/..", "/a/%2e%2e/b", "/.", "*?a"}) {
    EXPECT_FALSE(split_target(target)) << target;
  }
}

TEST(Target, PairsOfTheQueryThatDoNotDecodeAreLeftOut) {
  for (auto const* target : {"/a?b=%&c=d", "/a?c=d&x=%00", "/a?c=d&x=caf%E9", "/a?%ff=1&c=d"}) {
    auto const split = split_target(target);
    ASSERT_TRUE(split) << target;
    EXPECT_FALSE(split->query_whole) << target;
    using Pairs = std::vector<std::pair<std::string, std::string>>;
    EXPECT_EQ(split->query, (Pairs{{"c", "d"}})) << target;
  }
  EXPECT_TRUE(split_target("/a?b=50%25")->query_whole);
}

TEST(RequestId, HasAllBitsAndNoTwin) {
  std::array<std::uint8_t, 16> bytes{};
  EXPECT_EQ(request_id_of(bytes), "req_" + std::string(26, '0'));
  bytes.fill(0xFF);
  EXPECT_EQ(request_id_of(bytes), "req_7" + std::string(25, 'Z'));
  bytes.fill(0);
  bytes[15] = 0x21;
  EXPECT_EQ(request_id_of(bytes), "req_" + std::string(24, '0') + "11");
  std::set<std::string> ids;
  for (int i = 0; i < 1000; ++i) ids.insert(make_request_id());
  EXPECT_EQ(ids.size(), 1000U);
}

TEST(Problem, HasTheMembersOfTheContract) {
  auto const response =
      make_problem(422, "unknown_field", "No \"such\" field.", "req_1",
                   {{"/a/b", "unknown", "What is this?"}}, Headers{{"Retry-After", "3"}});
  EXPECT_EQ(response.status, 422);
  EXPECT_EQ(response.headers.find("content-type"), "application/problem+json");
  EXPECT_EQ(response.headers.find("retry-after"), "3");
  rapidjson::Document doc;
  doc.Parse(response.body.c_str());
  ASSERT_FALSE(doc.HasParseError());
  EXPECT_STREQ(doc["type"].GetString(), "about:blank");
  EXPECT_STREQ(doc["title"].GetString(), "Unprocessable Content");
  EXPECT_EQ(doc["status"].GetInt(), 422);
  EXPECT_STREQ(doc["detail"].GetString(), "No \"such\" field.");
  EXPECT_STREQ(doc["code"].GetString(), "unknown_field");
  EXPECT_STREQ(doc["request_id"].GetString(), "req_1");
  EXPECT_STREQ(doc["errors"][0]["pointer"].GetString(), "/a/b");
}

TEST(ResponseHead, RefusesHeadersThatWouldSplitTheAnswer) {
  Response response;
  response.headers.add("Location", "/a\r\nX: y");
  EXPECT_FALSE(write_response_head(response, {}));
  response.headers = Headers{{"Bad name", "x"}};
  EXPECT_FALSE(write_response_head(response, {}));
  response.headers = Headers{{"Content-Length", "999"}, {"X-Own", "1"}};
  auto const head = write_response_head(response, {"req_1", true, false, false});
  ASSERT_TRUE(head);
  EXPECT_EQ(head->find("999"), std::string::npos);
  EXPECT_NE(head->find("Content-Length: 0\r\n"), std::string::npos);
  EXPECT_NE(head->find("X-Own: 1\r\n"), std::string::npos);
}

TEST(ResponseHead, DatesAreImfFixdates) {
  EXPECT_EQ(http_date(784111777), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(http_date(1709164800), "Thu, 29 Feb 2024 00:00:00 GMT");
}

TEST(AddressGuard, OnlyGlobalUnicastIsPublic) {
  for (auto const* text : {"0.0.0.0",
                           "0.1.2.3",
                           "10.255.255.255",
                           "100.64.0.1",
                           "100.127.255.255",
                           "127.0.0.1",
                           "127.1.2.3",
                           "169.254.169.254",
                           "172.16.0.1",
                           "172.31.255.255",
                           "192.0.0.8",
                           "192.0.2.1",
                           "192.88.99.1",
                           "192.168.1.1",
                           "198.18.0.1",
                           "198.19.255.255",
                           "198.51.100.7",
                           "203.0.113.9",
                           "224.0.0.1",
                           "239.255.255.255",
                           "240.0.0.1",
                           "255.255.255.255",
                           "::",
                           "::1",
                           "::ffff:8.8.8.8",
                           "::8.8.8.8",
                           "64:ff9b::808:808",
                           "64:ff9b:1::1",
                           "100::1",
                           "2001::1",
                           "2001:1ff::1",
                           "2001:db8::1",
                           "2002:808:808::1",
                           "2620:4f:8000::1",
                           "3fff:fff::1",
                           "4000::1",
                           "fc00::1",
                           "fdff::1",
                           "fe80::1",
                           "fec0::1",
                           "ff02::1"}) {
    EXPECT_FALSE(is_public(asio::ip::make_address(text))) << text;
  }
  for (auto const* text :
       {"1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0",
        "172.15.255.255", "172.32.0.0", "198.17.255.255", "198.20.0.0", "223.255.255.255",
        "2001:200::1", "2001:4860:4860::8888", "2003::1", "2606:4700::1111", "3ffe::1"}) {
    EXPECT_TRUE(is_public(asio::ip::make_address(text))) << text;
  }
  EXPECT_FALSE(is_loopback(asio::ip::make_address("::ffff:127.0.0.1")));
  EXPECT_TRUE(is_loopback(asio::ip::make_address("127.9.9.9")));
}

asio::awaitable<Response> tell_params(Request& request) {
  std::string text = request.operation_id;
  for (auto const* name : {"id", "part"}) {
    text += ' ';
    text += request.params.find(name).value_or("-");
  }
  co_return make_response(200, "text/plain", text);
}

Response ask(Router const& router, std::string method, std::string path) {
  auto target = split_target(path);
  MemoryBody body("");
  Request request;
  request.method = std::move(method);
  request.segments = target->segments;
  request.query_whole = target->query_whole;
  request.request_id = "req_1";
  request.body = &body;
  return test::run_router(router, request);
}

TEST(Router, LiteralsWinAndNamesAreFilled) {
  Router router;
  auto const handler = [](Request& request) { return tell_params(request); };
  router.add("GET", "/v1/sales/{id}", "getSale", handler);
  router.add("GET", "/v1/sales/{id}/contact", "getContact", handler);
  router.add("GET", "/v1/sales/mine", "getMine", handler);
  router.add("GET", "/v1/{part}/mine/all", "getAll", handler);
  EXPECT_EQ(ask(router, "GET", "/v1/sales/s%2F1").body, "getSale s/1 -");
  EXPECT_EQ(ask(router, "GET", "/v1/sales/x/contact").body, "getContact x -");
  EXPECT_EQ(ask(router, "GET", "/v1/sales/mine").body, "getMine - -");
  EXPECT_EQ(ask(router, "GET", "/v1/sales/mine/contact").body, "getContact mine -");
  EXPECT_EQ(ask(router, "GET", "/v1/sales/mine/all").body, "getAll - sales");
  EXPECT_EQ(ask(router, "GET", "/v1/sales/").status, 404);
  EXPECT_EQ(ask(router, "GET", "/v1/sales").status, 404);
  ASSERT_EQ(router.routes().size(), 4U);
  EXPECT_EQ(router.routes()[1].pattern, "/v1/sales/{id}/contact");
}

TEST(Router, AQueryThatDoesNotDecodeIsRefusedUnlessTheRouteTakesAny) {
  Router router;
  auto const handler = [](Request& request) { return tell_params(request); };
  router.add("GET", "/strict", "getStrict", handler);
  router.add("GET", "/any", "getAny", handler, {.any_query = true});
  EXPECT_EQ(ask(router, "GET", "/strict?a=50%").status, 400);
  EXPECT_EQ(ask(router, "GET", "/strict?a=50%25").status, 200);
  EXPECT_EQ(ask(router, "GET", "/any?a=50%").status, 200);
}

TEST(Router, OtherMethodsAreToldWhatIsAllowed) {
  Router router;
  auto const handler = [](Request& request) { return tell_params(request); };
  router.add("GET", "/a", "getA", handler);
  router.add("POST", "/a", "postA", handler);
  auto const response = ask(router, "PUT", "/a");
  EXPECT_EQ(response.status, 405);
  EXPECT_EQ(response.headers.find("Allow"), "GET, HEAD, POST, OPTIONS");
  EXPECT_EQ(ask(router, "HEAD", "/a").status, 200);
  EXPECT_EQ(ask(router, "OPTIONS", "/a").status, 204);
  EXPECT_EQ(ask(router, "OPTIONS", "/b").status, 404);
}

TEST(Router, ABodyAnnouncedTooLargeNeverReachesTheHandler) {
  Router router;
  int calls = 0;
  router.add("POST", "/a", "postA",
             [&calls](Request& request) {
               ++calls;
               return tell_params(request);
             },
             {4, std::chrono::seconds(1)});
  MemoryBody body("12345");
  Request request;
  request.method = "POST";
  request.segments = {"a"};
  request.body = &body;
  EXPECT_EQ(test::run_router(router, request).status, 413);
  EXPECT_EQ(calls, 0);
}

TEST(ResponseReader, ReadsInAnyPieces) {
  std::string const bytes =
      "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-A: "
      "b\r\n\r\n"
      "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n";
  for (std::size_t step = 1; step < bytes.size(); ++step) {
    ResponseReader reader(100, false);
    auto state = ResponseReader::State::more;
    for (std::size_t at = 0; at < bytes.size(); at += step) {
      EXPECT_EQ(state, ResponseReader::State::more);
      state = reader.put(std::string_view(bytes).substr(at, step));
    }
    ASSERT_EQ(state, ResponseReader::State::done) << step;
    EXPECT_EQ(reader.status(), 200);
    EXPECT_EQ(reader.body(), "hello world");
    EXPECT_EQ(reader.headers().find("x-a"), "b");
    EXPECT_TRUE(reader.keeps_alive());
  }
}

TEST(ResponseReader, LimitsAndFaultsAreSeen) {
  using State = ResponseReader::State;
  ResponseReader exact(5, false);
  EXPECT_EQ(exact.put("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"), State::done);
  ResponseReader full(4, false);
  EXPECT_EQ(full.put("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"), State::full);
  EXPECT_EQ(full.body(), "hell");
  ResponseReader junk(4, false);
  EXPECT_EQ(junk.put("SSH-2.0-x\r\n\r\n"), State::malformed);
  ResponseReader head(4, false);
  EXPECT_EQ(head.put("HTTP/1.1 200 OK\r\nX: " + std::string(20000, 'x')), State::malformed);
  ResponseReader open(100, false);
  EXPECT_EQ(open.put("HTTP/1.1 200 OK\r\n\r\nuntil the end"), State::more);
  EXPECT_EQ(open.put_end(), State::done);
  EXPECT_FALSE(open.keeps_alive());
  ResponseReader cut(100, false);
  EXPECT_EQ(cut.put("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel"), State::more);
  EXPECT_EQ(cut.put_end(), State::malformed);
  ResponseReader no_body(100, true);
  EXPECT_EQ(no_body.put("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"), State::done);
  ResponseReader upgrade(100, false);
  EXPECT_EQ(upgrade.put("HTTP/1.1 101 Switching Protocols\r\n\r\n"), State::malformed);
}

}  // namespace
}  // namespace leadex::http
