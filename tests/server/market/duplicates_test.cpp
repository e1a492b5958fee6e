// Persons that come twice: which lead counts, and markets of one group. Known answers, then markets
// that race for the same persons.

#include <algorithm>
#include <map>
#include <random>
#include <thread>

#include "server/market/replay.hpp"
#include "tests/matching/seed.hpp"
#include "tests/server/market/market_fixture.hpp"

namespace leadex::market {
namespace {

constexpr MarketNo kNeighbour = 8;
constexpr std::int64_t kNewcomer = 102;  // a generator; plain leads are 101's

class StoredDuplicates : public MarketFixture {
 protected:
  void SetUp() override {
    MarketFixture::SetUp();
    exec(
        "insert into leadex.market (market_id, name, title, currency, country) values (8, "
        "'other.us.usd', 'Other', 'USD', 'US')");
    exec(
        "insert into leadex.market_version select 8, version, definition, settings, created_by "
        "from leadex.market_version where market_id = 7");
    exec("insert into leadex.market_head values (8, 0, 0, decode(repeat('00', 32), 'hex'), 0)");
  }
  /// As the catalogue writes it, in the one version that there is.
  void define(MarketNo market, std::string const& definition) {
    auto const no = std::to_string(market);
    exec(
        "alter table leadex.market_version disable trigger user; update leadex.market_version set "
        "definition = '" +
        definition + "' where market_id = " + no +
        "; alter table leadex.market_version enable trigger user; update leadex.market set "
        "dedupe_group = nullif('" +
        definition + "'::json->>'dedupe_group', '') where market_id = " + no);
  }
  void define_group() {
    for (auto const market : {kMarket, kNeighbour}) define(market, R"({"dedupe_group":"us"})");
  }
  static Submission post_of(std::int64_t lead_no, std::vector<std::int64_t> const& persons,
                            std::int64_t generator_no = 101) {
    auto offer = plain_offer(lead_no);
    offer.generator_no = generator_no;
    Submission submission;
    submission.lead = rows_of(offer);
    submission.command = offer;
    for (auto const person : persons) submission.persons.push_back(digest_of(person));
    return submission;
  }
  std::future<Result<Answer, SubmitError>> send(MarketHost& at, MarketNo market,
                                                Submission submission) {
    return boost::asio::co_spawn(pool_, at.find(market)->submit(std::move(submission)),
                                 boost::asio::use_future);
  }
  bool taken(MarketHost& at, MarketNo market, Submission submission) {
    auto const answer = send(at, market, std::move(submission)).get();
    if (!answer) EXPECT_EQ(answer.error(), SubmitError::duplicate);
    return answer.has_value();
  }
  bool taken(MarketHost& at, Submission submission) {
    return taken(at, kMarket, std::move(submission));
  }
  bool rests(MarketHost& at, std::int64_t lead_no) {
    return look<bool>(at, [=](auto const& view) {
      auto const* const listing = view.engine.listing(lead_no);
      return listing != nullptr && listing->resting;
    });
  }
  std::int64_t state_of(std::int64_t lead_no) {
    return number("select state from leadex.lead where market_id = 7 and lead_no = " +
                  std::to_string(lead_no));
  }
  std::int64_t holds() { return number("select count(*) from leadex.group_hold"); }
  void campaign(MarketHost& at, std::int64_t buyer_no) {
    auto const schema = targeting::Schema::make(MarketRun::rules().attributes).value();
    auto const bytes = targeting::encode(targeting::all_of({}), schema, {});
    UpsertCampaign upsert;
    upsert.campaign_no = upsert.buyer_no = buyer_no;
    upsert.version = 1;
    upsert.terms.bid_micros = 5 * kUnit;
    upsert.terms.targeting = {reinterpret_cast<char const*>(bytes.data()), bytes.size()};
    ASSERT_EQ(run(at, upsert)->outcome.refusal, Refusal::none);
    ASSERT_EQ(run(at, FundBudget{{buyer_no, buyer_no}, 1, 500 * kUnit})->outcome.refusal,
              Refusal::none);
  }
  void expect_replay() {
    auto const store = storage::make_market_store(database_.app());
    auto const report = replay(*store, kMarket, ReplayScope::decisions);
    ASSERT_TRUE(report.has_value());
    EXPECT_FALSE(report->fault.has_value()) << report->fault->what << " at " << report->fault->seq;
    EXPECT_EQ(ledger_problem(), "");
    expect_true_books();
  }
};

TEST_F(StoredDuplicates, TheFirstLeadCountsUnlessTheMarketSaysOtherwise) {
  auto const at = host();
  EXPECT_TRUE(taken(*at, post_of(1, {1, 2})));
  EXPECT_FALSE(taken(*at, post_of(2, {2}, kNewcomer)));
  EXPECT_TRUE(rests(*at, 1));
  EXPECT_EQ(holds(), 0);
  at->stop();
  expect_replay();
}

TEST_F(StoredDuplicates, TheLastLeadTakesTheUnsoldOnesPlace) {
  define(kMarket, R"({"duplicate_credit":"last"})");
  auto const at = host();
  EXPECT_TRUE(taken(*at, post_of(1, {1, 2})));
  EXPECT_TRUE(taken(*at, post_of(2, {2, 3}, kNewcomer)));
  EXPECT_FALSE(rests(*at, 1));
  EXPECT_TRUE(rests(*at, 2));
  EXPECT_EQ(state_of(1), static_cast<std::int64_t>(LeadState::withdrawn));
  EXPECT_EQ(state_of(2), static_cast<std::int64_t>(LeadState::listed));
  EXPECT_EQ(number("select count(*) from leadex.person where lead_no = 2"), 2);
  EXPECT_EQ(number("select count(*) from leadex.person_before where lead_no = 1"), 1);
  // All that stand in the way go, or none.
  EXPECT_TRUE(taken(*at, post_of(4, {4}, 103)));
  EXPECT_FALSE(taken(*at, post_of(5, {3, 4}, kNewcomer)));
  EXPECT_TRUE(rests(*at, 2) && rests(*at, 4));
  EXPECT_TRUE(taken(*at, post_of(6, {2, 4}, 104)));
  EXPECT_FALSE(rests(*at, 2) || rests(*at, 4));
  at->stop();
  expect_replay();
  auto const again = host("second");
  EXPECT_TRUE(rests(*again, 6));
  EXPECT_FALSE(rests(*again, 1));
  again->stop();
}

TEST_F(StoredDuplicates, WhatLeftTheMarketUnsoldIsInNobodysWay) {
  define(kMarket, R"({"duplicate_credit":"last"})");
  auto const at = host();
  EXPECT_TRUE(taken(*at, post_of(1, {1, 2})));
  EXPECT_EQ(run(*at, WithdrawLead{1, 101})->outcome.refusal, Refusal::none);
  EXPECT_FALSE(taken(*at, post_of(2, {1}))) << "its own generator's";
  EXPECT_TRUE(taken(*at, post_of(3, {1}, kNewcomer)));
  // As if it had expired, and then as if it were to come back.
  exec("update leadex.lead set state = 4 where lead_no = 1");
  exec(
      "insert into leadex.lead_rest (market_id, lead_no, round, cause, reason, ask_micros, "
      "rested_us, due_us) values (7, 1, 0, 0, '', -1, 1, 1)");
  EXPECT_FALSE(taken(*at, post_of(4, {2}, kNewcomer)));
  exec("update leadex.lead_rest set dropped = true");
  EXPECT_TRUE(taken(*at, post_of(5, {2}, kNewcomer)));
  EXPECT_TRUE(rests(*at, 3) && rests(*at, 5));
  at->stop();
  expect_replay();
}

TEST_F(StoredDuplicates, OnesOwnNewerLeadIsADuplicate) {
  define(kMarket, R"({"duplicate_credit":"last"})");
  auto const at = host();
  EXPECT_TRUE(taken(*at, post_of(1, {1})));
  EXPECT_FALSE(taken(*at, post_of(2, {1})));
  EXPECT_TRUE(rests(*at, 1));
  at->stop();
}

TEST_F(StoredDuplicates, NothingTakesThePlaceOfALeadThatWasSold) {
  define(kMarket, R"({"duplicate_credit":"last"})");
  auto const at = host();
  campaign(*at, 3);
  EXPECT_TRUE(taken(*at, post_of(1, {1})));
  ASSERT_EQ(number("select count(*) from leadex.sale"), 1);
  EXPECT_FALSE(taken(*at, post_of(2, {1}, kNewcomer)));
  EXPECT_EQ(number("select count(*) from leadex.lead where lead_no = 2"), 0);
  at->stop();
  expect_replay();
}

TEST_F(StoredDuplicates, MarketsOfAGroupKnowEachOthersPersons) {
  define_group();
  auto const at = host();
  EXPECT_TRUE(taken(*at, kMarket, post_of(1, {1})));
  EXPECT_FALSE(taken(*at, kNeighbour, post_of(1, {1, 2}, kNewcomer)));
  EXPECT_TRUE(taken(*at, kNeighbour, post_of(2, {3})));
  EXPECT_FALSE(taken(*at, kMarket, post_of(2, {3})));
  Submission rows;
  rows.command = AdmitRows{.batch_no = 5};
  rows.lane = Lane::bulk;
  rows.admissions = {{11, {digest_of(3)}}, {12, {digest_of(4)}}};
  auto const admitted = send(*at, kMarket, rows).get();
  ASSERT_TRUE(admitted.has_value());
  EXPECT_EQ(admitted->admissions,
            (std::vector{Admission::duplicate_in_market, Admission::accepted}));
  // A commit spends its holds, and what was known is let go; only the lead that was refused for
  // another person leaves one, which lapses.
  EXPECT_EQ(number("select count(*) from leadex.group_hold where digest <> '" + digest_of(2) +
                   "'::bytea"),
            0);
  at->stop();
  expect_replay();
}

TEST_F(StoredDuplicates, AMarketWithoutGroupKnowsItsOwnAlone) {
  define(kMarket, R"({"dedupe_group":"us"})");
  auto const at = host();
  EXPECT_TRUE(taken(*at, kMarket, post_of(1, {1})));
  EXPECT_TRUE(taken(*at, kNeighbour, post_of(1, {1})));
  EXPECT_TRUE(taken(*at, kNeighbour, post_of(2, {2})));
  EXPECT_TRUE(taken(*at, kMarket, post_of(2, {2})));
  at->stop();
}

TEST_F(StoredDuplicates, AClaimPastTheWindowOfTheGroupIsFree) {
  define_group();
  auto const at = host();
  EXPECT_TRUE(taken(*at, kMarket, post_of(1, {1})));
  exec("update leadex.person set seen_us = seen_us - 91::bigint * 86400000000");
  EXPECT_TRUE(taken(*at, kNeighbour, post_of(1, {1})));
  at->stop();
}

TEST_F(StoredDuplicates, ALapsedHoldIsTakenOverAndALiveOneIsNot) {
  define_group();
  auto const at = host();
  exec("insert into leadex.group_hold values ('us', '" + digest_of(1) +
       "'::bytea, 8, (extract(epoch from clock_timestamp()) * 1000000)::bigint + 50000000), "
       "('us', '" +
       digest_of(2) + "'::bytea, 8, 1)");
  EXPECT_FALSE(taken(*at, kMarket, post_of(1, {1})));
  EXPECT_TRUE(taken(*at, kMarket, post_of(2, {2})));
  at->stop();
}

/// The last guard: what is committed must be held, whoever took the hold away meanwhile.
TEST_F(StoredDuplicates, ACommitWhoseHoldIsGoneIsRunAnew) {
  define_group();
  // Whatever the writer holds is gone by the time that it claims, the first time.
  exec("create table leadex.thefts (n bigint); insert into leadex.thefts values (0)");
  exec(
      "create function leadex.steal() returns trigger language plpgsql security definer as $$ "
      "begin if (select n from leadex.thefts) = 0 then delete from leadex.group_hold; end if; "
      "return null; end $$");
  exec(
      "create trigger steal before insert on leadex.person for each statement execute function "
      "leadex.steal()");
  auto const at = host();
  auto waiting = send(*at, kMarket, post_of(1, {1}));
  auto const answer = waiting.get();
  // Stolen at each attempt: the command is refused, and nobody has claimed the person.
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error(), SubmitError::internal_invariant);
  EXPECT_EQ(number("select count(*) from leadex.person"), 0);
  exec("update leadex.thefts set n = 1");
  auto later = send(*at, kMarket, post_of(2, {1})).get();
  for (int i = 0; i < 1'000 && !later && later.error() == SubmitError::not_owner; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds{10});  // the market loads anew
    later = send(*at, kMarket, post_of(2, {1})).get();
  }
  EXPECT_TRUE(later.has_value());
  at->stop();
  expect_replay();
}

/// Two markets, many persons, all at once: each person is claimed exactly once in the group.
TEST_F(StoredDuplicates, MarketsThatRaceNeverBothTakeAPerson) {
  define_group();
  auto const at = host();
  std::mt19937_64 random{seed_of_run()};
  constexpr std::int64_t kPersons = 60;
  int const posts = full_run() ? 4'000 : 400;
  std::map<MarketNo, std::int64_t> next;
  struct Sent {
    MarketNo market{};
    std::vector<std::int64_t> persons;
    std::future<Result<Answer, SubmitError>> answer;
  };
  std::vector<Sent> all;
  auto const again = [&](Sent& one) {
    one.answer = send(*at, one.market, post_of(++next[one.market], one.persons));
  };
  for (int i = 0; i < posts; ++i) {
    std::uniform_int_distribution<std::int64_t> person{1, kPersons};
    auto& one = all.emplace_back();
    one.market = random() % 2 == 0 ? kMarket : kNeighbour;
    one.persons = {person(random), person(random)};
    again(one);
  }
  std::int64_t accepted = 0;
  for (auto& one : all) {
    auto answer = one.answer.get();
    // A look-up that a loaded machine let time out is told to come again; nothing was applied.
    for (int i = 0; i < 10 && !answer && answer.error() == SubmitError::busy; ++i) {
      again(one);
      answer = one.answer.get();
    }
    accepted += answer ? 1 : 0;
    if (!answer) EXPECT_EQ(answer.error(), SubmitError::duplicate);
  }
  EXPECT_GT(accepted, kPersons / 4);
  EXPECT_EQ(number("select count(*) from leadex.lead"), accepted);
  EXPECT_EQ(number("select count(*) from (select digest from leadex.person group by digest having "
                   "count(*) > 1) as twice"),
            0);
  at->stop();
  expect_replay();
}

}  // namespace
}  // namespace leadex::market
