// Hostile files as uploads: bombs, cut streams, odd encodings, endless cells. Each gets a clear
// error, memory stays bounded, and the sound rows around a fault are kept.

#include <gtest/gtest.h>

#include <atomic>
#include <iostream>
#include <thread>

#include "tests/e2e/edges/lead_csv.hpp"
#include "tests/e2e/edges/rig.hpp"

namespace leadex::e2e {
namespace {

constexpr std::int64_t kMiB = 1024 * 1024;

/// The largest resident memory of the server above what it had, while this lives.
class MemoryWatch {
 public:
  MemoryWatch() : before_(resident_bytes(server_pid())), thread_([this] { watch(); }) {}
  ~MemoryWatch() { stop(); }
  MemoryWatch(MemoryWatch const&) = delete;
  MemoryWatch& operator=(MemoryWatch const&) = delete;
  std::int64_t growth_bytes() {
    stop();
    return most_ - before_;
  }

 private:
  void stop() {
    ended_ = true;
    if (thread_.joinable()) thread_.join();
  }
  void watch() {
    auto const pid = server_pid();
    while (!ended_) {
      most_ = std::max(most_.load(), resident_bytes(pid));
      std::this_thread::sleep_for(std::chrono::milliseconds{5});
    }
  }

  std::int64_t before_;
  std::atomic<std::int64_t> most_{0};
  std::atomic<bool> ended_{false};
  std::thread thread_;
};

std::int64_t count(Reply const& batch, std::string_view name) {
  auto const* const counts = batch.find("counts");
  return counts == nullptr ? -1 : json::find_member(*counts, name)->GetInt64();
}

/// What the generator's newest batch holds, as "status read accepted rejected".
std::string newest_batch(Rig& rig) {
  auto const list = rig.get("/v1/batches?limit=1", rig.generator());
  auto const& data = list.find("data")->GetArray();
  if (data.Empty()) return "none";
  auto const& counts = *json::find_member(data[0], "counts");
  auto const number = [&counts](std::string_view name) {
    return ' ' + std::to_string(json::find_member(counts, name)->GetInt64());
  };
  return std::string{json::text_of(*json::find_member(data[0], "status"))} + number("read") +
         number("accepted") + number("rejected");
}

/// The codes of a batch's rejects, "row:code", in order.
std::vector<std::string> rejects(Rig& rig, std::string const& batch) {
  auto const page = rig.get("/v1/batches/" + batch + "/rejects?limit=500", rig.generator());
  std::vector<std::string> found;
  for (auto const& row : page.find("data")->GetArray()) {
    found.push_back(std::to_string(json::find_member(row, "row")->GetInt64()) + ':' +
                    std::string{json::text_of(*json::find_member(row, "code"))});
  }
  return found;
}

http::Headers packed(std::string const& type = "text/csv") {
  return {{"Content-Type", type}, {"Content-Encoding", "gzip"}};
}

/// `n` times one byte between two texts.
http::UploadSource repeated(std::string start, char fill, std::int64_t n, std::string end) {
  struct State {
    std::string start;
    std::int64_t left;
    std::string end;
  };
  auto const state = std::make_shared<State>(State{std::move(start), n, std::move(end)});
  return [state, fill](std::span<char> into) -> std::optional<std::size_t> {
    auto const take = [&into](std::string& from) {
      auto const size = std::min(into.size(), from.size());
      std::copy_n(from.data(), size, into.data());
      from.erase(0, size);
      return size;
    };
    if (!state->start.empty()) return take(state->start);
    if (state->left > 0) {
      auto const size = std::min<std::int64_t>(state->left, static_cast<std::int64_t>(into.size()));
      std::fill_n(into.data(), size, fill);
      state->left -= size;
      return static_cast<std::size_t>(size);
    }
    return take(state->end);
  };
}

TEST(Upload, ABombOfZerosIsRefusedInBoundedMemory) {
  Rig rig;
  auto const good = lead_csv_header() + lead_csv_rows(30);
  auto const zeros = gzip(std::string(256 * kMiB, '\0'));
  struct Case {
    std::string what;
    std::string body;
    std::string type;
  };
  std::vector<Case> const cases = {
      {"zeros as CSV", zeros, "text/csv"},
      {"zeros as NDJSON", zeros, "application/x-ndjson"},
      {"zeros behind rows", gzip(good) + zeros, "text/csv"},  // two members of one stream
      {"packed twice", gzip(gzip(good)), "text/csv"},
  };
  for (auto const& bomb : cases) {
    MemoryWatch memory;
    auto const reply = rig.upload(bomb.body, packed(bomb.type));
    auto const growth = memory.growth_bytes();
    std::cout << bomb.what << ": " << bomb.body.size() << " bytes packed, " << reply.status << ' '
              << reply.code() << ", memory +" << growth / kMiB << " MiB\n";
    bool const refused = (reply.status == 413 && reply.code() == "body_too_large") ||
                         (reply.status == 400 && reply.code() == "body_malformed") ||
                         (reply.status == 422 && bomb.what == "packed twice");
    EXPECT_TRUE(refused) << bomb.what << ' ' << reply.status << ' ' << reply.body;
    EXPECT_LT(growth, 64 * kMiB) << bomb.what;
    if (bomb.what == "zeros behind rows") {
      EXPECT_EQ(reply.status, 413);
      EXPECT_EQ(newest_batch(rig), "closed 30 30 0");
    }
  }
}

TEST(Upload, ACutGzipStreamKeepsTheRowsBeforeTheCut) {
  Rig rig;
  auto whole = gzip(lead_csv_header() + lead_csv_rows(50));
  auto const cut = rig.upload(std::string_view{whole}.substr(0, whole.size() - 6), packed());
  EXPECT_EQ(cut.status, 400) << cut.body;
  EXPECT_EQ(cut.code(), "body_malformed");
  EXPECT_EQ(newest_batch(rig), "closed 50 50 0");
  // The same file, whole, is taken: nobody in it counts as known.
  auto const again = rig.upload(whole, packed());
  ASSERT_EQ(again.status, 202) << again.body;
  EXPECT_EQ(count(again, "accepted"), 50);
  whole += "behind";
  EXPECT_EQ(rig.upload(whole, packed()).status, 400);
}

TEST(Upload, Utf8WithAMarkIsTakenAndOtherEncodingsAreNamed) {
  Rig rig;
  auto const text = lead_csv_header() + lead_csv_rows(5);
  auto const marked = rig.upload("\xEF\xBB\xBF" + text, {});
  ASSERT_EQ(marked.status, 202) << marked.body;
  EXPECT_EQ(count(marked, "accepted"), 5);
  for (bool const mark : {true, false}) {
    for (bool const little : {true, false}) {
      std::string wide = !mark ? "" : little ? "\xFF\xFE" : "\xFE\xFF";
      for (char const c : text) wide += little ? std::string{c, '\0'} : std::string{'\0', c};
      auto const reply = rig.upload(wide, {});
      EXPECT_EQ(reply.status, 400) << mark << little << reply.body;
      EXPECT_EQ(reply.code(), "body_malformed");
      EXPECT_NE(reply.text("detail").find("UTF-8"), std::string::npos) << reply.body;
    }
  }
}

TEST(Upload, OneBadRowNeverFailsItsFile) {
  Rig rig;
  std::string wide = "x";
  for (int i = 0; i < 100'000; ++i) wide += ",";
  auto const nul = std::string{"a\0b", 3};
  auto const text = lead_csv_header() + lead_csv_rows(2) +
                    lead_csv_row({.external_id = nul, .address = {}, .email = {}}) + wide + "\r\n" +
                    lead_csv_rows(2) + "\xFF\xFE\x80,b\r\n" + lead_csv_rows(1) + "half,\"open";
  auto const reply = rig.upload(text, {});
  ASSERT_EQ(reply.status, 202) << reply.body;
  EXPECT_EQ(count(reply, "read"), 9);
  EXPECT_EQ(count(reply, "accepted"), 5);
  EXPECT_EQ(rejects(rig, reply.text("id")),
            (std::vector<std::string>{"3:malformed_row", "4:malformed_row", "7:malformed_row",
                                      "9:malformed_row"}));
}

TEST(Upload, AHeaderOfAHundredThousandColumnsIsRefused) {
  Rig rig;
  std::string header = "email";
  for (int i = 0; i < 100'000; ++i) header += ",c" + std::to_string(i);
  MemoryWatch memory;
  auto const reply = rig.upload(header + "\r\n" + lead_csv_rows(3), {});
  EXPECT_EQ(reply.status, 422) << reply.body;
  EXPECT_EQ(reply.code(), "header_invalid");
  EXPECT_LT(memory.growth_bytes(), 64 * kMiB);
}

TEST(Upload, ACellOfAHundredMebibytesCostsItsRowAlone) {
  Rig rig;
  auto const start = lead_csv_header() + lead_csv_rows(3) + "big,\"";
  auto const end = "\"\r\n" + lead_csv_rows(4);
  MemoryWatch memory;
  auto const reply = rig.upload(repeated(start, 'x', 100 * kMiB, end), {});
  auto const growth = memory.growth_bytes();
  std::cout << "a cell of 100 MiB: memory +" << growth / kMiB << " MiB\n";
  ASSERT_EQ(reply.status, 202) << reply.body;
  EXPECT_EQ(count(reply, "accepted"), 7);
  EXPECT_EQ(rejects(rig, reply.text("id")), std::vector<std::string>{"4:malformed_row"});
  EXPECT_LT(growth, 64 * kMiB);
}

TEST(Upload, AMissingEndQuoteKeepsTheRowsBefore) {
  Rig rig;
  std::string const swallowed = "one,two,three\r\nfour,five,six\r\n";
  auto const reply =
      rig.upload(lead_csv_header() + lead_csv_rows(3) + "open,\"never closed\r\n" + swallowed, {});
  ASSERT_EQ(reply.status, 202) << reply.body;
  EXPECT_EQ(count(reply, "accepted"), 3);
  EXPECT_EQ(rejects(rig, reply.text("id")), std::vector<std::string>{"4:malformed_row"});
}

}  // namespace
}  // namespace leadex::e2e
