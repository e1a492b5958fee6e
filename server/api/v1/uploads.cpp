// Uploads that come in pieces: begun, asked where they go on, and brought piece by piece. An offset
// counts bytes of the file as it is unpacked, so each piece may be packed by itself, or not.

#include "billing/values/check.hpp"
#include "server/api/kept_answer.hpp"
#include "server/api/v1/intake_handlers.hpp"
#include "server/api/v1/source_services.hpp"
#include "server/api/v1/upload_parts.hpp"
#include "server/app/close_upload.hpp"
#include "server/app/lot_upkeep.hpp"
#include "server/intake/column_mapping.hpp"
#include "server/intake/piece_state.hpp"
#include "server/json/value.hpp"

namespace leadex::api {

namespace {

constexpr int kPersonsPerStretch = 20'000;
constexpr std::int64_t kOpenUploadsMax = 32;  // of an account

/// An upload in pieces as it stands.
struct Standing {
  storage::Batch batch;
  storage::UploadPiece piece;
  std::int64_t last_lead_no{};  // of the rows that are stored
  bool unsettled{};             // before the piece that comes now

  [[nodiscard]] bool open() const {
    return batch.status == storage::BatchStatus::receiving &&
           batch.mode != storage::LotMode::stopped;
  }
  /// To its end: the file is there.
  [[nodiscard]] bool complete() const { return batch.file_sha256.has_value(); }
  [[nodiscard]] std::int64_t offset() const {
    if (!open()) return batch.bytes_read;
    return piece.mark ? piece.mark->bytes : 0;
  }
};

std::optional<Standing> look_up(storage::LotTx& tx, BatchId id, storage::BatchViewer viewer) {
  auto batch = tx.batches().find(id, viewer);
  if (!batch) return std::nullopt;
  auto piece = tx.pieces().find(id);
  if (!piece) return std::nullopt;
  auto const ranges = tx.batches().lead_ranges(id);
  return Standing{std::move(*batch), std::move(*piece), ranges.empty() ? 0 : ranges.back().last_no,
                  false};
}

ApiProblem not_receiving() { return problem_of(app::LotError{app::LotRefusal::not_receiving}); }

asio::awaitable<Result<Standing, ApiProblem>> find_standing(ApiCall& call, BatchId id) {
  auto job = [id, viewer = batch_viewer(call)](storage::LotTx& tx) {
    return look_up(tx, id, viewer);
  };
  auto found = co_await call.ctx.intake->lots.store.transact(job);
  if (!found) co_return refuse(problem_of(found.error()));
  if (!*found) co_return problem(Code::not_found);
  co_return std::move(**found);
}

/// Opens the upload for a piece from `offset` on; whoever would close it waits for the lock, then
/// finds it touched.
asio::awaitable<Result<Standing, ApiProblem>> open_for_piece(ApiCall& call, BatchId id,
                                                             std::string offset) {
  using Opened = Result<Standing, Code>;
  auto job = [id, viewer = batch_viewer(call), offset](storage::LotTx& tx) -> Opened {
    static_cast<void>(tx.batches().find_locked(id));
    auto standing = look_up(tx, id, viewer);
    if (!standing) return refuse(Code::not_found);
    if (!standing->open()) return refuse(Code::conflict);
    if (offset != std::to_string(standing->offset())) return refuse(Code::upload_offset_wrong);
    auto const piece = tx.pieces().open(id);
    standing->piece.piece_no = piece.piece_no;
    standing->unsettled = piece.unsettled;
    return std::move(*standing);
  };
  auto opened = co_await call.ctx.intake->lots.store.transact(job);
  if (!opened) co_return refuse(problem_of(opened.error()));
  if (*opened) co_return std::move(**opened);
  if (opened->error() == Code::conflict) co_return refuse(not_receiving());
  co_return problem(opened->error());
}

asio::awaitable<Result<void, ApiProblem>> settle(ApiCall& call, BatchId id, std::int64_t piece_no) {
  auto job = [id, piece_no](storage::LotTx& tx) {
    tx.pieces().settle_piece(id, piece_no);
    return true;
  };
  auto const done = co_await call.ctx.intake->lots.store.transact(job);
  if (!done) co_return refuse(problem_of(done.error()));
  co_return Result<void, ApiProblem>{};
}

http::Response render(ApiCall const& call, Standing const& standing) {
  json::JsonWriter out;
  {
    auto const whole = out.object();
    out.field("id", call.ctx.ids.seal(standing.batch.id));
    out.field("offset", standing.offset());
    out.field("rows", standing.batch.counts.read);
    out.field("complete", standing.complete());
    out.field("status", text(standing.batch.status));
  }
  auto response = answer(200, out);
  response.headers.add("Upload-Offset", std::to_string(standing.offset()));
  response.headers.add("Upload-Complete", standing.complete() ? "?1" : "?0");
  return response;
}

enum class Begun : std::uint8_t { yes, no_commitment, too_many };

asio::awaitable<Result<BatchId, ApiProblem>> create(ApiCall& call,
                                                    intake::UploadRequest const& request) {
  auto& services = call.ctx.intake->uploads;
  auto const market_no = request.market->market_no();
  auto const no = co_await services.numbers.reserve_later(market_no, storage::NumberKind::batch, 1);
  if (!no) co_return refuse(problem_of(no.error()));
  std::optional<std::int64_t> corrects_no;
  if (request.corrects) corrects_no = request.corrects->no;
  std::optional<std::string> mapping;
  if (request.mapping) mapping = intake::mapping_json(*request.mapping);
  storage::NewBatch const wanted{.id = {market_no, *no},
                                 .tenant_no = request.tenant_no,
                                 .format = request.format,
                                 .market_version = request.settings->rules.version,
                                 .ask = request.ask,
                                 .corrects_no = corrects_no};
  for (int attempt = 0; attempt < 2; ++attempt) {
    auto job = [wanted, mapping](storage::LotTx& tx) {
      if (tx.pieces().count_open(wanted.tenant_no) >= kOpenUploadsMax) return Begun::too_many;
      if (!tx.batches().create(wanted)) return Begun::no_commitment;
      tx.pieces().begin(wanted.id, mapping);
      return Begun::yes;
    };
    auto const made = co_await services.store.transact(job);
    if (!made) co_return refuse(problem_of(made.error()));
    if (*made == Begun::yes) co_return wanted.id;
    if (*made == Begun::too_many) co_return problem(Code::limit_reached);
    auto const refilled = co_await services.refill(market_no);
    if (!refilled) co_return refuse(problem_of(refilled.error()));
  }
  co_return refuse(problem_of(storage::StoreError::retry_later));
}

asio::awaitable<ApiResult> begin_now(ApiCall& call) {
  auto request = co_await read_upload(call);
  if (!request) co_return refuse(request.error());
  if (auto const may = co_await refuse_stopped(call, request->market->market_no()); !may) {
    co_return refuse(may.error());
  }
  request->format =
      call.query("format") == "ndjson" ? storage::BatchFormat::ndjson : storage::BatchFormat::csv;
  auto const id = co_await create(call, *request);
  if (!id) co_return refuse(id.error());
  auto const standing = co_await find_standing(call, *id);
  if (!standing) co_return refuse(standing.error());
  co_return render(call, *standing);
}

/// Marks the batch of this request as one that is not cut, until the request ends.
class LivePiece {
 public:
  LivePiece(LiveUploads& all, BatchId batch)
      : all_(all), batch_(batch), held_(all.try_begin(batch)) {}
  ~LivePiece() {
    if (held_) all_.end(batch_);
  }
  LivePiece(LivePiece const&) = delete;
  LivePiece& operator=(LivePiece const&) = delete;
  [[nodiscard]] bool held() const { return held_; }

