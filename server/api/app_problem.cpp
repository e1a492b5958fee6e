#include "server/api/app_problem.hpp"

namespace leadex::api {

namespace {

Code code_of(app::AppCode code) {
  using app::AppCode;
  switch (code) {
    case AppCode::forbidden:
      return Code::forbidden;
    case AppCode::four_eyes_required:
      return Code::four_eyes_required;
    case AppCode::scope_not_held:
      return Code::scope_not_held;
    case AppCode::not_found:
      return Code::not_found;
    case AppCode::validation_failed:
      return Code::validation_failed;
    case AppCode::wrong_state:
    case AppCode::already_initialised:
      return Code::conflict;
    case AppCode::insufficient_funds:
      return Code::insufficient_funds;
    case AppCode::in_progress:
      return Code::in_progress;
    case AppCode::idempotency_key_reused:
      return Code::idempotency_key_reused;
    case AppCode::last_admin_key:
      return Code::last_admin_key;
    case AppCode::nothing_to_pay:
      return Code::nothing_to_pay;
    case AppCode::retry_later:
      return Code::busy;
    case AppCode::unavailable:
      return Code::unavailable;
    case AppCode::outcome_unknown:
      return Code::outcome_unknown;
    case AppCode::internal_invariant:
      break;
  }
  return Code::internal;
}

}  // namespace

ApiProblem problem_of(app::AppError const& error) {
  ApiProblem made{code_of(error.code), error.detail, {}, {}};
  // Another account's object reads exactly as an unknown one, whatever the use case says.
  if (made.code == Code::not_found) made.detail.clear();
  for (auto const& fault : error.faults) {
    made.errors.push_back({fault.pointer, fault.code, fault.detail});
  }
  return made;
}

}  // namespace leadex::api
