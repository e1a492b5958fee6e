// What a lead's score was made of, and how far its sales have brought it.

#include <algorithm>

#include "server/api/app_problem.hpp"
#include "server/api/v1/trade.hpp"
#include "server/api/v1/trade_support.hpp"
#include "server/app/lead_estimates.hpp"
#include "server/app/score_log.hpp"
#include "server/render/words.hpp"

namespace leadex::api {

namespace {

using quality::ScoreLine;

std::string_view word(ScoreLine::Kind kind) {
  switch (kind) {
    case ScoreLine::Kind::base:
      return "base";
    case ScoreLine::Kind::rule:
      return "rule";
    case ScoreLine::Kind::limit:
      break;
  }
  return "limit";
}

void write_line(json::JsonWriter& out, quality::ScoreTable const& table, ScoreLine const& line) {
  auto const one = out.object();
  out.field("kind", word(line.kind));
  std::optional<std::int32_t> number;
  std::optional<std::string_view> group;
  std::optional<std::string_view> reason;
  if (line.kind == ScoreLine::Kind::rule) {
    auto const& rule = table.rules.at(static_cast<std::size_t>(line.rule) - 1);
    number = line.rule;
    group = quality::kScoreGroups[static_cast<std::size_t>(rule.group)];
    reason = rule.reason;
  }
  out.field("rule", number);
  out.field("group", group);
  out.field("reason", reason);
  out.field("points", line.points);
}

void write_foretold(json::JsonWriter& out, storage::Foretold const& foretold) {
  auto const estimate = out.object("estimate");
  out.field("version", foretold.version);
  out.field("won_ppm", foretold.ppm);
}

bool qualified(market::MarketSettings const& settings, storage::ScoredLeadRow const& lead) {
  return lead.score && settings.scoring.enabled && *lead.score >= settings.scoring.qualified_from;
}

struct LeadLook {
  storage::ScoredLeadRow row;
  storage::LeadStoryRows story;
  std::optional<storage::Foretold> foretold;               ///< for staff
  std::shared_ptr<market::MarketSettings const> settings;  ///< of the version the lead keeps
};

/// @errors not_found; not_owner
asio::awaitable<Result<LeadLook, ApiProblem>> look_at(ApiCall& call) {
  auto const id = path_id<LeadId>(call);
  if (!id) co_return refuse(id.error());
  auto const market = find_market(call.ctx, id->market);
  if (!market) co_return refuse(market.error());
  auto look = co_await call.ctx.database.transact(
      [viewer = viewer_of(call), lead = *id,
       actor = market->actor](storage::PlatformTx& tx) -> std::optional<LeadLook> {
        auto row = tx.lead_stories().scored(viewer, lead);
        if (!row) return std::nullopt;
        LeadLook found{std::move(*row), tx.lead_stories().story(viewer, lead), {}, {}};
        found.settings = actor->settings(found.row.version);
        if (viewer.sees_all() && found.settings) {
          found.foretold = app::foretell(tx, *found.settings, found.row);
        }
        return found;
      });
  if (!look) co_return refuse(problem_of(look.error()));
  if (!*look) co_return problem(Code::not_found);
  if (!(*look)->settings) co_return problem(Code::not_owner);  // it comes into force right now
  co_return std::move(**look);
}

/// Sales count by slot, the earliest first.
quality::LeadStory story_of(LeadLook const& look, std::int64_t scored_us,
                            std::vector<SaleId>& sales) {
  quality::LeadStory story;
  story.scored_us = scored_us;
  story.qualified = qualified(*look.settings, look.row);
  story.recycled_us = look.story.recycled_us;
  for (auto const& word : look.story.told) {
    if (sales.empty() || sales.back() != word.sale) sales.push_back(word.sale);
    story.told.push_back({word.at_us, word.stage, sales.size() - 1});
  }
  return story;
}

}  // namespace

Answered get_lead_score(ApiCall& call) {
  auto const look = co_await look_at(call);
  if (!look) co_return refuse(look.error());
  auto const log = app::score_log(*look->settings, look->row);
  if (!log) co_return refuse(problem_of(log.error()));
  json::JsonWriter out;
  {
    auto const whole = out.object();
    out.field("lead_id", call.ctx.ids.seal(look->row.id));
    out.field("score", look->row.score);
    out.field("temperature", render::temperature_word(look->row.score));
    out.field("marketing_qualified", qualified(*look->settings, look->row));
    out.field("market_version", look->row.version);
    std::optional<Timestamp> scored_at;
    if (*log) scored_at = from_unix_micros((*log)->scored_us);
    out.field("scored_at", scored_at);
    {
      auto const lines = out.array("log");
      if (*log) {
        for (auto const& line : (*log)->score.log) {
          write_line(out, look->settings->scoring, line);
        }
      }
    }
    if (look->foretold) write_foretold(out, *look->foretold);
  }
  co_return answer(200, out);
}

Answered get_lead_stage(ApiCall& call) {
  auto const look = co_await look_at(call);
  if (!look) co_return refuse(look.error());
  auto const log = app::score_log(*look->settings, look->row);
  if (!log) co_return refuse(problem_of(log.error()));
  // Without a score its story begins when it was captured.
  auto const begin_us = *log ? (*log)->scored_us : look->row.captured_us;
  std::vector<SaleId> sales;
  auto const steps = quality::stages_of(story_of(*look, begin_us, sales));
  json::JsonWriter out;
  {
    auto const whole = out.object();
    out.field("lead_id", call.ctx.ids.seal(look->row.id));
    out.field("stage", quality::text(steps.back().stage));
    auto const history = out.array("history");
    for (auto const& step : steps) {
      auto const one = out.object();
      out.field("stage", quality::text(step.stage));
      out.field("at", from_unix_micros(step.at_us));
      std::optional<std::string> sale;
      if (step.sale) sale = call.ctx.ids.seal(sales.at(*step.sale));
      out.field("sale_id", sale);
    }
  }
  co_return answer(200, out);
}

}  // namespace leadex::api
