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

#include "billing/values/time.hpp"
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

/// One round over the requests that wait, 50 at most. A market that another process owns, or that
/// does not take commands, leaves a request open for the next round; so does an upload under way
/// that has claimed the person. @return how many leads were erased or revoked
[[nodiscard]] boost::asio::awaitable<std::int64_t> forget_persons(ForgetServices services);

/// One round over leads whose market keeps them for a time that is over, 10,000 looked at at most
/// from where the last round of this object ended; and visitors of more than a day ago, a million
/// at most. Any one thread at a time.
class Retention {
 public:
  explicit Retention(ForgetServices services) : services_(std::move(services)) {}
  /// @return how many leads and visitors were forgotten
  [[nodiscard]] boost::asio::awaitable<std::int64_t> run();

 private:
  ForgetServices services_;
  LeadId after_{};
};

}  // namespace leadex::app
