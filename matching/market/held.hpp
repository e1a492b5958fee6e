#pragma once
// A posted lead that is held: its persons are claimed for it, and the market does not see it before
// it is offered. Its claim is that of an upload of its own, numbered below zero by the lead's,
// so that whoever keeps the person out meanwhile finds a lead to come. Pure; any thread.

#include <optional>

#include "matching/market/command.hpp"

namespace leadex::market {

/// Below −1, which is nobody's in the look-up of claims.
[[nodiscard]] inline AdmitRows hold_of(std::int64_t lead_no) { return {.batch_no = -lead_no - 1}; }

/// The lead that such a command holds; none of any other command.
[[nodiscard]] inline std::optional<std::int64_t> held_lead(Command const& command) {
  auto const* const admit = std::get_if<AdmitRows>(&command);
  if (admit == nullptr || admit->batch_no >= 0) return std::nullopt;
  return -admit->batch_no - 1;
}

}  // namespace leadex::market
