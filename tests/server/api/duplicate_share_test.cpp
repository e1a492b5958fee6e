// Shared credit through the API: a duplicate is answered as ever, and its generator gets a part of
// what the earlier lead brings; both read it, nobody learns of the other.

#include <thread>

#include "tests/server/api/trade_harness.hpp"

namespace leadex::api {
namespace {

class SharedCredit : public TradeHarness {
 protected:
  [[nodiscard]] std::string market_more() const override {
    return R"(,"return_window_s":0,"holdback_bp":1000,"holdback_s":3600)";
  }
  void SetUp() override {
    TradeHarness::SetUp();
    newcomer_ = open_account("generator");
    deposit(buyer_, "100.00");
  }
  void set(std::string const& change) {
    auto const done = patch("/v1/admin/markets/" + std::string{kMarket}, admin_, change);
    ASSERT_EQ(done.status, 200) << done.body;
  }
  void share() { set(R"({"duplicate_credit":"shared","split_bp":3000})"); }
  Reply offer(Account const& by, std::string const& person) {
    return post("/v1/leads", by.key, lead_json(person, "CA", 30, R"(,"ask":)" + usd("10.00")));
  }
  /// The only listing, bought from the desk; the sale's id.
  std::string buy() {
    auto const listed = get("/v1/listings?market=" + std::string{kMarket}, buyer_.key);
    EXPECT_EQ(listed.data().Size(), 1U) << listed.body;
    auto const bought = post("/v1/listings/" + field(listed.data()[0], "id") + "/bids", buyer_.key,
                             R"({"price":)" + usd("10.00") + '}');
    EXPECT_EQ(bought.text("outcome"), "sold") << bought.body;
    return bought.text("sale_id");
  }
  void wait_for(std::string const& query, std::string const& wanted) {
    for (int i = 0; i < 400 && sql(query) != wanted; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds{25});
    }
    ASSERT_EQ(sql(query), wanted);
  }
  void settle() { ASSERT_NO_FATAL_FAILURE(wait_for("select min(state) from leadex.sale", "2")); }
  std::string earned(Account const& who) {
    auto const rows = get("/v1/ledger/accounts?code=generator_earned", who.key);
    for (auto const& row : rows.data().GetArray()) {
      if (field(row, "market") == kMarket) return amount(row, "available");
    }
    return "none";
  }
  std::string payable(Account const& who) {
    return amount(get("/v1/earnings", who.key).data()[0], "payable");
  }
  Reply transfers(Account const& who, std::string const& code, std::string const& more = {}) {
    return get("/v1/ledger/transfers?code=" + code + more, who.key);
  }
  std::string part_of(Reply const& sale) {
    auto const* const share = sale.find("duplicate_share");
    return share == nullptr ? "none" : amount(*share, "amount");
  }
  Reply claw_back(std::string const& sale, std::string const& micros) {
    return post("/v1/admin/sales/" + sale + "/claw-back", admin_,
                R"({"amount":)" + usd(micros) + R"(,"reason":"Sold by mistake"})");
  }
  std::string shares() { return sql("select count(*) from leadex.lead_share"); }
  /// The market is taken away from its writer and given back: all is read from the tables.
  void reload() {
    auto const actor = markets_->find(kMarket);
    sql_do("update leadex.market_lease set owner = 'thief'");
    auto const wait = [&](bool ready) {
      for (int i = 0; i < 800 && actor->ready() != ready; ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds{25});
      }
      ASSERT_EQ(actor->ready(), ready);
    };
    ASSERT_NO_FATAL_FAILURE(wait(false));
    sql_do("delete from leadex.market_lease");
    ASSERT_NO_FATAL_FAILURE(wait(true));
  }

  Account newcomer_;
};

