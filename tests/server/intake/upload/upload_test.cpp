#include <gtest/gtest.h>
#include <zlib.h>

#include <map>

#include "server/crypto/hash.hpp"
#include "tests/server/intake/upload/lot_rig.hpp"

namespace leadex::test {
namespace {

using storage::BatchFormat;
using storage::BatchStatus;

std::string gzip(std::string const& text) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string packed(deflateBound(&stream, text.size()) + 64, '\0');
  auto input = text;
  stream.next_in = reinterpret_cast<Bytef*>(input.data());
  stream.avail_in = static_cast<uInt>(input.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

/// What was planted and what was found, row by row.
void expect_planted_found(LotRig& rig, LeadFile const& file, std::uint64_t rows,
                          storage::Batch const& batch) {
  std::map<std::int64_t, std::vector<std::string>> found;
  for (auto const& reject : rig.rejects(batch.id)) found[reject.row_no].push_back(reject.code);
  storage::BatchCounts expected;
  for (std::uint64_t row = 1; row <= rows; ++row) {
    auto const fault = file.row(row).fault;
    auto const code = std::string{code_of(fault)};
    auto const& codes = found[static_cast<std::int64_t>(row)];
    ++expected.read;
    if (fault == PlantedFault::none) {
      ++expected.accepted;
      EXPECT_TRUE(codes.empty()) << "row " << row << " has " << codes.front();
    } else {
      ++(fault == PlantedFault::duplicate_in_batch ? expected.duplicate : expected.rejected);
      EXPECT_EQ(codes, std::vector{code}) << "row " << row;
    }
  }
  EXPECT_EQ(batch.counts, expected);
  auto const scope = " where market_id = 7 and batch_no = " + std::to_string(batch.id.no);
  EXPECT_EQ(rig.number("select count(*) from leadex.lead" + scope), expected.accepted);
  EXPECT_EQ(rig.number("select count(*) from leadex.contact join leadex.lead using (market_id, "
                       "lead_no) join leadex.lead_key using (market_id, lead_no)" +
                       scope),
            expected.accepted);
  EXPECT_EQ(rig.number("select count(distinct row_no) from leadex.batch_reject" + scope),
            expected.read - expected.accepted);
}

TEST(Upload, FindsThePlantedFaultsHoweverTheBytesAreCut) {
  LotRig rig;
  std::uint64_t seed = 100;
  for (auto const format : {LeadFormat::csv, LeadFormat::ndjson}) {
    for (auto const rows : {std::uint64_t{1}, std::uint64_t{999}, std::uint64_t{2345}}) {
      SCOPED_TRACE("seed " + std::to_string(++seed));
      auto const file = rig.file(rows, seed, 1500, format);
      auto const text = LotRig::text_of(file, rows);
      bool const packed = rows == 2345;
      auto const batch = rig.upload(
          packed ? gzip(text) : text,
          format == LeadFormat::csv ? BatchFormat::csv : BatchFormat::ndjson, seed, packed);
      expect_planted_found(rig, file, rows, batch);
      EXPECT_EQ(batch.status,
                batch.counts.accepted > 0 ? BatchStatus::checking : BatchStatus::closed);
      EXPECT_EQ(batch.bytes_read, std::ssize(text));
      EXPECT_EQ(batch.file_sha256, crypto::view_of(crypto::sha256(text)));
    }
  }
}

TEST(Upload, KnowsThePersonsOfEarlierUploads) {
  LotRig rig;
  auto const text = LotRig::text_of(rig.file(700, 5, 0), 700);
  EXPECT_EQ(rig.upload(text).counts.accepted, 700);
  auto const again = rig.upload(text);
  EXPECT_EQ(again.counts.duplicate, 700);
  EXPECT_EQ(again.status, BatchStatus::closed);
  for (auto const& reject : rig.rejects(again.id)) EXPECT_EQ(reject.code, "duplicate_in_market");
}

TEST(Upload, MapsEachRowToItsLead) {
  LotRig rig;
  auto const batch = rig.upload(LotRig::text_of(rig.file(2100, 9, 2000), 2100));
  auto job = [batch](storage::LotTx& tx) {
    std::vector<storage::RowView> all;
    for (std::int64_t after = 0; after < batch.counts.read; after += 333) {
      for (auto& row : tx.batches().rows(batch, after, 333)) all.push_back(std::move(row));
    }
    return all;
  };
  auto const rows = rig.run(rig.store.transact(job));
  ASSERT_TRUE(rows);
  ASSERT_EQ(std::ssize(*rows), 2100);
  auto ranges_job = [batch](storage::LotTx& tx) { return tx.batches().lead_ranges(batch.id); };
  auto const ranges = rig.run(rig.store.transact(ranges_job));
  std::int64_t accepted = 0;
  for (std::size_t i = 0; i < rows->size(); ++i) {
    auto const& row = rows->at(i);
    EXPECT_EQ(row.row_no, static_cast<std::int64_t>(i) + 1);
    EXPECT_EQ(row.lead_no.has_value(), row.outcome == storage::RowOutcome::accepted);
    if (!row.lead_no) continue;
    ++accepted;
    EXPECT_EQ(*row.lead_no, storage::lead_no_of_row(*ranges, row.row_no));
  }
  EXPECT_EQ(accepted, batch.counts.accepted);
}

TEST(Upload, RefusesABadHeaderBeforeThereIsABatch) {
  LotRig rig;
  struct Case {
    std::string text;
    intake::DecodeFault fault;
    std::vector<std::string> codes;
  };
  auto const header = rig.file(1, 1, 0).header();
  auto const body = header.substr(0, header.find_first_of("\r\n"));
  std::vector<Case> const cases{
      {"", intake::DecodeFault::file_empty, {}},
      {body + ",surprise\r\n", intake::DecodeFault::header_invalid, {"unknown_column"}},
      {body + ",email\r\n", intake::DecodeFault::header_invalid, {"duplicate_column"}},
      {"email\r\na@example.com\r\n", intake::DecodeFault::header_invalid, {"missing_column"}},
      {"\xFF\xFE"
       "e\xFF\xFE\n",
       intake::DecodeFault::unsupported_encoding,
       {}},
  };
  for (auto const& wanted : cases) {
    TextSource source{wanted.text, 1};
    auto const result =
        rig.run(intake::upload_batch(*rig.uploads, rig.request(BatchFormat::csv), source));
    ASSERT_FALSE(result);
    EXPECT_EQ(std::get<intake::DecodeFault>(result.error().reason), wanted.fault);
    EXPECT_FALSE(result.error().batch);
    for (auto const& code : wanted.codes) {
      ASSERT_FALSE(result.error().header.empty());
      EXPECT_EQ(intake::to_string(result.error().header.front().code), code);
    }
  }
  EXPECT_EQ(rig.number("select count(*) from leadex.batch"), 0);
  EXPECT_EQ(rig.number("select count(*) from leadex.commitment where status <> 'open'"), 0);
}

TEST(Upload, DryRunFindsFormAndFileFaultsAndStoresNothing) {
  LotRig rig;
  auto const file = rig.file(1500, 3, 3000);
  TextSource source{LotRig::text_of(file, 1500), 3};
  auto request = rig.request(BatchFormat::csv);
  request.dry_run = true;
  auto const result = rig.run(intake::upload_batch(*rig.uploads, request, source));
  ASSERT_TRUE(result);
  EXPECT_FALSE(result->batch);
  EXPECT_EQ(result->counts.read, 1500);
  EXPECT_EQ(result->counts.read,
            result->counts.accepted + result->counts.duplicate + result->counts.rejected);
  EXPECT_GT(result->counts.duplicate, 0);
  EXPECT_GT(result->rejects.size(), 100U);
  EXPECT_EQ(rig.number("select count(*) from leadex.batch"), 0);
  EXPECT_EQ(rig.number("select count(*) from leadex.person"), 0);
}

TEST(Upload, GivesACutUploadUpAfterItsTimeOut) {
  LotRig rig;
  auto const text = LotRig::text_of(rig.file(3000, 8, 0), 3000);
  TextSource source{text, 8, text.size() * 3 / 4};
  auto const result =
      rig.run(intake::upload_batch(*rig.uploads, rig.request(BatchFormat::csv), source));
  ASSERT_FALSE(result);
  EXPECT_EQ(std::get<intake::SourceFault>(result.error().reason),
            intake::SourceFault::disconnected);
  ASSERT_TRUE(result.error().batch);
  auto const cut = rig.batch(*result.error().batch);
  EXPECT_EQ(cut.status, BatchStatus::receiving);
  EXPECT_EQ(cut.counts.accepted, 2000);
  EXPECT_GT(rig.number("select count(*) from leadex.person"), 3000);

  auto const at = std::chrono::time_point_cast<Micros>(std::chrono::system_clock::now());
  auto const close = [&](Timestamp now) {
    return *rig.run(
        app::close_cut_uploads(rig.lots(), *rig.finisher, now, std::chrono::seconds{3600}));
  };
  EXPECT_EQ(close(at), 0);  // it may still come back
  EXPECT_EQ(close(at + std::chrono::seconds{3700}), 1);
  EXPECT_EQ(rig.batch(cut.id).status, BatchStatus::closed);
  EXPECT_EQ(rig.number("select count(*) from leadex.person"), 0);
  EXPECT_EQ(rig.number("select count(*) from leadex.lead where state <> 3"), 0);
  EXPECT_EQ(rig.number("select count(*) from leadex.commitment where status = 'voided'"), 1);
  EXPECT_EQ(close(at + std::chrono::seconds{3700}), 0);
  // The same people may come again at once.
  EXPECT_EQ(rig.upload(text).counts.accepted, 3000);
}

TEST(Upload, StoresTheRowsInFrontOfAFault) {
  LotRig rig;
  auto packed = gzip(LotRig::text_of(rig.file(40, 12, 0), 40));
  packed.resize(packed.size() - 8);  // all rows are there, the end of the stream is not
  TextSource source{packed, 3};
  auto const result =
      rig.run(intake::upload_batch(*rig.uploads, rig.request(BatchFormat::csv, true), source));
  ASSERT_FALSE(result);
  EXPECT_EQ(std::get<intake::DecodeFault>(result.error().reason), intake::DecodeFault::unpack_cut);
  EXPECT_TRUE(result.error().settled);
  ASSERT_TRUE(result.error().batch);
  auto const batch = rig.batch(*result.error().batch);
  EXPECT_EQ(batch.status, BatchStatus::receiving);
  EXPECT_EQ(batch.counts.read, 40);
  EXPECT_EQ(batch.counts.accepted, 40);
}

TEST(Upload, TakesTheNextCommitmentAndKeepsAThousandOpen) {
  LotRig rig;
  ASSERT_EQ(*rig.run(app::refill_commitments(rig.lots(), LotRig::kMarket)), 1000);
  auto const first = rig.upload(LotRig::text_of(rig.file(20, 21, 0), 20));
  auto const second = rig.upload(LotRig::text_of(rig.file(20, 22, 0), 20));
  EXPECT_EQ(first.commitment_no, 1);
  EXPECT_EQ(second.commitment_no, 2);
  EXPECT_EQ(*rig.run(app::refill_commitments(rig.lots(), LotRig::kMarket)), 2);
  EXPECT_EQ(rig.number("select count(*) from leadex.commitment where status = 'open'"), 1000);
  EXPECT_EQ(rig.number("select count(*) from leadex.audit where action = 'commitments.published'"),
            2);
}

}  // namespace
}  // namespace leadex::test
