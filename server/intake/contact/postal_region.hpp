#pragma once
// Which region (state, province) a postal code lies in, where the first digits or the first letter
// say so: United States and Canada. Only for a warning, since boundaries have exceptions. Pure; any
// thread.

#include <string_view>

namespace leadex::intake {

enum class PostalRegion : unsigned char {
  fits,     ///< the code lies in the region
  differs,  ///< in another one, or in none
  unknown   ///< not this country, not a region we know by that name, or no code of the country's
            ///< form
};

/// @param code  as the contact gives it, trimmed or not.
/// @param region  a two-letter code or an English name, any case.
/// @param country  ISO 3166-1 alpha-2, upper case.
[[nodiscard]] PostalRegion postal_region(std::string_view code, std::string_view region,
                                         std::string_view country);

}  // namespace leadex::intake
