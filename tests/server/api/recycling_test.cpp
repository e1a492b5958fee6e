// Leads that rest and are listed again: looked up, let go or dropped, shown to their generator.

#include <thread>

#include "server/api/v1/intake_services.hpp"
#include "server/crypto/hash.hpp"
#include "server/storage/postgres/lot_store.hpp"
#include "tests/server/api/trade_harness.hpp"

namespace leadex::api {
namespace {

class Recycling : public TradeHarness {
 protected:
  [[nodiscard]] std::string market_more() const override {
    return R"(,"dedupe_s":2,"return_ceiling_bp":10000,"listing":{"ask":{"amount":"8.00","currency":"USD"},)"
           R"("ttl_s":1,"auction_s":1},"recycling":{"rounds_max":1,"rest_s":1,"price_bp":5000})";
  }
  void SetUp() override {
    TradeHarness::SetUp();
    context_.intake = &intake_;
  }
  /// Waits until the lead's row says so.
  void await_state(int state) {
    auto const query = "select count(*) from leadex.lead where state = " + std::to_string(state);
    for (int i = 0; i < 200 && sql(query) == "0"; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds{50});
    }
    ASSERT_NE(sql(query), "0");
  }
  void await_rest() {
    std::string const due =
        "select count(*) from leadex.lead_rest where due_us < extract(epoch from "
        "clock_timestamp()) * 1000000";
    for (int i = 0; i < 200 && sql(due) == "0"; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds{50});
    }
    ASSERT_NE(sql(due), "0");
  }
  std::int64_t recycle() { return await(intake_.recycler.run(context_.now())); }
  Reply listings() { return get("/v1/listings?market=" + std::string{kMarket}, buyer_.key); }
  Reply rounds(std::string const& lead) {
    return get("/v1/leads/" + lead + "/rounds", generator_.key);
  }

  storage::postgres::PostgresLotStore lots_{sql_, ring_};
  IntakeServices intake_{
      {lots_, numbers_, ring_, *markets_}, {}, {}, [] {
        return std::chrono::time_point_cast<Micros>(std::chrono::system_clock::now());
      }};
};

TEST_F(Recycling, AnUnsoldLeadIsListedAgainAtALowerAskOnce) {
  auto const id = lead("ann").text("lead_id");
  EXPECT_EQ(recycle(), 0);
  ASSERT_NO_FATAL_FAILURE(await_state(4));
  EXPECT_EQ(recycle(), 0) << "it has to rest first";
  ASSERT_EQ(rounds(id).data().Size(), 1U);
  EXPECT_EQ(field(rounds(id).data()[0], "status"), "resting");
  ASSERT_NO_FATAL_FAILURE(await_rest());
  EXPECT_EQ(recycle(), 1);
  EXPECT_EQ(recycle(), 0);
  auto const page = listings();
  ASSERT_EQ(page.data().Size(), 1U) << page.body;
  EXPECT_EQ(amount(page.data()[0], "ask"), "4.00");
  auto const told = rounds(id);
  ASSERT_EQ(told.data().Size(), 1U) << told.body;
  EXPECT_EQ(field(told.data()[0], "ended"), "unsold");
  EXPECT_EQ(field(told.data()[0], "status"), "listed_again");
  EXPECT_EQ(get("/v1/leads/" + id + "/rounds", buyer_.key).status, 403);
  ASSERT_NO_FATAL_FAILURE(await_state(4));
  EXPECT_EQ(rounds(id).data().Size(), 1U) << "one round more is all this market allows";
}

TEST_F(Recycling, AReturnedLeadGoesToAnotherBuyerAndTheBooksAreTrue) {
  deposit(buyer_, "100.00");
  deposit(other_, "100.00");
  campaign(buyer_, "10.00", "50.00", R"(,"exclusivity":"exclusive")");
  ASSERT_EQ(lead("ann").text("outcome"), "sold");
  auto const sale = newest_sale(buyer_);
  auto const opened =
      post("/v1/sales/" + sale + "/returns", buyer_.key, R"({"reason":"out_of_area"})");
  ASSERT_EQ(opened.status, 201) << opened.body;
  auto const accepted = post("/v1/returns/" + opened.text("id") + "/accept", generator_.key, "{}");
  ASSERT_EQ(accepted.status, 200) << accepted.body;
  campaign(other_, "9.00", "50.00", R"(,"exclusivity":"exclusive")");
  ASSERT_NO_FATAL_FAILURE(await_rest());
  EXPECT_EQ(recycle(), 1);
  EXPECT_EQ(get("/v1/sales", buyer_.key).data().Size(), 1U) << "who had it is not asked again";
  ASSERT_EQ(get("/v1/sales", other_.key).data().Size(), 1U);
  EXPECT_EQ(amount(get("/v1/sales", other_.key).data()[0], "gross"), "9.00");
  expect_true_books();
}

