#include "server/intake/batch_upload.hpp"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <deque>
#include <exception>
#include <type_traits>

#include "billing/values/check.hpp"
#include "server/intake/chunk_checks.hpp"
#include "server/intake/lead_rows.hpp"
#include "server/intake/own_rows.hpp"
#include "server/intake/piece_state.hpp"
#include "server/intake/seen_persons.hpp"
#include "server/intake/turns.hpp"
#include "server/intake/upload_chunk.hpp"
#include "server/storage/pending.hpp"

namespace leadex::intake {
namespace {

namespace asio = boost::asio;
using asio::awaitable;
using storage::BatchCounts;
using storage::StoreError;

template <class T>
using Step = Result<T, UploadFailure::Reason>;

constexpr std::size_t kReadBytes = 64ULL * 1024U;
constexpr std::size_t kPacedBytes = 64ULL * 1024U;  // a wait each, while there is reason to
constexpr auto kGiveWayFirst = std::chrono::milliseconds{2};
constexpr auto kGiveWayMax = std::chrono::milliseconds{64};
constexpr auto kBusyPause = std::chrono::milliseconds{100};
constexpr int kBusyAttemptsMax = 300;  // half a minute, then the sender hears of it
constexpr int kStoreAttemptsMax = 6;   // likewise: each may wait seconds for its turn
constexpr int kSignsPerStretch = 64;   // chunks, 33 kB each

awaitable<void> sleep_for(std::chrono::milliseconds duration) {
  asio::steady_timer timer{co_await asio::this_coro::executor, duration};
  co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
}

/// Later means that nothing was done; the body waits in the sender's socket meanwhile.
template <class Ask>
std::invoke_result_t<Ask> again_while_later(Ask ask) {
  auto answer = co_await ask();
  for (int attempt = 1;
       !answer && answer.error() == StoreError::retry_later && attempt < kStoreAttemptsMax;
       ++attempt) {
    co_await sleep_for(kBusyPause);
    answer = co_await ask();
  }
  co_return answer;
}

MarketRules rules_in_force(UploadRequest const& request) {
  auto rules = rules_of(*request.settings);
  rules.taxonomy = request.taxonomy;
  return rules;
}

enum Stage : std::size_t { kChecks, kClaims, kSeals, kStores, kStages };
constexpr std::size_t kChunksUnderWay = 4;
constexpr std::size_t kChunksPressed = 2;  // while real-time commands wait too long

/// A chunk as it is stored.
struct SealedChunk {
  std::shared_ptr<storage::UploadChunk const> rows;
  ChunkSigns signs;
  std::vector<storage::PlantedHit> planted;
};

/// One upload from start to end; lives in the coroutine's frame.
class Upload {
 public:
  Upload(UploadServices& services, UploadRequest request, UploadSource& source,
         asio::any_io_executor const& strand)
      : services_(services),
        request_(std::move(request)),
        source_(source),
        rules_(rules_in_force(request_)),
        decoder_(DecoderOptions{.format = request_.format,
                                .packing = request_.packing,
                                .limits = services.limits,
                                .rules = rules_,
                                .now = services.now(),
                                .mapping = request_.mapping,
                                .corrects = request_.corrects.has_value(),
                                .keep_own = !request_.dry_run,
                                .marks = request_.part.has_value(),
                                .resume = request_.part ? request_.part->resume : std::nullopt},
                 services.keys, services.disposable),
        checks_(services_, request_),
        began_at_(request_.part ? request_.part->began_at : services.now()),
        turns_(strand) {}
  Upload(Upload const&) = delete;
  Upload& operator=(Upload const&) = delete;

  awaitable<Result<UploadResult, UploadFailure>> run() {
    Step<void> done;
    std::exception_ptr thrown;
    try {
      done = co_await read_all();
    } catch (...) {
      thrown = std::current_exception();
    }
    // Whatever came, nothing of this upload stays under way behind its back.
    auto const stored = co_await settle_all();
    if (thrown) std::rethrow_exception(thrown);
    if (done && !stored) done = refuse(stored.error());
    if (done && request_.part && request_.part->last) done = co_await add_kept_signs();
    if (!done) {
      co_return refuse(UploadFailure{std::move(done.error()), decoder_.header_faults(),
                                     result_.batch, unsettled_ == 0});
    }
    result_.bytes = decoder_.bytes();
    result_.file_sha256 = decoder_.file_sha256();
    result_.picture = signs_.finish();
    co_return std::move(result_);
  }

