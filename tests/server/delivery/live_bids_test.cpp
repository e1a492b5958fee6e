// Pings that ask buyers' endpoints: real servers over TLS on loopback, one hanging, one slow, one
// that answers nonsense, one that nobody listens at.

#include "server/api/v1/delivery.hpp"
#include "server/api/v1/delivery_services.hpp"
#include "server/crypto/webhook_signature.hpp"
#include "server/delivery/bid_requests.hpp"
#include "server/storage/postgres/bid_targets.hpp"
#include "tests/server/api/trade_harness.hpp"
#include "tests/server/delivery/bid_receiver.hpp"

namespace leadex::api {
namespace {

using delivery::test::BidReceiver;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

class LiveBidding : public TradeHarness {
 protected:
  LiveBidding() {
    context_.delivery = &webhooks_;
    register_delivery(router_, context_);
    services_.live.url_rules.allow_loopback = true;
  }
  void SetUp() override {
    TradeHarness::SetUp();
    deposit(buyer_, "1000.00");
    deposit(other_, "1000.00");
    delivery::BidRequestOptions options;
    options.late = 2s;
    options.breaker = {.failures_max = 3, .rest_first = 60s, .rest_last = 60s};
    start_requests(options);
  }
  void TearDown() override {
    requests_->stop();
    TradeHarness::TearDown();
  }
  void start_requests(delivery::BidRequestOptions const& options) {
    http::ClientOptions client;
    client.allow_loopback = true;
    client.ca_file = receiver_.ca_file();
    requests_ = std::make_unique<delivery::BidRequests>(
        client, delivery::BidRequestParts{targets_, ring_, ids_, nullptr}, options);
    services_.live.requester = requests_.get();
  }
  /// The id of a fresh endpoint of the account; its secret is in `secrets_`.
  std::string endpoint(Account const& account) {
    auto const made = post("/v1/webhook-endpoints", account.key,
                           R"({"url":"https://hooks.example.com/","events":["sale.created"]})");
    EXPECT_EQ(made.status, 201) << made.body;
    secrets_[made.text("id")] = made.text("secret");
    return made.text("id");
  }
  /// A funded campaign that is asked there.
  std::string live_campaign(Account const& account, std::string const& bid, std::string const& url,
                            std::string const& more = {}) {
    return campaign(
        account, bid, "90.00",
        R"(,"webhook_endpoint_id":")" + endpoint(account) + R"(","bid_url":")" + url + '"' + more);
  }
  Reply ping(std::string const& more = R"(,"tmax_ms":2000)") {
    auto const body = R"({"market":")" + std::string{kMarket} +
                      R"(","attributes":{"state":"CA","age":37},"source":{"vehicle":"web_form",)" +
                      R"("reason":"quote"})" + more + '}';
    auto done = post("/v1/pings", generator_.key, body);
    EXPECT_EQ(done.status, 200) << done.body;
    return done;
  }
  static std::string best(Reply const& pinged) { return amount(pinged.json, "best_price"); }
  Reply state(std::string const& campaign_id) {
    auto done = get("/v1/campaigns/" + campaign_id + "/bid-requests", buyer_.key);
    EXPECT_EQ(done.status, 200) << done.body;
    return done;
  }

