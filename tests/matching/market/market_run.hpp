#pragma once
// MarketRun: a random but repeatable stream of commands for one market: campaigns of all kinds,
// leads, bids, purchases, deliveries, returns, time. For property tests of the engine.

#include <random>

#include "matching/market/engine.hpp"

namespace leadex::market {

inline constexpr std::int64_t kUnit = 1'000'000;
inline constexpr std::int64_t kMinuteUs = 60 * kUnit;

class MarketRun {
 public:
  explicit MarketRun(std::uint64_t seed) : random_(seed) {}

  [[nodiscard]] static MarketRules rules(std::int32_t version = 1);
  /// The same with routing, price rule, falling asks, graded reserves as this run has them.
  [[nodiscard]] MarketRules own_rules();
  /// A lead of generator 101 under these rules, its attributes unknown.
  [[nodiscard]] static OfferLead plain_lead(std::int64_t lead_no);
  [[nodiscard]] std::int64_t now_us() const { return now_us_; }
  [[nodiscard]] Timestamp now() const { return from_unix_micros(now_us_); }

  /// The commands every run begins with.
  [[nodiscard]] std::vector<Command> opening();
  /// The next command, chosen with a look at the engine so that most of them do something.
  [[nodiscard]] Command next(Engine const& engine);
  /// What came of it: numbers of sales, bids, returns to act on later.
  void learn(Applied const& applied);

  [[nodiscard]] std::int64_t below(std::int64_t n) {
    return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(n));
  }

 private:
  [[nodiscard]] Command campaign();
  [[nodiscard]] Command lead();
  [[nodiscard]] OfferLead any_lead(std::int64_t lead_no);
  [[nodiscard]] Command zone_roll(std::string const& zone);
  [[nodiscard]] Command claw_back();
  [[nodiscard]] Command deal();
  [[nodiscard]] Command ping();
  [[nodiscard]] Command post();
  [[nodiscard]] Command relist();
  [[nodiscard]] Command share();
  [[nodiscard]] Command click();
  [[nodiscard]] Command estimates();
  [[nodiscard]] Command conversion();
  [[nodiscard]] Command note();
  [[nodiscard]] Command word_on_conversion();
  void narrow(CampaignTerms& terms);
  [[nodiscard]] std::string targeting();
  template <class T>
  [[nodiscard]] T any_of(std::vector<T> const& list) {
    return list[static_cast<std::size_t>(below(std::ssize(list)))];
  }

  std::mt19937_64 random_;
  std::int64_t now_us_{1'790'000'000'000'000};
  std::int64_t zone_end_us_{};
  std::int64_t campaigns_{};
  std::int64_t leads_{};
  std::int64_t intents_{};
  std::int64_t orders_{};
  std::map<std::int64_t, std::int64_t> buyer_of_;  // campaign → buyer
  std::map<std::int64_t, std::int32_t> version_of_;
  std::vector<SaleAwarded> sales_;
  std::vector<BidMoved> bids_;
  std::vector<ReturnMoved> returns_;
  std::vector<DealMoved> deals_;
  std::vector<ConversionMoved> conversions_;
  std::vector<SaleAwarded> acquisitions_;
  std::vector<SaleAwarded> clicks_;  // paid for as such
  bool pooled_{};                    // its market's holds for acquisitions
  std::int64_t estimates_{};
  std::int64_t transactions_{};
  struct Pinged {
    OfferPing ping;
    std::int64_t expires_us{};
    std::vector<PromisedBid> bids;
  };
  OfferPing last_ping_;
  std::int64_t pings_{};
  std::vector<Pinged> pinged_;
  std::map<SaleKey, SaleImage> rows_;  // every sale as its table row stands
  std::map<std::int64_t, OfferLead> offered_;
  std::vector<std::int64_t> rested_;             // leads to be listed again
  std::map<std::int64_t, std::int32_t> rounds_;  // lead → how often it was
  std::map<std::int64_t, LeadShare> shared_;     // by lead
};

}  // namespace leadex::market
