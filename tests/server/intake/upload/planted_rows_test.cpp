// Planted contacts in uploads whose rows come again: one case each, and its lead is there.

#include <gtest/gtest.h>

#include "server/app/planted_contacts.hpp"
#include "server/storage/postgres/platform_transaction.hpp"
#include "tests/server/intake/upload/pieces_rig.hpp"

namespace leadex::test {
namespace {

using storage::BatchFormat;
using storage::StoreError;

constexpr int kRows = 40;
constexpr std::int64_t kPlantedRow = 17;

class PlantedRows : public ::testing::Test {
 protected:
  PlantedRows() {
    text = LotRig::text_of(rig.file(kRows, 8, 0), kRows);
    rig.uploads->planted = {
        [this] { return planted.known(); },
        [this](std::vector<storage::PlantedHit> hits) { return report(std::move(hits)); }};
  }

  /// What a row's person is known by: the same in every database under the same keys.
  std::vector<std::string> digests_of(std::int64_t row_no) {
    LotRig other;
    other.upload(text);
    pqxx::connection connection{other.files.owner()};
    pqxx::work tx{connection};
    std::vector<std::string> digests;
    for (auto const& row :
         tx.exec_params("select digest from leadex.person p join leadex.lead l using (market_id, "
                        "lead_no) where l.row_no = $1 order by digest",
                        row_no)) {
      digests.push_back(pqxx::binarystring{row.at(0)}.str());
    }
    return digests;
  }
  void plant(std::int64_t planted_no, std::string const& digest) {
    auto const at = LotRig::system_now();
    auto const done = rig.run(database.transact([=](storage::PlatformTx& tx) {
      return tx.planted().plant({.planted_no = planted_no,
                                 .email = digest,
                                 .phone = {},
                                 .note_sealed = "sealed",
                                 .planted_by = 1},
                                at);
    }));
    ASSERT_TRUE(done && *done);
    planted.forget();
  }
  std::vector<storage::FraudCase> cases() {
    return *rig.run(database.transact(
        [](storage::PlatformTx& tx) { return tx.fraud().list(storage::FraudCaseFilter{}); }));
  }
  std::int64_t lead_of(std::int64_t row_no) {
    return rig.number("select lead_no from leadex.lead where row_no = " + std::to_string(row_no));
  }
  /// Leads that no buyer can have.
  std::int64_t withheld() {
    return rig.number("select count(*) from leadex.lead where named_for is not null");
  }

  boost::asio::awaitable<Result<void, StoreError>> report(std::vector<storage::PlantedHit> hits) {
    ++reports;
    if (failures > 0) {
      --failures;
      co_return refuse(failure);
    }
    co_return co_await planted.report(std::move(hits));
  }

