#include "server/intake/gzip/inflate.hpp"

#include <gtest/gtest.h>
#include <malloc.h>
#include <zlib.h>

#include <algorithm>
#include <cstdio>
#include <random>
#include <string>

namespace leadex::intake {
namespace {

[[nodiscard]] std::string gzip(std::string_view text) {
  z_stream z{};
  EXPECT_EQ(deflateInit2(&z, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string packed(deflateBound(&z, text.size()), '\0');
  std::string input{text};
  z.next_in = reinterpret_cast<Bytef*>(input.data());
  z.avail_in = static_cast<uInt>(input.size());
  z.next_out = reinterpret_cast<Bytef*>(packed.data());
  z.avail_out = static_cast<uInt>(packed.size());
  EXPECT_EQ(deflate(&z, Z_FINISH), Z_STREAM_END);
  packed.resize(z.total_out);
  deflateEnd(&z);
  return packed;
}

struct Outcome {
  std::string text;
  std::string error;
};

[[nodiscard]] Outcome unpack(std::string_view packed, auto next_cut, GzipLimits limits = {}) {
  Outcome outcome;
  GzipInflater inflater{[&outcome](std::string_view bytes) {
                          EXPECT_LE(bytes.size(), 64U * 1024U);
                          outcome.text += bytes;
                          return true;
                        },
                        limits};
  Result<void, GzipError> result;
  while (!packed.empty() && result) {
    std::size_t const cut = std::min<std::size_t>(packed.size(), next_cut());
    result = inflater.feed(packed.substr(0, cut));
    packed.remove_prefix(cut);
  }
  if (result) result = inflater.finish();
  if (!result) outcome.error = to_string(result.error());
  return outcome;
}

[[nodiscard]] Outcome unpack(std::string_view packed, GzipLimits limits = {}) {
  Outcome const whole = unpack(
      packed, [] { return 1U << 30U; }, limits);
  Outcome const bytes = unpack(
      packed, [] { return 1U; }, limits);
  EXPECT_EQ(whole.error, bytes.error);
  // Before an error the last piece may or may not have been handed out.
  if (whole.error.empty()) EXPECT_TRUE(whole.text == bytes.text);
  return whole;
}

TEST(GzipInflater, RoundTripsHoweverTheStreamIsCut) {
  std::uint64_t const seed = std::random_device{}();
  std::printf("GzipInflater: seed %llu\n", static_cast<unsigned long long>(seed));
  std::mt19937_64 random{seed};
  for (int run = 0; run < 60; ++run) {
    std::string text(random() % 300'000, '\0');
    std::uint64_t const letters = random() % 255 + 1;
    for (char& c : text) c = static_cast<char>(random() % letters);
    Outcome const outcome = unpack(gzip(text), [&] { return random() % 5'000 + 1; });
    EXPECT_EQ(outcome.error, "");
    EXPECT_TRUE(outcome.text == text);
  }
}

TEST(GzipInflater, JoinsMembers) {
  Outcome const outcome = unpack(gzip("one,") + gzip("") + gzip("two"));
  EXPECT_EQ(outcome.error, "");
  EXPECT_EQ(outcome.text, "one,two");
}

TEST(GzipInflater, NamesWhatIsWrong) {
  std::string const good = gzip("hello hello hello hello");
  EXPECT_EQ(unpack("").error, "not_gzip");
  EXPECT_EQ(unpack("a,b\n1,2\n").error, "not_gzip");
  EXPECT_EQ(unpack(good + "trailing").error, "trailing_garbage");
  EXPECT_EQ(unpack(good + std::string(100, '\0')).error, "trailing_garbage");
  std::string bad_checksum = good;
  bad_checksum[good.size() - 6] ^= 1;
  EXPECT_EQ(unpack(bad_checksum).error, "corrupt");
  std::string bad_length = good;
  bad_length.back() ^= 1;
  EXPECT_EQ(unpack(bad_length).error, "corrupt");
  std::string bad_block = good;
  bad_block[10] = static_cast<char>(0xFF);
  EXPECT_EQ(unpack(bad_block).error, "corrupt");
}

TEST(GzipInflater, NoticesEachCut) {
  std::string const good = gzip("a") + gzip(std::string(500, 'x') + "end");
  std::size_t const seam = gzip("a").size();
  for (std::size_t length = 1; length < good.size(); ++length) {
    if (length == seam) continue;  // a cut between members cannot be seen
    EXPECT_EQ(unpack(std::string_view{good}.substr(0, length)).error, "truncated") << length;
  }
}

TEST(GzipInflater, StopsAtTheUnpackedLimit) {
  std::string const packed = gzip(std::string(100'000, 'x'));
  EXPECT_EQ(unpack(packed, {.unpacked_bytes = 100'000}).error, "");
  Outcome const outcome = unpack(packed, {.unpacked_bytes = 99'999});
  EXPECT_EQ(outcome.error, "too_large");
  EXPECT_LE(outcome.text.size(), 99'999U);
}

TEST(GzipInflater, DefusesABombInBoundedMemory) {
  std::string const bomb = gzip(std::string(256U << 20U, '\0'));  // 260 kB
  ASSERT_LT(bomb.size(), 300'000U);
  std::uint64_t seen = 0;
  GzipInflater inflater{[&seen](std::string_view bytes) {
    seen += bytes.size();
    return true;
  }};
  auto const before = mallinfo2().uordblks;
  auto const result = inflater.feed(bomb);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error(), GzipError::ratio_too_high);
  EXPECT_LE(seen, 9U << 20U);
  EXPECT_LT(mallinfo2().uordblks, before + (1U << 20U));
  EXPECT_EQ(inflater.feed(bomb).error(), GzipError::ratio_too_high);
  EXPECT_EQ(inflater.finish().error(), GzipError::ratio_too_high);
  // Many small bombs in a row are one bomb.
  std::string const small = gzip(std::string(1U << 20U, '\0'));
  std::string many;
  for (int i = 0; i < 64; ++i) many += small;
  EXPECT_EQ(unpack(many, [] { return 4096U; }).error, "ratio_too_high");
}

TEST(GzipInflater, StopsWhenTheSinkHasEnough) {
  int calls = 0;
  GzipInflater inflater{[&calls](std::string_view) { return ++calls < 2; }};
  EXPECT_TRUE(inflater.feed(gzip(std::string(1'000'000, 'x'))));
  EXPECT_EQ(calls, 2);
  EXPECT_TRUE(inflater.finish());
}

}  // namespace
}  // namespace leadex::intake
