#pragma once
// A sale of a lead that the exchange itself found bad: whatever became of its buyer's returns, the
// price comes back by an automatic ruling, outside the ceiling, and the lead does not rest to be
// sold again. Sent as the return of no account, since accounts count from 1. Pure; any thread.

#include <string>
#include <utility>

#include "matching/market/command.hpp"

namespace leadex::market {

/// In the place of OpenReturn::buyer_no: the exchange.
inline constexpr std::int64_t kOfExchange = 0;

/// A delivered sale that is not settled is credited with all that its buyer has not had back. A
/// return that is open or disputed is ruled on with it, one that was decided stays as it is, and
/// where there was none one is opened for it. @return the command
/// @errors  sale_not_delivered, return_window_closed (settled, or waiting for its conversion),
///          already_converted (and not paid for), sale_unknown (over)
[[nodiscard]] inline OpenReturn credit_found_bad(std::int64_t lead_no, std::int32_t slot,
                                                 std::string reason) {
  return {.lead_no = lead_no,
          .slot = slot,
          .buyer_no = kOfExchange,
          .reason = std::move(reason),
          .proven = true};
}

[[nodiscard]] inline bool finds_bad(OpenReturn const& command) {
  return command.buyer_no == kOfExchange && command.proven;
}

}  // namespace leadex::market
