#pragma once
// Refused rows as they came, sealed under a key of their batch that is destroyed after some days.
// Used inside one job of LotStore (lot_store.hpp).

#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "billing/values/ids.hpp"
#include "billing/values/time.hpp"

namespace leadex::storage {

struct OwnKeyRow {
  std::string key_sealed;
  std::string header_sealed;
};

struct OwnRow {
  std::int64_t row_no{};
  std::string sealed;
  std::vector<std::string> persons;  ///< digests it could be found by, when its person asks
};

/// A refused row as it is given back: all of its faults in one.
struct RefusedRow {
  std::int64_t row_no{};
  int outcome{};                      ///< as RowOutcome
  std::string codes;                  ///< "email_invalid;underage"
  std::string details;                ///< "E-Mail: The address cannot be one. …"
  std::optional<std::string> sealed;  ///< none when the row could not be kept
};

/// Rows that a batch refused and nobody brought again yet, among those asked for.
struct RefusedBefore {
  struct Named {
    std::string external_id;
    std::int64_t row_no{};
  };
  std::set<std::int64_t> rows;
  std::vector<Named> external_ids;  ///< by row number, at most as many of each as were asked for
};

/// A refused row that a row of a later batch brings again.
struct Correction {
  std::int64_t refused_row{};
  std::int64_t by_row{};
};

class OwnRows {
 public:
  virtual ~OwnRows() = default;
  virtual void put_key(BatchId batch, OwnKeyRow const& key) = 0;
  /// A row that is there stays as it is. Of persons on the exchange's own list none is kept.
  virtual void put_rows(BatchId batch, std::span<OwnRow const> rows) = 0;
  /// Nothing once it is destroyed.
  [[nodiscard]] virtual std::optional<OwnKeyRow> find_key(BatchId batch) = 0;
  /// In file order, of a batch that the caller has found for its viewer before, in the same job.
  [[nodiscard]] virtual std::vector<RefusedRow> refused(BatchId batch, std::int64_t after_row,
                                                        int limit) = 0;

  /// @param external_ids  one for each row that asks for one; the same may come more than once
  [[nodiscard]] virtual RefusedBefore refused_among(BatchId batch,
                                                    std::span<std::int64_t const> rows,
                                                    std::span<std::string const> external_ids) = 0;
  /// @return the rows of `by` whose correction was kept: another batch may have been quicker
  [[nodiscard]] virtual std::set<std::int64_t> put_corrections(
      BatchId refused, BatchId by, std::span<Correction const> corrections) = 0;
  /// Rows of `by` from that one on correct nothing any more.
  virtual void release_corrections(BatchId by, std::int64_t from_row) = 0;

  /// Destroys keys made before that instant, of batches that are received, `limit` of them. Their
  /// rows cannot be read from then on. @return how many
  [[nodiscard]] virtual std::int64_t destroy_keys(Timestamp made_before, int limit) = 0;
  /// Deletes rows whose key is destroyed, then what is left of the key. @return how many rows
  [[nodiscard]] virtual std::int64_t delete_keyless(int limit) = 0;
};

}  // namespace leadex::storage
