#include "server/delivery/bid_message.hpp"

#include "server/json/money_text.hpp"
#include "server/json/writer.hpp"
#include "server/render/attributes.hpp"
#include "server/render/words.hpp"

namespace leadex::delivery {

namespace {

static_assert(static_cast<int>(render::Show::exact) == static_cast<int>(market::Visibility::exact));
static_assert(static_cast<int>(render::Show::band) == static_cast<int>(market::Visibility::band));
static_assert(static_cast<int>(render::Show::hidden) ==
              static_cast<int>(market::Visibility::hidden));

/// As on a listing; what has no rule of its own stays hidden.
std::vector<render::Show> shows_of(market::MarketSettings const& settings) {
  std::vector<render::Show> shows;
  for (auto const visibility : settings.visibility) {
    shows.push_back(static_cast<render::Show>(visibility));
  }
  shows.resize(settings.rules.attributes.size(), render::Show::hidden);
  return shows;
}

}  // namespace

std::string bid_request_start(market::BidRound const& round, std::string_view ping_id,
                              std::chrono::milliseconds time) {
  json::JsonWriter out;
  {
    auto const object = out.object();
    out.field("ping", ping_id);
    out.field("market", round.market_name);
    render::write_attributes(out, "attributes", round.settings->rules.attributes, round.attributes,
                             shows_of(*round.settings));
    {
      auto const source = out.object("source");
      out.field("vehicle", render::vehicle_word(round.vehicle));
      out.field("reason", round.reason);
    }
    if (round.minimum_micros > 0) {
      out.field("minimum_price", Money{round.minimum_micros}, round.settings->currency);
    }
    out.field("tmax_ms", static_cast<std::int64_t>(time.count()));
  }
  auto text = out.str();
  text.pop_back();  // the closing brace
  return text;
}

std::string bid_request(std::string_view start, std::string_view campaign_id) {
  std::string text;
  text.reserve(start.size() + campaign_id.size() + 20);
  text.append(start).append(R"(,"campaign_id":")").append(campaign_id).append("\"}");
  return text;
}

std::optional<BidReply> read_bid_reply(std::string_view body, std::string_view currency) {
  auto const document = json::parse(body, {.depth = 8, .bytes = body.size()});
  if (!document || !document->IsObject()) return std::nullopt;
  json::FieldErrors errors;
  json::ObjectReader reader(*document, errors);
  if (reader.find("bid") == nullptr) return std::nullopt;
  auto const bid = json::optional_money(reader, "bid", {.currency = currency, .min = Money{1}});
  auto const exclusive = reader.optional_bool("exclusive").value_or(false);
  if (!errors.empty()) return std::nullopt;
  return BidReply{bid.value_or(Money{}), exclusive};
}

}  // namespace leadex::delivery