  BidReceiver receiver_;
  DeliveryServices webhooks_{.url_rules = {}, .due = {}};
  storage::postgres::PostgresBidTargets targets_{sql_, ids_};
  std::unique_ptr<delivery::BidRequests> requests_;
  std::map<std::string, std::string> secrets_;
};

TEST_F(LiveBidding, TheAnswerStandsInThePlaceOfTheBid) {
  auto const id = live_campaign(buyer_, "10.00", receiver_.url("/bid/7.00"));
  auto const pinged = ping();
  EXPECT_EQ(best(pinged), "7.00");
  EXPECT_EQ(receiver_.count(), 1U);

  auto body = lead_json("ann", "CA", 37);
  auto const market = R"("market":")" + std::string{kMarket} + R"(",)";
  body.erase(body.find(market), market.size());
  auto const sold = call({.method = "POST",
                          .target = "/v1/pings/" + pinged.text("ping_id") + "/post",
                          .key = generator_.key,
                          .body = body,
                          .idempotency_key = "once"});
  ASSERT_EQ(sold.status, 201) << sold.body;
  EXPECT_EQ(amount(sold.json, "price"), "7.00");
  EXPECT_EQ(receiver_.count(), 1U) << "a post asks nobody";
  EXPECT_EQ(state(id).number("asked"), 1);
  EXPECT_EQ(state(id).number("bids"), 1);
  EXPECT_EQ(get("/v1/campaigns/" + id + "/bid-requests", other_.key).status, 404);
  expect_true_books();
}

TEST_F(LiveBidding, ABuyerIsAskedWhatAListingShowsAndCanProveWhoAsks) {
  auto const id = live_campaign(buyer_, "10.00", receiver_.url("/bid/7.00"));
  auto const email = std::string(64, 'a');
  ping(R"(,"tmax_ms":2000,"minimum_price":)" + usd("3.00") +
       R"(,"contact_hashes":{"email_sha256":")" + email + "\"}");
  ASSERT_EQ(receiver_.count(), 1U);
  auto const asked = receiver_.received().front();
  auto const body = json::parse(asked.body);
  ASSERT_TRUE(body);
  EXPECT_EQ(field(*body, "campaign_id"), id);
  EXPECT_EQ(field(*body, "market"), kMarket);
  EXPECT_EQ(amount(*body, "minimum_price"), "3.00");
  EXPECT_EQ(field(*json::find_member(*body, "attributes"), "state"), "CA");
  EXPECT_EQ(field(*json::find_member(*body, "source"), "reason"), "quote");
  EXPECT_LE(json::find_member(*body, "tmax_ms")->GetInt64(), 2000);
  EXPECT_GE(json::find_member(*body, "tmax_ms")->GetInt64(), 500);
  EXPECT_EQ(body->MemberCount(), 7U) << asked.body;
  EXPECT_EQ(asked.body.find(email), std::string::npos);

