// The JSON corpora as bodies and as lines of uploads: what is JSON is judged by the contract, what
// is none is refused as that, nothing brings the server down.

#include <gtest/gtest.h>

#include <fstream>
#include <iostream>

#include "tests/e2e/edges/rig.hpp"

namespace leadex::e2e {
namespace {

using Files = std::map<std::string, std::string>;  // name to bytes

Files read_folder(std::filesystem::path const& folder) {
  Files files;
  for (auto const& entry : std::filesystem::directory_iterator{folder}) {
    files[entry.path().filename().string()] = read_file(entry.path());
  }
  return files;
}

bool has_duplicate_key(std::string const& name) {
  return name.find("duplicated_key") != std::string::npos;  // refused by decision 0003
}

TEST(Json, EveryBodyOfTheSuiteGetsItsVerdict) {
  auto const folder = shared_data("json/JSONTestSuite/test_parsing");
  if (!folder) GTEST_SKIP();
  Rig rig;
  std::map<char, std::map<std::string, int>> verdicts;
  for (auto const& [name, body] : read_folder(*folder)) {
    for (std::string const target : {"/v1/campaigns", "/v1/leads"}) {
      auto const& key = target == "/v1/leads" ? rig.generator() : rig.buyer();
      http::Headers const headers{{"Content-Type", "application/json"}};
      auto const reply = rig.call("POST", target, key, body, headers);
      auto const where = name + " to " + target + ": " + std::to_string(reply.status) + ' ' +
                         reply.body.substr(0, 300);
      ++verdicts[name.front()][std::to_string(reply.status) + ' ' + reply.code()];
      bool const refused = reply.status == 400 && reply.code() == "json_invalid";
      bool const judged = reply.status == 422;
      if (name.starts_with("n_") || has_duplicate_key(name)) {
        EXPECT_TRUE(refused) << where;
        EXPECT_FALSE(reply.first_error().empty()) << where;
      } else if (name.starts_with("y_")) {
        EXPECT_TRUE(judged) << where;
      } else {
        EXPECT_TRUE(refused || judged) << where;
      }
    }
  }
  for (auto const& [kind, counts] : verdicts) {
    for (auto const& [verdict, n] : counts) {
      std::cout << kind << "_: " << verdict << ": " << n << '\n';
    }
  }
  EXPECT_GE(verdicts['y'].size(), 1U);
  EXPECT_GE(verdicts['n'].size(), 1U);
}

TEST(Json, WhatParsersReadInDifferentWaysIsRefusedOrJudged) {
  auto const folder = shared_data("json/JSONTestSuite/test_transform");
  if (!folder) GTEST_SKIP();
  Rig rig;
  int n = 0;
  for (auto const& [name, body] : read_folder(*folder)) {
    auto const reply = rig.post("/v1/campaigns", rig.buyer(), body);
    EXPECT_TRUE(reply.status == 400 || reply.status == 422) << name << ' ' << reply.body;
    ++n;
  }
  EXPECT_GE(n, 8);
}

TEST(Json, DepthAndSizeAreRefusedQuickly) {
  Rig rig;
  auto const started = std::chrono::steady_clock::now();
  for (std::size_t const depth : {100U, 10'000U, 500'000U}) {
    auto const reply = rig.post("/v1/campaigns", rig.buyer(), std::string(depth, '['));
    EXPECT_EQ(reply.status, 400) << depth;
    EXPECT_EQ(reply.first_error(), "too_deep");
  }
  std::string objects;
  for (int i = 0; i < 100'000; ++i) objects += R"({"a":)";
  EXPECT_EQ(rig.post("/v1/campaigns", rig.buyer(), objects).first_error(), "too_deep");
  std::string wide = "[0";
  for (int i = 0; i < 500'000; ++i) wide += ",0";
  EXPECT_EQ(rig.post("/v1/campaigns", rig.buyer(), wide + ']').status, 422);
  auto const large = rig.post("/v1/campaigns", rig.buyer(), std::string(1'100'000, ' '));
  EXPECT_EQ(large.status, 413);
  EXPECT_EQ(large.code(), "body_too_large");
  EXPECT_LT(std::chrono::steady_clock::now() - started, std::chrono::seconds{30});
}

TEST(Json, LinesOfTheSuiteNeverFailTheirNeighbours) {
  auto const folder = shared_data("json/JSONTestSuite/test_parsing");
  if (!folder) GTEST_SKIP();
  Rig rig;
  std::string file;
  int bad = 0;
  int good = 0;
  for (auto const& [name, line] : read_folder(*folder)) {
    bool const one_line = !line.empty() && line.find_first_of("\r\n") == std::string::npos &&
                          line.find_first_not_of(" \t") != std::string::npos;
    if (!one_line || line.size() > 60'000) continue;
    file += line + '\n' + lead_json(fresh_person()) + '\n';
    auto const market = R"("market":")" + std::string{kMarket} + R"(",)";
    file.erase(file.rfind(market), market.size());
    ++bad;
    ++good;
  }
  auto const reply = rig.upload(file, {{"Content-Type", "application/x-ndjson"}}, "&dry_run=true");
  ASSERT_EQ(reply.status, 200) << reply.body;
  auto const& counts = *reply.find("counts");
  EXPECT_EQ(json::find_member(counts, "read")->GetInt(), bad + good) << reply.body.substr(0, 500);
  EXPECT_EQ(json::find_member(counts, "accepted")->GetInt(), good);
  EXPECT_EQ(json::find_member(counts, "rejected")->GetInt(), bad);
  std::cout << bad << " lines of the suite refused, " << good << " leads between them taken\n";
  EXPECT_GT(bad, 100);
}

}  // namespace
}  // namespace leadex::e2e
