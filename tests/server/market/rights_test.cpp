// Buyers' own lists at the market's writer: what comes after an entry, what was there before it,
// and what is under way while it comes.

#include <deque>
#include <random>
#include <thread>

#include "server/market/replay.hpp"
#include "server/market/rights_ahead.hpp"
#include "tests/server/market/market_fixture.hpp"

namespace leadex::market {
namespace {

constexpr std::int64_t kBuyer = 3;
constexpr std::int64_t kOther = 4;

class StoredRights : public MarketFixture {
 protected:
  static std::string everything() {
    auto const schema = targeting::Schema::make(MarketRun::rules().attributes).value();
    auto const bytes = targeting::encode(targeting::all_of({}), schema, {});
    return {reinterpret_cast<char const*>(bytes.data()), bytes.size()};
  }
  /// A campaign of that buyer that takes everything.
  void campaign(MarketHost& at, std::int64_t buyer_no, std::int64_t bid_micros) {
    UpsertCampaign upsert;
    upsert.campaign_no = upsert.buyer_no = buyer_no;
    upsert.version = 1;
    upsert.terms.bid_micros = bid_micros;
    upsert.terms.targeting = everything();
    upsert.terms.buys_listings = true;
    ASSERT_EQ(run(at, upsert)->outcome.refusal, Refusal::none);
    fund(at, {buyer_no, buyer_no});
  }
  void fund(MarketHost& at, BudgetKey budget) {
    ASSERT_EQ(run(at, FundBudget{budget, ++intents_, 500 * kUnit})->outcome.refusal, Refusal::none);
  }
  static Submission post_of(std::int64_t lead_no, std::int64_t person) {
    auto const offer = plain_offer(lead_no);
    Submission submission;
    submission.lead = rows_of(offer);
    submission.command = offer;
    submission.persons = {digest_of(person)};
    return submission;
  }
  Outcome post(MarketHost& at, std::int64_t lead_no, std::int64_t person) {
    auto const answer = run(at, post_of(lead_no, person));
    EXPECT_TRUE(answer.has_value());
    return answer ? answer->outcome : Outcome{};
  }
  void enter(std::int64_t buyer_no, std::int64_t person) {
    pqxx::connection connection{database_.owner()};
    pqxx::work work{connection};
    auto const digest = digest_of(person);
    work.exec_params("insert into leadex.suppression values ($1, $2, 0, now())", buyer_no,
                     pqxx::binarystring{digest});
    work.commit();
  }
  static Submission told_of(std::int64_t buyer_no, std::vector<std::int64_t> const& persons) {
    Submission submission;
    submission.command = WithholdLeads{buyer_no, {}};
    for (auto const person : persons) submission.withhold_persons.push_back(digest_of(person));
    return submission;
  }
  std::int64_t withheld_rows() {
    return number("select count(*) from leadex.lead_withheld where market_id = 7");
  }
  bool withheld(MarketHost& at, std::int64_t lead_no, std::int64_t buyer_no) {
    return look<bool>(at, [=](auto const& view) {
      auto const* listing = view.engine.listing(lead_no);
      return listing != nullptr && listing->withheld_from(buyer_no);
    });
  }
  void expect_replay() {
    auto const store = storage::make_market_store(database_.app());
    auto const report = replay(*store, kMarket, ReplayScope::decisions);
    ASSERT_TRUE(report.has_value());
    EXPECT_FALSE(report->fault.has_value());
  }

