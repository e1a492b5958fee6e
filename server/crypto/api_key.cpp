#include "server/crypto/api_key.hpp"

#include <algorithm>
#include <array>

#include "billing/values/check.hpp"
#include "server/crypto/random.hpp"

namespace leadex::crypto {
namespace {

constexpr std::string_view kBase62 =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr std::size_t kRandomChars = 32;
constexpr std::size_t kChecksumChars = 6;
constexpr std::array<std::string_view, 3> kPrefixes{"lxk_live_", "lxk_dev_", "lxk_test_"};

constexpr std::array<std::uint32_t, 256> crc32_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1U) * 0xEDB88320U);
    table[i] = value;
  }
  return table;
}
constexpr auto kCrc32Table = crc32_table();

using Checksum = std::array<char, kChecksumChars>;

Checksum checksum_of(std::string_view text) {
  Checksum digits{};
  auto value = crc32(text);
  for (auto digit = digits.rbegin(); digit != digits.rend(); ++digit, value /= 62U) {
    *digit = kBase62[value % 62U];
  }
  return digits;
}

// Bytes from 248 on are thrown away: 248 is a multiple of 62, so no character comes more often.
void fill_base62(char* out, std::size_t size) {
  std::size_t filled = 0;
  while (filled < size) {
    auto const random = random_secret(2 * kRandomChars);
    for (auto const c : random.view()) {
      auto const value = static_cast<unsigned char>(c);
      if (value >= 248 || filled == size) continue;
      out[filled++] = kBase62[value % 62];
    }
  }
}

}  // namespace

std::uint32_t crc32(ByteView bytes) {
  std::uint32_t value = 0xFFFFFFFFU;
  for (char const c : bytes) {
    value = kCrc32Table[(value ^ static_cast<unsigned char>(c)) & 0xFFU] ^ (value >> 8);
  }
  return ~value;
}

Secret generate_api_key(ApiKeyKind kind) {
  auto const prefix = kPrefixes[static_cast<std::size_t>(kind)];
  Secret key(prefix.size() + kRandomChars + kChecksumChars);
  auto* const text = reinterpret_cast<char*>(key.data());
  auto* const random = std::copy(prefix.begin(), prefix.end(), text);
  fill_base62(random, kRandomChars);
  auto const checksum = checksum_of(key.view().substr(0, key.size() - kChecksumChars));
  std::copy(checksum.begin(), checksum.end(), random + kRandomChars);
  return key;
}

Result<ApiKeyKind, ApiKeyError> parse_api_key(std::string_view text) {
  for (std::size_t i = 0; i < kPrefixes.size(); ++i) {
    if (!text.starts_with(kPrefixes[i])) continue;
    auto const tail = text.substr(kPrefixes[i].size());
    if (tail.size() != kRandomChars + kChecksumChars ||
        tail.find_first_not_of(kBase62) != std::string_view::npos) {
      return refuse(ApiKeyError::malformed);
    }
    auto const checksum = checksum_of(text.substr(0, text.size() - kChecksumChars));
    if (!std::equal(checksum.begin(), checksum.end(), tail.begin() + kRandomChars)) {
      return refuse(ApiKeyError::checksum_wrong);
    }
    return static_cast<ApiKeyKind>(i);
  }
  return refuse(ApiKeyError::malformed);
}

Digest api_key_digest(HmacKey const& pepper, std::string_view text) { return pepper.sign(text); }

ApiKeyHint api_key_hint(std::string_view text) {
  LEADEX_CHECK(text.size() > 16);
  return {std::string(text.substr(0, 12)), std::string(text.substr(text.size() - 4))};
}

}  // namespace leadex::crypto
