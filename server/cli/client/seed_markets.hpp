#pragma once
// The two markets of a development exchange as the API takes them. Pure; any thread.

#include <string>
#include <string_view>

namespace leadex::cli {

inline constexpr std::string_view kSeedMarket = "auto-insurance.us.usd";
inline constexpr std::string_view kDemoMarket = "demo.us.usd";
inline constexpr std::string_view kSeedCurrency = "USD";

/// Windows of days, as a real market has them.
[[nodiscard]] std::string seed_market_body();

/// The same leads with windows of seconds, so that a whole trade is over within half a minute.
[[nodiscard]] std::string demo_market_body();

/// How long the generator may wait before silence accepts, as in demo_market_body().
inline constexpr int kDemoContestSeconds = 5;
inline constexpr int kDemoReturnSeconds = 8;

}  // namespace leadex::cli
