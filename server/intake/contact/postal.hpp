#pragma once
// Postal codes: the written form in the US, Canada, Britain and Germany; a plain shape elsewhere.
// Whether the code is in use is not asked. Intake only; pure, any thread.

#include <string_view>

namespace leadex::intake {

/// @param country  ISO 3166-1 alpha-2 in upper case.
/// Spaces and tabs at the ends are ignored; letters in any case.
[[nodiscard]] bool is_postal_code(std::string_view text, std::string_view country);

}  // namespace leadex::intake
