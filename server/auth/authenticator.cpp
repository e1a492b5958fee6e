#include "server/auth/authenticator.hpp"

#include <algorithm>

#include "billing/values/check.hpp"
#include "server/auth/authorize.hpp"
#include "server/crypto/api_key.hpp"
#include "server/crypto/bytes.hpp"

namespace leadex::auth {

namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kTtlMax{5000};
constexpr std::chrono::minutes kUsedEvery{1};
constexpr std::size_t kHeaderBytesMax = 512;
constexpr std::size_t kUsedKeysMax = 100'000;

Timestamp system_now() {
  return std::chrono::time_point_cast<Micros>(std::chrono::system_clock::now());
}

bool same_word(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) {
    auto const lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return lower(x) == lower(y);
  });
}

/// The key in the header: Bearer's token, or Basic's user with an empty password.
std::optional<std::string> key_in(std::string_view header) {
  if (header.size() > kHeaderBytesMax) return std::nullopt;
  auto const blank = header.find(' ');
  if (blank == std::string_view::npos) return std::nullopt;
  auto const scheme = header.substr(0, blank);
  auto rest = header.substr(blank + 1);
  while (rest.starts_with(' ')) rest.remove_prefix(1);
  if (same_word(scheme, "bearer")) return std::string(rest);
  if (!same_word(scheme, "basic")) return std::nullopt;
  auto pair = crypto::base64_decode(rest);
  if (!pair || !pair->ends_with(':')) return std::nullopt;
  pair->pop_back();
  return pair;
}

}  // namespace

std::string_view text(AuthError error) {
  switch (error) {
    case AuthError::too_many_failures:
      return "too_many_failures";
    case AuthError::missing:
      return "missing";
    case AuthError::malformed:
      return "malformed";
    case AuthError::unknown:
      return "unknown";
    case AuthError::suspended:
      return "suspended";
    case AuthError::unavailable:
      return "unavailable";
  }
  return "unknown";
}

Authenticator::Authenticator(storage::Database& database, crypto::HmacKey const& pepper,
                             AuthOptions options, WallClock clock)
    : database_(database),
      pepper_(pepper),
      options_(options),
      clock_(clock ? std::move(clock) : WallClock(system_now)),
      failures_(options.failures) {
  LEADEX_CHECK(options.cache_ttl <= kTtlMax);
}

Authenticator::~Authenticator() = default;

boost::asio::awaitable<Result<Principal, AuthError>> Authenticator::authenticate(
    Credentials credentials) {
  auto const address = address_bucket(credentials.peer_address);
  if (!failures_.look(address, SteadyClock::now()).allowed) {
    co_return refuse(AuthError::too_many_failures);
  }
  if (!credentials.authorization) co_return refuse(AuthError::missing);
  auto key = credentials.repeated ? std::nullopt : key_in(*credentials.authorization);
  if (!key) {
    (void)failures_.take(address, SteadyClock::now());
    co_return refuse(AuthError::malformed);
  }
  // Mistyped and invented keys mostly end here, without a look-up.
  bool const sound = crypto::parse_api_key(*key).has_value();
  auto const digest = crypto::api_key_digest(pepper_, *key);
  crypto::wipe(*key);
  if (!sound) {
    (void)failures_.take(address, SteadyClock::now());
    co_return refuse(AuthError::unknown);
  }
  auto found = co_await look_up(digest);
  if (!found) co_return refuse(AuthError::unavailable);
  auto const& holder = *found;
  auto admitted = holder ? admit(*holder) : refuse(AuthError::unknown);
  if (!admitted && admitted.error() == AuthError::unknown) {
    (void)failures_.take(address, SteadyClock::now());
  }
  co_return admitted;
}

boost::asio::awaitable<Authenticator::Found> Authenticator::look_up(storage::KeyDigest digest) {
  if (auto held = cached(digest)) co_return held;
  std::uint64_t generation = 0;
  {
    std::lock_guard const lock(guard_);
    generation = generation_;
  }
  auto job = [digest](storage::PlatformTx& tx) { return tx.api_keys().find_by_digest(digest); };
  auto found = co_await database_.transact(job);
  if (!found) co_return refuse(found.error());
  auto const& holder = *found;
  if (holder &&
      !crypto::constant_time_equal(crypto::view_of(holder->key.digest), crypto::view_of(digest))) {
    co_return std::optional<storage::KeyHolder>{};
  }
  if (holder) keep(digest, *holder, generation);
  co_return holder;
}

std::optional<storage::KeyHolder> Authenticator::cached(storage::KeyDigest const& digest) {
  std::lock_guard const lock(guard_);
  auto const found = cache_.find(digest);
  if (found == cache_.end()) return std::nullopt;
  if (SteadyClock::now() - found->second.read_at >= options_.cache_ttl) {
    cache_.erase(found);
    return std::nullopt;
  }
  return found->second.holder;
}

void Authenticator::keep(storage::KeyDigest const& digest, storage::KeyHolder const& holder,
                         std::uint64_t generation) {
  std::lock_guard const lock(guard_);
  if (generation != generation_) return;  // read before something changed
  if (cache_.size() >= options_.cache_keys_max) cache_.clear();
  cache_[digest] = {holder, SteadyClock::now()};
}

Result<Principal, AuthError> Authenticator::admit(storage::KeyHolder const& holder) {
  auto const now = clock_();
  auto const& key = holder.key;
  bool const usable = !key.revoked_at && !key.pending_approval &&
                      (!key.expires_at || *key.expires_at > now) &&
                      holder.tenant_status != storage::TenantStatus::pending;
  bool const here =
      key.kind != storage::KeyKind::dev || options_.environment == storage::Environment::dev;
  if (!usable || !here) return refuse(AuthError::unknown);
  if (holder.tenant_status == storage::TenantStatus::suspended) {
    return refuse(AuthError::suspended);
  }
  note_used(key, now);
  Principal principal{key.principal_no,          key.tenant_no, holder.role,
                      scopes_of(holder.role),    key.kind,      key.key_no,
                      holder.principal_issued_by};
  if (!key.scopes.empty()) {
    std::erase_if(principal.scopes, [&](std::string const& scope) {
      return std::ranges::find(key.scopes, scope) == key.scopes.end();
    });
  }
  return principal;
}

void Authenticator::forget_all() {
  std::lock_guard const lock(guard_);
  ++generation_;
  cache_.clear();
}

void Authenticator::note_used(storage::ApiKeyRow const& key, Timestamp now) {
  std::lock_guard const lock(guard_);
  auto const last = written_.find(key.key_no);
  auto const known = last != written_.end() ? std::optional(last->second) : key.last_used_at;
  if (known && now - *known < kUsedEvery) return;
  if (used_.size() < kUsedKeysMax || used_.contains(key.key_no)) used_[key.key_no] = now;
}

boost::asio::awaitable<Result<void, storage::StoreError>> Authenticator::write_last_used() {
  std::map<std::int64_t, Timestamp> used;
  {
    std::lock_guard const lock(guard_);
    used.swap(used_);
    if (written_.size() > kUsedKeysMax) written_.clear();
    for (auto const& [key_no, at] : used) written_[key_no] = at;
  }
  if (used.empty()) co_return Result<void, storage::StoreError>{};
  auto job = [used](storage::PlatformTx& tx) {
    for (auto const& [key_no, at] : used) tx.api_keys().set_last_used(key_no, at);
    return true;
  };
  auto const done = co_await database_.transact(job);
  if (!done) co_return refuse(done.error());
  co_return Result<void, storage::StoreError>{};
}

}  // namespace leadex::auth
