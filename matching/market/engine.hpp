#pragma once
// Engine: the state machine of one market. Commands with their time go in, decisions come out; no
// clock, no randomness, no I/O, no floating point, so the same commands give the same decisions.
// Owned by the market's single writer; belongs to one thread.

#include <cstdint>
#include <map>
#include <optional>
#include <queue>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "billing/values/time.hpp"
#include "matching/market/campaign.hpp"
#include "matching/market/listing.hpp"
#include "matching/market/outcome.hpp"
#include "matching/market/restore.hpp"
#include "matching/market/trade.hpp"
#include "matching/storefront/storefront.hpp"
#include "matching/targeting/index.hpp"

namespace leadex::market {

inline constexpr std::size_t kCampaignsMax = 1'000'000;
inline constexpr std::int64_t kSweepSalesMax = 64;  // sales of one sweep command
inline constexpr std::int64_t kScanMax = 200'000;   // matching listings one command looks at
inline constexpr std::int64_t kPurchaseQuantityMax = 1000;
inline constexpr std::size_t kStandingBidsMax = 256;  // on one listing
inline constexpr std::int64_t kBidsLeftLow = 10;      // a budget for fewer of them is low
inline constexpr std::size_t kDealsMax = 100'000;     // proposed and active
inline constexpr std::size_t kPingsMax = 1'000'000;   // reserved at a time

/// Why a campaign does not get a lead; the first reason in the order of the checks.
struct Verdict {
  bool eligible{};
  std::string reason;     // stable word: paused, targeting, minimum_score, source_blocked, …
  std::string path;       // targeting: JSON pointer of the first failing predicate
  std::string attribute;  // targeting: its name
  std::string wanted;     // targeting: what it asks for
};

/// What is assumed of a market of which nothing is known: version 0.
[[nodiscard]] estimate::EstimateVersion without_history();

/// Whether a campaign's lists let that generator's leads in.
[[nodiscard]] bool source_allowed(CampaignTerms const& terms, std::int64_t generator_no);

class Engine {
 public:
  Engine() = default;
  Engine(Engine&&) = default;
  Engine& operator=(Engine&&) = default;

  /// Applies one command. `at` never goes back (the caller passes max(last, now)). A refusal
  /// changes nothing.
  [[nodiscard]] Applied apply(Timestamp at, Command const& command);

  /// Zones in use with the end of the hour known for each; 0 when it was never set.
  [[nodiscard]] std::vector<std::pair<std::string, std::int64_t>> zones() const;
  [[nodiscard]] Windows zone_windows(std::string const& zone) const {
    return zones_.at(zone).windows;
  }
  [[nodiscard]] std::int32_t week_minute(std::string const& zone) const {
    return zones_.at(zone).week_minute;
  }
  /// When the next work of Tick comes due; nothing when nothing waits.
  [[nodiscard]] std::optional<std::int64_t> next_due_us(std::uint32_t jobs = Tick::all) const;
  [[nodiscard]] std::int64_t command_no() const { return command_no_; }

  [[nodiscard]] bool configured() const { return rules_.version > 0; }
  [[nodiscard]] MarketRules const& rules() const { return rules_; }
  [[nodiscard]] targeting::Schema const& schema() const { return index_.schema(); }
  [[nodiscard]] Campaign const* campaign(std::int64_t campaign_no) const;
  /// What can be spent: its money less what open pings have reserved of it.
  [[nodiscard]] std::int64_t available(BudgetKey const& budget) const;
  [[nodiscard]] Listing const* listing(std::int64_t lead_no) const;
  [[nodiscard]] OpenSale const* sale(SaleKey const& key) const;
  [[nodiscard]] std::size_t listing_count() const { return shop_.size(); }
  [[nodiscard]] SetSourceTerms source_terms(std::int64_t generator_no) const;

  /// What rests, to be searched and counted.
  [[nodiscard]] storefront::Storefront const& shop() const { return shop_; }
  /// What a share of it costs now; falls with time where the market's asks do.
  [[nodiscard]] static std::int64_t ask(Listing const& listing) { return listing.asked_micros; }
  [[nodiscard]] std::int32_t shares_left(Listing const& listing) const;
  [[nodiscard]] MarketRules const& rules_of(Listing const& listing) const {
    return versions_.at(listing.version);
  }

  /// Whether and why not that lead would go to that campaign, as if offered now.
  [[nodiscard]] std::optional<Verdict> explain(std::int64_t campaign_no, OfferLead const& lead,
                                               std::int64_t now_us) const;

