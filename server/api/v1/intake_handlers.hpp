#pragma once
// The handlers of uploads, lots and spot checks, one file each, and what they share. On the
// connection's thread.

#include <string>
#include <string_view>

#include "server/api/market_ref.hpp"
#include "server/api/operation.hpp"
#include "server/api/v1/intake_services.hpp"
#include "server/app/claim_check.hpp"
#include "server/app/lot_once.hpp"

namespace leadex::api {

[[nodiscard]] asio::awaitable<ApiResult> upload_batch(ApiCall& call);
[[nodiscard]] asio::awaitable<ApiResult> list_batches(ApiCall& call);
[[nodiscard]] asio::awaitable<ApiResult> get_batch(ApiCall& call);
[[nodiscard]] asio::awaitable<ApiResult> list_batch_rows(ApiCall& call);
[[nodiscard]] asio::awaitable<ApiResult> list_batch_rejects(ApiCall& call);
[[nodiscard]] asio::awaitable<ApiResult> withdraw_batch(ApiCall& call);
[[nodiscard]] asio::awaitable<ApiResult> begin_upload(ApiCall& call);
[[nodiscard]] asio::awaitable<ApiResult> get_upload(ApiCall& call);
[[nodiscard]] asio::awaitable<ApiResult> append_upload(ApiCall& call);
[[nodiscard]] asio::awaitable<ApiResult> stream_batch_events(ApiCall& call);
[[nodiscard]] asio::awaitable<ApiResult> put_column_mapping(ApiCall& call);
[[nodiscard]] asio::awaitable<ApiResult> get_column_mapping(ApiCall& call);
[[nodiscard]] asio::awaitable<ApiResult> delete_column_mapping(ApiCall& call);
[[nodiscard]] asio::awaitable<ApiResult> list_column_mappings(ApiCall& call);
[[nodiscard]] asio::awaitable<ApiResult> list_market_commitments(ApiCall& call);
[[nodiscard]] asio::awaitable<ApiResult> list_realtime_days(ApiCall& call);
[[nodiscard]] asio::awaitable<ApiResult> list_realtime_checks(ApiCall& call);
[[nodiscard]] asio::awaitable<ApiResult> get_spot_check(ApiCall& call);
[[nodiscard]] asio::awaitable<ApiResult> list_spot_checks(ApiCall& call);
[[nodiscard]] asio::awaitable<ApiResult> claim_spot_check(ApiCall& call);
[[nodiscard]] asio::awaitable<ApiResult> record_verdict(ApiCall& call);
[[nodiscard]] asio::awaitable<ApiResult> get_check_verifier(ApiCall& call);
[[nodiscard]] asio::awaitable<ApiResult> put_check_verifier(ApiCall& call);

[[nodiscard]] asio::awaitable<ApiResult> decide_batch(ApiCall& call);
[[nodiscard]] asio::awaitable<ApiResult> get_spot_check_curve(ApiCall& call);
[[nodiscard]] asio::awaitable<ApiResult> get_inspection(ApiCall& call);
[[nodiscard]] asio::awaitable<ApiResult> list_inspections(ApiCall& call);
[[nodiscard]] asio::awaitable<ApiResult> lift_inspection(ApiCall& call);
[[nodiscard]] asio::awaitable<ApiResult> get_agreement(ApiCall& call);

[[nodiscard]] asio::awaitable<ApiResult> list_fraud_cases(ApiCall& call);
[[nodiscard]] asio::awaitable<ApiResult> get_fraud_case(ApiCall& call);
[[nodiscard]] asio::awaitable<ApiResult> decide_fraud_case(ApiCall& call);
[[nodiscard]] asio::awaitable<ApiResult> plant_contact(ApiCall& call);
[[nodiscard]] asio::awaitable<ApiResult> list_planted_contacts(ApiCall& call);
[[nodiscard]] asio::awaitable<ApiResult> retire_planted_contact(ApiCall& call);

[[nodiscard]] ApiProblem problem_of(app::LotError const& error);
[[nodiscard]] storage::BatchViewer batch_viewer(ApiCall const& call);
[[nodiscard]] app::Actor actor_of(ApiCall const& call);

/// The batch of the path's id. @errors not_found, as for one that is another's
[[nodiscard]] Result<BatchId, ApiProblem> batch_of_path(ApiCall const& call);
/// The market a query names; nothing when it names none. @errors market_unknown
[[nodiscard]] Result<std::optional<MarketNo>, ApiProblem> market_of_query(ApiCall const& call);

/// The market's name, for answers.
[[nodiscard]] std::string market_name(ApiContext const& context, MarketNo market);

/// The caller's key, if there is one, for an action on lots whose answer `write` renders.
template <class T>
[[nodiscard]] app::LotOnce<T> lot_once(ApiCall const& call,
                                       void (*write)(json::JsonWriter&, ApiContext const&,
                                                     T const&)) {
  app::LotOnce<T> once;
  if (!call.idempotency) return once;
  once.key =
      app::LotKey{call.request.operation_id, call.idempotency->text, call.idempotency->body_hash};
  once.render = [write, &context = call.ctx](T const& done) {
    json::JsonWriter out;
    write(out, context, done);
    return out.str();
  };
  return once;
}
[[nodiscard]] http::Response kept_answer_of(std::string const& body);

void write_batch(json::JsonWriter& out, ApiContext const& context, storage::Batch const& batch);
void write_counts(json::JsonWriter& out, storage::BatchCounts const& counts);
void write_reject(json::JsonWriter& out, storage::RowReject const& reject);
void write_check(json::JsonWriter& out, ApiContext const& context, storage::SpotCheck const& check);
/// A claimed check as who judges it is shown it: with the contact, or without it as it is kept. The
/// contact is personal data: the buffers that held it are wiped once the text is built.
void write_claimed(json::JsonWriter& out, ApiContext const& ctx, app::ClaimedCheck const& claimed);
/// Its `batch_id` and `row`; null of a posted lead's check.
void write_lot_of(json::JsonWriter& out, ApiContext const& context,
                  storage::SpotCheck const& check);

}  // namespace leadex::api
