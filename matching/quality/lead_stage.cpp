#include "matching/quality/lead_stage.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <map>

namespace leadex::quality {
namespace {

using Refused = std::optional<StageRefusal>;

struct KnownReason {
  std::string_view word;
  LossGroup group;
};
constexpr std::array<KnownReason, 24> kReasons{{
    {"no_answer", LossGroup::never_reached},
    {"voicemail_only", LossGroup::never_reached},
    {"wrong_number", LossGroup::never_reached},
    {"disconnected_number", LossGroup::never_reached},
    {"invalid_email", LossGroup::never_reached},
    {"unreachable", LossGroup::never_reached},
    {"not_interested", LossGroup::refused_to_talk},
    {"hung_up", LossGroup::refused_to_talk},
    {"never_requested", LossGroup::refused_to_talk},
    {"do_not_call", LossGroup::refused_to_talk},
    {"refused_to_talk", LossGroup::refused_to_talk},
    {"language", LossGroup::refused_to_talk},
    {"price", LossGroup::refused_to_buy},
    {"too_expensive", LossGroup::refused_to_buy},
    {"competitor", LossGroup::refused_to_buy},
    {"no_budget", LossGroup::refused_to_buy},
    {"no_authority", LossGroup::refused_to_buy},
    {"no_need", LossGroup::refused_to_buy},
    {"timing", LossGroup::refused_to_buy},
    {"not_eligible", LossGroup::refused_to_buy},
    {"credit_declined", LossGroup::refused_to_buy},
    {"already_bought", LossGroup::refused_to_buy},
    {"no_decision", LossGroup::refused_to_buy},
    {"features", LossGroup::refused_to_buy},
}};

bool over(DispositionStage stage) {
  return stage == DispositionStage::won || stage == DispositionStage::lost;
}

Refused refusal_of_content(Disposition const& next) {
  if (next.stage == DispositionStage::lost) {
    if (next.reason.empty()) return StageRefusal::reason_missing;
    if (!is_loss_reason(next.reason)) return StageRefusal::reason_invalid;
  } else if (!next.reason.empty()) {
    return StageRefusal::reason_unwelcome;
  }
  if (next.stage == DispositionStage::sales_qualified) {
    if (!next.bant || !next.bant->complete()) return StageRefusal::bant_incomplete;
  } else if (next.bant) {
    return StageRefusal::bant_unwelcome;
  }
  return std::nullopt;
}

/// The lead's stage among the sales of a round.
LeadStage stage_among(std::map<std::size_t, DispositionStage> const& sales, LeadStage before) {
  auto best = before;
  bool all_lost = !sales.empty();
  for (auto const& [sale, stage] : sales) {
    if (stage == DispositionStage::won) return LeadStage::won;
    all_lost = all_lost && stage == DispositionStage::lost;
    if (stage == DispositionStage::sales_qualified) best = LeadStage::sales_qualified;
    if (stage == DispositionStage::sales_accepted && best != LeadStage::sales_qualified) {
      best = LeadStage::sales_accepted;
    }
  }
  return all_lost ? LeadStage::lost : best;
}

}  // namespace

bool is_loss_reason(std::string_view word) {
  if (word.empty() || word.size() > kLossReasonBytesMax) return false;
  if (word.front() < 'a' || word.front() > 'z') return false;
  return std::ranges::all_of(word, [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; });
}

LossGroup loss_group(std::string_view reason, std::optional<DispositionStage> reached) {
  auto const known = std::ranges::find(kReasons, reason, &KnownReason::word);
  if (known != kReasons.end()) return known->group;
  if (!reached) return LossGroup::never_reached;
  return *reached == DispositionStage::contacted ? LossGroup::refused_to_talk
                                                 : LossGroup::refused_to_buy;
}

std::optional<StageRefusal> refusal_of(SaleStory const& story, Disposition const& next,
                                       std::int64_t now_us) {
  if (!story.standing) return StageRefusal::not_standing;
  if (story.reached && over(*story.reached)) return StageRefusal::closed;
  if (story.told >= kDispositionsMax) return StageRefusal::too_many;
  if (next.at_us > now_us + kClockSkewUs) return StageRefusal::in_future;
  if (next.at_us < story.sold_us - kClockSkewUs) return StageRefusal::before_sale;
  if (next.at_us < story.last_us) return StageRefusal::before_last;
  bool const again =
      next.stage == DispositionStage::contacted && story.reached == DispositionStage::contacted;
  if (story.reached && next.stage <= *story.reached && !again) return StageRefusal::backward;
  return refusal_of_content(next);
}

std::vector<StageStep> stages_of(LeadStory const& story) {
  std::vector<StageStep> steps{{story.scored_us, LeadStage::fresh, std::nullopt}};
  if (story.qualified) {
    steps.push_back({story.scored_us, LeadStage::marketing_qualified, std::nullopt});
  }
  auto rounds = story.recycled_us;
  std::ranges::sort(rounds);
  auto told = story.told;
  // By a clock that is late a word may seem older than its lead.
  for (auto& word : told) word.at_us = std::max(word.at_us, story.scored_us);
  std::ranges::stable_sort(told, {}, &ToldStage::at_us);
  auto before = steps.back().stage;  // of a round in which nobody told anything yet
  std::map<std::size_t, DispositionStage> sales;
  auto round = rounds.begin();
  auto const begin_rounds = [&](std::int64_t until_us) {
    for (; round != rounds.end() && *round <= until_us; ++round) {
      sales.clear();
      before = LeadStage::recycled;
      steps.push_back({*round, before, std::nullopt});
    }
  };
  for (auto const& word : told) {
    begin_rounds(word.at_us);
    auto& reached = sales[word.sale];
    reached = std::max(reached, word.stage);
    auto const stage = stage_among(sales, before);
    if (stage != steps.back().stage) steps.push_back({word.at_us, stage, word.sale});
  }
  begin_rounds(std::numeric_limits<std::int64_t>::max());
  return steps;
}

}  // namespace leadex::quality
