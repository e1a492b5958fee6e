#pragma once
// Parameters and field readers for statements of the platform's stores: values only ever travel
// beside the statement. Inside this room only; used on the thread of the connection.

#include <array>
#include <concepts>
#include <cstdint>
#include <deque>
#include <optional>
#include <pqxx/result>
#include <pqxx/transaction_base>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "billing/values/time.hpp"

namespace leadex::storage::postgres {

/// The values of $1, $2, … in order, in PostgreSQL's text form.
class Parameters {
 public:
  template <class... Values>
  explicit Parameters(Values const&... values) {
    (add(values), ...);
  }
  [[nodiscard]] std::vector<char const*> const& pointers() const { return pointers_; }

 private:
  void add(std::string_view text);
  void add(std::string const& text) { add(std::string_view{text}); }
  void add(char const* text) { add(std::string_view{text}); }
  void add(std::integral auto number) { keep(std::to_string(number)); }
  void add(bool flag) { keep(flag ? "t" : "f"); }
  void add(Timestamp at) { add(to_unix_micros(at)); }
  template <class T>
  void add(std::optional<T> const& maybe) {
    if (maybe) {
      add(*maybe);
    } else {
      pointers_.push_back(nullptr);
    }
  }
  void keep(std::string text);

  std::deque<std::string> texts_;  // a deque: its elements stay where they are
  std::vector<char const*> pointers_;
};

/// A value for a bytea parameter.
[[nodiscard]] std::string bytea(std::string_view bytes);
[[nodiscard]] std::string bytea(std::array<std::uint8_t, 32> const& digest);
[[nodiscard]] std::optional<std::string> bytea(std::optional<std::string> const& bytes);

/// Runs one statement, which is a constant, with its parameters.
pqxx::result execute(pqxx::transaction_base& tx, char const* statement,
                     Parameters const& parameters = Parameters{});

[[nodiscard]] std::string read_bytes(pqxx::field const& field);
[[nodiscard]] std::optional<std::string> read_bytes_maybe(pqxx::field const& field);
[[nodiscard]] std::array<std::uint8_t, 32> read_digest(pqxx::field const& field);
/// Of a bigint of Unix microseconds.
[[nodiscard]] Timestamp read_time(pqxx::field const& field);
[[nodiscard]] std::optional<Timestamp> read_time_maybe(pqxx::field const& field);
/// A bigint[] without nulls.
[[nodiscard]] std::vector<std::int64_t> read_numbers(pqxx::field const& field);
template <class T>
[[nodiscard]] std::optional<T> read_maybe(pqxx::field const& field) {
  if (field.is_null()) return std::nullopt;
  return field.as<T>();
}

/// The value of `texts` that the field holds; another text is a broken store.
template <class Enum, std::size_t N>
[[nodiscard]] Enum read_enum(pqxx::field const& field,
                             std::array<std::string_view, N> const& texts) {
  std::string_view const held{field.c_str(), field.size()};
  for (std::size_t i = 0; i < N; ++i) {
    if (texts.at(i) == held) return static_cast<Enum>(i);
  }
  throw std::runtime_error("a row holds a word that this program does not know");
}

}  // namespace leadex::storage::postgres
