#pragma once
// Once: commands that come from a row of their own and may take effect once only, whoever sends
// them and how often: money that arrives, claw-backs that were ordered. Pure; any thread.

#include <compare>
#include <cstdint>
#include <optional>

#include "matching/market/command.hpp"

namespace leadex::market {

/// Which row: the actor looks up whether it is still open, and the batch closes it.
struct Once {
  enum class What : std::uint8_t { intent, claw_back };
  What what{};
  std::int64_t no{};
  friend auto operator<=>(Once const&, Once const&) = default;
};

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
  return std::nullopt;
}

}  // namespace leadex::market
