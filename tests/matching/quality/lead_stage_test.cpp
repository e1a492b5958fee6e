#include "matching/quality/lead_stage.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "tests/matching/seed.hpp"

namespace leadex::quality {
namespace {

using Stage = DispositionStage;

constexpr std::int64_t kSold = 1000;
constexpr std::int64_t kNow = 9000;
constexpr Bant kComplete{BantAnswer::yes, BantAnswer::yes, BantAnswer::yes, BantAnswer::yes};

SaleStory sold() {
  return {.standing = true, .sold_us = kSold, .reached = {}, .last_us = 0, .told = 0};
}
SaleStory reached(Stage stage, std::int64_t at = 2000) {
  return {.standing = true, .sold_us = kSold, .reached = stage, .last_us = at, .told = 1};
}
Disposition said(Stage stage, std::int64_t at = 3000) {
  Disposition word{.stage = stage, .reason = {}, .bant = {}, .at_us = at};
  if (stage == Stage::lost) word.reason = "no_answer";
  if (stage == Stage::sales_qualified) word.bant = kComplete;
  return word;
}

TEST(LeadStage, EachRefusalIsProvokedInItsOrder) {
  auto story = sold();
  auto word = said(Stage::contacted);
  EXPECT_EQ(refusal_of(story, word, kNow), std::nullopt);
  // Every fault at once; each is taken away in turn and the next one shows.
  story = reached(Stage::won, 8000);
  story.standing = false;
  story.told = kDispositionsMax;
  word = {.stage = Stage::contacted,
          .reason = "x",
          .bant = kComplete,
          .at_us = kNow + kClockSkewUs + 1};
  EXPECT_EQ(refusal_of(story, word, kNow), StageRefusal::not_standing);
  story.standing = true;
  EXPECT_EQ(refusal_of(story, word, kNow), StageRefusal::closed);
  story.reached = Stage::sales_accepted;
  EXPECT_EQ(refusal_of(story, word, kNow), StageRefusal::too_many);
  story.told = 1;
  EXPECT_EQ(refusal_of(story, word, kNow), StageRefusal::in_future);
  word.at_us = kSold - kClockSkewUs - 1;
  EXPECT_EQ(refusal_of(story, word, kNow), StageRefusal::before_sale);
  word.at_us = 7999;
  EXPECT_EQ(refusal_of(story, word, kNow), StageRefusal::before_last);
  word.at_us = 8000;
  EXPECT_EQ(refusal_of(story, word, kNow), StageRefusal::backward);
  word.stage = Stage::won;
  EXPECT_EQ(refusal_of(story, word, kNow), StageRefusal::reason_unwelcome);
  word.reason.clear();
  EXPECT_EQ(refusal_of(story, word, kNow), StageRefusal::bant_unwelcome);
  word.bant.reset();
  EXPECT_EQ(refusal_of(story, word, kNow), std::nullopt);
}

TEST(LeadStage, ALossHasAReasonAndQualifyingHasAllFour) {
  auto word = said(Stage::lost);
  EXPECT_EQ(refusal_of(sold(), word, kNow), std::nullopt);
  word.reason.clear();
  EXPECT_EQ(refusal_of(sold(), word, kNow), StageRefusal::reason_missing);
  for (auto const* bad : {"No", "a b", "call_555", "_x", "x\n"}) {
    word.reason = bad;
    EXPECT_EQ(refusal_of(sold(), word, kNow), StageRefusal::reason_invalid) << bad;
  }
  word = said(Stage::sales_qualified);
  EXPECT_EQ(refusal_of(sold(), word, kNow), std::nullopt);
  word.bant->need = BantAnswer::open;
  EXPECT_EQ(refusal_of(sold(), word, kNow), StageRefusal::bant_incomplete);
  word.bant->need = BantAnswer::no;
  EXPECT_EQ(refusal_of(sold(), word, kNow), StageRefusal::bant_incomplete);
  word.bant.reset();
  EXPECT_EQ(refusal_of(sold(), word, kNow), StageRefusal::bant_incomplete);
}

TEST(LeadStage, StagesGoForwardAndOnlyContactedComesAgain) {
  constexpr Stage kAll[] = {Stage::contacted, Stage::sales_accepted, Stage::sales_qualified,
                            Stage::won, Stage::lost};
  for (auto const from : kAll) {
    for (auto const to : kAll) {
      bool const again = from == Stage::contacted && to == Stage::contacted;
      bool const open = from != Stage::won && from != Stage::lost;
      bool const taken = !refusal_of(reached(from), said(to), kNow);
      EXPECT_EQ(taken, open && (to > from || again)) << text(from) << " then " << text(to);
    }
  }
}

TEST(LeadStage, ReasonsHaveTheirGroupWhetherKnownOrNot) {
  EXPECT_EQ(loss_group("wrong_number", Stage::sales_qualified), LossGroup::never_reached);
  EXPECT_EQ(loss_group("hung_up", std::nullopt), LossGroup::refused_to_talk);
  EXPECT_EQ(loss_group("price", std::nullopt), LossGroup::refused_to_buy);
  EXPECT_EQ(loss_group("sold_the_car", std::nullopt), LossGroup::never_reached);
  EXPECT_EQ(loss_group("sold_the_car", Stage::contacted), LossGroup::refused_to_talk);
  EXPECT_EQ(loss_group("sold_the_car", Stage::sales_accepted), LossGroup::refused_to_buy);
}

std::vector<std::string_view> words(LeadStory const& story) {
  std::vector<std::string_view> words;
  for (auto const& step : stages_of(story)) words.push_back(text(step.stage));
  return words;
}

TEST(LeadStage, ALeadGoesThroughItsStages) {
  using Words = std::vector<std::string_view>;
  LeadStory story{.scored_us = 10, .qualified = false, .recycled_us = {}, .told = {}};
  EXPECT_EQ(words(story), (Words{"new"}));
  story.qualified = true;
  EXPECT_EQ(words(story), (Words{"new", "marketing_qualified"}));
  story.told = {{20, Stage::contacted, 0},
                {30, Stage::sales_accepted, 0},
                {40, Stage::sales_qualified, 0},
                {50, Stage::won, 0}};
  EXPECT_EQ(words(story),
            (Words{"new", "marketing_qualified", "sales_accepted", "sales_qualified", "won"}));
  story.told.back().stage = Stage::lost;
  story.recycled_us = {60};
  EXPECT_EQ(words(story).back(), "recycled");
  story.told.push_back({70, Stage::won, 1});
  EXPECT_EQ(words(story), (Words{"new", "marketing_qualified", "sales_accepted", "sales_qualified",
                                 "lost", "recycled", "won"}));
}

TEST(LeadStage, OfSeveralSalesTheFurthestCounts) {
  using Words = std::vector<std::string_view>;
  LeadStory story{
      .scored_us = 0,
      .qualified = false,
      .recycled_us = {},
      .told = {{1, Stage::lost, 0}, {2, Stage::sales_accepted, 1}, {3, Stage::lost, 1}}};
  EXPECT_EQ(words(story), (Words{"new", "lost", "sales_accepted", "lost"}));
  story.told = {{1, Stage::won, 0}, {2, Stage::lost, 1}};
  EXPECT_EQ(words(story), (Words{"new", "won"}));
}

/// The plain twin: looks at all words up to an instant anew, for each instant.
LeadStage stage_at(LeadStory const& story, std::int64_t at_us) {
  std::int64_t round_us = -1;
  for (auto const us : story.recycled_us) {
    if (us <= at_us) round_us = std::max(round_us, us);
  }
  auto stage = round_us >= 0     ? LeadStage::recycled
               : story.qualified ? LeadStage::marketing_qualified
                                 : LeadStage::fresh;
  std::set<std::size_t> sales;
  std::set<std::size_t> lost;
  bool accepted = false;
  bool qualified = false;
  bool won = false;
  for (auto const& word : story.told) {
    if (word.at_us > at_us || word.at_us < round_us) continue;
    sales.insert(word.sale);
    if (word.stage == Stage::lost) lost.insert(word.sale);
    won = won || word.stage == Stage::won;
  }
  for (auto const& word : story.told) {
    if (word.at_us > at_us || word.at_us < round_us || lost.contains(word.sale)) continue;
    accepted = accepted || word.stage == Stage::sales_accepted;
    qualified = qualified || word.stage == Stage::sales_qualified;
  }
  // A sale that went further counts by where it is.
  if (won) return LeadStage::won;
  if (!sales.empty() && sales == lost) return LeadStage::lost;
  if (qualified) return LeadStage::sales_qualified;
  if (accepted) return LeadStage::sales_accepted;
  return stage;
}

TEST(LeadStage, RandomStoriesAgreeWithThePlainTwin) {
  std::mt19937_64 random{seed_of_run()};
  auto const upto = [&](std::int64_t n) {
    return std::uniform_int_distribution<std::int64_t>{0, n}(random);
  };
  for (int run = 0; run < (full_run() ? 200'000 : 5'000); ++run) {
    LeadStory story{.scored_us = 0, .qualified = upto(1) == 1, .recycled_us = {}, .told = {}};
    for (auto n = upto(2); n > 0; --n) story.recycled_us.push_back(1 + 2 * upto(60));
    // Words go forward within a sale, each at its own even instant; a sale belongs to one round.
    auto const rounds = [&](std::int64_t at) {
      return std::ranges::count_if(story.recycled_us, [=](auto us) { return us <= at; });
    };
    for (std::size_t sale = 0; sale < 3; ++sale) {
      auto at = 2 + 2 * upto(50);
      auto const round = rounds(at);
      for (auto const stage : {Stage::contacted, Stage::sales_accepted, Stage::sales_qualified,
                               upto(1) == 0 ? Stage::won : Stage::lost}) {
        if (upto(2) == 0) continue;
        at += 2 * upto(10);
        if (rounds(at) != round) break;
        story.told.push_back({at, stage, sale});
      }
    }
    auto const steps = stages_of(story);
    ASSERT_TRUE(std::ranges::is_sorted(steps, {}, &StageStep::at_us));
    for (std::int64_t at = 0; at <= 260; ++at) {
      auto const last = std::ranges::upper_bound(steps, at, {}, &StageStep::at_us) - 1;
      ASSERT_EQ(text(last->stage), text(stage_at(story, at))) << "at " << at << " of run " << run;
    }
  }
}

}  // namespace
}  // namespace leadex::quality
