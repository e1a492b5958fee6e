#pragma once
// What the parts of PostgresPrivacyStore share. Inside this room only; used on the thread of the
// connection.

#include <string>
#include <vector>

#include "server/storage/postgres/instant_sql.hpp"
#include "server/storage/postgres/statement.hpp"

/// From when a consent given at `given` is revoked by a word that counts from `from`: it is not
/// revoked before it was given. Both are bigints of Unix microseconds.
#define LEADEX_REVOKED(from, given) "greatest(" LEADEX_INSTANT(from) ", " LEADEX_INSTANT(given) ")"

namespace leadex::storage::postgres {

/// "{"\\x…",…}": digests as PostgreSQL writes an array of bytea.
[[nodiscard]] inline std::string digest_list(std::vector<std::string> const& digests) {
  std::string text = "{";
  for (auto const& digest : digests) {
    if (text.size() > 1) text += ',';
    text += "\"\\" + bytea(std::string_view{digest}) + '"';
  }
  return text + '}';
}

/// The transaction's.
[[nodiscard]] inline Timestamp database_now(pqxx::transaction_base& tx) {
  static constexpr char const* kNow = "select " LEADEX_MICROS("now()");
  return read_time(execute(tx, kNow).at(0).at(0));
}

}  // namespace leadex::storage::postgres
