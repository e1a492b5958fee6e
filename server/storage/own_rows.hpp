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
};

/// A refused row as it is given back: all of its faults in one.
struct RefusedRow {
  std::int64_t row_no{};
  int outcome{};                      ///< as RowOutcome
  std::string codes;                  ///< "email_invalid;underage"
  std::string details;                ///< "E-Mail: The address cannot be one. …"
  std::optional<std::string> sealed;  ///< none when the row could not be kept
};

/// Rows that a batch refused, among those asked for.
struct RefusedBefore {
  std::set<std::int64_t> rows;
  std::set<std::string> external_ids;
};

class OwnRows {
 public:
  virtual ~OwnRows() = default;
  virtual void put_key(BatchId batch, OwnKeyRow const& key) = 0;
  /// A row that is there stays as it is.
  virtual void put_rows(BatchId batch, std::span<OwnRow const> rows) = 0;
  /// Nothing once it is destroyed.
  [[nodiscard]] virtual std::optional<OwnKeyRow> find_key(BatchId batch) = 0;
  /// In file order, of a batch that the caller has found for its viewer before, in the same job.
  [[nodiscard]] virtual std::vector<RefusedRow> refused(BatchId batch, std::int64_t after_row,
                                                        int limit) = 0;
  [[nodiscard]] virtual RefusedBefore refused_among(BatchId batch,
                                                    std::span<std::int64_t const> rows,
                                                    std::span<std::string const> external_ids) = 0;
  /// Destroys keys made before that instant, `limit` of them, and their rows. @return how many keys
  [[nodiscard]] virtual std::int64_t destroy_before(Timestamp made_before, int limit) = 0;
};

}  // namespace leadex::storage
