#include "server/api/v1/upload_parts.hpp"

#include "billing/values/check.hpp"
#include "server/api/v1/intake_handlers.hpp"
#include "server/api/v1/source_services.hpp"
#include "server/http/headers.hpp"
#include "server/json/money_text.hpp"

namespace leadex::api {

asio::awaitable<Result<std::size_t, intake::SourceFault>> UploadBody::read_some(
    std::span<char> into) {
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

namespace {

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
  intake::UploadRequest request{
      .market = market->actor, .settings = market->settings, .tenant_no = call.account_no()};
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
      return {Code::body_malformed, "The file is not what its Content-Encoding says.", {}, {}};
    case DecodeFault::unpack_cut:
      return {Code::body_malformed, "The packed file ends in the middle.", {}, {}};
    case DecodeFault::too_large:
      return {Code::body_too_large, "The file is larger than an upload may be, unpacked.", {}, {}};
    case DecodeFault::too_many_rows:
      break;
  }
  return {Code::upload_too_large, "The file has more rows than an upload may have.", {}, {}};
}

}  // namespace

Result<intake::Packing, ApiProblem> packing_of(ApiCall const& call) {
  auto const packing =
      packing_named(call.request.headers.find("content-encoding").value_or("identity"));
  if (packing) return *packing;
  return problem(Code::unsupported_media_type, "An upload may be packed with gzip or zstd.");
}

asio::awaitable<Result<intake::UploadRequest, ApiProblem>> read_upload(ApiCall& call) {
  auto request = read_request(call);
  if (!request) co_return refuse(request.error());
  auto const mapped = co_await read_mapping(call, *request);
  if (!mapped) co_return refuse(mapped.error());
  auto const corrected = co_await read_corrected(call, *request);
  if (!corrected) co_return refuse(corrected.error());
  auto const taxonomy = co_await taxonomy_of(call, request->market->market_no());
  if (!taxonomy) co_return refuse(taxonomy.error());
  request->taxonomy = *taxonomy;
  co_return request;
}

asio::awaitable<Result<void, ApiProblem>> refuse_stopped(ApiCall const& call, MarketNo market) {
  auto job = [market, tenant_no = call.account_no()](storage::LotTx& tx) {
    return tx.inspection().source(market, tenant_no).standing.mode;
  };
  auto const mode = co_await call.ctx.intake->lots.store.transact(job);
  if (!mode) co_return refuse(problem_of(mode.error()));
  if (*mode == quality::InspectionMode::stopped) co_return problem(Code::source_stopped);
  co_return Result<void, ApiProblem>{};
}

bool was_given_up(intake::UploadFailure const& failure) {
  auto const* store = std::get_if<storage::StoreError>(&failure.reason);
  return store != nullptr && *store == storage::StoreError::not_found;
}

ApiProblem problem_of(intake::UploadFailure const& failure) {
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

}  // namespace leadex::api
