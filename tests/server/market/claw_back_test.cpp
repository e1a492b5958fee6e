// Claw-backs of settled sales: the money against a plain twin, each order once, replay and reload.

#include <map>
#include <set>
#include <thread>

#include "server/market/replay.hpp"
#include "tests/server/market/market_fixture.hpp"

namespace leadex::market {
namespace {

constexpr std::int64_t kGenerators = 3;
constexpr std::int64_t kBuyers = 3;
constexpr std::int64_t kBudget = 2000 * kUnit;

/// What a sale comes to, in plain numbers.
struct TwinSale {
  std::int64_t buyer{};
  std::int64_t generator{};
  std::int64_t gross{};
  std::int64_t fee{};
  std::int64_t credited{};
};

class ClawBacks : public MarketFixture {
 protected:
  explicit ClawBacks(std::int64_t holdback_us = 3600 * kUnit) : holdback_us_(holdback_us) {}

  [[nodiscard]] MarketRules rules() const override {
    auto rules = MarketRun::rules();
    rules.return_window_us = 0;
    rules.holdback_us = holdback_us_;
    return rules;
  }

  /// `count` leads sold to the desks of the buyers and settled.
  void sell_and_settle(MarketHost& at, int count) {
    for (std::int64_t buyer = 1; buyer <= kBuyers; ++buyer) {
      ASSERT_TRUE(run(at, FundBudget{{buyer, 0}, buyer, kBudget}).has_value());
    }
    for (std::int64_t lead = 1; lead <= count; ++lead) {
      OfferLead offer;
      offer.lead_no = lead;
      offer.generator_no = 101 + lead % kGenerators;
      offer.version = 1;
      offer.reason = "quote";
      offer.ask_micros = kUnit + random_.below(9 * kUnit);
      offer.attributes.resize(3);
      ASSERT_TRUE(run(at, offer).has_value());
      std::int64_t const buyer = 1 + random_.below(kBuyers);
      auto const sold = run(at, PlaceBid{lead, {buyer, 0}, 50 * kUnit, random_.below(2) == 0});
      ASSERT_TRUE(sold.has_value());
      ASSERT_EQ(sold->outcome.sold.size(), 1U);
      auto const& share = sold->outcome.sold[0];
      twin_[{lead, share.slot}] = {buyer, offer.generator_no, share.gross_micros, share.fee_micros,
                                   0};
    }
    ASSERT_TRUE(run(at, Tick{Tick::settlement, 1000}).has_value());
    ASSERT_EQ(number("select count(*) from leadex.sale where state = 2"), count);
  }

  std::int64_t balance(AccountCode code, std::int64_t owner) {
    return number(
        "select coalesce(sum(credits_posted - debits_posted - debits_pending), 0) from "
        "leadex.account where market_id = 7 and code = " +
        std::to_string(static_cast<int>(code)) + " and owner_no = " + std::to_string(owner));
  }

  /// The commission that stays: what goes back of it is pro rata, half to even.
  static std::int64_t kept_fee(TwinSale const& sale) {
    __int128 const product = static_cast<__int128>(sale.fee) * sale.credited;
    auto const floor = static_cast<std::int64_t>(product / sale.gross);
    auto const twice = 2 * (product % sale.gross);
    bool const up = twice > sale.gross || (twice == sale.gross && floor % 2 != 0);
    return sale.fee - floor - (up ? 1 : 0);
  }

  void expect_as_the_twin() {
    std::map<std::int64_t, std::int64_t> budgets;
    std::map<std::int64_t, std::int64_t> kept;  // net by generator
    std::int64_t fees = 0;
    for (auto const& [key, sale] : twin_) {
      auto const left = sale.gross - sale.credited;
      budgets[sale.buyer] += left;
      kept[sale.generator] += left - kept_fee(sale);
      fees += kept_fee(sale);
      EXPECT_EQ(number("select credited from leadex.sale where lead_no = " +
                       std::to_string(key.lead_no) + " and slot = " + std::to_string(key.slot)),
                sale.credited);
    }
    for (std::int64_t buyer = 1; buyer <= kBuyers; ++buyer) {
      EXPECT_EQ(balance(AccountCode::budget, buyer), kBudget - budgets[buyer]) << buyer;
    }
    EXPECT_EQ(balance(AccountCode::commission, 0), fees);
    for (auto const& [generator, net] : kept) {
      EXPECT_EQ(balance(AccountCode::generator_earned, generator) +
                    balance(AccountCode::generator_holdback, generator),
                net);
      EXPECT_EQ(balance(AccountCode::generator_pending, generator), 0);
    }
    EXPECT_EQ(number("select sum(holdback) from leadex.sale"),
              number("select sum(credits_posted - debits_posted) from leadex.account where code = "
                     "5 and market_id = 7"));
    expect_true_books();
  }

