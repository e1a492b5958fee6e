#pragma once
// LeadRecycler: brings leads back that have rested long enough, if nothing stands against it: no
// sale of them holds, their consent is neither revoked nor too old, their person is still theirs,
// their data key was not destroyed. Run by a job, and by staff at once; any executor. What happens
// twice has an effect once (Once::What::relist).

#include <boost/asio/awaitable.hpp>
#include <cstdint>

#include "billing/values/time.hpp"
#include "server/market/market_host.hpp"
#include "server/privacy/key_ring.hpp"
#include "server/storage/lot_store.hpp"

namespace leadex::intake {

class LeadRecycler {
 public:
  static constexpr int kLeadsMax = 200;  // of one market and round

  /// All outlive this.
  LeadRecycler(storage::LotStore& store, privacy::KeyRing const& keys, market::MarketHost& markets)
      : store_(store), keys_(keys), markets_(markets) {}

  /// One round over the markets that are here. @return leads that came back
  [[nodiscard]] boost::asio::awaitable<std::int64_t> run(Timestamp now);

 private:
  [[nodiscard]] boost::asio::awaitable<std::int64_t> run_market(
      std::shared_ptr<market::MarketActor> market, Timestamp now);

  storage::LotStore& store_;
  privacy::KeyRing const& keys_;
  market::MarketHost& markets_;
};

}  // namespace leadex::intake
