#include "server/app/app_error.hpp"

namespace leadex::app {

std::string_view text(AppCode code) {
  switch (code) {
    case AppCode::forbidden:
      return "forbidden";
    case AppCode::four_eyes_required:
      return "four_eyes_required";
    case AppCode::scope_not_held:
      return "scope_not_held";
    case AppCode::not_found:
      return "not_found";
    case AppCode::validation_failed:
      return "validation_failed";
    case AppCode::wrong_state:
      return "wrong_state";
    case AppCode::insufficient_funds:
      return "insufficient_funds";
    case AppCode::in_progress:
      return "in_progress";
    case AppCode::idempotency_key_reused:
      return "idempotency_key_reused";
    case AppCode::already_initialised:
      return "already_initialised";
    case AppCode::last_admin_key:
      return "last_admin_key";
    case AppCode::nothing_to_pay:
      return "nothing_to_pay";
    case AppCode::retry_later:
      return "retry_later";
    case AppCode::unavailable:
      return "unavailable";
    case AppCode::outcome_unknown:
      return "outcome_unknown";
    case AppCode::internal_invariant:
      return "internal_invariant";
  }
  return "internal_invariant";
}

AppError app_error(storage::StoreError error) {
  using storage::StoreError;
  switch (error) {
    case StoreError::not_found:
      return {AppCode::not_found, "There is no such object.", {}};
    case StoreError::conflict:
      return {AppCode::wrong_state, "Another request came first.", {}};
    case StoreError::retry_later:
      return {AppCode::retry_later, "The exchange is busy; try again.", {}};
    case StoreError::unavailable:
      return {AppCode::unavailable, "The exchange cannot reach its database.", {}};
    case StoreError::outcome_unknown:
      return {AppCode::outcome_unknown,
              "It is not known whether this happened; ask again with the same Idempotency-Key.",
              {}};
  }
  return {AppCode::unavailable, "The exchange cannot reach its database.", {}};
}

AppError app_error(storage::PlatformRefusal refusal) {
  using storage::PlatformRefusal;
  switch (refusal) {
    case PlatformRefusal::amount_not_positive:
      return {AppCode::validation_failed,
              "The amount must be more than zero.",
              {{"/amount", "too_small", "must be more than zero"}}};
    case PlatformRefusal::currency_unknown:
      return {AppCode::validation_failed,
              "There is no such currency.",
              {{"/amount/currency", "currency_unknown", "no ISO 4217 code"}}};
    case PlatformRefusal::market_unknown:
    case PlatformRefusal::intent_unknown:
      return {AppCode::not_found, "There is no such object.", {}};
    case PlatformRefusal::insufficient_funds:
      return {AppCode::insufficient_funds, "There is not enough money on the account.", {}};
    case PlatformRefusal::intent_not_ready:
    case PlatformRefusal::intent_applied:
      return {AppCode::wrong_state, "That step is done already, or comes too early.", {}};
    case PlatformRefusal::overflow:
      break;
  }
  return {AppCode::internal_invariant, "The balance would be too large.", {}};
}

}  // namespace leadex::app
