#pragma once
// Problem documents (RFC 9457, application/problem+json) with our members code, request_id and
// errors. Pure; any thread. Details are shown to clients: never personal data, SQL or file names.

#include <string>
#include <string_view>
#include <vector>

#include "server/http/message.hpp"

namespace leadex::http {

/// One fault of a request: a JSON pointer into the body (or a parameter's name), its code.
struct FieldError {
  std::string pointer;
  std::string code;
  std::string detail;
};

/// `{"type":"about:blank","title":…,"status":…,"detail":…,"code":…,"request_id":…,"errors":[…]}`;
/// `errors` only when there are any. `extra` headers are added as they are.
[[nodiscard]] Response make_problem(int status, std::string_view code, std::string_view detail,
                                    std::string_view request_id,
                                    std::vector<FieldError> const& errors = {}, Headers extra = {});

/// The problem for a body that could not be read: 413, 408 or 400.
[[nodiscard]] Response make_problem(BodyError error, std::string_view request_id);

/// The reason phrase of a status, e.g. "Not Found"; "Unknown" when there is none.
[[nodiscard]] std::string_view reason_phrase(int status);

}  // namespace leadex::http
