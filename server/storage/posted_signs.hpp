#pragma once
// What leads that were posted one by one showed of their source, added up by source and UTC day,
// and which of them showed it. Used inside one database job. Source:
// docs/decisions/0029-source-fraud.md.

#include <cstdint>
#include <vector>

#include "billing/values/ids.hpp"
#include "billing/values/time.hpp"
#include "matching/quality/lot_signals.hpp"

namespace leadex::storage {

struct PostedDay {
  MarketNo market{};
  std::int64_t generator_no{};
  std::int32_t day{};  ///< since 1970, UTC
  friend auto operator<=>(PostedDay const&, PostedDay const&) = default;
};

/// To be added to what is there.
struct PostedCounts {
  PostedDay of;
  std::int64_t posts{};
  quality::LotCounts counts;
};

/// A lead that showed something; its generator never sees it.
struct PostedMark {
  PostedDay of;
  std::int64_t lead_no{};
  std::int32_t signs{};  ///< bit n − 1: quality::LotSignal n
};

/// A day that is to be looked at.
struct WaitingDay {
  PostedCounts posted;
  std::int32_t looks{};  ///< before this one
};

class PostedSignRows {
 public:
  virtual ~PostedSignRows() = default;

  virtual void add(std::vector<PostedCounts> const& counts) = 0;
  virtual void mark(std::vector<PostedMark> const& marks) = 0;

  /// Days with as many posts as their next look wants, or that ended before `today`; locked until
  /// the job ends, those that another job holds are left to it.
  [[nodiscard]] virtual std::vector<WaitingDay> waiting(std::int32_t today, int limit) = 0;
  /// Days of other generators since that day; those with an open or upheld case are left out.
  [[nodiscard]] virtual quality::LotCounts of_others(PostedDay const& of, std::int32_t since) = 0;
  /// Earlier days of the same one since that day, likewise.
  [[nodiscard]] virtual quality::LotCounts of_itself(PostedDay const& of, std::int32_t since) = 0;
  /// @param next_posts  with which it is looked at again
  virtual void mark_looked(PostedDay const& of, std::int64_t next_posts, bool closed) = 0;
  /// @return how many rows
  virtual std::int64_t forget_before(std::int32_t day, int limit) = 0;
};

}  // namespace leadex::storage
