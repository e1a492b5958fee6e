// Files that come in pieces, cut anywhere: the same rows, the same hash, nobody twice or lost.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <utility>

#include "server/crypto/hash.hpp"
#include "server/intake/own_rows.hpp"
#include "tests/server/intake/upload/pieces_rig.hpp"

namespace leadex::test {
namespace {

using storage::BatchFormat;
using storage::BatchStatus;

constexpr int kStretch = 100;

/// What the lot shows of its source, as it is kept.
std::string picture_of(LotRig& rig) {
  pqxx::connection connection{rig.files.owner()};
  pqxx::work tx{connection};
  return tx
      .exec1(
          "select concat_ws(' ', leads::text, events::text, prints::text, prints_whole) from "
          "leadex.lot_picture")
      .at(0)
      .as<std::string>();
}

std::vector<std::string> rejects_of(LotRig& rig, BatchId id) {
  std::vector<std::string> all;
  for (auto const& reject : rig.rejects(id)) {
    all.push_back(std::to_string(reject.row_no) + ' ' + reject.code + ' ' + reject.pointer);
  }
  return all;
}

TEST(Pieces, AFileCutAnywhereIsTheFileInOneGo) {
  std::uint64_t const seed = std::random_device{}();
  std::printf("Pieces: seed %llu\n", static_cast<unsigned long long>(seed));
  std::mt19937_64 random{seed};
  for (auto const format : {LeadFormat::csv, LeadFormat::ndjson}) {
    constexpr std::uint64_t kRows = 2600;
    auto const batch_format = format == LeadFormat::csv ? BatchFormat::csv : BatchFormat::ndjson;
    LotRig rig;
    auto const text = LotRig::text_of(rig.file(kRows, seed % 1000, 1500, format), kRows);
    LotRig whole_rig;
    auto const whole = whole_rig.upload(text, batch_format);

    Pieces pieces{rig, batch_format};
    for (int cut = 0; cut < 9; ++cut) {
      auto const left = text.size() - pieces.offset();
      auto const before = pieces.offset();
      auto const failed = pieces.send(text, random(), random() % left);
      ASSERT_FALSE(failed);
      EXPECT_EQ(std::get<intake::SourceFault>(failed.error().reason),
                intake::SourceFault::disconnected);
      EXPECT_TRUE(failed.error().settled);
      EXPECT_GE(pieces.offset(), before);
      if (pieces.offset() > 0) EXPECT_EQ(text.at(pieces.offset() - 1), '\n');
    }
    auto const done = pieces.send(text, random(), std::nullopt);
    ASSERT_TRUE(done);
    auto const batch = pieces.close(*done);
    EXPECT_EQ(batch.counts, whole.counts);
    EXPECT_EQ(batch.bytes_read, std::ssize(text));
    EXPECT_EQ(batch.file_sha256, crypto::view_of(crypto::sha256(text)));
    EXPECT_EQ(batch.sample_size, whole.sample_size);
    EXPECT_EQ(rejects_of(rig, batch.id), rejects_of(whole_rig, whole.id));
    EXPECT_EQ(rig.number("select count(distinct row_no) from leadex.lead"), batch.counts.accepted);
    EXPECT_EQ(picture_of(rig), picture_of(whole_rig));
    EXPECT_EQ(rig.number("select count(*) from leadex.batch_sign"), 0) << "until it ends";
    EXPECT_EQ(rig.number("select count(state_sealed) from leadex.batch_piece"), 0);
  }
}

TEST(Pieces, EndWhereTheSenderSays) {
  LotRig rig;
  auto const text = LotRig::text_of(rig.file(50, 3, 0), 50);
  Pieces pieces{rig, BatchFormat::csv};
  auto const half = text.size() / 2;
  ASSERT_TRUE(pieces.send(text.substr(0, half), 1, std::nullopt, false));
  EXPECT_LE(pieces.offset(), half);
  EXPECT_GT(pieces.offset(), half - 2000);
  ASSERT_TRUE(pieces.send(text, 2, std::nullopt, false));
  EXPECT_EQ(pieces.offset(), text.size());
  auto const done = pieces.send(text, 3, std::nullopt);  // nothing is left but the end
  ASSERT_TRUE(done);
  auto const batch = pieces.close(*done);
  EXPECT_EQ(batch.counts.accepted, 50);
  EXPECT_EQ(batch.file_sha256, crypto::view_of(crypto::sha256(text)));
}

TEST(Pieces, RowsThatWereClaimedAndNeverStoredComeAgain) {
  LotRig rig;
  auto const text = LotRig::text_of(rig.file(300, 8, 0), 300);
  Pieces pieces{rig, BatchFormat::csv};
  // As if the process had ended between the claims and the rows.
  ASSERT_FALSE(pieces.send(text, 1, text.size() / 2));
  auto const stored = rig.batch(pieces.id).counts.read;
  ASSERT_GT(stored, 0);
  {
    pqxx::connection connection{rig.files.owner()};
    pqxx::work tx{connection};
    tx.exec(
        "delete from leadex.batch_lead_range; delete from leadex.lead_key; delete from "
        "leadex.contact; delete from leadex.lead; delete from leadex.batch_own_row; delete from "
        "leadex.batch_reject; update leadex.batch set rows_read = 0, accepted = 0, duplicate = "
        "0, rejected = 0, bytes_read = 0; update leadex.batch_piece set rows_done = 0, "
        "bytes_done = 0, state_sealed = null");
    tx.commit();
  }
  std::string after;
  do {
    auto job = [id = pieces.id, after](storage::LotTx& tx) {
      return tx.pieces().free_unstored(id, 0, after, kStretch);
    };
    after = *rig.run(rig.store.transact(job));
  } while (!after.empty());
  EXPECT_EQ(rig.number("select count(*) from leadex.person"), 0);
  auto const done = pieces.send(text, 2, std::nullopt);
  ASSERT_TRUE(done);
  EXPECT_EQ(pieces.close(*done).counts.accepted, 300);
}

TEST(Pieces, ThoseOfStoredRowsStayClaimed) {
  LotRig rig;
  auto const text = LotRig::text_of(rig.file(300, 8, 0), 300);
  Pieces pieces{rig, BatchFormat::csv};
  ASSERT_FALSE(pieces.send(text, 1, text.size() / 2));
  auto const last = rig.number("select max(last_no) from leadex.batch_lead_range");
  auto const persons = rig.number("select count(*) from leadex.person");
  auto job = [id = pieces.id, last](storage::LotTx& tx) {
    return tx.pieces().free_unstored(id, last, {}, 10'000);
  };
  ASSERT_TRUE(rig.run(rig.store.transact(job)));
  EXPECT_EQ(rig.number("select count(*) from leadex.person"), persons);
  EXPECT_GT(persons, 0);
  // Another upload of the same people meets them as somebody else's.
  EXPECT_GT(rig.upload(text).counts.duplicate, 0);
}

/// Gives half of the file, does something to the batch, gives the other half.
class Interrupted final : public intake::UploadSource {
 public:
  Interrupted(std::string text, std::function<void()> between)
      : text_(std::move(text)), between_(std::move(between)) {}
  boost::asio::awaitable<Result<std::size_t, intake::SourceFault>> read_some(
      std::span<char> into) override {
    if (at_ >= text_.size() / 2) {
      if (auto const once = std::exchange(between_, nullptr)) once();
    }
    auto const size = std::min(into.size(), text_.size() - at_);
    text_.copy(into.data(), size, at_);
    at_ += size;
    co_return size;
  }

 private:
  std::string text_;
  std::function<void()> between_;
  std::size_t at_{};
};

TEST(Pieces, WhoWasClaimedForAClosedBatchIsFreeAgain) {
  LotRig rig;
  auto const text = LotRig::text_of(rig.file(3000, 8, 0), 3000);
  auto const closes = [&rig](std::function<bool(BatchId)> live) {
    auto const later = LotRig::system_now() + std::chrono::hours{1};
    return *rig.run(app::close_cut_uploads(rig.lots(), *rig.finisher, later,
                                           std::chrono::seconds{60}, std::move(live)));
  };
  BatchId batch;
  auto wanted = rig.request(BatchFormat::csv);
  wanted.begins = [&batch](BatchId id) { batch = id; };
  Interrupted source{text, [&closes] {
                       EXPECT_EQ(closes([](BatchId) { return true; }), 0) << "it is on its way";
                       EXPECT_EQ(closes({}), 1);
                     }};
  auto const failed = rig.run(intake::upload_batch(*rig.uploads, wanted, source));
  ASSERT_FALSE(failed);
  EXPECT_EQ(std::get<storage::StoreError>(failed.error().reason), storage::StoreError::not_found);
  EXPECT_FALSE(failed.error().settled);
  ASSERT_GT(rig.number("select count(*) from leadex.person"), 0);
  ASSERT_TRUE(rig.run(app::free_given_up(rig.lots(), batch)));
  EXPECT_EQ(rig.number("select count(*) from leadex.person"), 0);
  // It frees nobody of a batch that goes on.
  auto const next = rig.upload(text);
  ASSERT_TRUE(rig.run(app::free_given_up(rig.lots(), next.id)));
  EXPECT_EQ(next.counts.accepted, 3000);
  EXPECT_GT(rig.number("select count(*) from leadex.person"), 0);
}

TEST(Pieces, AreUnsettledUntilWhoeverIsClaimedHasARow) {
  LotRig rig;
  auto const text = LotRig::text_of(rig.file(300, 8, 0), 300);
  Pieces pieces{rig, BatchFormat::csv};
  auto const open = [&] {
    auto job = [id = pieces.id](storage::LotTx& tx) { return tx.pieces().open(id); };
    return rig.run(rig.store.transact(job))->unsettled;
  };
  EXPECT_FALSE(open()) << "nobody was claimed";
  EXPECT_TRUE(open()) << "the piece before never said how it ended";
  ASSERT_FALSE(pieces.send(text, 1, text.size() / 2));
  rig.ahead += std::chrono::hours{2};
  auto const close = [&rig] {
    return *rig.run(app::close_cut_uploads(
        rig.lots(), *rig.finisher, LotRig::system_now() + rig.ahead, std::chrono::seconds{3600}));
  };
  EXPECT_TRUE(open());
  EXPECT_EQ(close(), 0) << "a piece that begins is a touch";
  rig.ahead += std::chrono::hours{2};
  EXPECT_EQ(close(), 1);
  EXPECT_EQ(rig.number("select count(state_sealed) from leadex.batch_piece"), 0);
  EXPECT_EQ(rig.number("select count(*) from leadex.batch_sign"), 0);
  EXPECT_EQ(*rig.run(app::free_left_claims(rig.lots(), [](BatchId) { return true; })), 0);
  EXPECT_EQ(*rig.run(app::free_left_claims(rig.lots())), 1);
  EXPECT_EQ(*rig.run(app::free_left_claims(rig.lots())), 0);
  EXPECT_EQ(rig.number("select count(*) from leadex.person"), 0);
}

TEST(Pieces, AnUploadHasAnEndHoweverOftenItIsTouched) {
  LotRig rig;
  Pieces pieces{rig, BatchFormat::csv};
  auto const closed_in = [&](std::chrono::hours later) {
    // Touched a moment before, whenever that is.
    pqxx::connection connection{rig.files.owner()};
    pqxx::work tx{connection};
    tx.exec("update leadex.batch set touched_at = now() + interval '" +
            std::to_string(later.count()) + " hours'");
    tx.commit();
    return *rig.run(app::close_cut_uploads(rig.lots(), *rig.finisher, LotRig::system_now() + later,
                                           std::chrono::hours{1}));
  };
  EXPECT_EQ(closed_in(std::chrono::hours{168}), 0);
  EXPECT_EQ(closed_in(std::chrono::hours{170}), 1);
}

TEST(Pieces, AnEarlierPieceStoresNothingOnceALaterOneBegan) {
  LotRig rig;
  auto const text = LotRig::text_of(rig.file(300, 8, 0), 300);
  Pieces pieces{rig, BatchFormat::csv};
  auto job = [id = pieces.id](storage::LotTx& tx) { return tx.pieces().open(id); };
  auto const first = rig.run(rig.store.transact(job));
  ASSERT_TRUE(rig.run(rig.store.transact(job)));
  auto const late = pieces.send(text, 1, {}, true, first->piece_no);
  ASSERT_FALSE(late);
  EXPECT_EQ(std::get<storage::StoreError>(late.error().reason), storage::StoreError::conflict);
  EXPECT_EQ(rig.number("select count(*) from leadex.lead"), 0);
  EXPECT_TRUE(pieces.send(text, 1, {}));
}

TEST(Pieces, APersonComesOnceInAFileThatIsCut) {
  LotRig rig;
  auto const text = LotRig::text_of(rig.file(40, 8, 0), 40);
  auto const rows = text.find('\n') + 1;
  auto const twice = text + text.substr(rows);
  Pieces pieces{rig, BatchFormat::csv};
  ASSERT_FALSE(pieces.send(twice, 1, text.size()));
  {
    // However short the market's memory is: the file began longer ago than it reaches.
    pqxx::connection connection{rig.files.owner()};
    pqxx::work tx{connection};
    tx.exec("update leadex.person set seen_us = 1");
    tx.commit();
  }
  auto const done = pieces.send(twice, 2, std::nullopt);
  ASSERT_TRUE(done);
  auto const batch = pieces.close(*done);
  EXPECT_EQ(batch.counts.accepted, 40);
  EXPECT_EQ(batch.counts.duplicate, 40);
  for (auto const& reject : rig.rejects(batch.id)) EXPECT_EQ(reject.code, "duplicate_in_batch");
}

TEST(OwnRows, KeysOfABatchThatStillReceivesStay) {
  LotRig rig;
  auto const text = LotRig::text_of(rig.file(300, 8, 5000), 300);
  Pieces pieces{rig, BatchFormat::csv};
  ASSERT_FALSE(pieces.send(text, 1, text.size() / 2));
  auto const much_later = LotRig::system_now() + std::chrono::hours{1000};
  auto const destroyed = [&] {
    return *rig.run(app::destroy_own_rows(rig.lots(), much_later, std::chrono::hours{1}));
  };
  EXPECT_EQ(destroyed(), 0);
  auto const done = pieces.send(text, 2, std::nullopt);
  ASSERT_TRUE(done);
  static_cast<void>(pieces.close(*done));
  EXPECT_EQ(destroyed(), 1);
}

TEST(OwnRows, KeysGoFirstThenRowsInStretches) {
  LotRig rig;
  auto const batch = rig.upload(LotRig::text_of(rig.file(200, 4, 5000), 200));
  auto const kept = rig.number("select count(*) from leadex.batch_own_row");
  ASSERT_GT(kept, 2);
  auto const later = LotRig::system_now() + std::chrono::hours{1};
  auto destroy = [later](storage::LotTx& tx) { return tx.own_rows().destroy_keys(later, 10); };
  EXPECT_EQ(*rig.run(rig.store.transact(destroy)), 1);
  EXPECT_EQ(*rig.run(rig.store.transact(destroy)), 0);
  EXPECT_EQ(rig.number("select count(key_sealed) + count(header_sealed) from leadex.batch_own_key"),
            0);
  auto find = [id = batch.id](storage::LotTx& tx) {
    return tx.own_rows().find_key(id).has_value();
  };
  EXPECT_FALSE(*rig.run(rig.store.transact(find)));
  auto step = [](storage::LotTx& tx) { return tx.own_rows().delete_keyless(2); };
  EXPECT_EQ(*rig.run(rig.store.transact(step)), 2);
  EXPECT_EQ(rig.number("select count(*) from leadex.batch_own_row"), kept - 2);
  while (*rig.run(rig.store.transact(step)) > 0) {
  }
  EXPECT_EQ(rig.number("select count(*) from leadex.batch_own_key"), 0);
}

TEST(OwnRows, RefusedRowsComeBackAsTheyCameUntilTheirKeyIsDestroyed) {
  LotRig rig;
  auto const text = LotRig::text_of(rig.file(200, 4, 5000), 200);
  auto const batch = rig.upload(text);
  ASSERT_GT(batch.counts.rejected, 0);
  auto job = [id = batch.id](storage::LotTx& tx) {
    return std::pair{*tx.own_rows().find_key(id), tx.own_rows().refused(id, 0, 1000)};
  };
  auto const [key_row, rows] = *rig.run(rig.store.transact(job));
  EXPECT_EQ(std::ssize(rows), batch.counts.rejected + batch.counts.duplicate);
  auto const key = intake::open_own_key(rig.ring, batch.id, key_row.key_sealed);
  ASSERT_TRUE(key);
  std::size_t kept = 0;
  for (auto const& row : rows) {
    if (!row.sealed) continue;
    ++kept;
    auto const own = intake::open_own_row(*key, batch.id, row.row_no, *row.sealed);
    ASSERT_TRUE(own);
    auto const fields = intake::unpack_fields(own->view());
    ASSERT_TRUE(fields);
    EXPECT_NE(text.find(fields->back()), std::string::npos);
    EXPECT_FALSE(intake::open_own_row(*key, batch.id, row.row_no + 1, *row.sealed));
  }
  EXPECT_GT(kept, 0U);

  auto const now = std::chrono::time_point_cast<Micros>(std::chrono::system_clock::now());
  EXPECT_EQ(*rig.run(app::destroy_own_rows(rig.lots(), now, std::chrono::hours{1})), 0);
  EXPECT_EQ(*rig.run(app::destroy_own_rows(rig.lots(), now + std::chrono::hours{2},
                                           std::chrono::hours{1})),
            1);
  EXPECT_EQ(rig.number("select count(*) from leadex.batch_own_row"), 0);
  EXPECT_EQ(rig.number("select count(*) from leadex.batch_own_key"), 0);
}

}  // namespace
}  // namespace leadex::test
