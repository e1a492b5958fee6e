#pragma once
// What operation.cpp checks of a request before its handler runs, each check apart. Inside this
// room only; any thread.

#include <optional>
#include <string>
#include <string_view>

#include "server/api/errors.hpp"
#include "server/http/message.hpp"
#include "server/json/contract.hpp"
#include "server/privacy/key_ring.hpp"

namespace leadex::api {

/// Path, query and headers against the contract. A path value that cannot be an id is 404, as an
/// unknown one. @param free_query  lets names through that the contract does not list
[[nodiscard]] Result<void, ApiProblem> check_parameters(json::Contract const& contract,
                                                        json::Operation const& operation,
                                                        http::Request const& request,
                                                        bool free_query);

/// The unquoted key; nothing when the operation does without or the client sent none.
/// @errors  idempotency_key_missing, idempotency_key_invalid
[[nodiscard]] Result<std::optional<std::string>, ApiProblem> read_idempotency_key(
    json::Operation const& operation, http::Request const& request);

/// 16 bytes that tell the keys of different accounts and operations apart.
[[nodiscard]] std::string scoped_key(privacy::KeyRing const& keys, std::int64_t tenant_no,
                                     std::string_view operation_id, std::string_view key);

/// Method, path and query in a form that does not depend on the order of the query.
[[nodiscard]] std::string canonical_target(http::Request const& request);

/// @errors  unsupported_media_type
[[nodiscard]] Result<void, ApiProblem> check_media_type(json::Operation const& operation,
                                                        http::Request const& request);

/// Parses and checks a body; null when there is none and none is needed.
/// @errors  unsupported_media_type, json_invalid, validation_failed
[[nodiscard]] Result<json::Document, ApiProblem> read_json(json::Contract const& contract,
                                                           json::Operation const& operation,
                                                           http::Request const& request,
                                                           std::string_view bytes);

}  // namespace leadex::api