TEST_F(SharedCredit, GivesADuplicateItsPartFromTheSettlementToTheClawBack) {
  auto const of_bob = offer(generator_, "bob").text("lead_id");
  auto const plain = offer(newcomer_, "bob");
  ASSERT_EQ(plain.status, 409);
  EXPECT_EQ(post("/v1/leads/" + of_bob + "/withdraw", generator_.key).status, 200);
  share();
  EXPECT_EQ(offer(generator_, "ann").status, 201);
  auto const told = offer(newcomer_, "ann+shop");
  EXPECT_EQ(told.status, 409);
  EXPECT_EQ(told.body, plain.body) << "nothing more than the first rule says";
  EXPECT_EQ(offer(open_account("generator"), "ann").status, 409);
  EXPECT_EQ(offer(newcomer_, "ann").status, 409);
  EXPECT_EQ(offer(generator_, "ann").status, 409);
  EXPECT_EQ(shares(), "1");
  ASSERT_NO_FATAL_FAILURE(reload());

  auto const sale = buy();
  ASSERT_NO_FATAL_FAILURE(settle());
  // 8.50 net less 0.85 held back.
  EXPECT_EQ(earned(generator_), "5.355");
  EXPECT_EQ(earned(newcomer_), "2.295");
  auto const path = "/v1/sales/" + sale;
  EXPECT_EQ(part_of(get(path, generator_.key)), "2.295");
  EXPECT_EQ(part_of(get(path, admin_)), "2.295");
  EXPECT_EQ(part_of(get(path, buyer_.key)), "none");
  EXPECT_EQ(get(path, newcomer_.key).status, 404);
  expect_true_books();

  await(app::remit_earnings({numbers_, ledger_, *markets_, intents_}));
  EXPECT_EQ(payable(newcomer_), "2.295");
  auto const done = claw_back(sale, "3.00");
  ASSERT_EQ(done.status, 201) << done.body;
  // 2.55 of the net: 0.85 was held back, 1.70 had been paid out; 30 % of that is the other's.
  EXPECT_EQ(payable(generator_), "4.165");
  EXPECT_EQ(payable(newcomer_), "1.785");
  EXPECT_EQ(part_of(get(path, generator_.key)), "1.785");
  ASSERT_EQ(claw_back(sale, "7.00").status, 201);
  EXPECT_EQ(payable(generator_), "0.00");
  EXPECT_EQ(payable(newcomer_), "0.00");
  EXPECT_EQ(part_of(get(path, generator_.key)), "0.00");
  EXPECT_EQ(sql("select sum(case code when 13 then amount else -amount end) from leadex.transfer "
                "where code in (13, 14)"),
            "0");
  expect_true_books();
}

TEST_F(SharedCredit, IsReadByBothInTheirTransfersWithoutTheOther) {
  share();
  EXPECT_EQ(offer(generator_, "ann").status, 201);
  EXPECT_EQ(offer(newcomer_, "ann").status, 409);
  auto const sale = buy();
  ASSERT_NO_FATAL_FAILURE(settle());
  ASSERT_EQ(claw_back(sale, "5.00").status, 201);
  auto const of_sale = "&sale_id=" + sale;
  for (std::string const code : {"duplicate_share", "duplicate_share_back"}) {
    bool const given = code == "duplicate_share";
    auto const mine = transfers(generator_, code, of_sale);
    ASSERT_EQ(mine.data().Size(), 1U) << mine.body;
    auto const theirs = transfers(newcomer_, code);
    ASSERT_EQ(theirs.data().Size(), 1U) << theirs.body;
    EXPECT_EQ(amount(mine.data()[0], "amount"), given ? "2.295" : "1.02");
    EXPECT_EQ(amount(theirs.data()[0], "amount"), given ? "2.295" : "1.02");
    auto const all = transfers({.id = {}, .key = admin_}, code, of_sale);
    ASSERT_EQ(all.data().Size(), 1U);
    auto const debit = field(all.data()[0], "debit_account");
    auto const credit = field(all.data()[0], "credit_account");
    EXPECT_NE(debit, credit);
    EXPECT_EQ(field(mine.data()[0], "debit_account") == debit, given);
    EXPECT_EQ(field(mine.data()[0], "credit_account") == credit, !given);
    EXPECT_EQ(field(theirs.data()[0], "debit_account") == debit, !given);
    EXPECT_EQ(field(theirs.data()[0], "credit_account") == credit, given);
    EXPECT_EQ(transfers(buyer_, code, of_sale).data().Size(), 0U);
    EXPECT_EQ(transfers(newcomer_, code, of_sale).data().Size(), 0U) << "no sale of its own";
  }
}

TEST_F(SharedCredit, IsNothingToTheBuyerAlsoInTheFileOfADispute) {
  share();
  set(R"({"return_window_s":3})");
  EXPECT_EQ(offer(generator_, "ann").status, 201);
  EXPECT_EQ(offer(newcomer_, "ann").status, 409);
  auto const sale = buy();
  auto const opened = post("/v1/sales/" + sale + "/returns", buyer_.key,
                           R"({"reason":"disconnected_number","note":"Nobody there"})");
  ASSERT_EQ(opened.status, 201) << opened.body;
  auto const contested = post("/v1/returns/" + opened.text("id") + "/contest", generator_.key,
                              R"({"note":"It rang yesterday"})");
  ASSERT_EQ(contested.status, 201) << contested.body;
  auto const file = "/v1/disputes/" + contested.text("id");
  auto const decided =
      post("/v1/admin" + file.substr(3) + "/decide", admin_,
           R"({"decision":"partial","amount":)" + usd("4.00") + R"(,"reason":"Half way"})");
  ASSERT_EQ(decided.status, 200) << decided.body;
  auto const before = get(file, buyer_.key);
  ASSERT_EQ(before.status, 200) << before.body;
  ASSERT_NO_FATAL_FAILURE(settle());
  EXPECT_EQ(get(file, buyer_.key).find("transfers")->Size(), before.find("transfers")->Size());
  // 5.10 net is left, of which 0.51 is held back.
  EXPECT_EQ(part_of(get("/v1/sales/" + sale, generator_.key)), "1.377");
  EXPECT_EQ(earned(newcomer_), "1.377");
  EXPECT_EQ(earned(generator_), "3.213");
  EXPECT_EQ(transfers(generator_, "duplicate_share", "&sale_id=" + sale).data().Size(), 1U);
  expect_true_books();
}

