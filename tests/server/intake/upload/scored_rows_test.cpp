// Rows of an upload arrive with the score of the market's points table, and each of their logs sums
// to it.

#include <gtest/gtest.h>

#include <set>

#include "server/app/score_log.hpp"
#include "server/storage/postgres/lead_stories.hpp"
#include "tests/server/intake/upload/lot_rig.hpp"

namespace leadex::test {
namespace {

quality::ScoreTable table() {
  quality::ScoreTable table;
  table.enabled = true;
  table.base = 2;
  auto const add = [&table](quality::ScoreGroup group, quality::ScoreTest test,
                            std::int32_t points) -> quality::ScoreRule& {
    auto& rule = table.rules.emplace_back();
    rule.group = group;
    rule.test = test;
    rule.points = points;
    rule.reason = "a";
    return rule;
  };
  add(quality::ScoreGroup::document, quality::ScoreTest::known, 17).fact = quality::LeadFact::phone;
  add(quality::ScoreGroup::document, quality::ScoreTest::known, 11).fact =
      quality::LeadFact::full_name;
  add(quality::ScoreGroup::form, quality::ScoreTest::vehicle, 23).numbers = {0, 2, 4, 6, 8};
  add(quality::ScoreGroup::behaviour, quality::ScoreTest::freshness, 60).half_life_s = 86'400;
  return table;
}

TEST(UploadScores, EveryRowHasALogThatSumsToItsScore) {
  constexpr std::uint64_t kRows = 1500;
  LotRig rig;
  auto request = rig.request(storage::BatchFormat::csv);
  auto const settings = std::make_shared<market::MarketSettings>(*request.settings);
  settings->scoring = table();
  request.settings = settings;
  TextSource source{LotRig::text_of(rig.file(kRows, 5, 500), kRows), 3};
  auto const result = rig.run(intake::upload_batch(*rig.uploads, request, source));
  ASSERT_TRUE(result.has_value());
  auto const leads = rig.number("select count(*) from leadex.lead");
  ASSERT_GT(leads, 1000);
  auto const first = rig.number("select min(lead_no) from leadex.lead");
  auto const last = rig.number("select max(lead_no) from leadex.lead");
  pqxx::connection connection(rig.files.owner());
  pqxx::work tx(connection);
  tx.exec("set local search_path = leadex");
  storage::postgres::PostgresLeadStories stories(tx);
  std::set<std::int64_t> scores;
  std::int64_t looked = 0;
  for (auto no = first; no <= last; ++no) {
    auto const row = stories.scored(
        {.tenant_no = LotRig::kGenerator, .role = storage::Role::generator}, {LotRig::kMarket, no});
    if (!row) continue;
    ++looked;
    auto const log = app::score_log(*settings, *row);
    ASSERT_TRUE(log.has_value() && log->has_value()) << no;
    scores.insert((*log)->score.value);
  }
  EXPECT_EQ(looked, leads);
  EXPECT_GT(scores.size(), 3U) << "the rows differ";
}

}  // namespace
}  // namespace leadex::test