 private:
  awaitable<Step<void>> read_all() {
    std::vector<char> buffer(kReadBytes);
    bytes_passed_ = decoder_.bytes();
    bool const more_pieces = request_.part && !request_.part->last;
    for (bool more = true; more;) {
      auto const got = co_await source_.read_some(buffer);
      if (!got) {
        // Of a file in pieces all whole rows are kept, so that it goes on as near as can be.
        if (request_.part) static_cast<void>(co_await store_rows(true));
        co_return refuse(UploadFailure::Reason{got.error()});
      }
      more = *got > 0;
      std::string_view const bytes{buffer.data(), *got};
      for (paced_ += *got; paced_ >= kPacedBytes; paced_ -= kPacedBytes) co_await give_way();
      auto const decoded = co_await services_.cpu.run([this, bytes, more_pieces] {
        if (!bytes.empty()) return decoder_.feed(bytes);
        return more_pieces ? decoder_.end_piece() : decoder_.finish();
      });
      if (!decoded) {
        // Sound rows in front of the fault are stored: the sender can see how far the file is good.
        if (!decoder_.rows().empty()) static_cast<void>(co_await store_rows(true));
        co_return refuse(UploadFailure::Reason{decoded.error()});
      }
      auto const taken = co_await store_rows(!more);
      if (!taken) co_return refuse(taken.error());
    }
    co_return Step<void>{};
  }

  [[nodiscard]] bool pressed() const {
    return request_.market->pace().pressed(std::chrono::steady_clock::now());
  }

  /// Waits while others wait too long, for a time that grows as long as that helps nothing. It has
  /// an end, so an upload goes on whatever is slow.
  awaitable<void> give_way() {
    if (pressed()) {
      pause_ = std::clamp(pause_ * 2, kGiveWayFirst, kGiveWayMax);
    } else {
      pause_ /= 2;
    }
    if (pause_.count() > 0) co_await sleep_for(pause_);
  }

  awaitable<Step<void>> store_rows(bool at_end) {
    if (!request_.dry_run && !result_.batch && decoder_.header_ready()) {
      auto const created = co_await (request_.part ? take_up() : create());
      if (!created) co_return refuse(created.error());
    }
    co_return co_await take_rows(at_end);
  }

  awaitable<Step<void>> create() {
    auto const market_no = request_.market->market_no();
    auto const no =
        co_await services_.numbers.reserve_later(market_no, storage::NumberKind::batch, 1);
    if (!no) co_return refuse(UploadFailure::Reason{no.error()});
    BatchId const id{market_no, *no};
    if (request_.begins) request_.begins(id);
    auto own = make_own_key(services_.keys, id);
    auto const header = seal_own_row(own.key, id, 0, decoder_.own_header());
    own_key_.emplace(std::move(own.key));
    std::optional<std::int64_t> corrects_no;
    if (request_.corrects) corrects_no = request_.corrects->no;
    storage::NewBatch const wanted{.id = id,
                                   .tenant_no = request_.tenant_no,
                                   .format = request_.format,
                                   .market_version = request_.settings->rules.version,
                                   .ask = request_.ask,
                                   .corrects_no = corrects_no,
                                   .own_key = storage::OwnKeyRow{own.sealed, header}};
    for (int attempt = 0; attempt < 2; ++attempt) {
      auto job = [wanted](storage::LotTx& tx) { return tx.batches().create(wanted); };
      auto const batch = co_await services_.store.transact(job);
      if (!batch) co_return refuse(UploadFailure::Reason{batch.error()});
      if (*batch) {
        result_.batch = wanted.id;
        co_return Step<void>{};
      }
      auto const refilled = co_await services_.refill(market_no);
      if (!refilled) co_return refuse(UploadFailure::Reason{refilled.error()});
    }
    co_return refuse(UploadFailure::Reason{StoreError::retry_later});
  }

  /// The batch is there: its key for refused rows is taken up, or made with the first piece.
  awaitable<Step<void>> take_up() {
    auto const id = request_.part->batch;
    auto own = make_own_key(services_.keys, id);
    storage::OwnKeyRow const made{own.sealed, seal_own_row(own.key, id, 0, decoder_.own_header())};
    auto job = [id, made](storage::LotTx& tx) {
      auto found = tx.own_rows().find_key(id);
      if (found) return *found;
      tx.own_rows().put_key(id, made);
      return made;
    };
    auto const kept = co_await services_.store.transact(job);
    if (!kept) co_return refuse(UploadFailure::Reason{kept.error()});
    auto key = open_own_key(services_.keys, id, kept->key_sealed);
    if (key) own_key_.emplace(std::move(*key));
    decoder_header_ = decoder_.header_text();
    result_.batch = id;
    co_return Step<void>{};
  }

