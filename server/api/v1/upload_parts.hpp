#pragma once
// What uploads in one request and in pieces share: how a request is read, its body, its refusals.
// On the connection's thread.

#include "server/api/operation.hpp"
#include "server/api/v1/intake_services.hpp"

namespace leadex::api {

/// The body of the request as intake reads it; what passes goes into the fingerprint.
class UploadBody final : public intake::UploadSource {
 public:
  /// `call` outlives it.
  explicit UploadBody(ApiCall& call) : call_(call) {}
  asio::awaitable<Result<std::size_t, intake::SourceFault>> read_some(
      std::span<char> into) override;

 private:
  ApiCall& call_;
};

/// @errors unsupported_media_type
[[nodiscard]] Result<intake::Packing, ApiProblem> packing_of(ApiCall const& call);
/// Market, ask, mapping and what is corrected, of the query, and the taxonomy in force; the format
/// is the caller's to say.
/// @errors market_unknown, not_owner, validation_failed, the store's
[[nodiscard]] asio::awaitable<Result<intake::UploadRequest, ApiProblem>> read_upload(ApiCall& call);
/// Staff have to lift the stop of a source first: known before its body is read.
/// @errors source_stopped, the store's
[[nodiscard]] asio::awaitable<Result<void, ApiProblem>> refuse_stopped(ApiCall const& call,
                                                                       MarketNo market);
/// Its batch was given up while it was on its way, so that whom it claimed is to be freed.
[[nodiscard]] bool was_given_up(intake::UploadFailure const& failure);
[[nodiscard]] ApiProblem problem_of(intake::UploadFailure const& failure);

}  // namespace leadex::api
