// Random trade histories of one market: whatever happens to the sales, no micro is made or lost,
// and what buyers, generators and the exchange hold together stays what was funded.

#include <gtest/gtest.h>

#include <iostream>
#include <random>
#include <vector>

#include "billing/ledger/ledger.hpp"
#include "billing/settlement/crossing.hpp"
#include "billing/settlement/sale_settlement.hpp"

namespace leadex {
namespace {

constexpr std::int64_t kClearing = 1, kCommission = 2, kFirstCampaign = 100, kFirstGenerator = 200;
constexpr std::int64_t kCampaigns = 3, kGenerators = 2;

struct Sale {
  SaleRoute route;
  SaleMoney money;
  SalePendings pendings;
  BasisPoints holdback_rate;
};

class Trade {
 public:
  explicit Trade(std::uint64_t seed) : random_{seed} {
    open(kClearing, AccountCode::clearing);
    open(kCommission, AccountCode::commission);
    for (std::int64_t n = 0; n < kCampaigns; ++n) open(kFirstCampaign + n, AccountCode::budget);
    for (std::int64_t n = 0; n < kGenerators; ++n) {
      open(pending_of(n), AccountCode::generator_pending);
      open(earned_of(n), AccountCode::generator_earned);
      open(holdback_of_generator(n), AccountCode::generator_holdback);
    }
  }

  void step() {
    switch (below(10)) {
      case 0:
        return fund();
      case 1:
        return remit_some();
      case 2:
      case 3:
      case 4:
        return sell();
      default:
        return touch_sale();
    }
  }

  /// Ends every sale: what is held settles, what is held back is released.
  void finish() {
    for (auto& sale : sales_) {
      if (sale.money.stage == SaleStage::held || sale.money.stage == SaleStage::posted) {
        book(sale, settle_sale(sale.route, sale.money, sale.holdback_rate));
      }
      book(sale, release_holdback(sale.route, sale.money));
    }
  }

  void check() const {
    ASSERT_TRUE(ledger_.balanced());
    std::int64_t sum = 0;
    for (auto const& [number, account] : ledger_.accounts()) {
      sum += account.credits_posted - account.debits_posted;
      if (account.floor_micros) {
        ASSERT_GE(account.available(), *account.floor_micros);
      }
    }
    ASSERT_EQ(sum, 0);
    ASSERT_NO_FATAL_FAILURE(check_by_sales());
  }

  void check_finished() const {
    ASSERT_EQ(ledger_.open_pending_count(), 0U);
    for (std::int64_t n = 0; n < kGenerators; ++n) {
      ASSERT_EQ(available(pending_of(n)), 0);
      ASSERT_EQ(available(holdback_of_generator(n)), 0);
    }
  }

  [[nodiscard]] std::size_t sale_count() const { return sales_.size(); }

 private:
  static std::int64_t pending_of(std::int64_t n) { return kFirstGenerator + 3 * n; }
  static std::int64_t earned_of(std::int64_t n) { return kFirstGenerator + 3 * n + 1; }
  static std::int64_t holdback_of_generator(std::int64_t n) { return kFirstGenerator + 3 * n + 2; }

  std::int64_t below(std::int64_t n) {
    return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(n));
  }

  void open(std::int64_t number, AccountCode code) {
    ASSERT_TRUE(ledger_.open_account({number, code, 0, 0, default_floor_micros(code), 0, 0, 0, 0}));
  }

  [[nodiscard]] std::int64_t available(std::int64_t number) const {
    return ledger_.find(number)->available();
  }

