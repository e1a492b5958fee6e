#pragma once
// BidTargets: where campaigns want to be asked for their bids, and the secret that signs the
// request. Committed rows only. Coroutines of any executor; each call is one transaction.

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "billing/values/ids.hpp"
#include "billing/values/result.hpp"
#include "server/storage/store_error.hpp"

namespace leadex::storage {

struct BidTarget {
  std::int64_t campaign_no{};
  std::int64_t buyer_no{};
  std::int32_t version{};
  std::string url;
  std::int64_t endpoint_no{};  // the campaign's webhook endpoint, whose secret signs
  std::string secret_sealed;
};

class BidTargets {
 public:
  virtual ~BidTargets() = default;
  template <class T>
  using Later = boost::asio::awaitable<Result<T, StoreError>>;

  /// Of those campaigns the ones that name an address and an active endpoint of their buyer's own,
  /// by the version in force. In any order.
  [[nodiscard]] virtual Later<std::vector<BidTarget>> find(
      MarketNo market, std::vector<std::int64_t> campaign_nos) = 0;
};

}  // namespace leadex::storage
