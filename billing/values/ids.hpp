#pragma once
// Ids inside the exchange: (market ordinal, number), counted by that market's writer. A LeadId
// never converts to a BatchId. server/crypto seals them into the public form. Pure; any thread.

#include <compare>
#include <cstdint>
#include <functional>

namespace leadex {

/// Ordinal of a market; 0 is the exchange itself (the platform stream).
using MarketNo = std::uint32_t;

template <class Tag>
struct Id {
  MarketNo market{};
  std::int64_t no{};
  friend auto operator<=>(Id const&, Id const&) = default;
};

using AccountId = Id<struct AccountTag>;  // market 0: accounts belong to the exchange
using ApiKeyId = Id<struct ApiKeyTag>;    // market 0
using LeadId = Id<struct LeadTag>;
using BatchId = Id<struct BatchTag>;  // an upload, and the lot its accepted rows form
using CampaignId = Id<struct CampaignTag>;
using BidId = Id<struct BidTag>;
using OrderId = Id<struct OrderTag>;  // a purchase (sweep)
using AuctionId = Id<struct AuctionTag>;
using ReturnId = Id<struct ReturnTag>;
using DisputeId = Id<struct DisputeTag>;  // carries the number of its return
using ConversionId = Id<struct ConversionTag>;
using DealId = Id<struct DealTag>;            // an agreed price of one buyer and one generator
using PlacementId = Id<struct PlacementTag>;  // a generator's link for visitors
using ClickId = Id<struct ClickTag>;          // a visit that was paid for; its sale's number
using CheckId = Id<struct CheckTag>;          // one spot check of one lead

/// A sale is one share slot of one lead: slot = attempt * kSharesPerRound + share index.
struct SaleId {
  MarketNo market{};
  std::int64_t lead_no{};
  std::int32_t slot{};
  friend auto operator<=>(SaleId const&, SaleId const&) = default;
};
inline constexpr std::int32_t kSharesPerRound = 16;  // share limit K of a market is at most this
inline constexpr std::int32_t kSaleSlotsMax = 1024;  // bits kept for the slot in a public sale id

}  // namespace leadex

template <class Tag>
struct std::hash<leadex::Id<Tag>> {
  std::size_t operator()(leadex::Id<Tag> const& id) const noexcept {
    return std::hash<std::uint64_t>{}((std::uint64_t{id.market} << 40) ^
                                      static_cast<std::uint64_t>(id.no) * 0x9E3779B97F4A7C15ULL);
  }
};
