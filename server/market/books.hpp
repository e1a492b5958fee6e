#pragma once
// Books: the ledger side of a market's writer. Turns the engine's effects into transfers and rows
// of the batch, and keeps the money state of open sales. Owned by the actor; one thread.

#include <map>
#include <memory>
#include <tuple>
#include <unordered_map>

#include "billing/ledger/ledger.hpp"
#include "billing/settlement/sale_settlement.hpp"
#include "matching/market/engine.hpp"
#include "server/market/settings.hpp"
#include "server/market/submission.hpp"
#include "server/storage/clicks.hpp"
#include "server/storage/market_store.hpp"

namespace leadex::market {

class Books {
 public:
  Books() = default;

  /// From the tables; once, on fresh books.
  void restore(storage::LoadedMarket const& loaded);
  void use(std::shared_ptr<MarketSettings const> settings) { settings_ = std::move(settings); }

  /// A batch begins; rows are written into `rows` until the next begin().
  void begin(storage::BatchRows& rows);
  /// Books what one command did; fills in the fees of outcome.sold.
  void write(Submission const& submission, Applied& applied, std::int64_t at_us);
  /// Balances changed by the batch; call once, last.
  void finish();

 private:
  struct OpenMoney {
    SaleMoney money;
    SaleRoute route;
    SalePendings pendings;
    SaleState state{};
    std::int64_t due_us{};
  };
  using AccountKey = std::tuple<AccountCode, std::int64_t, std::int64_t>;

  void on(Submission const& s, std::int64_t at_us, SaleAwarded const& effect);
  void on(Submission const& s, std::int64_t at_us, SaleStepped const& effect);
  void on(Submission const& s, std::int64_t at_us, LeadMoved const& effect);
  void on(Submission const& s, std::int64_t at_us, CounterMoved const& effect);
  void on(Submission const& s, std::int64_t at_us, CampaignMoved const& effect);
  void on(Submission const& s, std::int64_t at_us, BudgetMoved const& effect);
  void on(Submission const& s, std::int64_t at_us, BidMoved const& effect);
  void on(Submission const& s, std::int64_t at_us, ReturnMoved const& effect);
  void on(Submission const& s, std::int64_t at_us, AuctionHeld const& effect);
  void on(Submission const&, std::int64_t, BudgetLow const&) {}  // an event, no row
  void on(Submission const& s, std::int64_t at_us, SourceCounted const& effect);
  void on(Submission const& s, std::int64_t at_us, DealMoved const& effect);
  void on(Submission const& s, std::int64_t at_us, SourceTermsMoved const& effect);
  void on(Submission const& s, std::int64_t at_us, LeadWithheld const& effect);
  void on(Submission const&, std::int64_t, PingReserved const&) {}  // in memory alone
  void on(Submission const& s, std::int64_t at_us, PromiseUsed const& effect);
  void on(Submission const& s, std::int64_t at_us, LeadRested const& effect);
  void on(Submission const& s, std::int64_t at_us, LeadRelisted const& effect);
  void on(Submission const& s, std::int64_t at_us, ConversionMoved const& effect);
  void on(Submission const& s, std::int64_t at_us, EstimatesSet const& effect);
  void on(Submission const& s, std::int64_t at_us, LeadShared const& effect);

  std::int64_t account(AccountCode code, std::int64_t owner_no, std::int64_t sub_no);
  SaleRoute route_of(std::int64_t lead_no, std::int32_t slot, BudgetKey const& budget,
                     std::int64_t generator_no);
  void book(Transfer const& transfer);
  void book(TransferPlan const& plan, SalePendings const& pendings);
  void book_share(SaleStepped const& effect, SaleRoute const& route, SaleMoney const& before,
                  SaleMoney const& after);
  void update_sale(SaleKey const& key, OpenMoney const& open);
  void keep_rights(Command const& command);
  void keep_click(storage::NewClick click, SaleAwarded const& sale, Money net);
  OpenMoney& open_again(ClawBack const& command);

  std::shared_ptr<MarketSettings const> settings_;
  Ledger ledger_;
  std::map<AccountKey, std::int64_t> numbers_;
  std::int64_t last_account_{};
  std::unordered_map<SaleKey, OpenMoney> open_;

  // Of the command being written.
  std::int64_t net_brought_{};  // by its sales
  std::int64_t promise_added_{};

  // Of the batch being written; later changes of a row go into its one entry.
  storage::BatchRows* rows_{};
  std::map<std::int64_t, Account>
      before_;  // accounts as they were when the batch first touched them
  std::map<SaleKey, std::size_t> new_sales_;
  std::map<SaleKey, std::size_t> sale_updates_;
  std::map<std::int64_t, std::size_t> new_leads_;
  std::map<std::int64_t, std::size_t> lead_updates_;
  std::map<std::int64_t, std::size_t> counters_;
  std::map<std::int64_t, std::size_t> new_campaigns_;
  std::map<std::int64_t, std::size_t> campaign_updates_;
  std::map<std::int64_t, std::size_t> new_bids_;
  std::map<std::int64_t, std::size_t> bid_updates_;
  std::map<std::int64_t, std::size_t> new_returns_;
  std::map<std::int64_t, std::size_t> return_updates_;
  std::map<std::pair<std::int64_t, std::int64_t>, std::size_t> source_counters_;
  std::map<std::int64_t, std::size_t> deals_;
  std::map<std::int64_t, std::size_t> source_terms_;
  std::map<std::int64_t, std::size_t> rests_;
  using ClickDay = std::tuple<std::int64_t, std::int32_t, storage::VisitOutcome>;
  std::map<ClickDay, std::size_t> clicks_;  // by placement, day and what is paid for
  std::map<std::int64_t, std::size_t> conversions_;
};

}  // namespace leadex::market
