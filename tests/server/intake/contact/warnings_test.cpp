#include <gtest/gtest.h>

#include <functional>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "server/intake/contact/lead_check.hpp"
#include "server/intake/contact/postal_region.hpp"

namespace leadex::intake {
namespace {

constexpr Timestamp kNow = std::chrono::sys_days{std::chrono::year{2026} / 11 / 22};

RawLead plain() {
  RawLead raw;
  raw.at(Column::first_name) = "Ann";
  raw.at(Column::last_name) = "Lee";
  raw.at(Column::email) = "ann.lee@example.com";
  raw.at(Column::phone) = "(201) 555-0123";
  raw.at(Column::region) = "CA";
  raw.at(Column::postal_code) = "94110";
  raw.at(Column::date_of_birth) = "1990-05-01";
  raw.at(Column::captured_at) = "2026-11-21T10:00:00Z";
  raw.at(Column::ip_address) = "8.8.8.8";
  raw.at(Column::user_agent) = "Mozilla/5.0";
  raw.at(Column::consent_at) = "2026-11-21T09:59:00Z";
  raw.at(Column::consent_text) = "I agree to be called.";
  raw.at(Column::vehicle) = "web_form";
  raw.at(Column::source_reason) = "quote";
  return raw;
}

Result<CheckedLead, std::vector<RowFault>> check(RawLead const& raw,
                                                 std::string const& country = "US") {
  static DisposableDomains const kNone;
  MarketRules rules;
  rules.country = country;
  rules.currency = "USD";
  return check_lead(raw, {rules, kNone, kNow});
}

/// The codes, in their order; the lead is taken.
std::vector<std::string> warnings_with(std::function<void(RawLead&)> const& change,
                                       std::string const& country = "US") {
  auto raw = plain();
  change(raw);
  auto const lead = check(raw, country);
  EXPECT_TRUE(lead) << (lead ? "" : lead.error().front().pointer);
  std::vector<std::string> codes;
  for (std::size_t i = 0; lead && i < kRowWarnings; ++i) {
    if (lead->warnings.has(static_cast<RowWarning>(i))) codes.emplace_back(kWarningTexts[i].code);
  }
  return codes;
}

std::vector<std::string> warnings_of(Column column, std::string_view value) {
  return warnings_with([&](RawLead& raw) { raw.at(column) = value; });
}

using Words = std::vector<std::string>;

TEST(Warnings, APlainLeadHasNone) {
  EXPECT_EQ(warnings_with([](RawLead&) {}), Words{});
}

TEST(Warnings, EachComesFromItsField) {
  EXPECT_EQ(warnings_of(Column::email, "info@example.com"), Words{"email_role"});
  EXPECT_EQ(warnings_of(Column::email, "ann@gmial.com"), Words{"email_mistyped"});
  EXPECT_EQ(warnings_of(Column::email, "sales@gmial.com"), (Words{"email_role", "email_mistyped"}));
  EXPECT_EQ(warnings_of(Column::phone, "800-234-5678"), Words{"phone_toll_free"});
  EXPECT_EQ(warnings_of(Column::phone, "+49 30 123456"), Words{"phone_foreign"});
  EXPECT_EQ(warnings_of(Column::phone, "+1 416 555 0123"), Words{"phone_foreign"});
  EXPECT_EQ(warnings_of(Column::phone, "+1 787 234 5678"), Words{});  // Puerto Rico
  EXPECT_EQ(warnings_of(Column::phone, "500-234-5678"), Words{"phone_not_personal"});
  EXPECT_EQ(warnings_of(Column::postal_code, "10001"), Words{"postal_code_mismatch"});
  EXPECT_EQ(warnings_of(Column::ip_address, "10.1.2.3"), Words{"ip_not_public"});
  EXPECT_EQ(warnings_of(Column::user_agent, "Mozilla\r\nX: y"), Words{"user_agent_malformed"});
  EXPECT_EQ(warnings_of(Column::date_of_birth, "1915-01-01"), Words{"age_unlikely"});
}

TEST(Warnings, OtherCountriesHaveOtherKindsOfNumbers) {
  auto const of = [](std::string_view phone) {
    return warnings_with(
        [&](RawLead& raw) {
          raw.at(Column::phone) = phone;
          raw.at(Column::postal_code) = "SW1A 1AA";
        },
        "GB");
  };
  EXPECT_EQ(of("0121 234 5678"), Words{});
  EXPECT_EQ(of("056 1234 5678"), Words{"phone_voip"});
  auto const austrian = [](RawLead& raw) {
    raw.at(Column::phone) = "0810 123456";
    raw.at(Column::postal_code) = "1010";
  };
  EXPECT_EQ(warnings_with(austrian, "AT"), Words{"phone_shared_cost"});
  EXPECT_EQ(of("01534 456789"), Words{});  // Jersey
}

TEST(Warnings, PremiumRateNumbersAreRefused) {
  auto raw = plain();
  raw.at(Column::phone) = "900-234-5678";
  auto const lead = check(raw);
  ASSERT_FALSE(lead);
  EXPECT_EQ(lead.error().size(), 1U);
  EXPECT_EQ(to_string(lead.error().front().code), "phone_premium_rate");
}

TEST(Warnings, TheSuggestionIsToldAndTheAddressStays) {
  auto raw = plain();
  raw.at(Column::email) = "ann@gmial.com";
  auto const lead = check(raw);
  ASSERT_TRUE(lead);
  EXPECT_EQ(lead->domain_suggested, "gmail.com");
  EXPECT_EQ(lead->email->normalised, "ann@gmial.com");
  EXPECT_EQ(lead->at(Column::email), "ann@gmial.com");
}

TEST(Warnings, CodesAreAllDifferentAndBitsAreWhatIsStored) {
  std::set<std::string_view> codes;
  std::int32_t bits = 0;
  for (std::size_t i = 0; i < kRowWarnings; ++i) {
    EXPECT_TRUE(codes.insert(kWarningTexts[i].code).second);
    RowWarnings one;
    one.add(static_cast<RowWarning>(i));
    EXPECT_EQ(one.bits() & bits, 0);
    bits |= one.bits();
    EXPECT_EQ(RowWarnings{one.bits()}, one);
  }
  EXPECT_EQ(bits, (1 << kRowWarnings) - 1);
}

TEST(PostalRegion, KnowsStatesByCodeAndName) {
  EXPECT_EQ(postal_region("94110", "CA", "US"), PostalRegion::fits);
  EXPECT_EQ(postal_region(" 94110-1234", " california ", "US"), PostalRegion::fits);
  EXPECT_EQ(postal_region("94110", "NY", "US"), PostalRegion::differs);
  EXPECT_EQ(postal_region("00000", "NY", "US"), PostalRegion::differs);
  EXPECT_EQ(postal_region("06390", "NY", "US"), PostalRegion::fits);  // Fishers Island
  EXPECT_EQ(postal_region("05501", "MA", "US"), PostalRegion::fits);  // Andover
  EXPECT_EQ(postal_region("99501", "AK", "US"), PostalRegion::fits);
  EXPECT_EQ(postal_region("94110", "Bay Area", "US"), PostalRegion::unknown);
  EXPECT_EQ(postal_region("", "CA", "US"), PostalRegion::unknown);
}

TEST(PostalRegion, KnowsProvincesByTheFirstLetter) {
  EXPECT_EQ(postal_region("k1a 0b1", "ON", "CA"), PostalRegion::fits);
  EXPECT_EQ(postal_region("H2X 1Y4", "Quebec", "CA"), PostalRegion::fits);
  EXPECT_EQ(postal_region("V5K 0A1", "AB", "CA"), PostalRegion::differs);
  EXPECT_EQ(postal_region("T9V 0A1", "SK", "CA"), PostalRegion::differs);
  EXPECT_EQ(postal_region("X0A 0H0", "NU", "CA"), PostalRegion::fits);
}

TEST(PostalRegion, SaysNothingOfOtherCountries) {
  EXPECT_EQ(postal_region("10115", "BE", "DE"), PostalRegion::unknown);
}

// A ZIP code that the Postal Service gives to each state, so that no line of the table is lost.
TEST(PostalRegion, EachStateHasItsCodes) {
  std::vector<std::pair<std::string, std::string>> const codes{
      {"AL", "36104"}, {"AK", "99801"}, {"AZ", "85001"}, {"AR", "72201"}, {"CA", "95814"},
      {"CO", "80202"}, {"CT", "06103"}, {"DE", "19901"}, {"DC", "20001"}, {"FL", "32301"},
      {"GA", "30303"}, {"HI", "96813"}, {"ID", "83702"}, {"IL", "62701"}, {"IN", "46225"},
      {"IA", "50309"}, {"KS", "66603"}, {"KY", "40601"}, {"LA", "70802"}, {"ME", "04330"},
      {"MD", "21401"}, {"MA", "02201"}, {"MI", "48933"}, {"MN", "55102"}, {"MS", "39205"},
      {"MO", "65101"}, {"MT", "59623"}, {"NE", "68502"}, {"NV", "89701"}, {"NH", "03301"},
      {"NJ", "08608"}, {"NM", "87501"}, {"NY", "12207"}, {"NC", "27601"}, {"ND", "58501"},
      {"OH", "43215"}, {"OK", "73102"}, {"OR", "97301"}, {"PA", "17101"}, {"RI", "02903"},
      {"SC", "29217"}, {"SD", "57501"}, {"TN", "37219"}, {"TX", "78701"}, {"UT", "84111"},
      {"VT", "05602"}, {"VA", "23219"}, {"WA", "98507"}, {"WV", "25301"}, {"WI", "53703"},
      {"WY", "82001"}, {"PR", "00901"}, {"GU", "96910"}, {"VI", "00802"}};
  for (auto const& [state, code] : codes) {
    EXPECT_EQ(postal_region(code, state, "US"), PostalRegion::fits) << state;
    int other = 0;
    for (auto const& [name, ignored] : codes) {
      if (name != state && postal_region(code, name, "US") == PostalRegion::fits) ++other;
    }
    EXPECT_EQ(other, 0) << state;
  }
}

TEST(DisposableDomains, CopiesShareAListThatCanBeReplaced) {
  std::istringstream first{"# date: 2026-11-20\nold.example\n"};
  std::istringstream second{"new.example\n"};
  auto const list = *DisposableDomains::read(first);
  auto const copy = list;  // NOLINT(performance-unnecessary-copy-initialization): the point of it
  EXPECT_EQ(copy.dated(), std::chrono::year{2026} / 11 / 20);
  list.replace_with(*DisposableDomains::read(second));
  EXPECT_FALSE(copy.contains("old.example"));
  EXPECT_TRUE(copy.contains("a.new.example"));
  EXPECT_FALSE(copy.dated());
}

}  // namespace
}  // namespace leadex::intake
