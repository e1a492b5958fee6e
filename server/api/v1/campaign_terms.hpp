#pragma once
// A campaign's definition: from JSON to the engine's terms, and the canonical JSON that is kept as
// the version's definition. Pure but for opening ids; any thread.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "billing/values/result.hpp"
#include "matching/market/command.hpp"
#include "server/crypto/public_id.hpp"
#include "server/json/field_error.hpp"
#include "server/json/value.hpp"
#include "server/market/settings.hpp"

namespace leadex::api {

/// What campaigns per acquisition pay for unless they name it.
inline constexpr std::string_view kDefaultEvent = "conversion";

struct CampaignDraft {
  market::CampaignTerms terms;
  std::string definition;                   // canonical JSON, every default written out
  std::vector<std::int64_t> sources;        // accounts named, all different: generators?
  std::optional<std::int64_t> endpoint_no;  // the webhook endpoint named: the buyer's own?
  std::optional<std::string> bid_url;       // where pings ask: an address that may be called?
};

/// @param body  NewCampaign as the contract has checked it, or a definition with a change laid over
/// @param allow_local  whether landing pages on this machine pass: in dev databases
/// @errors  every fault with its place
[[nodiscard]] Result<CampaignDraft, json::FieldErrors> read_campaign(
    json::Value const& body, market::MarketSettings const& settings,
    crypto::PublicIdCodec const& ids, bool allow_local);

/// A definition as it was stored. @throws std::runtime_error  when it cannot be read
[[nodiscard]] json::Document stored_definition(std::string const& definition);

/// The definition with the change's members in place of its own.
[[nodiscard]] json::Document lay_over(std::string const& definition, json::Value const& change);

}  // namespace leadex::api