  void expect_replay_and_reload(std::unique_ptr<MarketHost> first) {
    auto const before =
        look<std::string>(*first, [](auto const& view) { return view.engine.describe(); });
    first->stop();
    auto const store = storage::make_market_store(database_.app());
    auto const report = replay(*store, kMarket, ReplayScope::decisions);
    ASSERT_TRUE(report.has_value());
    EXPECT_FALSE(report->fault.has_value())
        << report->fault->what << " at " << report->fault->seq << "/" << report->fault->n;
    auto const second = host("second");
    EXPECT_TRUE(run(*second, Tick{0, 1}).has_value());
    EXPECT_EQ(look<std::string>(*second, [](auto const& view) { return view.engine.describe(); }),
              before);
    second->stop();
  }

  /// Random claw-backs of random sales; the twin follows those that were taken.
  void claw_back_at_random(MarketHost& at, int count) {
    for (int i = 0; i < count; ++i) {
      auto entry = twin_.begin();
      std::advance(entry, random_.below(std::ssize(twin_)));
      auto& [key, sale] = *entry;
      auto const left = sale.gross - sale.credited;
      if (left == 0) continue;  // no order is made for a sale that is returned
      auto const amount = random_.below(4) == 0 ? left : 1 + random_.below(left);
      auto const command = order(key, amount);
      auto const done = run(at, command);
      ASSERT_TRUE(done.has_value()) << static_cast<int>(done.error());
      ASSERT_EQ(done->outcome.refusal, Refusal::none);
      sale.credited += amount;
      EXPECT_EQ(done->outcome.micros, sale.credited);
      // The same order again, at once and as a forgetful sender would.
      auto const again = run(at, command);
      ASSERT_TRUE(again.has_value());
      EXPECT_EQ(again->outcome.micros, kNone);
    }
  }

