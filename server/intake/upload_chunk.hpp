#pragma once
// A stretch of an upload's rows on its way: first with what is decided of each, then as it is
// stored. No I/O. One thread at a time.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/intake/lot_signs.hpp"
#include "server/intake/upload_decoder.hpp"
#include "server/market/market_actor.hpp"
#include "server/storage/batches.hpp"
#include "server/storage/planted.hpp"

namespace leadex::intake {

struct Chunk {
  std::int64_t first_no{};  // lead number of the first row
  std::int64_t bytes{};     // of the decoded body
  std::vector<DecodedRow> rows;
  std::vector<market::Admission> admissions;  // one per row; means something for candidates only
  std::map<std::int64_t, std::string_view> suppressed;   // rows of persons on a list, with the code
  std::set<std::pair<std::int64_t, std::int64_t>> kept;  // rows with the buyers who list the person
  std::string lists_seen;                                // storage::ListLook::seen
  std::set<std::pair<std::int64_t, std::int64_t>> planted;  // rows with the planted contact

  /// Asks the market for its person.
  [[nodiscard]] bool is_candidate(DecodedRow const& row) const {
    return row.lead && !suppressed.contains(row.row_no);
  }
  [[nodiscard]] bool was_answered(std::size_t row, market::Admission answer) const {
    return is_candidate(rows[row]) && admissions[row] == answer;
  }
  [[nodiscard]] bool is_accepted(std::size_t row) const {
    return was_answered(row, market::Admission::accepted);
  }
  [[nodiscard]] bool is_planted(DecodedRow const& row) const {
    auto const first = planted.lower_bound({row.row_no, 0});
    return first != planted.end() && first->first == row.row_no;
  }
};

/// Codes of suppressed rows: on the exchange's own list, on their country's do-not-call list.
inline constexpr std::string_view kSuppressed = "suppressed";
inline constexpr std::string_view kDoNotCall = "do_not_call";

void add_reject(std::vector<storage::RowReject>& rejects, DecodedRow const& row);
/// @param answer  one of the two duplicates
void add_duplicate(std::vector<storage::RowReject>& rejects, DecodedRow const& row,
                   market::Admission answer);

/// What all rows of an upload share. Views: lives for the call.
struct ChunkPlace {
  BatchId batch;
  std::int64_t tenant_no{};
  std::optional<Money> ask;
  std::shared_ptr<market::MarketSettings const> const& settings;
  MarketRules const& rules;
  Timestamp arrived_at;
  storage::NamedBuyers const& named;
  crypto::AeadKey const* own_key{};  // null: refused rows are not kept
};

/// Without mark and signs of a file in pieces. @cost some 10 µs a row
[[nodiscard]] storage::UploadChunk seal_chunk(privacy::KeyRing const& ring, Chunk const& chunk,
                                              ChunkPlace const& place);

/// The planted contacts of the chunk, in file order, with the leads that its rows are to become.
[[nodiscard]] std::vector<storage::PlantedHit> planted_hits(Chunk const& chunk, BatchId batch,
                                                            std::int64_t tenant_no);

/// What the chunk shows of its source. @param known  rows whose person others brought before
[[nodiscard]] ChunkSigns signs_of_chunk(privacy::KeyRing const& ring, Chunk const& chunk,
                                        Timestamp began_at, std::int64_t known);

}  // namespace leadex::intake
