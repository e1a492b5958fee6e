#include <gtest/gtest.h>
#include <zstd.h>

#include <cstring>
#include <random>
#include <set>

#include "server/intake/csv_columns.hpp"
#include "server/intake/digest_set.hpp"
#include "server/intake/lead_document.hpp"
#include "server/intake/lead_rows.hpp"
#include "server/intake/upload_decoder.hpp"
#include "server/privacy/lead_envelope.hpp"

namespace leadex::intake {
namespace {

MarketRules rules() {
  MarketRules rules;
  rules.country = "US";
  rules.currency = "USD";
  rules.attributes.push_back({.name = "age", .type = AttributeType::integer, .required = true});
  rules.attributes.push_back({.name = "note"});
  return rules;
}

std::string digest_of(std::uint64_t n) {
  std::mt19937_64 random{n + 1};
  std::uint64_t const words[2]{random(), random()};
  std::string digest(16, '\0');
  std::memcpy(digest.data(), words, 16);
  return digest;
}

TEST(DigestSet, HoldsWhatWentInInFewBytes) {
  DigestSet set;
  constexpr std::uint64_t kDigests = 300'000;
  for (std::uint64_t n = 0; n < kDigests; ++n) {
    auto const digest = digest_of(n);
    EXPECT_EQ(set.insert(digest), true);
    if (n % 7 == 0) EXPECT_FALSE(set.insert(digest));
    if (n % 1000 == 0) EXPECT_LE(set.memory(), 24 * set.size() + 1'000'000);
  }
  EXPECT_EQ(set.size(), kDigests);
  for (std::uint64_t n = 0; n < kDigests; n += 11) EXPECT_TRUE(set.contains(digest_of(n)));
  for (std::uint64_t n = kDigests; n < kDigests + 20'000; ++n) {
    EXPECT_FALSE(set.contains(digest_of(n)));
  }
}

TEST(CsvColumns, NamesEveryFaultOfAHeader) {
  std::vector<std::string> const header{"email", "what", "email", "age", "first_name"};
  auto const columns = CsvColumns::make(header, rules());
  ASSERT_FALSE(columns);
  std::vector<std::string> faults;
  for (auto const& fault : columns.error()) {
    faults.push_back(fault.pointer + " " + std::string{to_string(fault.code)});
  }
  EXPECT_EQ(faults.at(0), "/header/1 unknown_column");
  EXPECT_EQ(faults.at(1), "/header/2 duplicate_column");
  EXPECT_EQ(faults.at(2), "/header missing_column");
  EXPECT_EQ(faults.size(),
            8U);  // last_name, captured_at, consent_at, consent_text, vehicle, reason
}

TEST(CsvColumns, ReadsTheCompaniesOfAConsent) {
  std::vector<std::string> const header{
      "first_name",   "last_name", "email",         "captured_at", "consent_at",
      "consent_text", "vehicle",   "source_reason", "age",         "consent_companies"};
  auto const columns = CsvColumns::make(header, rules());
  ASSERT_TRUE(columns);
  auto const companies = [&](std::string_view cell) {
    std::vector<std::string_view> row(header.size(), "x");
    row.back() = cell;
    return columns->read(row).consent_companies;
  };
  using Names = std::vector<std::string_view>;
  EXPECT_EQ(companies("Acme; Bell & Sons ;"), (Names{"Acme", "Bell & Sons"}));
  EXPECT_EQ(companies("Acme"), Names{"Acme"});
  EXPECT_EQ(companies(""), Names{});
  EXPECT_EQ(companies("  "), Names{}) << "no companies: an open consent";
  EXPECT_EQ(companies(";").front(), "") << "left for the check to refuse";
  EXPECT_EQ(companies("Acme;;Bell"), (Names{"Acme", "", "Bell"}));

  auto twice = header;
  twice.push_back("consent_companies");
  auto const refused = CsvColumns::make(twice, rules());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().front().code, HeaderCode::duplicate_column);
}

TEST(LeadDocument, ReadsEveryFieldAndPointsAtWhereOneIsUnknownWithoutItsName) {
  auto const text = R"({"external_id":"x1","contact":{"first_name":"Ann","last_name":"Lee",
    "email":"ann@example.com","country":"US"},"attributes":{"age":40,"note":"hi"},
    "consent":{"at":"2026-01-02T03:04:05Z","text":"yes","companies":["One"]},
    "source":{"vehicle":"web_form","reason":"search","sub5":"s","touchpoints":[
      {"at":"2026-01-02T03:04:05Z","vehicle":"ad","reason":"r"}]},
    "captured_at":"2026-01-02T03:04:05Z","ask":{"amount":"5.00","currency":"USD"}})";
  auto const document = json::parse(text);
  ASSERT_TRUE(document);
  auto const raw = read_lead_document(*document, rules());
  ASSERT_TRUE(raw);
  EXPECT_EQ(raw->at(Column::contact_country), "US");
  EXPECT_EQ(raw->at(Column::source_reason), "search");
  EXPECT_EQ(raw->at(Column::sub5), "s");
  EXPECT_EQ(raw->at(Column::ask), "5.00");
  EXPECT_EQ(raw->ask_currency, "USD");
  EXPECT_EQ(std::get<std::int64_t>(*raw->attributes.at(0)), 40);
  EXPECT_EQ(raw->consent_companies.size(), 1U);
  EXPECT_EQ(raw->touchpoints.size(), 1U);

  auto const bad = json::parse(R"({"contact":{"phone":5,"nick":"x"},"market":"m","ask":{}})");
  auto const faults = read_lead_document(*bad, rules());
  ASSERT_FALSE(faults);
  std::vector<std::string> pointers;
  for (auto const& fault : faults.error()) pointers.push_back(fault.pointer);
  EXPECT_EQ(pointers, (std::vector<std::string>{"/contact/phone", "/contact", ""}));
}

