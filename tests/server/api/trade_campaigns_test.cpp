// Campaigns, their money, posted leads and the sales that come of them.

#include "tests/server/api/trade_harness.hpp"

namespace leadex::api {
namespace {

class TradeCampaigns : public TradeHarness {};

TEST_F(TradeCampaigns, AreMadeShownChangedAndPaused) {
  auto const made =
      post("/v1/campaigns", buyer_.key,
           campaign_json("5.00", R"(,"targeting":{"all":[{"attribute":"state","in":["CA"]},)"
                                 R"({"attribute":"age","gte":25}]},"caps":{"leads":{"day":3}})"));
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(made.header("ETag"), "\"1\"");
  auto const path = "/v1/campaigns/" + made.text("id");
  EXPECT_EQ(made.header("Location"), path);
  EXPECT_EQ(get(path, buyer_.key).body, made.body);
  EXPECT_EQ(get(path, other_.key).status, 404);
  EXPECT_EQ(get(path, admin_).status, 200);

  EXPECT_EQ(patch(path, buyer_.key, R"({"name":"New"})").status, 428);
  auto const old = call({.method = "PATCH",
                         .target = path,
                         .key = buyer_.key,
                         .body = R"({"name":"New"})",
                         .headers = {{"if-match", "\"7\""}}});
  EXPECT_EQ(old.status, 412);
  auto const changed = call({.method = "PATCH",
                             .target = path,
                             .key = buyer_.key,
                             .body = R"({"name":"New"})",
                             .headers = {{"if-match", "\"1\""}}});
  ASSERT_EQ(changed.status, 200) << changed.body;
  EXPECT_EQ(changed.header("ETag"), "\"2\"");
  EXPECT_EQ(changed.text("name"), "New");
  EXPECT_NE(changed.body.find(R"("day":3)"), std::string::npos);
  auto const zone = call({.method = "PATCH",
                          .target = path,
                          .key = buyer_.key,
                          .body = R"({"time_zone":"America/New_York"})",
                          .headers = {{"if-match", "\"2\""}}});
  EXPECT_EQ(zone.text("code"), "time_zone_fixed") << zone.body;

  EXPECT_EQ(post(path + "/pause", buyer_.key).text("status"), "paused");
  EXPECT_EQ(post(path + "/resume", buyer_.key).text("status"), "active");
  EXPECT_EQ(post(path + "/pause", other_.key).status, 404);

  campaign(buyer_, "3.00", "");
  auto const first = get("/v1/campaigns?limit=1", buyer_.key);
  ASSERT_EQ(first.data().Size(), 1U);
  EXPECT_TRUE(first.find("has_more")->GetBool());
  auto const second = get("/v1/campaigns?limit=1&cursor=" + first.text("next_cursor"), buyer_.key);
  EXPECT_EQ(field(second.data()[0], "id"), made.text("id"));
  EXPECT_EQ(get("/v1/campaigns", other_.key).data().Size(), 0U);
}

TEST_F(TradeCampaigns, NameEveryFaultOfADefinition) {
  auto const bad =
      post("/v1/campaigns", buyer_.key,
           campaign_json("5.00", R"(,"targeting":{"any":[{"attribute":"shoe","eq":3}]},)"
                                 R"("time_zone":"Mars/Olympus","sources":{"allow":["acct_x"]},)"
                                 R"("webhook_endpoint_id":"whe_x")"));
  ASSERT_EQ(bad.status, 422);
  for (auto const* pointer :
       {"/targeting/any/0/attribute", "/time_zone", "/sources/allow", "/webhook_endpoint_id"}) {
    EXPECT_NE(bad.body.find(pointer), std::string::npos) << pointer << bad.body;
  }
  auto const foreign =
      post("/v1/campaigns", buyer_.key,
           campaign_json("5.00", R"(,"sources":{"allow":[")" + buyer_.id + "\"]}"));
  EXPECT_EQ(foreign.status, 422) << "a buyer is no source";
  EXPECT_EQ(post("/v1/campaigns", generator_.key, campaign_json("5.00")).status, 403);
}

TEST_F(TradeCampaigns, RepeatTheFirstAnswerOfAKey) {
  Ask ask{.method = "POST",
          .target = "/v1/campaigns",
          .key = buyer_.key,
          .body = campaign_json("4.00"),
          .idempotency_key = "once"};
  auto const first = call(ask);
  auto const again = call(ask);
  EXPECT_EQ(first.status, 201);
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(again.header("Idempotent-Replayed"), "true");
  ask.body = campaign_json("4.50");
  EXPECT_EQ(call(ask).text("code"), "idempotency_key_reused");
  EXPECT_EQ(sql("select count(*) from leadex.campaign"), "1");
}

TEST_F(TradeCampaigns, MoveMoneyOnceEachWay) {
  deposit(buyer_, "100.00");
  auto const id = campaign(buyer_, "5.00", "");
  Ask fund{.method = "POST",
           .target = "/v1/campaigns/" + id + "/fund",
           .key = buyer_.key,
           .body = R"({"amount":)" + usd("60.00") + '}',
           .idempotency_key = "f1"};
  auto const first = call(fund);
  ASSERT_EQ(first.status, 200) << first.body;
  EXPECT_EQ(amount(first.json, "budget"), "60.00");
  EXPECT_EQ(wallet(buyer_), "40.00");
  auto const again = call(fund);
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(again.header("Idempotent-Replayed"), "true");
  EXPECT_EQ(wallet(buyer_), "40.00");
  fund.body = R"({"amount":)" + usd("61.00") + '}';
  EXPECT_EQ(call(fund).text("code"), "idempotency_key_reused");
  EXPECT_EQ(post(fund.target, buyer_.key, R"({"amount":)" + usd("40.01") + '}').status, 402);

  Ask back{.method = "POST",
           .target = "/v1/campaigns/" + id + "/defund",
           .key = buyer_.key,
           .body = R"({"amount":)" + usd("25.00") + '}',
           .idempotency_key = "d1"};
  auto const defunded = call(back);
  ASSERT_EQ(defunded.status, 200) << defunded.body;
  EXPECT_EQ(amount(defunded.json, "budget"), "35.00");
  EXPECT_EQ(call(back).body, defunded.body);
  EXPECT_EQ(wallet(buyer_), "65.00");
  EXPECT_EQ(post(back.target, buyer_.key, R"({"amount":)" + usd("35.01") + '}').status, 402);
  EXPECT_EQ(post(back.target, other_.key, back.body).status, 404);
  EXPECT_EQ(sql("select count(*) from leadex.fund_intent where platform_seq is null or "
                "market_seq is null"),
            "0");
  expect_true_books();
}

TEST_F(TradeCampaigns, GoOnWhereACrashStoppedAFund) {
  deposit(buyer_, "50.00");
  auto const id = campaign(buyer_, "5.00", "");
  auto const camp = ids_.open_as<CampaignId>(id);
  ASSERT_TRUE(camp.has_value());
  auto const tenant = ids_.open_as<AccountId>(buyer_.id);
  // The platform's half alone, as a crash would leave it.
  auto const left = platform().transact_now([&](storage::PlatformTx& tx) {
    return tx.ledger().fund_leaves(tenant->no, camp->market, camp->no, Money{20'000'000});
  });
  ASSERT_TRUE(left && *left);
  EXPECT_EQ(wallet(buyer_), "30.00");
  auto const counts = await(intents_.run());
  EXPECT_EQ(counts.done, 1);
  EXPECT_EQ(amount(get("/v1/campaigns/" + id, buyer_.key).json, "budget"), "20.00");
  auto const nothing = await(intents_.run());
  EXPECT_EQ(nothing.done + nothing.left, 0);
  EXPECT_TRUE(await(intents_.fund_arrives(**left, std::chrono::steady_clock::time_point::max()))
                  .has_value());
  EXPECT_EQ(amount(get("/v1/campaigns/" + id, buyer_.key).json, "budget"), "20.00");
  expect_true_books();
}

TEST_F(TradeCampaigns, GoOnWhereACrashStoppedADefund) {
  deposit(buyer_, "50.00");
  auto const id = campaign(buyer_, "5.00", "50.00");
  auto const camp = *ids_.open_as<CampaignId>(id);
  auto const tenant = ids_.open_as<AccountId>(buyer_.id)->no;
  market::Submission submission;
  submission.command = market::DefundBudget{{tenant, camp.no}, 900, 30'000'000};
  auto const left = await(markets_->find(camp.market)->submit(std::move(submission)));
  ASSERT_TRUE(left.has_value());
  EXPECT_EQ(wallet(buyer_), "0.00");
  EXPECT_EQ(await(intents_.run()).done, 1);
  EXPECT_EQ(wallet(buyer_), "30.00");
  EXPECT_TRUE(await(intents_.defund_arrives(camp.market, 900)).has_value());
  EXPECT_EQ(wallet(buyer_), "30.00");
  expect_true_books();
}

TEST_F(TradeCampaigns, BuyAPostedLeadAndReadItsContact) {
  deposit(buyer_, "100.00");
  auto const id = campaign(buyer_, "10.00", "50.00");
  Ask ask{.method = "POST",
          .target = "/v1/leads",
          .key = generator_.key,
          .body = lead_json("ann", "CA", 30),
          .idempotency_key = "l1"};
  auto const sold = call(ask);
  ASSERT_EQ(sold.status, 201) << sold.body;
  EXPECT_EQ(sold.text("outcome"), "sold");
  EXPECT_EQ(amount(sold.json, "price"), "10.00");
  EXPECT_EQ(amount(sold.json, "net"), "8.50");
  auto const again = call(ask);
  EXPECT_EQ(again.body, sold.body);
  EXPECT_EQ(again.header("Idempotent-Replayed"), "true");
  EXPECT_EQ(post("/v1/leads", generator_.key, lead_json("ANN")).text("code"), "duplicate");

  auto const sale = newest_sale(buyer_);
  auto const mine = get("/v1/sales/" + sale, buyer_.key);
  ASSERT_EQ(mine.status, 200);
  EXPECT_EQ(mine.text("status"), "delivered");
  EXPECT_EQ(mine.text("campaign_id"), id);
  EXPECT_EQ(mine.text("lead_id"), sold.text("lead_id"));
  EXPECT_EQ(amount(mine.json, "commission"), "1.50");
  // The same for its generator, but which of the buyer's campaigns it was.
  auto const sold_by_it = get("/v1/sales/" + sale, generator_.key);
  EXPECT_TRUE(sold_by_it.find("campaign_id")->IsNull()) << sold_by_it.body;
  EXPECT_EQ(sold_by_it.text("gross"), mine.text("gross"));
  EXPECT_EQ(get("/v1/sales?campaign_id=" + id, generator_.key).data().Size(), 0U);
  EXPECT_EQ(get("/v1/sales/" + sale, other_.key).status, 404);
  EXPECT_EQ(get("/v1/sales?campaign_id=" + id, buyer_.key).data().Size(), 1U);
  EXPECT_EQ(get("/v1/sales?status=settled", buyer_.key).data().Size(), 0U);
  EXPECT_EQ(get("/v1/sales?lead_id=" + sold.text("lead_id"), generator_.key).data().Size(), 1U);

  auto const contact = get("/v1/sales/" + sale + "/contact", buyer_.key);
  ASSERT_EQ(contact.status, 200) << contact.body;
  EXPECT_EQ(field(*contact.find("contact"), "email"), "ann@example.org");
  EXPECT_EQ(field(*contact.find("consent"), "text"), "I agree to be called.");
  EXPECT_EQ(field(*contact.find("attributes"), "state"), "CA");
  EXPECT_EQ(get("/v1/sales/" + sale + "/contact", other_.key).status, 404);
  EXPECT_NE(get("/v1/sales/" + sale + "/contact", generator_.key).status, 200);
  EXPECT_EQ(sql("select count(*) from leadex.audit where action = 'contact.read'"), "1");
  EXPECT_EQ(sql("select count(*) from leadex.audit a join leadex.sale s on a.object_market = "
                "s.market_id and a.object_no = s.lead_no * 1024 + s.slot where a.action = "
                "'contact.read'"),
            "1")
      << "the record names the sale as its public id does";
  EXPECT_EQ(get("/v1/sales/" + sale + "/contact", admin_).status, 422) << "staff say why";
  auto const checked = get("/v1/sales/" + sale + "/contact?reason=Call%20of%20Ann", admin_);
  EXPECT_EQ(checked.status, 200) << checked.body;
  EXPECT_EQ(sql("select count(*) from leadex.audit where action = 'contact.read' and payload like "
                "'%;reason=sealed:%'"),
            "1");

  auto const auctions = get("/v1/campaigns/" + id + "/auctions?outcome=won", buyer_.key);
  ASSERT_EQ(auctions.data().Size(), 1U) << auctions.body;
  auto const auction = sold.text("auction_id");
  EXPECT_EQ(field(auctions.data()[0], "auction_id"), auction);
  EXPECT_EQ(get("/v1/auctions/" + auction, buyer_.key).text("outcome"), "won");
  EXPECT_EQ(get("/v1/auctions/" + auction, generator_.key).text("outcome"), "sold");
  EXPECT_EQ(get("/v1/auctions/" + auction, other_.key).status, 404);
  EXPECT_NE(get("/v1/auctions/" + auction, admin_).body.find("book_sha256"), std::string::npos);
  expect_true_books();
}

TEST_F(TradeCampaigns, TellALoserWhatItWouldHaveTaken) {
  deposit(buyer_, "100.00");
  deposit(other_, "100.00");
  campaign(buyer_, "10.00", "50.00", R"(,"exclusivity":"exclusive")");
  auto const losing = campaign(other_, "8.00", "50.00", R"(,"exclusivity":"exclusive")");
  EXPECT_EQ(lead("bob").text("outcome"), "sold");
  auto const lost = get("/v1/campaigns/" + losing + "/auctions?outcome=lost", other_.key);
  ASSERT_EQ(lost.data().Size(), 1U) << lost.body;
  EXPECT_FALSE(field(lost.data()[0], "loss_reason").empty());
  EXPECT_EQ(lost.body.find(buyer_.id), std::string::npos);
  EXPECT_EQ(get("/v1/campaigns/" + losing + "/auctions?outcome=won", other_.key).data().Size(), 0U);
  EXPECT_EQ(get("/v1/campaigns/" + losing + "/auctions", buyer_.key).status, 404);
}

TEST_F(TradeCampaigns, DeliverAWebhookCampaignsSaleByItsFirstRead) {
  deposit(buyer_, "100.00");
  auto const tenant = std::to_string(ids_.open_as<AccountId>(buyer_.id)->no);
  sql_do(
      "insert into leadex.webhook_endpoint (endpoint_no, tenant_no, url, events, secret_sealed) "
      "values (77, " +
      tenant + ", 'https://example.org/hook', '{}', '')");
  auto const endpoint = ids_.seal(crypto::IdKind::webhook_endpoint, 0, 77);
  auto const foreign = post("/v1/campaigns", other_.key,
                            campaign_json("9.00", R"(,"webhook_endpoint_id":")" + endpoint + '"'));
  EXPECT_EQ(foreign.status, 422);
  campaign(buyer_, "10.00", "50.00", R"(,"webhook_endpoint_id":")" + endpoint + '"');
  lead("cid");
  auto const sale = "/v1/sales/" + newest_sale(buyer_);
  EXPECT_EQ(get(sale, buyer_.key).text("status"), "pending");
  EXPECT_EQ(get(sale + "/contact", buyer_.key).status, 200);
  auto const after = get(sale, buyer_.key);
  EXPECT_EQ(after.text("status"), "delivered");
  EXPECT_FALSE(after.text("return_until").empty());
}

TEST_F(TradeCampaigns, RefuseAFaultyLeadWithItsFirstFault) {
  auto const bad = post("/v1/leads", generator_.key, lead_json("dan", "NV"));
  EXPECT_EQ(bad.status, 422);
  EXPECT_EQ(bad.text("code"), "attribute_invalid") << bad.body;
  EXPECT_NE(bad.body.find("/attributes/state"), std::string::npos) << bad.body;
  auto const nowhere = post("/v1/leads", generator_.key, R"({"market":"none.us.usd"})");
  EXPECT_EQ(nowhere.text("code"), "market_unknown");
  EXPECT_EQ(sql("select count(*) from leadex.lead"), "0");
}

TEST_F(TradeCampaigns, CheckALeadOfATestKeyAndKeepNothing) {
  auto const key = platform().transact_now([&](storage::PlatformTx& tx) {
    auto const minted = mint_.mint(storage::KeyKind::test);
    auto rows = tx.api_keys().list(ids_.open_as<AccountId>(generator_.id)->no);
    auto row = rows.front();
    row.key_no = tx.next_number(0, storage::NumberKind::api_key);
    row.kind = storage::KeyKind::test;
    row.digest = minted.digest;
    row.shown_first = minted.shown_first;
    row.shown_last = minted.shown_last;
    tx.api_keys().insert(row);
    return minted.text;
  });
  ASSERT_TRUE(key.has_value());
  auto const tried = post("/v1/leads", *key, lead_json("eve"));
  ASSERT_EQ(tried.status, 201) << tried.body;
  EXPECT_NE(tried.body.find(R"("test":true)"), std::string::npos);
  EXPECT_EQ(tried.text("outcome"), "listed");
  EXPECT_EQ(post("/v1/leads", *key, lead_json("eve", "NV")).status, 422);

  // With bidders it is answered as a real one would be, share for share.
  deposit(buyer_, "100.00");
  deposit(other_, "100.00");
  auto const first = campaign(buyer_, "10.00", "40.00", R"(,"exclusivity":"shared")");
  campaign(other_, "7.00", "40.00", R"(,"exclusivity":"shared")");
  auto const before = sql("select max(seq) from leadex.market_head where market_id > 0");
  for (int i = 0; i < 3; ++i) {
    auto const sold = post("/v1/leads", *key, lead_json("eve"));
    ASSERT_EQ(sold.status, 201) << sold.body;
    EXPECT_EQ(sold.text("outcome"), "sold");
    EXPECT_EQ(amount(sold.json, "price"), "17.00");
    EXPECT_TRUE(sold.find("lead_id")->IsNull());
    EXPECT_TRUE(sold.find("auction_id")->IsNull());
  }
  EXPECT_EQ(sql("select max(seq) from leadex.market_head where market_id > 0"), before);
  EXPECT_EQ(sql("select count(*) from leadex.lead"), "0");
  EXPECT_EQ(sql("select count(*) from leadex.person"), "0");
  EXPECT_EQ(sql("select count(*) from leadex.sale"), "0");
  EXPECT_EQ(amount(get("/v1/campaigns/" + first, buyer_.key).json, "budget"), "40.00");
  auto const tried_last = post("/v1/leads", *key, lead_json("eve"));
  auto const real = lead("eve");
  EXPECT_EQ(amount(real.json, "price"), amount(tried_last.json, "price"));
  EXPECT_EQ(amount(real.json, "net"), amount(tried_last.json, "net"));
  EXPECT_EQ(json::to_text(*real.find("sales")), json::to_text(*tried_last.find("sales")));
}

TEST_F(TradeCampaigns, ARepeatedKeyPausesOnce) {
  auto const id = campaign(buyer_, "10.00", "");
  Ask pause{.method = "POST",
            .target = "/v1/campaigns/" + id + "/pause",
            .key = buyer_.key,
            .idempotency_key = "pause-1"};
  auto const paused = call(pause);
  ASSERT_EQ(paused.status, 200) << paused.body;
  EXPECT_EQ(paused.text("status"), "paused");
  EXPECT_EQ(post("/v1/campaigns/" + id + "/resume", buyer_.key).text("status"), "active");
  auto const again = call(pause);
  EXPECT_EQ(again.body, paused.body);
  EXPECT_EQ(again.header("Idempotent-Replayed"), "true");
  EXPECT_EQ(get("/v1/campaigns/" + id, buyer_.key).text("status"), "active");
}

TEST_F(TradeCampaigns, WithdrawAnUnsoldLeadAndNoOther) {
  auto const resting = lead("fay").text("lead_id");
  EXPECT_EQ(post("/v1/leads/" + resting + "/withdraw", generator_.key).text("status"), "withdrawn");
  EXPECT_EQ(post("/v1/leads/" + resting + "/withdraw", generator_.key).status, 200);
  auto const stranger = open_account("generator");
  EXPECT_EQ(post("/v1/leads/" + resting + "/withdraw", stranger.key).status, 404);
  deposit(buyer_, "20.00");
  campaign(buyer_, "10.00", "20.00", R"(,"exclusivity":"exclusive")");
  auto const sold = lead("gus").text("lead_id");
  EXPECT_EQ(post("/v1/leads/" + sold + "/withdraw", generator_.key).text("code"), "lead_sold");
}

TEST_F(TradeCampaigns, AreNoLargerThanAPageCanShow) {
  std::string list;
  for (int i = 0; i < 150; ++i) {
    list += (i == 0 ? "\"" : ",\"") + std::to_string(1000 + i) + std::string(900, 'x') + '"';
  }
  auto const made = post(
      "/v1/campaigns", buyer_.key,
      campaign_json("9.00", R"(,"targeting":{"attribute":"source_reason","in":[)" + list + "]}"));
  EXPECT_EQ(made.status, 422);
  EXPECT_NE(made.body.find("too_complex"), std::string::npos) << made.body;
  EXPECT_NE(made.body.find("/targeting"), std::string::npos) << made.body;
}

TEST_F(TradeCampaigns, OfASuspendedAccountBuyNothingMore) {
  deposit(buyer_, "100.00");
  auto const first = campaign(buyer_, "10.00", "30.00");
  auto const second = campaign(buyer_, "9.00", "30.00");
  EXPECT_EQ(lead("ann").text("outcome"), "sold");
  Ask ask{.method = "POST",
          .target = "/v1/admin/accounts/" + buyer_.id + "/suspend",
          .key = admin_,
          .idempotency_key = "s1"};
  auto const suspended = call(ask);
  ASSERT_EQ(suspended.status, 200) << suspended.body;
  EXPECT_EQ(suspended.text("status"), "suspended");
  EXPECT_EQ(get("/v1/campaigns", buyer_.key).text("code"), "account_suspended");
  for (auto const& id : {first, second}) {
    EXPECT_EQ(get("/v1/campaigns/" + id, admin_).text("status"), "paused");
  }
  EXPECT_NE(lead("bob").text("outcome"), "sold");
  EXPECT_EQ(call(ask).body, suspended.body);
  expect_true_books();
}

}  // namespace
}  // namespace leadex::api
