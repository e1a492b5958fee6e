#pragma once
// AppError: why a use case did not do what was asked. server/api maps each code to an HTTP status;
// details are sentences for clients and hold no personal data. Plain values; any thread.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "billing/values/result.hpp"
#include "server/storage/platform_ledger.hpp"
#include "server/storage/store_error.hpp"

namespace leadex::app {

enum class AppCode : std::uint8_t {
  forbidden,               ///< 403: the role may not do this
  four_eyes_required,      ///< 403: another person has to confirm
  scope_not_held,          ///< 403: a key may not get scopes that its issuer lacks
  not_found,               ///< 404: unknown, or another tenant's
  validation_failed,       ///< 422: see `faults`
  wrong_state,             ///< 409: the object has moved on
  insufficient_funds,      ///< 402
  in_progress,             ///< 409: the same idempotency key runs right now
  idempotency_key_reused,  ///< 422: same key, other body
  already_initialised,     ///< 409: init ran before
  last_admin_key,          ///< 409: nobody could act for the exchange any more
  nothing_to_pay,          ///< 422: a payout run would be empty
  retry_later,             ///< 503
  unavailable,             ///< 503
  outcome_unknown,         ///< 503: ask again with the same idempotency key
  internal_invariant,      ///< 500
};
[[nodiscard]] std::string_view text(AppCode code);

struct FieldFault {
  std::string pointer;  ///< JSON pointer into the body
  std::string code;
  std::string detail;
};

struct AppError {
  AppCode code{};
  std::string detail;
  std::vector<FieldFault> faults;
};

template <class T>
using AppResult = Result<T, AppError>;

[[nodiscard]] inline tl::unexpected<AppError> fail(AppCode code, std::string detail,
                                                   std::vector<FieldFault> faults = {}) {
  return refuse(AppError{code, std::move(detail), std::move(faults)});
}
[[nodiscard]] AppError app_error(storage::StoreError error);
[[nodiscard]] AppError app_error(storage::PlatformRefusal refusal);

}  // namespace leadex::app
