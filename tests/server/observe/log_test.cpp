#include "server/observe/log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <cstdlib>
#include <limits>
#include <memory>
#include <mutex>
#include <random>
#include <sstream>
#include <thread>
#include <vector>

#include "server/json/rapidjson.hpp"
#include "server/observe/line_writer.hpp"

namespace leadex::log {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

/// Collects what a log writes, split into lines.
class Sink {
 public:
  [[nodiscard]] Options options() {
    Options made;
    made.sink = [this](std::string_view text) { written_ += text; };
    return made;
  }
  [[nodiscard]] std::vector<std::string> lines() const {
    std::vector<std::string> found;
    std::istringstream in{written_};
    for (std::string line; std::getline(in, line);) found.push_back(line);
    return found;
  }

 private:
  std::string written_;  // written on the log's thread, read after flush or stop
};

rapidjson::Document parsed(std::string const& line) {
  rapidjson::Document document;
  document.Parse<rapidjson::kParseValidateEncodingFlag>(line);
  EXPECT_FALSE(document.HasParseError()) << line;
  EXPECT_TRUE(document.IsObject()) << line;
  return document;
}

TEST(Log, ALineIsOneJsonObjectWithTypedFields) {
  Sink sink;
  {
    Log log{sink.options()};
    log.line(Level::warn, "http.request", "request answered")
        .request_id("req_1")
        .trace("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331")
        .field("status", 503)
        .field("bytes", std::uint64_t{18446744073709551615ULL})
        .field("delta", std::int64_t{-9223372036854775807LL - 1})
        .field("duration_ms", 1234567ns)
        .field("retry", true)
        .field("route", "/v1/leads");
  }
  ASSERT_EQ(sink.lines().size(), 1U);
  auto const line = parsed(sink.lines()[0]);
  EXPECT_STREQ(line["level"].GetString(), "warn");
  EXPECT_STREQ(line["event"].GetString(), "http.request");
  EXPECT_STREQ(line["msg"].GetString(), "request answered");
  EXPECT_STREQ(line["request_id"].GetString(), "req_1");
  EXPECT_STREQ(line["span_id"].GetString(), "b7ad6b7169203331");
  EXPECT_EQ(line["status"].GetInt(), 503);
  EXPECT_EQ(line["bytes"].GetUint64(), 18446744073709551615ULL);
  EXPECT_EQ(line["delta"].GetInt64(), std::numeric_limits<std::int64_t>::min());
  EXPECT_THAT(sink.lines()[0], HasSubstr("\"duration_ms\":1.234"));
  EXPECT_TRUE(line["retry"].IsTrue());
  EXPECT_THAT(line["ts"].GetString(), testing::MatchesRegex("....-..-..T..:..:..[.]......Z"));
}

TEST(Log, EmptyIdsAreLeftOut) {
  Sink sink;
  {
    Log log{sink.options()};
    log.line(Level::info, "a.b", "m").request_id("").trace("", "");
  }
  EXPECT_FALSE(parsed(sink.lines().at(0)).HasMember("request_id"));
  EXPECT_FALSE(parsed(sink.lines().at(0)).HasMember("trace_id"));
}

TEST(Log, LinesBelowTheLevelAreNotWritten) {
  Sink sink;
  {
    Log log{sink.options()};
    log.line(Level::debug, "a", "hidden");
    log.set_level(Level::debug);
    log.line(Level::debug, "a", "shown");
    log.set_level(Level::off);
    log.line(Level::error, "a", "hidden");
    log.line(Level::off, "a", "hidden");
  }
  ASSERT_EQ(sink.lines().size(), 1U);
  EXPECT_THAT(sink.lines()[0], HasSubstr("shown"));
}

TEST(Log, AnyBytesGiveOneLineOfValidJson) {
  auto const seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937 random{seed};
  Sink sink;
  std::size_t const rounds = 2000;
  {
    auto options = sink.options();
    options.queue_lines_max = rounds;
    Log log{std::move(options)};
    for (std::size_t round = 0; round < rounds; ++round) {
      std::string value(random() % 700, '\0');
      for (auto& c : value) c = static_cast<char>(random());
      log.line(Level::info, "a", "m").field("value", value);
    }
  }
  auto const lines = sink.lines();
  ASSERT_EQ(lines.size(), rounds);
  for (auto const& line : lines) {
    auto const document = parsed(line);
    ASSERT_LE(document["value"].GetStringLength(), kStringBytesMax);
  }
}

TEST(Log, LongStringsAreCutAtACharacter) {
  EXPECT_EQ(printable(std::string(512, 'a'), 512), std::string(512, 'a'));
  EXPECT_EQ(printable(std::string(513, 'a'), 512), std::string(509, 'a') + "…");
  std::string umlauts;
  for (int i = 0; i < 300; ++i) umlauts += "ä";
  auto const cut = printable(umlauts, 512);
  EXPECT_EQ(cut, umlauts.substr(0, 508) + "…");
}

TEST(Log, BytesThatAreNoUtf8AreReplaced) {
  EXPECT_EQ(printable("a\xFF"
                      "b",
                      100),
            "a\xEF\xBF\xBD"
            "b");
  EXPECT_EQ(printable("\xC0\x80", 100), "\xEF\xBF\xBD\xEF\xBF\xBD") << "overlong";
  EXPECT_EQ(printable("\xED\xA0\x80", 100), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD") << "surrogate";
  EXPECT_EQ(printable("\xF4\x90\x80\x80", 100).size(), 12U) << "above U+10FFFF";
  EXPECT_EQ(printable("\xE2\x82", 100), "\xEF\xBF\xBD\xEF\xBF\xBD") << "cut short";
  EXPECT_EQ(printable("\xF0\x9F\x98\x80", 100), "\xF0\x9F\x98\x80");
}

TEST(Log, ALineHasALengthLimit) {
  Sink sink;
  {
    Log log{sink.options()};
    Line line{&log, Format::json, Level::info, "a", "m"};
    for (int i = 0; i < 100; ++i) line.field("value", std::string(500, '\x01'));
  }
  auto const line = sink.lines().at(0);
  EXPECT_LE(line.size(), kLineBytesMax);
  EXPECT_THAT(line, HasSubstr("\"truncated\":true}"));
}

TEST(Log, TheTextFormatQuotesWhatWouldForgeALine) {
  Sink sink;
  {
    auto options = sink.options();
    options.format = Format::text;
    Log log{std::move(options)};
    log.line(Level::error, "a.b", "went wrong")
        .field("route", "/x\n2026 fake")
        .field("status", 500);
  }
  ASSERT_EQ(sink.lines().size(), 1U);
  EXPECT_THAT(sink.lines()[0],
              HasSubstr(R"(error a.b went wrong route="/x\x0a2026 fake" status=500)"));
}

/// A sink that takes nothing until it is opened.
struct Gate {
  std::mutex mutex;
  std::condition_variable changed;
  bool open = false;
  int waiting = 0;
  std::string written;

  void take(std::string_view text) {
    std::unique_lock lock{mutex};
    ++waiting;
    changed.notify_all();
    changed.wait(lock, [this] { return open; });
    written += text;
  }
  void wait_until_stuck() {
    std::unique_lock lock{mutex};
    changed.wait(lock, [this] { return waiting > 0; });
  }
  void let_pass() {
    std::lock_guard const lock{mutex};
    open = true;
    changed.notify_all();
  }
};

TEST(Log, AFullQueueDropsCountsAndTells) {
  Gate gate;
  {
    Options options;
    options.queue_lines_max = 4;
    options.sink = [&gate](std::string_view text) { gate.take(text); };
    Log log{std::move(options)};
    log.line(Level::info, "a", "first");
    gate.wait_until_stuck();
    for (int i = 0; i < 10; ++i) log.line(Level::info, "a", "next");
    EXPECT_EQ(log.dropped(), 6U);
    EXPECT_FALSE(log.flush(10ms)) << "nothing can be written yet";
    gate.let_pass();
    EXPECT_TRUE(log.flush(10s));
  }
  EXPECT_THAT(gate.written, HasSubstr("\"event\":\"log.dropped\""));
  EXPECT_THAT(gate.written, HasSubstr("\"count\":6}"));
}

TEST(Log, AStuckSinkDoesNotHoldTheEndForLong) {
  auto gate = std::make_shared<Gate>();  // outlives the log, as the stuck thread does
  auto const start = std::chrono::steady_clock::now();
  {
    Options options;
    options.flush_timeout = 50ms;
    options.sink = [gate](std::string_view text) { gate->take(text); };
    Log log{std::move(options)};
    log.line(Level::info, "a", "m");
    gate->wait_until_stuck();
  }
  EXPECT_LT(std::chrono::steady_clock::now() - start, 5s);
  gate->let_pass();
}

TEST(Log, ThreadsWriteWholeLines) {
  Sink sink;
  {
    auto options = sink.options();
    options.queue_lines_max = 10'000;
    Log log{std::move(options)};
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 4; ++thread) {
      threads.emplace_back([&log, thread] {
        for (int i = 0; i < 500; ++i) {
          log.line(Level::info, "a", "m").field("thread", thread).field("i", i);
        }
      });
    }
  }
  auto const lines = sink.lines();
  ASSERT_EQ(lines.size(), 2000U);
  std::vector<int> next(4);
  for (auto const& text : lines) {
    auto const line = parsed(text);
    ASSERT_EQ(line["i"].GetInt(), next.at(line["thread"].GetUint())++);
  }
}

TEST(LogDeathTest, TheProcessLogIsFlushedAtExit) {
  EXPECT_EXIT(
      {
        info("process.exit", "last words");
        std::exit(3);
      },
      testing::ExitedWithCode(3), "\"event\":\"process.exit\",\"msg\":\"last words\"");
}

TEST(Log, LevelsGoToTextAndBack) {
  for (auto const level : {Level::debug, Level::info, Level::warn, Level::error, Level::off}) {
    EXPECT_EQ(level_from_text(text(level)), level);
  }
  EXPECT_FALSE(level_from_text("INFO"));
}

TEST(Log, InstantsAreRfc3339) {
  std::chrono::system_clock::time_point const at{std::chrono::microseconds{1'700'000'000'000'001}};
  EXPECT_EQ(rfc3339(at), "2023-11-14T22:13:20.000001Z");
}

}  // namespace
}  // namespace leadex::log