  std::int64_t const holdback_us_;
  std::uint64_t const seed_ = std::random_device{}();
  MarketRun random_{seed_};
  std::map<SaleKey, TwinSale> twin_;
};

/// Where the holdback is released as soon as the market looks, it forgets its sales.
class ClawBacksOfForgottenSales : public ClawBacks {
 protected:
  ClawBacksOfForgottenSales() : ClawBacks(0) {}
};

TEST_F(ClawBacks, FollowAPlainTwinReplayAndReload) {
  SCOPED_TRACE(testing::Message() << "seed " << seed_);
  auto first = host();
  ASSERT_NO_FATAL_FAILURE(sell_and_settle(*first, 25));
  ASSERT_NO_FATAL_FAILURE(claw_back_at_random(*first, 40));
  expect_as_the_twin();
  EXPECT_EQ(number("select count(*) from leadex.claw_back where market_seq is null"), 0);
  EXPECT_GT(number("select count(*) from leadex.sale where state = 3"), 0);
  EXPECT_EQ(number("select count(*) from leadex.transfer where code = 9 and phase <> 0"), 0);
  expect_replay_and_reload(std::move(first));
}

TEST_F(ClawBacksOfForgottenSales, FollowAPlainTwinReplayAndReload) {
  SCOPED_TRACE(testing::Message() << "seed " << seed_);
  auto first = host();
  ASSERT_NO_FATAL_FAILURE(sell_and_settle(*first, 25));
  ASSERT_TRUE(run(*first, Tick{Tick::release_holdback, 1000}).has_value());
  ASSERT_EQ(number("select sum(holdback) from leadex.sale"), 0);
  ASSERT_FALSE(look<bool>(*first, [this](auto const& view) {
    return view.engine.sale(twin_.begin()->first) != nullptr;
  }));
  ASSERT_NO_FATAL_FAILURE(claw_back_at_random(*first, 40));
  expect_as_the_twin();
  expect_replay_and_reload(std::move(first));
}

TEST_F(ClawBacks, AnOrderSentFromManySidesAtOnceIsCarriedOutOnce) {
  auto const first = host();
  ASSERT_NO_FATAL_FAILURE(sell_and_settle(*first, 1));
  auto& [key, sale] = *twin_.begin();
  auto const command = order(key, sale.gross / 2);
  std::vector<std::future<Result<Answer, SubmitError>>> answers;
  for (int i = 0; i < 20; ++i) {
    Submission submission;
    submission.command = command;
    answers.push_back(submit(*first, std::move(submission)));
  }
  int effects = 0;
  for (auto& answer : answers) {
    auto const done = answer.get();
    ASSERT_TRUE(done.has_value());
    if (done->outcome.micros != kNone) ++effects;
  }
  EXPECT_EQ(effects, 1);
  sale.credited = sale.gross / 2;
  expect_as_the_twin();
  first->stop();
}

TEST_F(ClawBacks, NoMoreThanTheSaleHasAndNothingOfOneThatIsNotSettled) {
  auto const first = host();
  ASSERT_NO_FATAL_FAILURE(sell_and_settle(*first, 2));
  auto& [key, sale] = *twin_.begin();
  auto const more = run(*first, order(key, sale.gross + 1));
  ASSERT_TRUE(more.has_value());
  EXPECT_EQ(more->outcome.refusal, Refusal::amount_invalid);
  exec("delete from leadex.claw_back");
  OfferLead offer;
  offer.lead_no = 77;
  offer.generator_no = 101;
  offer.version = 1;
  offer.reason = "quote";
  offer.attributes.resize(3);
  ASSERT_TRUE(run(*first, offer).has_value());
  UpsertCampaign upsert;
  upsert.campaign_no = 1;
  upsert.buyer_no = 1;
  upsert.version = 1;
  upsert.terms.bid_micros = 20 * kUnit;
  upsert.terms.delivery = Delivery::webhook;
  targeting::TextInterner texts;
  auto const schema = targeting::Schema::make(MarketRun::rules().attributes);
  auto const all = targeting::encode(targeting::all_of({}), *schema, texts);
  upsert.terms.targeting.assign(reinterpret_cast<char const*>(all.data()), all.size());
  ASSERT_TRUE(run(*first, upsert).has_value());
  ASSERT_TRUE(run(*first, FundBudget{{1, 1}, 50, 100 * kUnit}).has_value());
  auto const sold = run(*first, PlaceBid{77, {1, 1}, 20 * kUnit, false});
  ASSERT_TRUE(sold.has_value());
  ASSERT_EQ(sold->outcome.sold.size(), 1U);
  auto const early = run(*first, order({77, sold->outcome.sold[0].slot}, kUnit));
  ASSERT_TRUE(early.has_value());
  EXPECT_EQ(early->outcome.refusal, Refusal::sale_not_settled);
  expect_true_books();
  EXPECT_EQ(number("select sum(credited) from leadex.sale"), 0);
  first->stop();
}

TEST_F(ClawBacks, MoneyFromThePlatformCoversAGeneratorOnce) {
  auto const first = host();
  ASSERT_NO_FATAL_FAILURE(sell_and_settle(*first, 6));
  auto& [key, sale] = *twin_.begin();
  auto const generator = sale.generator;
  auto const earned = balance(AccountCode::generator_earned, generator);
  ASSERT_TRUE(run(*first, RemitEarnings{generator, 900, earned}).has_value());
  ASSERT_EQ(balance(AccountCode::generator_earned, generator), 0);
  ASSERT_TRUE(run(*first, order(key, sale.gross)).has_value());
  auto const missing = -balance(AccountCode::generator_earned, generator);
  ASSERT_GT(missing, 0);
  exec(
      "insert into leadex.fund_intent (market_id, intent_no, direction, tenant_no, sub_no, "
      "amount, platform_seq) values (7, 901, 3, " +
      std::to_string(generator) + ", 0, " + std::to_string(missing) + ", 1)");
  for (int i = 0; i < 3; ++i) {
    auto const covered = run(*first, CoverClawBack{generator, 901, missing});
    ASSERT_TRUE(covered.has_value());
    EXPECT_EQ(covered->outcome.refusal, Refusal::none);
  }
  EXPECT_EQ(balance(AccountCode::generator_earned, generator), 0);
  EXPECT_EQ(number("select count(*) from leadex.transfer where code = 9 and lead_no = 0"), 1);
  expect_true_books();
  first->stop();
}

}  // namespace
}  // namespace leadex::market
