#pragma once
// SeenPersons: the persons of the rows that a dry run would take, so that a later row of the same
// person is found (a real upload asks the market, which has them claimed). Rows that are refused,
// for whatever reason, leave no trace. One thread at a time.

#include <algorithm>
#include <span>
#include <string>

#include "server/intake/digest_set.hpp"
#include "server/intake/upload_decoder.hpp"

namespace leadex::intake {

class SeenPersons {
 public:
  /// Sets DecodedRow::duplicate_in_batch of sound rows. Chunks come in file order.
  void mark(std::span<DecodedRow> rows) {
    for (auto& row : rows) {
      if (!row.lead) continue;
      row.duplicate_in_batch = std::ranges::any_of(
          row.digests, [&](std::string const& digest) { return seen_.contains(digest); });
      if (row.duplicate_in_batch) continue;  // it claims nothing either
      for (auto const& digest : row.digests) seen_.insert(digest);
    }
  }

 private:
  DigestSet seen_;
};

}  // namespace leadex::intake
