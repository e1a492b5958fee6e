#pragma once
// The stable problem codes of the API, their HTTP status and standard sentence, and ApiProblem:
// what a handler refuses with. schemas/openapi.yaml lists the same codes; a test compares. Any
// thread.

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "billing/values/result.hpp"
#include "server/http/message.hpp"
#include "server/http/problem.hpp"
#include "server/json/field_error.hpp"

namespace leadex::api {

/// The names are the codes that clients see: never rename one, add new ones at their status. Each
/// needs its line in errors.cpp and in components.schemas.ProblemCode of openapi.yaml.
enum class Code : std::uint8_t {
  // 400
  malformed_request,
  malformed_target,
  body_malformed,
  json_invalid,
  idempotency_key_missing,
  idempotency_key_invalid,
  cursor_invalid,
  // 401
  unauthorized,
  // 402
  insufficient_funds,
  // 403
  forbidden,
  scope_missing,
  scope_not_held,
  account_suspended,
  test_key_not_allowed,
  four_eyes_required,
  not_counterparty,
  // 404
  not_found,
  // 405
  method_not_allowed,
  // 406
  not_acceptable,
  // 408
  body_too_slow,
  // 409
  in_progress,
  duplicate,
  already_bought,
  already_returned,
  already_decided,
  already_claimed,
  conflict,
  last_admin_key,
  campaign_paused,
  cap_reached,
  listing_gone,
  exclusive_gone,
  lead_sold,
  auction_ended,
  time_zone_fixed,
  trial_fixed,
  bid_gone,
  sale_not_pending,
  sale_not_delivered,
  return_not_open,
  dispute_not_open,
  deal_not_open,
  lease_expired,
  draw_pending,
  source_stopped,
  ping_used,
  already_converted,
  transaction_known,
  conversion_decided,
  return_open,
  // 410
  contact_gone,
  ping_expired,
  // 412
  precondition_failed,
  // 413
  body_too_large,
  // 414
  target_too_long,
  // 415
  unsupported_media_type,
  // 417
  expectation_failed,
  // 422
  nothing_to_pay,
  validation_failed,
  not_supported,
  idempotency_key_reused,
  market_unknown,
  targeting_invalid,
  currency_mismatch,
  amount_invalid,
  below_reserve,
  return_window_closed,
  return_ceiling_reached,
  limit_reached,
  upload_too_large,
  unknown_column,
  header_invalid,
  suppressed,
  do_not_call,
  do_not_call_stale,
  list_superseded,
  duplicate_in_batch,
  duplicate_in_market,
  malformed_row,
  missing_field,
  value_too_long,
  attribute_invalid,
  email_invalid,
  email_disposable,
  email_undeliverable,
  phone_invalid,
  phone_premium_rate,
  name_invalid,
  postal_code_invalid,
  country_mismatch,
  date_of_birth_invalid,
  underage,
  timestamp_invalid,
  ip_invalid,
  url_invalid,
  consent_missing,
  consent_expired,
  consent_in_future,
  vehicle_invalid,
  ask_invalid,
  source_invalid,
  not_refused_before,
  upload_offset_wrong,
  ping_mismatch,
  not_of_this_model,
  not_per_acquisition,
  event_unknown,
  conversion_window_closed,
  // 428
  precondition_required,
  // 429
  rate_limited,
  // 431
  headers_too_large,
  // 500
  internal,
  // 501
  method_not_implemented,
  // 503
  busy,
  overloaded,
  not_owner,
  market_halted,
  unavailable,
  outcome_unknown,
  // 505
  http_version_not_supported,
};

struct CodeInfo {
  Code code{};
  std::string_view text;
  int status{};
  std::string_view sentence;
};

/// All codes, in the order of the enum.
[[nodiscard]] std::span<CodeInfo const> code_table();
[[nodiscard]] CodeInfo const& info(Code code);
/// The code of that text; nothing when there is none.
[[nodiscard]] std::optional<Code> code_from_text(std::string_view text);

/// A refusal. Details are shown: never personal data, a value of the request, SQL or a file name.
struct ApiProblem {
  Code code{};
  std::string detail;  ///< empty: the table's sentence
  std::vector<json::FieldError> errors;
  std::optional<std::int64_t> retry_after_s;
};

using ApiResult = Result<http::Response, ApiProblem>;

/// `co_return problem(Code::below_reserve);`
[[nodiscard]] tl::unexpected<ApiProblem> problem(Code code, std::string detail = {});
/// 422 validation_failed with one fault per field.
[[nodiscard]] tl::unexpected<ApiProblem> invalid(json::FieldErrors errors);
/// 422 validation_failed with one fault; `pointer` as in "/caps/leads/day" or "/query/sort".
[[nodiscard]] tl::unexpected<ApiProblem> invalid(std::string pointer, std::string code,
                                                 std::string detail);

/// The problem document, with Retry-After (1 for 503 and in_progress unless given).
[[nodiscard]] http::Response to_response(ApiProblem const& problem, std::string_view request_id);

}  // namespace leadex::api
