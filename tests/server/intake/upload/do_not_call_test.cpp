// Uploads against do-not-call lists.

#include <gtest/gtest.h>

#include "server/intake/do_not_call.hpp"
#include "server/storage/postgres/do_not_call.hpp"
#include "tests/server/intake/upload/lot_rig.hpp"

namespace leadex::test {
namespace {

using intake::DoNotCall;

Timestamp midnight(Timestamp at) { return std::chrono::floor<std::chrono::days>(at); }
Timestamp system_now() {
  return std::chrono::time_point_cast<Micros>(std::chrono::system_clock::now());
}

class UploadDoNotCall : public testing::Test {
 protected:
  explicit UploadDoNotCall(std::string const& definition = R"({"do_not_call":"country"})")
      : rig_(definition) {
    rig_.uploads->do_not_call = &guard_;
  }
  /// Brings a list of that age and puts it in force.
  storage::DoNotCallSwitch bring(std::vector<std::string> const& phones,
                                 std::chrono::days age = {}) {
    auto const load = rig_.run(lists_.begin("US", midnight(system_now()) - age)).value();
    std::vector<std::string> digests;
    for (auto const& phone : phones) {
      digests.push_back(intake::do_not_call_digest(rig_.ring, phone));
    }
    auto const added = rig_.run(lists_.add(load, digests)).value();
    return rig_.run(lists_.put_in_force(load, added, 31)).value();
  }
  /// The phone of a row of a made file, in E.164.
  static std::string phone_of(std::string const& line) {
    std::string const name = R"("phone":")";
    auto const from = line.find(name) + name.size();
    auto const phone = intake::parse_phone(line.substr(from, line.find('"', from) - from), "US");
    return phone ? phone->e164 : "";
  }

  LotRig rig_;
  storage::postgres::PostgresDoNotCall lists_{rig_.pool};
  DoNotCall guard_{lists_, rig_.ring};
};

TEST_F(UploadDoNotCall, AListedRowIsSuppressedAndTheOthersAreTaken) {
  auto const file = rig_.file(40, 71, 0, LeadFormat::ndjson);
  auto const phone = phone_of(file.row(3).text);
  ASSERT_FALSE(phone.empty()) << file.row(3).text;
  bring({phone, "+12125550199"}, std::chrono::days{31});
  auto const batch = rig_.upload(LotRig::text_of(file, 40), storage::BatchFormat::ndjson);
  EXPECT_EQ(batch.counts.suppressed, 1);
  EXPECT_EQ(batch.counts.accepted, 39);
  EXPECT_EQ(batch.counts.read, 40);
  auto const rejects = rig_.rejects(batch.id);
  ASSERT_EQ(rejects.size(), 1U);
  EXPECT_EQ(rejects[0].row_no, 3);
  EXPECT_EQ(rejects[0].outcome, storage::RowOutcome::suppressed);
  EXPECT_EQ(rejects[0].code, "do_not_call");
  EXPECT_EQ(rejects[0].pointer, "/contact/phone");
  EXPECT_EQ(rejects[0].detail.find(phone.substr(2)), std::string::npos);
}

TEST_F(UploadDoNotCall, AnOldOrMissingListRefusesPhonesOfItsCountry) {
  auto const file = rig_.file(20, 72, 0, LeadFormat::ndjson);
  std::int64_t with_phone = 0;
  for (std::uint64_t row = 1; row <= 20; ++row) {
    with_phone += file.row(row).text.find(R"("phone":")") == std::string::npos ? 0 : 1;
  }
  ASSERT_GT(with_phone, 0);
  auto const listed_phone = phone_of(file.row(3).text);
  bring({listed_phone}, std::chrono::days{32});
  auto const batch = rig_.upload(LotRig::text_of(file, 20), storage::BatchFormat::ndjson);
  EXPECT_EQ(batch.counts.suppressed, 1);
  EXPECT_EQ(batch.counts.rejected, with_phone - 1);
  EXPECT_EQ(batch.counts.accepted, 20 - with_phone);
  EXPECT_EQ(rig_.number("select count(*) from leadex.person where lead_no not in (select lead_no "
                        "from leadex.lead)"),
            0)
      << "who was refused is not known in the market";
  for (auto const& reject : rig_.rejects(batch.id)) {
    EXPECT_EQ(reject.code, reject.row_no == 3 ? "do_not_call" : "do_not_call_stale");
    EXPECT_EQ(reject.pointer, "/contact/phone");
  }
}

class NoDoNotCall : public UploadDoNotCall {
 protected:
  NoDoNotCall() : UploadDoNotCall(R"({"do_not_call":"none"})") {}
};

TEST_F(NoDoNotCall, AMarketThatAsksForNoListTakesEveryPhone) {
  auto const file = rig_.file(20, 72, 0, LeadFormat::ndjson);
  bring({phone_of(file.row(3).text)}, std::chrono::days{40});
  auto const batch = rig_.upload(LotRig::text_of(file, 20), storage::BatchFormat::ndjson);
  EXPECT_EQ(batch.counts.accepted, 20);
}

}  // namespace
}  // namespace leadex::test
