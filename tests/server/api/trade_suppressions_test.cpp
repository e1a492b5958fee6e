// Buyers' own lists and consents for named companies, through the API's operations.

#include <thread>

#include "server/crypto/bytes.hpp"
#include "server/crypto/hash.hpp"
#include "tests/server/api/trade_harness.hpp"

namespace leadex::api {
namespace {

class TradeSuppressions : public TradeHarness {
 protected:
  static std::string hash_of(std::string const& text) {
    return crypto::hex_encode(crypto::view_of(crypto::sha256(text)));
  }
  static std::string email_of(std::string const& person) { return person + "@example.org"; }
  static std::string emails(std::vector<std::string> const& persons) {
    std::string body = R"({"email_sha256":[)";
    for (auto const& person : persons) {
      if (body.back() != '[') body += ',';
      body += '"' + hash_of(email_of(person)) + '"';
    }
    return body + "]}";
  }
  Reply suppress(Account const& buyer, std::vector<std::string> const& persons) {
    auto done = post("/v1/suppressions", buyer.key, emails(persons));
    EXPECT_EQ(done.status, 200) << done.body;
    return done;
  }
  static std::string gross(Reply const& posted) {
    auto const& sales = posted.find("sales")->GetArray();
    return sales.Empty() ? "none" : amount(sales[0], "gross");
  }
  std::string listing(Account const& buyer) {
    auto const page = get("/v1/listings?market=" + std::string{kMarket}, buyer.key);
    EXPECT_EQ(page.data().Size(), 1U) << page.body;
    return page.data().Empty() ? "" : field(page.data()[0], "id");
  }
  Account company(std::string const& name) {
    auto const made =
        post("/v1/admin/accounts", admin_, R"({"role":"buyer","name":")" + name + R"("})");
    EXPECT_EQ(made.status, 201) << made.body;
    auto const id = made.text("id");
    auto const key = post("/v1/admin/accounts/" + id + "/api-keys", admin_);
    return {id, key.text("key")};
  }
  Reply named_lead(std::string const& person, std::string const& companies) {
    auto body = lead_json(person);
    std::string const text = R"("text":"I agree to be called.")";
    auto const at = body.find(text);
    body.replace(at, text.size(), text + R"(,"companies":)" + companies);
    return post("/v1/leads", generator_.key, body);
  }
};

TEST_F(TradeSuppressions, AreCountedAndNeverGivenBack) {
  auto const empty = get("/v1/suppressions", buyer_.key);
  EXPECT_EQ(empty.number("emails"), 0);
  EXPECT_TRUE(empty.find("since")->IsNull());

  EXPECT_EQ(suppress(buyer_, {"ann", "bob", "ann"}).number("emails"), 2);
  auto upper = hash_of("+12025550123");
  for (auto& c : upper) c = c >= 'a' && c <= 'f' ? static_cast<char>(c - 32) : c;
  auto const phone = R"({"phone_sha256":[")" + upper + R"("]})";
  auto const both = post("/v1/suppressions", buyer_.key, phone);
  ASSERT_EQ(both.status, 200) << both.body;
  EXPECT_EQ(both.number("emails"), 2);
  EXPECT_EQ(both.number("phones"), 1);
  EXPECT_EQ(post("/v1/suppressions", buyer_.key, phone).number("phones"), 1);
  auto const counts = get("/v1/suppressions", buyer_.key);
  EXPECT_EQ(counts.number("emails"), 2);
  EXPECT_FALSE(counts.text("since").empty());
  EXPECT_EQ(counts.body.find(hash_of(email_of("ann"))), std::string::npos);
  EXPECT_EQ(get("/v1/suppressions", other_.key).number("emails"), 0) << "a list is its buyer's own";
  EXPECT_EQ(sql("select count(*) from leadex.suppression where digest = decode('" +
                hash_of(email_of("ann")).substr(0, 32) + "', 'hex')"),
            "0")
      << "what is stored is keyed";

  Ask const once{.method = "POST",
                 .target = "/v1/suppressions",
                 .key = buyer_.key,
                 .body = emails({"eve"}),
                 .idempotency_key = "list-1"};
  EXPECT_EQ(call(once).number("emails"), 3);
  post("/v1/suppressions/release", buyer_.key, once.body);
  auto const again = call(once);
  EXPECT_EQ(again.header("Idempotent-Replayed"), "true");
  EXPECT_EQ(again.number("emails"), 3) << "the first answer";
  EXPECT_EQ(get("/v1/suppressions", buyer_.key).number("emails"), 2);

  auto const gone = post("/v1/suppressions/release", buyer_.key, emails({"ann", "eve"}));
  ASSERT_EQ(gone.status, 200) << gone.body;
  EXPECT_EQ(gone.number("emails"), 1);
  EXPECT_FALSE(gone.text("since").empty());
  post("/v1/suppressions/release", buyer_.key, emails({"bob"}));
  auto const none = post("/v1/suppressions/release", buyer_.key, phone);
  EXPECT_EQ(none.number("emails"), 0);
  EXPECT_EQ(none.number("phones"), 0);
  EXPECT_TRUE(none.find("since")->IsNull());
}

TEST_F(TradeSuppressions, TakeHashesAndNothingElse) {
  for (
      auto const* body :
      {"{}", R"({"email_sha256":[]})", R"({"email_sha256":["ann@example.org"]})",
       R"({"emails":["x"]})",
       R"({"email_sha256":["000000000000000000000000000000000000000000000000000000000000000g"]})"}) {
    EXPECT_EQ(post("/v1/suppressions", buyer_.key, body).status, 422) << body;
    EXPECT_EQ(post("/v1/suppressions/release", buyer_.key, body).status, 422) << body;
  }
  std::vector<std::string> const many(1001, "ann");
  EXPECT_EQ(post("/v1/suppressions", buyer_.key, emails(many)).status, 422);
  EXPECT_EQ(post("/v1/suppressions", generator_.key, emails({"ann"})).status, 403);
  EXPECT_EQ(post("/v1/suppressions", admin_, emails({"ann"})).status, 403);
  EXPECT_EQ(get("/v1/suppressions", generator_.key).status, 403);
  sql_do("insert into leadex.suppression_list values (" +
         sql("select max(tenant_no) from leadex.tenant where role = 'buyer'") +
         ", 9999999, 1, now())");
  auto const full = post("/v1/suppressions", other_.key, emails({"ann"}));
  EXPECT_EQ(full.text("code"), "limit_reached") << full.body;
}

TEST_F(TradeSuppressions, KeepThePersonsNextLeadsFromThatBuyerAlone) {
  deposit(buyer_, "100.00");
  deposit(other_, "100.00");
  campaign(buyer_, "9.00", "50.00");
  campaign(other_, "5.00", "50.00");
  suppress(buyer_, {"ann", "cid"});
  EXPECT_EQ(gross(lead("ann")), "5.00");
  EXPECT_EQ(gross(lead("bob")), "9.00");
  suppress(other_, {"dan"});
  suppress(buyer_, {"dan"});
  auto const nobody = lead("dan");
  EXPECT_EQ(nobody.text("outcome"), "listed");
  EXPECT_EQ(nobody.body.find("suppress"), std::string::npos);

  EXPECT_EQ(post("/v1/suppressions/release", buyer_.key, emails({"cid"})).status, 200);
  EXPECT_EQ(gross(lead("cid")), "9.00");
  expect_true_books();
}

TEST_F(TradeSuppressions, HoldForLeadsThatAreOnlyTried) {
  deposit(buyer_, "100.00");
  campaign(buyer_, "9.00", "50.00");
  auto const issued = platform().transact_now([&](storage::PlatformTx& tx) {
    auto const minted = mint_.mint(storage::KeyKind::test);
    auto row = tx.api_keys().list(ids_.open_as<AccountId>(generator_.id)->no).front();
    row.key_no = tx.next_number(0, storage::NumberKind::api_key);
    row.kind = storage::KeyKind::test;
    row.digest = minted.digest;
    row.shown_first = minted.shown_first;
    row.shown_last = minted.shown_last;
    tx.api_keys().insert(row);
    return minted.text;
  });
  ASSERT_TRUE(issued);
  EXPECT_EQ(post("/v1/leads", *issued, lead_json("ann")).text("outcome"), "sold");
  suppress(buyer_, {"ann"});
  EXPECT_EQ(post("/v1/leads", *issued, lead_json("ann")).text("outcome"), "listed");
}

TEST_F(TradeSuppressions, ReachALeadThatRestsAlready) {
  deposit(buyer_, "100.00");
  deposit(other_, "100.00");
  lead("ann", "CA", 30, R"(,"ask":)" + usd("7.00"));
  auto const id = listing(buyer_);
  auto const bids = "/v1/listings/" + id + "/bids";
  auto const price = R"({"price":)" + usd("3.00") + '}';
  EXPECT_EQ(post(bids, buyer_.key, price).text("outcome"), "standing");
  suppress(buyer_, {"ann"});
  EXPECT_EQ(sql("select state from leadex.listing_bid"), "2") << "its standing bid is gone";
  EXPECT_EQ(post(bids, buyer_.key, R"({"price":)" + usd("9.00") + '}').status, 404);
  auto const bought = post("/v1/purchases", buyer_.key,
                           R"({"market":")" + std::string{kMarket} +
                               R"(","quantity":5,"limit_price":)" + usd("20.00") + '}');
  EXPECT_EQ(bought.number("filled"), 0) << bought.body;
  auto const sweeps = campaign(buyer_, "9.00", "50.00", R"(,"buys_listings":true)");
  auto const why = get("/v1/campaigns/" + sweeps + "/explain?lead_id=" + id, buyer_.key);
  EXPECT_EQ(why.text("reason"), "not_offered") << why.body;
  EXPECT_EQ(sql("select count(*) from leadex.sale"), "0");

