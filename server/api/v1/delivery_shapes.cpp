#include "server/api/v1/delivery_shapes.hpp"

namespace leadex::api {

void write_endpoint(json::JsonWriter& writer, crypto::PublicIdCodec const& ids,
                    storage::WebhookEndpoint const& endpoint,
                    std::optional<std::string_view> secret) {
  auto const object = writer.object();
  writer.field("id", ids.seal(crypto::IdKind::webhook_endpoint, 0, endpoint.endpoint_no));
  writer.field("url", endpoint.url);
  {
    auto const events = writer.array("events");
    for (auto const& type : endpoint.events) writer.value(type);
  }
  writer.field("deliver_contact", endpoint.deliver_contact);
  writer.field("status",
               storage::kEndpointStatusTexts.at(static_cast<std::size_t>(endpoint.status)));
  writer.field_if("secret", secret);
  writer.field("failing_since", endpoint.failing_since);
  writer.field("created_at", endpoint.created_at);
}

void write_delivery(json::JsonWriter& writer, crypto::PublicIdCodec const& ids,
                    storage::WebhookDelivery const& delivery) {
  auto const object = writer.object();
  bool const waiting = delivery.status == storage::DeliveryStatus::waiting;
  writer.field("id", ids.seal(crypto::IdKind::delivery, 0, delivery.delivery_no));
  writer.field("event_id", ids.seal(crypto::IdKind::event, delivery.event.market,
                                    storage::event_no(delivery.event)));
  writer.field("event_type", delivery.event_type);
  writer.field("status",
               storage::kDeliveryStatusTexts.at(static_cast<std::size_t>(delivery.status)));
  writer.field("attempts", delivery.attempts);
  writer.field("response_status", delivery.last_status);
  writer.field("error", delivery.last_error);
  writer.field("next_at", waiting ? std::optional{delivery.next_at} : std::nullopt);
  writer.field("last_at", delivery.last_at);
  writer.field("created_at", delivery.created_at);
}

void write_event(json::JsonWriter& writer, crypto::PublicIdCodec const& ids,
                 storage::EventRow const& event, std::string_view market) {
  auto const object = writer.object();
  writer.field("id",
               ids.seal(crypto::IdKind::event, event.key.market, storage::event_no(event.key)));
  writer.field("type", event.type);
  writer.field("at", event.at);
  auto const data = writer.object("data");
  writer.field("id", ids.seal(static_cast<crypto::IdKind>(event.subject_kind), event.key.market,
                              event.subject_no));
  if (!market.empty()) writer.field("market", market);
}

Result<std::int64_t, ApiProblem> endpoint_no(ApiCall const& call) {
  auto const id = call.ctx.ids.open(call.param("id"), crypto::IdKind::webhook_endpoint);
  if (!id || id->market != 0) return problem(Code::not_found);  // endpoints are in no market
  return id->no;
}

}  // namespace leadex::api
