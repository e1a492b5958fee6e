// The framing corpora against the whole program: no lax request is accepted, and a canary behind
// the bytes of each sample is answered only where every sound parser sees it as a request of its
// own.

#include <gtest/gtest.h>

#include <fstream>
#include <iostream>
#include <regex>

#include "tests/e2e/edges/rig.hpp"
#include "tests/server/http/framing_corpus.hpp"

namespace leadex::e2e {
namespace {

std::string const kCanary = "GET /livez HTTP/1.1\r\nHost: canary\r\n\r\n";

/// What came back over one connection.
struct Answers {
  std::vector<int> statuses;
  int refused = 0;   ///< answers that say that the request itself was refused
  int canaries = 0;  ///< answers of /livez
  bool canary_last = false;
  bool closed = false;
  std::string bytes;
};

bool is_refusal(std::string_view answer) {
  for (std::string_view const code :
       {"malformed_request", "malformed_target", "headers_too_large", "target_too_long",
        "method_not_implemented", "http_version_not_supported", "expectation_failed",
        "body_malformed"}) {
    if (answer.find("\"" + std::string{code} + "\"") != std::string_view::npos) return true;
  }
  return false;
}

/// Sends the bytes and the end of all sending, so that a server that waits for more gives up.
Answers exchange(std::uint16_t port, std::string const& bytes) {
  RawTls raw(port);
  EXPECT_TRUE(raw.connected()) << raw.error();
  raw.send(bytes);
  SSL_shutdown(raw.native());
  Answers answers;
  answers.bytes = raw.read_all(5000);
  answers.closed = raw.closed();
  auto const& all = answers.bytes;
  for (auto at = all.find("HTTP/1.1 "); at != std::string::npos;) {
    auto const next = all.find("HTTP/1.1 ", at + 1);
    auto const answer = std::string_view{all}.substr(at, next - at);
    int const status = std::stoi(std::string{answer.substr(9, 3)});
    at = next;
    if (status == 100) continue;
    answers.statuses.push_back(status);
    answers.refused += is_refusal(answer) ? 1 : 0;
    answers.canary_last = answer.ends_with(R"({"status":"ok"})");
    answers.canaries += answers.canary_last ? 1 : 0;
  }
  return answers;
}

/// What we expect, from the corpus's own fields. A strict parser's error: so many requests at most
/// may be answered, the canary never. Read only by a lenient parser: likewise. Sound: all of it, or
/// (being stricter) a refusal; the canary exactly when all was taken.
enum class Expected { refused, taken_or_refused };

Expected expected_of(http::test::FramingSample const& sample) {
  bool const sound = sample.request() && (sample.reason.empty() || sample.paused());
  return sound ? Expected::taken_or_refused : Expected::refused;
}

/// The same bytes sent to an operation that reads its body: on other paths a broken body is never
/// looked at, the connection just ends behind the 404. Only whole, plain lines are rewritten.
std::string aimed(std::string bytes, std::string const& key) {
  static std::regex const kLine("(POST|PUT) [^ \r\n]+ HTTP/1\\.1\r\n");
  auto const to = "POST /v1/leads HTTP/1.1\r\nAuthorization: Bearer " + key +
                  "\r\nIdempotency-Key: framing\r\nContent-Type: application/json\r\n";
  return std::regex_replace(bytes, kLine, to);
}

/// What one connection answered against what the sample asks for. True: all was taken.
bool check(http::test::FramingSample const& sample, Answers const& got, bool reads_bodies,
           std::string const& where) {
  int const accepted = static_cast<int>(got.statuses.size()) - got.refused - got.canaries;
  EXPECT_TRUE(got.closed) << where;
  for (int const status : got.statuses) EXPECT_NE(status, 500) << where;
  if (expected_of(sample) == Expected::refused) {
    EXPECT_EQ(got.canaries, 0) << where;
    // One example is a sound request with its report behind it; the corpus counts none of it.
    bool const sound_start = sample.bytes.starts_with("POST / HTTP/1.1\r\nHost: www.example.com");
    bool const counted = sample.request() && reads_bodies && !sound_start;
    if (counted) EXPECT_LE(accepted, sample.complete) << where;
    return false;
  }
  if (got.canaries == 0) return false;
  EXPECT_EQ(got.canaries, 1) << where;
  EXPECT_TRUE(got.canary_last) << where;
  EXPECT_EQ(accepted, sample.complete) << where;
  EXPECT_EQ(got.refused, 0) << where;
  return true;
}

TEST(Framing, NoLaxRequestIsAcceptedAndNoCanaryIsSmuggled) {
  auto const path = shared_data("http/llhttp-requests.jsonl");
  if (!path) GTEST_SKIP();
  Rig const rig;
  int refused = 0;
  int taken = 0;
  int stricter = 0;
  for (auto const& sample : http::test::read_framing_samples(*path)) {
    bool taken_once = false;
    // The corpus cuts the empty lines at the end of each example: all continuations are tried.
    for (std::string const tail : {"", "\r\n", "\r\n\r\n"}) {
      auto const bytes = http::test::with_hosts(sample.bytes + tail);
      auto const with_key = aimed(bytes, rig.generator());
      for (auto const& sent : {bytes, with_key}) {
        auto const got = exchange(rig.port(), sent + kCanary);
        auto const where = sample.name + ", tail of " + std::to_string(tail.size()) + ":\n" +
                           bytes + "\n---\n" + got.bytes;
        taken_once = check(sample, got, sent == with_key, where) || taken_once;
        if (bytes == with_key) break;
      }
    }
    bool const lax = expected_of(sample) == Expected::refused;
    ++(lax ? refused : taken_once ? taken : stricter);
  }
  std::cout << "llhttp: " << refused << " lax or broken, all refused; " << taken << " sound taken; "
            << stricter << " sound ones refused or closed behind\n";
  EXPECT_GT(refused, 25);
  EXPECT_GT(taken, 5);
}

TEST(Framing, EncodingVariantsSmuggleNothing) {
  auto const path = shared_data("http/smuggling-examples.jsonl");
  if (!path) GTEST_SKIP();
  Rig const rig;
  std::ifstream in(*path);
  int variants = 0;
  for (std::string line; std::getline(in, line);) {
    auto const doc = json::parse(line);
    ASSERT_TRUE(doc);
    std::string text = (*doc)["text"].GetString();
    if (std::string_view{(*doc)["kind"].GetString()} != "te-header-variant") continue;
    if (auto const at = text.find("[tab]"); at != std::string::npos) text.replace(at, 5, "\t");
    if (auto const at = text.find("[\\n]"); at != std::string::npos) text.replace(at, 4, "\n");
    ++variants;
    auto const body = "0\r\n\r\n" + kCanary;
    std::string const start = "POST /v1/leads HTTP/1.1\r\nHost: a\r\n";
    for (std::size_t const length : {body.size(), std::size_t{4}, std::size_t{5}}) {
      auto const length_line = "Content-Length: " + std::to_string(length) + "\r\n";
      for (auto const& head :
           {length_line + text + "\r\n\r\n", text + "\r\n" + length_line + "\r\n"}) {
        auto const got = exchange(rig.port(), start + head + body + kCanary);
        EXPECT_EQ(got.canaries, 0) << head << got.bytes;
        EXPECT_EQ(got.statuses, std::vector<int>{400}) << head << got.bytes;
        EXPECT_TRUE(got.closed);
      }
    }
  }
  EXPECT_GE(variants, 6);
}

TEST(Framing, ABodyThatLooksLikeARequestIsNone) {
  auto const path = shared_data("http/smuggling-examples.jsonl");
  if (!path) GTEST_SKIP();
  Rig const rig;
  std::ifstream in(*path);
  int requests = 0;
  for (std::string line; std::getline(in, line);) {
    auto const doc = json::parse(line);
    ASSERT_TRUE(doc);
    if (std::string_view{(*doc)["kind"].GetString()} != "request") continue;
    ++requests;
    std::string text = (*doc)["text"].GetString();
    for (std::size_t at = 0; (at = text.find('\n', at)) != std::string::npos; at += 2) {
      text.replace(at, 1, "\r\n");
    }
    auto const got = exchange(rig.port(), text + kCanary);
    // The request, and what its length leaves over is refused: the canary stands behind that.
    EXPECT_EQ(got.canaries, 0) << got.bytes;
    EXPECT_LE(got.statuses.size(), 2U) << got.bytes;
  }
  EXPECT_GE(requests, 1);
  // The same with the right length: body and canary are told apart exactly.
  auto const inner = "GET /livez HTTP/1.1\r\nHost: smuggled\r\n\r\n";
  auto const outer =
      "POST /v1/leads HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
      "Content-Length: " +
      std::to_string(std::string_view{inner}.size()) + "\r\n\r\n";
  auto const got = exchange(rig.port(), outer + inner + kCanary);
  EXPECT_EQ(got.statuses, (std::vector<int>{401, 200})) << got.bytes;
  EXPECT_EQ(got.canaries, 1);
}

}  // namespace
}  // namespace leadex::e2e
