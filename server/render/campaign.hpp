#pragma once
// Campaigns and auctions as JSON, one shape per resource as openapi.yaml has it. Pure; any thread.

#include <optional>
#include <string>
#include <vector>

#include "server/crypto/public_id.hpp"
#include "server/json/value.hpp"
#include "server/json/writer.hpp"
#include "server/storage/campaign_reads.hpp"

namespace leadex::render {

/// `"3"`: the ETag of a campaign's version.
[[nodiscard]] std::string campaign_etag(std::int32_t version);

/// @param definition  the view's definition, parsed
void write_campaign(json::JsonWriter& writer, crypto::PublicIdCodec const& ids,
                    storage::CampaignView const& campaign, json::Value const& definition);

/// An auction as one of the bidders' campaigns sees it. `sale` of the winner.
struct CampaignAuctionView {
  AuctionId id;
  std::int64_t lead_no{};
  Timestamp at{};
  market::RankedBid own;
  bool click{};  // lead_no is a click's
};
void write_campaign_auction(json::JsonWriter& writer, crypto::PublicIdCodec const& ids,
                            CampaignAuctionView const& view, std::string_view currency);

/// Which part of an auction is shown: a buyer its own bids, a generator the result, staff all.
struct AuctionAudience {
  std::optional<std::int64_t> buyer_no;
  bool staff{};
};
struct AuctionView {
  AuctionId id;
  std::string market;
  std::string currency;
  Timestamp at{};
  market::AuctionHeld held;
};
void write_auction(json::JsonWriter& writer, crypto::PublicIdCodec const& ids,
                   AuctionView const& view, AuctionAudience const& audience);

}  // namespace leadex::render
