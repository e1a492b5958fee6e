#pragma once
// Commands of a market: everything that may change its state, with time and seeds inside. What the
// log keeps is exactly these, so a replay needs nothing else. Pure values; any thread.

#include <array>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "billing/values/ids.hpp"
#include "billing/values/pricing_model.hpp"
#include "matching/auction/auction.hpp"
#include "matching/estimate/estimate_version.hpp"
#include "matching/targeting/schema.hpp"

namespace leadex::market {

/// "None" of an optional non-negative amount, count or limit.
inline constexpr std::int64_t kNone = -1;

enum class RankBy : std::uint8_t { price = 0, expected_value = 1 };
/// What a lead that is paid for when it converts holds of its budget: its whole bid, or what it is
/// worth on the average.
enum class CpaHold : std::uint8_t { full = 0, pooled = 1 };

/// Settings of a market that decisions depend on; immutable, one number each.
struct MarketRules {
  std::int32_t version{};
  std::int32_t max_shares{1};  // 1 … kSharesPerRound
  std::int64_t reserve_micros{};
  std::int64_t ask_micros{kNone};
  std::int64_t listing_ttl_us{};
  std::int64_t listing_auction_us{};
  std::int64_t return_window_us{};
  std::int64_t contest_us{};
  std::int64_t decide_us{};
  std::int64_t holdback_us{};
  std::int64_t delivery_deadline_us{};
  std::int32_t return_ceiling_bp{};
  std::vector<targeting::AttributeDef> attributes;

  auction::PriceRule price_rule{auction::PriceRule::first_price};
  RankBy rank_by{RankBy::price};
  auction::Routing routing{auction::Routing::price};
  std::int32_t hybrid_n{1};
  std::int64_t fallback_campaign{};         // gets what nobody else took; 0 none
  std::int64_t fall_us{};                   // from the ask down to the reserve; 0: asks stand
  std::vector<std::int64_t> grade_reserve;  // micros or kNone, by grade of the source, from 1

