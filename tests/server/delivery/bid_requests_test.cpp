// Rounds of requests to real servers over TLS, without market and database.

#include "server/delivery/bid_requests.hpp"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>
#include <future>

#include "server/privacy/sealed_value.hpp"
#include "tests/server/delivery/bid_receiver.hpp"

namespace leadex::delivery {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using market::LiveBid;
using test::BidReceiver;

constexpr MarketNo kMarket{7};
constexpr std::int64_t kUnit = 1'000'000;
constexpr std::int64_t kEndpointNo = 5;

/// What stands in the tables, held in memory.
class HeldTargets final : public storage::BidTargets {
 public:
  explicit HeldTargets(privacy::KeyRing const& keys) : keys_(keys) {}

  void put(std::int64_t campaign_no, std::string url, std::int32_t version = 1) {
    std::lock_guard const lock(guard_);
    auto const secret = crypto::WebhookSecret::generate().text();
    auto const key = privacy::row_key(kEndpointNo);
    rows_[campaign_no] = {.campaign_no = campaign_no,
                          .buyer_no = campaign_no,
                          .version = version,
                          .url = std::move(url),
                          .endpoint_no = kEndpointNo,
                          .secret_sealed = privacy::SecretBox(keys_).seal(
                              {"webhook_endpoint", 0, key, "secret_sealed"}, secret.view())};
  }
  void drop(std::int64_t campaign_no) {
    std::lock_guard const lock(guard_);
    rows_.erase(campaign_no);
  }
  [[nodiscard]] int reads() const { return reads_.load(); }

  Later<std::vector<storage::BidTarget>> find(MarketNo /*market*/,
                                              std::vector<std::int64_t> campaign_nos) override {
    ++reads_;
    std::lock_guard const lock(guard_);
    std::vector<storage::BidTarget> found;
    for (auto const no : campaign_nos) {
      auto const row = rows_.find(no);
      if (row != rows_.end()) found.push_back(row->second);
    }
    co_return found;
  }

 private:
  privacy::KeyRing const& keys_;
  std::mutex guard_;
  std::map<std::int64_t, storage::BidTarget> rows_;
  std::atomic<int> reads_{0};
};

class BidRounds : public testing::Test {
 protected:
  BidRounds() {
    auto made = std::make_shared<market::MarketSettings>();
    made->currency = "USD";
    settings_ = std::move(made);
  }
  void TearDown() override {
    if (requests_) requests_->stop();
    threads_.join();
  }
  BidRequests& start(BidRequestOptions options = {.late = 100ms}) {
    http::ClientOptions client;
    client.allow_loopback = true;
    client.ca_file = receiver_.ca_file();
    requests_ = std::make_unique<BidRequests>(
        client, BidRequestParts{targets_, ring_, ids_, nullptr}, options);
    return *requests_;
  }
  [[nodiscard]] market::BidRound round(std::vector<std::int64_t> const& campaigns,
                                       std::chrono::milliseconds time) const {
    market::BidRound round;
    round.market = kMarket;
    round.market_name = "m.us.usd";
    round.settings = settings_;
    for (auto const no : campaigns) {
      round.bidders.push_back({.campaign_no = no,
                               .buyer_no = no,
                               .version = 1,
                               .bid_micros = 10 * kUnit,
                               .exclusive_micros = 20 * kUnit});
    }
    round.deadline = Clock::now() + time;
    return round;
  }
  std::future<std::vector<LiveBid>> later(market::BidRound round) {
    return boost::asio::co_spawn(threads_, requests_->ask(std::move(round)),
                                 boost::asio::use_future);
  }
  std::vector<LiveBid> ask(std::vector<std::int64_t> const& campaigns,
                           std::chrono::milliseconds time = 3s) {
    return later(round(campaigns, time)).get();
  }
  market::BidCounts counts(std::int64_t campaign_no) { return state(campaign_no).counts; }
  market::BidEndpointState state(std::int64_t campaign_no) {
    return boost::asio::co_spawn(threads_, requests_->state({kMarket, campaign_no}),
                                 boost::asio::use_future)
        .get();
  }
  void changed(std::int64_t campaign_no) {
    boost::asio::co_spawn(threads_, requests_->changed({kMarket, campaign_no}),
                          boost::asio::use_future)
        .get();
  }

