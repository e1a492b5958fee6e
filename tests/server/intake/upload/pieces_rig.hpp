#pragma once
// Pieces: a batch of LotRig whose file comes in pieces. One thread.

#include <gtest/gtest.h>

#include "server/intake/piece_state.hpp"
#include "tests/server/intake/upload/lot_rig.hpp"

namespace leadex::test {

/// A batch whose file comes in pieces.
class Pieces {
 public:
  Pieces(LotRig& rig, storage::BatchFormat format) : rig_(rig), format_(format) {
    auto const no =
        rig.run(rig.numbers.reserve_later(LotRig::kMarket, storage::NumberKind::batch, 1));
    id = {LotRig::kMarket, *no};
    for (int attempt = 0; attempt < 2; ++attempt) {
      auto const wanted = rig.request(format);
      storage::NewBatch const batch{.id = id,
                                    .tenant_no = LotRig::kGenerator,
                                    .format = format,
                                    .market_version = wanted.settings->rules.version};
      auto job = [batch](storage::LotTx& tx) {
        bool const made = tx.batches().create(batch).has_value();
        if (made) tx.pieces().begin(batch.id, std::nullopt);
        return made;
      };
      if (*rig.run(rig.store.transact(job))) return;
      EXPECT_TRUE(rig.run(app::refill_commitments(rig.lots(), LotRig::kMarket)));
    }
    ADD_FAILURE() << "no batch";
  }

  [[nodiscard]] storage::UploadPiece standing() {
    auto job = [batch = id](storage::LotTx& tx) { return *tx.pieces().find(batch); };
    return *rig_.run(rig_.store.transact(job));
  }
  [[nodiscard]] std::size_t offset() {
    auto const now = standing();
    return now.mark ? static_cast<std::size_t>(now.mark->bytes) : 0;
  }

  /// What of the file is not stored yet, up to `cut` bytes of it where the peer goes away.
  auto send(std::string const& text, std::uint64_t seed, std::optional<std::size_t> cut,
            bool last = true, std::optional<std::int64_t> piece_no = {}) {
    auto wanted = rig_.request(format_);
    auto const now = standing();
    intake::UploadPart part{.batch = id,
                            .piece_no = piece_no.value_or(now.piece_no),
                            .last = last,
                            .resume = {},
                            .began_at = rig_.batch(id).created_at};
    if (now.mark) {
      auto point = intake::open_piece_state(rig_.ring, id, *now.mark);
      EXPECT_TRUE(point);
      part.resume = std::move(*point);
    }
    wanted.part = std::move(part);
    TextSource source{text.substr(offset()), seed, cut};
    return rig_.run(intake::upload_batch(*rig_.uploads, wanted, source));
  }

  /// Whoever was claimed for rows that were never stored is free again.
  void free_claims() {
    auto const last = rig_.number("select coalesce(max(last_no), 0) from leadex.batch_lead_range");
    std::string after;
    do {
      auto job = [batch = id, last, after](storage::LotTx& tx) {
        return tx.pieces().free_unstored(batch, last, after, kStretch);
      };
      after = *rig_.run(rig_.store.transact(job));
    } while (!after.empty());
  }

  storage::Batch close(intake::UploadResult const& result) {
    app::CloseUpload closing{.batch = id,
                             .file_sha256 = result.file_sha256,
                             .bytes = result.bytes,
                             .settings = rig_.request(format_).settings,
                             .actor = {.principal_no = 12, .tenant_no = LotRig::kGenerator},
                             .key = std::nullopt,
                             .picture = result.picture,
                             .render = {}};
    auto const closed = rig_.run(app::close_upload(rig_.lots(), std::move(closing)));
    EXPECT_TRUE(closed);
    return rig_.batch(id);
  }

  BatchId id;

 private:
  static constexpr int kStretch = 100;

  LotRig& rig_;
  storage::BatchFormat format_;
};

}  // namespace leadex::test
