#pragma once
// The two messages of a live bid: what a buyer's endpoint is asked, and what it answers. Never a
// contact, nor a hash of one. Pure; any thread.

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "billing/values/money.hpp"
#include "server/crypto/public_id.hpp"
#include "server/market/bid_requester.hpp"

namespace leadex::delivery {

/// What all bidders of a ping are asked alike, as the start of a JSON object.
/// @param ping_id  made for it; says nothing about the promise   @param time  left for the answer
[[nodiscard]] std::string bid_request_start(market::BidRound const& round, std::string_view ping_id,
                                            std::chrono::milliseconds time);
/// The whole request to one campaign.
[[nodiscard]] std::string bid_request(std::string_view start, std::string_view campaign_id);

struct BidReply {
  Money bid;  ///< 0: none
  bool exclusive{};
};
/// {"bid":M|null,"exclusive"?:bool}; members it does not know are passed over.
/// @return nothing for anything else: another currency, no amount above zero, no JSON
[[nodiscard]] std::optional<BidReply> read_bid_reply(std::string_view body,
                                                     std::string_view currency);

}  // namespace leadex::delivery
