#pragma once
// OpenSale, ReturnCase, BuyerRecord: a sale until nothing more can happen to it, a return until it
// is decided, and what a buyer's return ceiling counts. Parts of the market engine.

#include <array>
#include <compare>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>

#include "matching/market/command.hpp"
#include "matching/market/outcome.hpp"

namespace leadex::market {

struct SaleKey {
  std::int64_t lead_no{};
  std::int32_t slot{};
  friend auto operator<=>(SaleKey const&, SaleKey const&) = default;
};

struct OpenSale {
  SaleKey key;
  BudgetKey budget;
  std::int64_t generator_no{};
  std::int64_t gross_micros{};
  std::int64_t credited_micros{};
  std::int64_t sold_us{};
  std::int64_t due_us{};  // deadline of delivery, end of the return window, release of the holdback
  std::int64_t return_no{};  // its return, decided or not; 0 none
  bool return_open{};
  bool trial{};
  bool of_source{};
  PricingModel model{PricingModel::cpl};
  Acquisition acquisition;
  std::int64_t conversion_no{};  // pending or not covered; 0 none
  SaleState state{};
  std::array<std::int64_t, kWindowKinds> windows{};  // begin of each cap window it counts in

  [[nodiscard]] bool of_visit() const { return model == PricingModel::cpc || acquisition.visit; }
  /// Whether its price is no part of its budget's debits yet, only of the campaign's pool.
  [[nodiscard]] bool pooled() const {
    return acquisition.held_micros != kNone && state != SaleState::settled;
  }
};

/// What is known of a lead across its sales; kept while it is in the market or a sale of it is
/// open. Visits have none.
struct LeadTrade {
  std::int64_t generator_no{};  // once it was sold
  std::int32_t open{};          // sales that are kept as OpenSale
  std::int32_t settled{};       // sales that stand settled, forgotten ones too
  LeadShare share;
};

struct ReturnCase {
  std::int64_t return_no{};
  SaleKey sale;
  std::int64_t buyer_no{};
  std::int64_t generator_no{};
  std::string reason;
  ReturnState state{};
  std::int64_t opened_us{};
  std::int64_t due_us{};
};

inline constexpr std::int64_t kHourUs = 3'600'000'000;
inline constexpr std::int64_t kCeilingSpanUs = 30 * 24 * kHourUs;

/// Rolling 30 days of one buyer in one market. Deliveries are kept by the hour of their sale,
/// returns one by one.
struct BuyerRecord {
  std::map<std::int64_t, std::int64_t> delivered;  // hour since 1970 → sales
  std::map<std::int64_t, std::int64_t> returns;  // return number → opened, µs; denied ones leave
  void prune(std::int64_t now_us);
  [[nodiscard]] std::int64_t delivered_since(std::int64_t from_us) const;
  [[nodiscard]] std::int64_t returned_since(std::int64_t from_us) const;
};

/// An agreed price between a buyer and a generator, or the proposal of one.
struct Deal {
  std::int64_t deal_no{};
  std::int64_t buyer_no{};
  std::int64_t generator_no{};
  std::int64_t price_micros{};
  bool exclusive{};
  std::int64_t by_no{};
  DealState state{};
};

/// Something that comes due: a sale (lead, slot), a listing (lead, −1 expiry / −2 end of its
/// auction) or a return (number, −3). Entries that no longer apply are dropped when they come up.
struct Due {
  std::int64_t due_us{};
  std::int64_t no{};
  std::int32_t slot{};
  friend auto operator<=>(Due const&, Due const&) = default;
};
inline constexpr std::int32_t kDueExpiry = -1;
inline constexpr std::int32_t kDueAuction = -2;
inline constexpr std::int32_t kDueReturn = -3;
inline constexpr std::int32_t kDueConversion = -5;  // silence of the buyer approves
inline constexpr std::int32_t kDueFill = -4;        // the ask has come down to a standing bid

}  // namespace leadex::market

template <>
struct std::hash<leadex::market::SaleKey> {
  std::size_t operator()(leadex::market::SaleKey const& key) const noexcept {
    return std::hash<std::uint64_t>{}(static_cast<std::uint64_t>(key.lead_no) *
                                          0x9E3779B97F4A7C15ULL ^
                                      static_cast<std::uint64_t>(key.slot));
  }
};
