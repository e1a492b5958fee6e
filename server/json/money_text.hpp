#pragma once
// Money as decimal text and as the object M = {"amount":"12.34","currency":"USD"}. No floating
// point on the way. Pure; any thread.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "billing/values/money.hpp"
#include "billing/values/result.hpp"
#include "server/json/object_reader.hpp"

namespace leadex::json {

enum class AmountError : std::uint8_t {
  malformed,        // not -?(0|[1-9][0-9]*)(\.[0-9]+)?
  negative,         // a minus sign where none is allowed
  too_many_places,  // more than 6
  too_large,        // beyond kAmountMax either way
};
enum class AmountSign : std::uint8_t { non_negative, any };

/// Stable code for the problem's `errors`.
[[nodiscard]] std::string_view to_string(AmountError error);

/// Digits with at most one point and 6 places; no plus, no exponent, no leading zero, no blanks.
/// @errors  AmountError in the order of the enum.
[[nodiscard]] Result<Money, AmountError> parse_amount(std::string_view text,
                                                      AmountSign sign = AmountSign::non_negative);

/// Decimal text with at least as many places as the currency has minor digits (2 when unknown) and
/// at most 6; zeros beyond that are trimmed: 12'340'000 → "12.34", 5 → "0.000005".
[[nodiscard]] std::string format_amount(Money amount, std::string_view currency);

/// Digits after the point of an ISO 4217 currency (0, 2 or 3); nothing for an unknown code.
[[nodiscard]] std::optional<int> currency_exponent(std::string_view code);

struct MoneyRule {
  std::string_view currency;  // of the market or account; another one is `currency_mismatch`
  AmountSign sign = AmountSign::non_negative;
  Money min{-kAmountMax.micros};
  Money max = kAmountMax;
};

/// Reads the field `name` of type M. Faults go to the reader: `missing_field`, `wrong_type`,
/// `amount_malformed`, `amount_negative`, `amount_too_precise`, `amount_too_large`, `too_small`,
/// `too_big`, `currency_mismatch`, `unknown_field`.
[[nodiscard]] Money require_money(ObjectReader& reader, std::string_view name,
                                  MoneyRule const& rule);
[[nodiscard]] std::optional<Money> optional_money(ObjectReader& reader, std::string_view name,
                                                  MoneyRule const& rule);

/// Reads an M whose currency is not fixed beforehand; it must be a known ISO code.
struct ParsedMoney {
  Money amount;
  std::string currency;
};
[[nodiscard]] std::optional<ParsedMoney> require_money_any(
    ObjectReader& reader, std::string_view name, AmountSign sign = AmountSign::non_negative);

}  // namespace leadex::json
