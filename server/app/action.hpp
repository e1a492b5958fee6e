#pragma once
// How a use case runs: a plain function of (AppTools, PlatformTx, Principal, input) inside one
// database transaction, with its audit rows. act() runs one from a coroutine; act_once() under an
// idempotency key as well. AppTools live as long as the server; any thread.

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "server/app/app_error.hpp"
#include "server/privacy/key_ring.hpp"
#include "server/storage/database.hpp"

namespace leadex::app {

using storage::PlatformTx;
using storage::Principal;

struct AppSettings {
  storage::Environment environment{};
  Money deposit_limit{10'000 * kMicrosPerUnit};  ///< above it a second person confirms
  std::chrono::hours bank_cooling{72};
};

struct AppTools {
  privacy::KeyRing const& ring;
  storage::KeyMinter const& minter;
  AppSettings settings;
};

/// One action as one transaction: a refusal undoes everything it wrote.
/// @param action  copyable, `AppResult<T>(PlatformTx&)`; may run again after a collision
template <class F>
[[nodiscard]] boost::asio::awaitable<std::decay_t<std::invoke_result_t<F&, PlatformTx&>>> act(
    storage::Database& database, F action) {
  auto done = co_await database.transact(std::move(action));
  if (!done) co_return refuse(app_error(done.error()));
  co_return std::move(*done);
}

/// The same, blocking: for start-up and tools.
template <class F>
[[nodiscard]] std::decay_t<std::invoke_result_t<F&, PlatformTx&>> act_now(
    storage::Database& database, F action) {
  auto done = database.transact_now(std::move(action));
  if (!done) return refuse(app_error(done.error()));
  return std::move(*done);
}

/// An answer as it is kept and given again.
struct Answer {
  int status{};
  std::string body;
};
struct KeptAnswer {
  Answer answer;
  bool replayed{};
};

/// Idempotency scope with its own bytes, since it crosses threads.
struct IdempotencyRequest {
  std::int64_t tenant_no{};
  std::string operation;
  std::string key;        ///< as the client sent it, unquoted
  std::string body_hash;  ///< privacy::RequestFingerprint, 32 bytes
};

using AnswerAction = std::function<AppResult<Answer>(PlatformTx&)>;
/// How a refusal is answered, when that answer is to be kept; nothing for those that are not
/// (400, 401, 403, 429, 5xx).
using RefusalAnswer = std::function<std::optional<Answer>(AppError const&)>;

/// Runs `action` once per key: its answer is stored in the same transaction, a refusal's answer
/// after what the action wrote was undone. @errors in_progress, idempotency_key_reused, and those
/// of the action that are not kept
[[nodiscard]] AppResult<KeptAnswer> run_once(PlatformTx& tx, IdempotencyRequest const& request,
                                             AnswerAction const& action,
                                             RefusalAnswer const& refusal);
[[nodiscard]] boost::asio::awaitable<AppResult<KeptAnswer>> act_once(storage::Database& database,
                                                                     IdempotencyRequest request,
                                                                     AnswerAction action,
                                                                     RefusalAnswer refusal);

/// forbidden unless the actor is an admin.
[[nodiscard]] AppResult<void> require_admin(Principal const& actor);
/// four_eyes_required when `actor` is the requester, or the requester made the actor's account or
/// any of its keys.
[[nodiscard]] AppResult<void> require_other_person(PlatformTx& tx, Principal const& actor,
                                                   std::int64_t requester_no);

/// Canonical payload of an audit row: "name=value;name=value". Values are numbers and words of
/// ours.
class AuditPayload {
 public:
  AuditPayload& add(std::string_view name, std::int64_t value);
  /// @param value  letters, digits and _ . : - only; anything else stops the process
  AuditPayload& add(std::string_view name, std::string_view value);
  [[nodiscard]] std::string text() && { return std::move(text_); }

 private:
  void name(std::string_view name);
  std::string text_;
};

struct AuditObject {
  std::int64_t tenant_no{};
  std::string_view kind;
  std::int64_t no{};
};
/// One row on the platform's audit stream. Call it last in an action.
void audit(PlatformTx& tx, std::int64_t principal_no, std::string_view action,
           AuditObject const& object, AuditPayload payload);

/// Several fields as one byte string, for sealed payloads: each with its length in front.
[[nodiscard]] std::string pack_fields(std::initializer_list<std::string_view> fields);
[[nodiscard]] std::optional<std::vector<std::string>> unpack_fields(std::string_view packed,
                                                                    std::size_t count);

/// 1 to `bytes_max` bytes of UTF-8 without control characters.
[[nodiscard]] bool plain_text(std::string_view text, std::size_t bytes_max);

}  // namespace leadex::app
