// A ping from its market's writer to a buyer's endpoint and back: whom the writer names, what the
// tables say of them, and what the bids then win.

#include "server/crypto/webhook_signature.hpp"
#include "server/delivery/bid_requests.hpp"
#include "server/privacy/sealed_value.hpp"
#include "server/storage/postgres/bid_targets.hpp"
#include "tests/server/delivery/bid_receiver.hpp"
#include "tests/server/market/market_fixture.hpp"

namespace leadex::delivery {
namespace {

using namespace std::chrono_literals;
using market::LiveBid;
using market::OfferPing;
using market::PingAnswer;

constexpr std::int64_t kUnit = 1'000'000;
constexpr std::int64_t kBuyer = 11;
constexpr std::int64_t kEndpoint = 3;

class BidMarket : public market::MarketFixture {
 protected:
  void SetUp() override {
    MarketFixture::SetUp();
    execute(
        "insert into leadex.tenant (tenant_no, role, name) values (11, 'buyer', 'B'), (12, "
        "'buyer', 'C'), (101, 'generator', 'G')");
    auto const secret = crypto::WebhookSecret::generate().text();
    auto const row = privacy::row_key(kEndpoint);
    auto const sealed = privacy::SecretBox(ring_).seal(
        {"webhook_endpoint", 0, row, "secret_sealed"}, secret.view());
    execute(
        "insert into leadex.webhook_endpoint (endpoint_no, tenant_no, url, events, "
        "secret_sealed) values (3, 11, 'https://h.example.com/', '{}', decode('" +
        crypto::hex_encode(sealed) + "', 'hex'))");
    host_ = host();
    http::ClientOptions client;
    client.allow_loopback = true;
    client.ca_file = receiver_.ca_file();
    requests_ = std::make_unique<BidRequests>(
        client, BidRequestParts{targets_, ring_, ids_, nullptr}, BidRequestOptions{});
  }
  void TearDown() override {
    requests_->stop();
    host_->stop();
    threads_.join();
    sql_.stop();
  }
  void execute(std::string const& statement) {
    pqxx::connection connection(database_.owner());
    pqxx::work tx(connection);
    tx.exec(statement);
    tx.commit();
  }
  void campaign(std::int64_t no, std::int64_t bid_micros, std::string const& url,
                std::int32_t version = 1, std::int64_t buyer_no = kBuyer) {
    market::UpsertCampaign upsert;
    upsert.campaign_no = no;
    upsert.buyer_no = buyer_no;
    upsert.version = version;
    upsert.terms.bid_micros = bid_micros;
    upsert.terms.exclusivity = auction::Exclusivity::shared;
    upsert.terms.live_bid = !url.empty();
    auto const schema = targeting::Schema::make(market::MarketRun::rules().attributes).value();
    auto const bytes = targeting::encode(targeting::all_of({}), schema, {});
    upsert.terms.targeting = {reinterpret_cast<char const*>(bytes.data()), bytes.size()};
    market::Submission submission;
    submission.definition =
        url.empty() ? "{}"
                    : R"({"bid_url":")" + url + R"(","webhook_endpoint_id":")" +
                          ids_.seal(crypto::IdKind::webhook_endpoint, 0, kEndpoint) + "\"}";
    submission.command = std::move(upsert);
    auto const made = run(*host_, std::move(submission));
    ASSERT_TRUE(made.has_value());
    ASSERT_EQ(made->outcome.refusal, market::Refusal::none);
    if (version > 1) return;
    ASSERT_TRUE(run(*host_, market::FundBudget{{buyer_no, no}, no, 100 * kUnit}).has_value());
  }
  PingAnswer offer(OfferPing ping, std::size_t ask_max) {
    auto answer =
        boost::asio::co_spawn(threads_,
                              host_->find(kMarket)->ping(
                                  std::move(ping), std::chrono::steady_clock::now() + 10s, ask_max),
                              boost::asio::use_future)
            .get();
    EXPECT_TRUE(answer.has_value());
    return answer ? std::move(*answer) : PingAnswer{};
  }
  static OfferPing a_ping(std::int64_t ping_no) {
    return {.ping_no = ping_no * 16, .lead = plain_offer(0)};
  }
  std::vector<LiveBid> ask(PingAnswer const& named) {
    market::BidRound round;
    round.market = kMarket;
    round.market_name = "test.us.usd";
    round.settings = host_->find(kMarket)->settings();
    round.attributes = plain_offer(0).attributes;
    round.reason = "quote";
    round.bidders = named.to_ask;
    round.deadline = std::chrono::steady_clock::now() + 5s;
    return boost::asio::co_spawn(threads_, requests_->ask(std::move(round)),
                                 boost::asio::use_future)
        .get();
  }

