#pragma once
// What a command did: the answer to whoever sent it, and the effects that storage, ledger and
// events follow. Pure values; any thread.

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "matching/market/command.hpp"

namespace leadex::market {

/// Why a command was refused; nothing has changed then. The numbers are stored.
enum class Refusal : std::uint8_t {
  none = 0,
  not_configured = 1,
  campaign_unknown = 2,
  campaign_paused = 3,
  targeting_invalid = 4,
  lead_known = 5,      // offered before
  lead_unknown = 6,    // not resting here
  already_bought = 7,  // no lead twice to one buyer
  below_reserve = 8,
  exclusive_gone = 9,  // a share is sold, or an owner's limit forbids
  insufficient_funds = 10,
  cap_reached = 11,
  bid_unknown = 12,
  sale_unknown = 13,
  sale_not_pending = 14,
  sale_not_delivered = 15,
  return_window_closed = 16,
  return_ceiling_reached = 17,
  already_returned = 18,
  return_unknown = 19,
  return_not_open = 20,
  dispute_not_open = 21,
  amount_invalid = 22,
  lead_sold = 23,  // withdrawing is for unsold leads
  version_unknown = 24,
  limit_reached = 25,  // a limit of the engine, such as bids on one listing
  zone_fixed = 27,     // a campaign's zone stays: its caps count in that zone's windows
  auction_ended = 26,  // a bid below the ask can stand no more
  sale_not_settled = 28,
  deal_unknown = 29,
  deal_not_open = 30,
  not_counterparty = 31,  // who proposed a deal cannot accept it
  trial_fixed = 32,       // terms of a trial that has begun
  ping_expired = 33,
  ping_used = 34,            // its promise was kept once
  not_of_this_model = 35,    // what is paid for by the click has no bids or purchases, a visit no
                             // return
  estimates_invalid = 36,    // or older than those in force
  not_per_acquisition = 37,  // the sale is paid for otherwise
  already_converted = 38,    // or another conversion of the sale waits for its buyer's word
  event_unknown = 39,        // not what the sale is paid for
  conversion_window_closed = 40,  // it happened before the sale or too late after it
  conversion_unknown = 41,        // or decided
  return_open = 42,               // its buyer says that the lead is no good
  lead_shared = 43,               // with another generator, which happens once
  lead_settled = 44,              // a sale of it is
};

/// A sale as the sender of a command sees it. The fee is the market's writer's to fill in.
struct SoldShare {
  std::int64_t lead_no{};
  std::int32_t slot{};
  std::int64_t gross_micros{};
  std::int64_t fee_micros{kNone};
  bool exclusive{};
  static void fields(auto& self, auto& io) {
    io(self.lead_no, self.slot, self.gross_micros, self.fee_micros, self.exclusive);
  }
};

struct Outcome {
  Refusal refusal{Refusal::none};
  std::vector<SoldShare> sold;
  bool rests{};                // OfferLead: something is left on sale; a conversion: unpaid
  bool more{};                 // Tick, SweepListings: call again
  std::int64_t number{};       // the auction, bid, order or return this command made; 0 none
  std::int64_t micros{kNone};  // insufficient_funds: what was missing; PostPing: what the
                               // exchange adds to keep the promise, the writer's to fill in;
                               // a conversion: what it costs
  static void fields(auto& self, auto& io) {
    io(self.refusal, self.sold, self.rests, self.more, self.number, self.micros);
  }
};

enum class SaleState : std::uint8_t {
  pending = 0,
  delivered = 1,
  settled = 2,
  returned = 3,
  voided = 4,
  waiting = 5,  // kept; nothing has come of it yet
  lapsed = 6,   // nothing has, and its buyer owes nothing
};
enum class LeadState : std::uint8_t {
  checked = 0,
  listed = 1,
  sold = 2,
  withdrawn = 3,
  expired = 4,
};
enum class BidState : std::uint8_t { standing = 0, sold = 1, withdrawn = 2, lost = 3 };
enum class ReturnState : std::uint8_t { open = 0, accepted = 1, disputed = 2, denied = 3 };
enum class CampaignStatus : std::uint8_t {
  active = 0,
  paused = 1,
  exhausted = 2,
  trial_ended = 3,  // waits for its buyer to resume it
  owing = 4,        // a conversion is not paid: waits for money
};
enum class DealState : std::uint8_t { proposed = 0, active = 1, ended = 2 };

/// What a sale per acquisition was agreed on.
struct Acquisition {
  std::int64_t until_us{};          // the last instant at which a conversion counts
  std::int64_t held_micros{kNone};  // that the campaign's pool keeps for it; none: the budget
                                    // holds its whole price
  std::int32_t value_bp{};          // of the conversion's value; 0: its whole price
  std::string event;
  bool visit{};  // a click's: nothing is delivered or returned
  static void fields(auto& self, auto& io) {
    io(self.until_us, self.held_micros, self.value_bp, self.event);
    if (io.since(6)) io(self.visit);
  }
};

/// How a sale came about; 0 where it did not.
struct SaleAwarded {
  std::int64_t lead_no{};
  std::int32_t slot{};
  BudgetKey budget;
  std::int64_t generator_no{};
  std::int64_t gross_micros{};
  bool exclusive{};
  std::int32_t shares_max{};  // the owner's limit on sharing this lead
  std::int64_t auction_no{};
  std::int64_t sold_us{};
  SaleState state{};      // delivered at once for pull campaigns and the desk; a visit that is paid
                          // for by what comes of it waits from the start
  std::int64_t due_us{};  // deadline of delivery, or end of the return window
  std::array<std::int64_t, kWindowKinds>
      windows{};     // begin of each cap window it counts in; 0 none
  bool trial{};      // one of the campaign's trial
  bool of_source{};  // counted against the campaign's caps per source
  PricingModel model{PricingModel::cpl};
  Acquisition acquisition;  // model cpa
  [[nodiscard]] bool of_visit() const { return model == PricingModel::cpc || acquisition.visit; }
  static void fields(auto& self, auto& io) {
    io(self.lead_no, self.slot, self.budget, self.generator_no, self.gross_micros, self.exclusive,
       self.shares_max, self.auction_no, self.sold_us, self.state, self.due_us, self.windows);
    if (io.since(2)) io(self.trial, self.of_source);
    if (io.since(4)) io(self.model);
    if (io.since(5) && self.model == PricingModel::cpa) io(self.acquisition);
  }
};

enum class SaleStep : std::uint8_t {
  delivered = 0,
  voided = 1,    // the buyer's endpoint refused it
  expired = 2,   // not delivered in time
  credited = 3,  // in part, by a decision or a claw-back
  returned = 4,  // in full
  settled = 5,
  holdback_released = 6,
  waiting = 7,
  lapsed = 8,
};

struct SaleStepped {
  std::int64_t lead_no{};
  std::int32_t slot{};
  SaleStep step{};
  std::int64_t amount_micros{};  // credited: to the buyer
  std::int64_t due_us{};         // the next thing that comes due; 0 none
  bool of_visit{};               // lapsed: it was one, as most that are paid for by results do
  LeadShare share{};             // of a sale that is settled, or was before this step
  static void fields(auto& self, auto& io) {
    io(self.lead_no, self.slot, self.step, self.amount_micros, self.due_us);
    if (io.since(6)) io(self.of_visit);
    if (io.since(8)) io(self.share);
  }
};

struct LeadMoved {
  std::int64_t lead_no{};
  LeadState state{};
  std::int64_t listed_us{};       // 0: was never listed
  std::int64_t reserve_micros{};  // as it stood when the lead was offered
  static void fields(auto& self, auto& io) {
    io(self.lead_no, self.state, self.listed_us);
    if (io.since(2)) io(self.reserve_micros);
  }
};

/// What one cap window of a campaign has counted, with its limits as they stand in force:
/// greatest(limit, counted) when a cap was lowered below its count.
struct CounterWindow {
  std::int64_t start_us{};  // 0: nothing counted yet
  std::int64_t n{};
  std::int64_t n_max{kNone};
  std::int64_t micros{};
  std::int64_t micros_max{kNone};
  friend bool operator==(CounterWindow const&, CounterWindow const&) = default;
  static void fields(auto& self, auto& io) {
    io(self.start_us, self.n, self.n_max, self.micros, self.micros_max);
  }
};
using CounterWindows = std::array<CounterWindow, kWindowKinds>;

struct CounterMoved {
  std::int64_t campaign_no{};
  CounterWindows windows;
  std::int64_t turn{};              // number of the last auction it won in turn
  std::int64_t trial_n{};           // leads of its trial
  std::int64_t trial_n_max{kNone};  // greatest(limit, counted)
  std::int64_t visits{};            // of what its day counts; of campaigns that buy leads as well
  std::int64_t visit_turn{};  // number of the last visit's auction that such a one won in turn
  static void fields(auto& self, auto& io) {
    io(self.campaign_no, self.windows);
    if (io.since(2)) io(self.turn, self.trial_n, self.trial_n_max);
    if (io.since(6)) io(self.visits, self.visit_turn);
  }
};

/// What a campaign's caps per source have counted of one generator.
struct SourceCounted {
  std::int64_t campaign_no{};
  std::int64_t generator_no{};
  CounterWindows windows;  // n and n_max alone
  static void fields(auto& self, auto& io) {
    io(self.campaign_no, self.generator_no, self.windows);
  }
};

struct CampaignMoved {
  std::int64_t campaign_no{};
  std::int64_t buyer_no{};
  std::int32_t version{};
  CampaignStatus status{};
  static void fields(auto& self, auto& io) {
    io(self.campaign_no, self.buyer_no, self.version, self.status);
  }
};

struct BudgetMoved {
  enum class Kind : std::uint8_t { funded = 0, defunded = 1, remitted = 2, covered = 3 };
  Kind kind{};
  BudgetKey budget;  // remitted, covered: the generator as buyer_no
  std::int64_t intent_no{};
  std::int64_t amount_micros{};
  static void fields(auto& self, auto& io) {
    io(self.kind, self.budget, self.intent_no, self.amount_micros);
  }
};

struct BidMoved {
  std::int64_t bid_no{};
  std::int64_t lead_no{};
  BudgetKey budget;
  std::int64_t price_micros{};
  bool exclusive{};
  BidState state{};
  bool opened{};  // a new bid, else a change of a standing one
  static void fields(auto& self, auto& io) {
    io(self.bid_no, self.lead_no, self.budget, self.price_micros, self.exclusive, self.state,
       self.opened);
  }
};

struct ReturnMoved {
  std::int64_t return_no{};
  std::int64_t lead_no{};
  std::int32_t slot{};
  std::int64_t buyer_no{};
  std::int64_t generator_no{};
  std::string reason;
  ReturnState state{};
  std::uint8_t ruling{};  // 0 none 1 automatic 2 manual
  std::int64_t credited_micros{};
  std::int64_t due_us{};
  bool opened{};
  static void fields(auto& self, auto& io) {
    io(self.return_no, self.lead_no, self.slot, self.buyer_no, self.generator_no, self.reason,
       self.state, self.ruling, self.credited_micros, self.due_us, self.opened);
  }
};

/// One bidder of an auction as recorded: enough to tell it why it lost.
struct RankedBid {
  std::int64_t campaign_no{};  // 0: a bid from a desk
  std::int64_t bid_no{};       // 0: the campaign's standing bid
  std::int64_t buyer_no{};
  std::int64_t bid_micros{};
  auction::LossReason loss{};
  std::int64_t min_to_win{kNone};
  std::int64_t min_exclusive_to_win{kNone};
  static void fields(auto& self, auto& io) {
    io(self.campaign_no, self.bid_no, self.buyer_no, self.bid_micros, self.loss, self.min_to_win,
       self.min_exclusive_to_win);
  }
};

/// Bidders kept by name in a record; the rest stand in its digest.
inline constexpr std::size_t kRankedBidsMax = 16;

struct AuctionHeld {
  std::int64_t auction_no{};
  std::int64_t lead_no{};
  std::int32_t rules_version{};
  std::int64_t candidates{};
  std::int64_t winners{};
  bool exclusive{};
  std::int64_t revenue_micros{};
  std::int64_t losing_package_micros{};
  std::vector<RankedBid> ranked;       // best first, at most kRankedBidsMax
  std::string book;                    // canonical candidate list; the record keeps its digest
  std::int64_t reserve_micros{kNone};  // that held; none in records of an older format
  bool click{};                        // of a visit: lead_no is a click's
  std::int64_t estimates{};            // version in force; 0 before the first
  static void fields(auto& self, auto& io) {
    io(self.auction_no, self.lead_no, self.rules_version, self.candidates, self.winners,
       self.exclusive, self.revenue_micros, self.losing_package_micros, self.ranked, self.book);
    if (io.since(2)) io(self.reserve_micros);
    if (io.since(5)) io(self.click, self.estimates);
  }
};

struct DealMoved {
  std::int64_t deal_no{};
  std::int64_t buyer_no{};
  std::int64_t generator_no{};
  std::int64_t price_micros{};
  bool exclusive{};
  std::int64_t by_no{};  // who proposed it
  DealState state{};
  static void fields(auto& self, auto& io) {
    io(self.deal_no, self.buyer_no, self.generator_no, self.price_micros, self.exclusive,
       self.by_no, self.state);
  }
};

struct SourceTermsMoved {
  SetSourceTerms terms;
  static void fields(auto& self, auto& io) { io(self.terms); }
};

/// All buyers a lead is withheld from, ascending.
struct LeadWithheld {
  std::int64_t lead_no{};
  std::vector<std::int64_t> buyers;
  static void fields(auto& self, auto& io) { io(self.lead_no, self.buyers); }
};

enum class RestCause : std::uint8_t { unsold = 0, returned = 1 };

/// A lead is to be listed again at due_us, if nothing stands against it by then.
struct LeadRested {
  std::int64_t lead_no{};
  RestCause cause{};
  std::string reason;  // of the return
  std::int64_t due_us{};
  static void fields(auto& self, auto& io) {
    io(self.lead_no, self.cause, self.reason, self.due_us);
  }
};

/// A new round of a lead began; what was sold before is over.
struct LeadRelisted {
  std::int64_t lead_no{};
  std::int32_t round{};
  std::int64_t relisted_us{};
  std::int64_t ask_micros{};
  static void fields(auto& self, auto& io) {
    io(self.lead_no, self.round, self.relisted_us, self.ask_micros);
  }
};

/// A sale brought a campaign's budget below what covers ten more of its least bids. For its buyer;
/// no table holds it.
struct BudgetLow {
  std::int64_t campaign_no{};
  std::int64_t buyer_no{};
  static void fields(auto& self, auto& io) { io(self.campaign_no, self.buyer_no); }
};

/// What a ping reserved. No table holds it.
struct PingReserved {
  std::int64_t ping_no{};
  std::int64_t expires_us{};
  std::vector<PromisedBid> bids;  // net as given by nobody yet: 0
  static void fields(auto& self, auto& io) { io(self.ping_no, self.expires_us, self.bids); }
};

/// A promise was called in: what was promised in all, to be held against what the lead brought.
struct PromiseUsed {
  std::int64_t ping_no{};
  std::int64_t expires_us{};
  std::int64_t lead_no{};
  std::int64_t generator_no{};
  std::int64_t gross_micros{};
  std::int64_t net_micros{};
  static void fields(auto& self, auto& io) {
    io(self.ping_no, self.expires_us, self.lead_no, self.generator_no, self.gross_micros,
       self.net_micros);
  }
};

enum class ConversionState : std::uint8_t {
  pending = 0,    // waits for its buyer's word; silence approves
  approved = 1,   // paid
  rejected = 2,   // by its buyer, by staff, or because the lead was returned
  uncovered = 4,  // approved, and waits for its buyer's money
  noted = 5,      // of a click that was paid for as such: it costs nothing
};

/// A conversion as it stands now.
struct ConversionMoved {
  std::int64_t conversion_no{};
  std::int64_t lead_no{};
  std::int32_t slot{};
  BudgetKey budget;
  std::string event;
  std::string transaction_id;
  std::int64_t at_us{};
  std::int64_t value_micros{kNone};
  std::int64_t price_micros{kNone};  // once it is approved; of a noted one never
  ConversionState state{};
  bool confirmed{};       // reported by its buyer
  std::int64_t due_us{};  // pending: when silence approves it
  std::int64_t moved_us{};
  bool opened{};  // a new one
  static void fields(auto& self, auto& io) {
    io(self.conversion_no, self.lead_no, self.slot, self.budget, self.event, self.transaction_id,
       self.at_us, self.value_micros, self.price_micros, self.state, self.confirmed, self.due_us,
       self.moved_us, self.opened);
  }
};

/// These estimates are in force; the command holds them.
struct EstimatesSet {
  std::int64_t version{};
  static void fields(auto& self, auto& io) { io(self.version); }
};

/// Its later sales, and those that are not settled yet, are shared.
struct LeadShared {
  std::int64_t lead_no{};
  LeadShare share;
  static void fields(auto& self, auto& io) { io(self.lead_no, self.share); }
};

/// The order is stored: new effects go at the end.
using Effect =
    std::variant<SaleAwarded, SaleStepped, LeadMoved, CounterMoved, CampaignMoved, BudgetMoved,
                 BidMoved, ReturnMoved, AuctionHeld, BudgetLow, SourceCounted, DealMoved,
                 SourceTermsMoved, LeadWithheld, PingReserved, PromiseUsed, LeadRested,
                 LeadRelisted, ConversionMoved, EstimatesSet, LeadShared>;

struct Applied {
  Outcome outcome;
  std::vector<Effect> effects;
};

/// A campaign whose endpoint is worth asking about a ping.
struct LiveBidder {
  std::int64_t campaign_no{};
  std::int64_t buyer_no{};
  std::int32_t version{};
  std::int64_t bid_micros{};        // the most it may bid for a share
  std::int64_t exclusive_micros{};  // and for the whole lead
  bool whole_only{};                // it buys no shares
  bool in_trial{};                  // whatever it bids, it pays the trial's price
};

}  // namespace leadex::market
