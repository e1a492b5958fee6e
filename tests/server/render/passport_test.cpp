#include "server/render/passport.hpp"

#include <gtest/gtest.h>

#include <random>

#include "server/crypto/bytes.hpp"
#include "server/crypto/hash.hpp"
#include "tests/matching/seed.hpp"

namespace leadex::render {
namespace {

constexpr std::int64_t kHourUs = 3'600'000'000;
constexpr std::int64_t kStartUs = 1'700'000'000'000'000;

storage::PassportFacts facts_of_capture() {
  storage::PassportFacts facts;
  facts.lead = {1, 7};
  facts.captured_us = kStartUs;
  facts.consent_us = kStartUs - 1;
  facts.consent_digest = std::string(32, '\x01');
  facts.vehicle = 6;
  facts.reason = "search";
  facts.version = 3;
  facts.of_lot = true;
  facts.hops = 2;
  return facts;
}

/// As the API's description tells a reader to do it, apart from the program's own way.
std::string head_of(std::vector<PassportEntry> const& entries) {
  std::string head(64, '0');
  for (auto const& entry : entries) {
    crypto::Sha256 hash;
    hash.update(head);
    hash.update("\n");
    hash.update(entry.text);
    head = crypto::hex_encode(crypto::view_of(hash.finish()));
  }
  return head;
}

std::vector<std::string> kinds_of(std::vector<PassportEntry> const& entries) {
  std::vector<std::string> kinds;
  for (auto const& entry : entries) {
    auto const from = entry.text.find(R"("kind":")") + 8;
    kinds.push_back(entry.text.substr(from, entry.text.find('"', from) - from));
  }
  return kinds;
}

TEST(Passport, TheFirstEntrySaysHowTheLeadCame) {
  auto const entries = passport_of(facts_of_capture(), "lead_X");
  ASSERT_EQ(entries.size(), 1U);
  EXPECT_EQ(entries[0].text,
            R"({"n":1,"kind":"captured","at":"2023-11-14T22:13:20Z","lead_id":"lead_X",)"
            R"("vehicle":"ad","source_reason":"search","hops":2,"arrived":"in_lot",)"
            R"("passed_rules_version":3,"consent":{"at":"2023-11-14T22:13:19.999999Z",)"
            R"("text_sha256":")" +
                crypto::hex_encode(std::string(32, '\x01')) + R"(","named_companies":false}})");
  EXPECT_EQ(entries[0].hash, head_of(entries));
}

storage::PassportFacts whole_life() {
  auto facts = facts_of_capture();
  facts.checks = {{kStartUs + kHourUs, "good", "confirmed"}};
  facts.lot = {kStartUs + 2 * kHourUs, "accepted", "normal", 495, 98, 2, 17};
  facts.first_listed_us = kStartUs + 3 * kHourUs;
  facts.sales = {{0, 10, kStartUs + 3 * kHourUs, false, kStartUs + 4 * kHourUs, 11, {}},
                 {1, 10, kStartUs + 3 * kHourUs, false, {}, 0, {}},
                 {16, 12, kStartUs + 5 * kHourUs, true, {}, 0, kStartUs + 6 * kHourUs}};
  facts.rounds = {{0, true, kStartUs + 6 * kHourUs, kStartUs + 8 * kHourUs, 20}};
  return facts;
}

TEST(Passport, WhatHappenedStandsInItsOrderWithTheNumberOfSales) {
  auto const entries = passport_of(whole_life(), "lead_X");
  EXPECT_EQ(kinds_of(entries),
            (std::vector<std::string>{"captured", "spot_check", "lot", "listed", "sold", "sold",
                                      "sale_voided", "sold", "sale_returned", "round_ended",
                                      "offered_again"}));
  EXPECT_NE(entries[4].text.find(R"("sale":1,"sales":1)"), std::string::npos) << entries[4].text;
  EXPECT_NE(entries[5].text.find(R"("sale":2,"sales":2)"), std::string::npos) << entries[5].text;
  EXPECT_NE(entries[6].text.find(R"("sale":1,"sales":1)"), std::string::npos) << entries[6].text;
  EXPECT_NE(entries[8].text.find(R"("sale":3,"sales":1)"), std::string::npos) << entries[8].text;
  EXPECT_EQ(entries.back().hash, head_of(entries));
}

