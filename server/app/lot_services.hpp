#pragma once
// What the use cases of uploads and lots work with, and what they refuse with. Built once by main;
// everything it refers to outlives the server. Any thread.

#include <boost/asio/any_io_executor.hpp>
#include <cstdint>
#include <string>
#include <variant>

#include "billing/values/result.hpp"
#include "server/market/market_host.hpp"
#include "server/privacy/key_ring.hpp"
#include "server/privacy/sealed_value.hpp"
#include "server/storage/lot_store.hpp"
#include "server/storage/numbers.hpp"

namespace leadex::app {

struct LotServices {
  storage::LotStore& store;
  storage::NumberRanges& numbers;
  privacy::KeyRing const& keys;
  market::MarketHost& markets;
  /// Where lots are planned, up to two seconds of CPU each; none: where the caller runs.
  boost::asio::any_io_executor plans{};
};

/// In the order in which they are looked for.
enum class LotRefusal : std::uint8_t {
  not_found,
  not_owner,        // the market is not at work in this process
  not_receiving,    // the upload was closed, by its time-out or by its generator
  still_receiving,  // the upload is not at its end
  still_listing,    // its leads are on their way to the market
  already_decided,  // the check has its verdict, or the lot needs none any more
  already_claimed,  // by somebody else, whose lease runs
  holds_another,    // one open check per person
  not_claimed,      // a verdict without a claim, or after its lease
  contact_gone,     // the lead was erased
  not_needed,       // the lot needs no admin
  key_in_progress,  // the same Idempotency-Key in another request
  key_reused,       // … with another body
  resting,          // nobody was reached twice today: tomorrow again
};

using LotError = std::variant<LotRefusal, storage::StoreError>;
template <class T>
using LotResult = Result<T, LotError>;

/// A client's Idempotency-Key for an operation on lots.
struct LotKey {
  std::string operation;
  std::string key;        ///< as sent, unquoted
  std::string body_hash;  ///< 32 bytes
};

/// Who acts, for audit rows and claims.
struct Actor {
  std::int64_t principal_no{};  // 0: the exchange itself
  std::int64_t tenant_no{};
};

/// A job's own refusal and the store's, as one.
template <class T>
[[nodiscard]] LotResult<T> flatten(Result<Result<T, LotRefusal>, storage::StoreError> outcome) {
  if (!outcome) return refuse(LotError{outcome.error()});
  if (!*outcome) return refuse(LotError{outcome->error()});
  return std::move(**outcome);
}

}  // namespace leadex::app
