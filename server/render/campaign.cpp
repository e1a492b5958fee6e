#include "server/render/campaign.hpp"

#include <algorithm>

#include "server/crypto/bytes.hpp"
#include "server/render/ids.hpp"
#include "server/render/words.hpp"

namespace leadex::render {

namespace {

using json::JsonWriter;

std::optional<Money> money(std::int64_t micros) {
  if (micros == market::kNone) return std::nullopt;
  return Money{micros};
}

bool won(market::RankedBid const& bid) { return bid.loss == auction::LossReason::none; }

void write_loss(JsonWriter& writer, market::RankedBid const& bid, std::string_view currency) {
  writer.field("outcome", won(bid) ? "won" : "lost");
  writer.field("loss_reason", word(bid.loss));
  writer.field("min_to_win", money(bid.min_to_win), currency);
  writer.field("min_exclusive_to_win", money(bid.min_exclusive_to_win), currency);
}

void write_bid(JsonWriter& writer, crypto::PublicIdCodec const& ids, AuctionView const& view,
               market::RankedBid const& bid) {
  auto const object = writer.object();
  writer.field("account_id", account_id(ids, bid.buyer_no));
  std::optional<std::string> campaign;
  if (bid.campaign_no != 0) campaign = ids.seal(CampaignId{view.id.market, bid.campaign_no});
  writer.field("campaign_id", campaign);
  std::optional<std::string> standing;
  if (bid.bid_no != 0) standing = ids.seal(BidId{view.id.market, bid.bid_no});
  writer.field("bid_id", standing);
  writer.field("bid", Money{bid.bid_micros}, view.currency);
  write_loss(writer, bid, view.currency);
}

/// What was auctioned: a lead, or a visit.
void write_subject(JsonWriter& writer, crypto::PublicIdCodec const& ids, MarketNo market,
                   std::int64_t no, bool click) {
  std::optional<std::string> lead;
  std::optional<std::string> visit;
  if (click) {
    visit = ids.seal(ClickId{market, no});
  } else {
    lead = ids.seal(LeadId{market, no});
  }
  writer.field("lead_id", lead);
  writer.field("click_id", visit);
}

}  // namespace

std::string campaign_etag(std::int32_t version) { return '"' + std::to_string(version) + '"'; }

void write_campaign(JsonWriter& writer, crypto::PublicIdCodec const& ids,
                    storage::CampaignView const& campaign, json::Value const& definition) {
  auto const object = writer.object();
  writer.field("id", ids.seal(campaign.id));
  writer.field("status", word(campaign.status));
  writer.field("version", campaign.version);
  for (auto const& member : definition.GetObject()) {
    writer.field(json::text_of(member.name), member.value);
  }
  writer.field("budget", campaign.budget, campaign.currency);
  writer.field("created_at", campaign.created_at);
}

void write_campaign_auction(JsonWriter& writer, crypto::PublicIdCodec const& ids,
                            CampaignAuctionView const& view, std::string_view currency) {
  auto const object = writer.object();
  writer.field("auction_id", ids.seal(view.id));
  write_subject(writer, ids, view.id.market, view.lead_no, view.click);
  writer.field("bid", Money{view.own.bid_micros}, currency);
  write_loss(writer, view.own, currency);
  writer.field("at", view.at);
}

void write_auction(JsonWriter& writer, crypto::PublicIdCodec const& ids, AuctionView const& view,
                   AuctionAudience const& audience) {
  auto const& held = view.held;
  auto const mine = [&](market::RankedBid const& bid) {
    return audience.staff || (audience.buyer_no && bid.buyer_no == *audience.buyer_no);
  };
  auto const object = writer.object();
  writer.field("id", ids.seal(view.id));
  write_subject(writer, ids, view.id.market, held.lead_no, held.click);
  writer.field("market", view.market);
  if (audience.buyer_no && !audience.staff) {
    bool const any = std::any_of(held.ranked.begin(), held.ranked.end(),
                                 [&](auto const& bid) { return mine(bid) && won(bid); });
    writer.field("outcome", any ? "won" : "lost");
  } else {
    writer.field("outcome", held.winners > 0 ? "sold" : "unsold");
  }
  writer.field("exclusive", held.exclusive);
  writer.field("winners", held.winners);
  writer.field("at", view.at);
  if (!audience.buyer_no || audience.staff) {
    writer.field("revenue", std::optional{Money{held.revenue_micros}}, view.currency);
  }
  if (audience.staff) {
    writer.field("candidates", held.candidates);
    writer.field("rules_version", held.rules_version);
    writer.field("losing_package", std::optional{Money{held.losing_package_micros}}, view.currency);
    writer.field("book_sha256", crypto::hex_encode(held.book));
  }
  if (!audience.staff && !audience.buyer_no) return;
  auto const bids = writer.array("bids");
  for (auto const& bid : held.ranked) {
    if (mine(bid)) write_bid(writer, ids, view, bid);
  }
}

}  // namespace leadex::render
