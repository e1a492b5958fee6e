#pragma once
// What several handlers of the trade share: viewers, filters of lists, notes of cases, the command
// behind a repeated answer. Any thread.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/api/market_ref.hpp"
#include "server/api/paging.hpp"
#include "server/api/v1/trade_services.hpp"
#include "server/json/object_reader.hpp"
#include "server/render/sale.hpp"

namespace leadex::api {

[[nodiscard]] inline storage::Viewer viewer_of(ApiCall const& call) {
  return storage::Viewer::of(call.principal);
}
[[nodiscard]] inline TradeServices& trade_of(ApiCall const& call) { return *call.ctx.trade; }

/// An id of the path: whatever is wrong with it, it is 404 as an unknown one.
template <class Typed>
[[nodiscard]] Result<Typed, ApiProblem> path_id(ApiCall const& call, std::string_view name = "id") {
  auto const id = call.ctx.ids.open_as<Typed>(call.param(name));
  if (!id) return problem(Code::not_found);
  return *id;
}
[[nodiscard]] Result<SaleId, ApiProblem> path_sale(ApiCall const& call);

/// The market a body names. @errors market_unknown (422), not_owner
[[nodiscard]] Result<MarketRef, ApiProblem> body_market(ApiCall const& call);
/// The market of the query's filter, whether it is ready here or not; nothing when none is asked
/// for. @errors market_unknown
[[nodiscard]] Result<std::optional<MarketNo>, ApiProblem> query_market(ApiCall const& call);
/// An instant of the query in microseconds. @errors validation_failed
[[nodiscard]] Result<std::optional<std::int64_t>, ApiProblem> query_instant(ApiCall const& call,
                                                                            std::string_view name);
/// An id of the query: an unknown one is no fault but finds nothing. The contract checks its form.
template <class Typed>
[[nodiscard]] std::optional<Typed> query_id(ApiCall const& call, std::string_view name) {
  auto const text = call.query(name);
  if (!text) return std::nullopt;
  auto const id = call.ctx.ids.open_as<Typed>(*text);
  return id ? Typed{*id} : Typed{0, -1};
}

/// The field `amount` of the body in the market's currency, above zero.
[[nodiscard]] Result<Money, ApiProblem> body_amount(ApiCall const& call, std::string_view name,
                                                    std::string_view currency);

/// Submits and gives the answer whatever the engine said; only what kept it from being applied is a
/// problem.
[[nodiscard]] asio::awaitable<Result<market::Answer, ApiProblem>> submit_raw(
    ApiCall& call, MarketRef market, market::Submission submission);

/// The command as committed behind an answer: what a repeated answer does not say by itself.
[[nodiscard]] asio::awaitable<Result<market::Command, ApiProblem>> committed_command(
    ApiCall& call, MarketNo market, market::Answer answer);

/// The three notes of a case stand sealed at the place of its sale: the return has no number yet
/// when the buyer writes the first.
enum class Note : std::uint8_t { buyer, generator, decision };
[[nodiscard]] std::string seal_note(ApiCall const& call, SaleId sale, Note note,
                                    std::string_view text);
[[nodiscard]] render::CaseNotes open_notes(ApiCall const& call, storage::ReturnView const& view);

/// The attributes' definitions of a version of a market's settings; empty when it is not here.
[[nodiscard]] std::vector<targeting::AttributeDef> definitions_of(ApiCall const& call,
                                                                  MarketNo market,
                                                                  std::int32_t version);

}  // namespace leadex::api
