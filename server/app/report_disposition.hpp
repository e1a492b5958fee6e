#pragma once
// report_disposition: a buyer tells what became of a lead it bought. Information only: no money
// moves, and the market's writer is not asked. What the person answered is sealed under the lead's
// data key, so that erasing the person takes it along.

#include <string>

#include "server/app/action.hpp"
#include "server/storage/lead_stories.hpp"

namespace leadex::app {

struct ToldWord {
  SaleId sale;
  quality::Disposition word;
  std::string bant;  ///< JSON of what was answered; empty: nothing
};

/// @errors not_found (no such sale of the actor's account); wrong_state (the sale has ended or does
/// not stand, or 32 words were told); validation_failed, with the field; internal_invariant (the
/// key of the lead does not open)
[[nodiscard]] AppResult<storage::DispositionRow> report_disposition(AppTools const& tools,
                                                                    PlatformTx& tx,
                                                                    Principal const& actor,
                                                                    ToldWord const& told);

/// What was answered, for the sale's buyer; nothing when nothing was, or the lead is erased.
/// @param sale  whose word it is
/// @errors internal_invariant (the row or the key of the lead does not open), which is logged
[[nodiscard]] AppResult<std::optional<std::string>> open_answers(
    privacy::KeyRing const& ring, storage::ToldSale const& sale,
    storage::DispositionRow const& row);

}  // namespace leadex::app
