// Uploads that come in pieces: begun, asked where they go on, and brought piece by piece. An offset
// counts bytes of the file as it is unpacked, so each piece may be packed by itself, or not.

#include "billing/values/check.hpp"
#include "server/api/kept_answer.hpp"
#include "server/api/v1/intake_handlers.hpp"
#include "server/api/v1/upload_parts.hpp"
#include "server/app/close_upload.hpp"
#include "server/app/lot_upkeep.hpp"
#include "server/intake/column_mapping.hpp"
#include "server/json/value.hpp"

namespace leadex::api {

namespace {

constexpr int kPersonsPerStretch = 20'000;

/// An upload in pieces as it stands.
struct Standing {
  storage::Batch batch;
  storage::UploadPiece piece;
  std::int64_t last_lead_no{};  // of the rows that are stored

  [[nodiscard]] bool open() const {
    return batch.status == storage::BatchStatus::receiving &&
           batch.mode != storage::LotMode::stopped;
  }
  [[nodiscard]] std::int64_t offset() const {
    if (!open()) return batch.bytes_read;
    return piece.mark ? piece.mark->bytes : 0;
  }
};

asio::awaitable<Result<Standing, ApiProblem>> find_standing(ApiCall& call, BatchId id) {
  auto job = [id, viewer = batch_viewer(call)](storage::LotTx& tx) -> std::optional<Standing> {
    auto batch = tx.batches().find(id, viewer);
    if (!batch) return std::nullopt;
    auto piece = tx.pieces().find(id);
    if (!piece) return std::nullopt;
    auto const ranges = tx.batches().lead_ranges(id);
    return Standing{std::move(*batch), std::move(*piece),
                    ranges.empty() ? 0 : ranges.back().last_no};
  };
  auto found = co_await call.ctx.intake->lots.store.transact(job);
  if (!found) co_return refuse(problem_of(found.error()));
  if (!*found) co_return problem(Code::not_found);
  co_return std::move(**found);
}

http::Response render(ApiCall const& call, Standing const& standing) {
  json::JsonWriter out;
  {
    auto const whole = out.object();
    out.field("id", call.ctx.ids.seal(standing.batch.id));
    out.field("offset", standing.offset());
    out.field("rows", standing.batch.counts.read);
    out.field("complete", !standing.open());
    out.field("status", text(standing.batch.status));
  }
  auto response = answer(200, out);
  response.headers.add("Upload-Offset", std::to_string(standing.offset()));
  response.headers.add("Upload-Complete", standing.open() ? "?0" : "?1");
  return response;
}

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
      bool const made = tx.batches().create(wanted).has_value();
      if (made) tx.pieces().begin(wanted.id, mapping);
      return made;
    };
    auto const made = co_await services.store.transact(job);
    if (!made) co_return refuse(problem_of(made.error()));
    if (*made) co_return wanted.id;
    auto const refilled = co_await services.refill(market_no);
    if (!refilled) co_return refuse(problem_of(refilled.error()));
  }
  co_return refuse(problem_of(storage::StoreError::retry_later));
}

asio::awaitable<ApiResult> begin_now(ApiCall& call) {
  auto request = co_await read_upload(call);
  if (!request) co_return refuse(request.error());
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
  if (services.settled.take(standing.batch.id)) co_return Result<void, ApiProblem>{};
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
Result<intake::UploadRequest, ApiProblem> piece_request(ApiCall const& call,
                                                        Standing const& standing) {
  auto const& batch = standing.batch;
  auto const market = find_market(call.ctx, batch.id.market);
  if (!market) return refuse(market.error());
  auto const packing = packing_of(call);
  if (!packing) return refuse(packing.error());
  intake::UploadRequest request{.market = market->actor,
                                .settings = market->actor->settings(batch.market_version),
                                .tenant_no = batch.tenant_no,
                                .format = batch.format,
                                .packing = *packing,
                                .ask = batch.ask};
  if (!request.settings) request.settings = market->settings;
  if (batch.corrects_no) request.corrects = BatchId{batch.id.market, *batch.corrects_no};
  if (standing.piece.mapping) {
    auto const definition = json::parse(*standing.piece.mapping);
    LEADEX_CHECK(definition.has_value());
    request.mapping =
        std::make_shared<intake::ColumnMapping const>(intake::read_mapping(*definition));
  }
  intake::UploadPart part{.batch = batch.id,
                          .last = call.request.headers.find("upload-complete") != "?0",
                          .resume = {}};
  if (standing.piece.mark) {
    auto point = intake::open_piece_state(call.ctx.keys, batch.id, *standing.piece.mark);
    if (!point) return problem(Code::internal);
    part.resume = std::move(*point);
  }
  request.part = std::move(part);
  return request;
}

/// A piece that cannot be unpacked may come again; a file that is wrong never becomes right.
bool is_final(intake::UploadFailure const& failure) {
  auto const* fault = std::get_if<intake::DecodeFault>(&failure.reason);
  return fault != nullptr && *fault != intake::DecodeFault::unpack_failed;
}

asio::awaitable<ApiResult> close(ApiCall& call, intake::UploadRequest const& request,
                                 intake::UploadResult const& result) {
  app::CloseUpload closing{.batch = request.part->batch,
                           .file_sha256 = result.file_sha256,
                           .bytes = result.bytes,
                           .settings = request.settings,
                           .actor = actor_of(call),
                           .key = std::nullopt,
                           .render = {}};
  auto const batch = co_await app::close_upload(call.ctx.intake->lots, std::move(closing));
  if (!batch) co_return refuse(problem_of(batch.error()));
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
  co_return render(call, *standing);
}

asio::awaitable<ApiResult> append_upload(ApiCall& call) {
  auto& services = *call.ctx.intake;
  auto const id = batch_of_path(call);
  if (!id) co_return refuse(id.error());
  auto const known = co_await find_standing(call, *id);
  if (!known) co_return refuse(known.error());
  LivePiece const live{services.live, *id};
  if (!live.held()) co_return problem(Code::in_progress);
  auto const standing = co_await find_standing(call, *id);  // nobody else moves it from here on
  if (!standing) co_return refuse(standing.error());
  if (!standing->open()) {
    co_return refuse(problem_of(app::LotError{app::LotRefusal::not_receiving}));
  }
  auto const offset = call.request.headers.find("upload-offset").value_or("");
  if (offset != std::to_string(standing->offset())) co_return problem(Code::upload_offset_wrong);
  auto const request = piece_request(call, *standing);
  if (!request) co_return refuse(request.error());
  auto const freed = co_await free_unstored(call, *standing);
  if (!freed) co_return refuse(freed.error());

  UploadBody source{call};
  auto const result = co_await intake::upload_batch(services.uploads, *request, source);
  if (!result) {
    auto const& failure = result.error();
    bool const settled = std::holds_alternative<intake::SourceFault>(failure.reason);
    if (is_final(failure)) {
      static_cast<void>(co_await app::give_up_upload(services.lots, services.finisher, *id));
    } else if (settled) {
      services.settled.add(*id);
    }
    co_return refuse(problem_of(failure));
  }
  if (request->part->last) co_return co_await close(call, *request, *result);
  services.settled.add(*id);
  auto const after = co_await find_standing(call, *id);
  if (!after) co_return refuse(after.error());
  co_return render(call, *after);
}

}  // namespace leadex::api
