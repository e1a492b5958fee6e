#include "server/crypto/sha256_state.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <random>

namespace leadex::crypto {
namespace {

TEST(ResumableSha256, GoesOnWhereverItWasWrittenDown) {
  std::uint64_t const seed = std::random_device{}();
  std::printf("ResumableSha256: seed %llu\n", static_cast<unsigned long long>(seed));
  std::mt19937_64 random{seed};
  for (int run = 0; run < 200; ++run) {
    std::string text(random() % 1000, '\0');
    for (char& c : text) c = static_cast<char>(random() % 256);
    ResumableSha256 hash;
    for (std::string_view rest = text; !rest.empty();) {
      auto const cut = std::min<std::size_t>(rest.size(), random() % 130 + 1);
      hash.update(rest.substr(0, cut));
      rest.remove_prefix(cut);
      auto again = ResumableSha256::resume(hash.state());
      ASSERT_TRUE(again);
      hash = std::move(*again);
    }
    EXPECT_EQ(hash.finish(), sha256(text));
    EXPECT_EQ(hash.finish(), sha256(""));  // afresh
  }
}

TEST(ResumableSha256, TakesNoStateThatCannotBe) {
  ResumableSha256 hash;
  auto const good = hash.update("abc").state();
  EXPECT_EQ(good.size(), 8U + 32U + 3U);
  EXPECT_FALSE(ResumableSha256::resume(""));
  EXPECT_FALSE(ResumableSha256::resume(good + "x"));
  EXPECT_FALSE(ResumableSha256::resume(std::string_view{good}.substr(0, good.size() - 1)));
  EXPECT_FALSE(ResumableSha256::resume(std::string(8, '\xFF') + std::string(32 + 63, 'x')));
}

}  // namespace
}  // namespace leadex::crypto
