// Ping and post through the API: prices first, then the lead at those prices.

#include <thread>

#include "server/api/v1/live_bids.hpp"
#include "server/api/v1/ping_token.hpp"
#include "server/crypto/hash.hpp"
#include "tests/server/api/trade_harness.hpp"

namespace leadex::api {
namespace {

class Pings : public TradeHarness {
 protected:
  void SetUp() override {
    TradeHarness::SetUp();
    deposit(buyer_, "100.00");
    deposit(other_, "100.00");
  }
  static std::string ping_json(std::string const& more = {}, std::string const& state = "CA") {
    return R"({"market":")" + std::string{kMarket} + R"(","attributes":{"state":")" + state +
           R"(","age":30},"source":{"vehicle":"web_form","reason":"quote"})" + more + '}';
  }
  Reply ping(std::string const& more = {}) {
    auto done = post("/v1/pings", generator_.key, ping_json(more));
    EXPECT_EQ(done.status, 200) << done.body;
    return done;
  }
  static std::string posted(std::string const& person, std::string const& state = "CA",
                            std::string const& more = {}) {
    auto body = lead_json(person, state, 30, more);
    auto const market = R"("market":")" + std::string{kMarket} + R"(",)";
    body.erase(body.find(market), market.size());
    return body;
  }
  Reply post_lead_of(Reply const& pinged, std::string const& body,
                     std::string const& key = "once") {
    return call({.method = "POST",
                 .target = "/v1/pings/" + pinged.text("ping_id") + "/post",
                 .key = generator_.key,
                 .body = body,
                 .idempotency_key = key});
  }
  static std::string sha256_hex(std::string const& text) {
    return crypto::hex_encode(crypto::view_of(crypto::sha256(text)));
  }
};

TEST_F(Pings, TellPricesAndThePostGetsThem) {
  auto const mine = campaign(buyer_, "10.00", "10.00", R"(,"exclusivity":"shared")");
  campaign(other_, "4.00", "50.00", R"(,"exclusivity":"shared")");
  auto const pinged = ping();
  EXPECT_EQ(pinged.text("outcome"), "matched");
  auto const& bids = *pinged.find("bids");
  ASSERT_EQ(bids.Size(), 2U) << pinged.body;
  EXPECT_EQ(amount(bids[0], "price"), "10.00");
  EXPECT_EQ(amount(bids[0], "net"), "8.50");
  EXPECT_EQ(amount(pinged.json, "best_price"), "10.00");
  EXPECT_EQ(ping().find("bids")->Size(), 1U) << "the ten are spoken for";

  auto const body = posted("ann");
  auto const done = post_lead_of(pinged, body);
  ASSERT_EQ(done.status, 201) << done.body;
  EXPECT_EQ(done.text("outcome"), "sold");
  EXPECT_EQ(amount(done.json, "price"), "14.00");
  EXPECT_EQ(done.find("promise_added"), nullptr);
  auto const again = post_lead_of(pinged, body);
  EXPECT_EQ(again.body, done.body);
  EXPECT_EQ(again.header("Idempotent-Replayed"), "true");
  EXPECT_EQ(post_lead_of(pinged, posted("bob"), "other").text("code"), "ping_used");
  EXPECT_EQ(amount(get("/v1/campaigns/" + mine, buyer_.key).json, "budget"), "0.00");
  expect_true_books();
}

TEST_F(Pings, HoldThePostToWhatWasAsked) {
  campaign(buyer_, "10.00", "60.00");
  auto const pinged = ping();
  EXPECT_EQ(post_lead_of(pinged, posted("ann", "TX")).text("code"), "ping_mismatch");
  auto const unknown = R"(,"bid_ids":["bid_0123456789ABCDEFGHJKMNPQRS"])";
  EXPECT_EQ(post_lead_of(pinged, posted("ann", "CA", unknown)).text("code"), "ping_mismatch");
  auto const id = field((*pinged.find("bids"))[0], "bid_id");
  auto const done = post_lead_of(pinged, posted("ann", "CA", R"(,"bid_ids":[")" + id + "\"]"));
  EXPECT_EQ(done.status, 201) << done.body;
}

TEST_F(Pings, BelongToWhoAsked) {
  campaign(buyer_, "10.00", "60.00");
  auto const pinged = ping();
  auto const stranger = open_account("generator");
  auto const target = "/v1/pings/" + pinged.text("ping_id") + "/post";
  EXPECT_EQ(post(target, stranger.key, posted("ann")).status, 404);
  EXPECT_EQ(post("/v1/pings/ping_x/post", generator_.key, posted("ann")).status, 404);
  EXPECT_EQ(post("/v1/pings", buyer_.key, ping_json()).status, 403);
}

