#include "server/crypto/ed25519.hpp"

#include <gtest/gtest.h>
#include <openssl/err.h>

#include "server/crypto/random.hpp"
#include "tests/server/crypto/wycheproof.hpp"

namespace leadex::crypto {
namespace {

TEST(Ed25519, WycheproofVectors) {
  auto const count = vectors::for_each_vector(
      "ed25519_test.half.json", [](auto const& group, auto const& test, bool valid) {
        auto const key = Ed25519PublicKey::from_hex(group["publicKey"]["pk"].GetString());
        ASSERT_TRUE(key.has_value());
        EXPECT_EQ(key->verify(vectors::hex_of(test, "msg"), vectors::hex_of(test, "sig")), valid);
        EXPECT_EQ(key->pem(), group["publicKeyPem"].GetString());
      });
  if (!count) GTEST_SKIP() << "shared data absent";
  EXPECT_EQ(*count, 76);
}

TEST(Ed25519, KnownKeyAndSignature) {  // RFC 8032 section 7.1, test 1
  auto const seed = hex_decode("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
  auto const key = Ed25519Key::from_seed(Secret(ByteView(seed.value())));
  EXPECT_EQ(key.public_key().hex(),
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
  EXPECT_EQ(hex_encode(view_of(key.sign(""))),
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39"
            "701cf9b46bd25bf5f0595bbe24655141438e7a100b");
}

TEST(Ed25519, OnlyTheSignedMessageVerifies) {
  auto const key = Ed25519Key::from_seed(random_secret(kEd25519KeyBytes));
  auto const open = Ed25519PublicKey::from_raw(key.public_key().raw());
  ASSERT_TRUE(open.has_value());
  auto const signature = Bytes(view_of(key.sign("message")));
  EXPECT_TRUE(open->verify("message", signature));
  EXPECT_FALSE(open->verify("Message", signature));
  EXPECT_FALSE(open->verify("message", ByteView(signature).substr(1)));
  EXPECT_FALSE(open->verify("message", signature + '\0'));
  for (std::size_t at = 0; at < signature.size(); ++at) {
    auto changed = signature;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    EXPECT_FALSE(open->verify("message", changed)) << at;
  }
  EXPECT_EQ(ERR_peek_error(), 0UL);
}

TEST(Ed25519, APublicKeyOfAnotherLengthIsRefused) {
  EXPECT_FALSE(Ed25519PublicKey::from_raw(random_bytes(31)).has_value());
  EXPECT_FALSE(Ed25519PublicKey::from_raw(random_bytes(33)).has_value());
  EXPECT_FALSE(Ed25519PublicKey::from_hex("zz").has_value());
}

}  // namespace
}  // namespace leadex::crypto
