#include "server/storage/postgres/statement.hpp"

#include <algorithm>
#include <charconv>
#include <pqxx/binarystring>
#include <pqxx/prepared_statement>
#include <pqxx/strconv>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "server/crypto/bytes.hpp"

namespace leadex::storage::postgres {

void Parameters::add(std::string_view text) {
  // libpq takes zero-terminated text: what follows a NUL would be lost in silence.
  if (text.find('\0') != std::string_view::npos) {
    throw std::invalid_argument("a text parameter holds a NUL");
  }
  keep(std::string{text});
}

void Parameters::keep(std::string text) {
  texts_.push_back(std::move(text));
  pointers_.push_back(texts_.back().c_str());
}

std::string bytea(std::string_view bytes) { return "\\x" + crypto::hex_encode(bytes); }
std::string bytea(std::array<std::uint8_t, 32> const& digest) {
  return bytea(crypto::view_of(digest));
}
std::optional<std::string> bytea(std::optional<std::string> const& bytes) {
  if (!bytes) return std::nullopt;
  return bytea(std::string_view{*bytes});
}

pqxx::result execute(pqxx::transaction_base& tx, char const* statement,
                     Parameters const& parameters) {
  return tx.exec_params(statement, pqxx::prepare::make_dynamic_params(parameters.pointers()));
}

std::string read_bytes(pqxx::field const& field) { return pqxx::binarystring(field).str(); }

std::optional<std::string> read_bytes_maybe(pqxx::field const& field) {
  if (field.is_null()) return std::nullopt;
  return read_bytes(field);
}

std::array<std::uint8_t, 32> read_digest(pqxx::field const& field) {
  auto const bytes = read_bytes(field);
  std::array<std::uint8_t, 32> digest{};
  if (bytes.size() != digest.size()) throw std::runtime_error("a stored digest has a wrong length");
  std::copy_n(crypto::octets(bytes), digest.size(), digest.begin());
  return digest;
}

Timestamp read_time(pqxx::field const& field) { return from_unix_micros(field.as<std::int64_t>()); }

// As PostgreSQL writes it: {1,-2}.
std::vector<std::int64_t> read_numbers(pqxx::field const& field) {
  std::vector<std::int64_t> numbers;
  std::string_view rest{field.c_str(), field.size()};
  if (rest.size() < 2 || rest.front() != '{' || rest.back() != '}') {
    throw std::runtime_error("a row holds no array of numbers");
  }
  rest = rest.substr(1, rest.size() - 2);
  while (!rest.empty()) {
    std::int64_t number{};
    auto const [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
    if (error != std::errc{}) throw std::runtime_error("a row holds no array of numbers");
    numbers.push_back(number);
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    if (!rest.empty()) rest.remove_prefix(1);  // the comma
  }
  return numbers;
}

std::optional<Timestamp> read_time_maybe(pqxx::field const& field) {
  if (field.is_null()) return std::nullopt;
  return read_time(field);
}

}  // namespace leadex::storage::postgres
