#include "server/intake/batch_upload.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <exception>
#include <set>

#include "server/intake/lead_rows.hpp"
#include "server/intake/own_rows.hpp"
#include "server/storage/pending.hpp"

namespace leadex::intake {
namespace {

namespace asio = boost::asio;
using asio::awaitable;
using storage::BatchCounts;
using storage::RowOutcome;
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

awaitable<void> sleep_for(std::chrono::milliseconds duration) {
  asio::steady_timer timer{co_await asio::this_coro::executor, duration};
  co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
}

/// A chunk on its way: rows with their admissions, then what is stored of them.
struct Chunk {
  std::int64_t first_no{};
  std::int64_t bytes{};
  std::vector<DecodedRow> rows;
  std::vector<market::Admission> admissions;  // one per row; means something for candidates only
};

bool is_candidate(DecodedRow const& row) { return row.lead && !row.duplicate_in_batch; }

std::string_view code_of(market::Admission admission) {
  return admission == market::Admission::duplicate_in_batch ? "duplicate_in_batch"
                                                            : "duplicate_in_market";
}

void add_reject(std::vector<storage::RowReject>& rejects, DecodedRow const& row) {
  for (std::size_t i = 0; i < row.faults.size(); ++i) {
    auto const& fault = row.faults[i];
    rejects.push_back({row.row_no, static_cast<std::int32_t>(i), RowOutcome::rejected,
                       std::string{to_string(fault.code)}, fault.pointer, std::string{fault.detail},
                       row.external_id,
                       i < row.own_columns.size() ? row.own_columns[i] : std::nullopt});
  }
}

void add_duplicate(std::vector<storage::RowReject>& rejects, DecodedRow const& row,
                   std::string_view code) {
  auto const& id = row.lead->at(Column::external_id);
  rejects.push_back({row.row_no, 0, RowOutcome::duplicate, std::string{code}, "",
                     code == "duplicate_in_batch"
                         ? "An earlier row of this file has the same e-mail or phone."
                         : "The market has had the same e-mail or phone lately.",
                     id.empty() ? std::nullopt : std::optional{id}});
}

/// Whether the batch before refused such a row: the one the file says it is, or else one of the
/// same external_id.
bool was_refused(DecodedRow const& row, storage::RefusedBefore const& before) {
  if (row.corrected_row) return before.rows.contains(*row.corrected_row);
  return row.lead && before.external_ids.contains(row.lead->at(Column::external_id));
}

void refuse_row(DecodedRow& row) {
  auto const& id = row.lead->at(Column::external_id);
  if (!id.empty()) row.external_id = id;
  row.lead.reset();
  row.duplicate_in_batch = false;
  row.faults = {{RowCode::not_refused_before, "", "The batch before did not refuse such a row."}};
}

/// One upload from start to end; lives in the coroutine's frame.
class Upload {
 public:
  Upload(UploadServices& services, UploadRequest request, UploadSource& source)
      : services_(services),
        request_(std::move(request)),
        source_(source),
        decoder_(DecoderOptions{.format = request_.format,
                                .packing = request_.packing,
                                .limits = services.limits,
                                .rules = rules_of(*request_.settings),
                                .now = services.now(),
                                .mapping = request_.mapping,
                                .corrects = request_.corrects.has_value(),
                                .keep_own = !request_.dry_run,
                                .marks = request_.part.has_value(),
                                .resume = request_.part ? request_.part->resume : std::nullopt},
                 services.keys, services.disposable) {}

