#pragma once
// PlatformIdempotency over table platform_idempotency; one that runs is known by an advisory lock
// of its transaction. Answers are sealed. One database job.

#include <pqxx/transaction_base>
#include <string>

#include "server/privacy/key_ring.hpp"
#include "server/storage/platform_idempotency.hpp"

namespace leadex::storage::postgres {

class PostgresIdempotency final : public PlatformIdempotency {
 public:
  PostgresIdempotency(pqxx::transaction_base& tx, privacy::KeyRing const& ring, Timestamp now)
      : tx_(tx), ring_(ring), now_(now) {}
  [[nodiscard]] IdempotencyFinding begin(IdempotencyScope const& scope) override;
  void store(IdempotencyScope const& scope, int status, std::string_view body) override;
  std::int64_t purge(int limit) override;

 private:
  pqxx::transaction_base& tx_;
  privacy::KeyRing const& ring_;
  Timestamp now_;
};

}  // namespace leadex::storage::postgres