class Decoder : public testing::Test {
 protected:
  UploadDecoder make(storage::BatchFormat format, UploadLimits limits = {},
                     Packing packing = Packing::none) {
    return UploadDecoder{{.format = format,
                          .packing = packing,
                          .limits = limits,
                          .rules = rules(),
                          .now = std::chrono::sys_days{std::chrono::year{2026} / 6 / 1}},
                         ring_,
                         disposable_};
  }
  privacy::KeyRing ring_{crypto::Secret(std::string(32, 'k'))};
  DisposableDomains disposable_;
};

TEST_F(Decoder, RefusesMoreRowsOrBytesThanTheLimit) {
  auto rows = make(storage::BatchFormat::ndjson, {.rows = 2});
  EXPECT_TRUE(rows.feed("{}\n{}\n"));
  auto const third = rows.feed("{}\n");
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error(), DecodeFault::too_many_rows);
  EXPECT_EQ(rows.rows().size(), 2U);

  auto bytes = make(storage::BatchFormat::ndjson, {.unpacked_bytes = 10});
  EXPECT_TRUE(bytes.feed("{}\n{}\n"));
  EXPECT_EQ(bytes.feed("{}\n{}\n").error(), DecodeFault::too_large);

  auto cells = make(storage::BatchFormat::csv, {.columns = 3});
  EXPECT_EQ(cells.feed("a,b,c,d\n1,2,3,4\n").error(), DecodeFault::too_many_columns);

  for (auto const packing : {Packing::gzip, Packing::zstd}) {
    auto packed = make(storage::BatchFormat::csv, {}, packing);
    EXPECT_EQ(packed.feed("this is not packed at all").error(), DecodeFault::unpack_failed);
  }
}

TEST_F(Decoder, TakesTheMarksOffAListOfRefusedRowsThatComesBack) {
  std::string const head =
      "external_id,first_name,last_name,email,captured_at,consent_at,consent_text,vehicle,"
      "source_reason,age";
  std::string const row =
      "'=x1,Ann,Lee,ann@example.com,2026-05-31T00:00:00Z,2026-05-31T00:00:00Z,'+yes,web_form,"
      "search,40";
  auto const read = [&](std::string const& more_head, std::string const& more) {
    UploadDecoder decoder{{.format = storage::BatchFormat::csv,
                           .packing = Packing::none,
                           .limits = {},
                           .rules = rules(),
                           .now = std::chrono::sys_days{std::chrono::year{2026} / 6 / 1},
                           .corrects = true,
                           .keep_own = true},
                          ring_,
                          disposable_};
    EXPECT_TRUE(decoder.feed(head + more_head + "\n" + row + more + "\n"));
    EXPECT_TRUE(decoder.finish());
    return std::move(decoder.rows().at(0));
  };
  auto const back = read(",leadex_row", ",7");
  ASSERT_TRUE(back.lead);
  EXPECT_EQ(back.lead->at(Column::external_id), "=x1");
  EXPECT_EQ(back.lead->at(Column::consent_text), "+yes");
  EXPECT_EQ(back.corrected_row, 7);
  EXPECT_EQ(unpack_fields(back.own)->front(), "=x1");
  auto const own = read("", "");
  ASSERT_TRUE(own.lead);
  EXPECT_EQ(own.lead->at(Column::external_id), "'=x1") << "the sender's own file";
}

