#include "server/delivery/bid_message.hpp"

#include <gtest/gtest.h>

#include "server/json/value.hpp"

namespace leadex::delivery {
namespace {

TEST(BidReply, IsABidOrNone) {
  auto const bid = read_bid_reply(R"({"bid":{"amount":"5.25","currency":"USD"}})", "USD");
  ASSERT_TRUE(bid);
  EXPECT_EQ(bid->bid.micros, 5'250'000);
  EXPECT_FALSE(bid->exclusive);
  auto const whole =
      read_bid_reply(R"({"exclusive":true,"id":7,"bid":{"amount":"9","currency":"USD"}})", "USD");
  ASSERT_TRUE(whole);
  EXPECT_TRUE(whole->exclusive);
  auto const none = read_bid_reply(R"({"bid":null})", "USD");
  ASSERT_TRUE(none);
  EXPECT_EQ(none->bid.micros, 0);
}

TEST(BidReply, AnythingElseIsNothing) {
  for (auto const* text : {"", "null", "[]", "{}", "5.00", "{\"bid\":5}", "{\"bid\":\"5.00\"}",
                           R"({"bid":{"amount":"5.00","currency":"EUR"}})",
                           R"({"bid":{"amount":"0.00","currency":"USD"}})",
                           R"({"bid":{"amount":"-5.00","currency":"USD"}})",
                           R"({"bid":{"amount":"5.0000001","currency":"USD"}})",
                           R"({"bid":{"amount":"5.00"}})", R"({"bid":null,"exclusive":"yes"})",
                           R"({"bid":null} {"bid":null})", R"({"bid":null,"bid":null})"}) {
    EXPECT_FALSE(read_bid_reply(text, "USD")) << text;
  }
}

TEST(BidRequest, ShowsAttributesAsAListingDoes) {
  auto settings = std::make_shared<market::MarketSettings>();
  settings->currency = "USD";
  using targeting::AttributeType;
  settings->rules.attributes = {{.name = "state", .type = AttributeType::text},
                                {.name = "age", .type = AttributeType::integer},
                                {.name = "income", .type = AttributeType::integer},
                                {.name = "unruled", .type = AttributeType::integer}};
  settings->visibility = {market::Visibility::exact, market::Visibility::band,
                          market::Visibility::hidden};
  using Kind = market::AttributeText::Kind;
  market::BidRound round;
  round.market_name = "m.us.usd";
  round.settings = settings;
  round.attributes = {
      {Kind::text, 0, "CA"}, {Kind::number, 37, {}}, {Kind::number, 9, {}}, {Kind::number, 8, {}}};
  round.reason = "quote";
  auto const start = bid_request_start(round, "breq_1", std::chrono::milliseconds(250));
  auto const text = bid_request(start, "cmp_1");
  EXPECT_NE(text.find(R"("attributes":{"state":"CA","age":"30-39"})"), std::string::npos) << text;
  EXPECT_NE(text.find(R"("tmax_ms":250,"campaign_id":"cmp_1"})"), std::string::npos) << text;
  EXPECT_EQ(text.find("minimum_price"), std::string::npos);
  EXPECT_TRUE(json::parse(text).has_value());
}

}  // namespace
}  // namespace leadex::delivery
