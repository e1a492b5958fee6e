// Changed rows: the chain and the ledger check name the first bad batch.

#include "server/market/replay.hpp"
#include "tests/server/market/market_fixture.hpp"

namespace leadex::market {
namespace {

TEST_F(MarketFixture, TheChainNamesTheFirstChangedRow) {
  {
    auto const first = host();
    for (std::int64_t i = 1; i <= 8; ++i) {
      ASSERT_TRUE(run(*first, FundBudget{{1, 0}, i, 10 * kUnit}).has_value());
    }
    first->stop();
  }
  auto const store = storage::make_market_store(database_.app());
  auto const fault = [&] { return replay(*store, kMarket, ReplayScope::chain)->fault; };
  EXPECT_FALSE(fault().has_value());
  auto const seq = number("select max(batch_seq) - 3 from leadex.transfer where market_id = 7");
  auto const planted = [&](std::string const& statement) {
    exec("alter table leadex.transfer disable trigger all");
    exec(statement);
    exec("alter table leadex.transfer enable trigger all");
  };
  auto const at = std::to_string(seq);
  planted("update leadex.transfer set amount = amount + 1 where market_id = 7 and batch_seq = " +
          at);
  ASSERT_TRUE(fault().has_value());
  EXPECT_EQ(fault()->seq, seq);
  planted("update leadex.transfer set amount = amount - 1 where market_id = 7 and batch_seq = " +
          at);
  EXPECT_FALSE(fault().has_value());
  planted("delete from leadex.transfer where market_id = 7 and batch_seq = " + at);
  ASSERT_TRUE(fault().has_value());
  EXPECT_EQ(fault()->seq, seq);
}

TEST_F(MarketFixture, TheChainNamesAnEndThatWasCutOffAndAnOwnerWhoHadBeenSucceeded) {
  std::vector<std::int64_t> epochs;
  for (auto const* process : {"first", "second"}) {
    auto const owner = host(process);
    auto const intent = static_cast<std::int64_t>(epochs.size()) * 2;
    ASSERT_TRUE(run(*owner, FundBudget{{1, 0}, intent + 1, 10 * kUnit}).has_value());
    ASSERT_TRUE(run(*owner, FundBudget{{1, 0}, intent + 2, 10 * kUnit}).has_value());
    epochs.push_back(number("select epoch from leadex.market_head where market_id = 7"));
    owner->stop();
  }
  auto const store = storage::make_market_store(database_.app());
  auto const whole = replay(*store, kMarket, ReplayScope::chain);
  ASSERT_TRUE(whole.has_value() && !whole->fault.has_value());
  EXPECT_EQ(whole->epoch, epochs.back());
  auto const last = whole->batches;
  EXPECT_EQ(whole->epoch_since, last - 1);
  auto const fault_after = [&](std::string const& statement, std::string const& undo) {
    exec("alter table leadex.commit_batch disable trigger all");
    exec(statement);
    auto const fault = replay(*store, kMarket, ReplayScope::chain)->fault;
    if (!undo.empty()) exec(undo);
    EXPECT_TRUE(fault.has_value()) << statement;
    return fault ? fault->seq : 0;
  };
  auto const set_epoch = [&](std::int64_t epoch) {
    return "update leadex.commit_batch set epoch = " + std::to_string(epoch) +
           " where market_id = 7 and seq = " + std::to_string(last);
  };
  EXPECT_EQ(fault_after(set_epoch(epochs.front()), set_epoch(epochs.back())), last);
  EXPECT_EQ(fault_after("update leadex.market_head set seq = seq - 1 where market_id = 7",
                        "update leadex.market_head set seq = seq + 1 where market_id = 7"),
            last - 1);  // the batch there is not the one that the head's hash tells of
  EXPECT_EQ(fault_after("delete from leadex.commit_batch where market_id = 7 and seq = " +
                            std::to_string(last),
                        ""),
            last);
}

TEST_F(MarketFixture, TheLedgerCheckNamesTheBatchOfASaleThatWasTamperedWith) {
  std::int64_t seq = 0;
  {
    auto const first = host();
    ASSERT_TRUE(run(*first, FundBudget{{1, 0}, 1, 100 * kUnit}).has_value());
    for (std::int64_t lead_no = 1; lead_no <= 3; ++lead_no) {
      auto const offer = plain_offer(lead_no);
      ASSERT_TRUE(run(*first, offer).has_value());
      auto const bought = run(*first, PlaceBid{lead_no, {1, 0}, 50 * kUnit, true});
      ASSERT_TRUE(bought.has_value());
      ASSERT_EQ(bought->outcome.sold.size(), 1U);
      if (lead_no == 2) seq = bought->batch_seq;
    }
    first->stop();
  }
  EXPECT_EQ(ledger_problem(), "");
  auto const named = "sale_differs " + std::to_string(seq);
  auto const after = [&](std::string const& statement, std::string const& undo) {
    exec(statement);
    auto const problem = ledger_problem();
    if (!undo.empty()) exec(undo);
    return problem;
  };
  for (std::string const column : {"gross", "fee", "buyer", "campaign", "generator", "n"}) {
    auto const change = [&](char const* by) {
      return "update leadex.sale set " + column + " = " + column + by + " where lead_no = 2";
    };
    EXPECT_EQ(after(change(" + 1"), change(" - 1")), named) << column;
  }
  EXPECT_EQ(ledger_problem(), "");
  auto const swap =
      "update leadex.sale s set batch_seq = o.batch_seq, n = o.n from leadex.sale o where "
      "s.market_id = 7 and o.market_id = 7 and s.lead_no + o.lead_no = 5 and s.lead_no <> "
      "o.lead_no";
  EXPECT_EQ(after(swap, swap), named);
  EXPECT_EQ(after("delete from leadex.sale where lead_no = 2", ""), named);
}

}  // namespace
}  // namespace leadex::market