TEST_F(Pings, TellOfADuplicateOnlyToWhoseLeadItIs) {
  campaign(buyer_, "10.00", "60.00");
  lead("ann");
  auto const hashes =
      R"(,"contact_hashes":{"email_sha256":")" + sha256_hex("ann@example.org") + "\"}";
  auto const own = ping(hashes);
  EXPECT_EQ(own.text("outcome"), "duplicate");
  EXPECT_EQ(own.find("bids")->Size(), 0U);
  auto const stranger = open_account("generator");
  auto const told = post("/v1/pings", stranger.key, ping_json(hashes));
  EXPECT_EQ(told.text("outcome"), "unmatched") << told.body;
  auto const fresh =
      R"(,"contact_hashes":{"email_sha256":")" + sha256_hex("eve@example.org") + "\"}";
  EXPECT_EQ(ping(fresh).text("outcome"), "matched");
}

TEST_F(Pings, LeaveOutWhatIsBelowTheMinimum) {
  campaign(buyer_, "10.00", "60.00");
  EXPECT_EQ(ping(R"(,"minimum_price":)" + usd("10.00")).text("outcome"), "matched");
  auto const none = ping(R"(,"minimum_price":)" + usd("10.01"));
  EXPECT_EQ(none.text("outcome"), "unmatched");
  EXPECT_TRUE(none.find("best_price")->IsNull());
  auto const listed = post_lead_of(none, posted("ann"));
  EXPECT_EQ(listed.status, 201) << "as any other lead";
  auto const other_money = R"(,"minimum_price":{"amount":"1.00","currency":"EUR"})";
  EXPECT_EQ(post("/v1/pings", generator_.key, ping_json(other_money)).text("code"),
            "currency_mismatch");
}

TEST_F(Pings, BindABuyerThatPausesBeforeThePost) {
  auto const id = campaign(buyer_, "10.00", "60.00");
  auto const pinged = ping();
  ASSERT_EQ(post("/v1/campaigns/" + id + "/pause", buyer_.key).status, 200);
  auto const done = post_lead_of(pinged, posted("ann"));
  ASSERT_EQ(done.status, 201) << done.body;
  EXPECT_EQ(amount(done.json, "price"), "10.00");
  expect_true_books();
}

TEST_F(Pings, ArePaidForByTheExchangeWhenItForgotAndTheBuyerIsGone) {
  auto const id = campaign(buyer_, "10.00", "60.00");
  auto const pinged = ping();
  // Another owner for a moment: the market is loaded afresh, without what was reserved.
  sql_do("update leadex.market_head set epoch = epoch + 1");
  auto const pause = [&] { return post("/v1/campaigns/" + id + "/pause", buyer_.key).status; };
  for (int i = 0; i < 100 && pause() != 200; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds{100});
  }
  auto const done = post_lead_of(pinged, posted("ann"));
  ASSERT_EQ(done.status, 201) << done.body;
  EXPECT_EQ(done.text("outcome"), "listed");
  EXPECT_EQ(amount(done.json, "promise_added"), "8.50");
  auto const transfers = get("/v1/ledger/transfers?code=promise", generator_.key);
  ASSERT_EQ(transfers.data().Size(), 1U) << transfers.body;
  EXPECT_EQ(amount(transfers.data()[0], "amount"), "8.50");
  expect_true_books();
}

TEST_F(Pings, OfATestKeyAreAnsweredAsRealOnesAndLeaveNoTrace) {
  auto const id = campaign(buyer_, "10.00", "10.00");
  auto const made =
      post("/v1/admin/accounts/" + generator_.id + "/api-keys", admin_, R"({"kind":"test"})");
  ASSERT_EQ(made.status, 201) << made.body;
  Account const trial{generator_.id, made.text("key")};
  auto const try_it = [&](std::string const& more = {}) {
    auto done = post("/v1/pings", trial.key, ping_json(more));
    EXPECT_EQ(done.status, 200) << done.body;
    EXPECT_TRUE(done.find("test")->GetBool());
    return done;
  };
  auto const tried = try_it();
  EXPECT_EQ(amount(tried.json, "best_price"), "10.00");
  EXPECT_EQ(try_it().text("outcome"), "matched") << "the first one held nothing";
  EXPECT_EQ(try_it(R"(,"minimum_price":)" + usd("10.01")).text("outcome"), "unmatched");

  auto const target = "/v1/pings/" + tried.text("ping_id") + "/post";
  auto const sold = post(target, trial.key, posted("ann"));
  ASSERT_EQ(sold.status, 201) << sold.body;
  EXPECT_EQ(sold.text("outcome"), "sold");
  EXPECT_EQ(amount(sold.json, "price"), "10.00");
  EXPECT_EQ(amount(sold.json, "net"), "8.50");
  EXPECT_TRUE(sold.find("lead_id")->IsNull());
  EXPECT_TRUE(sold.find("test")->GetBool());
  EXPECT_EQ(post(target, trial.key, posted("ann", "TX")).text("code"), "ping_mismatch");
  EXPECT_EQ(post(target, generator_.key, posted("ann")).status, 404) << "no promise";
  EXPECT_EQ(post("/v1/pings/" + ping().text("ping_id") + "/post", trial.key, posted("ann")).status,
            404)
      << "nor the other way round";

  EXPECT_EQ(sql("select count(*) from leadex.lead"), "0");
  EXPECT_EQ(amount(get("/v1/campaigns/" + id, buyer_.key).json, "budget"), "10.00");
}

