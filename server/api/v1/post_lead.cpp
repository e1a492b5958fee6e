#include "server/api/v1/fraud_services.hpp"
#include "server/api/v1/intake_services.hpp"
#include "server/api/v1/posted_lead.hpp"
#include "server/api/v1/source_services.hpp"
#include "server/api/v1/trade.hpp"
#include "server/intake/lead_rows.hpp"

namespace leadex::api {

namespace {

/// Whether the lead was to be listed again, which it is not any more.
asio::awaitable<bool> stays_off(ApiCall& call, LeadId lead) {
  if (call.ctx.intake == nullptr) co_return false;
  auto const dropped = co_await call.ctx.intake->lots.store.transact(
      [lead](storage::LotTx& tx) { return tx.rests().withdraw(lead); });
  co_return dropped.value_or(false);
}

}  // namespace

Answered post_lead(ApiCall& call) {
  auto const market = body_market(call);
  if (!market) co_return refuse(market.error());
  auto const taxonomy = co_await taxonomy_of(call, market->no());
  if (!taxonomy) co_return refuse(taxonomy.error());
  auto lead = check_lead(call, *market->settings, intake::LeadFields::lead_and_market, *taxonomy);
  if (!lead) co_return refuse(lead.error());
  auto const mail = co_await check_mail(call, *lead);
  if (!mail) co_return refuse(mail.error());
  auto const callable = co_await check_do_not_call(call, *market, *lead);
  if (!callable) co_return refuse(callable.error());
  auto const& currency = market->settings->currency;
  auto place = co_await place_of(call, *market, *lead);
  if (!place) co_return refuse(place.error());
  if (call.test_key()) co_return co_await try_lead(call, *market, *lead, *place);

  auto const number = co_await trade_of(call).lead_numbers.next(market->no());
  if (!number) co_return refuse(api::problem_of(number.error()));
  place->id = {market->no(), *number};
  place->taxonomy = *taxonomy;
  auto watched = co_await watch_lead(call.ctx, *lead, *place);
  if (!watched) co_return refuse(watched.error());
  auto const hold = co_await sample_lead(call, *place);
  if (!hold) co_return refuse(hold.error());
  market::Submission submission;
  submission.lead = intake::make_new_lead(call.ctx.keys, *lead, *place);
  put_command(call, *lead, *hold, submission);
  submission.idempotency = call.claim(market::Operation::post_lead);
  auto const done = co_await submit(call, *market, std::move(submission));
  auto const posted = co_await lead_watched(call, {place->id, *hold}, done, std::move(*watched));
  if (!posted) co_return refuse(posted.error());
  Offered offered{posted->id, done->outcome};
  offered.held = posted->held;
  auto const told = co_await add_warnings(call, *lead, done->replayed, offered);
  if (!told) co_return refuse(told.error());
  auto response = render_outcome(call, currency, offered);
  mark_replayed(response, done->replayed);
  co_return response;
}

Answered withdraw_lead(ApiCall& call) {
  auto const id = path_id<LeadId>(call);
  if (!id) co_return refuse(id.error());
  auto const lead = co_await trade_of(call).leads.find(viewer_of(call), *id);
  if (!lead) co_return refuse(api::problem_of(lead.error()));
  if (!*lead) co_return problem(Code::not_found);
  auto const market = find_market(call.ctx, id->market);
  if (!market) co_return refuse(market.error());
  market::Submission submission;
  submission.command = market::WithdrawLead{id->no, (*lead)->generator_no};
  submission.idempotency = call.claim(market::Operation::withdraw_lead);
  auto const done = co_await submit_raw(call, *market, std::move(submission));
  if (!done) co_return refuse(done.error());
  auto const refusal = done->outcome.refusal;
  bool const gone = refusal == market::Refusal::lead_unknown;
  // What is withdrawn already stays so; a lead the market has forgotten was sold or has expired,
  // and may rest to be listed again.
  bool already = gone && (*lead)->state == market::LeadState::withdrawn;
  if (gone && !already) already = co_await stays_off(call, *id);
  if (gone && !already) {
    co_return problem((*lead)->state == market::LeadState::sold ? Code::lead_sold
                                                                : Code::listing_gone);
  }
  if (!gone && refusal != market::Refusal::none) co_return refuse(api::problem_of(refusal));
  json::JsonWriter out;
  {
    auto const object = out.object();
    out.field("id", call.ctx.ids.seal(*id));
    out.field("status", "withdrawn");
  }
  auto response = answer(200, out);
  mark_replayed(response, done->replayed);
  co_return response;
}

}  // namespace leadex::api
