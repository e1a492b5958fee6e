#pragma once
// Idempotency of what the platform does (markets keep their own): the first answer of a key is kept
// sealed for 72 hours and given again. Used inside one database job, begin first, store last.

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "billing/values/time.hpp"

namespace leadex::storage {

inline constexpr std::chrono::hours kIdempotencyKept{72};

/// Scope and fingerprint of a request. Views: for the call only.
struct IdempotencyScope {
  std::int64_t tenant_no{};
  std::string_view operation;
  std::string_view key;        ///< as the client sent it, unquoted
  std::string_view body_hash;  ///< keyed, 32 bytes
};

enum class IdempotencyState : std::uint8_t {
  fresh,        ///< go on, then store
  replay,       ///< done before with the same body: status and body are set
  reused,       ///< done before with another body
  in_progress,  ///< the same key runs in another job right now
};

struct IdempotencyFinding {
  IdempotencyState state{};
  int status{};
  std::string body;
};

class PlatformIdempotency {
 public:
  virtual ~PlatformIdempotency() = default;
  /// Takes the key for this job; it is free again when the job ends without store.
  [[nodiscard]] virtual IdempotencyFinding begin(IdempotencyScope const& scope) = 0;
  virtual void store(IdempotencyScope const& scope, int status, std::string_view body) = 0;
  /// Deletes what is older than 72 hours, at most `limit` rows; the number deleted.
  virtual std::int64_t purge(int limit) = 0;
};

}  // namespace leadex::storage
