#include "server/intake/contact/lead_check.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "tests/server/intake/contact/corpus.hpp"

namespace leadex::intake {
namespace {

using namespace std::chrono_literals;

constexpr Timestamp kNow = std::chrono::sys_days{std::chrono::year{2026} / 11 / 22} + 12h;

MarketRules rules() {
  MarketRules market;
  market.country = "US";
  market.currency = "USD";
  market.attributes = {
      {.name = "state", .one_of = {std::string{"CA"}, std::string{"TX"}}, .required = true},
      {.name = "age",
       .type = AttributeType::integer,
       .minimum = 16,
       .maximum = 110,
       .required = true},
      {.name = "own_home", .type = AttributeType::boolean},
      {.name = "note", .max_length = 4},
  };
  return market;
}

DisposableDomains disposable() {
  std::istringstream lines{"throw.example\n"};
  return *DisposableDomains::read(lines);
}

RawLead good() {
  RawLead raw;
  raw.at(Column::external_id) = "x-1";
  raw.at(Column::first_name) = "Ann";
  raw.at(Column::last_name) = "Lee";
  raw.at(Column::email) = " Ann.Lee+Ads@Example.com ";
  raw.at(Column::phone) = "(201) 555-0123";
  raw.at(Column::postal_code) = "94110";
  raw.at(Column::contact_country) = "us";
  raw.at(Column::date_of_birth) = "1990-05-01";
  raw.at(Column::captured_at) = "2026-11-22T10:00:00Z";
  raw.at(Column::ip_address) = "8.8.8.8";
  raw.at(Column::landing_page_url) = "https://www.example.com/quote";
  raw.at(Column::consent_at) = "2026-11-22T09:59:00Z";
  raw.at(Column::consent_text) = "I agree to be called.";
  raw.at(Column::vehicle) = "web_form";
  raw.at(Column::source_reason) = "quote";
  raw.at(Column::ask) = "5.00";
  raw.attributes = {CellText{"CA"}, CellText{" 36 "}, CellText{"Yes"}, std::nullopt};
  return raw;
}

Result<CheckedLead, std::vector<RowFault>> check(RawLead const& raw,
                                                 MarketRules const& market = rules()) {
  static DisposableDomains const kDisposable = disposable();
  return check_lead(raw, {market, kDisposable, kNow});
}

/// "code pointer" of all faults.
std::vector<std::string> faults_of(RawLead const& raw, MarketRules const& market = rules()) {
  std::vector<std::string> words;
  auto const lead = check(raw, market);
  if (lead) return words;
  for (auto const& fault : lead.error()) {
    words.push_back(std::string{to_string(fault.code)} + ' ' + fault.pointer);
  }
  return words;
}

std::vector<std::string> faults_with(std::function<void(RawLead&)> const& change) {
  auto raw = good();
  change(raw);
  return faults_of(raw);
}

using Words = std::vector<std::string>;

TEST(LeadCheck, AGoodLeadComesOutNormalisedAndByteExact) {
  auto const lead = check(good());
  ASSERT_TRUE(lead);
  EXPECT_EQ(lead->at(Column::email), " Ann.Lee+Ads@Example.com ");
  EXPECT_EQ(lead->email->normalised, "ann.lee+ads@example.com");
  EXPECT_EQ(lead->email->loose, "annlee@example.com");
  EXPECT_EQ(lead->at(Column::phone), "(201) 555-0123");
  EXPECT_EQ(lead->phone->e164, "+12015550123");
  EXPECT_EQ(lead->age_years, 36);
  EXPECT_EQ(lead->vehicle, Vehicle::web_form);
  EXPECT_EQ(lead->ask, Money{5'000'000});
  EXPECT_EQ(lead->captured_at, kNow - 2h);
  EXPECT_EQ(lead->consent_at, kNow - 2h - 1min);
  ASSERT_EQ(lead->attributes.size(), 4U);
  EXPECT_EQ(lead->attributes[0], AttributeValue{std::string{"CA"}});
  EXPECT_EQ(lead->attributes[1], AttributeValue{std::int64_t{36}});
  EXPECT_EQ(lead->attributes[2], AttributeValue{true});
  EXPECT_FALSE(lead->attributes[3]);
  EXPECT_EQ(lead->at(Column::city), "");
}

TEST(LeadCheck, EmailOrPhoneIsEnough) {
  EXPECT_EQ(faults_with([](RawLead& raw) { raw.at(Column::email) = " "; }), Words{});
  EXPECT_EQ(faults_with([](RawLead& raw) { raw.at(Column::phone).reset(); }), Words{});
  EXPECT_EQ(faults_with([](RawLead& raw) {
              raw.at(Column::email).reset();
              raw.at(Column::phone) = "";
            }),
            Words{"missing_field /contact/email"});
}

TEST(LeadCheck, EveryCodeHasItsRow) {
  struct Case {
    Column column;
    std::string_view value;
    std::string fault;
  };
  std::string const long_url = "https://example.com/" + std::string(2100, 'a');
  std::vector<Case> const cases{
      {Column::first_name, " ", "missing_field /contact/first_name"},
      {Column::last_name, "12345", "name_invalid /contact/last_name"},
      {Column::email, "ann@@example.com", "email_invalid /contact/email"},
      {Column::email, "ann@mail.throw.example", "email_disposable /contact/email"},
      {Column::phone, "201-155-0123", "phone_invalid /contact/phone"},
      {Column::postal_code, "9411", "postal_code_invalid /contact/postal_code"},
      {Column::contact_country, "DE", "country_mismatch /contact/country"},
      {Column::date_of_birth, "31.12.1990", "date_of_birth_invalid /contact/date_of_birth"},
      {Column::date_of_birth, "2008-11-23", "underage /contact/date_of_birth"},
      {Column::captured_at, "", "missing_field /captured_at"},
      {Column::captured_at, "2026-11-22 10:00", "timestamp_invalid /captured_at"},
      {Column::captured_at, "2026-11-22T12:05:01Z", "timestamp_invalid /captured_at"},
      {Column::captured_at, "1999-12-31T00:00:00Z", "timestamp_invalid /captured_at"},
      {Column::ip_address, "8.8.8", "ip_invalid /ip_address"},
      {Column::landing_page_url, "javascript:alert(1)", "url_invalid /landing_page_url"},
      {Column::landing_page_url, long_url, "value_too_long /landing_page_url"},
      {Column::trustedform_cert_url, "nope", "url_invalid /consent/trustedform_cert_url"},
      {Column::consent_at, "", "consent_missing /consent/at"},
      {Column::consent_at, "yesterday", "timestamp_invalid /consent/at"},
      {Column::consent_at, "2026-08-01T00:00:00Z", "consent_expired /consent/at"},
      {Column::consent_at, "2026-11-22T12:06:00Z", "consent_in_future /consent/at"},
      {Column::consent_text, " ", "consent_missing /consent/text"},
      {Column::vehicle, "", "missing_field /source/vehicle"},
      {Column::vehicle, "pigeon", "vehicle_invalid /source/vehicle"},
      {Column::source_reason, "", "missing_field /source/reason"},
      {Column::ask, "-5", "ask_invalid /ask"},
      {Column::ask, "0", "ask_invalid /ask"},
      {Column::ask, "1e3", "ask_invalid /ask"},
  };
  for (auto const& row : cases) {
    auto raw = good();
    raw.at(row.column) = row.value;
    EXPECT_EQ(faults_of(raw), Words{row.fault}) << name_of(row.column) << ' ' << row.value;
  }
}

TEST(LeadCheck, EveryColumnHasALimit) {
  std::string const huge(20'000, '1');
  for (std::size_t i = 0; i < kColumnCount; ++i) {
    auto raw = good();
    raw.columns[i] = huge;
    auto const column = static_cast<Column>(i);
    auto const words = faults_of(raw);
    std::string const wanted = "value_too_long " + std::string{pointer_of(column)};
    EXPECT_NE(std::find(words.begin(), words.end(), wanted), words.end()) << name_of(column);
    EXPECT_EQ(column_named(name_of(column)), column);
  }
}

TEST(LeadCheck, AllFaultsComeInColumnOrder) {
  auto raw = good();
  raw.at(Column::ask) = "x";
  raw.at(Column::first_name) = "7";
  raw.at(Column::phone) = "1";
  raw.at(Column::consent_text).reset();
  raw.attributes = {CellText{"NY"}, std::nullopt, CellText{"maybe"}, CellText{"12345"}};
  EXPECT_EQ(
      faults_of(raw),
      (Words{"name_invalid /contact/first_name", "phone_invalid /contact/phone",
             "consent_missing /consent/text", "ask_invalid /ask",
             "attribute_invalid /attributes/state", "missing_field /attributes/age",
             "attribute_invalid /attributes/own_home", "attribute_invalid /attributes/note"}));
}

TEST(LeadCheck, NoTextIsTheOneFaultMalformedRow) {
  for (auto const& bytes : {std::string{"a\xFF"}, std::string{"a\0b", 3}}) {
    EXPECT_EQ(faults_with([&](RawLead& raw) {
                raw.at(Column::city) = bytes;
                raw.at(Column::ask) = "x";
              }),
              Words{"malformed_row "});
    EXPECT_EQ(faults_with([&](RawLead& raw) { raw.attributes[3] = JsonText{bytes}; }),
              Words{"malformed_row "});
  }
}

TEST(LeadCheck, JsonAttributesKeepTheirTypes) {
  auto const with = [](std::size_t i, RawScalar value) {
    auto raw = good();
    raw.attributes[i] = value;
    return faults_of(raw);
  };
  EXPECT_EQ(with(1, std::int64_t{16}), Words{});
  EXPECT_EQ(with(1, std::int64_t{110}), Words{});
  EXPECT_EQ(with(2, false), Words{});
  EXPECT_EQ(with(0, JsonText{"TX"}), Words{});
  EXPECT_EQ(with(3, JsonText{"\u00E9\u00E9\u00E9\u00E9"}), Words{});
  for (auto const& value : std::vector<RawScalar>{
           std::int64_t{15}, std::int64_t{111}, true, JsonText{"36"}, OtherJson{}, CellText{"36.5"},
           CellText{"+36"}, CellText{"99999999999999999999"}}) {
    EXPECT_EQ(with(1, value), Words{"attribute_invalid /attributes/age"});
  }
  EXPECT_EQ(with(2, JsonText{"true"}), Words{"attribute_invalid /attributes/own_home"});
  EXPECT_EQ(with(2, std::int64_t{1}), Words{"attribute_invalid /attributes/own_home"});
  EXPECT_EQ(with(0, JsonText{""}), Words{"attribute_invalid /attributes/state"});
  EXPECT_EQ(with(0, CellText{" CA"}), Words{"attribute_invalid /attributes/state"});
}

TEST(LeadCheck, UnknownAttributesAreRefusedWithoutEchoingThem) {
  EXPECT_EQ(faults_with([](RawLead& raw) { raw.has_unknown_attribute = true; }),
            Words{"attribute_invalid /attributes"});
}

TEST(LeadCheck, AnAskInAnotherCurrencyIsRefused) {
  EXPECT_EQ(faults_with([](RawLead& raw) { raw.ask_currency = "EUR"; }), Words{"ask_invalid /ask"});
  EXPECT_EQ(faults_with([](RawLead& raw) { raw.ask_currency = "USD"; }), Words{});
}

TEST(LeadCheck, SourceMayBeLeftOutWhereTheMarketSaysSo) {
  auto market = rules();
  market.source_required = false;
  auto raw = good();
  raw.at(Column::vehicle).reset();
  raw.at(Column::source_reason).reset();
  EXPECT_EQ(faults_of(raw, market), Words{});
}

TEST(LeadCheck, TagsThatNameAPersonAreRefused) {
  EXPECT_EQ(faults_with([](RawLead& raw) { raw.at(Column::utm_campaign) = "ann@example.com"; }),
            Words{"source_names_contact /source/utm_campaign"});
  EXPECT_EQ(faults_with([](RawLead& raw) { raw.at(Column::sub3) = "2015550123"; }),
            Words{"source_names_contact /source/sub3"});
  EXPECT_EQ(faults_with([](RawLead& raw) { raw.at(Column::source_reason) = "+1 201 555 0123"; }),
            Words{"source_names_contact /source/reason"});
  EXPECT_EQ(faults_with([](RawLead& raw) {
              raw.touchpoints = {{"2026-11-01T00:00:00Z", "ad", "ann@example.com"}};
            }),
            Words{"source_names_contact /source/touchpoints"});
  EXPECT_EQ(faults_with([](RawLead& raw) { raw.at(Column::hops) = "many"; }),
            Words{"source_invalid /source/hops"});
  EXPECT_EQ(faults_with([](RawLead& raw) { raw.at(Column::referrer_url) = "ftp://example.com/"; }),
            Words{"url_invalid /referrer_url"});
}

TEST(LeadCheck, ATaxonomySaysWhatWasNotToldAndClassifiesBesideIt) {
  auto taxonomy = std::make_shared<storage::TaxonomyVersion>();
  taxonomy->version = 4;
  taxonomy->terms.rules = {
      {{{quality::SourceField::utm_source, quality::SourceMatch::equals, "google"}}, 6, "search"}};
  auto market = rules();
  market.taxonomy = taxonomy;
  auto raw = good();
  raw.at(Column::utm_source) = "Google";
  auto const told = check(raw, market);
  ASSERT_TRUE(told);
  EXPECT_EQ(told->vehicle, Vehicle::web_form) << "what was told stays";
  EXPECT_EQ(told->reason(), "quote");
  EXPECT_EQ(told->source_class, (quality::SourceClass{6, "search"}));
  raw.at(Column::vehicle).reset();
  raw.at(Column::source_reason) = " ";
  auto const found = check(raw, market);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->vehicle, Vehicle::ad);
  EXPECT_EQ(found->reason(), "search");
  raw.at(Column::utm_source).reset();
  EXPECT_EQ(faults_of(raw, market),
            (Words{"missing_field /source/vehicle", "missing_field /source/reason"}));
}

TEST(LeadCheck, CompaniesAndTouchpointsHaveLimits) {
  EXPECT_EQ(faults_with([](RawLead& raw) { raw.consent_companies.assign(101, "Acme"); }),
            Words{"value_too_long /consent/companies"});
  EXPECT_EQ(faults_with([](RawLead& raw) {
              raw.consent_companies = {"Acme", " "};
            }),
            Words{"value_too_long /consent/companies"});
  EXPECT_EQ(faults_with([](RawLead& raw) {
              raw.touchpoints.assign(33, {"2026-11-01T00:00:00Z", "ad", "search"});
            }),
            Words{"value_too_long /source/touchpoints"});
  EXPECT_EQ(faults_with([](RawLead& raw) {
              raw.touchpoints = {{"2026-11-01", "ad", "search"}};
            }),
            Words{"source_invalid /source/touchpoints"});
  auto raw = good();
  raw.consent_companies = {"Acme"};
  raw.touchpoints = {{"2026-11-01T00:00:00Z", "ad", "search"}};
  auto const lead = check(raw);
  ASSERT_TRUE(lead);
  EXPECT_EQ(lead->consent_companies, std::vector<std::string>{"Acme"});
  EXPECT_EQ(lead->touchpoints.at(0).reason, "search");
}

void expect_no_echo(RawLead const& raw, std::string_view value) {
  auto const lead = check(raw);
  if (lead || value.size() < 4) return;
  for (auto const& fault : lead.error()) {
    EXPECT_EQ(fault.detail.find(value), std::string_view::npos) << value;
    EXPECT_EQ(fault.pointer.find(value), std::string::npos) << value;
  }
}

TEST(LeadCheck, HostileStringsInEveryFieldNeitherCrashNorEcho) {
  if (!test::has_shared("strings/sqli.jsonl")) GTEST_SKIP();
  for (auto const& text : test::read_hostile_strings()) {
    for (std::size_t i = 0; i < kColumnCount; ++i) {
      auto raw = good();
      raw.columns[i] = text;
      expect_no_echo(raw, text);
    }
    for (std::size_t i = 0; i < 4; ++i) {
      auto raw = good();
      raw.attributes[i] = i % 2 == 0 ? RawScalar{CellText{text}} : RawScalar{JsonText{text}};
      expect_no_echo(raw, text);
    }
  }
}

TEST(LeadCheck, FreeTextGoesThroughByteExact) {
  if (!test::has_shared("strings/sqli.jsonl")) GTEST_SKIP();
  for (auto const& text : test::read_hostile_strings()) {
    if (text.size() > octets_max(Column::city) || text.find('\0') != std::string::npos) continue;
    auto raw = good();
    raw.at(Column::city) = text;
    auto const lead = check(raw);
    ASSERT_TRUE(lead) << text;
    EXPECT_EQ(lead->at(Column::city), text);
  }
}

// Random bytes and random edits of good values; the sanitizers are the judge, and each answer has
// to be one or the other: a lead or at least one fault.
TEST(LeadCheck, RandomBytesNeverBreakIt) {
  auto const seed = std::random_device{}();
  std::cout << "seed " << seed << '\n';
  std::mt19937_64 random{seed};
  for (int i = 0; i < 4'000; ++i) {
    auto raw = good();
    std::vector<std::string> keep;
    keep.reserve(kColumnCount);
    for (auto& column : raw.columns) {
      if (random() % 4 != 0) continue;
      std::string text = column ? std::string{*column} : std::string{};
      for (auto edits = random() % 6; edits > 0; --edits) {
        auto const byte = static_cast<char>(random() % (random() % 2 == 0 ? 128 : 256));
        text.insert(random() % (text.size() + 1), 1, byte);
      }
      keep.push_back(std::move(text));
      column = keep.back();
    }
    auto const lead = check(raw);
    if (!lead) {
      EXPECT_FALSE(lead.error().empty());
    }
  }
}

}  // namespace
}  // namespace leadex::intake
