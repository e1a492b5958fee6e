#pragma once
// Timestamp: UTC instants with microseconds, as PostgreSQL's timestamptz holds them. Pure; any
// thread. Pure rooms receive instants as arguments and never read a clock.

#include <chrono>
#include <cstdint>

namespace leadex {

using Micros = std::chrono::microseconds;
using Timestamp = std::chrono::sys_time<Micros>;

/// Microseconds since 1970-01-01T00:00:00Z, the form of instants in the command log and in SQL
/// arrays of bigint.
[[nodiscard]] constexpr std::int64_t to_unix_micros(Timestamp at) {
  return at.time_since_epoch().count();
}
[[nodiscard]] constexpr Timestamp from_unix_micros(std::int64_t micros) {
  return Timestamp{Micros{micros}};
}

}  // namespace leadex
