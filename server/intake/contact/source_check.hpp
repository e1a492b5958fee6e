#pragma once
// What is told of a lead's source, checked: touchpoints in the order of time, no person's address
// or number among tags, and the class that the taxonomy in force gives. Pure; any thread.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "billing/values/time.hpp"
#include "matching/quality/source_taxonomy.hpp"
#include "server/intake/contact/raw_lead.hpp"
#include "server/intake/contact/row_fault.hpp"

namespace leadex::intake {

inline constexpr std::size_t kTouchpointsMax = 32;
inline constexpr int kHopsMax = 99;

/// Whether a text holds an e-mail address, a phone number written as one (with a plus, or with
/// separators and not within a word; in a numbering plan), or the last 7 digits of the lead's own
/// number, whatever stands beside them. Other bare digits are mostly an identifier of a tracker,
/// and what begins with a day is no number.
/// @param country  for numbers without a plus; @param own_e164  "": the lead has none
[[nodiscard]] bool names_contact(std::string_view text, std::string_view country,
                                 std::string_view own_e164);

/// The first fault of the touchpoints, at /source/touchpoints; none of them may be after `latest`.
[[nodiscard]] std::optional<RowFault> find_touchpoint_fault(
    std::vector<RawTouchpoint> const& touchpoints, Timestamp latest);

/// 0 … kHopsMax, in digits alone.
[[nodiscard]] std::optional<int> parse_hops(std::string_view text);

/// What the rules of a taxonomy look at. Views into `raw`.
[[nodiscard]] quality::SourceClues clues_of(RawLead const& raw);

}  // namespace leadex::intake
