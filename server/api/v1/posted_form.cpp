#include "server/api/v1/posted_form.hpp"

#include "server/api/v1/fraud_services.hpp"
#include "server/api/v1/posted_lead.hpp"
#include "server/forms/definition.hpp"
#include "server/observe/log.hpp"
#include "server/privacy/lead_envelope.hpp"

namespace leadex::api {

namespace {

using storage::FormStep;

constexpr std::string_view kBodyUse = "form-body/1";
constexpr std::string_view kPageUse = "form-page/1";
constexpr std::string_view kAddressUse = "form-mail/1";
constexpr std::size_t kKeyBytes = 16;

/// Of all that was typed; the lengths keep one field from running into the next.
std::string body_digest(ApiContext const& ctx, SentForm const& sent) {
  std::string bytes;
  for (std::size_t i = 0; i < sent.names.size(); ++i) {
    for (auto const* text : {&sent.names[i], &sent.values.at(i)}) {
      crypto::append_be64(bytes, text->size());
      bytes += *text;
    }
  }
  auto const digest = ctx.keys.body_fingerprint().sign({kBodyUse, bytes});
  crypto::wipe(bytes);
  return std::string{crypto::view_of(digest)};
}

std::string keyed(ApiContext const& ctx, std::string_view use, std::string_view what) {
  auto const digest = ctx.keys.api_key_pepper().sign({use, what});
  return std::string{crypto::view_of(digest).substr(0, kKeyBytes)};
}

std::string form_key(storage::PageKey const& page) {
  std::string key;
  crypto::append_be64(key, static_cast<std::uint64_t>(page.form.market));
  crypto::append_be64(key, static_cast<std::uint64_t>(page.form.no));
  return key + page.token;
}

void count(FormCase const& one, FormStep step) {
  one.forms.counts.add(one.form.id, one.ctx.now(), step);
}

/// As the form's generator would post it. The page's token is the Idempotency-Key: however often it
/// comes, it is one lead.
asio::awaitable<PostedForm> post(FormCase one, MarketRef market, storage::PageKey page,
                                 SentForm sent, intake::CheckedLead lead,
                                 std::optional<Timestamp> confirmed_at) {
  auto& ctx = one.ctx;
  ApiCall call{one.request, ctx, {}, {}, {}, {}};
  call.principal.tenant_no = one.form.generator_no;
  call.principal.role = storage::Role::generator;
  call.principal.key_kind = storage::KeyKind::live;
  // The page says the same as of anybody else.
  if (auto const callable = co_await check_do_not_call(call, market, lead); !callable) {
    if (info(callable.error().code).status >= 500) co_return PostedForm::unavailable;
    count(one, FormStep::refused);
    co_return PostedForm::done;
  }
  auto place = co_await place_of(call, market, lead);
  if (!place) co_return PostedForm::unavailable;
  auto const number = co_await trade_of(call).lead_numbers.next(market.no());
  if (!number) co_return PostedForm::unavailable;
  place->id = {market.no(), *number};
  auto watched = co_await watch_lead(ctx, lead, *place);
  if (!watched) co_return PostedForm::unavailable;
  watched->form_us = sent.sent_us - sent.shown_us;
  auto const hold = co_await sample_lead(call, *place);
  if (!hold) co_return PostedForm::unavailable;
  auto const evidence = evidence_of(sent, one.form.definition, confirmed_at);
  market::Submission submission;
  submission.lead = intake::make_new_lead(ctx.keys, lead, *place, &evidence);
  put_command(call, lead, *hold, submission);
  submission.idempotency =
      market::IdempotencyClaim{one.form.generator_no, keyed(ctx, kPageUse, form_key(page)),
                               body_digest(ctx, sent), market::Operation::post_lead};
  auto const done = co_await submit(call, market, std::move(submission));
  auto const told = co_await lead_watched(call, {place->id, *hold}, done, std::move(*watched));
  if (!done) {
    auto const status = info(done.error().code).status;
    if (status >= 500 || done.error().code == Code::in_progress) co_return PostedForm::unavailable;
    count(one, FormStep::refused);
    co_return PostedForm::done;
  }
  if (!told) co_return PostedForm::unavailable;
  if (!done->replayed) {
    count(one, FormStep::lead);
    if (!done->outcome.sold.empty()) count(one, FormStep::sold);
  }
  co_return PostedForm::done;
}

}  // namespace

asio::awaitable<PostedForm> post_form(FormCase one, MarketRef market, PageToken token,
                                      SentForm sent, intake::CheckedLead lead) {
  storage::FormSubmission kept;
  kept.page = {one.form.id, token.nonce};
  kept.body = body_digest(one.ctx, sent);
  kept.sent_at = from_unix_micros(sent.sent_us);
  bool const waits = one.double_opt_in && lead.email.has_value();
  if (waits) {
    kept.sealed = seal_sent(one.ctx.keys, kept.page, sent);
    kept.address = keyed(one.ctx, kAddressUse, lead.email->normalised);
  }
  auto const taken = co_await one.forms.store.take(kept);
  if (!taken) co_return PostedForm::unavailable;
  if (*taken == storage::Taken::used) co_return PostedForm::used;
  if (!waits) {
    co_return co_await post(one, std::move(market), kept.page, std::move(sent), std::move(lead),
                            std::nullopt);
  }
  if (*taken == storage::Taken::fresh) count(one, FormStep::waiting);
  co_return PostedForm::waiting;
}

asio::awaitable<PostedForm> confirm_form(FormCase one, storage::PageKey page) {
  auto const found = co_await one.forms.store.waiting(page);
  if (!found) co_return PostedForm::unavailable;
  if (!*found) co_return PostedForm::used;
  if ((*found)->confirmed) co_return PostedForm::done;
  if (!(*found)->sealed) co_return PostedForm::used;
  auto sent = open_sent(one.ctx.keys, page, *(*found)->sealed);
  if (!sent) {
    log::error("forms.waiting", "what waits for its confirmation does not open");
    co_return PostedForm::used;
  }
  // As it was shown when it was sent in.
  auto const form = co_await one.forms.store.visited(page.form, sent->version);
  if (!form) co_return PostedForm::unavailable;
  if (!*form) co_return PostedForm::used;
  auto const parsed = json::parse((*form)->definition, {.bytes = (*form)->definition.size()});
  auto const market = find_market(one.ctx, page.form.market);
  if (!parsed || !market) co_return PostedForm::unavailable;
  auto const rules = intake::rules_of(*market->settings);
  auto const now = one.ctx.now();
  auto lead = check_sent(*sent, forms::read_definition(*parsed),
                         {.rules = rules, .disposable = one.ctx.trade->disposable, .now = now});
  // The market's rules have changed since: it takes no such lead any more.
  if (!lead) co_return PostedForm::used;
  FormCase const then{one.request, one.ctx, one.forms, **form, true};
  auto const done = co_await post(then, *market, page, std::move(*sent), std::move(*lead), now);
  if (done != PostedForm::done) co_return done;
  auto const first = co_await one.forms.store.confirm(page, now);
  if (first && *first) count(one, FormStep::confirmed);
  co_return PostedForm::done;
}

}  // namespace leadex::api
