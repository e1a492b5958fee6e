#pragma once
// Refused rows in the uploader's own columns, as CSV: personal data, so only the generator of the
// batch gets them, and each reading is audited before the answer. On the connection's thread.

#include "server/api/operation.hpp"

namespace leadex::api {

/// @errors not_found, forbidden for staff, test_key_not_allowed, contact_gone once destroyed,
///         validation_failed when the client does not ask for text/csv
[[nodiscard]] asio::awaitable<ApiResult> own_rejects(ApiCall& call, BatchId id, bool raw);

}  // namespace leadex::api
