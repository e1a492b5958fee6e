#include "server/intake/corrections.hpp"

#include <algorithm>
#include <map>

namespace leadex::intake {

std::vector<WantedCorrection> corrections_of(Chunk const& chunk) {
  std::vector<WantedCorrection> wanted;
  for (auto const& row : chunk.rows) {
    if (!chunk.is_candidate(row)) continue;
    wanted.push_back({row.row_no, row.corrected_row, row.lead->at(Column::external_id)});
  }
  return wanted;
}

std::set<std::int64_t> take_corrections(storage::OwnRows& rows, BatchId refused, BatchId batch,
                                        std::vector<WantedCorrection> const& wanted,
                                        std::int64_t first_row) {
  rows.release_corrections(batch, first_row);
  std::vector<std::int64_t> numbers;
  std::vector<std::string> external_ids;
  for (auto const& row : wanted) {
    if (row.refused_row) {
      numbers.push_back(*row.refused_row);
    } else if (!row.external_id.empty()) {
      external_ids.push_back(row.external_id);
    }
  }
  auto const free = rows.refused_among(refused, numbers, external_ids);
  std::set<std::int64_t> left = free.rows;
  std::map<std::string, std::vector<std::int64_t>> by_id;
  for (auto const& [external_id, row_no] : free.external_ids) {
    left.insert(row_no);
    by_id[external_id].push_back(row_no);
  }
  std::vector<storage::Correction> found;
  for (auto const& row : wanted) {
    if (row.refused_row) {
      if (left.erase(*row.refused_row) > 0) found.push_back({*row.refused_row, row.row_no});
      continue;
    }
    for (auto const row_no : by_id[row.external_id]) {
      if (left.erase(row_no) == 0) continue;
      found.push_back({row_no, row.row_no});
      break;
    }
  }
  // In one order, so that two files with the same rows never wait in a ring.
  std::ranges::sort(found, {}, &storage::Correction::refused_row);
  return rows.put_corrections(refused, batch, found);
}

}  // namespace leadex::intake
