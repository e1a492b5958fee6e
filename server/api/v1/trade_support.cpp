#include "server/api/v1/trade_support.hpp"

#include "billing/values/check.hpp"
#include "server/json/money_text.hpp"
#include "server/json/time_text.hpp"
#include "server/market/commit_body.hpp"
#include "server/observe/log.hpp"
#include "server/privacy/sealed_value.hpp"

namespace leadex::api {

namespace {

constexpr std::array<std::string_view, 3> kNoteColumns{"buyer_note_sealed", "generator_note_sealed",
                                                       "decision_note_sealed"};

}  // namespace

Result<SaleId, ApiProblem> path_sale(ApiCall const& call) {
  auto const id = call.ctx.ids.open_sale(call.param("id"));
  if (!id) return problem(Code::not_found);
  return *id;
}

Result<MarketRef, ApiProblem> body_market(ApiCall const& call) {
  auto const* const name = json::find_member(call.body, "market");
  LEADEX_CHECK(name != nullptr && name->IsString());  // the contract asks for it
  auto found = find_market(call.ctx, json::text_of(*name));
  if (!found && found.error().code == Code::not_found) return problem(Code::market_unknown);
  return found;
}

Result<std::optional<MarketNo>, ApiProblem> query_market(ApiCall const& call) {
  auto const name = call.query("market");
  if (!name) return std::optional<MarketNo>{};
  auto const actor = call.ctx.markets.find(*name);
  if (!actor) return problem(Code::market_unknown);
  return std::optional{actor->market_no()};
}

Result<std::optional<std::int64_t>, ApiProblem> query_instant(ApiCall const& call,
                                                              std::string_view name) {
  auto const text = call.query(name);
  if (!text) return std::optional<std::int64_t>{};
  auto const at = json::parse_timestamp(*text);
  if (!at) {
    return invalid(json::child_pointer("/query", name), "time_malformed",
                   "An instant is RFC 3339 text with its offset.");
  }
  return std::optional{to_unix_micros(*at)};
}

Result<Money, ApiProblem> body_amount(ApiCall const& call, std::string_view name,
                                      std::string_view currency) {
  json::FieldErrors errors;
  json::ObjectReader reader(call.body, errors);
  auto const amount = json::require_money(reader, name, {.currency = currency, .min = Money{1}});
  if (!errors.empty()) {
    if (errors.front().code == "currency_mismatch") return problem(Code::currency_mismatch);
    return invalid(std::move(errors));
  }
  return amount;
}

asio::awaitable<Result<market::Answer, ApiProblem>> submit_raw(ApiCall& call, MarketRef market,
                                                               market::Submission submission) {
  submission.deadline = call.request.deadline;
  auto answer = co_await market.actor->submit(std::move(submission));
  if (!answer) co_return refuse(problem_of(answer.error()));
  co_return std::move(*answer);
}

asio::awaitable<Result<market::Command, ApiProblem>> committed_command(ApiCall& call,
                                                                       MarketNo market,
                                                                       market::Answer answer) {
  auto const bytes = co_await trade_of(call).leads.batch_body(market, answer.batch_seq);
  if (!bytes) co_return refuse(problem_of(bytes.error()));
  if (!*bytes) co_return problem(Code::internal);
  auto body = market::read_body(**bytes);
  auto const n = static_cast<std::size_t>(answer.n);
  if (!body || answer.n < 0 || n >= body->items.size()) co_return problem(Code::internal);
  co_return std::move(body->items[n].command);
}

std::string seal_note(ApiCall const& call, SaleId sale, Note note, std::string_view text) {
  if (text.empty()) return {};
  auto const row = privacy::row_key(sale.lead_no, sale.slot);
  return privacy::SecretBox{call.ctx.keys}.seal(
      {"return_case", sale.market, row, kNoteColumns.at(static_cast<std::size_t>(note))}, text);
}

render::CaseNotes open_notes(ApiCall const& call, storage::ReturnView const& view) {
  auto const row = privacy::row_key(view.sale.lead_no, view.sale.slot);
  auto const open = [&](std::string const& sealed, Note note) -> std::optional<std::string> {
    if (sealed.empty()) return std::nullopt;
    auto const plain = privacy::SecretBox{call.ctx.keys}.open(
        {"return_case", view.sale.market, row, kNoteColumns.at(static_cast<std::size_t>(note))},
        sealed);
    if (!plain) {
      log::error("cases.note", "a sealed note does not open")
          .field("market", std::int64_t{view.id.market})
          .field("return", view.id.no);
      return std::nullopt;
    }
    return std::string{plain->view()};
  };
  return {open(view.buyer_note_sealed, Note::buyer),
          open(view.generator_note_sealed, Note::generator),
          open(view.decision_note_sealed, Note::decision)};
}

std::vector<targeting::AttributeDef> definitions_of(ApiCall const& call, MarketNo market,
                                                    std::int32_t version) {
  auto const actor = call.ctx.markets.find(market);
  auto const settings = actor ? actor->settings(version) : nullptr;
  if (!settings) return {};
  return settings->rules.attributes;
}

}  // namespace leadex::api
