#pragma once
// ApiContext: what the handlers work with. Built once by main, read by every thread afterwards;
// everything it refers to outlives the server.

#include <chrono>
#include <cstdint>
#include <functional>

#include "billing/values/money.hpp"
#include "billing/values/time.hpp"
#include "server/auth/authenticator.hpp"
#include "server/auth/rate_limit.hpp"
#include "server/crypto/public_id.hpp"
#include "server/json/contract.hpp"
#include "server/market/market_host.hpp"
#include "server/privacy/key_ring.hpp"
#include "server/storage/api_keys.hpp"
#include "server/storage/database.hpp"
#include "server/storage/numbers.hpp"

namespace leadex::api {

struct TradeServices;     // server/api/v1/trade_services.hpp
struct IntakeServices;    // server/api/v1/intake_services.hpp
struct ClickServices;     // server/api/v1/click_services.hpp
struct DeliveryServices;  // server/api/v1/delivery_services.hpp

struct ApiLimits {
  Money deposit_limit{10'000 * kMicrosPerUnit};  ///< above it a second person must confirm
  BasisPoints holdout_share{1500};  ///< of sales per acquisition, verified without the buyer
  std::chrono::milliseconds handler_timeout{30'000};  ///< what waits longer is answered with 503
  std::uint64_t body_bytes_max = 1024 * 1024;
  std::uint64_t upload_bytes_max = 4ULL << 30;  ///< unpacked
  std::int64_t upload_rows_max = 10'000'000;
  std::int64_t row_bytes_max = 64 * 1024;
  std::int64_t columns_max = 256;
};

struct ApiContext {
  storage::Database& database;
  storage::NumberRanges& numbers;
  storage::KeyMinter const& minter;
  crypto::PublicIdCodec const& ids;
  privacy::KeyRing const& keys;
  json::Contract const& contract;
  auth::Authenticator& authenticator;
  auth::AccountRates& rates;
  market::MarketHost& markets;
  storage::Environment environment{};
  ApiLimits limits;
  std::function<Timestamp()> now;    ///< the wall clock
  std::function<bool()> draining{};  ///< whether the server is about to stop; empty: never

  TradeServices* trade{};        ///< set before register_trade
  IntakeServices* intake{};      ///< set before register_intake
  ClickServices* clicks{};       ///< set before register_trade
  DeliveryServices* delivery{};  ///< set before register_delivery
};

}  // namespace leadex::api