  auto const secret = crypto::WebhookSecret::parse(secrets_.begin()->second);
  ASSERT_TRUE(secret);
  auto const header = [&](char const* name) {
    return std::string{asked.headers.find(name).value_or("")};
  };
  EXPECT_TRUE(secret->matches(header("webhook-id"), std::stoll(header("webhook-timestamp")),
                              asked.body, header("webhook-signature")));
}

TEST_F(LiveBidding, TheCampaignsOwnBidIsTheMost) {
  auto const id =
      live_campaign(buyer_, "10.00", receiver_.url("/bid/12.50"), R"(,"exclusivity":"shared")");
  EXPECT_EQ(best(ping()), "10.00");
  EXPECT_EQ(state(id).number("cut"), 1);
}

TEST_F(LiveBidding, AnAnswerForTheWholeLeadIsExclusive) {
  live_campaign(buyer_, "10.00", receiver_.url("/whole/8.00"));
  auto const pinged = ping();
  auto const& bids = *pinged.find("bids");
  ASSERT_EQ(bids.Size(), 1U) << pinged.body;
  EXPECT_TRUE(json::find_member(bids[0], "exclusive")->GetBool());
}

TEST_F(LiveBidding, WithoutABidInTimeItDoesNotBid) {
  BidReceiver gone;
  auto const nobody = gone.url("/bid/9.00");
  gone.stop();
  campaign(other_, "4.00", "500.00");
  struct Case {
    std::string url;
    char const* counted;
  };
  for (auto const& [url, counted] : std::vector<Case>{{receiver_.url("/none/1"), "answered"},
                                                      {receiver_.url("/empty/1"), "answered"},
                                                      {receiver_.url("/garbage/9.00"), "failed"},
                                                      {receiver_.url("/huge/9.00"), "failed"},
                                                      {receiver_.url("/euro/9.00"), "failed"},
                                                      {receiver_.url("/bid/0"), "failed"},
                                                      {receiver_.url("/error/9.00"), "failed"},
                                                      {nobody, "failed"},
                                                      {receiver_.url("/slow/9.00"), "late"},
                                                      {receiver_.url("/hang/9.00"), "timed_out"}}) {
    auto const id = live_campaign(buyer_, "10.00", url);
    auto const began = Clock::now();
    EXPECT_EQ(best(ping(R"(,"tmax_ms":700)")), "4.00") << url;
    EXPECT_LE(Clock::now() - began, 4s) << url;
    EXPECT_TRUE(delivery::test::within(8s, [&] { return state(id).number(counted) == 1; }))
        << url << state(id).body;
    EXPECT_EQ(state(id).number("asked"), 1);
    EXPECT_EQ(state(id).number("bids"), 0);
    EXPECT_EQ(post("/v1/campaigns/" + id + "/pause", buyer_.key).status, 200);
  }
}

TEST_F(LiveBidding, OneThatHangsCostsTheOthersNothingAndThenRests) {
  auto const hanging = live_campaign(buyer_, "10.00", receiver_.url("/hang/9.00"));
  live_campaign(other_, "6.00", receiver_.url("/bid/5.00"));
  for (int i = 0; i < 3; ++i) {
    auto const began = Clock::now();
    EXPECT_EQ(best(ping(R"(,"tmax_ms":600)")), "5.00");
    EXPECT_LE(Clock::now() - began, 4s);
  }
  ASSERT_TRUE(delivery::test::within(8s, [&] { return state(hanging).number("timed_out") == 3; }));
  EXPECT_TRUE(state(hanging).find("resting")->GetBool());
  auto const began = Clock::now();
  EXPECT_EQ(best(ping(R"(,"tmax_ms":9000)")), "5.00");
  EXPECT_LT(Clock::now() - began, 5s) << "nobody waits for what rests";
  EXPECT_EQ(state(hanging).number("asked"), 3);
  EXPECT_EQ(state(hanging).number("skipped"), 1);
}

TEST_F(LiveBidding, AfterItsRestOneProbeLetsItBidAgain) {
  delivery::BidRequestOptions options;
  options.breaker = {.failures_max = 1, .rest_first = 50ms, .rest_last = 50ms};
  requests_->stop();
  start_requests(options);
  auto const id = live_campaign(buyer_, "10.00", receiver_.url("/error/9.00"));
  EXPECT_EQ(best(ping()), "");
  EXPECT_TRUE(state(id).find("resting")->GetBool());
  std::this_thread::sleep_for(60ms);
  EXPECT_EQ(best(ping()), "");
  EXPECT_EQ(state(id).number("asked"), 2) << "the probe";
  auto const changed = get("/v1/campaigns/" + id, buyer_.key);
  auto const patched = call({.method = "PATCH",
                             .target = "/v1/campaigns/" + id,
                             .key = buyer_.key,
                             .body = R"({"bid_url":")" + receiver_.url("/bid/8.00") + "\"}",
                             .headers = {{"if-match", changed.header("ETag")}}});
  ASSERT_EQ(patched.status, 200) << patched.body;
  EXPECT_EQ(best(ping()), "8.00") << "another address is another endpoint";
  EXPECT_FALSE(state(id).find("resting")->GetBool());
}

TEST_F(LiveBidding, PingsOneAfterAnotherTakeOneConnection) {
  live_campaign(buyer_, "10.00", receiver_.url("/bid/7.00"));
  for (int i = 0; i < 12; ++i) EXPECT_EQ(best(ping()), "7.00");
  EXPECT_EQ(receiver_.count(), 12U);
  EXPECT_EQ(receiver_.accepted(), 1);
}

