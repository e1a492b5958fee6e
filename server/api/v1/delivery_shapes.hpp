#pragma once
// The shapes of events, webhook endpoints and deliveries, and how their ids are read. Pure; any
// thread.

#include <optional>
#include <string>
#include <string_view>

#include "server/api/errors.hpp"
#include "server/api/operation.hpp"
#include "server/json/writer.hpp"
#include "server/storage/webhooks.hpp"

namespace leadex::api {

/// @param secret  only in the answer that creates the endpoint
void write_endpoint(json::JsonWriter& writer, crypto::PublicIdCodec const& ids,
                    storage::WebhookEndpoint const& endpoint,
                    std::optional<std::string_view> secret = {});
void write_delivery(json::JsonWriter& writer, crypto::PublicIdCodec const& ids,
                    storage::WebhookDelivery const& delivery);
void write_event(json::JsonWriter& writer, crypto::PublicIdCodec const& ids,
                 storage::EventRow const& event, std::string_view market);

/// The number in `{id}`. @errors not_found
[[nodiscard]] Result<std::int64_t, ApiProblem> endpoint_no(ApiCall const& call);

}  // namespace leadex::api
