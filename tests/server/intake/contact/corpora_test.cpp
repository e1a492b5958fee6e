// Each list of other people's test data through the door it belongs to, with its count: agree,
// stricter (and why), wrong. Wrong has to be none where the list decides; the reasons for being
// stricter stand in docs/decisions/0022-contact-checks.md.

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "server/intake/contact/domain_name.hpp"
#include "server/intake/contact/email.hpp"
#include "server/intake/contact/landing_page.hpp"
#include "server/intake/contact/lead_check.hpp"
#include "server/intake/contact/phone.hpp"
#include "server/intake/csv/reader.hpp"
#include "server/intake/csv/writer.hpp"
#include "server/intake/ndjson/reader.hpp"
#include "tests/server/intake/contact/corpus.hpp"

namespace leadex::intake {
namespace {

class Tally {
 public:
  explicit Tally(std::string corpus) : corpus_(std::move(corpus)) {}

  void agree() { ++agree_; }
  void stricter(std::string const& reason) { ++stricter_[reason]; }
  void wrong(std::string what) { wrong_.push_back(std::move(what)); }

  /// Prints the line and gives the number of wrong verdicts.
  std::size_t print() const {
    int strict = 0;
    std::string reasons;
    for (auto const& [reason, count] : stricter_) {
      strict += count;
      reasons += (reasons.empty() ? " (" : ", ") + reason + " " + std::to_string(count);
    }
    if (!reasons.empty()) reasons += ")";
    std::cout << corpus_ << ": agree " << agree_ << ", stricter " << strict << reasons << ", wrong "
              << wrong_.size() << '\n';
    for (auto const& what : wrong_) std::cout << "  wrong: " << what << '\n';
    return wrong_.size();
  }
  [[nodiscard]] int agreed() const { return agree_; }

