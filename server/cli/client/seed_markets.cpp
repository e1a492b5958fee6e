#include "server/cli/client/seed_markets.hpp"

#include "server/cli/client/api.hpp"

namespace leadex::cli {

namespace {

// The fifty states and the capital's district.
constexpr std::string_view kAttributes = R"({
  "type": "object",
  "properties": {
    "state": {"type": "string", "visibility": "exact", "enum": [
      "AL", "AK", "AZ", "AR", "CA", "CO", "CT", "DE", "DC", "FL", "GA", "HI", "ID", "IL", "IN", "IA",
      "KS", "KY", "LA", "ME", "MD", "MA", "MI", "MN", "MS", "MO", "MT", "NE", "NV", "NH", "NJ", "NM",
      "NY", "NC", "ND", "OH", "OK", "OR", "PA", "RI", "SC", "SD", "TN", "TX", "UT", "VT", "VA", "WA",
      "WV", "WI", "WY"]},
    "age": {"type": "integer", "minimum": 16, "maximum": 110, "visibility": "band"},
    "own_home": {"type": "boolean"},
    "vehicle_year": {"type": "integer", "minimum": 1950, "maximum": 2100, "visibility": "band"},
    "currently_insured": {"type": "boolean"},
    "credit": {"type": "string", "enum": ["excellent", "good", "fair", "poor"]}
  },
  "required": ["state", "age"]
})";

RawJson auction() {
  return {json_object({{"price_rule", "first_price"},
                       {"rank_by", "price"},
                       {"max_shares", std::int64_t{4}},
                       {"reserve", money("1.00", kSeedCurrency)}})};
}

RawJson listing(std::int64_t ttl_s, std::int64_t auction_s) {
  return {json_object({{"ask", money("6.00", kSeedCurrency)},
                       {"fall_s", std::int64_t{0}},
                       {"ttl_s", ttl_s},
                       {"auction_s", auction_s}})};
}

RawJson commission() { return {json_object({{"rate_bp", std::int64_t{1500}}})}; }

RawJson spot_check(std::int64_t rejectable_bp) {
  return {json_object({{"method", "fixed"},
                       {"acceptable_rate_bp", std::int64_t{100}},
                       {"rejectable_rate_bp", rejectable_bp},
                       {"seller_risk_bp", std::int64_t{500}},
                       {"buyer_risk_bp", std::int64_t{1000}},
                       {"unreachable_max_bp", std::int64_t{7000}}})};
}

}  // namespace

std::string seed_market_body() {
  return json_object({{"id", std::string{kSeedMarket}},
                      {"name", "Car insurance, United States"},
                      {"mode", "agency"},
                      {"currency", std::string{kSeedCurrency}},
                      {"country", "US"},
                      {"attributes", RawJson{std::string{kAttributes}}},
                      {"auction", auction()},
                      {"listing", listing(2'592'000, 86'400)},
                      {"commission", commission()},
                      {"spot_check", spot_check(500)},
                      {"realtime_check", "none"},
                      {"return_window_s", std::int64_t{604'800}},
                      {"contest_s", std::int64_t{172'800}},
                      {"decide_s", std::int64_t{604'800}},
                      {"return_ceiling_bp", std::int64_t{2000}},
                      {"holdback_bp", std::int64_t{1000}},
                      {"holdback_s", std::int64_t{2'592'000}},
                      {"dedupe_s", std::int64_t{7'776'000}},
                      {"delivery_deadline_s", std::int64_t{300}}});
}

std::string demo_market_body() {
  return json_object({{"id", std::string{kDemoMarket}},
                      {"name", "Demonstration, windows of seconds"},
                      {"mode", "agency"},
                      {"currency", std::string{kSeedCurrency}},
                      {"country", "US"},
                      {"attributes", RawJson{std::string{kAttributes}}},
                      {"auction", auction()},
                      {"listing", listing(120, 2)},
                      {"commission", commission()},
                      {"spot_check", spot_check(1000)},
                      {"realtime_check", "none"},
                      {"return_window_s", std::int64_t{kDemoReturnSeconds}},
                      {"contest_s", std::int64_t{kDemoContestSeconds}},
                      {"decide_s", std::int64_t{60}},
                      {"return_ceiling_bp", std::int64_t{5000}},
                      {"holdback_bp", std::int64_t{1000}},
                      {"holdback_s", std::int64_t{3}},
                      {"dedupe_s", std::int64_t{600}},
                      {"delivery_deadline_s", std::int64_t{30}}});
}

}  // namespace leadex::cli
