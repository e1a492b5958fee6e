#pragma once
// Duplicate share: the part of a sale's net that goes from its generator to another, who brought
// the same person later. It follows the sale's own transfers, step by step. Pure; any thread.

#include <cstdint>
#include <optional>

#include "billing/settlement/sale_settlement.hpp"

namespace leadex {

/// The other generator's account, and how much of the net is its.
struct DuplicateShare {
  std::int64_t earned{};  ///< account number, of the same stream as the sale's
  BasisPoints split;      ///< 1 … 9'999
};

/// What the other generator has of a sale as its money stands: floor(paid out × split / 10'000),
/// where paid out is the net that has come to the generator's earnings and stayed: what is kept of
/// it less what is still held back. Nothing before the sale settles, nothing once it is taken back
/// in full; when nothing is held back any more, floor(kept net × split / 10'000).
[[nodiscard]] Money duplicate_share_of(SaleMoney const& money, BasisPoints split);

/// What moves between the two generators' earnings with a step of the sale, to be booked after its
/// own transfers: `duplicate_share` to the other one, `duplicate_share_back` from it; nothing when
/// the share stays as it was. Either account may go below zero, as earnings may.
[[nodiscard]] std::optional<Transfer> follow_share(SaleRoute const& route,
                                                   DuplicateShare const& share,
                                                   SaleMoney const& before, SaleMoney const& after);

}  // namespace leadex