  LotRig rig;
  storage::postgres::PostgresDatabase database{rig.pool, rig.numbers, rig.ring};
  app::PlantedContacts planted{database};
  std::string text;
  int reports = 0;
  int failures = 0;
  StoreError failure = StoreError::retry_later;
};

TEST_F(PlantedRows, AnOvertakenPieceAndTheNextOneTellOfOneCase) {
  plant(1, digests_of(kPlantedRow).front());
  Pieces pieces{rig, BatchFormat::csv};
  auto open = [id = pieces.id](storage::LotTx& tx) { return tx.pieces().open(id); };
  auto const first = rig.run(rig.store.transact(open));
  ASSERT_TRUE(rig.run(rig.store.transact(open)));
  auto const late = pieces.send(text, 1, {}, true, first->piece_no);
  ASSERT_FALSE(late);
  EXPECT_EQ(std::get<StoreError>(late.error().reason), StoreError::conflict);
  // It is known at once, and names no lead that is not there.
  ASSERT_EQ(cases().size(), 1U);
  EXPECT_EQ(cases().front().found.lead_no, 0);
  EXPECT_EQ(rig.number("select count(*) from leadex.fraud_case where lead_no > 0"), 1);

  pieces.free_claims();
  auto const done = pieces.send(text, 2, {});
  ASSERT_TRUE(done);
  EXPECT_EQ(pieces.close(*done).counts.accepted, kRows);
  ASSERT_EQ(cases().size(), 1U);
  EXPECT_EQ(cases().front().found.lead_no, lead_of(kPlantedRow));
  EXPECT_EQ(withheld(), 1);
  EXPECT_EQ(rig.number("select count(*) from leadex.audit where action = 'fraud_case.opened'"), 1);
  EXPECT_EQ(reports, 2);
}

TEST_F(PlantedRows, AReportThatComesTooLateIsMadeAgain) {
  plant(1, digests_of(kPlantedRow).front());
  failures = 2;
  EXPECT_EQ(rig.upload(text).counts.accepted, kRows);
  EXPECT_EQ(reports, 3);
  ASSERT_EQ(cases().size(), 1U);
  EXPECT_EQ(cases().front().found.lead_no, lead_of(kPlantedRow));
}

TEST_F(PlantedRows, NoRowIsStoredThatWasNotTold) {
  plant(1, digests_of(kPlantedRow).front());
  failures = 1;
  failure = StoreError::unavailable;
  Pieces pieces{rig, BatchFormat::csv};
  auto const failed = pieces.send(text, 1, {});
  ASSERT_FALSE(failed);
  EXPECT_EQ(std::get<StoreError>(failed.error().reason), StoreError::unavailable);
  EXPECT_EQ(rig.number("select count(*) from leadex.lead"), 0);
  EXPECT_TRUE(cases().empty());

  pieces.free_claims();
  ASSERT_TRUE(pieces.send(text, 2, {}));
  ASSERT_EQ(cases().size(), 1U);
  EXPECT_EQ(cases().front().found.lead_no, lead_of(kPlantedRow));
}

TEST_F(PlantedRows, ARowWithTwoAndTwoRowsWithOne) {
  auto const digests = digests_of(kPlantedRow);
  ASSERT_GE(digests.size(), 2U);
  plant(1, digests.at(0));
  plant(2, digests.at(1));
  // The same rows once more: duplicates, which say nothing new.
  auto const twice = text + text.substr(text.find('\n') + 1);
  auto const counts = rig.upload(twice).counts;
  EXPECT_EQ(counts.accepted, kRows);
  EXPECT_EQ(counts.duplicate, kRows);
  auto const found = cases();
  ASSERT_EQ(found.size(), 2U);
  for (auto const& one : found) EXPECT_EQ(one.found.lead_no, lead_of(kPlantedRow));
  EXPECT_NE(found.at(0).found.planted_no, found.at(1).found.planted_no);
  EXPECT_EQ(withheld(), 1);
}

TEST_F(PlantedRows, ADecidedCaseStaysAsItWasDecided) {
  plant(1, digests_of(kPlantedRow).front());
  Pieces pieces{rig, BatchFormat::csv};
  auto open = [id = pieces.id](storage::LotTx& tx) { return tx.pieces().open(id); };
  auto const first = rig.run(rig.store.transact(open));
  ASSERT_TRUE(rig.run(rig.store.transact(open)));
  ASSERT_FALSE(pieces.send(text, 1, {}, true, first->piece_no));
  auto decided = cases().front();
  decided.state = storage::FindingState::dismissed;
  decided.decided_by = 1;
  decided.decided_at = LotRig::system_now();
  ASSERT_TRUE(*rig.run(database.transact(
      [decided](storage::PlatformTx& tx) { return tx.fraud().decide(decided); })));
  pieces.free_claims();
  ASSERT_TRUE(pieces.send(text, 2, {}));
  ASSERT_EQ(cases().size(), 1U);
  EXPECT_EQ(cases().front().found.lead_no, 0);
}

}  // namespace
}  // namespace leadex::test
