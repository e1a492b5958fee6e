#pragma once
// Which refused rows of an earlier batch the rows of a chunk bring again, each once: the row that
// the file says, or else one of the same external_id. Inside one database job.

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "server/intake/upload_chunk.hpp"
#include "server/storage/own_rows.hpp"

namespace leadex::intake {

/// A sound row of a correction and what it says it corrects.
struct WantedCorrection {
  std::int64_t row_no{};
  std::optional<std::int64_t> refused_row;  // the file says it
  std::string external_id;                  // else; may be empty, and then it corrects nothing
};

[[nodiscard]] std::vector<WantedCorrection> corrections_of(Chunk const& chunk);

/// Gives the rows what they correct, in their order. What rows of `batch` from `first_row` on were
/// given before is free again: they were never stored. @return the rows that were given one
[[nodiscard]] std::set<std::int64_t> take_corrections(storage::OwnRows& rows, BatchId refused,
                                                      BatchId batch,
                                                      std::vector<WantedCorrection> const& wanted,
                                                      std::int64_t first_row);

}  // namespace leadex::intake
