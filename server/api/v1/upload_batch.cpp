#include "billing/values/check.hpp"
#include "server/api/v1/intake_handlers.hpp"
#include "server/app/close_upload.hpp"
#include "server/http/headers.hpp"
#include "server/json/money_text.hpp"

namespace leadex::api {

namespace {

constexpr std::string_view kOperation = "upload_batch";

/// The body of the request as intake reads it; what passes goes into the fingerprint.
class BodySource final : public intake::UploadSource {
 public:
  explicit BodySource(ApiCall& call) : call_(call) {}

  asio::awaitable<Result<std::size_t, intake::SourceFault>> read_some(
      std::span<char> into) override {
    auto const got = co_await call_.request.body->read_some(into);
    if (got) {
      call_.fingerprint->update({into.data(), *got});
      co_return *got;
    }
    switch (got.error()) {
      case http::BodyError::too_large:
        co_return refuse(intake::SourceFault::too_large);
      case http::BodyError::too_slow:
        co_return refuse(intake::SourceFault::too_slow);
      case http::BodyError::disconnected:
        co_return refuse(intake::SourceFault::disconnected);
      case http::BodyError::malformed:
        break;
    }
    co_return refuse(intake::SourceFault::malformed);
  }

 private:
  ApiCall& call_;
};

/// Frees the key for others when the request ends.
class RunningKey {
 public:
  RunningKey(RunningKeys& keys, RunningKeys::Key key) : keys_(keys), key_(std::move(key)) {
    held_ = keys_.begin(key_);
  }
  ~RunningKey() {
    if (held_) keys_.end(key_);
  }
  RunningKey(RunningKey const&) = delete;
  RunningKey& operator=(RunningKey const&) = delete;
  [[nodiscard]] bool held() const { return held_; }

 private:
  RunningKeys& keys_;
  RunningKeys::Key key_;
  bool held_{};
};

/// Marks the batch of this request as one that is not cut, until the request ends.
class LiveUpload {
 public:
  explicit LiveUpload(LiveUploads& all) : all_(all) {}
  ~LiveUpload() {
    if (batch_) all_.end(*batch_);
  }
  LiveUpload(LiveUpload const&) = delete;
  LiveUpload& operator=(LiveUpload const&) = delete;
  void begin(BatchId batch) {
    all_.begin(batch);
    batch_ = batch;
  }