  test::BidReceiver receiver_;
  privacy::KeyRing ring_{crypto::Secret(std::string(32, 'k'))};
  crypto::PublicIdCodec ids_{ring_.id_key()};
  storage::postgres::Pool sql_{{.session = {.conninfo = database_.app()}}};
  storage::postgres::PostgresBidTargets targets_{sql_, ids_};
  boost::asio::thread_pool threads_{2};
  std::unique_ptr<market::MarketHost> host_;
  std::unique_ptr<BidRequests> requests_;
};

TEST_F(BidMarket, APingNamesWhomToAskAndTheirBidsWin) {
  campaign(1, 10 * kUnit, receiver_.url("/bid/7.00"));
  campaign(2, 9 * kUnit, {}, 1, 12);
  auto const named = offer(a_ping(1), 50);
  ASSERT_EQ(named.to_ask.size(), 1U);
  EXPECT_EQ(named.to_ask[0].campaign_no, 1);
  EXPECT_TRUE(named.bids.empty()) << "nothing was applied";
  auto ping = a_ping(1);
  ping.live = ask(named);
  ASSERT_EQ(ping.live.size(), 1U);
  auto const answer = offer(std::move(ping), 0);
  ASSERT_EQ(answer.bids.size(), 2U);
  EXPECT_EQ(answer.bids[0].price_micros + answer.bids[1].price_micros, 16 * kUnit);
  EXPECT_EQ(receiver_.count(), 1U);
}

TEST_F(BidMarket, WithoutAnAnswerTheCampaignStaysOut) {
  campaign(1, 10 * kUnit, receiver_.url("/garbage/7.00"));
  campaign(2, 9 * kUnit, {}, 1, 12);
  auto ping = a_ping(1);
  ping.live = ask(offer(a_ping(1), 50));
  EXPECT_TRUE(ping.live.empty());
  auto const answer = offer(std::move(ping), 0);
  ASSERT_EQ(answer.bids.size(), 1U);
  EXPECT_EQ(answer.bids[0].campaign_no, 2);
}

TEST_F(BidMarket, WhereNobodyBidsLiveAPingIsAppliedAtOnce) {
  campaign(2, 9 * kUnit, {});
  auto const answer = offer(a_ping(1), 50);
  EXPECT_TRUE(answer.to_ask.empty());
  EXPECT_EQ(answer.bids.size(), 1U);
}

TEST_F(BidMarket, ANewVersionIsAskedAtItsNewAddress) {
  campaign(1, 10 * kUnit, receiver_.url("/bid/7.00"));
  EXPECT_EQ(ask(offer(a_ping(1), 50)).at(0).bid_micros, 7 * kUnit);
  campaign(1, 10 * kUnit, receiver_.url("/bid/8.00"), 2);
  std::this_thread::sleep_for(1100ms);  // nobody looks twice within a second
  EXPECT_EQ(ask(offer(a_ping(2), 50)).at(0).bid_micros, 8 * kUnit);
}

TEST_F(BidMarket, AnotherBuyersEndpointSignsNothing) {
  campaign(1, 10 * kUnit, receiver_.url("/bid/7.00"), 1, 12);
  auto const named = offer(a_ping(1), 50);
  ASSERT_EQ(named.to_ask.size(), 1U);
  EXPECT_TRUE(ask(named).empty());
  EXPECT_EQ(receiver_.count(), 0U);
}

TEST_F(BidMarket, ADisabledEndpointIsNotAsked) {
  campaign(1, 10 * kUnit, receiver_.url("/bid/7.00"));
  execute("update leadex.webhook_endpoint set status = 'disabled'");
  EXPECT_TRUE(ask(offer(a_ping(1), 50)).empty());
  EXPECT_EQ(receiver_.count(), 0U);
}

}  // namespace
}  // namespace leadex::delivery
