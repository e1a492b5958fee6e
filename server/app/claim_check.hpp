#pragma once
// A verifier takes one spot check and sees its contact. The reveal is in the audit log before
// anybody sees it. Coroutine of any executor.

#include <chrono>
#include <vector>

#include "matching/market/command.hpp"
#include "server/app/lot_services.hpp"

namespace leadex::app {

inline constexpr std::chrono::minutes kCheckLease{15};

struct ClaimedCheck {
  storage::SpotCheck check;
  crypto::Secret contact_json;
  std::int32_t version{};  // of the market's settings; names the attributes
  std::vector<market::AttributeText> attributes;
};

/// Claiming one's own check again renews its lease.
/// @errors not_found, already_decided, already_claimed, holds_another, contact_gone, the store's
[[nodiscard]] boost::asio::awaitable<LotResult<ClaimedCheck>> claim_check(LotServices services,
                                                                          CheckId check,
                                                                          Actor actor);

}  // namespace leadex::app
