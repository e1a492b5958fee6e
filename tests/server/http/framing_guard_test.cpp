#include "server/http/framing_guard.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <vector>

#include "server/http/chunked_decoder.hpp"
#include "server/json/rapidjson.hpp"
#include "tests/server/http/framing_corpus.hpp"
#include "tests/server/http/support.hpp"

namespace leadex::http {
namespace {

using test::shared_data;

Result<ParsedHead, FramingError> parse(std::string_view head, HeadLimits limits = {}) {
  return parse_head(head, limits);
}

std::optional<FramingError> error_of(std::string_view head) {
  auto const parsed = parse(head);
  return parsed ? std::nullopt : std::optional(parsed.error());
}

/// A POST with these extra lines, each with its CRLF.
std::string post(std::string const& lines) {
  return "POST /x HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n";
}

TEST(FramingGuard, APlainRequestIsTakenApart) {
  auto const head = parse(
      "POST /v1/leads?a[gte]=1 HTTP/1.1\r\nHost: example.com:8443\r\nX-A:\t one two \r\n"
      "Content-Length: 12\r\nExpect: 100-Continue\r\nConnection: keep-alive, Close\r\n\r\n");
  ASSERT_TRUE(head);
  EXPECT_EQ(head->method, "POST");
  EXPECT_EQ(head->target, "/v1/leads?a[gte]=1");
  EXPECT_EQ(head->fields[1].second, "one two");
  EXPECT_EQ(head->content_length, 12U);
  EXPECT_FALSE(head->chunked);
  EXPECT_TRUE(head->expect_continue);
  EXPECT_TRUE(head->close);
}

TEST(FramingGuard, Http10ClosesAndHasNoChunks) {
  auto const head = parse("GET / HTTP/1.0\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(head);
  EXPECT_TRUE(head->http_1_0);
  EXPECT_TRUE(head->close);
  EXPECT_EQ(error_of("POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"),
            FramingError::encoding_in_1_0);
}

struct Case {
  std::string head;
  FramingError error;
};

TEST(FramingGuard, EachFaultHasItsError) {
  std::vector<Case> const cases = {
      {"GET / HTTP/1.1\nHost: a\r\n\r\n", FramingError::bad_line_end},
      {"GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n", FramingError::bad_line_end},
      {"\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", FramingError::bad_request_line},
      {"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", FramingError::bad_request_line},
      {"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", FramingError::bad_request_line},
      {"GET /\r\nHost: a\r\n\r\n", FramingError::bad_request_line},
      {"GET / RTSP/1.0\r\nHost: a\r\n\r\n", FramingError::bad_request_line},
      {"G(T / HTTP/1.1\r\nHost: a\r\n\r\n", FramingError::bad_method},
      {"MKCOLA / HTTP/1.1\r\nHost: a\r\n\r\n", FramingError::unknown_method},
      {"get / HTTP/1.1\r\nHost: a\r\n\r\n", FramingError::unknown_method},
      {"GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n", FramingError::bad_target},
      {"CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", FramingError::bad_target},
      {"GET * HTTP/1.1\r\nHost: a\r\n\r\n", FramingError::bad_target},
      {"GET /#f HTTP/1.1\r\nHost: a\r\n\r\n", FramingError::bad_target},
      {"GET /\xC3\xA4 HTTP/1.1\r\nHost: a\r\n\r\n", FramingError::bad_target},
      {"GET / HTTP/1.2\r\nHost: a\r\n\r\n", FramingError::bad_version},
      {"GET / HTTP/2.0\r\nHost: a\r\n\r\n", FramingError::bad_version},
      {post(" folded: x\r\n"), FramingError::bad_name},
      {post("X-A: a\r\n b\r\n"), FramingError::bad_name},
      {post("X-A : a\r\n"), FramingError::bad_name},
      {post(": a\r\n"), FramingError::bad_name},
      {post("no colon\r\n"), FramingError::bad_name},
      {post("X-\x01: a\r\n"), FramingError::bad_name},
      {post(std::string("X-A: a\0b\r\n", 10)), FramingError::bad_value},
      {post("X-A: a\x0c\r\n"), FramingError::bad_value},
      {"GET / HTTP/1.1\r\n\r\n", FramingError::bad_host},
      {post("Host: a\r\n"), FramingError::bad_host},
      {"GET / HTTP/1.1\r\nHost:\r\n\r\n", FramingError::bad_host},
      {"GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", FramingError::bad_host},
      {"GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", FramingError::bad_host},
      {"GET / HTTP/1.1\r\nHost: a:b\r\n\r\n", FramingError::bad_host},
      {"GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", FramingError::bad_host},
      {post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
       FramingError::length_and_encoding},
      {post("Content-Length: 5\r\nTransfer-Encoding: identity\r\n"),
       FramingError::length_and_encoding},
      {post("Content-Length: 5\r\nContent-Length: 5\r\n"), FramingError::bad_length},
      {post("Content-Length: 5, 5\r\n"), FramingError::bad_length},
      {post("Content-Length: +5\r\n"), FramingError::bad_length},
      {post("Content-Length: -1\r\n"), FramingError::bad_length},
      {post("Content-Length: 0x5\r\n"), FramingError::bad_length},
      {post("Content-Length: 5 5\r\n"), FramingError::bad_length},
      {post("Content-Length:\r\n"), FramingError::bad_length},
      {post("Content-Length: 9223372036854775808\r\n"), FramingError::bad_length},
      {post("Transfer-Encoding: gzip\r\n"), FramingError::bad_encoding},
      {post("Transfer-Encoding: xchunked\r\n"), FramingError::bad_encoding},
      {post("Transfer-Encoding: chunked, identity\r\n"), FramingError::bad_encoding},
      {post("Transfer-Encoding: gzip, chunked\r\n"), FramingError::bad_encoding},
      {post("Transfer-Encoding: \"chunked\"\r\n"), FramingError::bad_encoding},
      {post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
       FramingError::bad_encoding},
      {post("Transfer-Encoding:\r\n"), FramingError::bad_encoding},
      {post("Expect: 200-ok\r\n"), FramingError::bad_expectation},
      {"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n", FramingError::body_not_allowed},
      {"DELETE / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
       FramingError::body_not_allowed},
  };
  for (auto const& [head, error] : cases) EXPECT_EQ(error_of(head), error) << head;
}

TEST(FramingGuard, LegalOdditiesPass) {
  EXPECT_FALSE(error_of("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"));
  EXPECT_FALSE(error_of("GET / HTTP/1.1\r\nhOST: [::1]:443\r\n\r\n"));
  EXPECT_FALSE(error_of(post("X-Empty:\r\n")));
  EXPECT_FALSE(error_of(post("X-Text: D\xC3\xBCsseldorf\r\n")));
  EXPECT_FALSE(error_of(post("Transfer-Encoding: Chunked\r\n")));
  EXPECT_FALSE(error_of(post("Content-Length: 007\r\n")));
  EXPECT_FALSE(error_of("DELETE / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"));
  EXPECT_FALSE(error_of(post("Upgrade: h2c\r\nConnection: Upgrade\r\n")));
}

TEST(FramingGuard, CountsAndLengthsAreLimited) {
  std::string lines;
  for (int i = 0; i < 99; ++i) lines += "a: b\r\n";
  EXPECT_FALSE(error_of(post(lines)));
  EXPECT_EQ(error_of(post(lines + "a: b\r\n")), FramingError::too_many_headers);
  auto const line = "GET /" + std::string(8192, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n";
  EXPECT_EQ(error_of(line), FramingError::target_too_long);
}

TEST(FramingGuard, AHeadEndIsFoundAcrossReads) {
  std::string const head = "GET / HTTP/1.1\r\nHost: a\r\n\r\nrest";
  for (std::size_t cut = 0; cut < head.size(); ++cut) {
    auto const early = find_head_end(std::string_view(head).substr(0, cut), 0);
    EXPECT_EQ(early.has_value(), cut >= head.size() - 4);
    if (!early) EXPECT_EQ(find_head_end(head, cut), head.size() - 4) << cut;
  }
}

// ---- chunked bodies --------------------------------------------------------------------------

struct Decoded {
  bool malformed = false;
  bool done = false;
  std::string body;
  std::size_t consumed = 0;
};

/// Decodes in pieces of `in_step` bytes into buffers of `out_step` bytes.
Decoded decode(std::string_view in, std::size_t in_step = 1000, std::size_t out_step = 1000) {
  ChunkedDecoder decoder;
  Decoded out;
  std::vector<char> piece(out_step);
  while (out.consumed < in.size() && !decoder.done()) {
    auto const step = decoder.decode(std::span(in.substr(out.consumed, in_step)), piece);
    if (!step) {
      out.malformed = true;
      break;
    }
    out.consumed += step->consumed;
    out.body.append(piece.data(), step->produced);
  }
  out.done = decoder.done();
  return out;
}

TEST(ChunkedDecoder, DecodesWhateverTheCuts) {
  std::string const in = "5\r\nhello\r\n00A\r\n0123456789\r\n000\r\n\r\nGET /";
  for (std::size_t in_step = 1; in_step < 9; ++in_step) {
    for (std::size_t out_step = 1; out_step < 9; ++out_step) {
      auto const out = decode(in, in_step, out_step);
      EXPECT_TRUE(out.done);
      EXPECT_EQ(out.body, "hello0123456789");
      EXPECT_EQ(out.consumed, in.size() - 5);
    }
  }
}

TEST(ChunkedDecoder, EverythingElseIsMalformed) {
  for (auto const* in :
       {"\r\n", "g\r\n", " 5\r\nhello\r\n", "5 \r\nhello\r\n", "5\nhello\r\n", "5\r\nhello\n",
        "5\r\nhelloX\r\n", "5;a=b\r\nhello\r\n", "5;\r\nhello\r\n", "0\r\nTrailer: x\r\n\r\n",
        "0x5\r\nhello\r\n", "-5\r\nhello\r\n", "+5\r\nhello\r\n", "1000000000000000\r\n", "0\r\n\n",
        "0\n\n", "5\r\rhello", "\r\n5\r\nhello\r\n"}) {
    auto const out = decode(in);
    EXPECT_TRUE(out.malformed) << in;
    EXPECT_FALSE(out.done) << in;
  }
}

// ---- the corpora -----------------------------------------------------------------------------

/// What a connection would make of these bytes: how many requests it would answer, and whether
/// it would then go on. Reads exactly as Session does, without the network.
struct Verdict {
  int accepted = 0;
  bool refused = false;
  bool closed = false;      // an accepted request asked for it
  bool incomplete = false;  // still waiting for bytes
  [[nodiscard]] bool clean() const { return !refused && !closed && !incomplete; }
};

Verdict judge(std::string_view bytes) {
  Verdict verdict;
  while (!bytes.empty() && verdict.clean()) {
    auto const end = find_head_end(bytes, 0);
    if (!end) {
      verdict.incomplete = true;
      break;
    }
    auto const head = parse(bytes.substr(0, *end));
    if (!head) {
      verdict.refused = true;
      break;
    }
    bytes.remove_prefix(*end);
    if (head->chunked) {
      auto const body = decode(bytes);
      verdict.refused = body.malformed;
      verdict.incomplete = !body.malformed && !body.done;
      bytes.remove_prefix(body.consumed);
    } else {
      verdict.incomplete = bytes.size() < head->content_length;
      bytes.remove_prefix(std::min<std::size_t>(bytes.size(), head->content_length));
    }
    if (!verdict.clean()) break;
    ++verdict.accepted;
    verdict.closed = head->close;
  }
  return verdict;
}

TEST(FramingGuard, NeverAcceptsWhatAStrictParserRefuses) {
  auto const path = shared_data("http/llhttp-requests.jsonl");
  if (!path) GTEST_SKIP();
  int strict_errors = 0;
  int lenient = 0;
  int valid = 0;
  int valid_accepted = 0;
  for (auto const& sample : test::read_framing_samples(*path)) {
    bool const error = !sample.reason.empty() && !sample.paused();
    bool accepted_all = false;
    // The corpus cuts the blank lines at the end of each example: try all continuations.
    for (auto const* tail : {"", "\r\n", "\r\n\r\n"}) {
      for (auto const& bytes : {sample.bytes + tail, test::with_hosts(sample.bytes + tail)}) {
        auto const verdict = judge(bytes);
        std::string const where =
            sample.name + " tail " + std::to_string(std::string_view(tail).size());
        if (!sample.request()) {
          EXPECT_FALSE(verdict.clean() && verdict.accepted > 0) << where;
        } else if (error) {
          EXPECT_FALSE(verdict.clean()) << where;
          // In one example the first of two requests is sound and the corpus counts none.
          if (!sample.bytes.starts_with(
                  "POST / HTTP/1.1\r\nHost: www.example.com\r\nContent-Type")) {
            EXPECT_LE(verdict.accepted, sample.complete) << where;
          }
        } else if (!sample.paused() && !verdict.refused && verdict.accepted == sample.complete) {
          accepted_all = true;
        }
      }
    }
    if (!sample.request()) {
      ++lenient;
    } else if (error) {
      ++strict_errors;
    } else if (!sample.paused()) {
      ++valid;
      if (accepted_all) {
        ++valid_accepted;
      } else {
        std::cout << "stricter: " << sample.name << '\n';
      }
    }
  }
  std::cout << strict_errors << " strict errors, " << lenient << " lenient, " << valid_accepted
            << " of " << valid << " valid accepted\n";
  EXPECT_GT(strict_errors, 15);
  EXPECT_GT(lenient, 8);
  EXPECT_GT(valid_accepted, 10);
}

TEST(FramingGuard, SmugglingVariantsAreRefused) {
  auto const path = shared_data("http/smuggling-examples.jsonl");
  if (!path) GTEST_SKIP();
  std::ifstream in(*path);
  int variants = 0;
  for (std::string line; std::getline(in, line);) {
    rapidjson::Document doc;
    doc.Parse(line.c_str());
    std::string text = doc["text"].GetString();
    if (std::string_view(doc["kind"].GetString()) != "te-header-variant") continue;
    if (auto const at = text.find("[tab]"); at != std::string::npos) text.replace(at, 5, "\t");
    if (auto const at = text.find("[\\n]"); at != std::string::npos) text.replace(at, 4, "\n");
    ++variants;
    EXPECT_TRUE(error_of(post("Content-Length: 4\r\n" + text + "\r\n"))) << text;
    EXPECT_TRUE(error_of(post(text + "\r\nContent-Length: 4\r\n"))) << text;
  }
  EXPECT_GE(variants, 6);
}

}  // namespace
}  // namespace leadex::http
