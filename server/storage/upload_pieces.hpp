#pragma once
// Uploads that come in pieces: where each goes on. Used inside one job of LotStore (lot_store.hpp);
// the place itself moves with the rows, by UploadRows::append.

#include <cstdint>
#include <optional>
#include <string>

#include "billing/values/ids.hpp"

namespace leadex::storage {

/// What stands behind the last row that is stored.
struct UploadMark {
  std::int64_t rows{};       ///< data records so far
  std::int64_t bytes{};      ///< of the decoded body, up to the end of the last of them
  std::string state_sealed;  ///< header and hash so far
};

struct UploadPiece {
  std::optional<UploadMark> mark;      ///< none: nothing is stored yet
  std::optional<std::string> mapping;  ///< JSON, as it was when the upload began
};

class UploadPieces {
 public:
  virtual ~UploadPieces() = default;
  virtual void begin(BatchId batch, std::optional<std::string> const& mapping) = 0;
  /// Nothing for a batch that does not come in pieces.
  [[nodiscard]] virtual std::optional<UploadPiece> find(BatchId batch) = 0;
  /// Frees persons claimed for rows that were never stored: those of lead numbers above `last_no`,
  /// one stretch of the market's list at a time. @return where the next stretch begins; empty: done
  [[nodiscard]] virtual std::string free_unstored(BatchId batch, std::int64_t last_no,
                                                  std::string const& after_digest, int limit) = 0;
};

}  // namespace leadex::storage
