#include "server/json/money_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace leadex::json {
namespace {

constexpr int kPlacesMax = 6;

// ISO 4217 codes in use, by minor digits; sorted. UYW and CLF (4 digits) are units of account that
// no market is held in.
constexpr std::array<std::string_view, 16> kNoMinorDigits{"BIF", "CLP", "DJF", "GNF", "ISK", "JPY",
                                                          "KMF", "KRW", "PYG", "RWF", "UGX", "VND",
                                                          "VUV", "XAF", "XOF", "XPF"};
constexpr std::array<std::string_view, 7> kThreeMinorDigits{"BHD", "IQD", "JOD", "KWD",
                                                            "LYD", "OMR", "TND"};
constexpr std::array<std::string_view, 128> kTwoMinorDigits{
    "AED", "AFN", "ALL", "AMD", "ANG", "AOA", "ARS", "AUD", "AWG", "AZN", "BAM", "BBD", "BDT",
    "BGN", "BMD", "BND", "BOB", "BRL", "BSD", "BTN", "BWP", "BYN", "BZD", "CAD", "CDF", "CHF",
    "CNY", "COP", "CRC", "CUP", "CVE", "CZK", "DKK", "DOP", "DZD", "EGP", "ERN", "ETB", "EUR",
    "FJD", "FKP", "GBP", "GEL", "GHS", "GIP", "GMD", "GTQ", "GYD", "HKD", "HNL", "HTG", "HUF",
    "IDR", "ILS", "INR", "IRR", "JMD", "KES", "KGS", "KHR", "KPW", "KYD", "KZT", "LAK", "LBP",
    "LKR", "LRD", "LSL", "MAD", "MDL", "MGA", "MKD", "MMK", "MNT", "MOP", "MRU", "MUR", "MVR",
    "MWK", "MXN", "MYR", "MZN", "NAD", "NGN", "NIO", "NOK", "NPR", "NZD", "PAB", "PEN", "PGK",
    "PHP", "PKR", "PLN", "QAR", "RON", "RSD", "RUB", "SAR", "SBD", "SCR", "SDG", "SEK", "SGD",
    "SHP", "SLE", "SOS", "SRD", "SSP", "STN", "SVC", "SYP", "SZL", "THB", "TJS", "TMT", "TOP",
    "TRY", "TTD", "TWD", "TZS", "UAH", "USD", "UYU", "UZS", "VES", "WST", "YER"};
static_assert(std::is_sorted(kNoMinorDigits.begin(), kNoMinorDigits.end()));
static_assert(std::is_sorted(kTwoMinorDigits.begin(), kTwoMinorDigits.end()));
static_assert(std::is_sorted(kThreeMinorDigits.begin(), kThreeMinorDigits.end()));

[[nodiscard]] std::string_view detail_of(AmountError error) {
  switch (error) {
    case AmountError::malformed:
      return "Must be a decimal string such as \"12.34\".";
    case AmountError::negative:
      return "Must not be negative.";
    case AmountError::too_many_places:
      return "Must have at most 6 places.";
    case AmountError::too_large:
      break;
  }
  return "The amount is too large.";
}

/// The digits of `text` from its start.
[[nodiscard]] std::string_view digits_of(std::string_view text) {
  auto const end =
      std::find_if(text.begin(), text.end(), [](char c) { return c < '0' || c > '9'; });
  return text.substr(0, static_cast<std::size_t>(end - text.begin()));
}

/// Both members of M, or nothing with the faults noted.
[[nodiscard]] std::optional<ParsedMoney> read_pair(ObjectReader& money, AmountSign sign) {
  std::size_t const errors_before = money.errors().size();
  std::string const text = money.require_string("amount");
  bool const has_amount = money.errors().size() == errors_before;
  std::string currency = money.require_string("currency");
  money.refuse_unknown_fields();
  Money amount;
  if (has_amount) {
    auto const parsed = parse_amount(text, sign);
    if (parsed) {
      amount = *parsed;
    } else {
      money.fail("amount", to_string(parsed.error()), detail_of(parsed.error()));
    }
  }
  if (money.errors().size() != errors_before) return std::nullopt;
  return ParsedMoney{amount, std::move(currency)};
}

[[nodiscard]] std::optional<Money> read_money(ObjectReader money, MoneyRule const& rule) {
  auto const pair = read_pair(money, rule.sign);
  if (!pair) return std::nullopt;
  if (pair->currency != rule.currency) {
    money.fail("currency", "currency_mismatch", fmt::format("Must be {}.", rule.currency));
    return std::nullopt;
  }
  if (pair->amount < rule.min) {
    money.fail("amount", "too_small",
               fmt::format("Must be at least {}.", format_amount(rule.min, rule.currency)));
    return std::nullopt;
  }
  if (pair->amount > rule.max) {
    money.fail("amount", "too_big",
               fmt::format("Must be at most {}.", format_amount(rule.max, rule.currency)));
    return std::nullopt;
  }
  return pair->amount;
}

}  // namespace

