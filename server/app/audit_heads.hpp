#pragma once
// AuditHeads: signs how far each audit stream has come and appends that to a file outside the
// database, so that a rewritten or cut end shows. One writer per file; the minute job calls write.
// Blocking on the file: call it on a thread that may block.

#include <map>
#include <string>
#include <vector>

#include "server/app/action.hpp"

namespace leadex::app {

class AuditHeads {
 public:
  AuditHeads(storage::Database& database, privacy::KeyRing const& ring)
      : database_(database), ring_(ring) {}

  /// Appends a line for each stream that moved since the last call (all of them at the first) and
  /// syncs the file (0600, made when missing). @return lines written  @errors unavailable, …
  [[nodiscard]] AppResult<int> write(std::string const& path);

 private:
  storage::Database& database_;
  privacy::KeyRing const& ring_;
  std::map<MarketNo, std::int64_t> written_;
};

/// The lines of the file, none when it does not exist. @errors unavailable
[[nodiscard]] AppResult<std::vector<std::string>> read_audit_heads(std::string const& path);

}  // namespace leadex::app
