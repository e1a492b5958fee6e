#pragma once
// One attempt of one webhook: whether it may still be sent, sending it signed, telling the market
// what the answer means for its sale, and what comes next. Coroutines of any executor.

#include <boost/asio/awaitable.hpp>
#include <string_view>

#include "server/crypto/public_id.hpp"
#include "server/delivery/retry.hpp"
#include "server/http/client.hpp"
#include "server/market/market_host.hpp"
#include "server/privacy/key_ring.hpp"
#include "server/storage/deliveries.hpp"

namespace leadex::delivery {

struct AttemptOptions {
  milliseconds timeout{10'000};  ///< of one request, all in all
  RetryOptions retry;
};

/// All outlive the attempts.
struct AttemptParts {
  http::Client const& client;
  privacy::KeyRing const& keys;
  crypto::PublicIdCodec const& ids;
  market::MarketHost& markets;
};

enum class Step : std::uint8_t {
  send,
  settle,  ///< answered before, but the market has not heard it yet
  done,    ///< answered before and told
  drop,    ///< not to be sent any more
};
struct Plan {
  Step step{};
  std::string_view reason;  ///< of drop: a word
  bool decides{};           ///< the answer delivers or voids the sale
  milliseconds timeout{};
};

/// What to do with a claim. A sale that waits for its answer is sent only while enough of its
/// deadline is left; one that went to somebody else never.
[[nodiscard]] Plan plan_attempt(storage::ClaimedDelivery const& claimed, Timestamp now,
                                milliseconds timeout);

/// Carries out the plan; the outcome is to be saved.
[[nodiscard]] boost::asio::awaitable<storage::DeliveryOutcome> attempt(
    AttemptParts parts, AttemptOptions options, storage::ClaimedDelivery claimed);

}  // namespace leadex::delivery
