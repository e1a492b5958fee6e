#pragma once
// The prepared statements of a market's batch: set-based inserts (body) and updates (tail), with
// all parameters as binary images. Any thread; a Call is immutable once made.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/storage/market_rows.hpp"

namespace leadex::storage::postgres {

struct Statement {
  char const* name;
  char const* sql;
};

/// As rows_expected: a statement that may find rows there already.
inline constexpr std::int64_t kAnyRows = -1;

struct Call {
  Statement const* statement{};
  std::vector<std::string> params;  // binary format
  std::int64_t rows_expected{};
};

[[nodiscard]] std::vector<Call> body_calls(std::int64_t market_id, BatchRows const& rows);
[[nodiscard]] std::vector<Call> tail_calls(std::int64_t market_id, BatchRows const& rows);
/// The fence: moves the head from seq − 1 to seq under `epoch` and writes commit_batch; when the
/// head is elsewhere the NOT NULL seq of commit_batch refuses it.
[[nodiscard]] Call head_call(std::int64_t market_id, std::int64_t epoch, std::int64_t seq,
                             std::int64_t at_us, std::string const& hash, std::string const& body);
/// lead, contact, lead_key and lead_source rows: also what an upload stages before its lot is
/// judged.
[[nodiscard]] std::vector<Call> lead_calls(std::int64_t market_id, std::span<NewLead const> leads);

/// Digest input of all parameters of `calls` (names and images), for the hash chain.
[[nodiscard]] std::string image_of(std::span<Call const> calls);

}  // namespace leadex::storage::postgres
