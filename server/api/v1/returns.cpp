#include "server/api/v1/trade.hpp"
#include "server/api/v1/trade_support.hpp"
#include "server/json/money_text.hpp"
#include "server/render/words.hpp"
#include "server/storage/disputes.hpp"

namespace leadex::api {

namespace {

std::string_view note_of(ApiCall const& call) {
  if (!call.body.IsObject()) return {};
  auto const* const note = json::find_member(call.body, "note");
  return note != nullptr && note->IsString() ? json::text_of(*note) : std::string_view{};
}

/// Whether the exchange's own data prove a return, so that it is ruled at once and does not count
/// against the ceiling: the lead's consent had been revoked before it was sold. A `duplicate` is
/// for the parties to settle: what the market's window for duplicates let in was sold by its rules.
/// A database that does not answer proves nothing.
asio::awaitable<bool> is_proven(ApiCall& call, SaleId sale, std::string_view reason) {
  if (reason != "never_requested") co_return false;
  auto const revoked = co_await trade_of(call).sales.revoked_before_sale(viewer_of(call), sale);
  co_return revoked&&* revoked;
}

http::Response render_one(ApiCall const& call, int status, storage::ReturnView const& view) {
  json::JsonWriter out;
  render::write_return(out, call.ctx.ids, view, open_notes(call, view));
  auto response = answer(status, out);
  if (status == 201) {
    response.headers.add("Location", "/v1/returns/" + call.ctx.ids.seal(view.id));
  }
  return response;
}

asio::awaitable<Result<storage::ReturnView, ApiProblem>> find_return(ApiCall& call, ReturnId id) {
  auto found = co_await trade_of(call).cases.find(viewer_of(call), id);
  if (!found) co_return refuse(problem_of(found.error()));
  if (!*found) co_return problem(Code::not_found);
  co_return std::move(**found);
}

storage::CaseFilter case_filter(PageRequest const& page) {
  storage::CaseFilter filter;
  filter.limit = page.fetch();
  if (!page.after.empty()) {
    filter.before =
        storage::CaseCursor{page.after[0], static_cast<MarketNo>(page.after[1]), page.after[2]};
  }
  return filter;
}

std::vector<std::int64_t> case_key(storage::ReturnView const& view) {
  return {to_unix_micros(view.opened_at), std::int64_t{view.id.market}, view.id.no};
}

/// What both answers of the generator need: the case in its scope and its market.
struct OwnReturn {
  storage::ReturnView view;
  MarketRef market;
};
asio::awaitable<Result<OwnReturn, ApiProblem>> own_return(ApiCall& call) {
  auto const id = path_id<ReturnId>(call);
  if (!id) co_return refuse(id.error());
  auto found = co_await find_return(call, *id);
  if (!found) co_return refuse(found.error());
  auto const market = find_market(call.ctx, id->market);
  if (!market) co_return refuse(market.error());
  co_return OwnReturn{std::move(*found), *market};
}

asio::awaitable<ApiResult> answer_dispute(ApiCall& call, DisputeId id) {
  auto const file = co_await trade_of(call).cases.dispute(viewer_of(call), id);
  if (!file) co_return refuse(problem_of(file.error()));
  if (!*file) co_return problem(Code::not_found);
  json::JsonWriter out;
  render::write_case_file(out, call.ctx.ids, **file, open_notes(call, (*file)->case_),
                          definitions_of(call, id.market, (*file)->lead.version));
  co_return answer(200, out);
}

Result<market::DecideDispute, ApiProblem> read_decision(ApiCall const& call, std::int64_t return_no,
                                                        std::string_view currency) {
  json::FieldErrors errors;
  json::ObjectReader reader(call.body, errors);
  auto const word = reader.require_string("decision");
  auto const amount =
      json::optional_money(reader, "amount", {.currency = currency, .min = Money{1}});
  if (!errors.empty()) return invalid(std::move(errors));
  market::DecideDispute decision{return_no, market::Ruling::deny, 0};
  if (word == "credit_buyer") decision.ruling = market::Ruling::credit_buyer;
  if (word == "partial") {
    if (!amount) return invalid("/amount", "missing_field", "A part needs its amount.");
    decision.ruling = market::Ruling::partial;
    decision.amount_micros = amount->micros;
  } else if (amount) {
    return invalid("/amount", "value_invalid", "Only a part has an amount of its own.");
  }
  return decision;
}

}  // namespace

Answered open_return(ApiCall& call) {
  auto const id = path_sale(call);
  if (!id) co_return refuse(id.error());
  auto const sale = co_await trade_of(call).sales.find(viewer_of(call), *id);
  if (!sale) co_return refuse(problem_of(sale.error()));
  if (!*sale) co_return problem(Code::not_found);
  auto const market = find_market(call.ctx, id->market);
  if (!market) co_return refuse(market.error());
  market::OpenReturn command;
  command.lead_no = id->lead_no;
  command.slot = id->slot;
  command.buyer_no = call.account_no();
  command.reason = std::string{json::text_of(*json::find_member(call.body, "reason"))};
  command.proven = co_await is_proven(call, *id, command.reason);
  market::Submission submission;
  submission.command = command;
  submission.note_sealed = seal_note(call, *id, Note::buyer, note_of(call));
  submission.idempotency = call.claim(market::Operation::open_return);
  auto const note_sealed = submission.note_sealed;
  auto const done = co_await submit_raw(call, *market, std::move(submission));
  if (!done) co_return refuse(done.error());
  auto refusal = done->outcome.refusal;
  // A sale that the market has forgotten is settled, returned or void: its time is over.
  if (refusal == market::Refusal::sale_unknown) {
    bool const returned = (*sale)->return_no != 0;
    co_return problem(returned ? Code::already_returned : Code::return_window_closed);
  }
  if (refusal != market::Refusal::none) co_return refuse(problem_of(refusal));
  // As it was opened, so that a repeated answer is the same whatever came after. Whether it was
  // ruled at once stands in the command of the first time.
  auto proven = command.proven;
  if (done->replayed) {
    auto const first = co_await committed_command(call, id->market, *done);
    if (!first) co_return refuse(first.error());
    auto const* const opened = std::get_if<market::OpenReturn>(&*first);
    if (opened == nullptr) co_return problem(Code::internal);
    proven = opened->proven;
  }
  storage::ReturnView view;
  view.id = {id->market, done->outcome.number};
  view.sale = *id;
  view.market = (*sale)->market;
  view.currency = (*sale)->currency;
  view.reason = command.reason;
  view.opened_at = from_unix_micros(done->at_us);
  view.due_at = from_unix_micros(done->at_us + market->settings->rules.contest_us);
  view.buyer_note_sealed = note_sealed;
  if (proven) {
    view.state = market::ReturnState::accepted;
    view.ruling = 1;
    view.credited = (*sale)->gross;
    view.due_at.reset();
    view.decided_at = view.opened_at;
  }
  auto response = render_one(call, 201, view);
  mark_replayed(response, done->replayed);
  co_return response;
}

Answered list_returns(ApiCall& call) {
  auto const page = read_page(call, 3);
  if (!page) co_return refuse(page.error());
  auto const market = query_market(call);
  if (!market) co_return refuse(market.error());
  auto filter = case_filter(*page);
  filter.market = *market;
  for (auto const& word : call.query_list("status")) {
    if (auto const state = render::return_state(word)) filter.states.push_back(*state);
  }
  auto const found = co_await trade_of(call).cases.list(viewer_of(call), filter);
  if (!found) co_return refuse(problem_of(found.error()));
  co_return answer_page(
      call, *page, *found,
      [&](json::JsonWriter& out, storage::ReturnView const& view) {
        render::write_return(out, call.ctx.ids, view, open_notes(call, view));
      },
      case_key);
}

Answered get_return(ApiCall& call) {
  auto const id = path_id<ReturnId>(call);
  if (!id) co_return refuse(id.error());
  auto const found = co_await find_return(call, *id);
  if (!found) co_return refuse(found.error());
  co_return render_one(call, 200, *found);
}

Answered accept_return(ApiCall& call) {
  auto const own = co_await own_return(call);
  if (!own) co_return refuse(own.error());
  market::Submission submission;
  submission.command = market::AcceptReturn{own->view.id.no, call.account_no()};
  submission.note_sealed = seal_note(call, own->view.sale, Note::generator, note_of(call));
  submission.idempotency = call.claim(market::Operation::accept_return);
  auto const done = co_await submit_raw(call, own->market, std::move(submission));
  if (!done) co_return refuse(done.error());
  auto const refusal = done->outcome.refusal;
  // The market forgets returns that are decided.
  if (refusal == market::Refusal::return_unknown) co_return problem(Code::return_not_open);
  if (refusal != market::Refusal::none) co_return refuse(problem_of(refusal));
  auto const found = co_await find_return(call, own->view.id);
  if (!found) co_return refuse(found.error());
  auto response = render_one(call, 200, *found);
  mark_replayed(response, done->replayed);
  co_return response;
}

Answered contest_return(ApiCall& call) {
  auto const own = co_await own_return(call);
  if (!own) co_return refuse(own.error());
  market::Submission submission;
  submission.command = market::ContestReturn{own->view.id.no, call.account_no()};
  submission.note_sealed = seal_note(call, own->view.sale, Note::generator, note_of(call));
  submission.idempotency = call.claim(market::Operation::contest_return);
  auto const note_sealed = submission.note_sealed;
  auto const done = co_await submit_raw(call, own->market, std::move(submission));
  if (!done) co_return refuse(done.error());
  auto const refusal = done->outcome.refusal;
  if (refusal == market::Refusal::return_unknown) co_return problem(Code::return_not_open);
  if (refusal != market::Refusal::none) co_return refuse(problem_of(refusal));
  // As it was contested, so that a repeated answer is the same whatever came after.
  auto view = own->view;
  view.state = market::ReturnState::disputed;
  view.ruling = 0;
  view.credited = Money{0};
  view.due_at = from_unix_micros(done->at_us + own->market.settings->rules.decide_us);
  view.decided_at.reset();
  view.generator_note_sealed = note_sealed;
  view.decision_note_sealed.clear();
  json::JsonWriter out;
  render::write_dispute(out, call.ctx.ids, view, open_notes(call, view));
  auto response = answer(201, out);
  response.headers.add("Location",
                       "/v1/disputes/" + call.ctx.ids.seal(DisputeId{view.id.market, view.id.no}));
  mark_replayed(response, done->replayed);
  co_return response;
}

Answered list_disputes(ApiCall& call) {
  using market::ReturnState;
  auto const page = read_page(call, 3);
  if (!page) co_return refuse(page.error());
  auto const market = query_market(call);
  if (!market) co_return refuse(market.error());
  auto filter = case_filter(*page);
  filter.market = *market;
  filter.disputes_only = true;
  for (auto const& word : call.query_list("status")) {
    if (word == "open") filter.states.push_back(ReturnState::disputed);
    if (word == "decided") {
      filter.states.push_back(ReturnState::accepted);
      filter.states.push_back(ReturnState::denied);
    }
  }
  auto const found = co_await trade_of(call).cases.list(viewer_of(call), filter);
  if (!found) co_return refuse(problem_of(found.error()));
  co_return answer_page(
      call, *page, *found,
      [&](json::JsonWriter& out, storage::ReturnView const& view) {
        render::write_dispute(out, call.ctx.ids, view, open_notes(call, view));
      },
      case_key);
}

Answered get_dispute(ApiCall& call) {
  auto const id = path_id<DisputeId>(call);
  if (!id) co_return refuse(id.error());
  co_return co_await answer_dispute(call, *id);
}

Answered decide_dispute(ApiCall& call) {
  auto const id = path_id<DisputeId>(call);
  if (!id) co_return refuse(id.error());
  auto const found = co_await find_return(call, {id->market, id->no});
  if (!found) co_return refuse(found.error());
  if (!storage::was_contested(*found)) co_return problem(Code::not_found);
  auto const market = find_market(call.ctx, id->market);
  if (!market) co_return refuse(market.error());
  auto const decision = read_decision(call, id->no, found->currency);
  if (!decision) co_return refuse(decision.error());
  market::Submission submission;
  submission.command = *decision;
  submission.note_sealed = seal_note(call, found->sale, Note::decision,
                                     json::text_of(*json::find_member(call.body, "reason")));
  submission.idempotency = call.claim(market::Operation::decide_dispute);
  auto const done = co_await submit_raw(call, *market, std::move(submission));
  if (!done) co_return refuse(done.error());
  auto const refusal = done->outcome.refusal;
  if (refusal == market::Refusal::return_unknown) co_return problem(Code::dispute_not_open);
  if (refusal != market::Refusal::none) co_return refuse(problem_of(refusal));
  auto response = co_await answer_dispute(call, *id);
  if (response) mark_replayed(*response, done->replayed);
  co_return response;
}

}  // namespace leadex::api
