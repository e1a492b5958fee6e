#include <gtest/gtest.h>

#include <map>
#include <regex>

#include "tests/server/intake/upload/lot_rig.hpp"
#include "tests/support/name_server.hpp"

namespace leadex::test {
namespace {

/// A sound row with this address and number instead of its own.
std::string row_of(LotRig const& rig, int no, std::string const& email, int person) {
  static std::regex const kEmail{R"("email":"[^"]*",?)"};
  static std::regex const kPhone{R"("phone":"[^"]*",?)"};
  static std::regex const kContact{R"("contact":\{)"};
  static std::regex const kId{R"("external_id":"[^"]*")"};
  auto const row = static_cast<std::uint64_t>(no);
  auto line = rig.file(50, 77, 0, LeadFormat::ndjson).row(row).text;
  line = std::regex_replace(line, kEmail, "");
  line = std::regex_replace(line, kPhone, "");
  line = std::regex_replace(line, kId, "\"external_id\":\"x" + std::to_string(no) + "\"");
  auto const number = std::to_string(1000 + person);
  return std::regex_replace(
      line, kContact,
      "\"contact\":{\"email\":\"" + email + "\",\"phone\":\"201555" + number + "\",");
}

class MailUpload : public testing::Test {
 protected:
  void SetUp() override {
    if (!NameServer::there()) GTEST_SKIP();
    names_.emplace();
  }
  std::optional<NameServer> names_;
};

TEST_F(MailUpload, DomainsThatTakeNoMailAreRefusedAndLeaveNoTrace) {
  LotRig rig;
  auto const mail = dns::make_mail_domains({.servers = names_->address()});
  rig.uploads->mail = mail.get();
  std::string text;
  text += row_of(rig, 1, "a@mx.zone.test", 1);
  text += row_of(rig, 2, "b@null.zone.test", 2);
  text += row_of(rig, 3, "c@nobody.zone.test", 3);
  text += row_of(rig, 4, "d@aonly.zone.test", 4);
  text += row_of(rig, 5, "e@any.broken.test", 5);
  text += row_of(rig, 6, "f@mx.zone.test", 2);      // the phone of row 2, which was refused
  text += row_of(rig, 7, "c@nobody.zone.test", 7);  // as row 3: refused, no duplicate of it
  text += row_of(rig, 8, "info@mx.zone.test", 8);
  text += row_of(rig, 9, "a@mx.zone.test", 9);  // the e-mail of row 1
  auto const batch = rig.upload(text, storage::BatchFormat::ndjson);
  std::map<std::int64_t, std::string> codes;
  for (auto const& reject : rig.rejects(batch.id)) {
    codes[reject.row_no] =
        reject.code + " " + reject.pointer + " " + reject.external_id.value_or("-");
  }
  std::map<std::int64_t, std::string> const expected{{2, "email_undeliverable /contact/email x2"},
                                                     {3, "email_undeliverable /contact/email x3"},
                                                     {7, "email_undeliverable /contact/email x7"},
                                                     {9, "duplicate_in_batch  x9"}};
  EXPECT_EQ(codes, expected);
  EXPECT_EQ(batch.counts.accepted, 5);
  EXPECT_EQ(mail->counts().domains, 5U) << "each domain of the chunk once";

  auto job = [&](storage::LotTx& tx) { return tx.batches().rows(batch, 0, 100); };
  auto const rows = rig.run(rig.store.transact(job));
  ASSERT_TRUE(rows);
  std::map<std::int64_t, std::int32_t> warnings;
  intake::RowWarnings of_the_generator;  // its people's addresses are made up
  of_the_generator.add(intake::RowWarning::ip_not_public);
  of_the_generator.add(intake::RowWarning::postal_code_mismatch);
  for (auto const& row : *rows) {
    auto const others = row.warnings & ~of_the_generator.bits();
    if (others != 0) warnings[row.row_no] = others;
  }
  intake::RowWarnings not_checked;
  not_checked.add(intake::RowWarning::email_not_checked);
  intake::RowWarnings role;
  role.add(intake::RowWarning::email_role);
  std::map<std::int64_t, std::int32_t> const told{{5, not_checked.bits()}, {8, role.bits()}};
  EXPECT_EQ(warnings, told);
}

TEST_F(MailUpload, AServerThatIsGoneLetsEverythingPassWithAWarning) {
  LotRig rig;
  SilentServer const silent;
  auto const mail = dns::make_mail_domains(
      {.servers = silent.address(), .try_timeout = std::chrono::milliseconds{50}});
  rig.uploads->mail = mail.get();
  std::string text;
  for (int i = 1; i <= 40; ++i) text += row_of(rig, i, "p@d" + std::to_string(i) + ".zone.test", i);
  auto const batch = rig.upload(text, storage::BatchFormat::ndjson);
  EXPECT_EQ(batch.counts.accepted, 40);
  EXPECT_EQ(rig.number("select count(*) from leadex.lead where warnings & 4 <> 0"), 40);
}

TEST(Warnings, TheSuggestionIsStoredWithTheLead) {
  LotRig rig;
  auto const batch = rig.upload(row_of(rig, 1, "ann@gmial.com", 1), storage::BatchFormat::ndjson);
  ASSERT_EQ(batch.counts.accepted, 1);
  EXPECT_EQ(rig.number("select count(*) from leadex.lead where domain_suggested = 'gmail.com' and "
                       "warnings & 2 <> 0"),
            1);
}

}  // namespace
}  // namespace leadex::test