  void fund() {
    std::int64_t const campaign = below(kCampaigns);
    Money const amount{1 + below(5'000)};
    ASSERT_TRUE(
        ledger_.apply({++seq_, 0}, fund_arrives({kClearing, kFirstCampaign + campaign}, amount)));
    funded_.at(static_cast<std::size_t>(campaign)) += amount.micros;
  }

  void remit_some() {
    std::int64_t const generator = below(kGenerators);
    auto const number = earned_of(generator);
    Money const keep{below(50)};
    auto const transfer = remit({number, kClearing}, Money{available(number)}, keep);
    ASSERT_EQ(transfer.has_value(), available(number) > keep.micros);
    if (!transfer) return;
    ASSERT_TRUE(ledger_.apply({++seq_, 0}, *transfer));
    ASSERT_EQ(available(number), keep.micros);
    remitted_.at(static_cast<std::size_t>(generator)) += transfer->amount.micros;
  }

  void sell() {
    std::int64_t const campaign = kFirstCampaign + below(kCampaigns);
    std::int64_t const generator = below(kGenerators);
    CommissionRule rule{BasisPoints{static_cast<std::int32_t>(below(10'001))}, {}, {}};
    if (below(4) == 0) rule.minimum = Money{below(40)};
    auto const price = price_sale(Money{below(400)}, rule);
    SaleRoute const route{static_cast<std::int64_t>(sales_.size()) + 1,
                          0,
                          campaign,
                          pending_of(generator),
                          earned_of(generator),
                          holdback_of_generator(generator),
                          kCommission};
    auto const step = award(route, price);
    TransferRef const first{++seq_, 0};
    auto const booked = ledger_.apply_all(first.batch_seq, 0, bound(step.plan, {}));
    ASSERT_EQ(booked.has_value(),
              price.gross.micros <= budget_before_award(campaign, booked, price));
    if (!booked) {
      ASSERT_EQ(booked.error(), LedgerError::below_floor);
      return;
    }
    BasisPoints const rate{static_cast<std::int32_t>(below(3) == 0 ? 0 : below(10'001))};
    sales_.push_back({route, step.after, pendings_of(first, price), rate});
  }

  std::int64_t budget_before_award(std::int64_t campaign, Result<void, LedgerError> const& booked,
                                   SalePrice const& price) const {
    return available(campaign) + (booked ? price.gross.micros : 0);
  }

  void touch_sale() {
    if (sales_.empty()) return;
    auto& sale =
        sales_.at(static_cast<std::size_t>(below(static_cast<std::int64_t>(sales_.size()))));
    switch (below(6)) {
      case 0:
        return book(sale, void_sale(sale.route, sale.money, VoidCause::withdrawn));
      case 1:
        return book(sale, return_sale(sale.route, sale.money));
      case 2:
        return book(sale, release_holdback(sale.route, sale.money));
      case 3:
      case 4:
        return book(sale, credit_buyer(sale.route, sale.money, Money{below(120)}));
      default:
        return book(sale, settle_sale(sale.route, sale.money, sale.holdback_rate));
    }
  }

  static std::vector<Transfer> bound(TransferPlan const& plan, SalePendings const& pendings) {
    std::vector<Transfer> transfers;
    for (auto const& planned : plan) transfers.push_back(bind(planned, pendings));
    return transfers;
  }

  /// A step that settlement allows is never refused by the ledger.
  void book(Sale& sale, Result<SaleStep, SettlementError> const& step) {
    if (!step) return;
    auto const booked = ledger_.apply_all(++seq_, 0, bound(step->plan, sale.pendings));
    ASSERT_TRUE(booked) << text(booked.error());
    sale.money = step->after;
  }

  /// The balances once more, from the states of the sales alone.
  void check_by_sales() const {
    std::vector<std::int64_t> spent(kCampaigns);
    std::vector<std::int64_t> kept(kGenerators);
    std::vector<std::int64_t> held_back(kGenerators);
    std::int64_t commission = 0;
    for (auto const& sale : sales_) {
      auto const part = kept_part(sale.money);
      auto const generator =
          static_cast<std::size_t>((sale.route.generator_pending - kFirstGenerator) / 3);
      spent.at(static_cast<std::size_t>(sale.route.budget - kFirstCampaign)) += part.gross.micros;
      ASSERT_EQ(part.gross.micros, part.net.micros + part.commission.micros);
      held_back.at(generator) += sale.money.holdback.micros;
      if (sale.money.stage == SaleStage::held) continue;
      kept.at(generator) += part.net.micros;
      commission += part.commission.micros;
    }
    for (std::size_t n = 0; n < spent.size(); ++n) {
      ASSERT_EQ(available(kFirstCampaign + static_cast<std::int64_t>(n)),
                funded_.at(n) - spent.at(n));
    }
    for (std::size_t n = 0; n < kept.size(); ++n) {
      auto const number = static_cast<std::int64_t>(n);
      ASSERT_EQ(available(holdback_of_generator(number)), held_back.at(n));
      ASSERT_EQ(available(pending_of(number)) + available(earned_of(number)) + held_back.at(n) +
                    remitted_.at(n),
                kept.at(n));
    }
    ASSERT_EQ(available(kCommission), commission);
  }

  std::mt19937_64 random_;
  Ledger ledger_;
  std::vector<Sale> sales_;
  std::vector<std::int64_t> funded_ = std::vector<std::int64_t>(kCampaigns);
  std::vector<std::int64_t> remitted_ = std::vector<std::int64_t>(kGenerators);
  std::int64_t seq_{};
};

TEST(TradeHistory, NobodyGainsOrLosesAMicro) {
  std::uint64_t const seed = std::random_device{}();
  std::cout << "seed " << seed << '\n';
  std::size_t sales = 0;
  for (std::uint64_t life = 0; life < 60; ++life) {
    SCOPED_TRACE(testing::Message() << "seed " << seed << " life " << life);
    Trade trade{seed + life};
    for (int step = 0; step < 400; ++step) {
      trade.step();
      if (step % 10 == 0) trade.check();
      if (testing::Test::HasFailure()) return;
    }
    trade.finish();
    trade.check();
    trade.check_finished();
    if (testing::Test::HasFailure()) return;
    sales += trade.sale_count();
  }
  EXPECT_GT(sales, 1000U) << "the histories hardly traded";
}

}  // namespace
}  // namespace leadex