TEST_F(SharedCredit, ComesTooLateAfterASettlementAndToNothingByAReturn) {
  share();
  EXPECT_EQ(offer(generator_, "ann").status, 201);
  buy();
  ASSERT_NO_FATAL_FAILURE(settle());
  EXPECT_EQ(offer(newcomer_, "ann").status, 409);
  EXPECT_EQ(shares(), "0");
  EXPECT_EQ(earned(generator_), "7.65");

  set(R"({"return_window_s":3600})");
  EXPECT_EQ(offer(generator_, "bob").status, 201);
  std::string sale;
  auto const page = get("/v1/listings?market=" + std::string{kMarket}, buyer_.key);
  for (auto const& listed : page.data().GetArray()) {
    auto const bought = post("/v1/listings/" + field(listed, "id") + "/bids", buyer_.key,
                             R"({"price":)" + usd("10.00") + '}');
    if (bought.status == 201) sale = bought.text("sale_id");
  }
  EXPECT_EQ(offer(newcomer_, "bob").status, 409);
  EXPECT_EQ(shares(), "1") << "sold, and not settled";
  EXPECT_EQ(part_of(get("/v1/sales/" + sale, generator_.key)), "0.00");
  auto const opened = post("/v1/sales/" + sale + "/returns", buyer_.key,
                           R"({"reason":"disconnected_number","note":"Nobody there"})");
  ASSERT_EQ(opened.status, 201) << opened.body;
  ASSERT_EQ(post("/v1/returns/" + opened.text("id") + "/accept", generator_.key).status, 200);
  EXPECT_EQ(earned(newcomer_), "none");
  EXPECT_EQ(earned(generator_), "7.65");
  EXPECT_EQ(sql("select count(*) from leadex.transfer where code in (13, 14)"), "0");
  expect_true_books();
}

TEST_F(SharedCredit, HoldsForThePostBehindAPing) {
  share();
  set(R"({"return_window_s":3600})");
  campaign(buyer_, "10.00", "60.00");
  EXPECT_EQ(offer(generator_, "ann").text("outcome"), "sold");
  auto const pinged = post("/v1/pings", newcomer_.key,
                           R"({"market":")" + std::string{kMarket} +
                               R"(","attributes":{"state":"CA","age":30},"source":{"vehicle":)" +
                               R"("web_form","reason":"quote"}})");
  ASSERT_EQ(pinged.text("outcome"), "matched") << pinged.body;
  auto body = lead_json("ann");
  auto const market = R"("market":")" + std::string{kMarket} + R"(",)";
  body.erase(body.find(market), market.size());
  auto const told = post("/v1/pings/" + pinged.text("ping_id") + "/post", newcomer_.key, body);
  EXPECT_EQ(told.status, 409) << told.body;
  EXPECT_EQ(told.text("code"), "duplicate");
  EXPECT_EQ(shares(), "1");
}

TEST_F(SharedCredit, NeedsASplitAndIsTheOnlyRuleThatHasOne) {
  auto const refused = [&](std::string const& change) {
    auto const reply = patch("/v1/admin/markets/" + std::string{kMarket}, admin_, change);
    EXPECT_EQ(reply.status, 422) << reply.body;
    auto const* const errors = reply.find("errors");
    return errors == nullptr || errors->Size() == 0
               ? ""
               : field((*errors)[0], "pointer") + ' ' + field((*errors)[0], "code");
  };
  EXPECT_EQ(refused(R"({"duplicate_credit":"shared"})"), "/split_bp required");
  EXPECT_EQ(refused(R"({"split_bp":3000})"), "/split_bp not_supported");
  EXPECT_EQ(refused(R"({"duplicate_credit":"last","split_bp":3000})"), "/split_bp not_supported");
  refused(R"({"duplicate_credit":"shared","split_bp":0})");
  refused(R"({"duplicate_credit":"shared","split_bp":10000})");
  share();
  auto const shown = get("/v1/markets/" + std::string{kMarket}, buyer_.key);
  EXPECT_EQ(shown.text("duplicate_credit"), "shared");
  EXPECT_EQ(shown.number("split_bp"), 3000);
  set(R"({"split_bp":2500})");
  set(R"({"duplicate_credit":"first"})");
  EXPECT_EQ(get("/v1/markets/" + std::string{kMarket}, buyer_.key).find("split_bp"), nullptr);
  auto const made =
      post("/v1/admin/markets", admin_,
           market_json("home-insurance.us.usd", R"(,"duplicate_credit":"shared","split_bp":1)"));
  EXPECT_EQ(made.status, 201) << made.body;
}

}  // namespace
}  // namespace leadex::api
