// Persons that come twice, through the API: spellings of one mailbox, the setting that says whose
// lead counts, and markets of one group.

#include "server/crypto/bytes.hpp"
#include "server/crypto/hash.hpp"
#include "tests/server/api/trade_harness.hpp"

namespace leadex::api {
namespace {

class Duplicates : public TradeHarness {
 protected:
  void SetUp() override {
    TradeHarness::SetUp();
    newcomer_ = open_account("generator");
  }
  /// Of example.org: the tag says nothing, dots do.
  Reply offer(Account const& by, std::string const& person, std::string const& market = kMarket) {
    auto body = lead_json(person);
    body.replace(body.find(kMarket), std::string_view{kMarket}.size(), market);
    return post("/v1/leads", by.key, body);
  }
  /// The outcome of a ping in the first market.
  std::string ping(Account const& by, std::string const& person) {
    auto const hash = crypto::hex_encode(crypto::view_of(crypto::sha256(person + "@example.org")));
    auto const told = post(
        "/v1/pings", by.key,
        R"({"market":")" + std::string{kMarket} +
            R"(","attributes":{"state":"CA","age":30},"source":{"vehicle":)" +
            R"("web_form","reason":"quote"},"contact_hashes":{"email_sha256":")" + hash + R"("}})");
    EXPECT_EQ(told.status, 200) << told.body;
    return told.text("outcome");
  }
  void set(std::string const& market, std::string const& change) {
    auto const done = patch("/v1/admin/markets/" + market, admin_, change);
    ASSERT_EQ(done.status, 200) << done.body;
  }
  std::string state_of(std::string const& lead_id) {
    auto const id = ids_.open_as<LeadId>(lead_id);
    return id ? sql("select state from leadex.lead where market_id = " +
                    std::to_string(id->market) + " and lead_no = " + std::to_string(id->no))
              : "";
  }

  Account newcomer_;
};

TEST_F(Duplicates, ATagMakesNoOtherPersonWhicheverComesFirst) {
  EXPECT_EQ(offer(generator_, "ann+shop").status, 201);
  auto const again = offer(newcomer_, "ann");
  EXPECT_EQ(again.status, 409);
  EXPECT_EQ(again.text("code"), "duplicate");
  EXPECT_EQ(offer(generator_, "bob").status, 201);
  EXPECT_EQ(offer(newcomer_, "bob+x").status, 409);
  EXPECT_EQ(offer(newcomer_, "b.ob").status, 201) << "no provider that ignores dots";
}

TEST_F(Duplicates, TheNewerLeadIsListedWhereTheMarketSaysLast) {
  set(kMarket, R"({"duplicate_credit":"last"})");
  EXPECT_EQ(get("/v1/markets/" + std::string{kMarket}, buyer_.key).text("duplicate_credit"),
            "last");
  auto const first = offer(generator_, "ann").text("lead_id");
  auto const second = offer(newcomer_, "ann+shop");
  ASSERT_EQ(second.status, 201) << second.body;
  EXPECT_EQ(second.text("outcome"), "listed");
  EXPECT_EQ(state_of(first), "3") << "withdrawn";
  EXPECT_EQ(state_of(second.text("lead_id")), "1");
  auto const listed = get("/v1/listings?market=" + std::string{kMarket}, buyer_.key);
  EXPECT_EQ(listed.data().Size(), 1U) << listed.body;
  EXPECT_EQ(offer(newcomer_, "ann").status, 409) << "its own newer one is none";

  deposit(buyer_, "100.00");
  campaign(buyer_, "5.00", "50.00");
  EXPECT_EQ(offer(generator_, "bob").text("outcome"), "sold");
  EXPECT_EQ(offer(newcomer_, "bob").status, 409) << "never after a sale";
  expect_true_books();
}

TEST_F(Duplicates, ALateChangeOfTheSettingHoldsFromThenOn) {
  auto const first = offer(generator_, "ann").text("lead_id");
  EXPECT_EQ(offer(newcomer_, "ann").status, 409);
  set(kMarket, R"({"duplicate_credit":"last"})");
  EXPECT_EQ(offer(newcomer_, "ann").status, 201);
  EXPECT_EQ(state_of(first), "3");
  set(kMarket, R"({"duplicate_credit":"first"})");
  EXPECT_EQ(offer(generator_, "ann").status, 409);
}

TEST_F(Duplicates, MarketsOfOneGroupKnowEachOthersPersons) {
  std::string const other = "home-insurance.us.usd";
  ASSERT_EQ(
      post("/v1/admin/markets", admin_, market_json(other, R"(,"dedupe_group":"us-insurance")"))
          .status,
      201);
  EXPECT_EQ(offer(generator_, "ann").status, 201);
  EXPECT_EQ(offer(newcomer_, "ann", other).status, 201) << "alone in its group";
  EXPECT_EQ(offer(newcomer_, "bob", other).status, 201);
  set(kMarket, R"({"dedupe_group":"us-insurance"})");
  EXPECT_EQ(offer(generator_, "bob+x").status, 409) << "known before the market joined";
  EXPECT_EQ(offer(generator_, "cid").status, 201);
  EXPECT_EQ(offer(newcomer_, "cid", other).status, 409);
  EXPECT_EQ(ping(generator_, "bob"), "unmatched") << "another's in a market of the group";
  EXPECT_EQ(ping(newcomer_, "bob"), "duplicate") << "its own there";
  set(kMarket, R"({"dedupe_group":""})");
  EXPECT_EQ(offer(generator_, "bob").status, 201) << "it left";
  EXPECT_EQ(sql("select count(*) from leadex.group_hold"), "1") << "of bob+x, until it lapses";
}

TEST_F(Duplicates, AGroupHasAPlainName) {
  EXPECT_EQ(patch("/v1/admin/markets/" + std::string{kMarket}, admin_,
                  R"({"dedupe_group":"US Insurance"})")
                .status,
            422);
}

}  // namespace
}  // namespace leadex::api
