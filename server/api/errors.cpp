#include "server/api/errors.hpp"

#include <algorithm>
#include <array>
#include <iterator>

#include "billing/values/check.hpp"

namespace leadex::api {

namespace {

constexpr auto kTable = std::to_array<CodeInfo>({
    {Code::malformed_request, "malformed_request", 400, "The request's head was refused."},
    {Code::malformed_target, "malformed_target", 400, "The request's target was refused."},
    {Code::body_malformed, "body_malformed", 400, "The body could not be read to its end."},
    {Code::json_invalid, "json_invalid", 400, "The body is not JSON as this API takes it."},
    {Code::idempotency_key_missing, "idempotency_key_missing", 400,
     "This operation needs an Idempotency-Key."},
    {Code::idempotency_key_invalid, "idempotency_key_invalid", 400,
     "An Idempotency-Key has 1 to 255 printable characters and comes once."},
    {Code::cursor_invalid, "cursor_invalid", 400, "This cursor was not given out for this list."},
    {Code::unauthorized, "unauthorized", 401, "A valid API key is needed."},
    {Code::insufficient_funds, "insufficient_funds", 402, "There is not enough money for this."},
    {Code::forbidden, "forbidden", 403, "This account may not do that."},
    {Code::scope_missing, "scope_missing", 403,
     "This key was made without the scope that this needs."},
    {Code::scope_not_held, "scope_not_held", 403,
     "A key cannot be given scopes that its issuer lacks."},
    {Code::account_suspended, "account_suspended", 403, "This account is suspended."},
    {Code::test_key_not_allowed, "test_key_not_allowed", 403, "A test key cannot do this."},
    {Code::four_eyes_required, "four_eyes_required", 403, "Another person must do this."},
    {Code::not_counterparty, "not_counterparty", 403, "The other side has to accept it."},
    {Code::not_found, "not_found", 404, "There is no such thing, or it is not yours."},
    {Code::method_not_allowed, "method_not_allowed", 405, "This path does not take that method."},
    {Code::not_acceptable, "not_acceptable", 406, "There is no such form of this answer."},
    {Code::body_too_slow, "body_too_slow", 408, "The body arrived too slowly."},
    {Code::in_progress, "in_progress", 409, "The same request is being worked on."},
    {Code::duplicate, "duplicate", 409, "This person is known in the market already."},
    {Code::already_bought, "already_bought", 409, "This lead was bought by this account before."},
    {Code::already_returned, "already_returned", 409, "This sale was returned before."},
    {Code::already_decided, "already_decided", 409, "This was decided before."},
    {Code::already_claimed, "already_claimed", 409,
     "Someone else works on this, or you have another one open."},
    {Code::conflict, "conflict", 409, "This does not fit the present state."},
    {Code::last_admin_key, "last_admin_key", 409,
     "The exchange needs at least one admin who can act."},
    {Code::campaign_paused, "campaign_paused", 409, "The campaign is paused."},
    {Code::cap_reached, "cap_reached", 409, "The campaign's cap is reached."},
    {Code::listing_gone, "listing_gone", 409, "This lead is not on sale any more."},
    {Code::exclusive_gone, "exclusive_gone", 409,
     "This lead cannot be bought exclusively any more."},
    {Code::lead_sold, "lead_sold", 409, "This lead is sold."},
    {Code::auction_ended, "auction_ended", 409, "The auction of this listing has ended."},
    {Code::time_zone_fixed, "time_zone_fixed", 422,
     "A campaign keeps its time zone: its caps count in it. Make a new campaign."},
    {Code::trial_fixed, "trial_fixed", 409, "A trial that has begun keeps its terms."},
    {Code::bid_gone, "bid_gone", 409, "This bid does not stand any more."},
    {Code::sale_not_pending, "sale_not_pending", 409, "This sale is not waiting for its delivery."},
    {Code::sale_not_delivered, "sale_not_delivered", 409,
     "This sale is not delivered, or it is settled or void."},
    {Code::return_not_open, "return_not_open", 409, "This return is not open."},
    {Code::dispute_not_open, "dispute_not_open", 409, "This dispute is not open."},
    {Code::deal_not_open, "deal_not_open", 409, "This deal is not open to that."},
    {Code::lease_expired, "lease_expired", 409,
     "The time for this check has run out; claim it again."},
    {Code::draw_pending, "draw_pending", 409, "The sample of this lot is not drawn yet."},
    {Code::source_stopped, "source_stopped", 409,
     "Too many of your lots were rejected: staff have to lift the stop first."},
    {Code::ping_used, "ping_used", 409, "The promise of this ping was kept before."},
    {Code::already_converted, "already_converted", 409,
     "The sale has its conversion, or one waits for a word on it."},
    {Code::transaction_known, "transaction_known", 409,
     "A conversion with this transaction_id is known."},
    {Code::conversion_decided, "conversion_decided", 409, "The conversion waits for no word."},
    {Code::return_open, "return_open", 409, "A return of this sale is open."},
    {Code::contact_gone, "contact_gone", 410, "The contact of this sale is not open any more."},
    {Code::ping_expired, "ping_expired", 410, "The promise of this ping has expired; ping again."},
    {Code::precondition_failed, "precondition_failed", 412, "This was changed since you read it."},
    {Code::body_too_large, "body_too_large", 413, "The body is larger than this operation takes."},
    {Code::target_too_long, "target_too_long", 414, "The request's target is too long."},
    {Code::unsupported_media_type, "unsupported_media_type", 415,
     "This operation does not take such a body."},
    {Code::expectation_failed, "expectation_failed", 417,
     "The expectation of the request cannot be met."},
    {Code::nothing_to_pay, "nothing_to_pay", 422, "There is nothing to pay out in that currency."},
    {Code::validation_failed, "validation_failed", 422, "The request has faults; see errors."},
    {Code::not_supported, "not_supported", 422, "This is not offered."},
    {Code::idempotency_key_reused, "idempotency_key_reused", 422,
     "This Idempotency-Key came with another request before."},
    {Code::market_unknown, "market_unknown", 422, "There is no such market."},
    {Code::targeting_invalid, "targeting_invalid", 422,
     "The targeting does not fit the market's attributes."},
    {Code::currency_mismatch, "currency_mismatch", 422, "The currency is not that of the market."},
    {Code::amount_invalid, "amount_invalid", 422, "The amount does not fit here."},
    {Code::below_reserve, "below_reserve", 422, "The price is below the market's reserve."},
    {Code::return_window_closed, "return_window_closed", 422,
     "The time for returning this sale is over."},
    {Code::return_ceiling_reached, "return_ceiling_reached", 422,
     "Too many sales were returned in the last 30 days."},
    {Code::limit_reached, "limit_reached", 422, "A limit of the exchange is reached."},
    {Code::upload_too_large, "upload_too_large", 422,
     "The upload is larger than one may be: nothing of it is kept. Send it in parts."},
    {Code::unknown_column, "unknown_column", 422,
     "The file has a column that this market does not know."},
    {Code::header_invalid, "header_invalid", 422, "The file's header is not usable."},
    {Code::suppressed, "suppressed", 422, "This person may not be traded."},
    {Code::do_not_call, "do_not_call", 422,
     "The phone number is on the do-not-call list of its country."},
    {Code::do_not_call_stale, "do_not_call_stale", 422,
     "The country's do-not-call list is missing or older than 31 days: staff have to load a newer "
     "one."},
    {Code::list_superseded, "list_superseded", 422,
     "A list of a later date is in force; this one was not taken."},
    {Code::duplicate_in_batch, "duplicate_in_batch", 422,
     "This person stands in the upload before."},
    {Code::duplicate_in_market, "duplicate_in_market", 422,
     "This person is known in the market already."},
    {Code::malformed_row, "malformed_row", 422, "The row cannot be read."},
    {Code::missing_field, "missing_field", 422, "A field is missing."},
    {Code::value_too_long, "value_too_long", 422, "A value is too long."},
    {Code::attribute_invalid, "attribute_invalid", 422, "An attribute does not fit the market."},
    {Code::email_invalid, "email_invalid", 422, "The e-mail address cannot be one."},
    {Code::email_disposable, "email_disposable", 422, "The e-mail address is a disposable one."},
    {Code::email_undeliverable, "email_undeliverable", 422,
     "The domain of the e-mail address takes no mail."},
    {Code::phone_invalid, "phone_invalid", 422, "The phone number cannot be one."},
    {Code::phone_premium_rate, "phone_premium_rate", 422,
     "Whoever calls this number back pays its owner."},
    {Code::name_invalid, "name_invalid", 422, "The name cannot be one."},
    {Code::postal_code_invalid, "postal_code_invalid", 422, "The postal code cannot be one."},
    {Code::country_mismatch, "country_mismatch", 422, "The person is not of the market's country."},
    {Code::date_of_birth_invalid, "date_of_birth_invalid", 422, "The date of birth cannot be one."},
    {Code::underage, "underage", 422, "The person is too young."},
    {Code::timestamp_invalid, "timestamp_invalid", 422, "An instant cannot be read."},
    {Code::ip_invalid, "ip_invalid", 422, "The IP address cannot be one."},
    {Code::url_invalid, "url_invalid", 422, "The address of the page cannot be one."},
    {Code::consent_missing, "consent_missing", 422, "The consent is missing."},
    {Code::consent_expired, "consent_expired", 422, "The consent is too old."},
    {Code::consent_in_future, "consent_in_future", 422, "The consent lies in the future."},
    {Code::vehicle_invalid, "vehicle_invalid", 422,
     "The vehicle of the source is not a known one."},
    {Code::ask_invalid, "ask_invalid", 422, "The ask is not usable."},
    {Code::source_invalid, "source_invalid", 422, "The source is not usable."},
    {Code::not_refused_before, "not_refused_before", 422,
     "The batch that this one corrects did not refuse such a row."},
    {Code::upload_offset_wrong, "upload_offset_wrong", 409,
     "The upload goes on at another place; ask where."},
    {Code::ping_mismatch, "ping_mismatch", 422,
     "This lead has other attributes or another source than its ping, or names other bids."},
    {Code::not_of_this_model, "not_of_this_model", 422,
     "What is paid for by the click has no bids, purchases or returns, and stays so."},
    {Code::not_per_acquisition, "not_per_acquisition", 422, "The sale is paid for otherwise."},
    {Code::event_unknown, "event_unknown", 422, "The sale is paid for another event."},
    {Code::conversion_window_closed, "conversion_window_closed", 422,
     "The conversion lies outside the sale's window, or comes too late."},
    {Code::precondition_required, "precondition_required", 428,
     "Say with If-Match what the change is based on."},
    {Code::rate_limited, "rate_limited", 429, "Too many requests; wait a little."},
    {Code::headers_too_large, "headers_too_large", 431, "The request's head is too large."},
    {Code::internal, "internal", 500, "Something went wrong on our side."},
    {Code::method_not_implemented, "method_not_implemented", 501, "This method is not known here."},
    {Code::busy, "busy", 503, "Too much is waiting; try again."},
    {Code::overloaded, "overloaded", 503, "The server has too much to do. Try again."},
    {Code::not_owner, "not_owner", 503, "The market is being taken over; try again."},
    {Code::market_halted, "market_halted", 503, "The market is halted by its operators."},
    {Code::unavailable, "unavailable", 503, "The database does not answer; try again."},
    {Code::outcome_unknown, "outcome_unknown", 503,
     "Whether this was done is not known; ask again with the same Idempotency-Key."},
    {Code::http_version_not_supported, "http_version_not_supported", 505,
     "This version of HTTP is not served."},
});

constexpr bool in_order() {
  for (std::size_t i = 0; i < kTable.size(); ++i) {
    if (static_cast<std::size_t>(kTable.at(i).code) != i) return false;
  }
  return true;
}
static_assert(in_order(), "the table follows the enum");
static_assert(kTable.back().code == Code::http_version_not_supported, "every code has its line");

constexpr std::int64_t kRetryAfterStandardS = 1;

bool can_retry(Code code) {
  return info(code).status == 503 || info(code).status == 429 || code == Code::in_progress;
}

}  // namespace

std::span<CodeInfo const> code_table() { return kTable; }

CodeInfo const& info(Code code) {
  auto const at = static_cast<std::size_t>(code);
  LEADEX_CHECK(at < kTable.size());
  return kTable.at(at);
}

std::optional<Code> code_from_text(std::string_view text) {
  auto const* const found = std::ranges::find(kTable, text, &CodeInfo::text);
  if (found == kTable.end()) return std::nullopt;
  return found->code;
}

tl::unexpected<ApiProblem> problem(Code code, std::string detail) {
  return refuse(ApiProblem{code, std::move(detail), {}, {}});
}

tl::unexpected<ApiProblem> invalid(json::FieldErrors errors) {
  return refuse(ApiProblem{Code::validation_failed, {}, std::move(errors), {}});
}

tl::unexpected<ApiProblem> invalid(std::string pointer, std::string code, std::string detail) {
  return invalid({{std::move(pointer), std::move(code), std::move(detail)}});
}

http::Response to_response(ApiProblem const& problem, std::string_view request_id) {
  auto const& known = info(problem.code);
  std::vector<http::FieldError> errors;
  errors.reserve(problem.errors.size());
  std::ranges::transform(problem.errors, std::back_inserter(errors), [](auto const& error) {
    return http::FieldError{error.pointer, error.code, error.detail};
  });
  http::Headers extra;
  if (known.status == 401) extra.add("WWW-Authenticate", "Bearer realm=\"leadex\"");
  if (can_retry(problem.code)) {
    extra.add("Retry-After", std::to_string(problem.retry_after_s.value_or(kRetryAfterStandardS)));
  }
  return http::make_problem(known.status, known.text,
                            problem.detail.empty() ? known.sentence : problem.detail, request_id,
                            errors, std::move(extra));
}

}  // namespace leadex::api
