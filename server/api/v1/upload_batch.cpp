#include "server/api/v1/intake_handlers.hpp"
#include "server/api/v1/upload_parts.hpp"
#include "server/app/close_upload.hpp"
#include "server/http/headers.hpp"

namespace leadex::api {

namespace {

constexpr std::string_view kOperation = "upload_batch";

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

Result<intake::UploadRequest, ApiProblem> whole_file(ApiCall const& call,
                                                     intake::UploadRequest request) {
  request.dry_run = call.query("dry_run") == "true" || call.test_key();
  auto const type = call.request.headers.find("content-type").value_or("");
  auto const media = type.substr(0, type.find(';'));
  bool const csv = http::equals_ignoring_case(media.substr(0, 8), "text/csv");
  request.format = csv ? storage::BatchFormat::csv : storage::BatchFormat::ndjson;
  auto const packing = packing_of(call);
  if (!packing) return refuse(packing.error());
  request.packing = *packing;
  return request;
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
  UploadBody source{call};
  std::vector<char> buffer(64ULL * 1024U);
  for (bool more = true; more;) {
    auto const got = co_await source.read_some(buffer);
    if (!got) co_return refuse(problem_of(intake::UploadFailure{got.error(), {}, {}}));
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
                           .picture = result.picture,
                           .render = render};
  auto const batch = co_await app::close_upload(services.lots, std::move(closing));
  if (!batch) co_return refuse(problem_of(batch.error()));
  // A lot that is left out goes to the market at once.
  if (batch->decision == storage::LotDecision::accepted) services.finish_later(batch->id);
  auto response = http::make_response(app::kUploadStatus, "application/json", render(*batch));
  response.headers.add("Location", "/v1/batches/" + call.ctx.ids.seal(batch->id));
  co_return response;
}

}  // namespace

/// A repeated key: 409 while the first upload runs in this process; afterwards the body has to come
/// again, so that the same answer is given for the same file alone.
asio::awaitable<ApiResult> upload_batch(ApiCall& call) {
  auto& services = *call.ctx.intake;
  auto const read = co_await read_upload(call);
  if (!read) co_return refuse(read.error());
  auto const request = whole_file(call, *read);
  if (!request) co_return refuse(request.error());
  UploadBody source{call};
  if (request->dry_run) {
    auto const result = co_await intake::upload_batch(services.uploads, *request, source);
    if (!result) co_return refuse(problem_of(result.error()));
    co_return dry_answer(call, *request, *result);
  }
  RunningKey const running{services.running, {call.account_no(), call.idempotency->text}};
  if (!running.held()) co_return problem(Code::in_progress);
  auto repeated = co_await replay(call);
  if (!repeated) co_return refuse(repeated.error());
  if (*repeated) co_return std::move(**repeated);

  if (auto const may = co_await refuse_stopped(call, request->market->market_no()); !may) {
    co_return refuse(may.error());
  }
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
    } else if (failure.batch && was_given_up(failure)) {
      static_cast<void>(co_await app::free_given_up(services.lots, *failure.batch));
    }
    co_return refuse(problem_of(failure));
  }
  co_return co_await close(call, *request, *result);
}

}  // namespace leadex::api