std::string_view to_string(AmountError error) {
  switch (error) {
    case AmountError::malformed:
      return "amount_malformed";
    case AmountError::negative:
      return "amount_negative";
    case AmountError::too_many_places:
      return "amount_too_precise";
    case AmountError::too_large:
      break;
  }
  return "amount_too_large";
}

Result<Money, AmountError> parse_amount(std::string_view text, AmountSign sign) {
  bool const minus = text.starts_with('-');
  if (minus) text.remove_prefix(1);
  std::string_view const whole = digits_of(text);
  text.remove_prefix(whole.size());
  std::string_view places;
  if (text.starts_with('.')) {
    places = digits_of(text.substr(1));
    if (places.empty()) return refuse(AmountError::malformed);
    text.remove_prefix(1 + places.size());
  }
  bool const leading_zero = whole.size() > 1 && whole.front() == '0';
  if (!text.empty() || whole.empty() || leading_zero) return refuse(AmountError::malformed);
  if (minus && sign == AmountSign::non_negative) return refuse(AmountError::negative);
  if (places.size() > kPlacesMax) return refuse(AmountError::too_many_places);
  if (whole.size() > 10) return refuse(AmountError::too_large);  // kAmountMax has ten digits

  std::int64_t micros = 0;
  for (char const digit : whole) micros = micros * 10 + (digit - '0');
  for (std::size_t i = 0; i < kPlacesMax; ++i) {
    micros = micros * 10 + (i < places.size() ? places[i] - '0' : 0);
  }
  if (micros > kAmountMax.micros) return refuse(AmountError::too_large);
  return Money{minus ? -micros : micros};
}

std::string format_amount(Money amount, std::string_view currency) {
  auto const places_min = static_cast<std::size_t>(currency_exponent(currency).value_or(2));
  bool const minus = amount.micros < 0;
  // Unsigned, so that the smallest int64 has a magnitude too.
  std::uint64_t const magnitude = minus ? 0 - static_cast<std::uint64_t>(amount.micros)
                                        : static_cast<std::uint64_t>(amount.micros);
  constexpr auto kUnit = static_cast<std::uint64_t>(kMicrosPerUnit);
  std::string places = fmt::format("{:06}", magnitude % kUnit);
  while (places.size() > places_min && places.back() == '0') places.pop_back();
  return fmt::format("{}{}{}{}", minus ? "-" : "", magnitude / kUnit, places.empty() ? "" : ".",
                     places);
}

std::optional<int> currency_exponent(std::string_view code) {
  auto const in = [code](auto const& list) {
    return std::binary_search(list.begin(), list.end(), code);
  };
  if (in(kTwoMinorDigits)) return 2;
  if (in(kNoMinorDigits)) return 0;
  if (in(kThreeMinorDigits)) return 3;
  return std::nullopt;
}

Money require_money(ObjectReader& reader, std::string_view name, MoneyRule const& rule) {
  return read_money(reader.require_object(name), rule).value_or(Money{});
}

std::optional<Money> optional_money(ObjectReader& reader, std::string_view name,
                                    MoneyRule const& rule) {
  auto money = reader.optional_object(name);
  if (!money) return std::nullopt;
  return read_money(std::move(*money), rule);
}

std::optional<ParsedMoney> require_money_any(ObjectReader& reader, std::string_view name,
                                             AmountSign sign) {
  ObjectReader money = reader.require_object(name);
  std::size_t const errors_before = reader.errors().size();
  auto pair = read_pair(money, sign);
  if (!pair || reader.errors().size() != errors_before) return std::nullopt;
  if (!currency_exponent(pair->currency)) {
    money.fail("currency", "currency_unknown", "Must be an ISO 4217 code.");
    return std::nullopt;
  }
  return pair;
}

}  // namespace leadex::json
