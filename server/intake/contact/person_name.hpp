#pragma once
// Names of people: any script, but letters; no digits, no markup, no invisible characters. It says
// what cannot be a name, never which names people have. Intake only; pure, any thread.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace leadex::intake {

inline constexpr std::size_t kNameCodePointsMax = 100;

enum class NameFault : std::uint8_t { empty, too_long, not_text, no_letter, character };

/// nullopt when `text` (first or last name) may be one; spaces and tabs at the ends are ignored.
[[nodiscard]] std::optional<NameFault> find_name_fault(std::string_view text);

}  // namespace leadex::intake