// Facts come one after another as the market goes on; each earlier passport begins the later ones.
TEST(Passport, ItOnlyGrowsAtItsEnd) {
  std::mt19937_64 random{seed_of_run()};
  for (int round = 0; round < 300; ++round) {
    auto facts = facts_of_capture();
    auto before = passport_of(facts, "lead_X");
    auto at = kStartUs;
    std::int64_t seq = 1;
    std::int32_t lead_round = 0;
    auto const grow = [&] {
      auto const now = passport_of(facts, "lead_X");
      ASSERT_GE(now.size(), before.size());
      for (std::size_t i = 0; i < before.size(); ++i) {
        ASSERT_EQ(now[i].text, before[i].text) << "round " << round;
        ASSERT_EQ(now[i].hash, before[i].hash);
      }
      ASSERT_EQ(now.back().hash, head_of(now));
      before = now;
    };
    facts.checks = {{at += kHourUs, "good", "confirmed"}, {at += kHourUs, "good", "confirmed"}};
    facts.lot = {at += kHourUs, "accepted", "normal", 100, 58, 1, 1};
    grow();
    facts.first_listed_us = at += kHourUs;
    grow();
    for (std::int32_t slot = 0; slot < 8; ++slot) {
      at += static_cast<std::int64_t>(random() % 3);  // batches of one instant too
      facts.sales.push_back({slot, ++seq, at, slot == 7, {}, 0, {}});
      grow();
      at += static_cast<std::int64_t>(random() % 3);
      auto& ended = facts.sales[random() % facts.sales.size()];
      if (random() % 3 == 0) {  // offered again, perhaps within the instant of what came before
        auto const rested_us = at - 1;
        at += static_cast<std::int64_t>(random() % 3);
        facts.rounds.push_back({lead_round++, random() % 2 == 0, rested_us, at, ++seq});
        grow();
      }
      if (ended.voided_us || ended.returned_us) continue;
      if (random() % 2 == 0) {
        ended.voided_us = at;
        ended.voided_seq = ++seq;
      } else {
        ended.returned_us = ++at;
        ++at;
      }
      grow();
    }
    EXPECT_GT(before.size(), 12U);
  }
}

// The lead was sold, and in one batch that sale was voided, the lead sold anew and that one too.
TEST(Passport, ASaleIsOverBeforeTheNextOneStands) {
  auto facts = facts_of_capture();
  auto const sold_us = kStartUs + kHourUs;
  auto const end_us = sold_us + 9;
  facts.sales = {{0, 10, kStartUs + 1, true, end_us, 11, {}},
                 {1, 11, sold_us, true, end_us, 11, {}},
                 {2, 11, sold_us + 5, true, {}, 0, {}}};
  auto const entries = passport_of(facts, "lead_X");
  EXPECT_EQ(kinds_of(entries), (std::vector<std::string>{"captured", "sold", "sale_voided", "sold",
                                                         "sale_voided", "sold"}));
  for (auto const& entry : entries) {
    EXPECT_EQ(entry.text.find(R"("sales":2)"), std::string::npos) << entry.text;
    EXPECT_EQ(entry.text.find(R"("sales":-)"), std::string::npos) << entry.text;
  }
  // The same where a lead comes back and is sold within one batch.
  facts.sales = {{16, 20, sold_us, false, {}, 0, {}}};
  facts.rounds = {{0, false, kStartUs + 2, end_us, 20}};
  EXPECT_EQ(kinds_of(passport_of(facts, "lead_X")),
            (std::vector<std::string>{"captured", "round_ended", "offered_again", "sold"}));
}

TEST(Passport, AnyChangedByteChangesTheHead) {
  auto entries = passport_of(whole_life(), "lead_X");
  auto const head = head_of(entries);
  for (auto& entry : entries) {
    auto const was = entry.text;
    entry.text.back() = ' ';
    EXPECT_NE(head_of(entries), head);
    entry.text = was;
  }
}

}  // namespace
}  // namespace leadex::render