 private:
  std::string corpus_;
  int agree_ = 0;
  std::map<std::string, int> stricter_;
  std::vector<std::string> wrong_;
};

std::string reason_of(EmailFault fault) {
  switch (fault) {
    case EmailFault::address_literal:
      return "address literal";
    case EmailFault::domain_single_label:
      return "single label";
    case EmailFault::domain_top_level:
      return "numeric or one-letter top level";
    case EmailFault::domain_idn:
      return "not IDNA 2008";
    case EmailFault::local_syntax:
      return "local part of message syntax";
    case EmailFault::domain_syntax:
      return "domain of message syntax";
    case EmailFault::not_text:
      return "a control character";
    case EmailFault::too_long:
    case EmailFault::local_too_long:
    case EmailFault::domain_too_long:
      return "longer than RFC 5321 allows";
    default:
      return {};
  }
}

// The first three are decisions of email.hpp; an SMTP server would take these addresses.
bool is_decision(EmailFault fault) {
  return fault == EmailFault::address_literal || fault == EmailFault::domain_single_label ||
         fault == EmailFault::domain_top_level;
}

TEST(Corpora, EmailIsemail) {
  if (!test::has_shared("email/isemail.jsonl")) GTEST_SKIP();
  std::map<std::string, Tally> tallies;
  for (auto const& row : test::read_json_lines("email/isemail.jsonl")) {
    auto const text = test::text_of(row, "address");
    auto const category = test::text_of(row, "category");
    auto& tally = tallies.try_emplace(category, "email/isemail " + category).first->second;
    auto const address = parse_email(text);
    bool const allowed = category == "ISEMAIL_VALID_CATEGORY" || category == "ISEMAIL_RFC5321";
    // Of these the product decides: DNSWARN is a valid name that did not resolve; the rest is what
    // only message headers may hold.
    bool const free = !allowed && category != "ISEMAIL_ERR";
    if (address) {
      if (category == "ISEMAIL_ERR") {
        tally.wrong(text);
      } else {
        tally.agree();
      }
    } else if (category == "ISEMAIL_ERR") {
      tally.agree();
    } else if ((free && !reason_of(address.error()).empty()) || is_decision(address.error())) {
      tally.stricter(reason_of(address.error()));
    } else {
      tally.wrong(text);
    }
  }
  for (auto const& [category, tally] : tallies) EXPECT_EQ(tally.print(), 0U) << category;
}

TEST(Corpora, EmailValidator) {
  if (!test::has_shared("email/emailvalidator.jsonl")) GTEST_SKIP();
  Tally tally{"email/emailvalidator"};
  for (auto const& row : test::read_json_lines("email/emailvalidator.jsonl")) {
    auto const text = test::text_of(row, "address");
    auto const address = parse_email(text);
    if (address.has_value() == row["valid"].GetBool()) {
      tally.agree();
    } else if (!address && !reason_of(address.error()).empty()) {
      tally.stricter(reason_of(address.error()));
    } else {
      tally.wrong(text);
    }
  }
  EXPECT_EQ(tally.print(), 0U);
}

TEST(Corpora, PhonesAgainstTheLibrary) {
  if (!test::has_shared("phone/examples.jsonl")) GTEST_SKIP();
  Tally tally{"phone/examples, against the library"};
  Tally stated{"phone/examples, against the file"};
  std::map<PhoneType, int> types;
  for (auto const& row : test::read_json_lines("phone/examples.jsonl")) {
    auto const region = test::text_of(row, "region");
    for (auto const* form : {"e164", "national", "international", "rfc3966"}) {
      if (!row.HasMember(form) || !row[form].IsString()) continue;
      auto const text = test::text_of(row, form);
      auto const ours = parse_phone(text, region);
      auto const judge = parse_phone_by_library(text, region);
      if (ours.has_value() == judge.has_value() && (!ours || *ours == *judge)) {
        tally.agree();
      } else {
        tally.wrong(text + " " + region);
      }
      if (ours) ++types[ours->type];
      // Another version of the same library made the file.
      if (ours.has_value() == row["valid"].GetBool()) {
        stated.agree();
      } else {
        stated.stricter(ours ? "taken by this version" : "refused by this version");
      }
    }
  }
  EXPECT_EQ(tally.print(), 0U);
  EXPECT_EQ(stated.print(), 0U);
  EXPECT_GE(types.size(), 8U) << "the types are told apart";
}

std::string reason_of(UrlFault fault) {
  switch (fault) {
    case UrlFault::too_long:
      return "too long";
    case UrlFault::not_text:
      return "space, quote, backslash or control character";
    case UrlFault::scheme:
      return "not http(s)://";
    case UrlFault::user_info:
      return "user info";
    case UrlFault::host:
      return "host not public";
    case UrlFault::port:
      return "port";
  }
  return {};
}

// Browsers repair; a page that comes as evidence has to be right as it is. What the standard fails
// on must never pass.
TEST(Corpora, LandingPages) {
  if (!test::has_shared("url/wpt-urltestdata.jsonl")) GTEST_SKIP();
  Tally tally{"url/wpt-urltestdata"};
  for (auto const& row : test::read_json_lines("url/wpt-urltestdata.jsonl")) {
    if (!row.HasMember("input")) continue;
    bool const relative = row.HasMember("base") && row["base"].IsString();
    auto const text = test::text_of(row, "input");
    auto const fault = find_url_fault(text);
    bool const failure = row.HasMember("failure") && row["failure"].GetBool();
    bool const good = !failure && !relative;
    if (fault.has_value() != good) {
      tally.agree();
    } else if (fault) {
      tally.stricter(reason_of(*fault));
    } else if (relative && !failure) {
      tally.agree();  // absolute on its own, whatever the base
    } else {
      tally.wrong(text);
    }
  }
  EXPECT_EQ(tally.print(), 0U);
}

TEST(Corpora, UrlsAimedAtTheInsideAreNoLandingPages) {
  if (!test::has_shared("ssrf/urls.jsonl")) GTEST_SKIP();
  int refused = 0;
  int taken = 0;
  for (auto const& row : test::read_json_lines("ssrf/urls.jsonl")) {
    if (!row.HasMember("url")) continue;
    ++(find_url_fault(test::text_of(row, "url")) ? refused : taken);
  }
  // Names that lead inside are found only by those who follow them, and nobody follows these.
  std::cout << "ssrf/urls: refused " << refused << ", taken as text " << taken << '\n';
  EXPECT_GT(refused, taken);
}

TEST(Corpora, DomainNames) {
  if (!test::has_shared("url/wpt-toascii.jsonl")) GTEST_SKIP();
  for (auto const* file : {"url/wpt-toascii.jsonl", "url/wpt-idna-v2.jsonl"}) {
    Tally tally{file};
    for (auto const& row : test::read_json_lines(file)) {
      if (!row.HasMember("input")) continue;
      auto const text = test::text_of(row, "input");
      auto const name = to_ascii_domain(text);
      bool const wanted = row.HasMember("output") && row["output"].IsString();
      if (name.has_value() == wanted && (!wanted || *name == test::text_of(row, "output"))) {
        tally.agree();
      } else if (!name) {
        constexpr std::array<std::string_view, 5> kReasons{
            "not letters, digits, hyphens", "too long", "not IDNA 2008", "single label",
            "numeric or one-letter top level"};
        tally.stricter(std::string{kReasons.at(static_cast<std::size_t>(name.error()))});
      } else {
        tally.wrong(text + " -> " + *name);
      }
    }
    EXPECT_EQ(tally.print(), 0U) << file;
    EXPECT_GT(tally.agreed(), 10) << file;
  }
}

TEST(Corpora, HostileStringsStayByteForByteInALead) {
  if (!test::has_shared("strings/sqli.jsonl")) GTEST_SKIP();
  auto strings = test::read_hostile_strings();
  for (auto const& row : test::read_json_lines("strings/unicode-confusables.jsonl")) {
    strings.push_back(test::text_of(row, "char"));
  }
  DisposableDomains const none;
  MarketRules rules;
  rules.country = "US";
  rules.currency = "USD";
  rules.attributes.push_back({.name = "note"});
  Tally tally{"strings (free text, names, note)"};
  for (auto const& text : strings) {
    RawLead raw;
    raw.at(Column::first_name) = text;
    raw.at(Column::last_name) = "Lee";
    raw.at(Column::email) = "ann@example.com";
    raw.at(Column::captured_at) = "2026-11-21T10:00:00Z";
    raw.at(Column::consent_at) = "2026-11-21T09:59:00Z";
    raw.at(Column::consent_text) = text;
    raw.at(Column::city) = text;
    raw.at(Column::vehicle) = "web_form";
    raw.at(Column::source_reason) = "quote";
    raw.attributes = {CellText{text}};
    Timestamp const now = std::chrono::sys_days{std::chrono::year{2026} / 11 / 22};
    auto lead = check_lead(raw, {rules, none, now});
    if (!lead) {
      bool const only_name = lead.error().size() == 1;
      raw.at(Column::first_name) = "Ann";
      lead = check_lead(raw, {rules, none, now});
      tally.stricter(lead && only_name ? "no name"
                                       : std::string{to_string(lead ? RowCode::name_invalid
                                                                    : lead.error().front().code)});
      if (!lead) continue;
    } else {
      tally.agree();
    }
    if (lead->at(Column::consent_text) != text || lead->at(Column::city) != text) {
      tally.wrong(text);
    }
  }
  EXPECT_EQ(tally.print(), 0U);
  EXPECT_GT(strings.size(), 5000U);
}

TEST(Corpora, HostileStringsRoundTripThroughCsv) {
  if (!test::has_shared("strings/sqli.jsonl")) GTEST_SKIP();
  Tally tally{"strings through CSV"};
  for (auto const& text : test::read_hostile_strings()) {
    std::string file = "a,b\r\n\"";
    for (char const c : text) file += c == '"' ? std::string{"\"\""} : std::string{c};
    file += "\",x\r\n";
    std::vector<std::string> found;
    std::optional<CsvRowFault> fault;
    CsvReader reader{[&](CsvRow const& row) {
      fault = row.fault;
      for (auto const field : row.fields) found.emplace_back(field);
    }};
    ASSERT_TRUE(reader.feed(file));
    ASSERT_TRUE(reader.finish());
    if (found == std::vector<std::string>{text, "x"}) {
      tally.agree();
    } else if (fault) {
      tally.stricter(std::string{to_string(*fault)});
    } else {
      tally.wrong(text);
    }
  }
  EXPECT_EQ(tally.print(), 0U);
}

TEST(Corpora, JsonThroughTheLinesOfAnUpload) {
  constexpr std::string_view kFolder = "json/JSONTestSuite/test_parsing";
  if (!test::has_shared(kFolder)) GTEST_SKIP();
  Tally tally{"json/JSONTestSuite as NDJSON"};
  for (auto const& entry : std::filesystem::directory_iterator{test::shared_data() / kFolder}) {
    auto const name = entry.path().filename().string();
    if (name.starts_with("i_")) continue;
    auto const text = test::read_whole(entry.path());
    // A line is one value: files of several lines, and those the door calls no UTF-8 file, are
    // judged as a whole file.
    bool good = true;
    int rows = 0;
    NdjsonReader reader{[&](NdjsonRow const& row) {
                          ++rows;
                          good =
                              good && (!row.fault || *row.fault == NdjsonRowFault::not_an_object);
                        },
                        {}};
    bool const read = reader.feed(text).has_value() && reader.finish().has_value();
    good = good && read && rows == 1;
    bool const lines = text.find('\n') != std::string::npos && text.find('\n') + 1 < text.size();
    if (good == name.starts_with("y_")) {
      tally.agree();
    } else if (!good) {
      bool const twice = name.find("duplicated_key") != std::string::npos;
      tally.stricter(twice ? "duplicate key" : lines ? "several lines" : "other");
    } else {
      tally.wrong(name);
    }
  }
  EXPECT_EQ(tally.print(), 0U);
}

}  // namespace
}  // namespace leadex::intake