  /// What that lead would be sold for if it were offered now, the best buyer first; nothing for an
  /// unknown version. Numbers and fees of the shares mean nothing.
  /// @param as_ping  whether campaigns that pay per acquisition stay away, as they do from pings.
  [[nodiscard]] std::optional<std::vector<SoldShare>> preview(OfferLead const& lead,
                                                              std::int64_t now_us,
                                                              bool as_ping = false) const;

  /// In force; before the first version, what is assumed of a market without history.
  [[nodiscard]] estimate::EstimateVersion const& estimates() const { return estimates_; }
  /// Of those that are pending or not covered; null when there is none.
  [[nodiscard]] ConversionMoved const* conversion(std::int64_t conversion_no) const;

  /// What that ping would be promised if it came now, with net 0; nothing for an unknown version.
  [[nodiscard]] std::optional<std::vector<PromisedBid>> preview(OfferPing const& ping,
                                                                std::int64_t now_us) const;

  /// Campaigns that bid live, are looking for such a lead, can pay what they bid at the most and
  /// would reach reserve and minimum with it; the highest first, at most `most` of them.
  /// @cost  as an auction of that lead; nothing where no campaign bids live
  [[nodiscard]] std::vector<LiveBidder> live_bidders(OfferPing const& ping, std::int64_t now_us,
                                                     std::size_t most) const;
  /// The campaign that would get that visit now; 0 none.
  [[nodiscard]] std::int64_t preview(OfferClick const& click, std::int64_t now_us) const;

  /// Whether that command would be taken, and why not.
  [[nodiscard]] Refusal refusal_of(ShareLead const& command) const;
  /// Whether a lead that is known here is that generator's, or shared with it.
  [[nodiscard]] bool has_part(std::int64_t lead_no, std::int64_t generator_no) const;

  /// Pings with something reserved.
  [[nodiscard]] std::size_t ping_count() const { return pings_.size(); }

  /// Puts back what the tables hold. Call once, on an engine that has applied nothing.
  void restore(Image const& image);
  /// Canonical text of the whole state, for comparing a reloaded engine with the one before it.
  [[nodiscard]] std::string describe() const;
  /// The same of reservations, which a reload forgets.
  [[nodiscard]] std::string describe_pings() const;
  [[nodiscard]] Numbers numbers() const { return numbers_; }

 private:
  struct Context {  // of the command being applied
    std::int64_t now_us;
    Applied& applied;
  };
  using Values = targeting::AttributeValues;

  // engine.cpp: settings, campaigns, money
  Outcome handle(Context& c, ConfigureMarket const& command);
  Outcome handle(Context& c, SetZoneWindows const& command);
  Outcome handle(Context& c, UpsertCampaign const& command);
  Outcome handle(Context& c, PauseCampaign const& command);
  Outcome handle(Context& c, FundBudget const& command);
  Outcome handle(Context& c, DefundBudget const& command);
  Outcome handle(Context& c, RemitEarnings const& command);
  Outcome handle(Context& c, CoverClawBack const& command);
  Outcome handle(Context& c, AdmitRows const& command);
  void set_schema(targeting::Schema schema);
  void move_campaign(Context& c, Campaign const& campaign);
  void wake(Context& c, Campaign& campaign);
  Campaign* find_campaign(std::int64_t campaign_no, std::int64_t buyer_no);
  std::int64_t& budget(BudgetKey const& key) { return budgets_[key]; }
  [[nodiscard]] std::int64_t balance(BudgetKey const& key) const;

  // engine_limits.cpp: caps, opening hours, pace
  void place_in_zone(Campaign& campaign);
  void roll_windows(Campaign& campaign);
  void refresh(Campaign& campaign);
  void move_counters(Context& c, Campaign const& campaign);
  [[nodiscard]] bool affordable(Campaign const& campaign, std::int64_t micros,
                                std::int64_t pooled_micros = kNone) const;
  [[nodiscard]] bool pools(Campaign const& campaign, MarketRules const& rules,
                           bool of_visit = false) const;
  [[nodiscard]] bool covers_a_bid(Campaign const& campaign) const;
  [[nodiscard]] bool has_room(Campaign const& campaign, std::int64_t micros) const;
  [[nodiscard]] bool has_source_room(Campaign const& campaign, std::int64_t generator_no) const;
  [[nodiscard]] bool open_at(Campaign const& campaign, std::int64_t now_us) const;
  [[nodiscard]] bool in_pace(Campaign const& campaign, std::int64_t now_us) const;
  void count_sale(Context& c, Campaign& campaign, SaleAwarded& sold, bool promised,
                  std::int64_t had_micros);
  void note_spent(Context& c, Campaign& campaign, std::int64_t had_micros);
  void uncount_sale(Context& c, Campaign& campaign, OpenSale const& sale);
  void count_source(Context& c, Campaign& campaign, std::int64_t generator_no, std::int64_t n,
                    std::array<std::int64_t, kWindowKinds> const& windows);