TEST_F(LiveBidding, ALateAnswerKeepsItsConnection) {
  BidReceiver late{500ms};
  requests_->stop();
  http::ClientOptions client;
  client.allow_loopback = true;
  client.ca_file = late.ca_file();
  delivery::BidRequestOptions options;
  options.late = 2s;
  requests_ = std::make_unique<delivery::BidRequests>(
      client, delivery::BidRequestParts{targets_, ring_, ids_, nullptr}, options);
  services_.live.requester = requests_.get();
  auto const id = live_campaign(buyer_, "10.00", late.url("/slow/7.00"));
  EXPECT_EQ(best(ping(R"(,"tmax_ms":400)")), "");
  ASSERT_TRUE(delivery::test::within(8s, [&] { return state(id).number("late") == 1; }));
  EXPECT_EQ(best(ping(R"(,"tmax_ms":3000)")), "7.00");
  EXPECT_EQ(late.accepted(), 1);
}

TEST_F(LiveBidding, WithoutItsAddressTheStandingBidStandsAgain) {
  auto const id = live_campaign(buyer_, "10.00", receiver_.url("/none/1"));
  EXPECT_EQ(ping().text("outcome"), "unmatched");
  auto const now = get("/v1/campaigns/" + id, buyer_.key);
  EXPECT_EQ(now.text("bid_url"), receiver_.url("/none/1"));
  auto const patched = call({.method = "PATCH",
                             .target = "/v1/campaigns/" + id,
                             .key = buyer_.key,
                             .body = R"({"bid_url":null})",
                             .headers = {{"if-match", now.header("ETag")}}});
  ASSERT_EQ(patched.status, 200) << patched.body;
  EXPECT_EQ(patched.find("bid_url"), nullptr);
  EXPECT_EQ(best(ping()), "10.00");
  EXPECT_EQ(receiver_.count(), 1U);
}

TEST_F(LiveBidding, WhoseEndpointIsGoneIsNotAskedAndDoesNotBid) {
  auto const id = live_campaign(buyer_, "10.00", receiver_.url("/bid/7.00"));
  auto const endpoint_id = secrets_.begin()->first;
  EXPECT_EQ(
      call(
          {.method = "DELETE", .target = "/v1/webhook-endpoints/" + endpoint_id, .key = buyer_.key})
          .status,
      204);
  requests_->stop();  // as after a restart: nothing is known
  start_requests({});
  EXPECT_EQ(ping().text("outcome"), "unmatched");
  EXPECT_EQ(receiver_.count(), 0U);
  EXPECT_EQ(state(id).number("asked"), 0);
}

TEST_F(LiveBidding, ARestartReadsTheAddressesAnew) {
  live_campaign(buyer_, "10.00", receiver_.url("/bid/7.00"));
  requests_->stop();
  start_requests({});
  EXPECT_EQ(best(ping()), "7.00");
}

TEST_F(LiveBidding, FarAddressesAreTheOnlyOnesAllowedOutsideDevelopment) {
  services_.live.url_rules.allow_loopback = false;
  auto const endpoint_id = endpoint(buyer_);
  auto const tried = [&](std::string const& more) {
    return post("/v1/campaigns", buyer_.key, campaign_json("5.00", more)).status;
  };
  auto const named = R"(,"webhook_endpoint_id":")" + endpoint_id + '"';
  EXPECT_EQ(tried(named + R"(,"bid_url":"https://127.0.0.1/bid")"), 422);
  EXPECT_EQ(tried(named + R"(,"bid_url":"http://bids.example.com/")"), 422);
  EXPECT_EQ(tried(named + R"(,"bid_url":"https://10.0.0.1/")"), 422);
  EXPECT_EQ(tried(R"(,"bid_url":"https://bids.example.com/")"), 422) << "nothing to sign with";
  EXPECT_EQ(tried(named + R"(,"bid_url":"https://bids.example.com/")"), 201);
}

}  // namespace
}  // namespace leadex::api
