#pragma once
// Uploads that come in pieces: where each goes on. Used inside one job of LotStore (lot_store.hpp);
// the place itself moves with the rows, by UploadRows::append.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "billing/values/ids.hpp"

namespace leadex::storage {

/// What stands behind the last row that is stored.
struct UploadMark {
  std::int64_t rows{};       ///< data records so far
  std::int64_t bytes{};      ///< of the decoded body, up to the end of the last of them
  std::string state_sealed;  ///< header and hash so far
  std::int64_t piece_no{};   ///< the piece that brings them
};

struct UploadPiece {
  std::optional<UploadMark> mark;      ///< none: nothing is stored yet
  std::int64_t piece_no{};             ///< the latest that began; 0: none did
  std::optional<std::string> mapping;  ///< JSON, as it was when the upload began
};

struct OpenedPiece {
  std::int64_t piece_no{};  ///< from now on no other piece adds rows, whatever process it is in
  bool unsettled{};  ///< it was before: persons may be claimed for rows that were never stored
};

/// What one chunk shows of its source, sealed.
struct KeptSigns {
  std::int64_t last_row{};  ///< of the chunk
  std::string sealed;
};

class UploadPieces {
 public:
  virtual ~UploadPieces() = default;
  virtual void begin(BatchId batch, std::optional<std::string> const& mapping) = 0;
  /// Uploads of a generator that were begun and neither ended nor given up, in all markets; whoever
  /// asks for the same generator meanwhile waits until this job ends.
  [[nodiscard]] virtual std::int64_t count_open(std::int64_t tenant_no) = 0;
  /// Nothing for a batch that does not come in pieces.
  [[nodiscard]] virtual std::optional<UploadPiece> find(BatchId batch) = 0;

  /// A piece comes from now on: its time-out begins anew, and it is unsettled until settle().
  [[nodiscard]] virtual OpenedPiece open(BatchId batch) = 0;
  /// Whoever is claimed for it has a stored row, or is free again.
  virtual void settle(BatchId batch) = 0;
  /// The same, unless another piece began since this one did.
  virtual void settle_piece(BatchId batch, std::int64_t piece_no) = 0;
  /// It ended or was given up: where it would go on and its signs are forgotten.
  virtual void forget_state(BatchId batch) = 0;
  /// Unsettled ones that are closed, so that nobody will go on with them.
  [[nodiscard]] virtual std::vector<BatchId> closed_unsettled(int limit) = 0;

  /// In file order.
  [[nodiscard]] virtual std::vector<KeptSigns> signs(BatchId batch, std::int64_t after_row,
                                                     int limit) = 0;
  /// Frees persons claimed for rows that were never stored: those of lead numbers above `last_no`,
  /// one stretch of the market's list at a time. @return where the next stretch begins; empty: done
  [[nodiscard]] virtual std::string free_unstored(BatchId batch, std::int64_t last_no,
                                                  std::string const& after_digest, int limit) = 0;
};

}  // namespace leadex::storage
