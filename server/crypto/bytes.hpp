#pragma once
// Opaque byte strings, their strict text forms, and Secret, which wipes itself. Pure; any thread.
// Bytes are std::string throughout (what libpqxx and JSON want); text is never guessed from them.

#include <openssl/crypto.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace leadex::crypto {

using Bytes = std::string;
using ByteView = std::string_view;

template <std::size_t N>
[[nodiscard]] ByteView view_of(std::array<std::uint8_t, N> const& bytes [[clang::lifetimebound]]) {
  return {reinterpret_cast<char const*>(bytes.data()), N};
}
[[nodiscard]] inline std::uint8_t const* octets(ByteView bytes) {
  return reinterpret_cast<std::uint8_t const*>(bytes.data());
}
[[nodiscard]] inline std::uint8_t* octets(Bytes& bytes) {
  return reinterpret_cast<std::uint8_t*>(bytes.data());
}

/// Lower-case hex. Decoding takes lower-case only, even length.
[[nodiscard]] std::string hex_encode(ByteView bytes);
[[nodiscard]] std::optional<Bytes> hex_decode(std::string_view text);

/// RFC 4648 section 4. Decoding wants the padding and zero trailing bits: one text per value.
[[nodiscard]] std::string base64_encode(ByteView bytes);
[[nodiscard]] std::optional<Bytes> base64_decode(std::string_view text);

/// RFC 4648 section 5 without padding, for values that stand in a URL. Equally strict.
[[nodiscard]] std::string base64url_encode(ByteView bytes);
[[nodiscard]] std::optional<Bytes> base64url_decode(std::string_view text);

/// Crockford base32 of the bytes as one big-endian number: 16 bytes make 26 characters. Decoding
/// takes upper-case only, no I L O U, no value beyond the bytes: one text per value.
[[nodiscard]] std::string crockford_encode(ByteView bytes);
[[nodiscard]] std::optional<Bytes> crockford_decode(std::string_view text);

/// Big-endian fixed width, the form of every number in hashed or sealed bytes.
void append_be32(Bytes& out, std::uint32_t value);
void append_be64(Bytes& out, std::uint64_t value);
[[nodiscard]] std::uint32_t read_be32(ByteView four_bytes);
[[nodiscard]] std::uint64_t read_be64(ByteView eight_bytes);

/// Same length and content; the time depends on the length only.
[[nodiscard]] inline bool constant_time_equal(ByteView a, ByteView b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

/// Key material or personal data in memory: wiped on destruction, moved without leaving a copy,
/// copied only by clone(), and impossible to stream into a log.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::size_t size);  // zeros, to be filled through data()
  explicit Secret(ByteView bytes);    // copies; the caller wipes its own copy
  static Secret take(Bytes&& bytes);  // copies, then wipes the argument
  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret&& other) noexcept;
  Secret(Secret const&) = delete;
  Secret& operator=(Secret const&) = delete;
  ~Secret();

  [[nodiscard]] Secret clone() const { return Secret(view()); }
  /// Ends with the secret: never keep the view of a temporary.
  [[nodiscard]] ByteView view() const [[clang::lifetimebound]] { return {bytes_.get(), size_}; }
  [[nodiscard]] std::uint8_t* data() { return reinterpret_cast<std::uint8_t*>(bytes_.get()); }
  [[nodiscard]] std::uint8_t const* data() const { return octets(view()); }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }

  friend std::ostream& operator<<(std::ostream&, Secret const&) = delete;

 private:
  void wipe() noexcept;

  std::unique_ptr<char[]> bytes_;
  std::size_t size_{};
};

/// Overwrites the text in a way that the compiler keeps, then empties it.
void wipe(std::string& text) noexcept;

}  // namespace leadex::crypto