  awaitable<Step<void>> take_rows(bool at_end) {
    auto& rows = decoder_.rows();
    std::size_t taken = 0;
    while (rows.size() - taken >= kChunkRows || (at_end && taken < rows.size())) {
      auto const size = std::min(kChunkRows, rows.size() - taken);
      Chunk chunk;
      auto const from = rows.begin() + static_cast<std::ptrdiff_t>(taken);
      chunk.rows.assign(std::make_move_iterator(from),
                        std::make_move_iterator(from + static_cast<std::ptrdiff_t>(size)));
      taken += size;
      if (request_.dry_run) {
        seen_.mark(chunk.rows);
        note(chunk.rows);
        continue;
      }
      auto const passed = co_await pass_on(std::move(chunk));
      if (!passed) co_return refuse(passed.error());
    }
    rows.erase(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(taken));
    co_return Step<void>{};
  }

  /// Of a dry run.
  void note(std::vector<DecodedRow> const& rows) {
    for (auto const& row : rows) {
      ++result_.counts.read;
      auto& counts = result_.counts;
      ++(!row.lead ? counts.rejected : row.duplicate_in_batch ? counts.duplicate : counts.accepted);
      if (result_.rejects.size() >= kShownRejects) continue;
      if (row.duplicate_in_batch) {
        add_duplicate(result_.rejects, row, market::Admission::duplicate_in_batch);
      }
      add_reject(result_.rejects, row);
    }
  }

  /// Starts a chunk on its way; when too many are, the oldest is waited for.
  awaitable<Step<void>> pass_on(Chunk chunk) {
    auto const& mark = chunk.rows.back().mark;
    auto const end = mark ? mark->bytes : decoder_.bytes();
    chunk.bytes = end - std::exchange(bytes_passed_, end);
    auto const room = pressed() ? kChunksPressed : kChunksUnderWay;
    while (under_way_.size() >= room) {
      auto const settled = co_await settle_oldest();
      if (!settled) co_return refuse(settled.error());
    }
    ++unsettled_;
    under_way_.emplace_back(co_await asio::this_coro::executor,
                            carry(std::move(chunk), passed_on_++));
    co_return Step<void>{};
  }

  awaitable<Step<void>> settle_oldest() {
    auto pending = std::move(under_way_.front());
    under_way_.pop_front();
    auto const stored = co_await pending.wait();
    if (!stored) co_return refuse(stored.error());
    --unsettled_;
    auto& sum = result_.counts;
    sum.read += stored->read;
    sum.accepted += stored->accepted;
    sum.duplicate += stored->duplicate;
    sum.suppressed += stored->suppressed;
    sum.rejected += stored->rejected;
    co_return Step<void>{};
  }

  /// Ends what is under way: what came whole is stored, also of a file that was cut.
  awaitable<Step<void>> settle_all() {
    Step<void> done;
    std::exception_ptr thrown;
    while (!under_way_.empty()) {
      try {
        auto const settled = co_await settle_oldest();
        if (done && !settled) done = refuse(settled.error());
      } catch (...) {
        if (!thrown) thrown = std::current_exception();
      }
    }
    if (thrown) std::rethrow_exception(thrown);
    co_return done;
  }

  /// Chunks are stored in the order of the file, and none behind one that could not be.
  awaitable<Step<BatchCounts>> carry(Chunk chunk, std::int64_t no) {
    Step<BatchCounts> stored;
    try {
      stored = co_await pass_stages(std::move(chunk), no);
    } catch (...) {
      turns_.stop(no);
      throw;
    }
    if (!stored) turns_.stop(no);
    co_return stored;
  }

  awaitable<Step<BatchCounts>> pass_stages(Chunk chunk, std::int64_t no) {
    auto const checked = co_await in_turn<void>(kChecks, no, [&] { return check(chunk); });
    if (!checked) co_return refuse(checked.error());
    auto const claimed = co_await in_turn<void>(kClaims, no, [&] { return claim(chunk); });
    if (!claimed) co_return refuse(claimed.error());
    auto const sealed = co_await in_turn<SealedChunk>(kSeals, no, [&] { return seal(chunk); });
    if (!sealed) co_return refuse(sealed.error());
    co_return co_await in_turn<BatchCounts>(kStores, no, [&] { return store(*sealed); });
  }

