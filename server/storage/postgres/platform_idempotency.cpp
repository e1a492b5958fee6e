#include "server/storage/postgres/platform_idempotency.hpp"

#include "server/crypto/hash.hpp"
#include "server/privacy/sealed_value.hpp"
#include "server/storage/postgres/instant_sql.hpp"
#include "server/storage/postgres/statement.hpp"

namespace leadex::storage::postgres {

namespace {

constexpr std::size_t kKeyBytes = 16;

constexpr char const* kTryLock = "select pg_try_advisory_xact_lock($1::bigint)";
constexpr char const* kFind =
    "select body_hash, status, answer_sealed from platform_idempotency where tenant_no = $1 and "
    "operation = $2 and key = $3 and created_at > " LEADEX_INSTANT("$4");
constexpr char const* kDropOld =
    "delete from platform_idempotency where tenant_no = $1 and operation = $2 and key = $3 and "
    "created_at <= " LEADEX_INSTANT("$4");
constexpr char const* kInsert =
    "insert into platform_idempotency (tenant_no, operation, key, body_hash, status, "
    "answer_sealed, created_at) values ($1, $2, $3, $4, $5, $6, " LEADEX_INSTANT("$7") ")";
constexpr char const* kPurge =
    "delete from platform_idempotency where (tenant_no, operation, key) in (select tenant_no, "
    "operation, key from platform_idempotency where created_at <= " LEADEX_INSTANT(
        "$1") " limit $2)";

/// The key as stored: clients put all sorts of things into theirs.
std::string stored_key(IdempotencyScope const& scope) {
  auto const digest = crypto::sha256(scope.key);
  return std::string(crypto::view_of(digest).substr(0, kKeyBytes));
}

/// The advisory lock's number: 64 bits of a hash over the whole scope. Two scopes that meet by
/// chance only make one of them wait for a retry.
std::int64_t lock_number(IdempotencyScope const& scope, std::string const& key) {
  crypto::Bytes text = "platform idempotency";
  crypto::append_be64(text, static_cast<std::uint64_t>(scope.tenant_no));
  text.append(scope.operation).push_back('\0');
  text.append(key);
  auto const digest = crypto::sha256(text);
  return static_cast<std::int64_t>(crypto::read_be64(crypto::view_of(digest).substr(0, 8)));
}

/// Binds a sealed answer to its row.
std::string sealed_row(IdempotencyScope const& scope, std::string const& key) {
  crypto::Bytes rest(scope.operation);
  rest.push_back('\0');
  rest.append(key);
  return privacy::row_key(scope.tenant_no, rest);
}

}  // namespace

IdempotencyFinding PostgresIdempotency::begin(IdempotencyScope const& scope) {
  auto const key = stored_key(scope);
  auto const locked = execute(tx_, kTryLock, Parameters(lock_number(scope, key)));
  if (!locked.at(0).at(0).as<bool>()) return {IdempotencyState::in_progress, 0, {}};
  auto const oldest = now_ - kIdempotencyKept;
  auto const rows =
      execute(tx_, kFind,
              Parameters(scope.tenant_no, scope.operation, bytea(std::string_view{key}), oldest));
  if (rows.empty()) return {IdempotencyState::fresh, 0, {}};
  if (!crypto::constant_time_equal(read_bytes(rows.at(0).at(0)), scope.body_hash)) {
    return {IdempotencyState::reused, 0, {}};
  }
  auto const row = sealed_row(scope, key);
  auto const answer = privacy::SecretBox(ring_).open(
      {"platform_idempotency", 0, row, "answer_sealed"}, read_bytes(rows.at(0).at(2)));
  if (!answer) throw std::runtime_error("a kept answer does not open");
  return {IdempotencyState::replay, rows.at(0).at(1).as<int>(), std::string(answer->view())};
}

void PostgresIdempotency::store(IdempotencyScope const& scope, int status, std::string_view body) {
  auto const key = stored_key(scope);
  auto const row = sealed_row(scope, key);
  auto const sealed =
      privacy::SecretBox(ring_).seal({"platform_idempotency", 0, row, "answer_sealed"}, body);
  auto const key_text = bytea(std::string_view{key});
  execute(tx_, kDropOld,
          Parameters(scope.tenant_no, scope.operation, key_text, now_ - kIdempotencyKept));
  execute(tx_, kInsert,
          Parameters(scope.tenant_no, scope.operation, key_text, bytea(scope.body_hash), status,
                     bytea(std::string_view{sealed}), now_));
}

std::int64_t PostgresIdempotency::purge(int limit) {
  auto const gone = execute(tx_, kPurge, Parameters(now_ - kIdempotencyKept, limit));
  return static_cast<std::int64_t>(gone.affected_rows());
}

}  // namespace leadex::storage::postgres
