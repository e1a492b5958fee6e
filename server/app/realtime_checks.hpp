#pragma once
// From a chosen posted lead to its check, and from a verdict to what follows of it: a lead found
// bad goes off sale and its buyers have their money back, outside the ceiling of returns. Jobs run
// these; twice does no harm. Coroutines of any executor.

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "server/app/lot_services.hpp"
#include "server/crypto/public_id.hpp"
#include "server/storage/buyer_rights.hpp"

namespace leadex::app {

/// Opens the checks of chosen leads, and lets held ones go. Any one thread at a time.
class RealtimeChecks {
 public:
  /// By which the person of a lead is known, as ForgetServices has it.
  using Persons = std::function<std::vector<std::string>(LeadId, storage::SealedLead const&,
                                                         std::string const&)>;

  /// @param ids, rights  outlive this.
  RealtimeChecks(LotServices services, crypto::PublicIdCodec const& ids,
                 storage::BuyerRights& rights, Persons persons)
      : services_(services), ids_(ids), rights_(rights), persons_(std::move(persons)) {}

  /// One round over the markets that are at work here. The first one of a market looks for all that
  /// were left without a check, later ones at the last days alone. @return how many were opened
  [[nodiscard]] boost::asio::awaitable<std::int64_t> open();

  /// Offers held leads that need no check, or came through it, to their markets. Buyers on whose
  /// list the person is by now are left out, and whom the exchange's own list has is not offered.
  /// What a market does not take now is left to the next round. @return how many were offered
  [[nodiscard]] boost::asio::awaitable<std::int64_t> release();

 private:
  [[nodiscard]] boost::asio::awaitable<std::int64_t> open_in(MarketNo market);
  [[nodiscard]] boost::asio::awaitable<std::int64_t> release_in(
      std::shared_ptr<market::MarketActor> market);
  [[nodiscard]] boost::asio::awaitable<bool> offer(std::shared_ptr<market::MarketActor> market,
                                                   market::OfferLead lead);

  LotServices services_;
  crypto::PublicIdCodec const& ids_;
  storage::BuyerRights& rights_;
  Persons persons_;
  std::set<MarketNo> looked_through_;
};

/// Acts on verdicts that were not acted on: what a bad lead still has on sale is taken off, sales
/// that wait for delivery are voided, delivered ones inside their window come back by an automatic
/// ruling, returns that its buyers opened are accepted. Then the check counts for its source; a
/// source surely worse than acceptable is checked as tightened. What a market does not take now is
/// left to the next round. @return how many were acted on
[[nodiscard]] boost::asio::awaitable<std::int64_t> apply_realtime_verdicts(LotServices services);

}  // namespace leadex::app
