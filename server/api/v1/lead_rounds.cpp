// The rounds of a lead that are over: why they ended, what was asked, what is to come.

#include "server/api/v1/trade.hpp"
#include "server/api/v1/trade_support.hpp"

namespace leadex::api {

namespace {

std::string_view word(storage::LeadRoundView::State state) {
  using State = storage::LeadRoundView::State;
  return state == State::resting ? "resting" : state == State::dropped ? "dropped" : "listed_again";
}

}  // namespace

Answered get_lead_rounds(ApiCall& call) {
  auto const id = path_id<LeadId>(call);
  if (!id) co_return refuse(id.error());
  auto const lead = co_await trade_of(call).leads.find(viewer_of(call), *id);
  if (!lead) co_return refuse(problem_of(lead.error()));
  if (!*lead) co_return problem(Code::not_found);
  auto const market = find_market(call.ctx, id->market);
  if (!market) co_return refuse(market.error());
  auto const rounds = co_await trade_of(call).leads.rounds(viewer_of(call), *id);
  if (!rounds) co_return refuse(problem_of(rounds.error()));
  auto const& currency = market->settings->currency;
  json::JsonWriter out;
  {
    auto const whole = out.object();
    {
      auto const data = out.array("data");
      for (auto const& round : *rounds) {
        auto const one = out.object();
        bool const returned = round.cause == market::RestCause::returned;
        out.field("round", round.round);
        out.field("ended", returned ? "returned" : "unsold");
        out.field("return_reason",
                  returned ? std::optional<std::string_view>{round.reason} : std::nullopt);
        out.field("ask", round.ask, currency);
        out.field("ended_at", round.ended_at);
        out.field("due_at", round.due_at);
        out.field("status", word(round.state));
      }
    }
    out.field("has_more", false);
    out.field("next_cursor", std::optional<std::string_view>{});
  }
  co_return answer(200, out);
}

}  // namespace leadex::api