 private:
  LiveUploads& all_;
  BatchId batch_;
  bool held_;
};

/// Rows whose persons were claimed, but that were never stored, come again: else they would be
/// duplicates of themselves.
asio::awaitable<Result<void, ApiProblem>> free_unstored(ApiCall& call, Standing const& standing) {
  auto& services = *call.ctx.intake;
  if (!standing.unsettled) co_return Result<void, ApiProblem>{};
  std::string after;
  do {
    auto job = [id = standing.batch.id, last = standing.last_lead_no, after](storage::LotTx& tx) {
      return tx.pieces().free_unstored(id, last, after, kPersonsPerStretch);
    };
    auto const next = co_await services.lots.store.transact(job);
    if (!next) co_return refuse(problem_of(next.error()));
    after = *next;
  } while (!after.empty());
  co_return Result<void, ApiProblem>{};
}

/// What intake is to do with the piece.
asio::awaitable<Result<intake::UploadRequest, ApiProblem>> piece_request(ApiCall& call,
                                                                         Standing const& standing) {
  auto const& batch = standing.batch;
  auto const market = find_market(call.ctx, batch.id.market);
  if (!market) co_return refuse(market.error());
  auto const packing = packing_of(call);
  if (!packing) co_return refuse(packing.error());
  auto const taxonomy = co_await taxonomy_of(call, batch.id.market);
  if (!taxonomy) co_return refuse(taxonomy.error());
  intake::UploadRequest request{.market = market->actor,
                                .settings = market->actor->settings(batch.market_version),
                                .tenant_no = batch.tenant_no,
                                .format = batch.format,
                                .packing = *packing,
                                .ask = batch.ask,
                                .taxonomy = *taxonomy};
  if (!request.settings) request.settings = market->settings;
  if (batch.corrects_no) request.corrects = BatchId{batch.id.market, *batch.corrects_no};
  if (standing.piece.mapping) {
    auto const definition = json::parse(*standing.piece.mapping);
    LEADEX_CHECK(definition.has_value());
    request.mapping =
        std::make_shared<intake::ColumnMapping const>(intake::read_mapping(*definition));
  }
  intake::UploadPart part{.batch = batch.id,
                          .piece_no = standing.piece.piece_no,
                          .last = call.request.headers.find("upload-complete") != "?0",
                          .resume = {},
                          .began_at = batch.created_at};
  if (standing.piece.mark) {
    auto point = intake::open_piece_state(call.ctx.keys, batch.id, *standing.piece.mark);
    if (!point) co_return problem(Code::internal);
    part.resume = std::move(*point);
  }
  request.part = std::move(part);
  co_return request;
}

/// What is packed and was cut may come again; a file that is wrong never becomes right. A header
/// that was sound when the upload began may be so again: the market's words changed, not the file.
bool is_final(intake::UploadFailure const& failure, bool resumed) {
  auto const* fault = std::get_if<intake::DecodeFault>(&failure.reason);
  if (fault == nullptr || *fault == intake::DecodeFault::unpack_cut) return false;
  return !resumed || *fault != intake::DecodeFault::header_invalid;
}

asio::awaitable<ApiProblem> end_failed(ApiCall& call, BatchId id, std::int64_t piece_no,
                                       bool resumed, intake::UploadFailure const& failure) {
  auto& services = *call.ctx.intake;
  if (was_given_up(failure)) {
    static_cast<void>(co_await app::free_given_up(services.lots, id));
  } else if (is_final(failure, resumed)) {
    auto const given_up = co_await app::give_up_upload(services.lots, services.finisher, id);
    if (given_up) static_cast<void>(co_await settle(call, id, piece_no));
  } else if (failure.settled) {
    static_cast<void>(co_await settle(call, id, piece_no));
  }
  co_return problem_of(failure);
}

asio::awaitable<ApiResult> close(ApiCall& call, intake::UploadRequest const& request,
                                 intake::UploadResult const& result) {
  app::CloseUpload closing{.batch = request.part->batch,
                           .file_sha256 = result.file_sha256,
                           .bytes = result.bytes,
                           .settings = request.settings,
                           .actor = actor_of(call),
                           .key = std::nullopt,
                           .picture = result.picture,
                           .render = {}};
  auto& services = *call.ctx.intake;
  auto const batch = co_await app::close_upload(services.lots, std::move(closing));
  if (!batch) co_return refuse(problem_of(batch.error()));
  // A lot that is left out goes to the market at once.
  if (batch->decision == storage::LotDecision::accepted) services.finish_later(batch->id);
  json::JsonWriter out;
  write_batch(out, call.ctx, *batch);
  auto response = answer(app::kUploadStatus, out);
  response.headers.add("Location", "/v1/batches/" + call.ctx.ids.seal(batch->id));
  response.headers.add("Upload-Complete", "?1");
  co_return response;
}

}  // namespace

asio::awaitable<ApiResult> begin_upload(ApiCall& call) {
  co_return co_await answer_once(call, begin_now);
}

asio::awaitable<ApiResult> get_upload(ApiCall& call) {
  auto const id = batch_of_path(call);
  if (!id) co_return refuse(id.error());
  auto const standing = co_await find_standing(call, *id);
  if (!standing) co_return refuse(standing.error());
  // While a piece is on its way the place moves: whoever asked would begin at a wrong one.
  if (call.ctx.intake->live.has(*id)) co_return problem(Code::in_progress);
  if (!standing->open() && !standing->complete()) co_return refuse(not_receiving());
  co_return render(call, *standing);
}

asio::awaitable<ApiResult> append_upload(ApiCall& call) {
  auto& services = *call.ctx.intake;
  auto const id = batch_of_path(call);
  if (!id) co_return refuse(id.error());
  auto const known = co_await find_standing(call, *id);
  if (!known) co_return refuse(known.error());
  if (auto const may = co_await refuse_stopped(call, id->market); !may) {
    co_return refuse(may.error());
  }
  // Persons are freed below: by the market's owner alone.
  auto const market = find_market(call.ctx, id->market);
  if (!market) co_return refuse(market.error());
  LivePiece const live{services.live, *id};
  if (!live.held()) co_return problem(Code::in_progress);
  auto const offset = call.request.headers.find("upload-offset").value_or("");
  auto const standing = co_await open_for_piece(call, *id, std::string{offset});
  if (!standing) co_return refuse(standing.error());
  auto const piece_no = standing->piece.piece_no;
  auto const freed = co_await free_unstored(call, *standing);
  if (!freed) co_return refuse(freed.error());
  auto const request = co_await piece_request(call, *standing);
  if (!request) {
    static_cast<void>(co_await settle(call, *id, piece_no));
    co_return refuse(request.error());
  }
  UploadBody source{call};
  auto const result = co_await intake::upload_batch(services.uploads, *request, source);
  if (!result) {
    bool const resumed = request->part->resume.has_value();
    co_return refuse(co_await end_failed(call, *id, piece_no, resumed, result.error()));
  }
  auto const settled = co_await settle(call, *id, piece_no);
  if (!settled) co_return refuse(settled.error());
  if (request->part->last) co_return co_await close(call, *request, *result);
  auto const after = co_await find_standing(call, *id);
  if (!after) co_return refuse(after.error());
  co_return render(call, *after);
}

}  // namespace leadex::api
