#include "server/crypto/bytes.hpp"

#include <gtest/gtest.h>

#include <random>
#include <type_traits>

namespace leadex::crypto {
namespace {

template <class T>
concept Streamable = requires(std::ostream& out, T const& value) { out << value; };

Bytes any_bytes(std::mt19937& random, std::size_t size) {
  Bytes bytes(size, '\0');
  for (auto& c : bytes) c = static_cast<char>(random() & 0xFFU);
  return bytes;
}

TEST(Bytes, KnownTextsOfEachForm) {
  EXPECT_EQ(hex_encode(Bytes("\x00\x7f\xff", 3)), "007fff");
  // RFC 4648 section 10.
  EXPECT_EQ(base64_encode(""), "");
  EXPECT_EQ(base64_encode("f"), "Zg==");
  EXPECT_EQ(base64_encode("fo"), "Zm8=");
  EXPECT_EQ(base64_encode("foobar"), "Zm9vYmFy");
  EXPECT_EQ(base64_encode(Bytes("\xfb\xff", 2)), "+/8=");
  EXPECT_EQ(base64url_encode(Bytes("\xfb\xff", 2)), "-_8");
  EXPECT_EQ(crockford_encode(Bytes(16, '\0')), std::string(26, '0'));
  EXPECT_EQ(crockford_encode(Bytes(16, '\xff')), "7" + std::string(25, 'Z'));
  EXPECT_EQ(crockford_encode(Bytes("\x00\x00\x00\x00\x20", 5)), "00000010");
}

TEST(Bytes, EveryLengthComesBackFromEveryForm) {
  unsigned const seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (std::size_t size = 0; size < 200; ++size) {
    auto const bytes = any_bytes(random, size);
    EXPECT_EQ(hex_decode(hex_encode(bytes)), bytes);
    EXPECT_EQ(base64_decode(base64_encode(bytes)), bytes);
    EXPECT_EQ(base64url_decode(base64url_encode(bytes)), bytes);
    EXPECT_EQ(crockford_decode(crockford_encode(bytes)), bytes) << size;
  }
}

// Whatever decodes must be exactly what encoding writes: no second text for one value.
TEST(Bytes, OneTextPerValue) {
  unsigned const seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  std::string const characters = "0189afgAFGILOUVZz+/-_= \n";
  int decoded = 0;
  for (int run = 0; run < 200'000; ++run) {
    std::string text(random() % 9, '\0');
    for (auto& c : text) c = characters[random() % characters.size()];
    if (auto const bytes = hex_decode(text)) EXPECT_EQ(hex_encode(*bytes), text), ++decoded;
    if (auto const bytes = base64_decode(text)) EXPECT_EQ(base64_encode(*bytes), text), ++decoded;
    if (auto const bytes = base64url_decode(text)) {
      EXPECT_EQ(base64url_encode(*bytes), text);
      ++decoded;
    }
    if (auto const bytes = crockford_decode(text)) {
      EXPECT_EQ(crockford_encode(*bytes), text);
      ++decoded;
    }
  }
  EXPECT_GT(decoded, 1'000);
}

TEST(Bytes, StrictDecodersRefuse) {
  for (char const* text : {"0", "0G", "FF", "0 ", " 00", "0x00"}) {
    EXPECT_FALSE(hex_decode(text)) << text;
  }
  for (char const* text : {"Zg", "Zg=", "Zg===", "Zh==", "=Zg=", "Zg==\n",
                           "Z===", "====", "Zm9=", "Zm9vYg==Zg==", "-_8="}) {
    EXPECT_FALSE(base64_decode(text)) << text;
  }
  for (char const* text : {"Zg==", "Z", "Zh", "+/8"}) EXPECT_FALSE(base64url_decode(text)) << text;
  EXPECT_FALSE(crockford_decode("8" + std::string(25, '0')));  // more than 128 bits
  EXPECT_FALSE(crockford_decode(std::string(25, '0') + "a"));  // lower case
  EXPECT_FALSE(crockford_decode(std::string(27, '0')));
  for (char const c : std::string("ILOUilou-@[`")) {
    EXPECT_FALSE(crockford_decode(std::string(25, '0') + c)) << c;
  }
}

TEST(Bytes, FixedWidthNumbersComeBack) {
  Bytes out;
  append_be32(out, 0x01020304U);
  append_be64(out, 0xFFEEDDCCBBAA9988ULL);
  EXPECT_EQ(hex_encode(out), "01020304ffeeddccbbaa9988");
  EXPECT_EQ(read_be32(out), 0x01020304U);
  EXPECT_EQ(read_be64(ByteView(out).substr(4)), 0xFFEEDDCCBBAA9988ULL);
}

TEST(Bytes, ConstantTimeEqualLooksAtLengthAndEveryByte) {
  EXPECT_TRUE(constant_time_equal("", ""));
  EXPECT_TRUE(constant_time_equal("abc", "abc"));
  EXPECT_FALSE(constant_time_equal("abc", "abd"));
  EXPECT_FALSE(constant_time_equal("abc", "bbc"));
  EXPECT_FALSE(constant_time_equal("abc", "ab"));
}

TEST(Secret, IsMovedOrClonedNeverCopiedOrStreamed) {
  static_assert(!std::is_copy_constructible_v<Secret> && !std::is_copy_assignable_v<Secret>);
  static_assert(std::is_nothrow_move_constructible_v<Secret>);
  static_assert(!std::is_convertible_v<ByteView, Secret>);
  static_assert(!Streamable<Secret>);
  Secret first(ByteView("key"));
  auto const copy = first.clone();
  Secret const moved = std::move(first);
  EXPECT_EQ(moved.view(), "key");
  EXPECT_EQ(copy.view(), "key");
  EXPECT_TRUE(first.empty());  // NOLINT(bugprone-use-after-move): the moved-from state is the point
  Secret assigned(ByteView("other"));
  assigned = Secret(ByteView("new"));
  EXPECT_EQ(assigned.view(), "new");
}

TEST(Secret, TakingAStringWipesTheSource) {
  Bytes source = "a long enough text to live on the heap, not inside the object";
  char const* const where = source.data();
  auto const secret = Secret::take(std::move(source));
  EXPECT_EQ(secret.view().substr(0, 6), "a long");
  EXPECT_TRUE(source.empty());  // NOLINT(bugprone-use-after-move)
  EXPECT_EQ(where[2], '\0');    // the buffer is still the string's
}

}  // namespace
}  // namespace leadex::crypto
