#include "matching/quality/crowd_counter.hpp"

#include <algorithm>

#include "billing/values/check.hpp"

namespace leadex::quality {

CrowdCounter::CrowdCounter(CrowdLimit limit) : limit_{limit} {
  LEADEX_CHECK(limit.window_us > 0 && limit.leads_max >= 1);
}

void CrowdCounter::add(std::uint64_t key, std::int64_t at_us) {
  slice_.push_back({key, at_us});
  if (slice_.size() == kSliceLeads) judge_slice();
}

CrowdCount CrowdCounter::finish() {
  judge_slice();
  auto const count = count_;
  count_ = {};
  return count;
}

void CrowdCounter::judge_slice() {
  std::ranges::sort(slice_);
  for (std::size_t first = 0, last = 0; first < slice_.size(); first = last) {
    while (last < slice_.size() && slice_[last].key == slice_[first].key) ++last;
    judge_key(first, last);
  }
  count_.leads += std::ssize(slice_);
  slice_.clear();
}

// The window that begins with each lead in turn; what an earlier window counted is not counted
// again.
void CrowdCounter::judge_key(std::size_t first, std::size_t last) {
  std::size_t end = first;      // of the window
  std::size_t counted = first;  // leads before this one are settled
  bool crowd = false;
  for (auto begin = first; begin < last; ++begin) {
    // Without the overflow that begin's instant plus the window could have.
    while (end < last && slice_[end].at_us - slice_[begin].at_us < limit_.window_us) ++end;
    auto const leads = static_cast<std::int64_t>(end - begin);
    count_.largest = std::max(count_.largest, leads);
    if (leads <= limit_.leads_max) continue;
    crowd = true;
    count_.crowded += static_cast<std::int64_t>(end - std::max(counted, begin));
    counted = end;
  }
  if (crowd) ++count_.keys;
}

}  // namespace leadex::quality
