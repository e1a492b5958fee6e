#pragma once
// Listings as JSON: what is on sale, without the person behind it. Pure; any thread.

#include <optional>
#include <span>
#include <string>

#include "server/crypto/public_id.hpp"
#include "server/json/writer.hpp"
#include "server/render/attributes.hpp"
#include "server/storage/lead_reads.hpp"

namespace leadex::render {

/// The terms of a listing as its market's writer holds them.
struct ListingTerms {
  Money ask;
  std::optional<Money> ask_exclusive;  // none once a share is sold
  std::int32_t shares_left{};
  std::int64_t auction_ends_us{};
};

struct ListingView {
  storage::LeadView lead;
  ListingTerms terms;
  std::string market;
  std::string currency;
};

/// @param definitions  of the version the lead came under
/// @param shows        one per definition
void write_listing(json::JsonWriter& writer, crypto::PublicIdCodec const& ids,
                   ListingView const& view, std::span<targeting::AttributeDef const> definitions,
                   std::span<Show const> shows);

}  // namespace leadex::render
