#pragma once
// RateLimiter: token buckets by name (an account, an address), refilled evenly. Any thread. Memory
// is bounded: full buckets are forgotten first, and beyond the limit all newcomers share one.

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace leadex::auth {

struct RateOptions {
  std::int64_t per_minute = 6000;
  std::int64_t burst = 6000;  ///< size of a full bucket
  std::size_t buckets_max = 100'000;
};

struct RateDecision {
  bool allowed{};
  std::int64_t limit{};      ///< per minute
  std::int64_t remaining{};  ///< whole tokens left
  std::int64_t reset_s{};    ///< until the bucket is full; when refused: until one token is there
};

class RateLimiter {
 public:
  using Instant = std::chrono::steady_clock::time_point;
  explicit RateLimiter(RateOptions options) : options_(options) {}

  /// Takes one token when there is one.
  [[nodiscard]] RateDecision take(std::string_view name, Instant now);
  /// Whether a token is there, without taking it.
  [[nodiscard]] RateDecision look(std::string_view name, Instant now);

 private:
  struct Bucket {
    std::int64_t micro_tokens{};
    Instant at;
  };
  [[nodiscard]] Bucket& bucket(std::string_view name, Instant now);
  void refill(Bucket& bucket, Instant now) const;
  [[nodiscard]] RateDecision decide(Bucket const& bucket, bool allowed) const;
  void drop_full(Instant now);

  RateOptions options_;
  std::mutex guard_;
  std::map<std::string, Bucket, std::less<>> buckets_;
};

/// One bucket per account, however many keys it has.
class AccountRates {
 public:
  explicit AccountRates(RateOptions options = {}) : limiter_(options) {}
  /// @param use  what has a bucket of its own beside the account's requests; empty: these
  [[nodiscard]] RateDecision take(std::int64_t tenant_no, RateLimiter::Instant now,
                                  std::string_view use = {});

 private:
  RateLimiter limiter_;
};

/// `RateLimit-Policy` and `RateLimit`, and `Retry-After` when refused.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> rate_headers(
    RateDecision const& decision);

/// The name under which an address is counted: itself, or its /64 for IPv6.
[[nodiscard]] std::string address_bucket(std::string_view address);

}  // namespace leadex::auth
