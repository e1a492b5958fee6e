#include "server/app/judge_sources.hpp"

#include <optional>
#include <utility>

#include "billing/values/check.hpp"
#include "matching/quality/row_sketch.hpp"
#include "server/app/open_fraud_case.hpp"
#include "server/observe/log.hpp"

namespace leadex::app {

namespace {

using quality::LotSignal;
using storage::KeptPicture;

constexpr int kLotsPerJob = 5;
constexpr int kJobsPerRound = 200;
constexpr int kForgottenPerRound = 1000;

quality::RowSketch sketch_of(std::vector<std::uint64_t> prints, bool whole) {
  auto sketch = quality::RowSketch::restore(std::move(prints), whole);
  LEADEX_CHECK(sketch.has_value());
  return std::move(*sketch);
}

/// The other's lot that has the largest part of this one's rows, and how large a part.
struct Likest {
  std::int64_t batch_no{};
  quality::Overlap overlap;
};

/// a ÷ b above c ÷ d.
bool is_larger(quality::Overlap const& one, quality::Overlap const& other) {
  return one.shared * std::max<std::int64_t>(other.compared, 1) >
         other.shared * std::max<std::int64_t>(one.compared, 1);
}

Likest find_likest(storage::PlatformTx& tx, KeptPicture const& lot) {
  Likest likest;
  auto own = sketch_of(lot.picture.prints, lot.picture.prints_whole);
  for (auto& kept : tx.fraud().prints_of_others(lot, kComparedLots)) {
    auto other = sketch_of(std::move(kept.prints), kept.whole);
    auto const overlap = quality::overlap(own, other);
    if (likest.batch_no == 0 || is_larger(overlap, likest.overlap)) {
      likest = {kept.batch.no, overlap};
    }
  }
  return likest;
}

std::int64_t judge(storage::PlatformTx& tx, KeptPicture const& lot) {
  auto counts = lot.picture.counts;
  auto const likest = find_likest(tx, lot);
  counts.of(LotSignal::rows_of_other_lot) = {likest.overlap.compared, likest.overlap.shared};
  auto const others =
      tx.fraud().counts_of_others(lot.batch.market, lot.generator_no, tx.now() - kOthersAge);
  std::int64_t opened = 0;
  for (auto const& finding : quality::judge_lot_signals(counts, others, {})) {
    bool const copied = finding.signal == LotSignal::rows_of_other_lot;
    bool const is_new = open_fraud_case(tx, {.market = lot.batch.market,
                                             .generator_no = lot.generator_no,
                                             .batch_no = lot.batch.no,
                                             .other_batch_no = copied ? likest.batch_no : 0,
                                             .finding = finding});
    opened += is_new ? 1 : 0;
  }
  tx.fraud().mark_judged(lot.batch, counts, tx.now());
  return opened;
}

struct Judged {
  std::int64_t lots{};
  std::int64_t opened{};
};

Judged judge_some(storage::PlatformTx& tx) {
  Judged judged;
  for (auto const& lot : tx.fraud().waiting(kLotsPerJob)) {
    judged.opened += judge(tx, lot);
    ++judged.lots;
  }
  return judged;
}

}  // namespace

boost::asio::awaitable<std::int64_t> judge_sources(storage::Database& database) {
  std::int64_t opened = 0;
  for (int job = 0; job < kJobsPerRound; ++job) {
    auto const judged = co_await database.transact(judge_some);
    if (!judged) break;
    opened += judged->opened;
    if (judged->lots < kLotsPerJob) break;
  }
  auto const forgotten = co_await database.transact([](storage::PlatformTx& tx) {
    return tx.fraud().forget_before(tx.now() - kPictureAge, kForgottenPerRound);
  });
  if (!forgotten) log::warn("fraud.not_forgotten", "old pictures of lots could not be deleted");
  if (opened > 0) {
    log::info("fraud.found", "cases about sources were opened").field("cases", opened);
  }
  co_return opened;
}

}  // namespace leadex::app
