// Erasures and opt-outs. The answer is the same whether the person is known or not; a job does the
// work, and the person is on the exchange's list when the answer goes out.

#include "server/api/kept_answer.hpp"
#include "server/api/market_ref.hpp"
#include "server/api/v1/privacy_handlers.hpp"
#include "server/intake/contact/email.hpp"
#include "server/intake/contact/phone.hpp"
#include "server/intake/stored_person.hpp"
#include "server/json/object_reader.hpp"
#include "server/json/time_text.hpp"
#include "server/privacy/blind_index.hpp"

namespace leadex::api {

namespace {

using storage::PersonRequest;
using storage::RequestKind;

constexpr auto kClockSlack = std::chrono::minutes{5};

std::string digest_of(ApiCall const& call, privacy::BlindField field, std::string const& text) {
  auto const digest = privacy::blind_index(call.ctx.keys, field, text);
  return std::string{crypto::view_of(digest)};
}

/// The person as the body names it; a phone counts with its + only, since no country is known.
void read_person(ApiCall const& call, json::ObjectReader& reader, PersonRequest& request) {
  if (auto const text = reader.optional_string("email")) {
    if (auto const email = intake::parse_email(*text)) {
      request.email = digest_of(call, privacy::BlindField::email, email->normalised);
    } else {
      reader.fail("email", "email_invalid", "is no e-mail address");
    }
  }
  if (auto const text = reader.optional_string("phone")) {
    if (auto const phone = intake::parse_phone(*text, "ZZ")) {
      request.phone = digest_of(call, privacy::BlindField::phone, phone->e164);
    } else {
      reader.fail("phone", "phone_invalid", "is no number with its country code, as +12025550123");
    }
  }
}

http::Response accepted() {
  json::JsonWriter out;
  {
    auto const whole = out.object();
    out.field("status", "accepted");
  }
  return answer(202, out);
}

/// Takes the request and answers; a key's second use repeats the answer.
asio::awaitable<ApiResult> take(ApiCall& call, PrivacyServices const& services,
                                PersonRequest request) {
  request.told_by = call.principal.principal_no;
  request.tenant_no = call.account_no();
  if (call.idempotency) {
    auto const kept = co_await kept_answer(call);
    if (!kept) co_return refuse(kept.error());
    if (*kept) {
      auto again = accepted();
      mark_replayed(again, true);
      co_return again;
    }
  }
  auto const taken = co_await services.store.receive(std::move(request));
  if (!taken) co_return refuse(problem_of(taken.error()));
  if (!*taken) co_return problem(Code::limit_reached);
  if (call.idempotency) (void)co_await keep_answer(call, "{}");
  co_return accepted();
}

/// The person of a lead that the caller holds. @errors not_found
asio::awaitable<Result<void, ApiProblem>> read_holder(ApiCall& call,
                                                      PrivacyServices const& services,
                                                      std::string lead_text,
                                                      PersonRequest& request) {
  auto const lead = call.ctx.ids.open_as<LeadId>(lead_text);
  if (!lead) co_return problem(Code::not_found);
  auto const held = co_await services.store.held(storage::Viewer::of(call.principal), *lead);
  if (!held) co_return refuse(problem_of(held.error()));
  if (!*held) co_return problem(Code::not_found);
  auto const person =
      intake::stored_person(call.ctx.keys, *lead, (*held)->sealed, (*held)->country);
  if (person.email) {
    request.email = digest_of(call, privacy::BlindField::email, person.email->normalised);
  }
  if (person.phone) {
    request.phone = digest_of(call, privacy::BlindField::phone, person.phone->e164);
  }
  if (!request.email && !request.phone) co_return problem(Code::not_found);
  co_return Result<void, ApiProblem>{};
}

}  // namespace

app::ForgetServices PrivacyServices::forgetting() const {
  auto const* const ring = &keys;
  return {store, markets,
          [ring](LeadId lead, storage::SealedLead const& sealed, std::string const& country) {
            return intake::stored_person_digests(*ring, lead, sealed, country,
                                                 intake::DigestUse::erasure);
          }};
}

asio::awaitable<ApiResult> request_erasure(ApiCall& call, PrivacyServices const& services) {
  json::FieldErrors errors;
  json::ObjectReader reader(call.body, errors);
  auto const now = call.ctx.now();
  PersonRequest request{.kind = RequestKind::erasure, .said_at = now, .counts_from = now};
  read_person(call, reader, request);
  request.reason = reader.optional_string("reason").value_or("person_request");
  if (!errors.empty()) co_return invalid(std::move(errors));
  if (!request.email && !request.phone) {
    co_return invalid("/email", "missing_field", "An e-mail address, a phone number, or both.");
  }
  co_return co_await take(call, services, std::move(request));
}

asio::awaitable<ApiResult> record_opt_out(ApiCall& call, PrivacyServices const& services) {
  json::FieldErrors errors;
  json::ObjectReader reader(call.body, errors);
  PersonRequest request{.kind = RequestKind::opt_out, .reason = "person_request"};
  request.said_at = json::require_timestamp(reader, "at");
  // A trader may gain by an early date: sales made after it come back. So its word counts from now.
  auto const now = call.ctx.now();
  request.counts_from = call.staff() ? request.said_at : now;
  if (call.staff()) read_person(call, reader, request);
  auto const lead = reader.optional_string("lead_id");
  if (errors.empty() && request.said_at > now + kClockSlack) {
    reader.fail("at", "time_out_of_range", "is in the future");
  }
  bool const named = request.email || request.phone;
  if (errors.empty() && named == lead.has_value()) {
    reader.fail("lead_id", "missing_field",
                "A lead whose person it was; staff may name the person instead.");
  }
  if (!errors.empty()) co_return invalid(std::move(errors));
  if (lead) {
    auto const read = co_await read_holder(call, services, *lead, request);
    if (!read) co_return refuse(read.error());
  }
  co_return co_await take(call, services, std::move(request));
}

void register_privacy(http::Router& router, ApiContext& context, PrivacyServices const& services) {
  auto const with = [&services](auto* handler) {
    return [&services, handler](ApiCall& call) { return handler(call, services); };
  };
  add(router, context, "request_erasure", with(request_erasure));
  add(router, context, "record_opt_out", with(record_opt_out));
  add(router, context, "get_lead_consent", with(get_lead_consent));
  add(router, context, "bar_persons", bar_persons);
  add(router, context, "get_barred_persons", get_barred_persons);
  if (services.do_not_call == nullptr) return;
  OperationOptions const whole_list{.streams = true,
                                    .body_bytes_max = context.limits.upload_bytes_max};
  add(router, context, "put_do_not_call", with(put_do_not_call), whole_list);
  add(router, context, "list_do_not_call", with(list_do_not_call));
}

}  // namespace leadex::api
