// Findings about returns: more than of others, or of leads that were won all the same.

#include <thread>

#include "tests/server/api/findings_harness.hpp"

namespace leadex::api {
namespace {

TEST_F(Findings, ABuyerThatReturnsMoreThanOthersOfTheSameGeneratorsGetsACase) {
  auto const poor = open_account("generator");
  // Two periods of ninety days, whichever is the last whose returns are all decided. The honest
  // buyers return the poor generator's leads often; one of them buys hardly any others.
  auto const last = today_ / 90 * 90;
  std::vector<MadeSale> sales;
  auto const buy = [&](Account const& buyer, Account const& from, std::int64_t day, int leads,
                       double returned) {
    for (int i = 0; i < leads; ++i) {
      sales.push_back({.buyer_no = number_of(buyer),
                       .generator_no = number_of(from),
                       .model = 0,
                       .day = day,
                       .returned = unit() < returned});
    }
  };
  for (auto day = last - 180; day < last; ++day) {
    buy(buyer_, poor, day, 4, 0.3);
    buy(buyer_, generator_, day, 1, 0.05);
    buy(third_, poor, day, 2, 0.3);
    buy(third_, generator_, day, 4, 0.05);
    buy(other_, generator_, day, 3, 0.3);
    buy(other_, poor, day, 1, 0.5);
  }
  made_->add(sales);
  ASSERT_EQ(round(), 1);
  auto const page = list("kind=returns_above_mix&buyer=" + other_.id);
  ASSERT_EQ(page.data().Size(), 1U) << page.body;
  auto const& found = page.data()[0];
  EXPECT_EQ(number(found, "counted"), 360);
  EXPECT_GT(number(found, "rate_low_ppm"), number(found, "reference_ppm"));
  EXPECT_EQ(list("buyer=" + buyer_.id).data().Size(), 0U) << "it buys what all return";
  EXPECT_EQ(round(), 0);
  ASSERT_EQ(decide(field(found, "id")).status, 200);
  EXPECT_EQ(round(), 0) << "a period is judged once";
}

TEST_F(Findings, ReturnsOfLeadsAreNotComparedWithThoseOfUnlikeSales) {
  auto const fourth = open_account("buyer");
  std::vector<MadeSale> sales;
  buy_leads(sales, buyer_, 0.3, {.model = 0});
  // Who pays by conversions need not return what comes to nothing.
  buy_leads(sales, other_, 0.02, {.model = 1});
  buy_leads(sales, third_, 0.02, {.model = 0, .exclusive = false});
  buy_leads(sales, fourth, 0.02, {.model = 0, .relisted_seq = 1});
  made_->add(sales);
  EXPECT_EQ(round(), 0) << list().body;
}

TEST_F(Findings, ReturnsThatTheExchangeProvedAreNobodysClaims) {
  std::vector<MadeSale> sales;
  buy_leads(sales, buyer_, 0.05, {.model = 0});
  buy_leads(sales, other_, 0.05, {.model = 0});
  buy_leads(sales, third_, 0.3, {.model = 0, .ruling = 1});
  made_->add(sales);
  EXPECT_EQ(round(), 0) << list().body;
}

TEST_F(Findings, APeriodIsJudgedOnceWhenAllItsReturnsAreDecided) {
  std::vector<MadeSale> sales;
  buy_leads(sales, buyer_, 0.05, {.model = 0});
  buy_leads(sales, third_, 0.05, {.model = 0});
  buy_leads(sales, other_, 0.3, {.model = 0});
  sales.push_back({.buyer_no = number_of(buyer_),
                   .generator_no = number_of(generator_),
                   .model = 0,
                   .day = last_period() + 80,
                   .returned = true,
                   .state = 1,
                   .return_state = 2});
  made_->add(sales);
  EXPECT_EQ(round(), 0) << "a dispute is open";
  auto const judged = [&] {
    return sql("select count(*) from leadex.judged_period where from_day = " +
               std::to_string(last_period()));
  };
  EXPECT_EQ(judged(), "0");
  sql_do("update leadex.return_case set state = 3 where state = 2");
  EXPECT_EQ(round(), 0) << "its sale is not settled";
  sql_do("update leadex.sale set state = 2 where state = 1");
  EXPECT_EQ(round(), 1);
  EXPECT_EQ(judged(), "1");
  forget_findings();
  EXPECT_EQ(round(), 0) << "chance had its one try";
  EXPECT_THROW(sql_do("delete from leadex.judged_period"), pqxx::sql_error);
}

TEST_F(Findings, LeadsThatWereReturnedAndWonAreFoundByLeadAndByPerson) {
  cpa_campaign(buyer_);
  // Its systems told of the conversion that its return ended.
  auto const own = lead("ann").text("lead_id");
  tell(own, "a");
  give_back(newest_sale(buyer_), "bogus");
  // It rejected that one before.
  tell(lead("bob").text("lead_id"), "b");
  auto const waiting = get("/v1/conversions?status=pending", buyer_.key);
  ASSERT_EQ(waiting.data().Size(), 1U) << waiting.body;
  post("/v1/conversions/" + field(waiting.data()[0], "id") + "/reject", buyer_.key);
  give_back(newest_sale(buyer_), "bogus");
  // The same person came again, once with a lead that the buyer had called a duplicate.
  auto const gone = lead("cid").text("lead_id");
  give_back(newest_sale(buyer_), "wrong_number");
  lead("dan");
  give_back(newest_sale(buyer_), "duplicate");
  std::this_thread::sleep_for(std::chrono::milliseconds{1100});
  auto const won = lead("cid").text("lead_id");
  ASSERT_EQ(convert(won, "c").status, 201);
  ASSERT_EQ(convert(lead("dan").text("lead_id"), "d").status, 201);
  lead("eve");

  EXPECT_EQ(round(), 2);
  auto const page = list();
  ASSERT_EQ(page.data().Size(), 2U) << page.body;
  std::map<std::string, std::string> pairs;
  for (auto const& found : page.data().GetArray()) {
    EXPECT_EQ(field(found, "kind"), "returned_then_converted");
    EXPECT_EQ(field(found, "buyer_id"), buyer_.id);
    EXPECT_EQ(field(found, "generator_id"), generator_.id);
    pairs[field(found, "lead_id")] = field(found, "converted_lead_id");
    bool const told = field(found, "statement").find("its systems told of") != std::string::npos;
    EXPECT_EQ(told, field(found, "lead_id") == own) << "the other one it reported itself";
  }
  EXPECT_EQ(pairs, (std::map<std::string, std::string>{{own, own}, {gone, won}}));
  EXPECT_EQ(round(), 0);
  for (auto const& found : page.data().GetArray()) {
    EXPECT_EQ(decide(field(found, "id"), R"({"upheld":true})").status, 200);
  }
  EXPECT_EQ(round(), 0) << "a lead is one case, whatever was decided";
  // Without contacts only the lead itself tells.
  forget_findings();
  sql_do("delete from leadex.lead_key");
  EXPECT_EQ(round(), 1);
  EXPECT_EQ(field(list().data()[0], "lead_id"), own);
  expect_true_books();
}

}  // namespace
}  // namespace leadex::api
