#pragma once
// Audit rows as the program writes and reads them; storage chains them per stream. Payloads hold
// ids, field names and keyed values, never personal data. Used inside one database job.

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "billing/values/ids.hpp"
#include "billing/values/time.hpp"

namespace leadex::storage {

struct AuditEntry {
  std::int64_t principal_no{};  ///< who acted; 0 = the exchange itself
  std::int64_t tenant_no{};     ///< of which account the object is
  std::string action;           ///< "account.created"
  std::string object_kind;      ///< "account"
  MarketNo object_market{};
  std::int64_t object_no{};
  std::string payload;  ///< canonical text: "name=value;…"
};

struct AuditRecord {
  MarketNo stream{};
  std::int64_t seq{};
  Timestamp at{};
  AuditEntry entry;
  std::array<std::uint8_t, 32> hash{};
};

struct AuditStreamHead {
  MarketNo stream{};
  std::int64_t seq{};
  std::array<std::uint8_t, 32> hash{};
};

struct AuditFilter {
  MarketNo stream{};
  std::optional<std::int64_t> before_seq;  ///< of the last row of the page before
  std::optional<std::int64_t> tenant_no;
  std::optional<std::string> action;
  int limit = 50;  ///< 1 … 501: a page and the row behind it
};

class AuditRows {
 public:
  virtual ~AuditRows() = default;
  /// Appends rows to a stream's chain; holds the stream's head until the transaction ends, so it
  /// comes last in a job.
  virtual void append(MarketNo stream, std::span<AuditEntry const> entries) = 0;
  /// Newest first.
  [[nodiscard]] virtual std::vector<AuditRecord> list(AuditFilter const& filter) = 0;
  /// Of every stream that has rows.
  [[nodiscard]] virtual std::vector<AuditStreamHead> heads() = 0;
};

}  // namespace leadex::storage
