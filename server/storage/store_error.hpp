#pragma once
// StoreError: how a failing database looks to the rest of the program. Nothing of pqxx, SQL or
// data leaves server/storage/postgres beside these. Pure; any thread.

#include <cstdint>
#include <string_view>

namespace leadex::storage {

enum class StoreError : std::uint8_t {
  not_found,        ///< the row asked for is not there
  conflict,         ///< a key or check of the database refused the write
  retry_later,      ///< queue full, lock or statement timeout, collisions that went on
  unavailable,      ///< no connection; nothing was committed
  outcome_unknown,  ///< the connection broke during COMMIT: only a look can tell
};

[[nodiscard]] constexpr std::string_view text(StoreError error) {
  switch (error) {
    case StoreError::not_found:
      return "not_found";
    case StoreError::conflict:
      return "conflict";
    case StoreError::retry_later:
      return "retry_later";
    case StoreError::unavailable:
      return "unavailable";
    case StoreError::outcome_unknown:
      return "outcome_unknown";
  }
  return "unavailable";
}

}  // namespace leadex::storage
