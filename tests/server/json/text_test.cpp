// Money and time as text: fixed cases and random runs against plain references.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <ctime>
#include <random>

#include "server/json/money_text.hpp"
#include "server/json/time_text.hpp"

namespace leadex::json {
namespace {

[[nodiscard]] std::mt19937_64 seeded(char const* what) {
  std::uint64_t const seed = std::random_device{}();
  std::printf("%s: seed %llu\n", what, static_cast<unsigned long long>(seed));
  return std::mt19937_64{seed};
}

[[nodiscard]] std::string amount(std::string_view text, AmountSign sign = AmountSign::any) {
  auto const parsed = parse_amount(text, sign);
  return parsed ? std::to_string(parsed->micros) : std::string{to_string(parsed.error())};
}

TEST(Amount, ParsesPlainDecimals) {
  EXPECT_EQ(amount("12.34"), "12340000");
  EXPECT_EQ(amount("0"), "0");
  EXPECT_EQ(amount("0.000005"), "5");
  EXPECT_EQ(amount("-0.5"), "-500000");
  EXPECT_EQ(amount("9000000000.000000"), "9000000000000000");
  EXPECT_EQ(amount("9000000000.000001"), "amount_too_large");
  EXPECT_EQ(amount("99999999999"), "amount_too_large");
  EXPECT_EQ(amount(std::string(100'000, '9')), "amount_too_large");
  EXPECT_EQ(amount("1.0000000"), "amount_too_precise");
  EXPECT_EQ(amount("-1", AmountSign::non_negative), "amount_negative");
  for (std::string_view bad : {"",    " ",     "1 ",  " 1",  "+1",  "1.",       ".5",  ".",
                               "-",   "--1",   "01",  "00",  "1e3", "1E3",      "0x1", "1,000",
                               "1,5", "1.2.3", "NaN", "inf", "-.5", "\xD9\xA1", "1\n", "- 1"}) {
    EXPECT_EQ(amount(bad), "amount_malformed") << bad;
  }
  EXPECT_EQ(amount(std::string_view{"1\0", 2}), "amount_malformed");
}

TEST(Amount, FormatsWithTheMinorDigitsOfTheCurrency) {
  EXPECT_EQ(format_amount(Money{12'340'000}, "USD"), "12.34");
  EXPECT_EQ(format_amount(Money{5}, "USD"), "0.000005");
  EXPECT_EQ(format_amount(Money{0}, "USD"), "0.00");
  EXPECT_EQ(format_amount(Money{-10}, "USD"), "-0.00001");
  EXPECT_EQ(format_amount(Money{1'230'000}, "USD"), "1.23");
  EXPECT_EQ(format_amount(Money{1'234'000}, "USD"), "1.234");
  EXPECT_EQ(format_amount(Money{1'200'000'000}, "JPY"), "1200");
  EXPECT_EQ(format_amount(Money{1'500'000}, "JPY"), "1.5");
  EXPECT_EQ(format_amount(Money{1'000'000}, "KWD"), "1.000");
  EXPECT_EQ(format_amount(Money{1'000'000}, "???"), "1.00");
  EXPECT_EQ(format_amount(Money{INT64_MIN}, "USD"), "-9223372036854.775808");
  EXPECT_EQ(currency_exponent("EUR"), 2);
  EXPECT_EQ(currency_exponent("KRW"), 0);
  EXPECT_EQ(currency_exponent("TND"), 3);
  EXPECT_EQ(currency_exponent("eur"), std::nullopt);
  EXPECT_EQ(currency_exponent(""), std::nullopt);
}

TEST(Amount, RoundTripsAnyAmount) {
  auto random = seeded("Amount.RoundTripsAnyAmount");
  std::uniform_int_distribution<std::int64_t> any{-kAmountMax.micros, kAmountMax.micros};
  std::uniform_int_distribution<int> digits{0, 15};
  for (int i = 0; i < 20'000; ++i) {
    std::int64_t micros = any(random);
    for (int cut = digits(random); cut > 0; --cut) micros /= 10;
    std::string const text = format_amount(Money{micros}, "USD");
    EXPECT_EQ(amount(text), std::to_string(micros)) << text;
    // Reference: long division on the printed figure, and at least two places.
    auto const point = text.find('.');
    ASSERT_NE(point, std::string::npos);
    ASSERT_GE(text.size() - point - 1, 2U);
    std::string padded = text + std::string(6 - (text.size() - point - 1), '0');
    padded.erase(point, 1);
    EXPECT_EQ(std::stoll(padded), micros);
  }
}

[[nodiscard]] std::string instant(std::string_view text) {
  auto const at = parse_timestamp(text);
  if (at) return format_timestamp(*at);
  switch (at.error()) {
    case TimeError::malformed:
      return "malformed";
    case TimeError::leap_second:
      return "leap_second";
    case TimeError::out_of_range:
      return "out_of_range";
  }
  return "?";
}

TEST(Rfc3339, ParsesOffsetsAndFractions) {
  EXPECT_EQ(instant("2026-11-22T02:16:29Z"), "2026-11-22T02:16:29Z");
  EXPECT_EQ(instant("2026-11-22t02:16:29z"), "2026-11-22T02:16:29Z");
  EXPECT_EQ(instant("2026-11-22T02:16:29.250000Z"), "2026-11-22T02:16:29.25Z");
  EXPECT_EQ(instant("2026-11-22T02:16:29.123456789Z"), "2026-11-22T02:16:29.123456Z");
  EXPECT_EQ(instant("2026-11-22T02:16:29.000001Z"), "2026-11-22T02:16:29.000001Z");
  EXPECT_EQ(instant("2026-01-01T00:30:00+01:00"), "2025-12-31T23:30:00Z");
  EXPECT_EQ(instant("2026-12-31T23:30:00-01:30"), "2027-01-01T01:00:00Z");
  EXPECT_EQ(instant("2026-11-22T02:16:29-00:00"), "2026-11-22T02:16:29Z");
  EXPECT_EQ(instant("2024-02-29T00:00:00Z"), "2024-02-29T00:00:00Z");
  EXPECT_EQ(instant("9999-12-31T23:59:59.999999Z"), "9999-12-31T23:59:59.999999Z");
  EXPECT_EQ(instant("1970-01-01T00:00:00Z"), "1970-01-01T00:00:00Z");
}

TEST(Rfc3339, RefusesWhatIsNoInstant) {
  EXPECT_EQ(instant("2016-12-31T23:59:60Z"), "leap_second");
  EXPECT_EQ(instant("1969-12-31T23:59:59Z"), "out_of_range");
  EXPECT_EQ(instant("1970-01-01T00:00:00+00:01"), "out_of_range");
  EXPECT_EQ(instant("9999-12-31T23:59:59-00:01"), "out_of_range");
  EXPECT_EQ(instant("0000-01-01T00:00:00Z"), "out_of_range");
  for (std::string_view bad : {"",
                               "2026-11-22",
                               "2026-11-22T02:16:29",
                               "2026-11-22 02:16:29Z",
                               "2026-11-22T02:16Z",
                               "2026-13-01T00:00:00Z",
                               "2026-00-01T00:00:00Z",
                               "2026-02-29T00:00:00Z",
                               "2026-04-31T00:00:00Z",
                               "2026-01-00T00:00:00Z",
                               "2026-01-01T24:00:00Z",
                               "2026-01-01T00:60:00Z",
                               "2026-01-01T00:00:61Z",
                               "2026-01-01T00:00:00.Z",
                               "2026-01-01T00:00:00.1234567890Z",
                               "2026-01-01T00:00:00+1:00",
                               "2026-01-01T00:00:00+24:00",
                               "2026-01-01T00:00:00+00:60",
                               "2026-01-01T00:00:00ZZ",
                               "2026-01-01T00:00:00Z ",
                               " 2026-01-01T00:00:00Z",
                               "+2026-01-01T00:00:00Z",
                               "20260101T000000Z",
                               "2026-1-01T00:00:00Z",
                               "2026-01-01T00:00:00,5Z",
                               "2026-01-01T00:00:00+0100",
                               "now"}) {
    EXPECT_EQ(instant(bad), "malformed") << bad;
  }
}

TEST(Rfc3339, AgreesWithTheCLibraryOnRandomInstants) {
  auto random = seeded("Rfc3339.AgreesWithTheCLibraryOnRandomInstants");
  std::uniform_int_distribution<std::int64_t> any{0, 253'402'300'799LL};
  std::uniform_int_distribution<std::int64_t> fraction{0, 999'999};
  std::uniform_int_distribution<int> offset{-23 * 60 - 59, 23 * 60 + 59};
  for (int i = 0; i < 20'000; ++i) {
    std::time_t const at = any(random);
    std::int64_t const micros = fraction(random);
    std::tm parts{};
    gmtime_r(&at, &parts);
    std::string const local =
        fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", parts.tm_year + 1900, parts.tm_mon + 1,
                    parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
    auto const utc = parse_timestamp(fmt::format("{}.{:06}Z", local, micros));
    ASSERT_TRUE(utc) << local;
    EXPECT_EQ(to_unix_micros(*utc), at * 1'000'000 + micros);
    EXPECT_EQ(parse_timestamp(format_timestamp(*utc)), utc);

    int const shift = offset(random);
    auto const moved = parse_timestamp(fmt::format("{}{}{:02}:{:02}", local, shift < 0 ? '-' : '+',
                                                   std::abs(shift) / 60, std::abs(shift) % 60));
    std::int64_t const expected = at - shift * 60LL;
    if (expected < 0 || expected > 253'402'300'799LL) {
      EXPECT_FALSE(moved);
    } else {
      EXPECT_EQ(to_unix_micros(moved.value()), expected * 1'000'000);
    }
  }
}

TEST(Date, ParsesDaysOfTheCalendar) {
  EXPECT_EQ(format_date(parse_date("2000-02-29").value()), "2000-02-29");
  for (std::string_view bad : {"", "1900-02-29", "2000-2-29", "2000-02-30", "0999-01-01",
                               "2000-02-29T", "29.02.2000", "2000/02/29"}) {
    EXPECT_FALSE(parse_date(bad)) << bad;
  }
}

}  // namespace
}  // namespace leadex::json