 private:
  std::int64_t intents_{};
};

TEST_F(StoredRights, ALeadThatComesAfterTheEntryGoesToOthers) {
  auto const at = host();
  campaign(*at, kBuyer, 9 * kUnit);
  campaign(*at, kOther, 5 * kUnit);
  enter(kBuyer, 1);
  auto const kept = post(*at, 1, 1);
  ASSERT_FALSE(kept.sold.empty());
  EXPECT_EQ(number("select count(*) from leadex.sale where lead_no = 1 and buyer = 3"), 0);
  EXPECT_EQ(number("select buyer from leadex.lead_withheld where lead_no = 1"), kBuyer);
  ASSERT_FALSE(post(*at, 2, 2).sold.empty());
  EXPECT_EQ(number("select count(*) from leadex.sale where lead_no = 2 and buyer = 3"), 1);

  exec("delete from leadex.suppression");
  run(*at, WithdrawLead{1, 0});
  exec("delete from leadex.person");
  post(*at, 3, 1);
  EXPECT_EQ(number("select count(*) from leadex.sale where lead_no = 3 and buyer = 3"), 1)
      << "taken off, the person's next lead comes again";
  expect_replay();
}

TEST_F(StoredRights, AnEntryReachesWhatRestsAndSurvivesAReload) {
  std::string before;
  {
    auto const first = host();
    fund(*first, {kBuyer, 0});
    fund(*first, {kOther, 0});
    for (std::int64_t lead = 1; lead <= 3; ++lead)
      EXPECT_TRUE(post(*first, lead, lead).sold.empty());
    ASSERT_EQ(run(*first, PlaceBid{1, {kBuyer, 0}, 2 * kUnit, false})->outcome.refusal,
              Refusal::none);
    enter(kBuyer, 1);
    enter(kBuyer, 2);
    auto const told = run(*first, told_of(kBuyer, {1, 2, 99}));
    ASSERT_TRUE(told.has_value());
    EXPECT_EQ(told->outcome.refusal, Refusal::none);
    EXPECT_TRUE(withheld(*first, 1, kBuyer));
    EXPECT_TRUE(withheld(*first, 2, kBuyer));
    EXPECT_FALSE(withheld(*first, 3, kBuyer));
    EXPECT_FALSE(withheld(*first, 1, kOther));
    EXPECT_EQ(number("select state from leadex.listing_bid where lead_no = 1"), 2);  // withdrawn
    EXPECT_EQ(run(*first, PlaceBid{1, {kBuyer, 0}, 9 * kUnit, false})->outcome.refusal,
              Refusal::lead_unknown);
    EXPECT_EQ(withheld_rows(), 2);
    // Again changes nothing.
    EXPECT_TRUE(run(*first, told_of(kBuyer, {1, 2, 99})).has_value());
    EXPECT_EQ(withheld_rows(), 2);
    before = look<std::string>(*first, [](auto const& view) { return view.engine.describe(); });
    first->stop();
  }
  expect_replay();
  auto const second = host("second");
  EXPECT_EQ(look<std::string>(*second, [](auto const& view) { return view.engine.describe(); }),
            before);
  campaign(*second, kBuyer, 9 * kUnit);  // it sweeps what rests
  EXPECT_EQ(number("select count(*) from leadex.sale where buyer = 3 and lead_no in (1, 2)"), 0);
  run(*second, Purchase{{kBuyer, 0}, everything(), 10, 20 * kUnit, false});
  EXPECT_EQ(number("select count(*) from leadex.sale where buyer = 3 and lead_no in (1, 2)"), 0);
  EXPECT_EQ(number("select count(*) from leadex.sale where buyer = 3 and lead_no = 3"), 1);
  EXPECT_TRUE(withheld(*second, 1, kBuyer));
  expect_replay();
}

TEST_F(StoredRights, ALeadOfALotThatIsUnderWayIsKeptWhenItComes) {
  auto const at = host();
  Submission admit;
  admit.command = AdmitRows{.batch_no = 5};
  admit.lane = Lane::bulk;
  admit.admissions = {{11, {digest_of(1)}}, {12, {digest_of(2)}}, {13, {digest_of(3)}}};
  ASSERT_TRUE(run(*at, admit).has_value());
  enter(kBuyer, 1);
  enter(kBuyer, 2);
  ASSERT_TRUE(run(*at, told_of(kBuyer, {1, 2})).has_value());
  EXPECT_EQ(number("select count(*) from leadex.lead_withheld where lead_no in (11, 12)"), 2)
      << "who reads the lot from now on finds it there";
  for (std::int64_t lead = 11; lead <= 13; ++lead) {
    Submission offer;  // as it was read before the entry came
    offer.command = plain_offer(lead);
    offer.lead = rows_of(plain_offer(lead));
    offer.lane = Lane::bulk;
    ASSERT_TRUE(run(*at, offer).has_value());
  }
  EXPECT_TRUE(withheld(*at, 11, kBuyer));
  EXPECT_TRUE(withheld(*at, 12, kBuyer));
  EXPECT_FALSE(withheld(*at, 13, kBuyer));
  at->stop();
  expect_replay();
}

TEST_F(StoredRights, ALeadThatIsOverIsNotKeptFromAnybody) {
  auto const at = host();
  post(*at, 1, 1);
  run(*at, WithdrawLead{1, 0});
  enter(kBuyer, 1);
  ASSERT_TRUE(run(*at, told_of(kBuyer, {1})).has_value());
  EXPECT_EQ(withheld_rows(), 0);
}

TEST_F(StoredRights, APersonOfWhomThereIsNothingLeavesNoTraceButTheAnswerWaitsForWhatCameBefore) {
  auto const at = host();
  post(*at, 1, 1);
  auto const batches = number("select count(*) from leadex.commit_batch");
  ASSERT_TRUE(run(*at, told_of(kBuyer, {98, 99})).has_value());
  EXPECT_EQ(number("select count(*) from leadex.commit_batch"), batches);
  // Behind a post that is on its way: it is in the tables when the answer comes.
  boost::asio::thread_pool one{1};  // they reach the writer in this order
  auto const actor = at->find(kMarket);
  for (std::int64_t lead = 2; lead <= 20; ++lead) {
    auto posted =
        boost::asio::co_spawn(one, actor->submit(post_of(lead, lead)), boost::asio::use_future);
    auto told = boost::asio::co_spawn(one, actor->submit(told_of(kBuyer, {98, 99})),
                                      boost::asio::use_future);
    ASSERT_TRUE(told.get().has_value());
    EXPECT_EQ(number("select count(*) from leadex.person where lead_no = " + std::to_string(lead)),
              1);
    EXPECT_TRUE(posted.get().has_value());
  }
  expect_replay();
}

TEST_F(StoredRights, EarlierLeadsOfThePersonAreKeptToo) {
  constexpr std::int64_t kLeads = static_cast<std::int64_t>(kWithholdMax) + 100;
  auto const at = host();
  std::deque<std::future<Result<Answer, SubmitError>>> posted;
  for (std::int64_t lead = 1; lead <= kLeads; ++lead) {
    posted.push_back(submit(*at, post_of(lead, lead)));
    if (posted.size() < 100) continue;
    ASSERT_TRUE(posted.front().get().has_value());
    posted.pop_front();
  }
  for (auto& answer : posted) ASSERT_TRUE(answer.get().has_value());
  // As if all but the last were claimed for the same person once.
  pqxx::connection connection{database_.owner()};
  pqxx::work work{connection};
  auto const digest = digest_of(kLeads);
  work.exec_params(
      "insert into leadex.person_before (market_id, digest, lead_no) select 7, $1, n from "
      "generate_series(1, $2::bigint - 1) n",
      pqxx::binarystring{digest}, kLeads);
  work.commit();
  enter(kBuyer, kLeads);
  auto const first = run(*at, told_of(kBuyer, {kLeads}));
  ASSERT_TRUE(first.has_value());
  EXPECT_TRUE(first->outcome.more) << "than one command takes";
  EXPECT_EQ(withheld_rows(), static_cast<std::int64_t>(kWithholdMax));
  auto const second = run(*at, told_of(kBuyer, {kLeads}));
  ASSERT_TRUE(second.has_value());
  EXPECT_FALSE(second->outcome.more);
  EXPECT_EQ(withheld_rows(), kLeads);
  EXPECT_TRUE(withheld(*at, 1, kBuyer));
  EXPECT_TRUE(withheld(*at, kLeads, kBuyer));
  at->stop();
  expect_replay();
}

TEST_F(StoredRights, WhateverComesAtOnceNoLeadOfAListedPersonStaysOpen) {
  constexpr std::int64_t kPersons = 80;
  auto const* const text = std::getenv("LEADEX_TEST_SEED");
  auto const seed = text != nullptr ? std::stoull(text) : std::random_device{}();
  SCOPED_TRACE("LEADEX_TEST_SEED=" + std::to_string(seed));
  std::mt19937_64 random{seed};
  auto const at = host();
  std::vector<std::future<Result<Answer, SubmitError>>> answers;
  // Posts stream in without waiting while another thread puts the same persons on the list.
  std::vector<std::int64_t> order(kPersons);
  for (std::int64_t i = 0; i < kPersons; ++i) order[static_cast<std::size_t>(i)] = i + 1;
  std::shuffle(order.begin(), order.end(), random);
  std::thread lister{[&] {
    for (std::size_t from = 0; from < order.size(); from += 8) {
      std::vector<std::int64_t> const some(
          order.begin() + static_cast<std::ptrdiff_t>(from),
          order.begin() + static_cast<std::ptrdiff_t>(std::min(from + 8, order.size())));
      for (auto const person : some) enter(kBuyer, person);
      auto const told = run(*at, told_of(kBuyer, some));
      EXPECT_TRUE(told.has_value());
    }
  }};
  for (std::int64_t person = 1; person <= kPersons; ++person) {
    bool const lot = random() % 4 == 0;
    if (lot) {  // claimed now, offered later, as read before
      Submission admit;
      admit.command = AdmitRows{.batch_no = 1000 + person};
      admit.lane = Lane::bulk;
      admit.admissions = {{person, {digest_of(person)}}};
      answers.push_back(submit(*at, std::move(admit)));
      if (random() % 2 == 0) std::this_thread::sleep_for(std::chrono::milliseconds{random() % 5});
      auto const claimed = answers.back().get();
      answers.pop_back();
      ASSERT_TRUE(claimed.has_value());
      if (claimed->admissions.front() != Admission::accepted) continue;
      // The row is stored with what the lists say now, and offered as it was stored.
      auto offer = plain_offer(person);
      auto const digest = digest_of(person);
      {
        pqxx::connection connection{database_.owner()};
        pqxx::work work{connection};
        for (auto const& row :
             work.exec_params("select tenant_no from leadex.suppression where digest = $1",
                              pqxx::binarystring{digest})) {
          offer.withheld.push_back(row[0].as<std::int64_t>());
        }
      }
      Submission offered;
      offered.lead = rows_of(offer);
      offered.command = offer;
      offered.lane = Lane::bulk;
      answers.push_back(submit(*at, std::move(offered)));
    } else {
      answers.push_back(submit(*at, post_of(person, person)));
    }
    if (random() % 8 == 0) std::this_thread::sleep_for(std::chrono::milliseconds{random() % 4});
  }
  for (auto& answer : answers) EXPECT_TRUE(answer.get().has_value());
  lister.join();
  auto const open = look<std::int64_t>(*at, [](auto const& view) {
    std::int64_t count = 0;
    for (std::int64_t lead = 1; lead <= kPersons; ++lead) {
      auto const* listing = view.engine.listing(lead);
      if (listing == nullptr || !listing->withheld_from(kBuyer)) ++count;
    }
    return count;
  });
  EXPECT_EQ(open, 0);
  EXPECT_EQ(withheld_rows(), kPersons);
  at->stop();
  expect_replay();
}

TEST(RightsAhead, GivesEachLeadItsBuyersOnce) {
  RightsAhead ahead;
  ahead.add(1, 7);
  ahead.add(1, 5);
  ahead.add(1, 7);
  EXPECT_EQ(ahead.take(1), (std::vector<std::int64_t>{7, 5}));
  EXPECT_TRUE(ahead.take(1).empty());
  EXPECT_TRUE(ahead.take(2).empty());
}

TEST(RightsAhead, DropsTheOldestAndStaysBounded) {
  RightsAhead ahead{4};
  for (std::int64_t lead = 1; lead <= 6; ++lead) ahead.add(lead, 9);
  EXPECT_TRUE(ahead.take(2).empty());
  EXPECT_EQ(ahead.take(3).size(), 1U);
  ahead.add(3, 9);  // the place it had before drops nothing of it
  ahead.add(7, 9);
  EXPECT_EQ(ahead.take(3).size(), 1U);
  for (std::int64_t lead = 100; lead < 10'000; ++lead) {
    ahead.add(lead, 9);
    EXPECT_EQ(ahead.take(lead).size(), 1U);
    ASSERT_LE(ahead.places(), 9U);
  }
  EXPECT_LE(ahead.size(), 4U);
}

}  // namespace
}  // namespace leadex::market
