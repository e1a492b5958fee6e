#pragma once
// Web addresses that come with a lead (landing page, consent certificate): kept as evidence, never
// fetched by the exchange. Checked as browsers hand them over, so raw UTF-8 and '|' in the path or
// query pass. Intake only; pure, any thread.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace leadex::intake {

inline constexpr std::size_t kUrlOctetsMax = 2048;

enum class UrlFault : std::uint8_t {
  too_long,
  not_text,   // not UTF-8, or a control character, space, quote, angle bracket or backslash
  scheme,     // not http or https with //
  user_info,  // user:password@ has no place in evidence
  host,       // no domain name and no public address: nobody outside can have seen that page
  port
};

/// nullopt when `text` is an absolute http or https URL; spaces and tabs at the ends are ignored.
[[nodiscard]] std::optional<UrlFault> find_url_fault(std::string_view text);

/// The host as it stands in a URL without faults, without its port; "" for any other text.
[[nodiscard]] std::string_view url_host(std::string_view text);

}  // namespace leadex::intake
