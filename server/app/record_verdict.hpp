#pragma once
// A verifier says what a spot check found; the verdict that settles the lot decides it in the same
// transaction. What a decision sets going is finish_lot's work. Coroutines of any executor.

#include <optional>
#include <string>

#include "matching/quality/lot_verdict.hpp"
#include "server/app/lot_once.hpp"

namespace leadex::app {

/// A row is given up as unreachable after so many attempts, on two UTC days at least.
inline constexpr int kAttemptsMax = 3;
inline constexpr int kAttemptsADay = 2;

struct GivenVerdict {
  CheckId check;
  storage::CheckVerdict verdict{};
  std::string reason;  // a word of the contract
  /// May name the person: it is sealed. Of several opinions only the last one's is kept.
  std::optional<std::string> note;
  /// The one-time code whose answer this is: it ends with the verdict. A number of its check.
  std::optional<std::int32_t> code{};
};

struct VerdictTaken {
  storage::SpotCheck check;  // as it stands now: open again for another attempt or opinion, or done
  storage::Batch batch;      // as it stands now; of a posted lead's check: its running lot, pending
  bool stand_in_needed{};    // more rows are to be opened: extend_draw
};

/// @errors not_found, already_decided, not_claimed, not_owner (no settings of the market here),
///         key_in_progress, key_reused, the store's
[[nodiscard]] boost::asio::awaitable<LotResult<LotAnswer<VerdictTaken>>> record_verdict(
    LotServices services, GivenVerdict verdict, Actor actor, LotOnce<VerdictTaken> once = {});

/// The contact of a check's row was erased: its verdict is unreachable, and another row stands in
/// for it, so that the lot does not wait for what never comes. The job of the lots does the rest.
/// @errors not_found, already_decided, not_owner, not_needed (the contact is there), the store's
[[nodiscard]] boost::asio::awaitable<LotResult<VerdictTaken>> give_up_erased(LotServices services,
                                                                             CheckId check,
                                                                             Actor actor);

struct DecideLot {
  BatchId batch;
  storage::LotDecision decision{};  // accepted or rejected
  std::string reason;               // 1 … 2000 bytes; sealed
};

/// An admin judges a lot that too few people of could be reached, or that no verifier is left for.
/// @errors not_owner (no settings of the market here), not_found, already_decided, not_needed,
/// key_in_progress, key_reused, the store's
[[nodiscard]] boost::asio::awaitable<LotResult<LotAnswer<storage::Batch>>> decide_lot(
    LotServices services, DecideLot given, Actor actor, LotOnce<storage::Batch> once = {});

/// Why an admin judged so. `batch.decision_reason_sealed` is set.
[[nodiscard]] std::string decision_reason(privacy::KeyRing const& keys,
                                          storage::Batch const& batch);

}  // namespace leadex::app