TEST_F(Recycling, ASharedLeadComesBackShared) {
  auto const set =
      patch("/v1/admin/markets/" + std::string{kMarket}, admin_,
            R"({"duplicate_credit":"shared","split_bp":3000,"return_window_s":3,"dedupe_s":60})");
  ASSERT_EQ(set.status, 200) << set.body;
  auto const newcomer = open_account("generator");
  deposit(buyer_, "100.00");
  deposit(other_, "100.00");
  campaign(buyer_, "10.00", "50.00", R"(,"exclusivity":"exclusive")");
  ASSERT_EQ(lead("ann").text("outcome"), "sold");
  EXPECT_EQ(post("/v1/leads", newcomer.key, lead_json("ann")).status, 409);
  auto const opened = post("/v1/sales/" + newest_sale(buyer_) + "/returns", buyer_.key,
                           R"({"reason":"out_of_area"})");
  ASSERT_EQ(opened.status, 201) << opened.body;
  ASSERT_EQ(post("/v1/returns/" + opened.text("id") + "/accept", generator_.key, "{}").status, 200);
  campaign(other_, "9.00", "50.00", R"(,"exclusivity":"exclusive")");
  ASSERT_NO_FATAL_FAILURE(await_rest());
  ASSERT_EQ(recycle(), 1);
  std::string const settled = "select count(*) from leadex.sale where state = 2";
  for (int i = 0; i < 200 && sql(settled) == "0"; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds{50});
  }
  // 7.65 net, of which 0.765 is held back.
  EXPECT_EQ(sql("select amount from leadex.transfer where code = 13"), "2065500");
  EXPECT_EQ(sql("select count(*) from leadex.transfer where code = 14"), "0");
  expect_true_books();
}

TEST_F(Recycling, ALeadListedInALaterRoundAloneHasNoFirstListing) {
  deposit(buyer_, "100.00");
  campaign(buyer_, "10.00", "50.00", R"(,"exclusivity":"exclusive")");
  ASSERT_EQ(lead("ann").text("outcome"), "sold");
  auto const opened = post("/v1/sales/" + newest_sale(buyer_) + "/returns", buyer_.key,
                           R"({"reason":"out_of_area"})");
  ASSERT_EQ(opened.status, 201) << opened.body;
  ASSERT_EQ(post("/v1/returns/" + opened.text("id") + "/accept", generator_.key, "{}").status, 200);
  ASSERT_NO_FATAL_FAILURE(await_rest());
  EXPECT_EQ(recycle(), 1);
  ASSERT_EQ(listings().data().Size(), 1U);
  EXPECT_EQ(
      sql("select round || ' ' || (listed_us > 0) || ' ' || first_listed_us from leadex.lead"),
      "1 true 0");
}

TEST_F(Recycling, WhatStandsAgainstALeadDropsIt) {
  auto const revoked = lead("ann").text("lead_id");
  auto const erased = lead("bob").text("lead_id");
  auto const withdrawn = lead("cid").text("lead_id");
  auto const taken = lead("dan").text("lead_id");
  for (int i = 0; i < 200 && sql("select count(*) from leadex.lead_rest") != "4"; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds{50});
  }
  auto const number = [&](int place) {
    return "(select lead_no from leadex.lead order by lead_no offset " + std::to_string(place) +
           " limit 1)";
  };
  sql_do("update leadex.lead set revoked_at = now() where lead_no = " + number(0));
  sql_do("delete from leadex.lead_key where lead_no = " + number(1));
  auto const off = call(
      {.method = "POST", .target = "/v1/leads/" + withdrawn + "/withdraw", .key = generator_.key});
  EXPECT_EQ(off.status, 200) << off.body;
  auto const again = call(
      {.method = "POST", .target = "/v1/leads/" + withdrawn + "/withdraw", .key = generator_.key});
  EXPECT_EQ(again.status, 200) << again.body;
  // Past the look-back window of two seconds the person may be sold anew, and was.
  std::this_thread::sleep_for(std::chrono::milliseconds{2100});
  auto const anew = lead("dan").text("lead_id");
  ASSERT_NO_FATAL_FAILURE(await_rest());
  EXPECT_EQ(recycle(), 0);
  for (auto const& id : {revoked, erased, withdrawn, taken}) {
    EXPECT_EQ(field(rounds(id).data()[0], "status"), "dropped") << id;
  }
  EXPECT_NE(anew, taken);
}

TEST_F(Recycling, ABuyersOwnListHoldsForLeadsThatComeBack) {
  deposit(buyer_, "100.00");
  lead("ann");
  ASSERT_NO_FATAL_FAILURE(await_state(4));
  auto const hash = crypto::hex_encode(crypto::view_of(crypto::sha256("ann@example.org")));
  auto const listed = post("/v1/suppressions", buyer_.key, R"({"email_sha256":[")" + hash + "\"]}");
  ASSERT_EQ(listed.status, 200) << listed.body;
  campaign(buyer_, "10.00", "50.00");
  ASSERT_NO_FATAL_FAILURE(await_rest());
  EXPECT_EQ(recycle(), 1);
  EXPECT_EQ(sql("select count(*) from leadex.sale"), "0");
  EXPECT_EQ(sql("select count(*) from leadex.lead_withheld"), "1") << "a reload knows it too";
}

}  // namespace
}  // namespace leadex::api
