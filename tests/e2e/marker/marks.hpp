#pragma once
// The marks of the personal-data test: values that stand in every personal field and nowhere else,
// and the search for all forms in which one could lie about. Pure; any thread.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace leadex::e2e {

/// Part of every mark that is a text: names, addresses, URLs, free text.
inline constexpr std::string_view kCore = "Qzvxkjw";
/// Of what has a form of its own: the digits that all numbers begin with, and whole values.
inline constexpr std::string_view kPhoneDigits = "21273951";
inline constexpr std::string_view kDateOfBirth = "1957-03-29";
inline constexpr std::string_view kPostalCode = "73915-4826";
inline constexpr std::string_view kAddressOfHost = "198.51.100.213";
inline constexpr std::string_view kIban = "DE89370400440532013000";  ///< its standard's example

/// "+12127395100" + n, for 0 ≤ n < 90.
[[nodiscard]] std::string phone(int n);

/// One byte string to look for, and what it is: "core, base64 at 1".
struct Form {
  std::string what;
  std::string bytes;
};
/// Every mark as it is, in lower and upper case, in UTF-16, hex, base64 at each alignment, with
/// percent signs, and without its punctuation.
[[nodiscard]] std::vector<Form> all_forms();

/// What of the forms stands in the bytes, each named once.
[[nodiscard]] std::vector<std::string> found_in(std::string_view bytes,
                                                std::vector<Form> const& forms);

}  // namespace leadex::e2e
