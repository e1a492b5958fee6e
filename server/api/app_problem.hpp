#pragma once
// What a use case refuses with, as the problem a client sees. Pure; any thread.

#include "server/api/errors.hpp"
#include "server/app/app_error.hpp"

namespace leadex::api {

[[nodiscard]] ApiProblem problem_of(app::AppError const& error);

}  // namespace leadex::api