  std::int64_t cpa_window_us{};  // from the sale to the last conversion that is paid
  CpaHold cpa_hold{CpaHold::full};
  std::int64_t click_reserve_micros{};
  std::int64_t click_review_us{};  // until a click settles
  std::int64_t cpa_review_us{
      86'400'000'000};  // until a conversion that nobody decided counts as approved

  std::int32_t recycle_rounds{};    // how often an unsold or returned lead is listed again
  std::int64_t recycle_rest_us{};   // how long it rests before
  std::int32_t recycle_price_bp{};  // of the ask of the round before

  /// What stands behind everything else wherever rules are stored.
  static void later_fields(auto& self, auto& io) {
    io(self.price_rule, self.rank_by, self.routing, self.hybrid_n, self.fallback_campaign,
       self.fall_us, self.grade_reserve);
    if (io.since(4)) {
      io(self.cpa_window_us, self.cpa_hold, self.click_reserve_micros, self.click_review_us);
      io(self.recycle_rounds, self.recycle_rest_us, self.recycle_price_bp);
    }
    if (io.since(5)) {
      io(self.cpa_review_us);
    }
  }
  static void fields(auto& self, auto& io) {
    io(self.version, self.max_shares, self.reserve_micros, self.ask_micros, self.listing_ttl_us,
       self.listing_auction_us, self.return_window_us, self.contest_us, self.decide_us,
       self.holdback_us, self.delivery_deadline_us, self.return_ceiling_bp, self.attributes);
  }
};

/// [begin, end) in microseconds since 1970, UTC.
struct Window {
  std::int64_t begin_us{};
  std::int64_t end_us{};
  friend bool operator==(Window const&, Window const&) = default;
  static void fields(auto& self, auto& io) { io(self.begin_us, self.end_us); }
};
inline constexpr std::size_t kWindowKinds = 4;  // hour, day, week, month
using Windows = std::array<Window, kWindowKinds>;

/// The current hour, day, week and month of a time zone. The engine knows no zones: whoever feeds
/// it sends this before the first command at or after the end of the hour it knew.
struct SetZoneWindows {
  std::string zone;  // as campaigns name it, "America/New_York"
  Windows windows;
  std::int32_t week_minute{};  // minutes of local time from Monday 00:00 to the begin of the hour
  static void fields(auto& self, auto& io) {
    io(self.zone, self.windows);
    if (io.since(2)) io(self.week_minute);
  }
};

struct ConfigureMarket {
  MarketRules rules;
  static void fields(auto& self, auto& io) {
    io(self.rules);
    if (io.since(2)) MarketRules::later_fields(self.rules, io);
  }
};

enum class Delivery : std::uint8_t { pull = 0, webhook = 1 };
enum class Pacing : std::uint8_t { asap = 0, even = 1 };

inline constexpr std::int32_t kMinutesOfDay = 24 * 60;
inline constexpr std::int32_t kMinutesOfWeek = 7 * kMinutesOfDay;
inline constexpr std::size_t kScheduleSpansMax = 7 * 24;

/// Opening hours: [from, to) in minutes of local time from Monday 00:00.
struct ScheduleSpan {
  std::int32_t from{};
  std::int32_t to{};
  friend bool operator==(ScheduleSpan const&, ScheduleSpan const&) = default;
  static void fields(auto& self, auto& io) { io(self.from, self.to); }
};

/// A campaign's first leads, at a price and with return rights of their own; it goes on only when
/// its buyer confirms.
struct TrialTerms {
  std::int64_t leads{};  // 0: no trial
  std::int64_t price_micros{};
  std::int64_t return_window_us{};
  std::int32_t return_ceiling_bp{};
  static void fields(auto& self, auto& io) {
    io(self.leads, self.price_micros, self.return_window_us, self.return_ceiling_bp);
  }
  friend bool operator==(TrialTerms const&, TrialTerms const&) = default;
};
inline constexpr std::int64_t kTrialLeadsMax = 1000;
inline constexpr std::int64_t kTrialWindowMaxUs = 90LL * 24 * 3'600'000'000;

/// Tiers a campaign can ask for, the smallest comes first.
inline constexpr std::int32_t kPriorityDefault = 5;
inline constexpr std::int32_t kPriorityMax = 10;
inline constexpr std::int32_t kWeightMax = 1000;

inline constexpr std::size_t kEventBytesMax = 64;
/// What a visit is paid for by a campaign that pays per lead.
inline constexpr char const* kLeadEvent = "lead";

/// A campaign's standing bid, one immutable version of it.
struct CampaignTerms {
  std::int64_t bid_micros{};
  std::int64_t exclusive_bid_micros{kNone};
  auction::Exclusivity exclusivity{auction::Exclusivity::any};
  std::int32_t max_shares{kSharesPerRound};
  std::string zone{"UTC"};
  std::array<std::int64_t, kWindowKinds> leads_max{kNone, kNone, kNone, kNone};
  std::array<std::int64_t, kWindowKinds> spend_max{kNone, kNone, kNone, kNone};  // micros
  std::int64_t minimum_score{kNone};
  std::vector<std::int64_t> sources_allowed;  // generators by account number; empty: all
  std::vector<std::int64_t> sources_blocked;
  bool buys_listings{};
  Delivery delivery{Delivery::pull};
  std::string targeting;  // targeting::encode bytes

  std::int32_t priority{kPriorityDefault};  // 1 … kPriorityMax
  std::int32_t weight{1};                   // 1 … kWeightMax
  Pacing pacing{Pacing::asap};
  std::vector<ScheduleSpan> schedule;  // ascending, apart; empty: always open
  std::array<std::int64_t, kWindowKinds> source_leads_max{kNone, kNone, kNone, kNone};
  TrialTerms trial;
  PricingModel model{PricingModel::cpl};
  bool live_bid{};  // a ping asks the buyer's endpoint; the bids here are the most it may say
  std::string landing_url;  // where its visitors go, macros not filled in; cpc always has one,
                            // others buy visits only with one
  std::string event;        // cpa: which one is paid for, at most kEventBytesMax
  std::int32_t value_bp{};  // cpa: of the conversion's value, never more than the bid; 0: the bid

