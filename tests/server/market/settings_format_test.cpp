// Settings that an older program stored keep their meaning.

#include <gtest/gtest.h>

#include "server/market/settings.hpp"

namespace leadex::market {
namespace {

MarketSettings some_settings() {
  MarketSettings settings;
  settings.rules.version = 4;
  settings.rules.attributes = {{.name = "state", .type = targeting::AttributeType::text}};
  settings.currency = "USD";
  settings.country = "US";
  settings.ping_ttl_us = 7;
  return settings;
}

TEST(SettingsFormat, WithoutAPointsTableAreReadAsNone) {
  auto settings = some_settings();
  for (std::uint32_t format = 3; format < 7; ++format) {
    auto const old = encode_value(settings, format);
    auto const read = decode_stored<MarketSettings>(old);
    ASSERT_TRUE(read.has_value()) << format;
    EXPECT_EQ(encode_value(*read), encode_value(settings)) << format;
    EXPECT_FALSE(read->scoring.enabled);
  }
}

TEST(SettingsFormat, KeepThePointsTable) {
  auto settings = some_settings();
  settings.scoring.enabled = true;
  settings.scoring.base = -3;
  settings.scoring.rules.push_back(
      {.test = quality::ScoreTest::any_of, .texts = {"CA"}, .points = 9, .reason = "home"});
  settings.known_after_sale = {1};
  settings.estimate_features = {0};
  auto const read = decode_stored<MarketSettings>(encode_value(settings));
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->scoring, settings.scoring);
  EXPECT_EQ(read->known_after_sale, settings.known_after_sale);
  EXPECT_EQ(read->estimate_features, settings.estimate_features);
}

}  // namespace
}  // namespace leadex::market
