#include "tests/support/lead_file.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "server/intake/contact/lead_check.hpp"
#include "server/intake/contact/text.hpp"
#include "tests/server/intake/contact/corpus.hpp"
#include "tests/support/synthetic_person.hpp"

namespace leadex::test {
namespace {

using intake::AttributeRule;
using intake::AttributeType;
using intake::MarketRules;
using intake::RawLead;
using namespace std::chrono_literals;

constexpr Timestamp kNow = std::chrono::sys_days{std::chrono::year{2026} / 11 / 22} + 12h;
constexpr std::uint64_t kRows = 2'000;
constexpr auto kBankFile = "leads/bank-marketing-half.csv";

AttributeRule rule_of(std::string const& name, json::Value const& schema) {
  AttributeRule rule{.name = name};
  auto const type = text_of(schema, "type");
  if (type == "integer") rule.type = AttributeType::integer;
  if (type == "boolean") rule.type = AttributeType::boolean;
  if (schema.HasMember("minimum")) rule.minimum = schema["minimum"].GetInt64();
  if (schema.HasMember("maximum")) rule.maximum = schema["maximum"].GetInt64();
  if (schema.HasMember("enum")) {
    for (auto const& word : schema["enum"].GetArray()) {
      rule.one_of.emplace_back(std::string{word.GetString()});
    }
  }
  return rule;
}

MarketRules bank_market() {
  auto const schema = json::parse(bank_market_attributes_json());
  EXPECT_TRUE(schema);
  MarketRules market;
  market.country = "US";
  market.currency = "USD";
  for (auto const& member : (*schema)["properties"].GetObject()) {
    market.attributes.push_back(rule_of(member.name.GetString(), member.value));
  }
  for (auto const& name : (*schema)["required"].GetArray()) {
    market.attributes[*market.attribute_named(name.GetString())].required = true;
  }
  return market;
}

using Record = std::vector<std::string>;

// Plain reading of RFC 4180; the product's own reader has tests of its own.
std::vector<Record> read_csv(std::string_view text) {
  std::vector<Record> records;
  Record record(1);
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char const c = text[i];
    if (quoted && c == '"' && i + 1 < text.size() && text[i + 1] == '"') {
      record.back() += text[++i];
    } else if (c == '"') {
      quoted = !quoted;
    } else if (!quoted && c == ',') {
      record.emplace_back();
    } else if (!quoted && c == '\r') {
      ++i;
      records.push_back(std::exchange(record, Record(1)));
    } else {
      record.back() += c;
    }
  }
  return records;
}

RawLead raw_of(Record const& header, Record const& record, MarketRules const& market) {
  RawLead raw;
  raw.attributes.resize(market.attributes.size());
  for (std::size_t i = 0; i < header.size(); ++i) {
    if (auto const column = intake::column_named(header[i])) {
      raw.at(*column) = record[i];
    } else if (auto const attribute = market.attribute_named(header[i])) {
      raw.attributes[*attribute] = intake::CellText{record[i]};
    } else {
      ADD_FAILURE() << "unknown column " << header[i];
    }
  }
  return raw;
}

/// What intake says of each row: the codes of all faults, or duplicate_in_batch, or nothing.
class Judge {
 public:
  explicit Judge(Record header) : header_{std::move(header)}, market_{bank_market()} {}

  std::vector<std::string> operator()(Record const& record) {
    if (record.size() != header_.size()) return {"malformed_row"};
    auto const lead = check_lead(raw_of(header_, record, market_), {market_, disposable_, kNow});
    std::vector<std::string> codes;
    if (!lead) {
      for (auto const& fault : lead.error()) codes.emplace_back(to_string(fault.code));
      return codes;
    }
    bool const known = (lead->email && emails_.contains(lead->email->normalised)) ||
                       (lead->phone && phones_.contains(lead->phone->e164));
    if (known) return {"duplicate_in_batch"};
    emails_.insert(lead->email->normalised);
    loose_emails_.insert(lead->email->loose);
    phones_.insert(lead->phone->e164);
    return codes;
  }
  [[nodiscard]] std::size_t people() const { return phones_.size(); }
  [[nodiscard]] std::size_t loose_people() const { return loose_emails_.size(); }

