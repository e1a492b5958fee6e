#include "server/render/listing.hpp"

#include "server/render/words.hpp"

namespace leadex::render {

void write_listing(json::JsonWriter& writer, crypto::PublicIdCodec const& ids,
                   ListingView const& view, std::span<targeting::AttributeDef const> definitions,
                   std::span<Show const> shows) {
  auto const& lead = view.lead;
  auto const object = writer.object();
  writer.field("id", ids.seal_listing(lead.id));
  writer.field("market", view.market);
  write_attributes(writer, "attributes", definitions, lead.attributes, shows);
  writer.field("score", lead.score);
  writer.field("temperature", temperature_word(lead.score));
  {
    auto const source = writer.object("source");
    writer.field("vehicle", vehicle_word(lead.vehicle));
    writer.field("reason", lead.reason);
  }
  // The hour is enough to judge age by; the instant could find a person again elsewhere.
  Timestamp const hour = std::chrono::floor<std::chrono::hours>(lead.captured_at);
  writer.field("captured_at", hour);
  writer.field("ask", view.terms.ask, view.currency);
  writer.field("ask_exclusive", view.terms.ask_exclusive, view.currency);
  writer.field("shares_left", view.terms.shares_left);
  writer.field("auction_ends_at", from_unix_micros(view.terms.auction_ends_us));
}

}  // namespace leadex::render
