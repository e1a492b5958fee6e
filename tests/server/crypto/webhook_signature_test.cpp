#include "server/crypto/webhook_signature.hpp"

#include <gtest/gtest.h>

#include "server/crypto/random.hpp"
#include "tests/server/crypto/wycheproof.hpp"

namespace leadex::crypto {
namespace {

std::string secret_text(std::size_t bytes) { return "whsec_" + base64_encode(random_bytes(bytes)); }

TEST(WebhookSignature, TheStandardsOwnVector) {
  auto const text = vectors::read_shared("webhook/standard-webhooks-vector.json");
  if (!text) GTEST_SKIP() << "shared data absent";
  rapidjson::Document document;
  document.Parse(text->c_str());
  ASSERT_FALSE(document.HasParseError());
  ASSERT_EQ(document.Size(), 1U);
  for (auto const& test : document.GetArray()) {
    auto const secret = WebhookSecret::parse(test["secret"].GetString());
    ASSERT_TRUE(secret.has_value());
    EXPECT_EQ(secret->sign(test["webhook-id"].GetString(), test["webhook-timestamp"].GetInt64(),
                           test["payload"].GetString()),
              test["webhook-signature"].GetString());
  }
}

TEST(WebhookSignature, SecretsComeBackFromTheirText) {
  auto const secret = WebhookSecret::generate();
  auto const text = secret.text();
  EXPECT_TRUE(text.view().starts_with("whsec_"));
  auto const parsed = WebhookSecret::parse(text.view());
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(parsed->sign("evt_1", 1, "{}"), secret.sign("evt_1", 1, "{}"));
  EXPECT_NE(WebhookSecret::generate().sign("evt_1", 1, "{}"), secret.sign("evt_1", 1, "{}"));
}

TEST(WebhookSignature, SecretsOutsideTheStandardAreRefused) {
  EXPECT_TRUE(WebhookSecret::parse(secret_text(24)).has_value());
  EXPECT_TRUE(WebhookSecret::parse(secret_text(64)).has_value());
  EXPECT_FALSE(WebhookSecret::parse(secret_text(23)).has_value());
  EXPECT_FALSE(WebhookSecret::parse(secret_text(65)).has_value());
  EXPECT_FALSE(WebhookSecret::parse(secret_text(32).substr(6)).has_value());
  EXPECT_FALSE(WebhookSecret::parse(secret_text(32) + "=").has_value());
  EXPECT_FALSE(WebhookSecret::parse("whsec_").has_value());
}

TEST(WebhookSignature, EveryPartIsSigned) {
  auto const secret = WebhookSecret::generate();
  auto const header = secret.sign("evt_1", 100, "body");
  EXPECT_TRUE(secret.matches("evt_1", 100, "body", header));
  EXPECT_FALSE(secret.matches("evt_2", 100, "body", header));
  EXPECT_FALSE(secret.matches("evt_1", 101, "body", header));
  EXPECT_FALSE(secret.matches("evt_1", 100, "Body", header));
  EXPECT_FALSE(secret.matches("evt_1", 100, "body", header.substr(0, header.size() - 1)));
  EXPECT_FALSE(WebhookSecret::generate().matches("evt_1", 100, "body", header));
  EXPECT_FALSE(secret.matches("evt.1", 100, "body", header));
}

TEST(WebhookSignature, OneOfSeveralSignaturesSuffices) {
  auto const old_secret = WebhookSecret::generate();
  auto const new_secret = WebhookSecret::generate();
  auto const header =
      old_secret.sign("evt_1", 100, "body") + " " + new_secret.sign("evt_1", 100, "body");
  EXPECT_TRUE(old_secret.matches("evt_1", 100, "body", header));
  EXPECT_TRUE(new_secret.matches("evt_1", 100, "body", header));
  std::string flood;
  for (int i = 0; i < 16; ++i) flood += "v1,AAAA ";
  EXPECT_FALSE(old_secret.matches("evt_1", 100, "body", flood + header));  // bounded
  EXPECT_FALSE(old_secret.matches("evt_1", 100, "body", ""));
}

}  // namespace
}  // namespace leadex::crypto
