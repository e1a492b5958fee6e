#pragma once
// Commands of a market: everything that may change its state, with time and seeds inside. What the
// log keeps is exactly these, so a replay needs nothing else. Pure values; any thread.

#include <array>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "billing/values/ids.hpp"
#include "matching/auction/auction.hpp"
#include "matching/targeting/schema.hpp"

namespace leadex::market {

/// "None" of an optional non-negative amount, count or limit.
inline constexpr std::int64_t kNone = -1;

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
  static void fields(auto& self, auto& io) { io(self.zone, self.windows); }
};

struct ConfigureMarket {
  MarketRules rules;
  static void fields(auto& self, auto& io) { io(self.rules); }
};

enum class Delivery : std::uint8_t { pull = 0, webhook = 1 };

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

  static void fields(auto& self, auto& io) {
    io(self.bid_micros, self.exclusive_bid_micros, self.exclusivity, self.max_shares, self.zone,
       self.leads_max, self.spend_max, self.minimum_score, self.sources_allowed,
       self.sources_blocked, self.buys_listings, self.delivery, self.targeting);
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
  static void fields(auto& self, auto& io) { io(self.campaign_no, self.buyer_no, self.paused); }
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
  static void fields(auto& self, auto& io) {
    io(self.lead_no, self.generator_no, self.version, self.score, self.vehicle, self.reason,
       self.captured_us, self.ask_micros, self.attributes);
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
  static void fields(auto& self, auto& io) {
    io(self.order_no, self.lead_no, self.slot, self.amount_micros, self.budget, self.generator_no,
       self.gross_micros, self.fee_micros, self.credited_micros);
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

/// The order is stored in the log: new commands go at the end.
using Command =
    std::variant<ConfigureMarket, SetZoneWindows, UpsertCampaign, PauseCampaign, SweepListings,
                 FundBudget, DefundBudget, RemitEarnings, AdmitRows, OfferLead, PlaceBid,
                 WithdrawBid, Purchase, ConfirmDelivery, RefuseDelivery, OpenReturn, AcceptReturn,
                 ContestReturn, DecideDispute, WithdrawLead, Tick, ClawBack, CoverClawBack>;

}  // namespace leadex::market
