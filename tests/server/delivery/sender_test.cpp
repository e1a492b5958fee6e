#include <cstdio>
#include <fstream>

#include "server/json/writer.hpp"
#include "tests/server/delivery/delivery_fixture.hpp"

namespace leadex::delivery::test {
namespace {

using std::chrono::seconds;

class SenderTest : public DeliveryFixture {
 protected:
  void start_both() {
    start_sender();
    start_fan_out();
  }
  [[nodiscard]] std::string sale_state(std::int64_t lead_no, std::int32_t slot = 0) {
    return word("select state from leadex.sale where lead_no = " + std::to_string(lead_no) +
                " and slot = " + std::to_string(slot));
  }
  [[nodiscard]] std::string status_of(std::int64_t endpoint_no) {
    return word("select status from leadex.webhook_delivery where endpoint_no = " +
                std::to_string(endpoint_no) + " order by delivery_no limit 1");
  }
  [[nodiscard]] bool arrived(std::string const& path, std::size_t n = 1) {
    return within(seconds(10), [&] { return receiver_.count(path) >= n; });
  }
};

bool has_contact(Received const& webhook) {
  return webhook.body.find(kMarker) != std::string::npos;
}

/// What the reference library says of a webhook.
std::string reference_verdict(Received const& webhook, std::string const& secret) {
  json::JsonWriter line;
  {
    auto const object = line.object();
    line.field("secret", secret);
    line.field("body", webhook.body);
    auto const headers = line.object("headers");
    for (auto const& [name, value] : webhook.headers) line.field(name, value);
  }
  http::test::TempFolder const folder;
  std::ofstream(folder.path("webhook")) << line.view() << '\n';
  auto const command = "tests/support/node/verify-webhook < " + folder.path("webhook");
  auto* const pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return "no shell";
  std::array<char, 256> text{};
  auto const* const got = std::fgets(text.data(), text.size(), pipe);
  std::string verdict = got == nullptr ? "no answer" : text.data();
  ::pclose(pipe);
  while (!verdict.empty() && verdict.back() == '\n') verdict.pop_back();
  return verdict;
}

TEST_F(SenderTest, ASuccessfulAnswerDeliversTheSaleAndCarriesTheContactSigned) {
  auto const hook = endpoint(kBuyer, receiver_.url("/ok/1"), {"sale.delivered"});
  campaign(1, kBuyer, 5, hook);
  start_both();
  ASSERT_EQ(offer(1).size(), 1U);
  ASSERT_TRUE(arrived("/ok/1", 2));
  auto const webhooks = receiver_.received("/ok/1");
  auto const& created = webhooks[0];
  EXPECT_NE(created.body.find(R"("type":"sale.created")"), std::string::npos);
  EXPECT_NE(created.body.find(R"("status":"pending")"), std::string::npos);
  EXPECT_TRUE(has_contact(created));
  EXPECT_TRUE(verifies(created, hook));
  EXPECT_EQ(reference_verdict(created, secrets_.at(hook)), "ok");
  EXPECT_EQ(sale_state(1), "1");
  EXPECT_NE(webhooks[1].body.find(R"("type":"sale.delivered")"), std::string::npos);
  EXPECT_FALSE(has_contact(webhooks[1])) << "the contact goes with the news of the sale alone";
}

TEST_F(SenderTest, AForgedOrOldWebhookVerifiesNowhere) {
  auto const hook = endpoint(kBuyer, receiver_.url("/ok/1"), {"sale.created"});
  campaign(1, kBuyer, 5, 0);
  start_both();
  ASSERT_EQ(offer(1).size(), 1U);
  ASSERT_TRUE(arrived("/ok/1"));
  auto const genuine = receiver_.received("/ok/1")[0];
  auto changed = genuine;
  changed.body += ' ';
  EXPECT_FALSE(verifies(changed, hook));
  EXPECT_NE(reference_verdict(changed, secrets_.at(hook)), "ok");
  auto old = genuine;
  auto const stamp = std::stoll(std::string(*old.headers.find("webhook-timestamp"))) - 400;
  old.headers.set("webhook-timestamp", std::to_string(stamp));
  old.headers.set("webhook-signature",
                  crypto::WebhookSecret::parse(secrets_.at(hook))
                      ->sign(*old.headers.find("webhook-id"), stamp, old.body));
  EXPECT_EQ(reference_verdict(old, secrets_.at(hook)), "Message timestamp too old");
}

TEST_F(SenderTest, ARefusalVoidsTheSaleAndTheNextBidderGetsIt) {
  auto const refuses = endpoint(kBuyer, receiver_.url("/refuse/1"), {"sale.voided"});
  auto const takes = endpoint(kOtherBuyer, receiver_.url("/ok/1"), {"sale.created"});
  campaign(1, kBuyer, 9, refuses);
  campaign(2, kOtherBuyer, 5, takes);
  start_both();
  ASSERT_EQ(offer(1).size(), 1U);
  ASSERT_TRUE(arrived("/ok/1"));
  EXPECT_TRUE(has_contact(receiver_.received("/ok/1")[0]));
  EXPECT_TRUE(within(seconds(5), [&] {
    return number(
               "select count(*) from leadex.sale where lead_no = 1 and buyer = 11 and state = "
               "4") == 1 &&
           number(
               "select count(*) from leadex.sale where lead_no = 1 and buyer = 12 and state = "
               "1") == 1;
  }));
  ASSERT_TRUE(arrived("/refuse/1", 2));
  auto const voided = receiver_.received("/refuse/1")[1];
  EXPECT_NE(voided.body.find(R"("type":"sale.voided")"), std::string::npos);
  EXPECT_FALSE(has_contact(voided));
}

TEST_F(SenderTest, AVoidedSalesContactIsNeverSent) {
  auto const hook = endpoint(kBuyer, receiver_.url("/ok/1"), {"sale.created"});
  auto const other = endpoint(kBuyer, receiver_.url("/ok/2"), {"sale.created"});
  campaign(1, kBuyer, 5, hook);
  auto const sold = offer(1);
  ASSERT_EQ(sold.size(), 1U);
  fan_out_all();
  ASSERT_TRUE(run(*host_, market::RefuseDelivery{1, sold[0].slot}).has_value());
  start_sender();
  ASSERT_TRUE(arrived("/ok/2")) << "the news itself goes out";
  EXPECT_FALSE(has_contact(receiver_.received("/ok/2")[0]));
  EXPECT_TRUE(within(seconds(5), [&] { return status_of(hook) == "stopped"; }));
  EXPECT_EQ(receiver_.count("/ok/1"), 0U);
  EXPECT_EQ(number("select attempts from leadex.webhook_delivery where last_error = 'sale_over'"),
            1);
  EXPECT_EQ(status_of(other), "delivered");
}

TEST_F(SenderTest, BeforeItIsDeliveredASaleShowsItsContactOnlyWhereTheAnswerDecides) {
  auto const hook = endpoint(kBuyer, receiver_.url("/error/1"), {"sale.created"});
  endpoint(kBuyer, receiver_.url("/ok/2"), {"sale.created"});
  endpoint(kGenerator, receiver_.url("/ok/3"), {"sale.created"});
  campaign(1, kBuyer, 5, hook);
  start_both();
  ASSERT_EQ(offer(1).size(), 1U);
  ASSERT_TRUE(arrived("/error/1") && arrived("/ok/2") && arrived("/ok/3"));
  EXPECT_TRUE(has_contact(receiver_.received("/error/1")[0]));
  EXPECT_FALSE(has_contact(receiver_.received("/ok/2")[0]));
  EXPECT_FALSE(has_contact(receiver_.received("/ok/3")[0]));
  EXPECT_EQ(sale_state(1), "0");
}

TEST_F(SenderTest, ASuspendedAccountIsSentNothing) {
  auto const hook = endpoint(kBuyer, receiver_.url("/ok/1"), {"sale.created"});
  endpoint(kGenerator, receiver_.url("/ok/2"), {"sale.created"});
  campaign(1, kBuyer, 5, hook);
  ASSERT_EQ(offer(1).size(), 1U);
  fan_out_all();
  pqxx::connection connection{database_.owner()};
  pqxx::work work{connection};
  work.exec("update leadex.tenant set status = 'suspended' where tenant_no = 11");
  work.commit();
  ASSERT_EQ(offer(2).size(), 1U);
  fan_out_all();
  EXPECT_EQ(number("select count(*) from leadex.webhook_delivery"), 3)
      << "none of the second sale for the buyer";
  start_sender();
  ASSERT_TRUE(arrived("/ok/2", 2));
  EXPECT_EQ(receiver_.count("/ok/1"), 0U);
  EXPECT_EQ(status_of(hook), "waiting");
  EXPECT_EQ(sale_state(1), "0");
}

TEST_F(SenderTest, AnEndpointThatWantsNoContactGetsNone) {
  auto const hook = endpoint(kBuyer, receiver_.url("/ok/1"), {"sale.created"}, false);
  campaign(1, kBuyer, 5, hook);
  start_both();
  ASSERT_EQ(offer(1).size(), 1U);
  ASSERT_TRUE(arrived("/ok/1"));
  EXPECT_FALSE(has_contact(receiver_.received("/ok/1")[0]));
  EXPECT_TRUE(within(seconds(5), [&] { return sale_state(1) == "1"; }));
}

TEST_F(SenderTest, FailuresAreTriedAgainWithTheSameIdAndAFreshSignature) {
  auto const hook = endpoint(kBuyer, receiver_.url("/flaky/1"), {"sale.created"});
  auto const never = endpoint(kBuyer, receiver_.url("/error/1"), {"sale.created"});
  campaign(1, kBuyer, 5, 0);
  start_both();
  ASSERT_EQ(offer(1).size(), 1U);
  ASSERT_TRUE(arrived("/flaky/1", 3));
  auto const webhooks = receiver_.received("/flaky/1");
  for (auto const& each : webhooks) {
    EXPECT_TRUE(verifies(each, hook));
    EXPECT_EQ(each.headers.find("webhook-id"), webhooks[0].headers.find("webhook-id"));
    EXPECT_EQ(each.body, webhooks[0].body);
  }
  EXPECT_GE(webhooks[1].at - webhooks[0].at, milliseconds(85));
  EXPECT_GE(webhooks[2].at - webhooks[1].at, milliseconds(170));
  EXPECT_TRUE(within(seconds(5), [&] { return status_of(hook) == "delivered"; }));
  EXPECT_EQ(word("select failing_since from leadex.webhook_endpoint where endpoint_no = " +
                 std::to_string(hook)),
            "");
  EXPECT_TRUE(within(seconds(5), [&] { return status_of(never) == "failed"; }));
  EXPECT_EQ(receiver_.count("/error/1"), 4U) << "three waits are four attempts";
}

TEST_F(SenderTest, AnEndpointThatIsGoneIsDisabledAtOnce) {
  auto const hook = endpoint(kBuyer, receiver_.url("/gone/1"), {"sale.created"});
  campaign(1, kBuyer, 5, 0);
  start_both();
  ASSERT_EQ(offer(1).size(), 1U);
  EXPECT_TRUE(within(seconds(10), [&] {
    return word("select status from leadex.webhook_endpoint where endpoint_no = " +
                std::to_string(hook)) == "disabled";
  }));
  ASSERT_EQ(offer(2).size(), 1U);
  EXPECT_TRUE(within(seconds(5), [&] {
    return number("select count(*) from leadex.event where type = 'sale.created'") == 4;
  }));
  EXPECT_EQ(receiver_.count("/gone/1"), 1U);
}

TEST_F(SenderTest, RetryAfterIsHonouredForAllOfTheEndpoint) {
  endpoint(kBuyer, receiver_.url("/throttle/1"), {"sale.created"});
  campaign(1, kBuyer, 5, 0);
  start_both();
  ASSERT_EQ(offer(1).size(), 1U);
  ASSERT_TRUE(arrived("/throttle/1"));
  ASSERT_EQ(offer(2).size(), 1U);
  ASSERT_TRUE(arrived("/throttle/1", 3));
  auto const webhooks = receiver_.received("/throttle/1");
  EXPECT_GE(webhooks[1].at - webhooks[0].at, milliseconds(1900));
}

TEST_F(SenderTest, AHugeAnswerIsReadNoFurtherAndCounts) {
  auto const hook = endpoint(kBuyer, receiver_.url("/huge/1"), {"sale.created"});
  campaign(1, kBuyer, 5, 0);
  start_both();
  ASSERT_EQ(offer(1).size(), 1U);
  EXPECT_TRUE(within(seconds(10), [&] { return status_of(hook) == "delivered"; }));
  EXPECT_EQ(receiver_.count("/huge/1"), 1U);
}

TEST_F(SenderTest, AnAnswerCutShortAndASlowOneAreNoHarm) {
  auto const cut = endpoint(kBuyer, receiver_.url("/drop/1"), {"sale.created"});
  auto const slow = endpoint(kBuyer, receiver_.url("/slow/1"), {"sale.created"});
  campaign(1, kBuyer, 5, 0);
  start_both();
  ASSERT_EQ(offer(1).size(), 1U);
  EXPECT_TRUE(within(seconds(10), [&] {
    return status_of(cut) == "delivered" && status_of(slow) == "delivered";
  }));
  EXPECT_EQ(receiver_.count("/drop/1"), 2U);
  EXPECT_EQ(receiver_.count("/slow/1"), 1U);
}

TEST_F(SenderTest, AWrongCertificateGetsNothing) {
  Receiver impostor;  // another certificate than the client trusts
  auto const hook = endpoint(kBuyer, impostor.url("/ok/1"), {"sale.created"});
  campaign(1, kBuyer, 5, hook);
  start_both();
  ASSERT_EQ(offer(1).size(), 1U);
  EXPECT_TRUE(within(seconds(10), [&] {
    return number(
               "select count(*) from leadex.webhook_delivery where attempts >= 2 and last_error "
               "= 'tls_failed'") == 1;
  }));
  EXPECT_EQ(impostor.count("/ok/1"), 0U);
  EXPECT_EQ(sale_state(1), "0");
}

TEST_F(SenderTest, OneThatHangsDelaysNoOther) {
  constexpr int kGood = 20;
  constexpr std::int64_t kLeads = 10;
  auto const hanging = endpoint(kBuyer, receiver_.url("/hang/1"), {"sale.created"});
  for (int i = 1; i <= kGood; ++i) {
    endpoint(kBuyer, receiver_.url("/ok/" + std::to_string(i)), {"sale.created"});
  }
  campaign(1, kBuyer, 1, 0);
  auto options = quick();
  options.attempt.timeout = seconds(20);
  start_sender(options);
  start_fan_out();
  for (std::int64_t lead = 1; lead <= kLeads; ++lead) ASSERT_EQ(offer(lead).size(), 1U);
  auto const done = [&] {
    return number("select count(*) from leadex.webhook_delivery where status = 'delivered'") ==
           kGood * kLeads;
  };
  EXPECT_TRUE(within(seconds(16), done)) << "before the hanging one's first time-out";
  EXPECT_LE(receiver_.count("/hang/1"), 4U);
  EXPECT_EQ(number("select count(*) from leadex.webhook_delivery where status <> 'waiting' and "
                   "endpoint_no = " +
                   std::to_string(hanging)),
            0);
}

TEST_F(SenderTest, FiveDaysOfFailuresDisableAnEndpointAndStopItsQueue) {
  auto const hook = endpoint(kBuyer, receiver_.url("/error/1"), {"sale.created"});
  campaign(1, kBuyer, 5, 0);
  for (std::int64_t lead = 1; lead <= 3; ++lead) ASSERT_EQ(offer(lead).size(), 1U);
  fan_out_all();
  exec("update leadex.webhook_endpoint set failing_since = now() - interval '5 days 1 hour'");
  start_sender();
  EXPECT_TRUE(within(seconds(10), [&] {
    return word("select status from leadex.webhook_endpoint where endpoint_no = " +
                std::to_string(hook)) == "disabled";
  }));
  EXPECT_TRUE(within(seconds(5), [&] {
    return number("select count(*) from leadex.webhook_delivery where status = 'waiting'") == 0;
  }));
  EXPECT_EQ(receiver_.count("/error/1"), 1U);
}

TEST_F(SenderTest, WhatADeadProcessHadClaimedIsSentWhenItsLeaseEnds) {
  endpoint(kBuyer, receiver_.url("/ok/1"), {"sale.created"});
  campaign(1, kBuyer, 5, 0);
  ASSERT_EQ(offer(1).size(), 1U);
  fan_out_all();
  storage::ClaimRequest request;
  request.now = now();
  request.limit = request.failing_limit = 10;
  request.per_endpoint = request.per_failing_endpoint = 4;
  request.lease = milliseconds(1500);
  EXPECT_EQ(later(store_.claim(request)).size(), 1U);
  EXPECT_EQ(later(store_.claim(request)).size(), 0U) << "taken";
  start_sender();
  std::this_thread::sleep_for(milliseconds(300));
  EXPECT_EQ(receiver_.count("/ok/1"), 0U);
  EXPECT_TRUE(arrived("/ok/1"));
}

TEST_F(SenderTest, AnAnswerTheMarketCouldNotHearIsToldLaterAndNotAskedForAgain) {
  auto const hook = endpoint(kBuyer, receiver_.url("/ok/1"), {"sale.created"});
  campaign(1, kBuyer, 5, hook);
  ASSERT_EQ(offer(1).size(), 1U);
  fan_out_all();
  storage::ClaimRequest request;
  request.now = now();
  request.limit = request.per_endpoint = 4;
  request.markets = {kMarket};
  request.lease = milliseconds(100);
  auto claimed = later(store_.claim(request));
  ASSERT_EQ(claimed.size(), 1U);
  auto const elsewhere = market::make_market_host(options("second"));  // owns nothing
  AttemptParts const parts{*client_, ring_, ids_, *elsewhere};
  auto const outcome = boost::asio::co_spawn(pool_, attempt(parts, quick().attempt, claimed[0]),
                                             boost::asio::use_future)
                           .get();
  EXPECT_EQ(outcome.status, storage::DeliveryStatus::waiting);
  later(store_.finish(outcome));
  EXPECT_EQ(sale_state(1), "0");
  start_sender();
  EXPECT_TRUE(within(seconds(10), [&] { return sale_state(1) == "1"; }));
  EXPECT_TRUE(within(seconds(5), [&] { return status_of(hook) == "delivered"; }));
  EXPECT_EQ(receiver_.count("/ok/1"), 1U);
}

TEST_F(SenderTest, AnOutcomeAfterTheLeaseChangesNothing) {
  auto const hook = endpoint(kBuyer, receiver_.url("/ok/1"), {"sale.created"});
  campaign(1, kBuyer, 5, 0);
  ASSERT_EQ(offer(1).size(), 1U);
  fan_out_all();
  storage::ClaimRequest request;
  request.now = now();
  request.limit = request.per_endpoint = 4;
  auto const first = later(store_.claim(request));
  ASSERT_EQ(first.size(), 1U);
  request.now = now() + seconds(1);
  ASSERT_EQ(later(store_.claim(request)).size(), 1U) << "the lease of 0 ms is over";
  storage::DeliveryOutcome late;
  late.delivery_no = first[0].delivery.delivery_no;
  late.endpoint_no = hook;
  late.attempts = first[0].delivery.attempts;
  late.status = storage::DeliveryStatus::failed;
  late.now = now();
  later(store_.finish(late));
  EXPECT_EQ(status_of(hook), "waiting");
}

TEST_F(SenderTest, ATestEventIsSentToItsEndpointAloneAndNotListed) {
  auto const hook = endpoint(kBuyer, receiver_.url("/ok/1"), {"sale.created"});
  endpoint(kBuyer, receiver_.url("/ok/2"), {"sale.created"});
  auto const listed = platform_.transact_now([hook](storage::PlatformTx& tx) {
    auto const row = tx.webhooks().endpoint(kBuyer, hook);
    static_cast<void>(tx.webhooks().send_test(row.value(), tx.now()));
    return tx.webhooks().events({.tenant_no = kBuyer}).size();
  });
  ASSERT_TRUE(listed.has_value());
  EXPECT_EQ(*listed, 0U);
  start_sender();
  ASSERT_TRUE(arrived("/ok/1"));
  auto const webhook = receiver_.received("/ok/1")[0];
  EXPECT_NE(webhook.body.find(R"("type":"webhook.test")"), std::string::npos);
  EXPECT_TRUE(verifies(webhook, hook));
  EXPECT_EQ(receiver_.count("/ok/2"), 0U);
}

}  // namespace
}  // namespace leadex::delivery::test