  /// @return what `work` gives; another error when a chunk before this one failed, which is told of
  ///         before it
  template <class T, class Work>
  awaitable<Step<T>> in_turn(Stage stage, std::int64_t no, Work work) {
    bool const goes_on = co_await turns_.enter(stage, no);
    if (!goes_on) co_return refuse(UploadFailure::Reason{StoreError::conflict});
    auto done = co_await work();
    if (done) turns_.leave(stage, no);
    co_return done;
  }

  awaitable<Step<void>> check(Chunk& chunk) {
    auto const first = co_await again_while_later([&] {
      return services_.numbers.reserve_later(result_.batch->market, storage::NumberKind::lead,
                                             std::ssize(chunk.rows));
    });
    if (!first) co_return refuse(UploadFailure::Reason{first.error()});
    chunk.first_no = *first;
    auto const checked =
        co_await again_while_later([&] { return checks_.check(*result_.batch, chunk); });
    if (!checked) co_return refuse(UploadFailure::Reason{checked.error()});
    co_return Step<void>{};
  }

  awaitable<Step<void>> claim(Chunk& chunk) {
    chunk.admissions.resize(chunk.rows.size());
    for (std::size_t from = 0; from < chunk.rows.size();) {
      auto const until =
          std::min(from + (pressed() ? kAdmitRowsPressed : kAdmitRows), chunk.rows.size());
      auto const admitted = co_await admit(chunk, from, until);
      if (!admitted) co_return refuse(admitted.error());
      from = until;
    }
    co_return Step<void>{};
  }

  awaitable<Step<void>> admit(Chunk& chunk, std::size_t from, std::size_t until) {
    market::Submission submission;
    submission.command = market::AdmitRows{.batch_no = result_.batch->no};
    submission.lane = market::Lane::bulk;
    std::vector<std::size_t> asked;
    for (auto i = from; i < until; ++i) {
      if (!chunk.is_candidate(chunk.rows[i])) continue;
      asked.push_back(i);
      submission.admissions.push_back(
          {chunk.first_no + static_cast<std::int64_t>(i), chunk.rows[i].digests});
    }
    if (asked.empty()) co_return Step<void>{};
    for (int attempt = 1;; ++attempt) {
      auto const answer = co_await request_.market->submit(submission);
      if (answer) {
        for (std::size_t k = 0; k < asked.size(); ++k) {
          chunk.admissions[asked[k]] = answer->admissions.at(k);
        }
        co_return Step<void>{};
      }
      // Busy means that nothing was applied; the body waits in the sender's socket meanwhile.
      bool const again = answer.error() == market::SubmitError::busy && attempt < kBusyAttemptsMax;
      if (!again) co_return refuse(UploadFailure::Reason{answer.error()});
      co_await sleep_for(kBusyPause);
    }
  }

  awaitable<Step<SealedChunk>> seal(Chunk& chunk) {
    auto const looked = co_await again_while_later([&] { return checks_.find_planted(chunk); });
    if (!looked) co_return refuse(UploadFailure::Reason{looked.error()});
    auto const named = co_await again_while_later([&] { return checks_.find_named(chunk); });
    if (!named) co_return refuse(UploadFailure::Reason{named.error()});
    auto const known = co_await again_while_later([&] { return checks_.count_known(chunk); });
    if (!known) co_return refuse(UploadFailure::Reason{known.error()});
    co_return co_await services_.cpu.run([this, &chunk, &named, &known] {
      SealedChunk sealed;
      sealed.signs = signs_of_chunk(services_.keys, chunk, began_at_, *known);
      sealed.rows =
          std::make_shared<storage::UploadChunk const>(rows_of(chunk, *named, sealed.signs));
      sealed.planted = planted_hits(chunk, *result_.batch, request_.tenant_no);
      return sealed;
    });
  }

