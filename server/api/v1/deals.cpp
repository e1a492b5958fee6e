// Deals: prices that a buyer and a generator agree on; a source's own reserve, and its grade.

#include "server/api/paging.hpp"
#include "server/api/v1/trade.hpp"
#include "server/api/v1/trade_support.hpp"
#include "server/json/money_text.hpp"
#include "server/render/ids.hpp"
#include "server/render/words.hpp"

namespace leadex::api {

namespace {

using render::kGrades;

void write_deal(json::JsonWriter& out, ApiContext const& ctx, storage::DealView const& deal) {
  auto const whole = out.object();
  out.field("id", ctx.ids.seal(deal.id));
  out.field("market", deal.market);
  out.field("buyer", render::account_id(ctx.ids, deal.buyer_no));
  out.field("generator", render::account_id(ctx.ids, deal.generator_no));
  out.field("price", deal.price, deal.currency);
  out.field("exclusive", deal.exclusive);
  out.field("status", render::word(deal.state));
  out.field("proposed_by", render::account_id(ctx.ids, deal.proposed_by));
  out.field("proposed_at", deal.proposed_at);
  out.field("changed_at", deal.changed_at);
}

http::Response render_deal(ApiCall const& call, int status, storage::DealView const& deal) {
  json::JsonWriter out;
  write_deal(out, call.ctx, deal);
  auto response = answer(status, out);
  if (status == 201) response.headers.add("Location", "/v1/deals/" + call.ctx.ids.seal(deal.id));
  return response;
}

std::vector<std::int64_t> deal_key(storage::DealView const& deal) {
  return {to_unix_micros(deal.proposed_at), std::int64_t{deal.id.market}, deal.id.no};
}

/// The other side: an account of the other role.
asio::awaitable<Result<std::int64_t, ApiProblem>> counterparty(ApiCall& call,
                                                               std::string_view text) {
  bool const buyer = call.principal.role == storage::Role::buyer;
  auto const wanted = buyer ? storage::Role::generator : storage::Role::buyer;
  auto const unknown = [] {
    return invalid("/counterparty", "account_unknown", "No such trader of the other side.");
  };
  auto const id = call.ctx.ids.open_as<AccountId>(text);
  if (!id || id->market != 0) co_return unknown();
  auto const known = co_await trade_of(call).deals.role_of(id->no);
  if (!known) co_return refuse(problem_of(known.error()));
  // Not whether it is suspended: a repeated request is to get its first answer.
  if (!*known || **known != wanted) co_return unknown();
  co_return id->no;
}

/// As it was proposed, so that a repeated answer is the same whatever came after.
storage::DealView as_proposed(MarketRef const& market, market::ProposeDeal const& command,
                              market::Answer const& done) {
  storage::DealView deal;
  deal.id = {market.no(), done.outcome.number};
  deal.market = market.actor->name();
  deal.currency = market.settings->currency;
  deal.buyer_no = command.buyer_no;
  deal.generator_no = command.generator_no;
  deal.price = Money{command.price_micros};
  deal.exclusive = command.exclusive;
  deal.proposed_by = command.by_no;
  deal.proposed_at = deal.changed_at = from_unix_micros(done.at_us);
  return deal;
}

asio::awaitable<ApiResult> answer_deal(ApiCall& call, DealId id) {
  auto const deal = co_await trade_of(call).deals.find(viewer_of(call), id);
  if (!deal) co_return refuse(problem_of(deal.error()));
  if (!*deal) co_return problem(Code::not_found);
  co_return render_deal(call, 200, **deal);
}

/// Accepts or ends a deal of the caller.
template <class Step>
asio::awaitable<ApiResult> step(ApiCall& call, market::Operation operation) {
  auto const id = path_id<DealId>(call);
  if (!id) co_return refuse(id.error());
  auto const deal = co_await trade_of(call).deals.find(viewer_of(call), *id);
  if (!deal) co_return refuse(problem_of(deal.error()));
  if (!*deal) co_return problem(Code::not_found);
  auto const market = find_market(call.ctx, id->market);
  if (!market) co_return refuse(market.error());
  market::Submission submission;
  submission.command = Step{id->no, call.account_no()};
  submission.idempotency = call.claim(operation);
  auto const done = co_await submit_raw(call, *market, std::move(submission));
  if (!done) co_return refuse(done.error());
  auto const refusal = done->outcome.refusal;
  // The market forgets deals that have ended.
  if (refusal == market::Refusal::deal_unknown) co_return problem(Code::deal_not_open);
  if (refusal != market::Refusal::none) co_return refuse(problem_of(refusal));
  // As it was then, so that a repeated answer is the same whatever came after.
  auto view = **deal;
  bool const ends = std::is_same_v<Step, market::EndDeal>;
  view.state = ends ? market::DealState::ended : market::DealState::active;
  view.changed_at = from_unix_micros(done->at_us);
  auto response = render_deal(call, 200, view);
  mark_replayed(response, done->replayed);
  co_return response;
}

http::Response render_terms(ApiCall const& call, MarketRef const& market,
                            market::SetSourceTerms const& terms) {
  json::JsonWriter out;
  {
    auto const whole = out.object();
    out.field("market", market.actor->name());
    out.field("generator", render::account_id(call.ctx.ids, terms.generator_no));
    std::optional<Money> reserve;
    if (terms.reserve_micros != market::kNone) reserve = Money{terms.reserve_micros};
    out.field("reserve", reserve, market.settings->currency);
    std::optional<std::string_view> grade;
    if (terms.grade > 0) grade = kGrades.substr(static_cast<std::size_t>(terms.grade) - 1, 1);
    out.field("grade", grade);
  }
  return answer(200, out);
}

asio::awaitable<ApiResult> answer_terms(ApiCall& call, MarketRef market,
                                        std::int64_t generator_no) {
  auto const terms = co_await trade_of(call).deals.source_terms(market.no(), generator_no);
  if (!terms) co_return refuse(problem_of(terms.error()));
  co_return render_terms(call, market, *terms);
}

asio::awaitable<ApiResult> set_terms(ApiCall& call, MarketRef market,
                                     market::SetSourceTerms terms) {
  market::Submission submission;
  submission.command = terms;
  auto const done = co_await submit_raw(call, market, std::move(submission));
  if (!done) co_return refuse(done.error());
  if (done->outcome.refusal != market::Refusal::none) {
    co_return refuse(problem_of(done->outcome.refusal));
  }
  co_return co_await answer_terms(call, market, terms.generator_no);
}

}  // namespace

Answered create_deal(ApiCall& call) {
  auto const market = body_market(call);
  if (!market) co_return refuse(market.error());
  json::FieldErrors errors;
  json::ObjectReader reader(call.body, errors);
  auto const price = json::require_money(reader, "price",
                                         {.currency = market->settings->currency, .min = Money{1}});
  auto const other = reader.require_string("counterparty");
  auto const exclusive = reader.optional_bool("exclusive").value_or(false);
  if (!errors.empty()) co_return invalid(std::move(errors));
  auto const with = co_await counterparty(call, other);
  if (!with) co_return refuse(with.error());
  bool const buyer = call.principal.role == storage::Role::buyer;
  market::ProposeDeal const command{buyer ? call.account_no() : *with,
                                    buyer ? *with : call.account_no(), price.micros, exclusive,
                                    call.account_no()};
  market::Submission submission;
  submission.command = command;
  submission.idempotency = call.claim(market::Operation::create_deal);
  auto const done = co_await submit_raw(call, *market, std::move(submission));
  if (!done) co_return refuse(done.error());
  if (done->outcome.refusal != market::Refusal::none) {
    co_return refuse(problem_of(done->outcome.refusal));
  }
  auto response = render_deal(call, 201, as_proposed(*market, command, *done));
  mark_replayed(response, done->replayed);
  co_return response;
}

Answered list_deals(ApiCall& call) {
  auto const page = read_page(call, 3);
  if (!page) co_return refuse(page.error());
  auto const market = query_market(call);
  if (!market) co_return refuse(market.error());
  storage::DealFilter filter;
  filter.market = *market;
  filter.limit = page->fetch();
  if (!page->after.empty()) {
    filter.before =
        storage::DealCursor{page->after[0], static_cast<MarketNo>(page->after[1]), page->after[2]};
  }
  for (auto const& word : call.query_list("status")) {
    if (auto const state = render::deal_state(word)) filter.states.push_back(*state);
  }
  auto const found = co_await trade_of(call).deals.list(viewer_of(call), filter);
  if (!found) co_return refuse(problem_of(found.error()));
  co_return answer_page(
      call, *page, *found,
      [&](json::JsonWriter& out, storage::DealView const& deal) {
        write_deal(out, call.ctx, deal);
      },
      deal_key);
}

Answered get_deal(ApiCall& call) {
  auto const id = path_id<DealId>(call);
  if (!id) co_return refuse(id.error());
  co_return co_await answer_deal(call, *id);
}

Answered accept_deal(ApiCall& call) {
  co_return co_await step<market::AcceptDeal>(call, market::Operation::accept_deal);
}
Answered end_deal(ApiCall& call) {
  co_return co_await step<market::EndDeal>(call, market::Operation::end_deal);
}

Answered get_source_terms(ApiCall& call) {
  auto const market = find_market(call.ctx, call.param("id"));
  if (!market) co_return refuse(market.error());
  co_return co_await answer_terms(call, *market, call.account_no());
}

Answered set_source_reserve(ApiCall& call) {
  auto const market = find_market(call.ctx, call.param("id"));
  if (!market) co_return refuse(market.error());
  json::FieldErrors errors;
  json::ObjectReader reader(call.body, errors);
  auto const reserve =
      json::optional_money(reader, "reserve", {.currency = market->settings->currency});
  if (!errors.empty()) co_return invalid(std::move(errors));
  co_return co_await set_terms(
      call, *market,
      {call.account_no(), reserve ? reserve->micros : market::kNone, market::kAsItWas});
}

Answered set_source_grade(ApiCall& call) {
  auto const id = call.ctx.ids.open_as<AccountId>(call.param("id"));
  if (!id || id->market != 0) co_return problem(Code::not_found);
  auto const known = co_await trade_of(call).deals.role_of(id->no);
  if (!known) co_return refuse(problem_of(known.error()));
  if (!*known) co_return problem(Code::not_found);
  if (**known != storage::Role::generator) {
    co_return problem(Code::not_supported, "Only generators are graded.");
  }
  auto const market = body_market(call);
  if (!market) co_return refuse(market.error());
  auto const* const grade = json::find_member(call.body, "grade");
  std::int32_t number = 0;
  if (grade != nullptr && grade->IsString()) {
    number = static_cast<std::int32_t>(kGrades.find(json::text_of(*grade))) + 1;
  }
  co_return co_await set_terms(call, *market, {id->no, market::kAsItWas, number});
}

}  // namespace leadex::api