 private:
  LiveUploads& all_;
  std::optional<BatchId> batch_;
};

std::optional<intake::Packing> packing_named(std::string_view encoding) {
  if (http::equals_ignoring_case(encoding, "identity")) return intake::Packing::none;
  if (http::equals_ignoring_case(encoding, "gzip")) return intake::Packing::gzip;
  if (http::equals_ignoring_case(encoding, "zstd")) return intake::Packing::zstd;
  return std::nullopt;
}

Result<intake::UploadRequest, ApiProblem> read_request(ApiCall const& call) {
  auto market = find_market(call.ctx, *call.query("market"));
  if (!market) {
    if (market.error().code == Code::not_found) return problem(Code::market_unknown);
    return refuse(market.error());
  }
  intake::UploadRequest request{.market = market->actor,
                                .settings = market->settings,
                                .tenant_no = call.account_no(),
                                .dry_run = call.query("dry_run") == "true" || call.test_key()};
  auto const type = call.request.headers.find("content-type").value_or("");
  auto const media = type.substr(0, type.find(';'));
  bool const csv = http::equals_ignoring_case(media.substr(0, 8), "text/csv");
  request.format = csv ? storage::BatchFormat::csv : storage::BatchFormat::ndjson;
  auto const encoding = call.request.headers.find("content-encoding").value_or("identity");
  auto const packing = packing_named(encoding);
  if (!packing) {
    return problem(Code::unsupported_media_type, "An upload may be packed with gzip or zstd.");
  }
  request.packing = *packing;
  if (auto const ask = call.query("ask")) {
    auto const amount = json::parse_amount(*ask);
    if (!amount || amount->micros <= 0) {
      return invalid("/query/ask", "ask_invalid", "The ask is no positive amount.");
    }
    request.ask = *amount;
  }
  return request;
}

/// The mapping that the query names. @errors validation_failed: it was never put
asio::awaitable<Result<void, ApiProblem>> read_mapping(ApiCall& call,
                                                       intake::UploadRequest& request) {
  auto const name = call.query("mapping");
  if (!name) co_return Result<void, ApiProblem>{};
  auto job = [key = storage::ColumnMappingKey{request.market->market_no(), call.account_no(),
                                              std::string{*name}}](storage::LotTx& tx) {
    return tx.mappings().find(key);
  };
  auto const stored = co_await call.ctx.intake->lots.store.transact(job);
  if (!stored) co_return refuse(problem_of(stored.error()));
  if (!*stored) co_return invalid("/query/mapping", "mapping_unknown", "No such mapping.");
  auto const definition = json::parse((*stored)->definition);
  LEADEX_CHECK(definition.has_value());
  request.mapping =
      std::make_shared<intake::ColumnMapping const>(intake::read_mapping(*definition));
  co_return Result<void, ApiProblem>{};
}

/// The batch that is corrected: the caller's own, of this market, and received to its end.
asio::awaitable<Result<void, ApiProblem>> read_corrected(ApiCall& call,
                                                         intake::UploadRequest& request) {
  auto const text = call.query("corrects");
  if (!text) co_return Result<void, ApiProblem>{};
  auto const unknown = [] {
    return invalid("/query/corrects", "batch_unknown", "No such batch of this market.");
  };
  auto const id = call.ctx.ids.open_as<BatchId>(*text);
  if (!id || id->market != request.market->market_no()) co_return unknown();
  auto job = [id = *id, viewer = batch_viewer(call)](storage::LotTx& tx) {
    return tx.batches().find(id, viewer);
  };
  auto const batch = co_await call.ctx.intake->lots.store.transact(job);
  if (!batch) co_return refuse(problem_of(batch.error()));
  if (!*batch) co_return unknown();
  if ((*batch)->status == storage::BatchStatus::receiving) {
    co_return refuse(problem_of(app::LotError{app::LotRefusal::still_receiving}));
  }
  request.corrects = *id;
  co_return Result<void, ApiProblem>{};
}

ApiProblem header_problem(std::vector<intake::HeaderFault> const& faults) {
  ApiProblem refused{Code::header_invalid, {}, {}, {}};
  for (auto const& fault : faults) {
    if (fault.code == intake::HeaderCode::unknown_column) refused.code = Code::unknown_column;
    if (refused.errors.size() == json::kFieldErrorsMax) break;
    refused.errors.push_back(
        {fault.pointer, std::string{intake::to_string(fault.code)}, fault.detail});
  }
  return refused;
}

ApiProblem problem_of_fault(intake::DecodeFault fault, intake::UploadFailure const& failure) {
  using intake::DecodeFault;
  switch (fault) {
    case DecodeFault::header_invalid:
      return header_problem(failure.header);
    case DecodeFault::file_empty:
      return {Code::header_invalid, "The file has no header.", {}, {}};
    case DecodeFault::too_many_columns:
      return {Code::header_invalid, "The file has more columns than an upload may have.", {}, {}};
    case DecodeFault::unsupported_encoding:
      return {Code::body_malformed, "The file is not UTF-8.", {}, {}};
    case DecodeFault::unpack_failed:
      return {Code::body_malformed,
              "The file is not what its Content-Encoding says, or it was cut.",
              {},
              {}};
    case DecodeFault::too_large:
      return {Code::body_too_large, "The file is larger than an upload may be, unpacked.", {}, {}};
    case DecodeFault::too_many_rows:
      break;
  }
  return {Code::upload_too_large, "The file has more rows than an upload may have.", {}, {}};
}

ApiProblem problem_of_failure(intake::UploadFailure const& failure) {
  if (auto const* fault = std::get_if<intake::DecodeFault>(&failure.reason)) {
    return problem_of_fault(*fault, failure);
  }
  if (auto const* store = std::get_if<storage::StoreError>(&failure.reason)) {
    if (*store == storage::StoreError::not_found) {
      return problem_of(app::LotError{app::LotRefusal::not_receiving});
    }
    return problem_of(*store);
  }
  if (auto const* market = std::get_if<market::SubmitError>(&failure.reason)) {
    return problem_of(*market);
  }
  switch (std::get<intake::SourceFault>(failure.reason)) {
    case intake::SourceFault::too_large:
      return {Code::body_too_large, {}, {}, {}};
    case intake::SourceFault::too_slow:
      return {Code::body_too_slow, {}, {}, {}};
    case intake::SourceFault::disconnected:
    case intake::SourceFault::malformed:
      break;
  }
  return {Code::body_malformed, {}, {}, {}};
}

/// A peer that went may come again; anything else can never become a whole upload.
bool is_final(intake::UploadFailure const& failure) {
  auto const* source = std::get_if<intake::SourceFault>(&failure.reason);
  bool const decoded = std::holds_alternative<intake::DecodeFault>(failure.reason);
  return decoded || (source != nullptr && *source == intake::SourceFault::too_large);
}

http::Response dry_answer(ApiCall const& call, intake::UploadRequest const& request,
                          intake::UploadResult const& result) {
  json::JsonWriter out;
  {
    auto const batch = out.object();
    out.field("id", nullptr);
    out.field("market", request.market->name());
    out.field("status", text(storage::BatchStatus::closed));
    out.field("dry_run", true);
    if (call.test_key()) out.field("test", true);
    {
      auto const progress = out.object("progress");
      out.field("rows", result.counts.read);
      out.field("bytes", result.bytes);
    }
    write_counts(out, result.counts);
    out.field("commitment_no", nullptr);
    auto const rejects = out.array("rejects");
    for (auto const& reject : result.rejects) write_reject(out, reject);
  }
  return answer(200, out);
}

/// Whether the key has an answer: nothing when not, and the answer or refusal of a repeated upload
/// when it has. That needs the body's hash, so the body is read to its end and thrown away.
asio::awaitable<Result<std::optional<http::Response>, ApiProblem>> replay(ApiCall& call) {
  auto const tenant_no = call.account_no();
  auto const key = call.idempotency->text;
  auto look = [tenant_no, key](std::string const& hash) {
    return [=](storage::LotTx& tx) {
      return tx.idempotency().begin({tenant_no, kOperation, key, hash});
    };
  };
  auto& store = call.ctx.intake->lots.store;
  auto const known = co_await store.transact(look(std::string(32, '\0')));
  if (!known) co_return refuse(problem_of(known.error()));
  if (known->state == storage::IdempotencyState::fresh) co_return std::nullopt;
  if (known->state == storage::IdempotencyState::in_progress) {
    co_return problem(Code::in_progress);
  }
  BodySource source{call};
  std::vector<char> buffer(64ULL * 1024U);
  for (bool more = true; more;) {
    auto const got = co_await source.read_some(buffer);
    if (!got) co_return refuse(problem_of_failure(intake::UploadFailure{got.error(), {}, {}}));
    more = *got > 0;
  }
  call.idempotency->body_hash = crypto::view_of(call.fingerprint->finish());
  auto const found = co_await store.transact(look(call.idempotency->body_hash));
  if (!found) co_return refuse(problem_of(found.error()));
  if (found->state != storage::IdempotencyState::replay) {
    co_return problem(Code::idempotency_key_reused);
  }
  auto response = http::make_response(found->status, "application/json", found->body);
  mark_replayed(response, true);
  co_return std::optional{std::move(response)};
}

asio::awaitable<ApiResult> close(ApiCall& call, intake::UploadRequest const& request,
                                 intake::UploadResult const& result) {
  auto& services = *call.ctx.intake;
  call.idempotency->body_hash = crypto::view_of(call.fingerprint->finish());
  auto const render = [&context = call.ctx](storage::Batch const& batch) {
    json::JsonWriter out;
    write_batch(out, context, batch);
    return out.str();
  };
  app::CloseUpload closing{.batch = *result.batch,
                           .file_sha256 = result.file_sha256,
                           .bytes = result.bytes,
                           .settings = request.settings,
                           .actor = actor_of(call),
                           .key = app::LotKey{std::string{kOperation}, call.idempotency->text,
                                              call.idempotency->body_hash},
                           .render = render};
  auto const batch = co_await app::close_upload(services.lots, std::move(closing));
  if (!batch) co_return refuse(problem_of(batch.error()));
  auto response = http::make_response(app::kUploadStatus, "application/json", render(*batch));
  response.headers.add("Location", "/v1/batches/" + call.ctx.ids.seal(batch->id));
  co_return response;
}

}  // namespace

/// A repeated key: 409 while the first upload runs in this process; afterwards the body has to come
/// again, so that the same answer is given for the same file alone.
asio::awaitable<ApiResult> upload_batch(ApiCall& call) {
  auto& services = *call.ctx.intake;
  auto request = read_request(call);
  if (!request) co_return refuse(request.error());
  auto const mapped = co_await read_mapping(call, *request);
  if (!mapped) co_return refuse(mapped.error());
  auto const corrected = co_await read_corrected(call, *request);
  if (!corrected) co_return refuse(corrected.error());
  BodySource source{call};
  if (request->dry_run) {
    auto const result = co_await intake::upload_batch(services.uploads, *request, source);
    if (!result) co_return refuse(problem_of_failure(result.error()));
    co_return dry_answer(call, *request, *result);
  }
  RunningKey const running{services.running, {call.account_no(), call.idempotency->text}};
  if (!running.held()) co_return problem(Code::in_progress);
  auto repeated = co_await replay(call);
  if (!repeated) co_return refuse(repeated.error());
  if (*repeated) co_return std::move(**repeated);

  auto const superseded = co_await app::supersede_cut_uploads(
      services.lots, services.finisher, request->market->market_no(), call.account_no(),
      [&live = services.live](BatchId batch) { return !live.has(batch); });
  if (!superseded) co_return refuse(problem_of(superseded.error()));
  LiveUpload live{services.live};
  auto wanted = *request;
  wanted.begins = [&live](BatchId batch) { live.begin(batch); };
  auto const result = co_await intake::upload_batch(services.uploads, std::move(wanted), source);
  if (!result) {
    auto const& failure = result.error();
    if (failure.batch && is_final(failure)) {
      static_cast<void>(
          co_await app::give_up_upload(services.lots, services.finisher, *failure.batch));
    }
    co_return refuse(problem_of_failure(failure));
  }
  co_return co_await close(call, *request, *result);
}

}  // namespace leadex::api