  awaitable<Step<BatchCounts>> store(SealedChunk const& sealed) {
    // Before the rows: what was told is no less true when they are not stored.
    auto const told = co_await report_planted(sealed.planted);
    if (!told) co_return refuse(UploadFailure::Reason{told.error()});
    auto job = [batch = *result_.batch, rows = sealed.rows](storage::LotTx& tx) {
      return tx.batches().append(batch, *rows);
    };
    auto const appended = co_await again_while_later([&] { return services_.store.transact(job); });
    if (!appended) co_return refuse(UploadFailure::Reason{appended.error()});
    // Its time-out came, or its generator took it back: no reader waits for the rest.
    if (!*appended) co_return refuse(UploadFailure::Reason{StoreError::not_found});
    if (!request_.part) signs_.add(sealed.signs);
    co_return sealed.rows->counts;
  }

  /// Rows that come again, after a cut or from another sender, tell of a case that is open already.
  awaitable<Result<void, StoreError>> report_planted(std::vector<storage::PlantedHit> const& hits) {
    if (hits.empty()) co_return Result<void, StoreError>{};
    for (int attempt = 1;; ++attempt) {
      auto const told = co_await services_.planted.report(hits);
      bool const again =
          !told && told.error() == StoreError::retry_later && attempt < kStoreAttemptsMax;
      if (!again) co_return told;
      co_await sleep_for(kBusyPause);
    }
  }

  /// On the pool. Reads only what does not change while the upload runs.
  storage::UploadChunk rows_of(Chunk const& chunk, storage::NamedBuyers const& named,
                               ChunkSigns const& signs) const {
    auto const batch = *result_.batch;
    auto sealed = seal_chunk(services_.keys, chunk,
                             {.batch = batch,
                              .tenant_no = request_.tenant_no,
                              .ask = request_.ask,
                              .settings = request_.settings,
                              .rules = rules_,
                              .arrived_at = services_.now(),
                              .named = named,
                              .own_key = own_key_ ? &*own_key_ : nullptr});
    if (auto const& last = chunk.rows.back(); last.mark) {
      sealed.mark = storage::UploadMark{
          last.row_no, last.mark->bytes,
          seal_piece_state(services_.keys, batch, decoder_header_, last.mark->hash_state),
          request_.part->piece_no};
      sealed.signs_sealed = seal_signs(services_.keys, batch, last.row_no, signs);
    }
    return sealed;
  }

  /// Of a file in pieces: its signs stand beside its rows, those of this piece too.
  awaitable<Step<void>> add_kept_signs() {
    auto const batch = request_.part->batch;
    for (std::int64_t after = 0;;) {
      auto job = [batch, after](storage::LotTx& tx) {
        return tx.pieces().signs(batch, after, kSignsPerStretch);
      };
      auto const kept = co_await services_.store.transact(job);
      if (!kept) co_return refuse(UploadFailure::Reason{kept.error()});
      for (auto const& chunk : *kept) {
        auto const signs = open_signs(services_.keys, batch, chunk);
        LEADEX_CHECK(signs.has_value());  // our own, sealed
        signs_.add(*signs);
        after = chunk.last_row;
      }
      if (std::ssize(*kept) < kSignsPerStretch) co_return Step<void>{};
    }
  }

  UploadServices& services_;
  UploadRequest request_;
  UploadSource& source_;
  MarketRules rules_;
  UploadDecoder decoder_;
  ChunkChecks checks_;
  SeenPersons seen_;  // of a dry run
  UploadResult result_;
  Timestamp began_at_;
  LotSigns signs_;
  std::optional<crypto::AeadKey> own_key_;
  std::string decoder_header_;  // of a file in pieces: its header, byte for byte
  std::int64_t bytes_passed_{};
  std::int64_t passed_on_{};  // chunks
  int unsettled_{};           // of them not known to be stored
  std::size_t paced_{};       // bytes since the last look at the pace
  std::chrono::milliseconds pause_{};
  Turns<kStages> turns_;
  std::deque<storage::Pending<Step<BatchCounts>>> under_way_;  // oldest first
};

awaitable<Result<UploadResult, UploadFailure>> run_upload(UploadServices& services,
                                                          UploadRequest request,
                                                          UploadSource& source) {
  Upload upload{services, std::move(request), source, co_await asio::this_coro::executor};
  auto result = co_await upload.run();
  co_return result;
}

}  // namespace

awaitable<Result<UploadResult, UploadFailure>> upload_batch(UploadServices& services,
                                                            UploadRequest request,
                                                            UploadSource& source) {
  return storage::on_strand(run_upload(services, std::move(request), source));
}

}  // namespace leadex::intake
