#pragma once
// Canonical bytes of commands, outcomes and effects: the form of the command log, of its hash and
// of a replay's comparison. Numbers are zigzag varints; the same value has one form. Pure; any
// thread.

#include <array>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "billing/values/result.hpp"
#include "matching/targeting/schema.hpp"

namespace leadex::market {

enum class CodecError : std::uint8_t { malformed };

/// What is written now. 2: routes, price rules, schedules, trials, reserves of sources. 3: how long
/// pings hold. 4: pricing models, live bids, recycling. 5: clicks, acquisitions. 6: visits
/// paid for by what comes of them. 7: points tables. 8: leads whose net two generators share.
inline constexpr std::uint32_t kFormat = 8;

class ByteWriter {
 public:
  explicit ByteWriter(std::string& out, std::uint32_t format = kFormat)
      : out_(out), format_(format) {}

  void operator()(auto const&... values) { (put(values), ...); }
  [[nodiscard]] bool since(std::uint32_t format) const { return format_ >= format; }
  /// The format of all that follows.
  void format(std::uint32_t number) { put(number); }

 private:
  void put_unsigned(std::uint64_t value) {
    while (value >= 0x80) {
      out_.push_back(static_cast<char>(value | 0x80));
      value >>= 7;
    }
    out_.push_back(static_cast<char>(value));
  }
  template <class T>
  void put(T const& value) {
    if constexpr (std::is_enum_v<T>) {
      put_unsigned(static_cast<std::uint64_t>(value));
    } else if constexpr (std::is_unsigned_v<T>) {
      put_unsigned(value);
    } else if constexpr (std::is_integral_v<T>) {
      auto const wide = static_cast<std::int64_t>(value);
      put_unsigned((static_cast<std::uint64_t>(wide) << 1) ^
                   static_cast<std::uint64_t>(wide >> 63));
    } else {
      T::fields(value, *this);
    }
  }
  void put(std::string const& value) {
    put_unsigned(value.size());
    out_.append(value);
  }
  void put(targeting::AttributeDef const& value) {
    (*this)(value.name, value.type, value.choices, value.minimum, value.maximum, value.max_length);
  }
  template <class T>
  void put(std::vector<T> const& values) {
    put_unsigned(values.size());
    for (auto const& value : values) put(value);
  }
  template <class T, std::size_t N>
  void put(std::array<T, N> const& values) {
    for (auto const& value : values) put(value);
  }
  template <class... T>
  void put(std::variant<T...> const& value) {
    put_unsigned(value.index());
    std::visit([&](auto const& held) { this->put(held); }, value);
  }

  std::string& out_;
  std::uint32_t format_;
};

/// Reads what ByteWriter wrote; anything else leaves ok() false and the values unspecified.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes, std::uint32_t format = kFormat)
      : rest_(bytes), format_(format) {}

  void operator()(auto&... values) { (get(values), ...); }
  [[nodiscard]] bool since(std::uint32_t format) const { return format_ >= format; }
  void format(std::uint32_t& number) {
    get(number);
    ok_ = ok_ && number >= 1 && number <= kFormat;
    format_ = number;
  }
  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] bool done() const { return ok_ && rest_.empty(); }
  [[nodiscard]] std::size_t left() const { return rest_.size(); }

 private:
  [[nodiscard]] std::uint64_t get_unsigned() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (rest_.empty()) break;
      auto const byte = static_cast<unsigned char>(rest_.front());
      rest_.remove_prefix(1);
      if (shift == 63 && byte > 1) break;
      value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
      if (byte < 0x80) {
        if (byte == 0 && shift > 0) break;  // a longer form of the same number
        return value;
      }
    }
    ok_ = false;
    rest_ = {};
    return 0;
  }
  [[nodiscard]] std::size_t get_size() {  // each element takes a byte at least
    auto const size = get_unsigned();
    if (size > rest_.size()) {
      ok_ = false;
      rest_ = {};
      return 0;
    }
    return static_cast<std::size_t>(size);
  }
  template <class T>
  void get(T& value) {
    if constexpr (std::is_same_v<T, bool>) {
      auto const raw = get_unsigned();
      ok_ = ok_ && (raw <= 1);
      value = raw == 1;
    } else if constexpr (std::is_enum_v<T>) {
      auto const raw = get_unsigned();
      ok_ = ok_ && raw <= 255;
      value = static_cast<T>(raw);
    } else if constexpr (std::is_unsigned_v<T>) {
      auto const raw = get_unsigned();
      ok_ = ok_ && raw <= static_cast<T>(~T{0});
      value = static_cast<T>(raw);
    } else if constexpr (std::is_integral_v<T>) {
      auto const raw = get_unsigned();
      auto const wide = static_cast<std::int64_t>(raw >> 1) ^ -static_cast<std::int64_t>(raw & 1);
      value = static_cast<T>(wide);
      ok_ = ok_ && static_cast<std::int64_t>(value) == wide;
    } else {
      T::fields(value, *this);
    }
  }
  void get(std::string& value) {
    auto const size = get_size();
    value.assign(rest_.substr(0, size));
    rest_.remove_prefix(size);
  }
  void get(targeting::AttributeDef& value) {
    (*this)(value.name, value.type, value.choices, value.minimum, value.maximum, value.max_length);
  }
  template <class T>
  void get(std::vector<T>& values) {
    auto const size = get_size();
    values.clear();
    for (std::size_t i = 0; i < size && ok_; ++i) get(values.emplace_back());
  }
  template <class T, std::size_t N>
  void get(std::array<T, N>& values) {
    for (auto& value : values) get(value);
  }
  template <class... T>
  void get(std::variant<T...>& value) {
    auto const index = get_unsigned();
    bool const found = emplace(value, index, std::index_sequence_for<T...>{});
    ok_ = ok_ && found;
    if (ok_) std::visit([&](auto& held) { this->get(held); }, value);
  }
  template <class V, std::size_t... I>
  bool emplace(V& value, std::uint64_t index, std::index_sequence<I...>) {
    return ((index == I && (value.template emplace<I>(), true)) || ...);
  }

  std::string_view rest_;
  std::uint32_t format_;
  bool ok_{true};
};

template <class T>
void encode_to(std::string& out, T const& value) {
  ByteWriter{out}(value);
}
/// An older format leaves out what came later: for comparing with what was written in it.
template <class T>
[[nodiscard]] std::string encode_value(T const& value, std::uint32_t format = kFormat) {
  std::string out;
  ByteWriter{out, format}(value);
  return out;
}
/// All of `bytes` must be one value of that format.
template <class T>
[[nodiscard]] Result<T, CodecError> decode_value(std::string_view bytes,
                                                 std::uint32_t format = kFormat) {
  T value{};
  ByteReader reader{bytes, format};
  reader(value);
  if (!reader.done()) return refuse(CodecError::malformed);
  return value;
}
/// A value that is stored alone, without its format: of this one or an older one. What came later
/// stands at the very end of such values, so their bytes have a meaning in one format only.
template <class T>
[[nodiscard]] Result<T, CodecError> decode_stored(std::string_view bytes) {
  for (auto format = kFormat; format > 1; --format) {
    if (auto value = decode_value<T>(bytes, format)) return value;
  }
  return decode_value<T>(bytes, 1);
}

}  // namespace leadex::market