TEST_F(Decoder, ReadsZstdAsIfItWereNotPacked) {
  std::string const text = "[1]\n{}\nnot json\n";
  std::string packed(ZSTD_compressBound(text.size()), '\0');
  packed.resize(ZSTD_compress(packed.data(), packed.size(), text.data(), text.size(), 3));
  auto plain = make(storage::BatchFormat::ndjson);
  ASSERT_TRUE(plain.feed(text));
  ASSERT_TRUE(plain.finish());
  auto unpacked = make(storage::BatchFormat::ndjson, {}, Packing::zstd);
  for (auto const byte : packed) ASSERT_TRUE(unpacked.feed({&byte, 1}));
  ASSERT_TRUE(unpacked.finish());
  EXPECT_EQ(unpacked.rows().size(), plain.rows().size());
  EXPECT_EQ(unpacked.bytes(), std::ssize(text));
  EXPECT_EQ(unpacked.file_sha256(), plain.file_sha256());

  auto cut = make(storage::BatchFormat::ndjson, {}, Packing::zstd);
  ASSERT_TRUE(cut.feed(std::string_view{packed}.substr(0, packed.size() - 1)));
  EXPECT_EQ(cut.finish().error(), DecodeFault::unpack_cut);
}

TEST_F(Decoder, ListsFaultsInOrderAndNeverTheValue) {
  auto decoder = make(storage::BatchFormat::ndjson);
  ASSERT_TRUE(
      decoder.feed(R"({"external_id":"x1","contact":{"first_name":"R2D2","last_name":"Lee",)"
                   R"("email":"secret.value"},"attributes":{}})"
                   "\n[1]\nnot json\n"));
  ASSERT_TRUE(decoder.finish());
  auto const& rows = decoder.rows();
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows[0].external_id, "x1");
  EXPECT_EQ(rows[0].faults.at(0).code, RowCode::name_invalid);
  EXPECT_EQ(rows[0].faults.at(1).code, RowCode::email_invalid);
  for (auto const& fault : rows[0].faults) {
    EXPECT_EQ(fault.detail.find("secret"), std::string_view::npos);
  }
  EXPECT_EQ(rows[1].faults.at(0).code, RowCode::malformed_row);
  EXPECT_EQ(rows[2].faults.at(0).code, RowCode::malformed_row);
}

TEST(LeadRows, SealsWhatOpensAgainAndNothingElse) {
  privacy::KeyRing const ring{crypto::Secret(std::string(32, 'k'))};
  CheckedLead lead;
  lead.columns[index_of(Column::first_name)] = "Ann";
  lead.columns[index_of(Column::email)] = "Ann@Example.com";
  lead.columns[index_of(Column::contact_country)] = "US";
  lead.columns[index_of(Column::consent_text)] = "I agree";
  lead.columns[index_of(Column::user_agent)] = "agent";
  lead.email = *parse_email("Ann.L+x@Example.com");
  lead.phone = *parse_phone("+12125550123", "US");
  lead.attributes = {AttributeValue{std::int64_t{40}}, std::nullopt, AttributeValue{true}};
  LeadPlace const place{.id = {7, 99}, .batch_no = 3, .row_no = 5, .tenant_no = 11, .version = 1};
  auto const row = make_new_lead(ring, lead, place);
  privacy::LeadKeyRow const key_row{row.kek_id, row.key_wrapped};
  auto const contact = privacy::open_contact(ring, place.id, key_row, row.contact_sealed);
  ASSERT_TRUE(contact);
  EXPECT_EQ(contact->view(), R"({"first_name":"Ann","email":"Ann@Example.com","country":"US"})");
  auto const key = privacy::open_lead_key(ring, place.id, key_row);
  ASSERT_TRUE(key);
  auto const row_key = privacy::row_key(99);
  auto const evidence =
      privacy::open_field(*key, {"contact", 7, row_key, "consent_sealed"}, row.consent_sealed);
  ASSERT_TRUE(evidence);
  EXPECT_EQ(evidence->view(), R"({"consent":{"text":"I agree"},"user_agent":"agent","source":{}})");
  EXPECT_EQ(row.ask_micros, market::kNone);
  EXPECT_FALSE(privacy::open_contact(ring, {7, 98}, key_row, row.contact_sealed));

  auto const claimed = person_digests(ring, lead, DigestUse::claim);
  EXPECT_EQ(std::set<std::string>(claimed.begin(), claimed.end()).size(), 3U);
  auto const texts = attribute_texts(lead);
  EXPECT_EQ(texts.at(0).number, 40);
  EXPECT_EQ(texts.at(1).kind, market::AttributeText::Kind::missing);
  EXPECT_EQ(texts.at(2).number, 1);
}

}  // namespace
}  // namespace leadex::intake
