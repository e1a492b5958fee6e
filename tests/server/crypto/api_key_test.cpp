#include "server/crypto/api_key.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <map>
#include <set>

namespace leadex::crypto {
namespace {

TEST(ApiKey, ChecksumIsTheCommonCrc32) { EXPECT_EQ(crc32("123456789"), 0xCBF43926U); }

TEST(ApiKey, AKnownTextParses) {
  // The checksum was computed apart: base62 of zlib's crc32, most significant digit first.
  EXPECT_EQ(parse_api_key("lxk_dev_0123456789ABCDEFabcdefXYZxyz00002EgM4l"), ApiKeyKind::dev);
}

TEST(ApiKey, GeneratedKeysParseAndNeverRepeat) {
  std::set<std::string> seen;
  for (auto const& [kind, prefix] :
       std::map<ApiKeyKind, std::string>{{ApiKeyKind::live, "lxk_live_"},
                                         {ApiKeyKind::dev, "lxk_dev_"},
                                         {ApiKeyKind::test, "lxk_test_"}}) {
    for (int i = 0; i < 1'000; ++i) {
      auto const key = generate_api_key(kind);
      EXPECT_TRUE(key.view().starts_with(prefix));
      EXPECT_EQ(key.size(), prefix.size() + 38);
      EXPECT_EQ(parse_api_key(key.view()), kind);
      seen.insert(std::string(key.view()));
    }
  }
  EXPECT_EQ(seen.size(), 3'000U);
}

TEST(ApiKey, CharactersAreEvenlySpread) {
  std::map<char, int> counts;
  for (int i = 0; i < 5'000; ++i) {
    auto const key = generate_api_key(ApiKeyKind::dev);
    for (char const c : key.view().substr(8, 32)) ++counts[c];
  }
  ASSERT_EQ(counts.size(), 62U);
  double chi_squared = 0;
  double const expected = 5'000.0 * 32 / 62;
  for (auto const& [c, n] : counts) chi_squared += std::pow(n - expected, 2) / expected;
  EXPECT_LT(chi_squared, 140);  // 61 degrees of freedom: beyond 140 once in 10^7 runs
}

TEST(ApiKey, EveryMistypedCharacterIsRefusedWithoutALookUp) {
  auto const key = generate_api_key(ApiKeyKind::live);
  for (std::size_t at = 0; at < key.size(); ++at) {
    std::string changed(key.view());
    changed[at] = changed[at] == 'x' ? 'y' : 'x';
    auto const parsed = parse_api_key(changed);
    ASSERT_FALSE(parsed.has_value()) << at;
    EXPECT_EQ(parsed.error(), at < 9 ? ApiKeyError::malformed : ApiKeyError::checksum_wrong) << at;
  }
}

TEST(ApiKey, OtherFormsAreMalformed) {
  auto const key = std::string(generate_api_key(ApiKeyKind::live).view());
  for (auto const& text :
       {std::string(), std::string("lxk_live_"), key + "0", key.substr(0, key.size() - 1),
        " " + key, key + "\n", "lxk_prod_" + key.substr(9),
        key.substr(0, 20) + "-" + key.substr(21), std::string("LXK_LIVE_") + key.substr(9)}) {
    auto const parsed = parse_api_key(text);
    ASSERT_FALSE(parsed.has_value());
    EXPECT_EQ(parsed.error(), ApiKeyError::malformed);
  }
}

TEST(ApiKey, TheStoredFormDependsOnThePepperAndHidesTheKey) {
  HmacKey const pepper(Secret(ByteView("pepper")));
  HmacKey const other(Secret(ByteView("other pepper")));
  auto const key = generate_api_key(ApiKeyKind::dev);
  EXPECT_EQ(api_key_digest(pepper, key.view()), pepper.sign(key.view()));
  EXPECT_NE(api_key_digest(pepper, key.view()), api_key_digest(other, key.view()));
  auto const hint = api_key_hint(key.view());
  EXPECT_EQ(hint.first12, key.view().substr(0, 12));
  EXPECT_EQ(hint.last4, key.view().substr(key.size() - 4));
}

}  // namespace
}  // namespace leadex::crypto