  static void fields(auto& self, auto& io) {
    io(self.bid_micros, self.exclusive_bid_micros, self.exclusivity, self.max_shares, self.zone,
       self.leads_max, self.spend_max, self.minimum_score, self.sources_allowed,
       self.sources_blocked, self.buys_listings, self.delivery, self.targeting);
    if (io.since(2)) {
      io(self.priority, self.weight, self.pacing, self.schedule, self.source_leads_max, self.trial);
    }
    if (io.since(4)) io(self.model, self.live_bid);
    if (io.since(5)) io(self.landing_url, self.event, self.value_bp);
  }
};

/// Creates a campaign or gives it a new version; counts and budget stay.
struct UpsertCampaign {
  std::int64_t campaign_no{};
  std::int64_t buyer_no{};
  std::int32_t version{};
  CampaignTerms terms;
  static void fields(auto& self, auto& io) {
    io(self.campaign_no, self.buyer_no, self.version, self.terms);
  }
};

struct PauseCampaign {
  std::int64_t campaign_no{};
  std::int64_t buyer_no{};
  bool paused{};
  bool by_staff{};  // the buyer is suspended
  static void fields(auto& self, auto& io) {
    io(self.campaign_no, self.buyer_no, self.paused);
    if (io.since(4)) io(self.by_staff);
  }
};

/// One more slice of a campaign's sweep over what rests; a sweep starts by itself when a campaign
/// with `buys_listings` is created, edited, resumed or funded.
struct SweepListings {
  std::int64_t campaign_no{};
  static void fields(auto& self, auto& io) { io(self.campaign_no); }
};

/// A buyer's money in this market: a campaign's budget, or (campaign 0) the buyer's desk.
struct BudgetKey {
  std::int64_t buyer_no{};
  std::int64_t campaign_no{};
  friend auto operator<=>(BudgetKey const&, BudgetKey const&) = default;
  static void fields(auto& self, auto& io) { io(self.buyer_no, self.campaign_no); }
};

/// Money that left the wallet arrives; each intent once (the caller's look-up sees to it).
struct FundBudget {
  BudgetKey budget;
  std::int64_t intent_no{};
  std::int64_t amount_micros{};
  static void fields(auto& self, auto& io) { io(self.budget, self.intent_no, self.amount_micros); }
};

struct DefundBudget {
  BudgetKey budget;
  std::int64_t intent_no{};
  std::int64_t amount_micros{};
  static void fields(auto& self, auto& io) { io(self.budget, self.intent_no, self.amount_micros); }
};

/// Settled earnings of a generator leave for the platform's books.
struct RemitEarnings {
  std::int64_t generator_no{};
  std::int64_t intent_no{};
  std::int64_t amount_micros{};
  static void fields(auto& self, auto& io) {
    io(self.generator_no, self.intent_no, self.amount_micros);
  }
};

/// Rows of an upload whose persons are claimed for its lot. The engine only counts them; that each
/// person was free was looked up before.
struct AdmitRows {
  std::int64_t batch_no{};
  std::int64_t accepted{};
  std::int64_t duplicate{};
  static void fields(auto& self, auto& io) { io(self.batch_no, self.accepted, self.duplicate); }
};

/// A value of one market attribute: nothing, a number (integer, boolean 0/1) or a text.
struct AttributeText {
  enum class Kind : std::uint8_t { missing = 0, number = 1, text = 2 };
  Kind kind{Kind::missing};
  std::int64_t number{};
  std::string text;
  friend bool operator==(AttributeText const&, AttributeText const&) = default;
  static void fields(auto& self, auto& io) { io(self.kind, self.number, self.text); }
};

/// A checked lead meets the campaigns; what is not sold rests as a listing.
struct OfferLead {
  std::int64_t lead_no{};
  std::int64_t generator_no{};
  std::int32_t version{};  // of the rules its attributes follow
  std::int64_t score{kNone};
  std::int32_t vehicle{};  // ordinal in targeting::kVehicles
  std::string reason;
  std::int64_t captured_us{};
  std::int64_t ask_micros{kNone};
  std::vector<AttributeText> attributes;  // in the order of that version
  bool named{};                           // consent for the companies it names only:
  std::vector<std::int64_t> named_for;    // their buyers, ascending
  std::vector<std::int64_t> withheld;     // buyers whose own list has the person, ascending
  static void fields(auto& self, auto& io) {
    io(self.lead_no, self.generator_no, self.version, self.score, self.vehicle, self.reason,
       self.captured_us, self.ask_micros, self.attributes);
    if (io.since(2)) io(self.named, self.named_for, self.withheld);
  }
};

/// An offer on one listing: at or above the ask it buys at once and pays the ask; between reserve
/// and ask it stands until the listing's auction ends.
struct PlaceBid {
  std::int64_t lead_no{};
  BudgetKey budget;
  std::int64_t price_micros{};
  bool exclusive{};
  static void fields(auto& self, auto& io) {
    io(self.lead_no, self.budget, self.price_micros, self.exclusive);
  }
};

struct WithdrawBid {
  std::int64_t bid_no{};
  std::int64_t buyer_no{};
  static void fields(auto& self, auto& io) { io(self.bid_no, self.buyer_no); }
};

/// An immediate-or-cancel sweep of listings by filter, in the order ask, age of listing, lead.
struct Purchase {
  BudgetKey budget;
  std::string filter;  // targeting::encode bytes
  std::int64_t quantity{};
  std::int64_t limit_micros{};
  bool exclusive{};
  static void fields(auto& self, auto& io) {
    io(self.budget, self.filter, self.quantity, self.limit_micros, self.exclusive);
  }
};

struct ConfirmDelivery {
  std::int64_t lead_no{};
  std::int32_t slot{};
  static void fields(auto& self, auto& io) { io(self.lead_no, self.slot); }
};

/// The buyer's endpoint refused the lead: the sale is voided and the next bidder gets it.
struct RefuseDelivery {
  std::int64_t lead_no{};
  std::int32_t slot{};
  static void fields(auto& self, auto& io) { io(self.lead_no, self.slot); }
};

struct OpenReturn {
  std::int64_t lead_no{};
  std::int32_t slot{};
  std::int64_t buyer_no{};
  std::string reason;
  bool proven{};  // ruled automatically: proof is complete; outside the ceiling
  static void fields(auto& self, auto& io) {
    io(self.lead_no, self.slot, self.buyer_no, self.reason, self.proven);
  }
};

struct AcceptReturn {
  std::int64_t return_no{};
  std::int64_t generator_no{};
  static void fields(auto& self, auto& io) { io(self.return_no, self.generator_no); }
};

struct ContestReturn {
  std::int64_t return_no{};
  std::int64_t generator_no{};
  static void fields(auto& self, auto& io) { io(self.return_no, self.generator_no); }
};

enum class Ruling : std::uint8_t { credit_buyer = 0, deny = 1, partial = 2 };

struct DecideDispute {
  std::int64_t return_no{};
  Ruling ruling{};
  std::int64_t amount_micros{};  // partial only
  static void fields(auto& self, auto& io) { io(self.return_no, self.ruling, self.amount_micros); }
};

/// Takes an unsold lead off the market. Generator 0: staff, or a bad verdict of the spot check.
struct WithdrawLead {
  std::int64_t lead_no{};
  std::int64_t generator_no{};
  static void fields(auto& self, auto& io) { io(self.lead_no, self.generator_no); }
};

/// A part of what a lead's sales bring its generator that goes to another, who brought the same
/// person later.
struct LeadShare {
  std::int64_t generator_no{};  // the later one; 0: nobody
  std::int32_t split_bp{};      // of the net, 1 … kBasisPointsWhole − 1
  friend bool operator==(LeadShare const&, LeadShare const&) = default;
  static void fields(auto& self, auto& io) { io(self.generator_no, self.split_bp); }
};

/// Work that has come due, at most `limit` items, oldest first.
struct Tick {
  enum Job : std::uint32_t {
    settlement = 1,
    release_holdback = 2,
    listing_expiry = 4,
    delivery_deadline = 8,
    returns = 16,  // silence of the generator accepts
    all = 31,
  };
  std::uint32_t jobs{all};
  std::int32_t limit{64};
  static void fields(auto& self, auto& io) { io(self.jobs, self.limit); }
};

/// Staff takes back what a settled sale brought, for its buyer. Each order once (the caller's
/// look-up sees to it). The sale as its row says it follows: the market forgets a sale once its
/// holdback is released, and nothing but this command changes such a row any more.
struct ClawBack {
  std::int64_t order_no{};
  std::int64_t lead_no{};
  std::int32_t slot{};
  std::int64_t amount_micros{};
  BudgetKey budget;
  std::int64_t generator_no{};
  std::int64_t gross_micros{};
  std::int64_t fee_micros{};
  std::int64_t credited_micros{};  // before this one
  LeadShare share{};
  static void fields(auto& self, auto& io) {
    io(self.order_no, self.lead_no, self.slot, self.amount_micros, self.budget, self.generator_no,
       self.gross_micros, self.fee_micros, self.credited_micros);
    if (io.since(8)) io(self.share);
  }
};

/// A generator's money on the platform arrives to cover claw-backs that its earnings here did not;
/// each intent once.
struct CoverClawBack {
  std::int64_t generator_no{};
  std::int64_t intent_no{};
  std::int64_t amount_micros{};
  static void fields(auto& self, auto& io) {
    io(self.generator_no, self.intent_no, self.amount_micros);
  }
};

/// An agreed price between one buyer and one generator, proposed by one of them. It replaces the
/// proposal that the two had open.
struct ProposeDeal {
  std::int64_t buyer_no{};
  std::int64_t generator_no{};
  std::int64_t price_micros{};
  bool exclusive{};  // for the whole lead, else for a share
  std::int64_t by_no{};
  static void fields(auto& self, auto& io) {
    io(self.buyer_no, self.generator_no, self.price_micros, self.exclusive, self.by_no);
  }
};

/// The other side accepts; a deal the two had before ends with it.
struct AcceptDeal {
  std::int64_t deal_no{};
  std::int64_t by_no{};
  static void fields(auto& self, auto& io) { io(self.deal_no, self.by_no); }
};

/// Either side ends a deal, or takes back or declines a proposal.
struct EndDeal {
  std::int64_t deal_no{};
  std::int64_t by_no{};
  static void fields(auto& self, auto& io) { io(self.deal_no, self.by_no); }
};

inline constexpr std::int32_t kGradesMax = 6;  // A to F

/// "As it was", of a reserve or a grade.
inline constexpr std::int32_t kAsItWas = -2;

/// What holds for one generator's leads that are offered from now on.
struct SetSourceTerms {
  std::int64_t generator_no{};
  std::int64_t reserve_micros{kNone};  // its own, on top of the market's; or kAsItWas
  std::int32_t grade{};                // 1 … kGradesMax; 0: none; or kAsItWas
  static void fields(auto& self, auto& io) {
    io(self.generator_no, self.reserve_micros, self.grade);
  }
};

inline constexpr std::size_t kWithholdMax = 1000;

/// Leads of persons on a buyer's own list: it does not get them from now on. At most kWithholdMax.
struct WithholdLeads {
  std::int64_t buyer_no{};
  std::vector<std::int64_t> lead_nos;
  static void fields(auto& self, auto& io) { io(self.buyer_no, self.lead_nos); }
};

/// What a buyer's endpoint answered to a ping; for that auction it stands in the place of the
/// campaign's standing bid, which it never exceeds.
struct LiveBid {
  std::int64_t campaign_no{};
  std::int64_t bid_micros{};  // 0: no bid
  bool exclusive{};           // for the whole lead
  static void fields(auto& self, auto& io) {
    io(self.campaign_no, self.bid_micros, self.exclusive);
  }
};

/// Asks what a lead would bring, without the person. What it finds is reserved for ttl_us: caps,
/// budgets and trials count it as if it were sold. No table holds a reservation.
struct OfferPing {
  std::int64_t ping_no{};  // chosen by the caller, at random: unique for ever
  std::int64_t ttl_us{};
  std::int64_t minimum_micros{};  // lower prices are left out; gross, of a share or of the whole
  OfferLead lead;                 // number 0
  std::vector<LiveBid> live;      // ascending by campaign; others bid as they stand, but for those
                                  // that bid live: without an answer they do not bid
  static void fields(auto& self, auto& io) {
    io(self.ping_no, self.ttl_us, self.minimum_micros, self.lead, self.live);
  }
};

/// One bid that a ping was promised. Net is what its generator was told, after the commission.
struct PromisedBid {
  std::int64_t campaign_no{};
  std::int64_t buyer_no{};
  std::int64_t price_micros{};
  std::int64_t net_micros{};
  bool exclusive{};
  friend bool operator==(PromisedBid const&, PromisedBid const&) = default;
  static void fields(auto& self, auto& io) {
    io(self.campaign_no, self.buyer_no, self.price_micros, self.net_micros, self.exclusive);
  }
};

/// The lead behind a ping. What was promised is sold first, at the promised prices, as far as it is
/// still reserved and its buyer can take it; the rest meets the campaigns like any other lead.
struct PostPing {
  std::int64_t ping_no{};
  std::int64_t expires_us{};  // the last instant at which the promise holds
  std::vector<PromisedBid> promised;
  OfferLead lead;
  static void fields(auto& self, auto& io) {
    io(self.ping_no, self.expires_us, self.promised, self.lead);
  }
};

/// Reservations are gone: memory was loaded afresh, which the log has to say for its replay.
struct ForgetPings {
  static void fields(auto&, auto&) {}
};

/// One sale of a lead's earlier rounds: its buyer is not asked again.
struct PastOwner {
  std::int64_t buyer_no{};
  std::int32_t slot{};
  std::int32_t shares_max{};
  static void fields(auto& self, auto& io) { io(self.buyer_no, self.slot, self.shares_max); }
};

/// A lead that rested goes on sale once more, cheaper than before. Each round of a lead once (the
/// caller's look-up sees to it).
struct RelistLead {
  OfferLead lead;                 // with the ask of the round before
  std::int32_t round{};           // 1: the first time
  std::vector<PastOwner> owners;  // of all its sales, each returned or voided
  LeadShare share{};              // as it was in the rounds before
  static void fields(auto& self, auto& io) {
    io(self.lead, self.round, self.owners);
    if (io.since(8)) io(self.share);
  }
};
/// Rounds of a lead are few: its sales are numbered through all of them.
inline constexpr std::int32_t kRecycleRoundsMax = 20;

/// A visit asks where to go: one campaign gets it that pays for clicks, or for what comes of
/// visits, or nobody does; nothing of it rests.
struct OfferClick {
  std::int64_t click_no{};  // of the numbers of leads
  std::int64_t generator_no{};
  std::int32_t version{};                 // of the rules its attributes follow
  std::vector<AttributeText> attributes;  // in the order of that version
  std::vector<std::int64_t> paid_by;      // campaigns that got this visitor lately, ascending
  static void fields(auto& self, auto& io) {
    io(self.click_no, self.generator_no, self.version, self.attributes, self.paid_by);
  }
};

/// Switches to these estimates of what bids per acquisition are worth.
struct SetEstimates {
  estimate::EstimateVersion estimates;
  static void fields(auto& self, auto& io) { io(self.estimates); }
};

inline constexpr std::size_t kTransactionBytesMax = 128;

/// What a sold lead was bought for has happened. That the transaction is new to its buyer was
/// looked up before.
struct ReportConversion {
  std::int64_t lead_no{};
  std::int32_t slot{};
  std::int64_t buyer_no{};
  std::string event;
  std::string transaction_id;        // 1 … kTransactionBytesMax, the buyer's
  std::int64_t at_us{};              // when it happened
  std::int64_t value_micros{kNone};  // of the acquisition to the buyer
  bool confirmed{};                  // by the buyer; else it waits for the buyer's word
  static void fields(auto& self, auto& io) {
    io(self.lead_no, self.slot, self.buyer_no, self.event, self.transaction_id, self.at_us,
       self.value_micros, self.confirmed);
  }
};

/// The word on a conversion that waits for it. Buyer 0: staff.
struct DecideConversion {
  std::int64_t conversion_no{};
  std::int64_t buyer_no{};
  bool approved{};
  std::int64_t value_micros{kNone};  // in the place of what was reported; none: as it was
  static void fields(auto& self, auto& io) {
    io(self.conversion_no, self.buyer_no, self.approved, self.value_micros);
  }
};

/// What came of a click that was paid for as such: to be known, and told to its generator; nobody
/// pays for it. The click as its row says it follows, since the market forgets one whose holdback
/// is released. That the transaction is new to its buyer and the event to its click was looked up
/// before.
struct NoteConversion {
  std::int64_t click_no{};
  BudgetKey budget;
  std::int64_t clicked_us{};
  std::string event;
  std::string transaction_id;  // 1 … kTransactionBytesMax, the buyer's
  std::int64_t at_us{};        // when it happened
  std::int64_t value_micros{kNone};
  bool confirmed{};  // told by the buyer
  static void fields(auto& self, auto& io) {
    io(self.click_no, self.budget, self.clicked_us, self.event, self.transaction_id, self.at_us,
       self.value_micros, self.confirmed);
  }
};
/// After the click; a longer window of the market's holds here too.
inline constexpr std::int64_t kNotedWithinUs = 90LL * 24 * 3'600'000'000;

/// The person of a lead was brought again by another generator, whose own lead is a duplicate: from
/// now on the two share what the lead's sales bring. Once for a lead, and only while no sale of it
/// is settled.
struct ShareLead {
  std::int64_t lead_no{};
  LeadShare share;
  static void fields(auto& self, auto& io) { io(self.lead_no, self.share); }
};

/// The order is stored in the log: new commands go at the end.
using Command =
    std::variant<ConfigureMarket, SetZoneWindows, UpsertCampaign, PauseCampaign, SweepListings,
                 FundBudget, DefundBudget, RemitEarnings, AdmitRows, OfferLead, PlaceBid,
                 WithdrawBid, Purchase, ConfirmDelivery, RefuseDelivery, OpenReturn, AcceptReturn,
                 ContestReturn, DecideDispute, WithdrawLead, Tick, ClawBack, CoverClawBack,
                 ProposeDeal, AcceptDeal, EndDeal, SetSourceTerms, WithholdLeads, OfferPing,
                 PostPing, ForgetPings, RelistLead, OfferClick, SetEstimates, ReportConversion,
                 DecideConversion, NoteConversion, ShareLead>;

/// The lead a command brings; null when it brings none.
template <class C>
  requires std::same_as<std::remove_const_t<C>, Command>
[[nodiscard]] auto* brought_lead(C& command) {
  if (auto* offer = std::get_if<OfferLead>(&command)) return offer;
  if (auto* again = std::get_if<RelistLead>(&command)) return &again->lead;
  auto* post = std::get_if<PostPing>(&command);
  return post == nullptr ? nullptr : &post->lead;
}

}  // namespace leadex::market