  BidReceiver receiver_;
  privacy::KeyRing ring_{crypto::Secret(std::string(32, 'k'))};
  crypto::PublicIdCodec ids_{ring_.id_key()};
  HeldTargets targets_{ring_};
  std::shared_ptr<market::MarketSettings const> settings_;
  boost::asio::thread_pool threads_{2};
  std::unique_ptr<BidRequests> requests_;
};

TEST_F(BidRounds, AnswersComeBackByCampaign) {
  targets_.put(9, receiver_.url("/bid/7.00"));
  targets_.put(2, receiver_.url("/whole/25.00"));
  targets_.put(4, receiver_.url("/none/1"));
  start();
  auto const bids = ask({9, 2, 4, 77});
  ASSERT_EQ(bids.size(), 2U);
  EXPECT_EQ(bids[0].campaign_no, 2);
  EXPECT_EQ(bids[0].bid_micros, 20 * kUnit) << "up to the bid for the whole";
  EXPECT_TRUE(bids[0].exclusive);
  EXPECT_EQ(bids[1].campaign_no, 9);
  EXPECT_EQ(bids[1].bid_micros, 7 * kUnit);
  EXPECT_EQ(counts(2).cut, 1);
  EXPECT_EQ(counts(4).answered, 1);
  EXPECT_EQ(counts(77).asked, 0) << "it names no address";
}

TEST_F(BidRounds, ARoundEndsAtItsDeadlineWhoeverHangs) {
  targets_.put(1, receiver_.url("/hang/9.00"));
  targets_.put(2, receiver_.url("/slow/9.00"));
  targets_.put(3, receiver_.url("/bid/7.00"));
  start();
  auto const began = Clock::now();
  auto const bids = ask({1, 2, 3}, 400ms);
  auto const took = Clock::now() - began;
  EXPECT_GE(took, 350ms);
  EXPECT_LT(took, 650ms);
  ASSERT_EQ(bids.size(), 1U);
  EXPECT_EQ(bids[0].campaign_no, 3);
  EXPECT_TRUE(test::within(3s, [&] { return counts(1).timed_out == 1; }));
  EXPECT_TRUE(test::within(3s, [&] { return counts(2).timed_out == 1; }));
}

TEST_F(BidRounds, TooMuchOnItsWayToOneEndpointIsNotQueued) {
  targets_.put(1, receiver_.url("/slow/9.00"));
  start({.late = 100ms, .per_endpoint_max = 2});
  ASSERT_EQ(ask({1}, 5s).size(), 1U);
  std::vector<std::future<std::vector<LiveBid>>> rounds;
  for (int i = 0; i < 5; ++i) rounds.push_back(later(round({1}, 5s)));
  std::size_t answered = 0;
  for (auto& each : rounds) answered += each.get().size();
  EXPECT_EQ(answered, 2U);
  EXPECT_EQ(counts(1).skipped, 3);
}

TEST_F(BidRounds, OfAllRequestsOnlySoManyAreOnTheirWay) {
  for (std::int64_t no = 1; no <= 6; ++no) targets_.put(no, receiver_.url("/bid/7.00"));
  start({.late = 100ms, .in_flight_max = 4});
  (void)ask({1, 2, 3, 4, 5, 6});
  std::int64_t skipped = 0;
  for (std::int64_t no = 1; no <= 6; ++no) skipped += counts(no).skipped;
  EXPECT_EQ(skipped, 2);
}

TEST_F(BidRounds, FailuresInARowLetItRestAndAProbeWakesIt) {
  targets_.put(1, receiver_.url("/error/9.00"));
  start({.late = 100ms, .breaker = {.failures_max = 3, .rest_first = 300ms, .rest_last = 300ms}});
  for (int i = 0; i < 6; ++i) EXPECT_TRUE(ask({1}).empty());
  EXPECT_EQ(counts(1).failed, 3);
  EXPECT_EQ(counts(1).skipped, 3);
  EXPECT_TRUE(state(1).resting);
  EXPECT_EQ(receiver_.count(), 3U);
  std::this_thread::sleep_for(350ms);
  EXPECT_TRUE(ask({1}).empty());
  EXPECT_EQ(receiver_.count(), 4U) << "the probe";
  EXPECT_TRUE(state(1).resting);
}

TEST_F(BidRounds, WhatIsKnownIsNotReadAgainUntilItIsOldOrChanged) {
  targets_.put(1, receiver_.url("/bid/7.00"));
  start({.late = 100ms, .target_age_max = 400ms});
  for (int i = 0; i < 5; ++i) ASSERT_EQ(ask({1}).size(), 1U);
  EXPECT_EQ(targets_.reads(), 1);
  targets_.put(1, receiver_.url("/bid/8.00"), 2);
  changed(1);
  EXPECT_EQ(ask({1}).at(0).bid_micros, 8 * kUnit);
  targets_.drop(1);
  std::this_thread::sleep_for(450ms);
  EXPECT_EQ(ask({1}).size(), 1U) << "asked as it was known, and read behind its back";
  EXPECT_TRUE(test::within(3s, [&] { return ask({1}).empty(); }));
}

TEST_F(BidRounds, AVersionThatIsNotCommittedYetIsNotAsked) {
  targets_.put(1, receiver_.url("/bid/7.00"));
  start();
  auto ahead = round({1}, 1s);
  ahead.bidders[0].version = 2;
  EXPECT_TRUE(later(std::move(ahead)).get().empty());
  EXPECT_EQ(ask({1}).size(), 1U);
}

TEST_F(BidRounds, OfTwentyOneThatHangsLeavesTheRestInTime) {
  std::vector<std::int64_t> sound;
  for (std::int64_t no = 1; no <= 20; ++no) {
    targets_.put(no, receiver_.url(no == 1 ? "/hang/9.00" : "/bid/7.00"));
    if (no > 1) sound.push_back(no);
  }
  start({.late = 100ms, .breaker = {.failures_max = 2, .rest_first = 60s}});
  ASSERT_EQ(ask(sound, 10s).size(), 19U) << "their connections stand";
  auto all = sound;
  all.push_back(1);
  for (int i = 0; i < 30; ++i) {
    auto const began = Clock::now();
    EXPECT_EQ(ask(all, 1s).size(), 19U);
    EXPECT_LE(Clock::now() - began, 1500ms);
  }
  EXPECT_GT(counts(1).skipped, 20) << "it rests";
  EXPECT_LE(receiver_.accepted(), 25) << "connections are used again";
}

TEST_F(BidRounds, AfterTheEndNobodyIsAsked) {
  targets_.put(1, receiver_.url("/bid/7.00"));
  start();
  ASSERT_EQ(ask({1}).size(), 1U);
  requests_->stop();
  EXPECT_TRUE(ask({1}).empty());
  EXPECT_EQ(receiver_.count(), 1U);
}

}  // namespace
}  // namespace leadex::delivery