  awaitable<Result<UploadResult, UploadFailure>> run() {
    Step<void> done;
    std::exception_ptr thrown;
    try {
      done = co_await read_all();
    } catch (...) {
      thrown = std::current_exception();
    }
    // Whatever came, nothing of this upload stays under way behind its back.
    auto const stored = co_await wait_for_all();
    if (thrown) std::rethrow_exception(thrown);
    if (done && !stored) done = refuse(stored.error());
    if (!done) {
      co_return refuse(
          UploadFailure{std::move(done.error()), decoder_.header_faults(), result_.batch});
    }
    result_.bytes = decoder_.bytes();
    result_.file_sha256 = decoder_.file_sha256();
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

  /// Waits while others wait too long, for a time that grows as long as that helps nothing. It has
  /// an end, so an upload goes on whatever is slow.
  awaitable<void> give_way() {
    if (request_.market->pace().pressed(std::chrono::steady_clock::now())) {
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
      ++(is_candidate(row) ? result_.counts.accepted
         : row.lead        ? result_.counts.duplicate
                           : result_.counts.rejected);
      if (result_.rejects.size() >= kShownRejects) continue;
      if (row.duplicate_in_batch) add_duplicate(result_.rejects, row, "duplicate_in_batch");
      add_reject(result_.rejects, row);
    }
  }

  /// Starts claiming the persons of a chunk; the one before goes on to be stored.
  awaitable<Step<void>> pass_on(Chunk chunk) {
    auto const& mark = chunk.rows.back().mark;
    auto const end = mark ? mark->bytes : decoder_.bytes();
    chunk.bytes = end - std::exchange(bytes_passed_, end);
    auto const before = co_await wait_for_claims();
    if (!before) co_return refuse(before.error());
    claiming_.emplace(co_await asio::this_coro::executor, claim(std::move(chunk)));
    co_return Step<void>{};
  }

  awaitable<Step<Chunk>> claim(Chunk chunk) {
    auto const first = co_await services_.numbers.reserve_later(
        result_.batch->market, storage::NumberKind::lead, std::ssize(chunk.rows));
    if (!first) co_return refuse(UploadFailure::Reason{first.error()});
    chunk.first_no = *first;
    chunk.admissions.resize(chunk.rows.size());
    if (request_.corrects) {
      auto const looked = co_await refuse_uncalled(chunk);
      if (!looked) co_return refuse(looked.error());
    }
    for (std::size_t from = 0; from < chunk.rows.size();) {
      bool const pressed = request_.market->pace().pressed(std::chrono::steady_clock::now());
      auto const until =
          std::min(from + (pressed ? kAdmitRowsPressed : kAdmitRows), chunk.rows.size());
      auto const admitted = co_await admit(chunk, from, until);
      if (!admitted) co_return refuse(admitted.error());
      from = until;
    }
    co_return chunk;
  }

  /// Of a correction: rows that correct nothing are refused before they claim anybody.
  awaitable<Step<void>> refuse_uncalled(Chunk& chunk) {
    std::vector<std::int64_t> rows;
    std::vector<std::string> external_ids;
    for (auto const& row : chunk.rows) {
      if (row.corrected_row) {
        rows.push_back(*row.corrected_row);
      } else if (row.lead) {
        external_ids.push_back(row.lead->at(Column::external_id));
      }
    }
    std::erase(external_ids, std::string{});
    auto job = [batch = *request_.corrects, rows, external_ids](storage::LotTx& tx) {
      return tx.own_rows().refused_among(batch, rows, external_ids);
    };
    auto const before = co_await services_.store.transact(job);
    if (!before) co_return refuse(UploadFailure::Reason{before.error()});
    for (auto& row : chunk.rows) {
      if (row.lead && !was_refused(row, *before)) refuse_row(row);
    }
    co_return Step<void>{};
  }

  /// The chunk whose persons are being claimed is stored next, after the one before it.
  awaitable<Step<void>> wait_for_claims() {
    if (!claiming_) co_return Step<void>{};
    auto pending = std::move(*claiming_);
    claiming_.reset();
    auto chunk = co_await pending.wait();
    if (!chunk) co_return refuse(chunk.error());
    auto const before = co_await wait_for_store();
    if (!before) co_return refuse(before.error());
    storing_.emplace(co_await asio::this_coro::executor, store(std::move(*chunk)));
    co_return Step<void>{};
  }

  /// Ends what is under way: what came whole is stored, also of a file that was cut.
  awaitable<Step<void>> wait_for_all() {
    Step<void> claimed;
    std::exception_ptr thrown;
    try {
      claimed = co_await wait_for_claims();
    } catch (...) {
      thrown = std::current_exception();
    }
    auto const stored = co_await wait_for_store();
    if (thrown) std::rethrow_exception(thrown);
    co_return claimed ? stored : claimed;
  }

  awaitable<Step<void>> admit(Chunk& chunk, std::size_t from, std::size_t until) {
    market::Submission submission;
    submission.command = market::AdmitRows{.batch_no = result_.batch->no};
    submission.lane = market::Lane::bulk;
    std::vector<std::size_t> asked;
    for (auto i = from; i < until; ++i) {
      if (!is_candidate(chunk.rows[i])) continue;
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

  awaitable<Step<void>> wait_for_store() {
    if (!storing_) co_return Step<void>{};
    auto pending = std::move(*storing_);
    storing_.reset();
    auto const stored = co_await pending.wait();
    if (!stored) co_return refuse(stored.error());
    auto& sum = result_.counts;
    sum.read += stored->read;
    sum.accepted += stored->accepted;
    sum.duplicate += stored->duplicate;
    sum.suppressed += stored->suppressed;
    sum.rejected += stored->rejected;
    co_return Step<void>{};
  }

  awaitable<Step<BatchCounts>> store(Chunk chunk) {
    auto const named = co_await find_named(chunk);
    if (!named) co_return refuse(UploadFailure::Reason{named.error()});
    auto sealed =
        co_await services_.cpu.run([this, &chunk, &named] { return seal(chunk, *named); });
    auto rows = std::make_shared<storage::UploadChunk const>(std::move(sealed));
    auto const batch = *result_.batch;
    auto job = [batch, rows](storage::LotTx& tx) { return tx.batches().append(batch, *rows); };
    auto appended = co_await services_.store.transact(job);
    // Later means that nothing was stored; the body waits in the sender's socket meanwhile.
    for (int attempt = 1;
         !appended && appended.error() == StoreError::retry_later && attempt < kStoreAttemptsMax;
         ++attempt) {
      asio::steady_timer pause{co_await asio::this_coro::executor, kBusyPause};
      co_await pause.async_wait(asio::as_tuple(asio::use_awaitable));
      appended = co_await services_.store.transact(job);
    }
    if (!appended) co_return refuse(UploadFailure::Reason{appended.error()});
    // Its time-out came, or its generator took it back: no reader waits for the rest.
    if (!*appended) co_return refuse(UploadFailure::Reason{StoreError::not_found});
    co_return rows->counts;
  }

  /// The buyers that consents of the chunk name, looked up for all of them at once.
  awaitable<Result<storage::NamedBuyers, StoreError>> find_named(Chunk const& chunk) {
    std::set<std::string> keys;
    for (auto const& row : chunk.rows) {
      if (!is_candidate(row)) continue;
      for (auto& key : company_keys(*row.lead)) keys.insert(std::move(key));
    }
    if (keys.empty()) co_return storage::NamedBuyers{};
    auto job = [wanted = std::vector<std::string>(keys.begin(), keys.end())](storage::LotTx& tx) {
      return tx.batches().buyers_named(wanted);
    };
    co_return co_await services_.store.transact(job);
  }

  /// On the pool. Reads only what does not change while the upload runs.
  storage::UploadChunk seal(Chunk const& chunk, storage::NamedBuyers const& named) const {
    storage::UploadChunk rows;
    rows.first_no = chunk.first_no;
    rows.bytes_read = chunk.bytes;
    if (auto const& last = chunk.rows.back(); last.mark) {
      rows.mark = storage::UploadMark{
          last.row_no, last.mark->bytes,
          seal_piece_state(services_.keys, *result_.batch, decoder_header_, last.mark->hash_state)};
    }
    for (std::size_t i = 0; i < chunk.rows.size(); ++i) {
      auto const& row = chunk.rows[i];
      ++rows.counts.read;
      auto const refused_before = rows.counts.rejected + rows.counts.duplicate;
      if (!row.lead) {
        ++rows.counts.rejected;
        add_reject(rows.rejects, row);
      } else if (row.duplicate_in_batch || chunk.admissions[i] != market::Admission::accepted) {
        ++rows.counts.duplicate;
        add_duplicate(rows.rejects, row,
                      row.duplicate_in_batch ? "duplicate_in_batch" : code_of(chunk.admissions[i]));
      } else {
        ++rows.counts.accepted;
        LeadPlace const place{
            .id = {result_.batch->market, chunk.first_no + static_cast<std::int64_t>(i)},
            .batch_no = result_.batch->no,
            .row_no = row.row_no,
            .tenant_no = request_.tenant_no,
            .version = request_.settings->rules.version,
            .ask = request_.ask,
            .named_for = buyers_of(company_keys(*row.lead), named)};
        rows.leads.push_back(make_new_lead(services_.keys, *row.lead, place));
        for (auto const& digest : row.digests) rows.persons.push_back({place.id.no, digest});
      }
      bool const refused = rows.counts.rejected + rows.counts.duplicate > refused_before;
      if (refused && own_key_ && !row.own.empty()) {
        rows.own_rows.push_back(
            {row.row_no, seal_own_row(*own_key_, *result_.batch, row.row_no, row.own)});
      }
    }
    return rows;
  }

  UploadServices& services_;
  UploadRequest request_;
  UploadSource& source_;
  UploadDecoder decoder_;
  UploadResult result_;
  std::optional<crypto::AeadKey> own_key_;
  std::string decoder_header_;  // of a file in pieces: its header, byte for byte
  std::int64_t bytes_passed_{};
  std::size_t paced_{};  // bytes since the last look at the pace
  std::chrono::milliseconds pause_{};
  std::optional<storage::Pending<Step<Chunk>>> claiming_;
  std::optional<storage::Pending<Step<BatchCounts>>> storing_;
};

awaitable<Result<UploadResult, UploadFailure>> run_upload(UploadServices& services,
                                                          UploadRequest request,
                                                          UploadSource& source) {
  Upload upload{services, std::move(request), source};
  auto result = co_await upload.run();
  co_return result;
}

}  // namespace

namespace {

privacy::SealPlace piece_place(BatchId batch, crypto::Bytes const& row) {
  return {"batch_piece", batch.market, row, "state_sealed"};
}

}  // namespace

std::string seal_piece_state(privacy::KeyRing const& ring, BatchId batch, std::string_view header,
                             std::string_view hash_state) {
  std::array<std::string_view, 2> const parts{header, hash_state};
  auto const row = privacy::row_key(batch.no);
  return privacy::SecretBox{ring}.seal(piece_place(batch, row), pack_fields(parts));
}

Result<ResumePoint, privacy::SealError> open_piece_state(privacy::KeyRing const& ring,
                                                         BatchId batch,
                                                         storage::UploadMark const& mark) {
  auto const row = privacy::row_key(batch.no);
  auto const opened = privacy::SecretBox{ring}.open(piece_place(batch, row), mark.state_sealed);
  if (!opened) return refuse(opened.error());
  auto parts = unpack_fields(opened->view());
  if (!parts || parts->size() != 2) return refuse(privacy::SealError::malformed);
  return ResumePoint{mark.rows, mark.bytes, std::move(parts->front()), std::move(parts->back())};
}

awaitable<Result<UploadResult, UploadFailure>> upload_batch(UploadServices& services,
                                                            UploadRequest request,
                                                            UploadSource& source) {
  return storage::on_strand(run_upload(services, std::move(request), source));
}

}  // namespace leadex::intake