  // engine_deals.cpp: deals, terms of sources, buyers' own lists
  Outcome handle(Context& c, ProposeDeal const& command);
  Outcome handle(Context& c, AcceptDeal const& command);
  Outcome handle(Context& c, EndDeal const& command);
  Outcome handle(Context& c, SetSourceTerms const& command);
  Outcome handle(Context& c, WithholdLeads const& command);
  void end_deal(Context& c, std::int64_t deal_no);
  [[nodiscard]] Deal const* deal_between(std::int64_t buyer_no, std::int64_t generator_no) const;
  [[nodiscard]] std::int64_t reserve_for(std::int64_t generator_no, MarketRules const& rules) const;

  // engine_bidders.cpp: who bids on a lead, and how much
  [[nodiscard]] auction::AuctionInput bidders(Listing const& listing, Values const& values,
                                              std::int64_t now_us, targeting::MatchBuffer& matches,
                                              std::vector<LiveBid> const* live = nullptr,
                                              bool of_ping = false) const;
  [[nodiscard]] std::optional<auction::Candidate> candidate_of(Campaign const& campaign,
                                                               Listing const& listing,
                                                               LiveBid const* live,
                                                               std::int64_t worth_ppb) const;
  [[nodiscard]] bool welcome(Campaign const& campaign, Listing const& listing,
                             std::int64_t now_us) const;
  [[nodiscard]] auction::AuctionInput input_for(Listing const& listing, std::int64_t now_us) const;

  // engine_worth.cpp: what a bid is worth on the average
  /// What the estimates say of one generator's leads, or visits: looked up once for each.
  struct SourceOdds {
    estimate::SourceRates conversions;
    estimate::SourceRates returns;
  };
  Outcome handle(Context& c, SetEstimates const& command);
  void learn_factors(Campaign& campaign) const;
  [[nodiscard]] SourceOdds odds_of(Listing const& listing) const;
  [[nodiscard]] std::int64_t worth_of(Campaign const& campaign, Listing const& listing,
                                      SourceOdds const& odds) const;
  [[nodiscard]] static bool trades_acquisitions(MarketRules const& rules);

  // engine_conversions.cpp: sales that are paid for when something comes of the lead
  Outcome handle(Context& c, ReportConversion const& command);
  Outcome handle(Context& c, DecideConversion const& command);
  Outcome handle(Context& c, NoteConversion const& command);
  [[nodiscard]] Refusal refusal_of(ReportConversion const& command, OpenSale const* sale,
                                   std::int64_t now_us) const;
  void agree(SaleAwarded& sold, Campaign const& campaign, Listing const& listing,
             std::int64_t worth_ppb) const;
  void approve(Context& c, OpenSale& sale, ConversionMoved& conversion);
  void pay(Context& c, OpenSale& sale, ConversionMoved& conversion);
  void pay_debts(Context& c, Campaign& campaign);
  void pay_all_debts(Context& c);
  void close_conversion(Context& c, OpenSale& sale, ConversionState state);
  void await_conversion(Context& c, OpenSale& sale);
  [[nodiscard]] std::int64_t lapses_us(Acquisition const& agreed) const {
    return agreed.until_us + rules_.cpa_review_us;
  }
  void lapse(Context& c, SaleKey const& key);
  void leave_pool(OpenSale const& sale);
  void approve_silently(Context& c, std::int64_t conversion_no);
  [[nodiscard]] bool stale_conversion(Due const& due) const;
  void settle(Context& c, OpenSale& sale);

