#include "server/auth/rate_limit.hpp"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <iterator>

namespace leadex::auth {

namespace {

constexpr std::int64_t kMicroTokens = 1'000'000;
constexpr std::int64_t kMinuteMicros = 60'000'000;
constexpr std::string_view kOverflow = "*";  // whom there is no room for shares one bucket

std::int64_t ceil_seconds(std::int64_t micro_tokens, std::int64_t per_minute) {
  if (micro_tokens <= 0) return 0;
  // One token takes 60 s / per_minute; micro-tokens are below 2^40 here.
  auto const seconds_by_rate = micro_tokens * 60;
  auto const rate = per_minute * kMicroTokens;
  return (seconds_by_rate + rate - 1) / rate;
}

}  // namespace

RateDecision RateLimiter::take(std::string_view name, Instant now) {
  std::lock_guard const lock(guard_);
  auto& held = bucket(name, now);
  bool const allowed = held.micro_tokens >= kMicroTokens;
  if (allowed) held.micro_tokens -= kMicroTokens;
  return decide(held, allowed);
}

RateDecision RateLimiter::look(std::string_view name, Instant now) {
  std::lock_guard const lock(guard_);
  auto const found = buckets_.find(name);
  if (found == buckets_.end()) return decide({options_.burst * kMicroTokens, now}, true);
  refill(found->second, now);
  return decide(found->second, found->second.micro_tokens >= kMicroTokens);
}

RateLimiter::Bucket& RateLimiter::bucket(std::string_view name, Instant now) {
  auto found = buckets_.find(name);
  if (found == buckets_.end()) {
    if (buckets_.size() >= options_.buckets_max) drop_full(now);
    bool const room = buckets_.size() < options_.buckets_max;
    Bucket const full{options_.burst * kMicroTokens, now};
    found = buckets_.try_emplace(std::string(room ? name : kOverflow), full).first;
  }
  refill(found->second, now);
  return found->second;
}

void RateLimiter::refill(Bucket& bucket, Instant now) const {
  if (now <= bucket.at) return;
  auto const passed = std::chrono::duration_cast<std::chrono::microseconds>(now - bucket.at);
  // Longer than it takes to fill: also keeps the product inside int64.
  auto const fill_micros = options_.burst * kMinuteMicros / options_.per_minute + 1;
  auto const micros = std::min<std::int64_t>(passed.count(), fill_micros);
  auto const earned = static_cast<std::int64_t>(__int128{micros} * options_.per_minute *
                                                kMicroTokens / kMinuteMicros);
  if (earned == 0) return;  // too little time for a micro-token: keep the start
  bucket.micro_tokens = std::min(bucket.micro_tokens + earned, options_.burst * kMicroTokens);
  bucket.at = now;
}

RateDecision RateLimiter::decide(Bucket const& bucket, bool allowed) const {
  auto const missing = allowed ? options_.burst * kMicroTokens - bucket.micro_tokens
                               : kMicroTokens - bucket.micro_tokens;
  return {allowed, options_.per_minute, bucket.micro_tokens / kMicroTokens,
          ceil_seconds(missing, options_.per_minute)};
}

void RateLimiter::drop_full(Instant now) {
  for (auto it = buckets_.begin(); it != buckets_.end();) {
    refill(it->second, now);
    bool const full = it->second.micro_tokens >= options_.burst * kMicroTokens;
    it = full ? buckets_.erase(it) : std::next(it);
  }
}

RateDecision AccountRates::take(std::int64_t tenant_no, RateLimiter::Instant now,
                                std::string_view use) {
  return limiter_.take(std::to_string(tenant_no).append(use), now);
}

std::vector<std::pair<std::string, std::string>> rate_headers(RateDecision const& decision) {
  std::vector<std::pair<std::string, std::string>> headers{
      {"RateLimit-Policy", "\"default\";q=" + std::to_string(decision.limit) + ";w=60"},
      {"RateLimit", "\"default\";r=" + std::to_string(decision.remaining) +
                        ";t=" + std::to_string(decision.reset_s)}};
  if (!decision.allowed) {
    headers.emplace_back("Retry-After",
                         std::to_string(std::max<std::int64_t>(decision.reset_s, 1)));
  }
  return headers;
}

std::string address_bucket(std::string_view address) {
  boost::system::error_code error;
  auto const parsed = boost::asio::ip::make_address(std::string(address), error);
  if (error || !parsed.is_v6()) return std::string(address);
  auto const v6 = parsed.to_v6();
  if (v6.is_v4_mapped()) {
    return boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, v6).to_string();
  }
  auto bytes = v6.to_bytes();
  std::fill(bytes.begin() + 8, bytes.end(), std::uint8_t{0});
  return boost::asio::ip::address_v6(bytes).to_string() + "/64";
}

}  // namespace leadex::auth
