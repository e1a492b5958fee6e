#include "server/intake/zstd/unzstd.hpp"

#include <gtest/gtest.h>
#include <zstd.h>

#include <algorithm>
#include <cstdio>
#include <random>
#include <string>

namespace leadex::intake {
namespace {

[[nodiscard]] std::string zstd(std::string_view text, int window_log = 0) {
  auto* context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
  if (window_log != 0) {
    ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, window_log);
    ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 0);
  }
  std::string packed(ZSTD_compressBound(text.size()) + 64, '\0');
  ZSTD_inBuffer in{text.data(), text.size(), 0};
  ZSTD_outBuffer out{packed.data(), packed.size(), 0};
  // In two steps, so that the frame does not know its size and keeps its window.
  EXPECT_EQ(ZSTD_compressStream2(context, &out, &in, ZSTD_e_continue) & 0U, 0U);
  EXPECT_EQ(ZSTD_compressStream2(context, &out, &in, ZSTD_e_end), 0U);
  ZSTD_freeCCtx(context);
  packed.resize(out.pos);
  return packed;
}

struct Outcome {
  std::string text;
  std::string error;
};

[[nodiscard]] Outcome unpack(std::string_view packed, auto next_cut, ZstdLimits limits = {}) {
  Outcome outcome;
  ZstdReader reader{[&outcome](std::string_view bytes) {
                      EXPECT_LE(bytes.size(), 128U * 1024U);
                      outcome.text += bytes;
                      return true;
                    },
                    limits};
  Result<void, ZstdError> result;
  while (!packed.empty() && result) {
    std::size_t const cut = std::min<std::size_t>(packed.size(), next_cut());
    result = reader.feed(packed.substr(0, cut));
    packed.remove_prefix(cut);
  }
  if (result) result = reader.finish();
  if (!result) outcome.error = to_string(result.error());
  return outcome;
}

[[nodiscard]] Outcome unpack(std::string_view packed, ZstdLimits limits = {}) {
  Outcome const whole = unpack(
      packed, [] { return 1U << 30U; }, limits);
  Outcome const bytes = unpack(
      packed, [] { return 1U; }, limits);
  EXPECT_EQ(whole.error, bytes.error);
  if (whole.error.empty()) EXPECT_TRUE(whole.text == bytes.text);
  return whole;
}

TEST(ZstdReader, RoundTripsHoweverTheStreamIsCut) {
  std::uint64_t const seed = std::random_device{}();
  std::printf("ZstdReader: seed %llu\n", static_cast<unsigned long long>(seed));
  std::mt19937_64 random{seed};
  for (int run = 0; run < 60; ++run) {
    std::string text(random() % 300'000, '\0');
    std::uint64_t const letters = random() % 255 + 1;
    for (char& c : text) c = static_cast<char>(random() % letters);
    Outcome const outcome = unpack(zstd(text), [&] { return random() % 5'000 + 1; });
    EXPECT_EQ(outcome.error, "");
    EXPECT_TRUE(outcome.text == text);
  }
}

TEST(ZstdReader, JoinsFramesAndSkipsWhatMayBeSkipped) {
  std::string const skippable{"\x5F\x2A\x4D\x18\x03\x00\x00\x00xyz", 11};
  Outcome const outcome =
      unpack(skippable + zstd("one,") + zstd("") + skippable + zstd("two") + skippable);
  EXPECT_EQ(outcome.error, "");
  EXPECT_EQ(outcome.text, "one,two");
}

TEST(ZstdReader, NamesWhatIsWrong) {
  std::string const good = zstd("hello hello hello hello");
  EXPECT_EQ(unpack("").error, "not_zstd");
  EXPECT_EQ(unpack("a,b\n1,2\n").error, "not_zstd");
  EXPECT_EQ(unpack(good + "trailing").error, "trailing_garbage");
  EXPECT_EQ(unpack(good + std::string(100, '\0')).error, "trailing_garbage");
  std::string bad_checksum = good;
  bad_checksum.back() = static_cast<char>(bad_checksum.back() ^ 1);
  EXPECT_EQ(unpack(bad_checksum).error, "corrupt");
  std::string bad_block = good;
  bad_block[6] = static_cast<char>(0xFF);
  EXPECT_NE(unpack(bad_block).error, "");
}

TEST(ZstdReader, RefusesFramesOfOldFormats) {
  for (char const version : {'\x22', '\x23', '\x24', '\x25', '\x26', '\x27'}) {
    std::string old{version};
    old += "\xB5\x2F\xFD some bytes that the library might try to read";
    EXPECT_EQ(unpack(old).error, "not_zstd");
    EXPECT_EQ(unpack(zstd("rows") + old).error, "trailing_garbage");
  }
  EXPECT_EQ(unpack(std::string{"\x1E\xB5\x2F\xFD", 4}).error, "not_zstd");  // 0.1
}

TEST(ZstdReader, NoticesEachCut) {
  std::string const first = zstd("a");
  std::string const good = first + zstd(std::string(500, 'x') + "end");
  for (std::size_t length = 1; length < good.size(); ++length) {
    if (length == first.size()) continue;  // a cut between frames cannot be seen
    EXPECT_EQ(unpack(std::string_view{good}.substr(0, length)).error, "truncated") << length;
  }
}

TEST(ZstdReader, StopsAtTheUnpackedLimit) {
  std::string const packed = zstd(std::string(100'000, 'x'));
  EXPECT_EQ(unpack(packed, {.unpacked_bytes = 100'000}).error, "");
  Outcome const outcome = unpack(packed, {.unpacked_bytes = 99'999});
  EXPECT_EQ(outcome.error, "too_large");
  EXPECT_LE(outcome.text.size(), 99'999U);
}

TEST(ZstdReader, DefusesABombInBoundedMemory) {
  std::string const bomb = zstd(std::string(256U << 20U, '\0'));
  std::size_t made = 0;
  ZstdReader reader{[&made](std::string_view bytes) {
    made += bytes.size();
    return true;
  }};
  EXPECT_EQ(reader.feed(bomb).error(), ZstdError::ratio_too_high);
  EXPECT_LE(made, ZstdLimits{}.ratio_grace_bytes + (1U << 20U));
  EXPECT_EQ(reader.feed("more").error(), ZstdError::ratio_too_high);
}

TEST(ZstdReader, ManySmallBombsAreOne) {
  std::string const one = zstd(std::string(1U << 20U, '\0'));
  std::string many;
  for (int i = 0; i < 64; ++i) many += one;
  EXPECT_EQ(unpack(many).error, "ratio_too_high");
}

TEST(ZstdReader, RefusesAWindowThatIsTooWide) {
  std::mt19937_64 random{1};
  std::string text(1U << 18U, '\0');
  for (char& c : text) c = static_cast<char>(random() % 200);
  EXPECT_EQ(unpack(zstd(text, kZstdWindowLog)).error, "");
  EXPECT_EQ(unpack(zstd(text, kZstdWindowLog + 1)).error, "window_too_large");
}

TEST(ZstdReader, StopsWhenTheSinkSaysSo) {
  ZstdReader reader{[](std::string_view) { return false; }};
  auto const packed = zstd(std::string(1U << 20U, 'y'));
  EXPECT_TRUE(reader.feed(packed).has_value());
  EXPECT_TRUE(reader.finish().has_value());
}

}  // namespace
}  // namespace leadex::intake
