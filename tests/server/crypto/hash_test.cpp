#include "server/crypto/hash.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "server/crypto/random.hpp"
#include "tests/server/crypto/wycheproof.hpp"

namespace leadex::crypto {
namespace {

HmacKey key_of(ByteView bytes) { return HmacKey(Secret(bytes)); }

TEST(Sha256, KnownDigests) {  // FIPS 180-4 examples
  EXPECT_EQ(hex_encode(view_of(sha256(""))),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hex_encode(view_of(sha256("abc"))),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Sha256, PartsMakeTheSameDigestAsTheWhole) {
  auto const message = random_bytes(1000);
  Sha256 hash;
  for (std::size_t step : {1U, 7U, 64U, 333U}) {
    for (std::size_t at = 0; at < message.size(); at += step) {
      hash.update(ByteView(message).substr(at, step));
    }
    EXPECT_EQ(hash.finish(), sha256(message)) << step;  // and starts afresh
  }
  auto moved = std::move(hash);
  EXPECT_EQ(moved.finish(), sha256(""));
}

TEST(Hmac, WycheproofVectors) {
  auto const count = vectors::for_each_vector(
      "hmac_sha256_test.half.json", [](auto const& group, auto const& test, bool valid) {
        auto const key = key_of(vectors::hex_of(test, "key"));
        auto const message = vectors::hex_of(test, "msg");
        auto const tag = vectors::hex_of(test, "tag");
        auto const cut = group["tagSize"].GetUint() / 8;
        EXPECT_EQ(view_of(key.sign(message)).substr(0, cut) == tag, valid);
        EXPECT_EQ(key.matches(message, tag), valid && cut == 32);
        HmacStream stream(key);
        for (char const& c : message) stream.update({&c, 1});
        EXPECT_EQ(view_of(stream.finish()).substr(0, cut) == tag, valid);
      });
  if (!count) GTEST_SKIP() << "shared data absent";
  EXPECT_EQ(*count, 87);
}

TEST(Hmac, KeysThatShareAThreadKeepApart) {
  std::vector<HmacKey> keys;
  std::vector<Digest> expected;
  for (int i = 0; i < 100; ++i) {
    keys.push_back(key_of("key " + std::to_string(i)));
    expected.push_back(HmacStream(keys.back()).update("message").finish());
  }
  for (int round = 0; round < 3; ++round) {
    for (std::size_t i = 0; i < keys.size(); ++i) {
      EXPECT_EQ(keys[i].sign("message"), expected[i]);
      EXPECT_EQ(keys[i].sign({"mess", "", "age"}), expected[i]);
      EXPECT_EQ(keys[(i * 37) % 100].sign("message"), expected[(i * 37) % 100]);
    }
  }
}

TEST(Hmac, OneKeyServesManyThreads) {
  auto const key = key_of("shared");
  auto const expected = key.sign("message");
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 2'000; ++n) wrong += key.sign("message") == expected ? 0 : 1;
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST(Hkdf, WycheproofVectors) {
  int too_large = 0;
  auto const count = vectors::for_each_vector("hkdf_sha256_test.half.json", [&](auto const&,
                                                                                auto const& test,
                                                                                bool valid) {
    auto const size = test["size"].GetUint();
    if (!valid) {
      EXPECT_GT(size, kHkdfBytesMax);
      ++too_large;
      return;
    }
    Secret const key(ByteView(vectors::hex_of(test, "ikm")));
    EXPECT_EQ(
        hkdf_sha256(key, vectors::hex_of(test, "salt"), vectors::hex_of(test, "info"), size).view(),
        vectors::hex_of(test, "okm"));
  });
  if (!count) GTEST_SKIP() << "shared data absent";
  EXPECT_EQ(*count, 43);
  EXPECT_LT(too_large, 10);
}

TEST(HkdfDeathTest, ALengthBeyondTheStandardStopsTheProcess) {
  Secret const key(ByteView("key"));
  EXPECT_DEATH((void)hkdf_sha256(key, "", "", kHkdfBytesMax + 1), "kHkdfBytesMax");
}

}  // namespace
}  // namespace leadex::crypto
