#pragma once
// Authenticator: from an Authorization header to the principal behind it. Any thread; one per
// process. Keys are cached for a second at most, and forgotten at once when one changes here
// (forget_all) or elsewhere (the key listener calls forget_all).

#include <array>
#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "billing/values/result.hpp"
#include "server/auth/rate_limit.hpp"
#include "server/crypto/hash.hpp"
#include "server/storage/database.hpp"
#include "server/storage/principal.hpp"

namespace leadex::auth {

using storage::Principal;

/// In the order in which they are looked for. Outside, the middle four are one 401.
enum class AuthError : std::uint8_t {
  too_many_failures,  ///< 429: this address has failed too often; nothing was looked up
  missing,            ///< 401: no Authorization header
  malformed,          ///< 401: two headers, another scheme, or no key in it
  unknown,            ///< 401: no such key, or revoked, expired, waiting, of another environment
  suspended,          ///< 403: the account is suspended
  unavailable,        ///< 503: the database did not answer
};
[[nodiscard]] std::string_view text(AuthError error);

/// What a request brings. Views into the request: it outlives the call.
struct Credentials {
  std::optional<std::string_view> authorization;  ///< the header's value
  bool repeated{};                                ///< the header came more than once
  std::string_view peer_address;                  ///< without port
};

struct AuthOptions {
  storage::Environment environment{};
  std::chrono::milliseconds cache_ttl{1000};  ///< at most 5 s
  std::size_t cache_keys_max = 10'000;
  RateOptions failures{.per_minute = 20, .burst = 20, .buckets_max = 100'000};
};

class Authenticator {
 public:
  using WallClock = std::function<Timestamp()>;

  /// @param pepper  of the key ring; database and pepper outlive this.
  Authenticator(storage::Database& database, crypto::HmacKey const& pepper, AuthOptions options,
                WallClock clock = {});
  ~Authenticator();

  /// `Bearer <key>`, or Basic with the key as user and an empty password.
  [[nodiscard]] boost::asio::awaitable<Result<Principal, AuthError>> authenticate(
      Credentials credentials);

  /// Nothing that was read before this call is used after it. Call it after a committed change of
  /// keys or accounts, before that change is answered.
  void forget_all();

  /// Writes when keys were last used, each at most once a minute; the minute job calls it.
  [[nodiscard]] boost::asio::awaitable<Result<void, storage::StoreError>> write_last_used();

 private:
  struct Entry {
    storage::KeyHolder holder;
    std::chrono::steady_clock::time_point read_at;
  };
  using Found = Result<std::optional<storage::KeyHolder>, storage::StoreError>;

  [[nodiscard]] boost::asio::awaitable<Found> look_up(storage::KeyDigest digest);
  [[nodiscard]] std::optional<storage::KeyHolder> cached(storage::KeyDigest const& digest);
  void keep(storage::KeyDigest const& digest, storage::KeyHolder const& holder,
            std::uint64_t generation);
  [[nodiscard]] Result<Principal, AuthError> admit(storage::KeyHolder const& holder);
  void note_used(storage::ApiKeyRow const& key, Timestamp now);

  storage::Database& database_;
  crypto::HmacKey const& pepper_;
  AuthOptions options_;
  WallClock clock_;
  RateLimiter failures_;
  std::mutex guard_;  // of all below
  std::uint64_t generation_{};
  std::map<storage::KeyDigest, Entry> cache_;
  std::map<std::int64_t, Timestamp> used_;     // key: last use not yet written
  std::map<std::int64_t, Timestamp> written_;  // key: last use in the database, as far as known
};

}  // namespace leadex::auth