TEST_F(Pings, RepeatTheirAnswerUnderAKey) {
  campaign(buyer_, "10.00", "60.00");
  Ask const ask{.method = "POST",
                .target = "/v1/pings",
                .key = generator_.key,
                .body = ping_json(),
                .idempotency_key = "same"};
  auto const first = call(ask);
  auto const again = call(ask);
  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(again.header("Idempotent-Replayed"), "true");
  auto other = ask;
  other.body = ping_json({}, "TX");
  EXPECT_EQ(call(other).text("code"), "idempotency_key_reused");
  auto plain = ask;
  plain.idempotency_key.clear();
  EXPECT_NE(call(plain).text("ping_id"), first.text("ping_id"));
}

TEST_F(Pings, AskNobodyWhereNobodyCanBeAsked) {
  auto const id = campaign(buyer_, "10.00", "60.00");
  auto const counts = get("/v1/campaigns/" + id + "/bid-requests", buyer_.key);
  EXPECT_EQ(counts.status, 200) << counts.body;
  EXPECT_EQ(counts.number("asked"), 0);
  EXPECT_EQ(get("/v1/campaigns/" + id + "/bid-requests", other_.key).status, 404);
}

TEST(BidsUntil, LeavesTheReserveButNeverLessThanHalfForTheBids) {
  using namespace std::chrono_literals;
  auto const now = std::chrono::steady_clock::time_point{} + 1h;
  EXPECT_EQ(bids_until(now, now + 500ms, 50ms), now + 450ms);
  EXPECT_EQ(bids_until(now, now + 60ms, 50ms), now + 30ms);
  EXPECT_EQ(bids_until(now, now, 50ms), now);
}

TEST_F(Pings, AreNotForLeadsThatHaveGoneStale) {
  campaign(buyer_, "10.00", "60.00");
  auto const pinged = ping();
  auto stale = posted("ann");
  auto const captured = ago(std::chrono::hours{1});
  auto const at = stale.find(R"("captured_at":")") + 15;
  stale.replace(at, captured.size(), ago(std::chrono::hours{25}));
  EXPECT_EQ(post_lead_of(pinged, stale).text("code"), "ping_mismatch");
  EXPECT_EQ(post_lead_of(pinged, posted("ann", "CA", R"(,"bid_ids":[])"), "other").status, 422);
  EXPECT_EQ(post_lead_of(pinged, posted("ann"), "third").text("outcome"), "sold");
}

TEST_F(Pings, AreOverAfterTheirLastInstant) {
  ASSERT_EQ(
      patch("/v1/admin/markets/" + std::string{kMarket}, admin_, R"({"ping_ttl_s":0})").status,
      200);
  campaign(buyer_, "10.00", "60.00");
  auto const late = post_lead_of(ping(), posted("ann"));
  EXPECT_EQ(late.status, 410) << late.body;
  EXPECT_EQ(late.text("code"), "ping_expired");
}

TEST(PingTokens, OpenForTheirAccountAloneAndNotChanged) {
  privacy::KeyRing const keys{crypto::Secret{std::size_t{32}}};
  PingToken const token{.market = MarketNo{7},
                        .ping_no = new_ping_no(),
                        .expires_us = 5,
                        .digest = "digest",
                        .promised = {{1, 2, 3, 2, true}}};
  auto const text = seal_ping(keys, 9, token);
  auto const opened = open_ping(keys, 9, text);
  ASSERT_TRUE(opened.has_value());
  EXPECT_EQ(opened->promised, token.promised);
  EXPECT_EQ(opened->ping_no, token.ping_no);
  EXPECT_FALSE(open_ping(keys, 10, text).has_value());
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto other = text;
    other[i] = other[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(open_ping(keys, 9, other).has_value()) << i;
  }
  auto const trial = seal_ping(keys, 9, token, PingUse::test);
  EXPECT_FALSE(open_ping(keys, 9, trial).has_value());
  EXPECT_FALSE(open_ping(keys, 9, text, PingUse::test).has_value());
  EXPECT_TRUE(open_ping(keys, 9, trial, PingUse::test).has_value());
}

}  // namespace
}  // namespace leadex::api
