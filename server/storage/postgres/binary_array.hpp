#pragma once
// Parameters in PostgreSQL's binary format: scalars and one-dimensional arrays, for prepared
// statements that work on sets. Text arrays cost a third of the commit rate. Any thread.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

namespace leadex::storage::postgres {

inline void put_big_endian(std::string& out, std::uint64_t value, int bytes) {
  for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>(value >> shift));
  }
}

[[nodiscard]] inline std::string int8_param(std::int64_t value) {
  std::string out;
  put_big_endian(out, static_cast<std::uint64_t>(value), 8);
  return out;
}
[[nodiscard]] inline std::string int4_param(std::int32_t value) {
  std::string out;
  put_big_endian(out, static_cast<std::uint32_t>(value), 4);
  return out;
}

/// Element types with their object ids in pg_type.
enum class Element : std::uint32_t {
  bool_ = 16,
  bytea = 17,
  int8 = 20,
  int2 = 21,
  int4 = 23,
  text = 25
};

template <Element kElement>
class ArrayBuilder {
 public:
  /// @param bytes  of all elements without their lengths, or less
  explicit ArrayBuilder(std::size_t count, std::size_t bytes = 0) {
    constexpr std::size_t kHeader = 20, kLength = 4;
    out_.reserve(kHeader + count * kLength + bytes);
    put_big_endian(out_, count == 0 ? 0 : 1, 4);  // dimensions
    put_big_endian(out_, 1, 4);                   // may hold nulls
    put_big_endian(out_, static_cast<std::uint32_t>(kElement), 4);
    if (count == 0) return;
    put_big_endian(out_, count, 4);
    put_big_endian(out_, 1, 4);  // lower bound
  }
  void add(std::int64_t value) {
    constexpr int kBytes = kElement == Element::int8   ? 8
                           : kElement == Element::int4 ? 4
                           : kElement == Element::int2 ? 2
                                                       : 1;
    static_assert(kElement != Element::bytea && kElement != Element::text);
    put_big_endian(out_, kBytes, 4);
    put_big_endian(out_, static_cast<std::uint64_t>(value), kBytes);
  }
  void add(std::string_view value) {
    static_assert(kElement == Element::bytea || kElement == Element::text);
    put_big_endian(out_, value.size(), 4);
    out_.append(value);
  }
  template <class T>
  void add(std::optional<T> const& value) {
    if (value) {
      add(*value);
    } else {
      put_big_endian(out_, 0xFFFFFFFF, 4);
    }
  }
  [[nodiscard]] std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

/// Of an element as it is sent; 8 for a number, which may be less.
template <class Value>
[[nodiscard]] std::size_t bytes_sent(Value const& value) {
  if constexpr (requires { value.size(); }) {
    return value.size();
  } else if constexpr (requires { value.has_value(); }) {
    return value ? bytes_sent(*value) : 0;
  } else {
    return sizeof(std::int64_t);
  }
}

/// One array parameter: `of(row)` for each row, called twice.
template <Element kElement, class Rows, class Of>
[[nodiscard]] std::string column(Rows const& rows, Of of) {
  std::size_t bytes = 0;  // told ahead: an array of sealed contacts is megabytes
  for (auto const& row : rows) bytes += bytes_sent(of(row));
  ArrayBuilder<kElement> builder{rows.size(), bytes};
  for (auto const& row : rows) {
    auto const& value = of(row);
    using Value = std::remove_cvref_t<decltype(value)>;
    if constexpr (std::is_enum_v<Value>) {
      builder.add(static_cast<std::int64_t>(value));
    } else if constexpr (std::is_integral_v<Value>) {
      builder.add(static_cast<std::int64_t>(value));
    } else {
      builder.add(value);
    }
  }
  return builder.take();
}

}  // namespace leadex::storage::postgres
