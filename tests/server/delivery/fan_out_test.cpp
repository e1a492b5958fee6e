#include <stdexcept>

#include "tests/server/delivery/delivery_fixture.hpp"

namespace leadex::delivery::test {
namespace {

using Events = std::vector<std::string>;

class FanOutTest : public DeliveryFixture {
 protected:
  std::int64_t events() { return number("select count(*) from leadex.event"); }
  std::int64_t deliveries() { return number("select count(*) from leadex.webhook_delivery"); }
  std::int64_t behind() {
    return number(
        "select h.seq - coalesce(c.seq, 0) from leadex.market_head h left join "
        "leadex.fanout_cursor c using (market_id) where h.market_id = 7");
  }
};

TEST_F(FanOutTest, TellsBuyerAndGeneratorAndOnlyWhoAsked) {
  auto const buyers = endpoint(kBuyer, receiver_.url("/ok/1"), {"sale.created"});
  auto const generators =
      endpoint(kGenerator, receiver_.url("/ok/2"), {"sale.created", "sale.settled"});
  endpoint(kOtherBuyer, receiver_.url("/ok/3"), {"sale.created"});
  endpoint(kBuyer, receiver_.url("/ok/4"), {"sale.voided"});
  campaign(1, kBuyer, 5, 0);
  ASSERT_EQ(offer(1).size(), 1U);
  fan_out_all();
  EXPECT_EQ(number("select count(*) from leadex.event where type = 'sale.created' and tenant_no "
                   "in (11, 101) and subject_kind = 6 and subject_no = 1024"),
            2);
  EXPECT_EQ(deliveries(), 2);
  EXPECT_EQ(number("select count(*) from leadex.webhook_delivery where not confirms and "
                   "endpoint_no in (" +
                   std::to_string(buyers) + ", " + std::to_string(generators) + ")"),
            2);
}

TEST_F(FanOutTest, AWebhookCampaignsEndpointIsToldEvenWhenItAskedForOtherEvents) {
  auto const hook = endpoint(kBuyer, receiver_.url("/ok/1"), {"sale.voided"});
  campaign(1, kBuyer, 5, hook);
  ASSERT_EQ(offer(1).size(), 1U);
  fan_out_all();
  EXPECT_EQ(number("select endpoint_no from leadex.webhook_delivery where confirms"), hook);
  EXPECT_EQ(deliveries(), 1);
}

TEST_F(FanOutTest, AnotherAccountsEndpointNeverDecidesAboutASale) {
  auto const theirs = endpoint(kOtherBuyer, receiver_.url("/ok/1"), {"sale.created"});
  campaign(1, kBuyer, 5, theirs);
  ASSERT_EQ(offer(1).size(), 1U);
  fan_out_all();
  EXPECT_EQ(deliveries(), 0);
}

TEST_F(FanOutTest, EventsAreThereOnceThoughSeveralFollowAndRestart) {
  endpoint(kBuyer, receiver_.url("/ok/1"), {"sale.created"});
  campaign(1, kBuyer, 1, 0);
  start_fan_out();
  for (std::int64_t lead = 1; lead <= 20; ++lead) ASSERT_EQ(offer(lead).size(), 1U);
  stop_workers();
  for (std::int64_t lead = 21; lead <= 40; ++lead) ASSERT_EQ(offer(lead).size(), 1U);
  std::vector<std::future<void>> rivals;
  for (int i = 0; i < 3; ++i) {
    rivals.push_back(std::async(std::launch::async, [this] { fan_out_all(); }));
  }
  start_fan_out();
  for (std::int64_t lead = 41; lead <= 60; ++lead) ASSERT_EQ(offer(lead).size(), 1U);
  for (auto& rival : rivals) rival.get();
  EXPECT_TRUE(within(std::chrono::seconds(20), [&] { return behind() == 0; }));
  EXPECT_EQ(number("select count(*) from leadex.event where type = 'sale.created'"), 120);
  EXPECT_EQ(number("select count(distinct subject_no) from leadex.event where tenant_no = 11 and "
                   "type = 'sale.created'"),
            60);
  EXPECT_EQ(deliveries(), 60);
}

TEST_F(FanOutTest, AStepThatFailsLeavesNothingBehind) {
  campaign(1, kBuyer, 5, 0);
  ASSERT_EQ(offer(1).size(), 1U);
  auto const left = behind();
  auto const job = fan_out_job(ids_, kMarket, now());
  auto broken = store_.fan_out(kMarket, 100, [job](storage::FanOutTx& tx) {
    job(tx);
    throw std::runtime_error("after all was inserted");
  });
  auto failed = boost::asio::co_spawn(pool_, std::move(broken), boost::asio::use_future);
  EXPECT_THROW(static_cast<void>(failed.get()), std::runtime_error);
  EXPECT_EQ(events(), 0);
  EXPECT_EQ(behind(), left);
  fan_out_all();
  EXPECT_EQ(number("select count(*) from leadex.event where type = 'sale.created'"), 2);
}

TEST_F(FanOutTest, VoidingWithdrawingAndReturningAreTold) {
  auto const hook = endpoint(kBuyer, receiver_.url("/ok/1"), {"sale.created"});
  campaign(1, kBuyer, 5, hook);
  auto const sold = offer(1);
  ASSERT_EQ(sold.size(), 1U);
  ASSERT_TRUE(run(*host_, market::RefuseDelivery{1, sold[0].slot}).has_value());
  ASSERT_TRUE(run(*host_, market::WithdrawLead{1, kGenerator}).has_value());
  auto const kept = offer(2);
  ASSERT_EQ(kept.size(), 1U);
  ASSERT_TRUE(run(*host_, market::ConfirmDelivery{2, kept[0].slot}).has_value());
  ASSERT_TRUE(run(*host_, market::OpenReturn{2, kept[0].slot, kBuyer, "bogus", false}).has_value());
  fan_out_all();
  auto const told = [&](std::string const& type, std::int64_t tenant_no) {
    return number("select count(*) from leadex.event where type = '" + type +
                  "' and tenant_no = " + std::to_string(tenant_no));
  };
  EXPECT_EQ(told("sale.created", kGenerator), 2);
  EXPECT_EQ(told("sale.voided", kBuyer), 1);
  EXPECT_EQ(told("sale.voided", kGenerator), 1);
  EXPECT_EQ(told("lead.withdrawn", kGenerator), 1);
  EXPECT_EQ(told("lead.withdrawn", kBuyer), 0);
  EXPECT_EQ(told("sale.delivered", kBuyer), 1);
  EXPECT_EQ(told("return.opened", kBuyer), 1);
  EXPECT_EQ(told("return.opened", kGenerator), 1);
}

TEST_F(FanOutTest, EventsFromOutsideTheMarketsAreToldOnceAndDelivered) {
  endpoint(kGenerator, receiver_.url("/ok/1"), {"batch.checked"});
  storage::NewEvent const event{kMarket, storage::OwnEvent::batch_checked, kGenerator,
                                static_cast<std::int16_t>(crypto::IdKind::batch), 33};
  for (int i = 0; i < 2; ++i) {
    auto const done = platform_.transact_now([event](storage::PlatformTx& tx) {
      tx.webhooks().emit(event, tx.now());
      return true;
    });
    ASSERT_TRUE(done.has_value());
    later(store_.fan_out_own(10, now()));
  }
  EXPECT_EQ(events(), 1);
  EXPECT_EQ(deliveries(), 1);
  EXPECT_EQ(number("select count(*) from leadex.event_pending"), 0);
}

}  // namespace
}  // namespace leadex::delivery::test
