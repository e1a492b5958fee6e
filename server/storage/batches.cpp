#include "server/storage/batches.hpp"

namespace leadex::storage {

std::int64_t lead_no_of_row(std::span<LeadRange const> ranges, std::int64_t row_no) {
  if (row_no < 1) return 0;
  auto left = row_no - 1;
  for (auto const& range : ranges) {
    auto const size = range.last_no - range.first_no + 1;
    if (left < size) return range.first_no + left;
    left -= size;
  }
  return 0;
}

}  // namespace leadex::storage
