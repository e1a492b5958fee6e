#pragma once
// ISO 4217: the number of a currency, which platform accounts carry as sub_no. Pure; any thread.

#include <cstdint>
#include <optional>
#include <string_view>

namespace leadex::storage {

/// USD is 840; nothing for a code that no payment can be made in. @source ISO 4217 list one
[[nodiscard]] std::optional<std::int64_t> currency_number(std::string_view code);
[[nodiscard]] std::optional<std::string_view> currency_code(std::int64_t number);

}  // namespace leadex::storage
