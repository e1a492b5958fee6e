#pragma once
// Once: commands that come from a row of their own and may take effect once only, whoever sends
// them and how often: money that arrives, claw-backs that were ordered. And what conversions claim.
// Pure; any thread.

#include <compare>
#include <cstdint>
#include <optional>

#include "matching/market/command.hpp"
#include "server/storage/market_store.hpp"

namespace leadex::market {

/// Which row: the actor looks up whether it is still open, and the batch closes it.
struct Once {
  enum class What : std::uint8_t { intent, claw_back, relist };
  What what{};
  std::int64_t no{};
  friend auto operator<=>(Once const&, Once const&) = default;
};

/// A round of a lead as one number.
[[nodiscard]] constexpr std::int64_t relist_key(std::int64_t lead_no, std::int32_t round) {
  static_assert(kRecycleRoundsMax < storage::kRelistRounds);
  return lead_no * storage::kRelistRounds + round;
}

[[nodiscard]] inline std::optional<Once> happens_once(Command const& command) {
  if (auto const* fund = std::get_if<FundBudget>(&command)) {
    return Once{Once::What::intent, fund->intent_no};
  }
  if (auto const* cover = std::get_if<CoverClawBack>(&command)) {
    return Once{Once::What::intent, cover->intent_no};
  }
  if (auto const* claw_back = std::get_if<ClawBack>(&command)) {
    return Once{Once::What::claw_back, claw_back->order_no};
  }
  if (auto const* again = std::get_if<RelistLead>(&command)) {
    return Once{Once::What::relist, relist_key(again->lead.lead_no, again->round)};
  }
  return std::nullopt;
}

/// The transaction that the command names for its buyer; nothing when it is no conversion.
[[nodiscard]] inline std::optional<storage::Transaction> transaction_of(Command const& command) {
  if (auto const* report = std::get_if<ReportConversion>(&command)) {
    return storage::Transaction{report->buyer_no, report->transaction_id};
  }
  if (auto const* note = std::get_if<NoteConversion>(&command)) {
    return storage::Transaction{note->budget.buyer_no, note->transaction_id};
  }
  return std::nullopt;
}

/// Whether no other conversion of its buyer may name the transaction from then on. A note that the
/// buyer did not confirm is anybody's word, and nobody can take it back: it must not stand in the
/// way of what is to be paid. A report that was not confirmed its buyer can reject.
[[nodiscard]] inline bool uses_transaction_up(Command const& command) {
  auto const* const note = std::get_if<NoteConversion>(&command);
  return note == nullptr || note->confirmed;
}

}  // namespace leadex::market
