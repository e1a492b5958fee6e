#pragma once
// From a chosen posted lead to its check, and from a verdict to what follows of it: a lead found
// bad goes off sale for good; its buyers' money is for credit_bad_leads (realtime_credits.hpp).
// Jobs run these; twice does no harm. Coroutines of any executor.

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "server/app/lot_services.hpp"
#include "server/crypto/public_id.hpp"

namespace leadex::app {

/// Opens the checks of chosen leads, and lets held ones go. Any one thread at a time.
class RealtimeChecks {
 public:
  /// By which the person of a lead is known, as ForgetServices has it.
  using Persons = std::function<std::vector<std::string>(LeadId, storage::SealedLead const&,
                                                         std::string const&)>;

  /// @param ids  outlives this.
  RealtimeChecks(LotServices services, crypto::PublicIdCodec const& ids, Persons persons)
      : services_(services), ids_(ids), persons_(std::move(persons)) {}

  /// One round over the markets that are at work here. The first one of a market, and the first one
  /// after it was away, looks for all that were left without a check, later ones at the last days
  /// alone. @return how many were opened
  [[nodiscard]] boost::asio::awaitable<std::int64_t> open();

  /// Offers held leads that need no check, or came through it, to their markets, a few seconds'
  /// worth for each. Whoever keeps a person out by now is kept out: the market looks again. What
  /// was erased, or whom the exchange's own list has, is withdrawn, and its generator told. What a
  /// market does not take now is left to the next round. @return how many were offered
  [[nodiscard]] boost::asio::awaitable<std::int64_t> release();

 private:
  [[nodiscard]] boost::asio::awaitable<std::int64_t> open_in(MarketNo market);
  [[nodiscard]] boost::asio::awaitable<std::int64_t> release_in(
      std::shared_ptr<market::MarketActor> market);

  LotServices services_;
  crypto::PublicIdCodec const& ids_;
  Persons persons_;
  std::set<MarketNo> looked_through_;
};

/// Acts on verdicts that were not acted on: a bad lead is off sale for good, and its buyers have
/// money to come. Then the check counts for its source; a source surely worse than acceptable is
/// checked as tightened. What a market does not take now is left to the next round. @return how
/// many were acted on
[[nodiscard]] boost::asio::awaitable<std::int64_t> apply_realtime_verdicts(LotServices services);

}  // namespace leadex::app