 private:
  Record header_;
  MarketRules market_;
  intake::DisposableDomains disposable_;
  std::set<std::string> emails_;
  std::set<std::string> loose_emails_;
  std::set<std::string> phones_;
};

std::optional<LeadFile> bank_file(LeadFileOptions options) {
  if (!has_shared(kBankFile)) return std::nullopt;
  options.now = kNow;
  auto contacts = read_bank_contacts(shared_data() / kBankFile);
  EXPECT_TRUE(contacts);
  return LeadFile{std::move(*contacts), options};
}

TEST(BankContacts, TheFileIsReadWhole) {
  if (!has_shared(kBankFile)) GTEST_SKIP();
  auto const contacts = read_bank_contacts(shared_data() / kBankFile);
  ASSERT_TRUE(contacts);
  EXPECT_EQ(contacts->size(), 22'606U);
  EXPECT_EQ(contacts->front().age, 44);
  EXPECT_EQ(contacts->front().job, "technician");
  EXPECT_EQ(contacts->front().channel, "");
  EXPECT_FALSE(contacts->front().days_since_last);
  auto const bought = std::count_if(contacts->begin(), contacts->end(),
                                    [](BankContact const& each) { return each.bought; });
  EXPECT_EQ(bought, 2'703);
}

TEST(BankContacts, AnotherFileIsRefused) {
  EXPECT_FALSE(read_bank_contacts("no/such/file.csv"));
  EXPECT_FALSE(read_bank_contacts("CMakeLists.txt"));
}

TEST(LeadFile, TheRowCheckFindsEveryPlantedFaultAndNoOther) {
  auto const file = bank_file({.rows = kRows, .seed = 7, .fault_bp = 3'000});
  if (!file) GTEST_SKIP();
  std::ostringstream leads;
  std::ostringstream oracle;
  ASSERT_TRUE(file->write(leads, oracle));
  auto const records = read_csv(leads.str());
  ASSERT_EQ(records.size(), kRows + 1);
  Judge judge{records.front()};
  std::map<std::string, int> counts;
  for (std::uint64_t number = 1; number <= kRows; ++number) {
    auto const planted = std::string{code_of(file->row(number).fault)};
    auto const found = judge(records[number]);
    auto const wanted = planted.empty() ? std::vector<std::string>{} : std::vector{planted};
    EXPECT_EQ(found, wanted) << "row " << number;
    ++counts[planted];
  }
  for (auto const& [code, count] : counts) std::cout << code << ' ' << count << '\n';
  EXPECT_EQ(counts.size(), 12U);  // eleven kinds and the good rows
  EXPECT_EQ(judge.people(), static_cast<std::size_t>(counts[""]));
  EXPECT_EQ(judge.loose_people(), judge.people());
}

TEST(LeadFile, WithoutFaultsEveryRowIsGood) {
  auto const file = bank_file({.rows = 3'000, .seed = 11, .fault_bp = 0});
  if (!file) GTEST_SKIP();
  auto const header = read_csv(file->header()).front();
  Judge judge{header};
  for (std::uint64_t number = 1; number <= 3'000; ++number) {
    EXPECT_EQ(judge(read_csv(file->row(number).text).front()), std::vector<std::string>{});
  }
}

TEST(LeadFile, TheOracleNamesEachRowOnce) {
  auto const file = bank_file({.rows = 500, .seed = 3, .fault_bp = 2'000, .dead_bp = 1'000});
  if (!file) GTEST_SKIP();
  std::ostringstream leads;
  std::ostringstream oracle;
  ASSERT_TRUE(file->write(leads, oracle));
  std::istringstream lines{oracle.str()};
  std::string line;
  ASSERT_TRUE(std::getline(lines, line));
  EXPECT_EQ(line, "row,fault,duplicate_of,dead_number,bought");
  int dead = 0;
  for (std::uint64_t number = 1; number <= 500; ++number) {
    ASSERT_TRUE(std::getline(lines, line));
    auto const made = file->row(number);
    EXPECT_TRUE(line.starts_with(std::to_string(number) + ',' + std::string{code_of(made.fault)}));
    if (made.dead_number) {
      ++dead;
      EXPECT_EQ(made.fault, PlantedFault::none);
    }
    if (made.duplicate_of != 0) {
      EXPECT_LT(made.duplicate_of, number);
      EXPECT_EQ(file->row(made.duplicate_of).fault, PlantedFault::none);
    }
  }
  EXPECT_FALSE(std::getline(lines, line));
  EXPECT_GT(dead, 15);
  EXPECT_LT(dead, 80);
}

TEST(LeadFile, TheSameSeedGivesTheSameBytes) {
  auto const one = bank_file({.rows = 300, .seed = 5});
  auto const same = bank_file({.rows = 300, .seed = 5});
  auto const other = bank_file({.rows = 300, .seed = 6});
  if (!one) GTEST_SKIP();
  std::string first;
  std::string second;
  std::string third;
  for (std::uint64_t number = 1; number <= 300; ++number) {
    first += one->row(number).text;
    second += same->row(number).text;
    third += other->row(number).text;
  }
  EXPECT_EQ(first, second);
  EXPECT_NE(first, third);
}

TEST(LeadFile, LinesOfJsonAreLeadsUnlessSpoiled) {
  auto const file =
      bank_file({.rows = 400, .seed = 9, .fault_bp = 4'000, .format = LeadFormat::ndjson});
  if (!file) GTEST_SKIP();
  EXPECT_EQ(file->header(), "");
  for (std::uint64_t number = 1; number <= 400; ++number) {
    auto const made = file->row(number);
    EXPECT_EQ(std::count(made.text.begin(), made.text.end(), '\n'), 1);
    auto const lead = json::parse(made.text);
    bool const is_lead = lead && lead->IsObject();
    EXPECT_EQ(is_lead, made.fault != PlantedFault::malformed_row) << made.text;
    if (made.fault == PlantedFault::none) {
      EXPECT_TRUE((*lead)["attributes"]["age"].IsInt64());
      EXPECT_TRUE((*lead)["attributes"]["housing"].IsBool());
      EXPECT_TRUE((*lead)["contact"]["email"].IsString());
    }
  }
}

TEST(SyntheticPerson, NumbersAreInThePlanAndDistinctOverAMillionRows) {
  std::set<std::string> mailboxes;
  std::vector<std::string> numbers;
  constexpr std::uint64_t kStride = 37;  // prime, so that states and spellings vary
  for (std::uint64_t row = 1; row < 1'000'000; row += kStride) {
    auto const person = make_person(4, row);
    numbers.push_back(person.national);
    mailboxes.insert(person.email);
    auto const phone = intake::parse_phone(spell_phone(person.national, row), "US");
    ASSERT_TRUE(phone) << person.national;
    EXPECT_EQ(phone->e164, "+1" + person.national);
    EXPECT_EQ(phone->region, "US");
  }
  for (std::size_t i = 0; i < numbers.size(); i += 50) {
    EXPECT_TRUE(intake::parse_phone_by_library("+1" + numbers[i], "US")) << numbers[i];
  }
  std::set<std::string> const distinct(numbers.begin(), numbers.end());
  EXPECT_EQ(distinct.size(), numbers.size());
  EXPECT_EQ(mailboxes.size(), numbers.size());
}

}  // namespace
}  // namespace leadex::test
