#pragma once
// What happens when approvals of this room's kinds are given; each stands beside the action that
// asks for it. Inside this room only, inside the transaction of approve().

#include <string>

#include "server/app/action.hpp"

namespace leadex::app {

[[nodiscard]] AppResult<void> confirm_staff_account(AppTools const& tools, PlatformTx& tx,
                                                    storage::Approval const& approval,
                                                    std::string const& payload);
[[nodiscard]] AppResult<void> confirm_staff_key(AppTools const& tools, PlatformTx& tx,
                                                storage::Approval const& approval,
                                                std::string const& payload);
[[nodiscard]] AppResult<void> confirm_bank_details(AppTools const& tools, PlatformTx& tx,
                                                   storage::Approval const& approval,
                                                   std::string const& payload);
[[nodiscard]] AppResult<void> confirm_deposit(AppTools const& tools, PlatformTx& tx,
                                              storage::Approval const& approval,
                                              std::string const& payload);
/// @errors wrong_state, when the sale has moved on since
[[nodiscard]] AppResult<void> confirm_claw_back(AppTools const& tools, PlatformTx& tx,
                                                storage::Approval const& approval,
                                                std::string const& payload);

}  // namespace leadex::app
