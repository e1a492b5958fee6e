#include "matching/quality/posted_day.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>

#include "tests/matching/quality/made_days.hpp"
#include "tests/matching/seed.hpp"

namespace leadex::quality {
namespace {

LotCounts with(LotSignal signal, SignalCount count) {
  LotCounts counts;
  counts.of(signal) = count;
  return counts;
}

/// So many days of different honest sources.
LotCounts days_of_others(MadeDays& days, int count) {
  LotCounts sum;
  for (int i = 0; i < count; ++i) {
    auto const day = days.honest_day(days.honest());
    for (std::size_t k = 0; k < kLotSignals; ++k) sum.counts.at(k) += day.counts.at(k);
  }
  return sum;
}

TEST(PostedDay, LooksComeAtDoublings) {
  EXPECT_EQ(next_look(0), kFirstLook);
  EXPECT_EQ(next_look(1), kFirstLook);
  EXPECT_EQ(next_look(50), 100);
  EXPECT_EQ(next_look(130), 260);
}

TEST(PostedDay, AllLooksTogetherSpendWhatIsStated) {
  SignalSettings const settings{.false_alarms_ppm = 500'000};
  EXPECT_EQ(false_alarms_of_look(1, settings), 250'000);
  EXPECT_EQ(false_alarms_of_look(2, settings), 83'333);
  std::int64_t sum = 0;
  for (std::int64_t look = 1; look < 1'000'000; look = look < 2'000 ? look + 1 : look * 2) {
    sum += false_alarms_of_look(look, settings);
  }
  EXPECT_LE(sum, settings.false_alarms_ppm);
  EXPECT_GT(sum, settings.false_alarms_ppm * 9 / 10);
}

TEST(PostedDay, EitherMeasureSpeaksAgainstASource) {
  auto const signal = LotSignal::crowded_addresses;
  SignalCount const bad{500, 100};
  SignalCount const low{10'000, 100};
  SignalCount const high{10'000, 2'000};
  auto const judge = [&](SignalCount others, SignalCount itself) {
    return judge_posted_day(with(signal, bad), {with(signal, others), with(signal, itself)}, 1, {});
  };
  EXPECT_EQ(judge(low, low).size(), 1U);
  EXPECT_EQ(judge(low, high).size(), 1U);  // worse than the others, as always
  EXPECT_EQ(judge(high, low).size(), 1U);  // like the others, but not like itself
  EXPECT_TRUE(judge(high, high).empty());
  // Whichever has too few says nothing; what the market bears is the measure when both have.
  EXPECT_TRUE(judge(high, {}).empty());
  EXPECT_TRUE(judge({999, 0}, high).empty());
  EXPECT_EQ(judge({999, 0}, low).size(), 1U);
  EXPECT_EQ(judge({}, {}).size(), 1U);
  EXPECT_EQ(judge(low, low).front().false_alarms_ppm, SignalSettings{}.false_alarms_ppm);
  EXPECT_EQ(judge(high, low).front().reference_ppm, 10'000);
}

TEST(PostedDay, ALaterLookWantsMore) {
  auto const signal = LotSignal::crowded_devices;
  DayReference const reference{with(signal, {10'000, 100}), {}};
  std::int64_t first = 0;
  std::int64_t tenth = 0;
  for (std::int64_t events = 100; events > 0; --events) {
    auto const day = with(signal, {500, events});
    if (!judge_posted_day(day, reference, 1, {}).empty()) first = events;
    if (!judge_posted_day(day, reference, 10, {}).empty()) tenth = events;
  }
  EXPECT_GT(first, 5);
  EXPECT_GT(tenth, first);
  EXPECT_TRUE(judge_posted_day(with(signal, {500, 500}), reference, 1'000, {}).empty());
}

TEST(PostedDay, TheStatementTellsOfDays) {
  auto const signal = LotSignal::crowded_contacts;
  auto const found = judge_posted_day(with(signal, {100, 60}), {}, 1, {});
  ASSERT_EQ(found.size(), 1U);
  auto const text = statement(found.front(), SignalScope::day);
  EXPECT_NE(text.find("60 of 100 leads have an e-mail or phone"), std::string::npos) << text;
  EXPECT_NE(text.find("0.10 % of an honest source's days"), std::string::npos) << text;
  SignalFinding planted;
  planted.signal = LotSignal::planted_contact;
  EXPECT_NE(statement(planted, SignalScope::day).find("planted"), std::string::npos);
  EXPECT_EQ(word(planted.signal), "planted_contact");
}

// The least honest source that still counts as one, looked at as its day grows.
TEST(PostedDay, FalseAlarmsStayBelowWhatIsStatedHoweverOftenItIsLookedAt) {
  std::mt19937_64 random(seed_of_run());
  SignalSettings const settings{.false_alarms_ppm = 100'000};
  int const runs = full_run() ? 20'000 : 2'000;
  int accused = 0;
  for (int run = 0; run < runs; ++run) {
    DayReference reference;
    std::array<double, kLotSignals> own{};
    for (std::size_t i = 0; i < kLotSignals; ++i) {
      auto const rate = std::uniform_real_distribution{0.01, 0.1}(random);
      auto const odds = 3 * rate / (1 - rate);
      own.at(i) = odds / (1 + odds);
      std::binomial_distribution<std::int64_t> theirs{5'000, rate};
      reference.others.counts.at(i) = {5'000, theirs(random)};
      reference.itself.counts.at(i) = {5'000, theirs(random)};
    }
    LotCounts day;
    bool found = false;
    std::int64_t posts = 0;
    std::int64_t look = 0;
    for (auto next = kFirstLook; next <= 800 && !found; next = next_look(next)) {
      for (std::size_t i = 0; i < kLotSignals; ++i) {
        std::binomial_distribution<std::int64_t> more{next - posts, own.at(i)};
        day.counts.at(i) += {next - posts, more(random)};
      }
      posts = next;
      found = !judge_posted_day(day, reference, ++look, settings).empty();
    }
    if (found) ++accused;
  }
  auto const allowed = 0.1 * runs + 4 * std::sqrt(0.1 * 0.9 * runs);
  EXPECT_LE(accused, allowed);
  std::cout << accused << " of " << runs << " honest days accused, stated 10 %\n";
}

// From leads to findings.
TEST(PostedDay, FindsEachPlantedKindAndNoHonestDay) {
  MadeDays days(seed_of_run());
  DayReference reference;
  reference.others = days_of_others(days, 30);
  int accused = 0;
  for (int i = 0; i < 100; ++i) {
    accused += days.judge(days.honest(), LotSignal::planted_contact, 0, reference).empty() ? 0 : 1;
  }
  EXPECT_LE(accused, 3);  // one in a thousand each
  for (auto const signal :
       {LotSignal::crowded_addresses, LotSignal::crowded_devices, LotSignal::people_known,
        LotSignal::filled_too_fast, LotSignal::captured_long_ago, LotSignal::many_hops,
        LotSignal::crowded_contacts}) {
    auto const found = days.judge(days.honest(), signal, 0.5, reference);
    EXPECT_TRUE(std::ranges::count(found, signal, &SignalFinding::signal) == 1) << word(signal);
  }
}

}  // namespace
}  // namespace leadex::quality
