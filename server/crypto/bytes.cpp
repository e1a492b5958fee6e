#include "server/crypto/bytes.hpp"

#include <cstring>
#include <utility>

namespace leadex::crypto {
namespace {

constexpr std::string_view kHex = "0123456789abcdef";
constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kBase64Url =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::string_view kCrockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

using DigitTable = std::array<std::int8_t, 256>;

constexpr DigitTable digits_of(std::string_view alphabet) {
  DigitTable table{};
  table.fill(-1);
  for (std::size_t i = 0; i < alphabet.size(); ++i) {
    table[static_cast<unsigned char>(alphabet[i])] = static_cast<std::int8_t>(i);
  }
  return table;
}

constexpr DigitTable kHexDigits = digits_of(kHex);
constexpr DigitTable kBase64Digits = digits_of(kBase64);
constexpr DigitTable kBase64UrlDigits = digits_of(kBase64Url);
constexpr DigitTable kCrockfordDigits = digits_of(kCrockford);

std::uint32_t octet(char c) { return static_cast<unsigned char>(c); }

// Digits of `bits` each, most significant first; a cut last digit is filled with zero bits.
std::string encode_left(ByteView bytes, std::string_view alphabet, unsigned bits) {
  std::string text;
  text.reserve((bytes.size() * 8 + bits - 1) / bits + 3);
  std::uint32_t held = 0;
  unsigned held_bits = 0;
  std::uint32_t const mask = (1U << bits) - 1;
  for (char const c : bytes) {
    held = (held << 8) | octet(c);
    held_bits += 8;
    while (held_bits >= bits) {
      held_bits -= bits;
      text.push_back(alphabet[(held >> held_bits) & mask]);
    }
  }
  if (held_bits > 0) text.push_back(alphabet[(held << (bits - held_bits)) & mask]);
  return text;
}

// The inverse of encode_left; refuses a text that encode_left would not have written.
std::optional<Bytes> decode_left(std::string_view text, DigitTable const& digits, unsigned bits) {
  Bytes bytes;
  bytes.reserve(text.size() * bits / 8);
  std::uint32_t held = 0;
  unsigned held_bits = 0;
  for (char const c : text) {
    auto const digit = digits[octet(c)];
    if (digit < 0) return std::nullopt;
    held = (held << bits) | static_cast<std::uint32_t>(digit);
    held_bits += bits;
    if (held_bits >= 8) {
      held_bits -= 8;
      bytes.push_back(static_cast<char>((held >> held_bits) & 0xFFU));
    }
  }
  if (held_bits >= bits || (held & ((1U << held_bits) - 1)) != 0) return std::nullopt;
  return bytes;
}

}  // namespace

std::string hex_encode(ByteView bytes) { return encode_left(bytes, kHex, 4); }

std::optional<Bytes> hex_decode(std::string_view text) { return decode_left(text, kHexDigits, 4); }

std::string base64_encode(ByteView bytes) {
  auto text = encode_left(bytes, kBase64, 6);
  while (text.size() % 4 != 0) text.push_back('=');
  return text;
}

std::optional<Bytes> base64_decode(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  for (int padding = 0; padding < 2 && text.ends_with('='); ++padding) text.remove_suffix(1);
  return decode_left(text, kBase64Digits, 6);
}

std::string base64url_encode(ByteView bytes) { return encode_left(bytes, kBase64Url, 6); }

std::optional<Bytes> base64url_decode(std::string_view text) {
  return decode_left(text, kBase64UrlDigits, 6);
}

std::string crockford_encode(ByteView bytes) {
  std::string text((bytes.size() * 8 + 4) / 5, '0');
  std::uint32_t held = 0;
  unsigned held_bits = 0;
  auto next = text.rbegin();
  for (auto c = bytes.rbegin(); c != bytes.rend(); ++c) {
    held |= octet(*c) << held_bits;
    held_bits += 8;
    while (held_bits >= 5) {
      *next++ = kCrockford[held & 31U];
      held >>= 5;
      held_bits -= 5;
    }
  }
  if (held_bits > 0) *next = kCrockford[held];
  return text;
}

std::optional<Bytes> crockford_decode(std::string_view text) {
  std::size_t const size = text.size() * 5 / 8;
  if ((size * 8 + 4) / 5 != text.size()) return std::nullopt;
  Bytes bytes(size, '\0');
  std::uint32_t held = 0;
  unsigned held_bits = 0;
  auto next = bytes.rbegin();
  for (auto c = text.rbegin(); c != text.rend(); ++c) {
    auto const digit = kCrockfordDigits[octet(*c)];
    if (digit < 0) return std::nullopt;
    held |= static_cast<std::uint32_t>(digit) << held_bits;
    held_bits += 5;
    if (held_bits >= 8 && next != bytes.rend()) {
      *next++ = static_cast<char>(held & 0xFFU);
      held >>= 8;
      held_bits -= 8;
    }
  }
  if (held != 0) return std::nullopt;  // a value larger than the bytes can hold
  return bytes;
}

void append_be32(Bytes& out, std::uint32_t value) {
  for (unsigned shift = 32; shift > 0; shift -= 8) {
    out.push_back(static_cast<char>((value >> (shift - 8)) & 0xFFU));
  }
}

void append_be64(Bytes& out, std::uint64_t value) {
  append_be32(out, static_cast<std::uint32_t>(value >> 32));
  append_be32(out, static_cast<std::uint32_t>(value & 0xFFFFFFFFU));
}

std::uint32_t read_be32(ByteView four_bytes) {
  std::uint32_t value = 0;
  for (char const c : four_bytes.substr(0, 4)) value = (value << 8) | octet(c);
  return value;
}

std::uint64_t read_be64(ByteView eight_bytes) {
  return (std::uint64_t{read_be32(eight_bytes)} << 32) | read_be32(eight_bytes.substr(4));
}

Secret::Secret(std::size_t size)
    : bytes_(size == 0 ? nullptr : std::make_unique<char[]>(size)), size_(size) {}

Secret::Secret(ByteView bytes) : Secret(bytes.size()) {
  if (size_ > 0) std::memcpy(bytes_.get(), bytes.data(), size_);
}

Secret Secret::take(Bytes&& bytes) {
  Secret secret{ByteView(bytes)};
  crypto::wipe(bytes);
  return secret;
}

Secret::Secret(Secret&& other) noexcept
    : bytes_(std::move(other.bytes_)), size_(std::exchange(other.size_, 0)) {}

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this != &other) {
    wipe();
    bytes_ = std::move(other.bytes_);
    size_ = std::exchange(other.size_, 0);
  }
  return *this;
}

Secret::~Secret() { wipe(); }

void Secret::wipe() noexcept {
  if (bytes_) OPENSSL_cleanse(bytes_.get(), size_);
}

void wipe(std::string& text) noexcept {
  OPENSSL_cleanse(text.data(), text.size());
  text.clear();
}

}  // namespace leadex::crypto
