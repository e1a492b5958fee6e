#pragma once
// A verifier takes one spot check and sees its contact. The reveal is in the audit log before
// anybody sees it. Coroutine of any executor.

#include <chrono>
#include <vector>

#include "matching/market/command.hpp"
#include "server/app/lot_once.hpp"

namespace leadex::app {

inline constexpr std::chrono::minutes kCheckLease{15};

struct ClaimedCheck {
  storage::SpotCheck check;
  crypto::Secret contact_json;  // empty in what is kept under a key
  std::int32_t version{};       // of the market's settings; names the attributes
  std::vector<market::AttributeText> attributes;
};

/// Claiming one's own check again renews its lease. What is kept under a key is rendered without
/// its contact: whoever needs that claims again.
/// Who gave an opinion on a check leaves it to others: to them it is decided.
/// A row whose contact is gone is given up by this: it counts as unreachable.
/// @errors not_found, already_decided, already_claimed, resting, holds_another, contact_gone,
///         key_in_progress, key_reused, the store's
[[nodiscard]] boost::asio::awaitable<LotResult<LotAnswer<ClaimedCheck>>> claim_check(
    LotServices services, CheckId check, Actor actor, LotOnce<ClaimedCheck> once = {});

}  // namespace leadex::app
