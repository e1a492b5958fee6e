#pragma once
// order_claw_back: staff takes back what a settled sale brought, for its buyer: what a return could
// not see in its window, or a wrong decision. Above the limit a second person confirms first. The
// order is a row; run_claw_backs has the market carry it out. Inside one transaction.

#include <optional>

#include "server/app/action.hpp"
#include "server/storage/claw_backs.hpp"

namespace leadex::app {

inline constexpr std::string_view kClawBackApproval = "claw_back";

struct NewClawBack {
  SaleId sale;
  std::optional<Money> amount;  ///< none: all that was not given back before
  std::string reason;           ///< 1 … 2000 bytes; sealed
};

struct ClawBackOutcome {
  storage::ClawBackOrder order;
  std::optional<std::int64_t> approval_no;  ///< it waits for that: 202
};

/// @errors forbidden, not_found, wrong_state (not settled, or another order is on its way),
///         validation_failed (amount)
[[nodiscard]] AppResult<ClawBackOutcome> order_claw_back(AppTools const& tools, PlatformTx& tx,
                                                         Principal const& actor,
                                                         NewClawBack const& wanted);

/// The same of all that a sale has left, by the exchange itself, whose own check found the lead
/// bad.
[[nodiscard]] AppResult<ClawBackOutcome> claw_back_found_bad(AppTools const& tools, PlatformTx& tx,
                                                             SaleId sale, std::string reason);

/// The reason of an order, opened.
[[nodiscard]] std::string claw_back_reason(privacy::KeyRing const& ring,
                                           storage::ClawBackOrder const& order);

}  // namespace leadex::app
