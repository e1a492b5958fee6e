#include "server/crypto/aead.hpp"

#include <gtest/gtest.h>
#include <openssl/err.h>

#include <set>

#include "server/crypto/random.hpp"
#include "tests/server/crypto/wycheproof.hpp"

namespace leadex::crypto {
namespace {

TEST(Aead, WycheproofVectorsOpenOrAreRefused) {
  int checked = 0;
  auto const count = vectors::for_each_vector(
      "aes_gcm_test.half.json", [&](auto const& group, auto const& test, bool valid) {
        if (group["keySize"].GetInt() != 256 || group["ivSize"].GetInt() != 96 ||
            group["tagSize"].GetInt() != 128) {
          return;
        }
        AeadKey const key(Secret(ByteView(vectors::hex_of(test, "key"))));
        auto const sealed = vectors::hex_of(test, "iv") + vectors::hex_of(test, "ct") +
                            vectors::hex_of(test, "tag");
        auto const opened = aead_open(key, vectors::hex_of(test, "aad"), sealed);
        ASSERT_EQ(opened.has_value(), valid);
        if (opened) EXPECT_EQ(opened->view(), vectors::hex_of(test, "msg"));
        ++checked;
      });
  if (!count) GTEST_SKIP() << "shared data absent";
  EXPECT_GT(checked, 25);
}

TEST(Aead, WhatIsSealedOpensAndDiffersEachTime) {
  auto const key = AeadKey::generate();
  for (std::size_t const size : {0U, 1U, 15U, 16U, 17U, 400U, 100'000U}) {
    auto const plain = random_bytes(size);
    auto const sealed = aead_seal(key, "place", plain);
    EXPECT_EQ(sealed.size(), size + kAeadOverheadBytes);
    EXPECT_EQ(aead_open(key, "place", sealed).value().view(), plain);
    EXPECT_NE(aead_seal(key, "place", plain), sealed);
  }
  Bytes out = "head";
  aead_seal_to(out, key, "", "plain");
  EXPECT_EQ(out.substr(0, 4), "head");
  EXPECT_EQ(aead_open(key, "", ByteView(out).substr(4)).value().view(), "plain");
}

TEST(Aead, NoncesOfOneKeyAreDistinct) {
  auto const key = AeadKey::generate();
  std::set<Bytes> nonces;
  for (int i = 0; i < 20'000; ++i) nonces.insert(aead_seal(key, "", "").substr(0, kAeadNonceBytes));
  EXPECT_EQ(nonces.size(), 20'000U);
}

TEST(Aead, EveryChangedBitIsRefused) {
  auto const key = AeadKey::generate();
  auto const sealed = aead_seal(key, "place", "the plain text");
  for (std::size_t at = 0; at < sealed.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      auto changed = sealed;
      changed[at] = static_cast<char>(changed[at] ^ (1 << bit));
      auto const opened = aead_open(key, "place", changed);
      ASSERT_FALSE(opened.has_value()) << at;
      EXPECT_EQ(opened.error(), AeadError::not_authentic);
    }
  }
  EXPECT_EQ(aead_open(key, "other", sealed).error(), AeadError::not_authentic);
  EXPECT_EQ(aead_open(AeadKey::generate(), "place", sealed).error(), AeadError::not_authentic);
  EXPECT_EQ(ERR_peek_error(), 0UL);  // nothing left for a TLS session of this thread to trip over
  EXPECT_EQ(aead_open(key, "place", sealed).value().view(), "the plain text");
}

TEST(Aead, EveryCutIsRefused) {
  auto const key = AeadKey::generate();
  auto const sealed = aead_seal(key, "", "the plain text");
  for (std::size_t size = 0; size < sealed.size(); ++size) {
    auto const opened = aead_open(key, "", ByteView(sealed).substr(0, size));
    ASSERT_FALSE(opened.has_value());
    EXPECT_EQ(opened.error(),
              size < kAeadOverheadBytes ? AeadError::malformed : AeadError::not_authentic);
  }
}

TEST(AeadDeathTest, AKeyOfAnotherLengthStopsTheProcess) {
  EXPECT_DEATH(AeadKey(Secret(ByteView("short"))), "kAeadKeyBytes");
}

}  // namespace
}  // namespace leadex::crypto
