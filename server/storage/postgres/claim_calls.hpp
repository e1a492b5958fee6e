#pragma once
// The calls by which a market claims persons, and markets of one group keep a person from being
// claimed twice: a hold on each before the others' claims are looked up, spent by the commit that
// claims it. See docs/decisions/0033-duplicates.md. Any thread; a Call is immutable once made.

#include <cstdint>
#include <string>
#include <vector>

#include "server/storage/market_store.hpp"
#include "server/storage/postgres/market_statements.hpp"

namespace leadex::storage::postgres {

/// Holds the persons for the market, but those that another one holds. Gives back the digests that
/// are its own now. @param digests  each once, ascending, so that two markets never wait for each
/// other
[[nodiscard]] Call hold_call(std::int64_t market_id, std::string const& group,
                             std::vector<std::string> const& digests);
/// Gives back the digests that other markets of the group have claimed since.
[[nodiscard]] Call claimed_elsewhere_call(std::int64_t market_id, Lookups const& wanted);
/// Of the leads that have left the market for good without ever being sold: number and generator.
[[nodiscard]] Call unsold_call(std::int64_t market_id, std::vector<FoundPerson> const& persons);
/// Lets go of what will not be claimed.
[[nodiscard]] Call let_go_call(std::int64_t market_id, std::string const& group,
                               std::vector<std::string> const& digests);
/// Removes holds that have lapsed, a bounded number.
[[nodiscard]] Call sweep_holds_call();
/// Of a commit: its persons become its leads'. In a group each must be held, and is no more after.
[[nodiscard]] std::vector<Call> claim_calls(std::int64_t market_id, BatchRows const& rows,
                                            ClaimGuard const& guard);

}  // namespace leadex::storage::postgres
