#include "server/intake/batch_upload.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <exception>
#include <map>
#include <set>

#include "server/intake/lead_rows.hpp"
#include "server/intake/lead_source_row.hpp"
#include "server/intake/lot_signs.hpp"
#include "server/intake/mail_check.hpp"
#include "server/intake/seen_persons.hpp"
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
  std::vector<market::Admission> admissions;     // one per row; means something for candidates only
  std::set<std::int64_t> suppressed;             // rows whose person the exchange's own list has
  std::map<std::int64_t, std::int64_t> planted;  // contacts of the exchange's own, by row
  [[nodiscard]] bool is_candidate(DecodedRow const& row) const {
    return row.lead && !row.duplicate_in_batch && !suppressed.contains(row.row_no);
  }
};

bool is_accepted(Chunk const& chunk, std::size_t row) {
  return chunk.is_candidate(chunk.rows[row]) &&
         chunk.admissions[row] == market::Admission::accepted;
}

std::string_view code_of(market::Admission admission) {
  return admission == market::Admission::duplicate_in_batch ? "duplicate_in_batch"
                                                            : "duplicate_in_market";
}

void add_reject(std::vector<storage::RowReject>& rejects, DecodedRow const& row) {
  std::int32_t fault_no = 0;
  for (auto const& fault : row.faults) {
    rejects.push_back({row.row_no, fault_no++, RowOutcome::rejected,
                       std::string{to_string(fault.code)}, fault.pointer, std::string{fault.detail},
                       row.external_id});
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

MarketRules rules_in_force(UploadRequest const& request) {
  auto rules = rules_of(*request.settings);
  rules.taxonomy = request.taxonomy;
  return rules;
}

/// What a chunk adds: its rows, and beside them what was told of their sources.
struct SealedChunk {
  storage::UploadChunk rows;
  std::vector<storage::LeadSource> sources;
};

void add_suppressed(std::vector<storage::RowReject>& rejects, DecodedRow const& row) {
  auto const& id = row.lead->at(Column::external_id);
  rejects.push_back({row.row_no, 0, RowOutcome::suppressed, "suppressed", "",
                     "This person may not be traded.",
                     id.empty() ? std::nullopt : std::optional{id}});
}

/// One upload from start to end; lives in the coroutine's frame.
class Upload {
 public:
  Upload(UploadServices& services, UploadRequest request, UploadSource& source)
      : services_(services),
        request_(std::move(request)),
        source_(source),
        rules_(rules_in_force(request_)),
        decoder_(DecoderOptions{.format = request_.format,
                                .packing = request_.packing,
                                .limits = services.limits,
                                .rules = rules_,
                                .now = services.now()},
                 services.keys, services.disposable),
        started_(services.now()) {}

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
    result_.picture = signs_.finish();
    co_return std::move(result_);
  }

 private:
  awaitable<Step<void>> read_all() {
    std::vector<char> buffer(kReadBytes);
    for (bool more = true; more;) {
      auto const got = co_await source_.read_some(buffer);
      if (!got) co_return refuse(UploadFailure::Reason{got.error()});
      more = *got > 0;
      std::string_view const bytes{buffer.data(), *got};
      for (paced_ += *got; paced_ >= kPacedBytes; paced_ -= kPacedBytes) co_await give_way();
      auto const decoded = co_await services_.cpu.run(
          [this, bytes] { return bytes.empty() ? decoder_.finish() : decoder_.feed(bytes); });
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
      auto const created = co_await create();
      if (!created) co_return refuse(created.error());
    }
    co_return co_await take_rows(at_end);
  }

  awaitable<Step<void>> create() {
    auto const market_no = request_.market->market_no();
    auto const no =
        co_await services_.numbers.reserve_later(market_no, storage::NumberKind::batch, 1);
    if (!no) co_return refuse(UploadFailure::Reason{no.error()});
    if (request_.begins) request_.begins({market_no, *no});
    storage::NewBatch const wanted{.id = {market_no, *no},
                                   .tenant_no = request_.tenant_no,
                                   .format = request_.format,
                                   .market_version = request_.settings->rules.version,
                                   .ask = request_.ask};
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
      if (row.duplicate_in_batch) add_duplicate(result_.rejects, row, "duplicate_in_batch");
      add_reject(result_.rejects, row);
    }
  }

  /// Starts claiming the persons of a chunk; the one before goes on to be stored.
  awaitable<Step<void>> pass_on(Chunk chunk) {
    chunk.bytes = decoder_.bytes() - std::exchange(bytes_passed_, decoder_.bytes());
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
    if (services_.mail != nullptr) co_await check_mail(chunk.rows);
    seen_.mark(chunk.rows);
    chunk.admissions.resize(chunk.rows.size());
    auto const looked = co_await find_suppressed(chunk);
    if (!looked) co_return refuse(UploadFailure::Reason{looked.error()});
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

  /// Marks the rows whose persons the exchange's own list has. Who comes onto it later is withheld
  /// from everybody as the chunk is stored (0028 says what is left of that).
  awaitable<Result<void, StoreError>> find_suppressed(Chunk& chunk) {
    if (services_.privacy == nullptr) co_return Result<void, StoreError>{};
    std::vector<std::string> asked;
    for (auto const& row : chunk.rows) {
      if (row.lead) asked.insert(asked.end(), row.digests.begin(), row.digests.end());
    }
    if (asked.empty()) co_return Result<void, StoreError>{};
    auto const barred = co_await services_.privacy->barred(std::move(asked));
    if (!barred) co_return refuse(barred.error());
    std::set<std::string> const whom(barred->begin(), barred->end());
    for (auto const& row : chunk.rows) {
      if (!row.lead) continue;
      bool const found = std::ranges::any_of(
          row.digests, [&](auto const& digest) { return whom.contains(digest); });
      if (found) chunk.suppressed.insert(row.row_no);
    }
    co_return Result<void, StoreError>{};
  }

  /// Refuses rows whose e-mail domain takes no mail, before they count as persons met.
  awaitable<void> check_mail(std::vector<DecodedRow>& rows) {
    std::vector<DecodedRow*> sound;
    std::vector<CheckedLead*> leads;
    for (auto& row : rows) {
      if (!row.lead) continue;
      sound.push_back(&row);
      leads.push_back(&*row.lead);
    }
    auto const refused =
        co_await find_undeliverable(*services_.mail, std::move(leads), kMailWaitUpload);
    for (auto const place : refused) {
      auto& row = *sound[place];
      row.faults.push_back(undeliverable_fault());
      auto const& id = row.lead->at(Column::external_id);
      if (!id.empty()) row.external_id = id;
      row.lead.reset();
      row.digests.clear();
    }
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
    auto const looked = co_await find_planted(chunk);
    if (!looked) co_return refuse(UploadFailure::Reason{looked.error()});
    auto const named = co_await find_named(chunk);
    if (!named) co_return refuse(UploadFailure::Reason{named.error()});
    auto const known = co_await count_known(chunk);
    if (!known) co_return refuse(UploadFailure::Reason{known.error()});
    std::vector<RowSigns> signs;
    auto sealed = co_await services_.cpu.run([this, &chunk, &named, &signs] {
      signs = signs_of_accepted(chunk);
      return seal(chunk, *named);
    });
    auto const kept = co_await keep_sources(std::move(sealed.sources));
    if (!kept) co_return refuse(UploadFailure::Reason{kept.error()});
    // Before the rows: what was told is no less true when they are not stored.
    auto const told = co_await report_planted(chunk);
    if (!told) co_return refuse(UploadFailure::Reason{told.error()});
    auto rows = std::make_shared<storage::UploadChunk const>(std::move(sealed.rows));
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
    signs_.add(signs);
    auto const candidates = std::ranges::count_if(
        chunk.rows, [&chunk](DecodedRow const& row) { return chunk.is_candidate(row); });
    signs_.add_people(candidates, *known);
    co_return rows->counts;
  }

  /// Also of rows that become no lead: whoever brings such a contact has it from where it was
  /// planted.
  awaitable<Result<void, StoreError>> find_planted(Chunk& chunk) {
    if (!services_.planted.known) co_return Result<void, StoreError>{};
    auto const known = co_await services_.planted.known();
    if (!known) co_return refuse(known.error());
    if ((*known)->empty()) co_return Result<void, StoreError>{};
    for (auto const& row : chunk.rows) {
      for (auto const& digest : row.digests) {
        auto const found = (*known)->find(digest);
        if (row.lead && found != (*known)->end()) chunk.planted.emplace(row.row_no, found->second);
      }
    }
    co_return Result<void, StoreError>{};
  }

  awaitable<Result<void, StoreError>> report_planted(Chunk const& chunk) {
    if (chunk.planted.empty()) co_return Result<void, StoreError>{};
    std::vector<storage::PlantedHit> hits;
    for (std::size_t i = 0; i < chunk.rows.size(); ++i) {
      auto const found = chunk.planted.find(chunk.rows[i].row_no);
      if (found == chunk.planted.end()) continue;
      auto const lead_no = chunk.first_no + static_cast<std::int64_t>(i);
      hits.push_back({.planted_no = found->second,
                      .market = result_.batch->market,
                      .generator_no = request_.tenant_no,
                      .batch_no = result_.batch->no,
                      .lead_no = is_accepted(chunk, i) ? lead_no : 0});
    }
    co_return co_await services_.planted.report(std::move(hits));
  }

  /// Rows whose person the market had from another generator.
  awaitable<Result<std::int64_t, StoreError>> count_known(Chunk const& chunk) {
    std::vector<storage::KnownPerson> persons;
    for (std::size_t i = 0; i < chunk.rows.size(); ++i) {
      auto const& row = chunk.rows[i];
      bool const known =
          chunk.is_candidate(row) && chunk.admissions[i] == market::Admission::duplicate_in_market;
      if (!known) continue;
      for (auto const& digest : row.digests) {
        persons.push_back({static_cast<std::int64_t>(i), digest});
      }
    }
    if (persons.empty()) co_return std::int64_t{};
    auto job = [market = result_.batch->market, tenant = request_.tenant_no,
                persons = std::move(persons)](storage::LotTx& tx) {
      return tx.batches().known_from_others(market, tenant, persons);
    };
    co_return co_await services_.store.transact(job);
  }

  /// On the pool, as seal.
  std::vector<RowSigns> signs_of_accepted(Chunk const& chunk) const {
    std::vector<RowSigns> signs;
    for (std::size_t i = 0; i < chunk.rows.size(); ++i) {
      if (!is_accepted(chunk, i)) continue;
      signs.push_back(signs_of(services_.keys, *chunk.rows[i].lead, started_));
    }
    return signs;
  }

  /// Before the rows themselves: a source without its lead means nothing.
  awaitable<Result<void, StoreError>> keep_sources(std::vector<storage::LeadSource> sources) {
    if (services_.sources == nullptr || sources.empty()) co_return Result<void, StoreError>{};
    for (int attempt = 1;; ++attempt) {
      auto const done = co_await services_.sources->put(result_.batch->market, sources);
      if (done) co_return Result<void, StoreError>{};
      bool const again = done.error() == StoreError::retry_later && attempt < kStoreAttemptsMax;
      if (!again) co_return refuse(done.error());
      co_await sleep_for(kBusyPause);
    }
  }

  /// The buyers that consents of the chunk name, looked up for all of them at once.
  awaitable<Result<storage::NamedBuyers, StoreError>> find_named(Chunk const& chunk) {
    std::set<std::string> keys;
    for (auto const& row : chunk.rows) {
      if (!chunk.is_candidate(row)) continue;
      for (auto& key : company_keys(*row.lead)) keys.insert(std::move(key));
    }
    if (keys.empty()) co_return storage::NamedBuyers{};
    auto job = [wanted = std::vector<std::string>(keys.begin(), keys.end())](storage::LotTx& tx) {
      return tx.batches().buyers_named(wanted);
    };
    co_return co_await services_.store.transact(job);
  }

  /// On the pool. Reads only what does not change while the upload runs.
  SealedChunk seal(Chunk const& chunk, storage::NamedBuyers const& named) const {
    auto const arrived_at = services_.now();
    SealedChunk sealed;
    auto& rows = sealed.rows;
    rows.first_no = chunk.first_no;
    rows.bytes_read = chunk.bytes;
    for (std::size_t i = 0; i < chunk.rows.size(); ++i) {
      auto const& row = chunk.rows[i];
      ++rows.counts.read;
      if (!row.lead) {
        ++rows.counts.rejected;
        add_reject(rows.rejects, row);
      } else if (chunk.suppressed.contains(row.row_no)) {
        ++rows.counts.suppressed;
        add_suppressed(rows.rejects, row);
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
            .named_for = buyers_of(company_keys(*row.lead), named),
            .settings = request_.settings,
            .arrived_at = arrived_at,
            .planted = chunk.planted.contains(row.row_no)};
        rows.leads.push_back(make_new_lead(services_.keys, *row.lead, place));
        if (auto source = source_row(*row.lead, rules_, place.id.no)) {
          sealed.sources.push_back(std::move(*source));
        }
        for (auto const& digest : row.digests) rows.persons.push_back({place.id.no, digest});
      }
    }
    return sealed;
  }

  UploadServices& services_;
  UploadRequest request_;
  UploadSource& source_;
  MarketRules rules_;
  UploadDecoder decoder_;
  SeenPersons seen_;  // one chunk at a time is marked: claims follow each other
  UploadResult result_;
  Timestamp started_;
  LotSigns signs_;
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

awaitable<Result<UploadResult, UploadFailure>> upload_batch(UploadServices& services,
                                                            UploadRequest request,
                                                            UploadSource& source) {
  return storage::on_strand(run_upload(services, std::move(request), source));
}

}  // namespace leadex::intake
