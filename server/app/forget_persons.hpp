#pragma once
// forget_persons: works off what persons asked for. An erasure destroys the data keys of all their
// leads in all markets; an opt-out revokes them. Both take off what is unsold, for good. Safe to
// run twice, on any node, and to be killed anywhere: what is not finished is done again. Any
// executor. See docs/decisions/0028-consent.md.

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "server/market/market_host.hpp"
#include "server/storage/privacy_store.hpp"

namespace leadex::app {

struct ForgetServices {
  storage::PrivacyStore& store;
  market::MarketHost& markets;
  /// By which the person of a lead is known, 16 bytes each, from its sealed contact in a market of
  /// that country; none when it does not open.
  std::function<std::vector<std::string>(LeadId, storage::SealedLead const&, std::string const&)>
      persons;
};

/// One round over the requests that are due, 50 at most. A market that another process owns, or
/// that does not take commands, keeps its own leads waiting for a later turn and no others; so does
/// an upload under way that has claimed the person. @return how many leads were erased or revoked
/// @errors  what one request throws ends that request's turn, and is thrown after the others'
[[nodiscard]] boost::asio::awaitable<std::int64_t> forget_persons(ForgetServices services);

}  // namespace leadex::app