  // engine_offer.cpp: fresh leads and their auctions
  Outcome handle(Context& c, OfferLead const& command);
  Outcome handle(Context& c, WithdrawLead const& command);
  [[nodiscard]] Result<Values, Refusal> take_in(OfferLead const& lead);
  Outcome close_offer(Context& c, Listing& listing);
  void learn_texts(OfferLead const& lead);
  void fill_virtual(Listing const& listing, std::int64_t now_us, Values& values) const;
  void meet_campaigns(Context& c, Listing& listing, Values const& values, bool of_ping = false);
  std::int64_t record(Context& c, Listing const& listing, auction::AuctionInput const& input,
                      auction::AuctionResult const& result, bool of_bids);
  void rest_or_close(Context& c, Listing& listing);
  void take_off(Listing& listing);
  void put_on(Listing& listing, std::int64_t now_us);
  void show(Listing const& listing);
  [[nodiscard]] std::int64_t asked_at(Listing const& listing, std::int64_t now_us) const;
  void plan_fall(Listing& listing, std::int64_t now_us);
  void plan_fill(Listing const& listing, std::int64_t now_us);
  void let_asks_fall(std::int64_t now_us);
  void drop_if_idle(std::int64_t lead_no);
  [[nodiscard]] static bool worn_out(Listing const& listing);

  // engine_pings.cpp: prices without a lead, reserved for a while
  struct Ping {
    std::int64_t expires_us{};
    std::int64_t generator_no{};
    AuctionHeld held;  // told when its lead comes, without the book
    std::vector<PromisedBid> bids;
    std::vector<std::uint8_t> of_trial;  // by bid
  };
  Outcome handle(Context& c, OfferPing const& command);
  Outcome handle(Context& c, PostPing const& command);
  Outcome handle(Context& c, ForgetPings const& command);
  [[nodiscard]] auction::AuctionInput input_of(OfferPing const& ping, Listing const& probe,
                                               Values const& values, std::int64_t now_us,
                                               targeting::MatchBuffer& matches) const;
  void reserve(Ping& ping);
  void release(Ping const& ping);
  void drop_ping(std::int64_t ping_no);
  void expire_pings(std::int64_t now_us);
  bool keep_promises(Context& c, Listing& listing, PostPing const& command);
  [[nodiscard]] bool may_have(PromisedBid const& bid, Listing const& listing) const;
  AuctionHeld told(Listing const& listing, auction::AuctionInput const& input,
                   auction::AuctionResult const& result, bool of_bids) const;

  // engine_recycling.cpp: leads that rest and are listed again
  Outcome handle(Context& c, RelistLead const& command);
  void rest_unsold(Context& c, Listing const& listing) const;
  void rest_returned(Context& c, ReturnCase const& returned) const;
  // engine_shares.cpp: leads whose net two generators share, and what is known across their sales
  Outcome handle(Context& c, ShareLead const& command);
  void keep_sale(OpenSale const& open);
  void forget_sale(SaleKey const& key);
  void forget_trade(std::int64_t lead_no);
  void restore_shares(Image const& image);
  void note_settled(OpenSale const& sale);
  void note_taken_back(SaleKey const& key);
  [[nodiscard]] LeadShare share_of(std::int64_t lead_no) const;
  // engine_clicks.cpp: visits, each for one campaign that pays for them
  Outcome handle(Context& c, OfferClick const& command);
  struct ClickAuction {
    Listing probe;
    auction::AuctionInput input;
    auction::AuctionResult result;
  };
  [[nodiscard]] std::optional<ClickAuction> click_auction(OfferClick const& click,
                                                          std::int64_t now_us,
                                                          targeting::MatchBuffer& matches) const;

  // engine_preview.cpp: without changing anything
  [[nodiscard]] std::optional<Values> values_of(OfferLead const& lead) const;
  [[nodiscard]] std::int64_t text_number(std::string_view text) const;
  [[nodiscard]] Listing probe_of(OfferLead const& lead) const;

  // engine_trade.cpp: bids, purchases, sweeps, the award itself
  Outcome handle(Context& c, PlaceBid const& command);
  Outcome handle(Context& c, WithdrawBid const& command);
  Outcome handle(Context& c, Purchase const& command);
  Outcome handle(Context& c, SweepListings const& command);
  struct Award {
    BudgetKey budget;
    std::int64_t gross_micros{};
    bool exclusive{};
    bool by_hand{};  // the buyer chose this lead: no part of a trial
    std::int32_t shares_max{};
    std::int64_t auction_no{};
    bool in_turn{};   // by the order of its tier, not by a deal or as the fallback
    bool promised{};  // to a ping, with its room reserved
    std::int64_t worth_ppb{auction::kWorthWhole};
  };
  void sell(Context& c, Listing& listing, Award const& award);
  [[nodiscard]] std::int32_t free_slot(Listing const& listing, bool exclusive) const;
  [[nodiscard]] bool buyable(Listing const& listing, std::int64_t buyer_no, bool exclusive,
                             std::int32_t own_shares_max) const;
  Outcome stand(Context& c, Listing& listing, PlaceBid const& command);
  void close_bid(Context& c, Listing& listing, std::size_t position, BidState state);
  void end_listing_auction(Context& c, Listing& listing);
  [[nodiscard]] bool reaches_ask(Listing const& listing, StandingBid const& bid,
                                 std::int64_t asked_micros) const;
  void fill_bids(Context& c, Listing& listing);

