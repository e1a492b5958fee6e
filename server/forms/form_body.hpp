#pragma once
// The body of a sent form, application/x-www-form-urlencoded, read strictly: what a browser would
// not send for one of our pages is a fault. Pure; any thread.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "billing/values/result.hpp"

namespace leadex::forms {

inline constexpr std::size_t kBodyBytesMax = 64ULL * 1024U;
inline constexpr std::size_t kPairsMax = 64;

using Pairs = std::vector<std::pair<std::string, std::string>>;

enum class BodyFault {
  too_large,        ///< more than kBodyBytesMax
  too_many_fields,  ///< more than kPairsMax
  malformed,        ///< a broken escape, a pair without '=' or name, bytes that are not text
  repeated_field,   ///< one name twice
};

/// Decoded pairs in their order. Names and values are UTF-8 without controls but tab, CR and LF.
/// @errors  in the order of BodyFault as far as they are seen
[[nodiscard]] Result<Pairs, BodyFault> read_form_body(std::string_view body);

/// Whether a Content-Type means such a body: no charset, or UTF-8.
[[nodiscard]] bool is_form_type(std::string_view content_type);

/// The value of that name.
[[nodiscard]] std::optional<std::string_view> value_of(Pairs const& pairs, std::string_view name);

}  // namespace leadex::forms