  // Taken off again, what came meanwhile stays as it is; to others it is open all the time.
  EXPECT_EQ(post("/v1/suppressions/release", buyer_.key, emails({"ann"})).status, 200);
  EXPECT_EQ(post(bids, buyer_.key, R"({"price":)" + usd("9.00") + '}').status, 404);
  EXPECT_EQ(post(bids, other_.key, R"({"price":)" + usd("9.00") + '}').text("outcome"), "sold");
  expect_true_books();
}

TEST_F(TradeSuppressions, SayWhenAMarketDidNotHearAndMayBeSentAgain) {
  deposit(buyer_, "100.00");
  lead("ann", "CA", 30, R"(,"ask":)" + usd("7.00"));
  auto const bids = "/v1/listings/" + listing(buyer_) + "/bids";
  auto const market = "/v1/admin/markets/" + std::string{kMarket};
  // The market hears of its halt within a beat.
  auto const sent_until = [&](int status) {
    for (int i = 0; i < 300; ++i) {
      auto const sent = post("/v1/suppressions", buyer_.key, emails({"bob"}));
      if (sent.status == status) return;
      std::this_thread::sleep_for(std::chrono::milliseconds{50});
    }
    ADD_FAILURE() << "never " << status;
  };
  ASSERT_EQ(post(market + "/halt", admin_).status, 200);
  sent_until(503);
  auto const unheard = post("/v1/suppressions", buyer_.key, emails({"ann"}));
  EXPECT_EQ(unheard.text("code"), "market_halted") << unheard.body;
  EXPECT_EQ(get("/v1/suppressions", buyer_.key).number("emails"), 2) << "the list has it";
  ASSERT_EQ(post(market + "/resume", admin_).status, 200);
  sent_until(200);
  EXPECT_EQ(sql("select count(*) from leadex.lead_withheld"), "0");
  EXPECT_EQ(suppress(buyer_, {"ann"}).number("emails"), 2);
  EXPECT_EQ(post(bids, buyer_.key, R"({"price":)" + usd("9.00") + '}').status, 404);
}

TEST_F(TradeSuppressions, ANamedConsentReachesTheNamedCompaniesAlone) {
  auto const acme = company("Acme  Insurance");
  deposit(acme, "100.00");
  deposit(buyer_, "100.00");
  auto const kept = named_lead("cid", R"(["Nobody Inc."])");
  ASSERT_EQ(kept.status, 201) << kept.body;
  EXPECT_EQ(kept.text("outcome"), "listed");
  auto const bids = "/v1/listings/" + listing(buyer_) + "/bids";
  EXPECT_EQ(post(bids, buyer_.key, R"({"price":)" + usd("9.00") + '}').status, 404);
  EXPECT_EQ(post(bids, acme.key, R"({"price":)" + usd("9.00") + '}').status, 404);

  campaign(acme, "4.00", "50.00");
  campaign(buyer_, "9.00", "50.00");
  auto const sold = named_lead("ann", R"(["Nobody Inc."," ACME insurance "])");
  ASSERT_EQ(sold.status, 201) << sold.body;
  EXPECT_EQ(gross(sold), "4.00");
  EXPECT_EQ(sql("select count(*) from leadex.lead where resale = 1"), "2");
  EXPECT_EQ(gross(lead("bob")), "9.00");
  auto const contact = get("/v1/sales/" + newest_sale(acme) + "/contact", acme.key);
  EXPECT_EQ(contact.status, 200);

  EXPECT_EQ(named_lead("dan", "[]").status, 422);
  EXPECT_EQ(named_lead("dan", R"([" "])").status, 422);
  EXPECT_EQ(named_lead("dan", R"([")" + std::string(201, 'x') + R"("])").status, 422);
  expect_true_books();
}

}  // namespace
}  // namespace leadex::api