  // engine_after.cpp: delivery, returns, settlement, what comes due
  Outcome handle(Context& c, ConfirmDelivery const& command);
  Outcome handle(Context& c, RefuseDelivery const& command);
  Outcome handle(Context& c, OpenReturn const& command);
  Outcome handle(Context& c, AcceptReturn const& command);
  Outcome handle(Context& c, ContestReturn const& command);
  Outcome handle(Context& c, DecideDispute const& command);
  Outcome handle(Context& c, ClawBack const& command);
  Outcome handle(Context& c, Tick const& command);
  void give_to_budget(Context& c, BudgetKey const& key, std::int64_t micros);
  void give_back(Context& c, OpenSale const& sale, std::int64_t micros);
  void void_sale(Context& c, SaleKey const& key, SaleStep step);
  void give_back_all(Context& c, OpenSale& sale, ReturnCase& returned);
  void close_return(Context& c, ReturnCase& returned, ReturnState state, std::uint8_t ruling,
                    std::int64_t credited);
  [[nodiscard]] bool stale(Tick::Job job, Due const& due, std::int64_t now_us) const;
  [[nodiscard]] bool stale_sale(Tick::Job job, Due const& due) const;
  void run_due(Context& c, Tick::Job job, Due const& due);
  [[nodiscard]] bool within_ceiling(OpenSale const& sale, std::int64_t now_us) const;
  [[nodiscard]] std::int64_t return_window_us(Listing const& listing, BudgetKey const& budget,
                                              bool trial) const;
  void schedule(Tick::Job job, Due due) { due_[job].push(due); }
  OpenSale* find_sale(SaleKey const& key);

  MarketRules rules_;
  std::map<std::int32_t, MarketRules> versions_;  // all so far: a lead keeps the one it came under
  targeting::TextInterner texts_;
  targeting::TargetingIndex index_{targeting::Schema{}};
  targeting::MatchBuffer matches_;

  std::map<std::int64_t, Campaign> campaigns_;
  std::vector<Campaign const*> in_slot_;  // of campaigns_, by slot of the index
  std::int64_t live_campaigns_{};         // of campaigns_, that bid live
  std::map<std::string, Zone> zones_;
  std::map<BudgetKey, std::int64_t> budgets_;  // campaigns point into it

  std::unordered_map<std::int64_t, Listing> listings_;
  storefront::Storefront shop_{targeting::Schema{}};  // what rests
  std::map<std::int64_t, std::int64_t> bid_leads_;    // standing bid → its listing

  std::unordered_map<SaleKey, OpenSale> sales_;
  std::unordered_map<std::int64_t, LeadTrade> trades_;   // by lead
  std::map<std::int64_t, ReturnCase> returns_;           // open and disputed
  std::map<std::int64_t, ConversionMoved> conversions_;  // pending and uncovered
  std::set<std::int64_t> debtors_;                       // campaigns with uncovered ones
  estimate::EstimateVersion estimates_{without_history()};
  std::map<std::int64_t, BuyerRecord> buyers_;

  std::map<std::int64_t, Deal> deals_;                    // proposed and active
  using Parties = std::pair<std::int64_t, std::int64_t>;  // generator, buyer
  std::map<Parties, std::int64_t> agreed_;                // → deal
  std::map<Parties, std::int64_t> proposed_;
  std::map<std::int64_t, SetSourceTerms> source_terms_;  // by generator

  using DueQueue = std::priority_queue<Due, std::vector<Due>, std::greater<>>;
  std::map<std::uint32_t, DueQueue> due_;
  std::map<std::int64_t, Ping> pings_;             // with a reservation
  std::map<std::int64_t, std::int64_t> promises_;  // called in: ping → when it expires
  DueQueue pings_due_;                             // of both
  DueQueue falls_;  // of asks; they follow the time of commands and are nobody's outcome

  Numbers numbers_;
  std::int64_t command_no_{};
};

}  // namespace leadex::market
