#pragma once
// Leads that a buyer returned and yet reported as converted or won, itself or as another lead of
// the same person. Pure; any thread.

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "matching/quality/finding.hpp"

namespace leadex::quality {

/// Blind index of a person; never personal data.
using PersonDigest = std::array<std::byte, 16>;

/// A return that stands: its sale gave money back.
struct ReturnedLead {
  std::int64_t buyer_no{};
  std::int64_t lead_no{};
  std::int64_t generator_no{};
  PersonDigest person{};
  std::int64_t sold_at_us{};
  bool as_duplicate{};  // returned because the buyer had the person already
};

/// A conversion or a disposition "won" that the buyer reported.
struct ReportedWin {
  std::int64_t buyer_no{};
  std::int64_t lead_no{};
  PersonDigest person{};
  std::int64_t at_us{};    // when it happened
  bool told_by_systems{};  // by a postback of the buyer's, not by itself
};

/// One finding for each returned lead of which the same buyer won the person at or after the sale.
/// A win under another lead says nothing of a duplicate: the buyer had that lead too. Of several
/// wins the returned lead's own counts first, then the earliest, then the lower number. In order of
/// buyer and lead, each returned lead once, whatever the order of input.
/// @cost O((n + m) log m)
[[nodiscard]] std::vector<Finding> returned_then_converted(std::span<ReturnedLead const> returned,
                                                           std::span<ReportedWin const> wins);

}  // namespace leadex::quality
