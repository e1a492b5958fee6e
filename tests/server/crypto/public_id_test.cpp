#include "server/crypto/public_id.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <limits>
#include <random>
#include <thread>
#include <unordered_set>
#include <vector>

#include "server/crypto/random.hpp"

namespace leadex::crypto {
namespace {

Secret id_key(char fill) { return Secret(ByteView(std::string(32, fill))); }

class PublicId : public testing::Test {
 protected:
  PublicIdCodec const codec_{id_key('k')};
};

TEST_F(PublicId, TheFormIsFrozen) {
  // Ids are promised to be stable for ever: this text may never change.
  EXPECT_EQ(codec_.seal(LeadId{7, 42}), "lead_2YDNG0595P8SP8S3CEDYREPA4A");
  EXPECT_EQ(codec_.seal(SaleId{7, 42, 3}), "sale_629WCWFASX7AH65B9PJ1YJ9P7G");
}

TEST_F(PublicId, EveryKindComesBackUnderItsPrefix) {
  std::unordered_set<std::string_view> prefixes;
  for (int n = static_cast<int>(IdKind::lead); n <= static_cast<int>(IdKind::deposit); ++n) {
    RawId const raw{static_cast<IdKind>(n), 12, 345};
    auto const text = codec_.seal(raw);
    auto const prefix = id_prefix(raw.kind);
    EXPECT_TRUE(prefixes.insert(prefix).second) << prefix;
    EXPECT_EQ(text.substr(0, prefix.size()), prefix);
    EXPECT_EQ(text.size(), prefix.size() + 26);
    EXPECT_EQ(codec_.open_any(text), raw);
    EXPECT_EQ(codec_.open(text, raw.kind), raw);
  }
}

TEST_F(PublicId, TypedIdsComeBack) {
  LeadId const lead{std::numeric_limits<MarketNo>::max(), std::numeric_limits<std::int64_t>::max()};
  EXPECT_EQ(codec_.open_as<LeadId>(codec_.seal(lead)), lead);
  AccountId const account{0, 0};
  EXPECT_EQ(codec_.open_as<AccountId>(codec_.seal(account)), account);
  SaleId const sale{3, 1'000'000'000'000, 1023};
  EXPECT_EQ(codec_.open_sale(codec_.seal(sale)), sale);
  EXPECT_EQ(codec_.open_listing(codec_.seal_listing(LeadId{3, 9})), (LeadId{3, 9}));
  EXPECT_TRUE(codec_.seal_listing(LeadId{3, 9}).starts_with("lst_"));
}

TEST_F(PublicId, AnotherKindIsRefused) {
  auto const text = codec_.seal(LeadId{1, 2});
  EXPECT_EQ(codec_.open(text, IdKind::batch).error(), IdError::wrong_kind);
  EXPECT_EQ(codec_.open_as<BatchId>(text).error(), IdError::wrong_kind);
  // A true block under another prefix is a forgery, not an id of that kind.
  EXPECT_EQ(codec_.open_any("batch_" + text.substr(5)).error(), IdError::forged);
  EXPECT_EQ(codec_.open("batch_" + text.substr(5), IdKind::batch).error(), IdError::forged);
}

TEST_F(PublicId, AnotherKeyRefuses) {
  PublicIdCodec const other(id_key('o'));
  EXPECT_EQ(other.open_any(codec_.seal(LeadId{1, 2})).error(), IdError::forged);
  EXPECT_EQ(codec_.open_any(codec_.seal(LeadId{1, 2})), (RawId{IdKind::lead, 1, 2}));
}

TEST_F(PublicId, AnyChangedCharacterIsRefused) {
  auto const text = codec_.seal(LeadId{1, 2});
  for (std::size_t at = 0; at < text.size(); ++at) {
    for (int value = 0; value < 256; ++value) {
      auto changed = text;
      changed[at] = static_cast<char>(value);
      if (changed != text) ASSERT_FALSE(codec_.open_any(changed).has_value()) << changed;
    }
  }
}

TEST_F(PublicId, OnlyTheCanonicalTextOpens) {
  auto const text = codec_.seal(LeadId{1, 2});
  auto lower = text;
  for (auto& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  for (auto const& other :
       {lower, text + "0", text.substr(0, text.size() - 1), " " + text, text + " ", text.substr(5),
        "LEAD_" + text.substr(5), std::string(), std::string("lead_"), std::string("_"),
        "xyz_" + text.substr(5), std::string("lead_8") + std::string(25, '0')}) {
    auto const opened = codec_.open_any(other);
    ASSERT_FALSE(opened.has_value()) << other;
    EXPECT_EQ(opened.error(), IdError::malformed) << other;
  }
}

TEST_F(PublicId, RandomBlocksAreForged) {
  for (int i = 0; i < 100'000; ++i) {
    auto const opened = codec_.open_any("lead_" + crockford_encode(random_bytes(16)));
    ASSERT_FALSE(opened.has_value());
    EXPECT_EQ(opened.error(), IdError::forged);
  }
}

TEST_F(PublicId, AMillionIdsAreUniqueAndInNoOrder) {
  std::unordered_set<std::string> seen;
  seen.reserve(1'000'000);
  std::string last;
  int ascending = 0;
  for (std::int64_t no = 0; no < 1'000'000; ++no) {
    auto text = codec_.seal(LeadId{1, no});
    ascending += text > last ? 1 : 0;
    last = text;
    seen.insert(std::move(text));
  }
  EXPECT_EQ(seen.size(), 1'000'000U);
  EXPECT_GT(ascending, 497'000);  // half of the steps go up: 6 standard deviations are 3,000
  EXPECT_LT(ascending, 503'000);
}

TEST_F(PublicId, NeighboursShareNoMoreCharactersThanStrangers) {
  int same = 0;
  for (std::int64_t no = 0; no < 10'000; ++no) {
    auto const a = codec_.seal(LeadId{1, no});
    auto const b = codec_.seal(LeadId{1, no + 1});
    for (std::size_t at = 6; at < a.size(); ++at) same += a[at] == b[at] ? 1 : 0;
  }
  EXPECT_NEAR(same, 7'812, 600);  // 25 characters of 32 values, 10'000 pairs
}

TEST_F(PublicId, ThreadsUseOneCodec) {
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (MarketNo market = 1; market <= 4; ++market) {
    threads.emplace_back([&, market] {
      for (std::int64_t no = 0; no < 5'000; ++no) {
        LeadId const lead{market, no};
        auto const opened = codec_.open_as<LeadId>(codec_.seal(lead));
        wrong += opened == lead ? 0 : 1;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST(PublicIdDeathTest, NumbersThatCannotBeIdsStopTheProcess) {
  PublicIdCodec const codec(id_key('k'));
  EXPECT_DEATH((void)codec.seal(LeadId{1, -1}), "no >= 0");
  EXPECT_DEATH((void)codec.seal(SaleId{1, 1, kSaleSlotsMax}), "slot");
}

}  // namespace
}  // namespace leadex::crypto
