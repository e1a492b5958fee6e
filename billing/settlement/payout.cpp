#include "billing/settlement/payout.hpp"

#include <algorithm>
#include <array>

#include "billing/values/check.hpp"

namespace leadex {

namespace {

// Currencies without two decimals, by ISO 4217.
constexpr std::array<std::string_view, 17> kWithoutDecimals{
    "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG",
    "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"};
constexpr std::array<std::string_view, 7> kThreeDecimals{"BHD", "IQD", "JOD", "KWD",
                                                         "LYD", "OMR", "TND"};
constexpr int kMicrosExponent = 6;

Transfer posted(Path path, Money amount, TransferCode code) {
  return {path.debit, path.credit, amount, code, Phase::posted, 0, 0, {}};
}

}  // namespace

std::optional<int> currency_exponent(std::string_view currency) {
  bool const letters = std::ranges::all_of(currency, [](char c) { return c >= 'A' && c <= 'Z'; });
  if (currency.size() != 3 || !letters) return std::nullopt;
  if (std::ranges::find(kWithoutDecimals, currency) != kWithoutDecimals.end()) {
    return 0;
  }
  if (std::ranges::find(kThreeDecimals, currency) != kThreeDecimals.end()) return 3;
  if (currency == "CLF" || currency == "UYW") return 4;
  return 2;
}

Money payout_amount(Money available, int exponent) {
  LEADEX_CHECK(exponent >= 0 && exponent <= kMicrosExponent);
  if (available.micros <= 0) return {};
  std::int64_t coin = 1;
  for (int place = exponent; place < kMicrosExponent; ++place) coin *= 10;
  return Money{available.micros - available.micros % coin};
}

Transfer deposit(Path path, Money amount) { return posted(path, amount, TransferCode::deposit); }
Transfer payout_drafted(Path path, Money amount) {
  return posted(path, amount, TransferCode::payout);
}
Transfer payout_paid(Path path, Money amount) { return posted(path, amount, TransferCode::payout); }
Transfer payout_failed(Path path, Money amount) {
  return posted(path, amount, TransferCode::correction);
}
Transfer payout_reversed(Path path, Money amount) {
  return posted(path, amount, TransferCode::correction);
}

}  // namespace leadex
