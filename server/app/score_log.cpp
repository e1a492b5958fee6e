#include "server/app/score_log.hpp"

#include "server/observe/log.hpp"

namespace leadex::app {

namespace {

tl::unexpected<AppError> broken(storage::ScoredLeadRow const& lead, log::Literal why) {
  log::error("score.broken", why)
      .field("market", std::int64_t{lead.id.market})
      .field("lead", lead.id.no);
  return fail(AppCode::internal_invariant, "The score cannot be explained.");
}

}  // namespace

AppResult<std::optional<ScoreLog>> score_log(market::MarketSettings const& settings,
                                             storage::ScoredLeadRow const& lead) {
  if (!lead.score) return std::nullopt;
  if (!lead.score_facts) return broken(lead, "a score without its facts");
  auto const facts = market::decode_value<quality::ScoreFacts>(*lead.score_facts);
  if (!facts) return broken(lead, "facts that cannot be read");
  if (!settings.scoring.enabled || lead.attributes.size() != settings.rules.attributes.size()) {
    return broken(lead, "a score without its table");
  }
  auto score = quality::score_lead(settings.scoring,
                                   {lead.attributes, lead.vehicle, lead.captured_us, *facts});
  std::int64_t sum = 0;
  for (auto const& line : score.log) sum += line.points;
  if (sum != *lead.score || score.value != *lead.score) {
    return broken(lead, "a log that does not sum to the score");
  }
  return ScoreLog{std::move(score), facts->scored_us};
}

}  // namespace leadex::app
