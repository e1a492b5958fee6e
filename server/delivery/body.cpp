#include "server/delivery/body.hpp"

#include "server/json/time_text.hpp"
#include "server/json/value.hpp"
#include "server/json/writer.hpp"
#include "server/observe/log.hpp"
#include "server/privacy/lead_envelope.hpp"
#include "server/render/sale.hpp"
#include "server/render/words.hpp"

namespace leadex::delivery {

namespace {

using json::JsonWriter;
using storage::ClaimedDelivery;

/// The contact as JSON text; checked, since it goes into a text of ours.
std::optional<std::string> open_contact(privacy::KeyRing const& keys,
                                        ClaimedDelivery const& claimed) {
  auto const& sealed = *claimed.contact;
  LeadId const lead{claimed.sale->id.market, claimed.sale->id.lead_no};
  auto const plain =
      privacy::open_contact(keys, lead, {sealed.kek_id, sealed.key_wrapped}, sealed.contact_sealed);
  if (!plain) return std::nullopt;
  auto const document = json::parse(plain->view());
  if (!document || !document->IsObject()) return std::nullopt;
  return json::to_text(*document);
}

std::string sale_data(crypto::PublicIdCodec const& ids, ClaimedDelivery const& claimed) {
  JsonWriter writer;
  render::write_sale(writer, ids, *claimed.sale);
  return writer.str();
}

std::string return_data(crypto::PublicIdCodec const& ids, ClaimedDelivery const& claimed) {
  auto const& event = claimed.event;
  auto const& returned = *claimed.returned;
  JsonWriter writer;
  {
    auto const object = writer.object();
    auto const return_id = ids.seal(ReturnId{event.key.market, event.subject_no});
    if (event.subject_kind == static_cast<std::int16_t>(crypto::IdKind::dispute)) {
      writer.field("id", ids.seal(DisputeId{event.key.market, event.subject_no}));
      writer.field("return_id", return_id);
    } else {
      writer.field("id", return_id);
    }
    writer.field("market", claimed.market);
    writer.field("sale_id", ids.seal(returned.sale));
    writer.field("reason", returned.reason);
    writer.field("status", render::word(returned.state));
    writer.field("ruling", render::ruling_word(returned.ruling));
    writer.field("credited", returned.credited, returned.currency);
  }
  return writer.str();
}

std::string subject_data(crypto::PublicIdCodec const& ids, ClaimedDelivery const& claimed) {
  auto const& event = claimed.event;
  JsonWriter writer;
  {
    auto const object = writer.object();
    writer.field("id", ids.seal(static_cast<crypto::IdKind>(event.subject_kind), event.key.market,
                                event.subject_no));
    if (!claimed.market.empty()) writer.field("market", claimed.market);
  }
  return writer.str();
}

std::string data_of(crypto::PublicIdCodec const& ids, ClaimedDelivery const& claimed) {
  if (claimed.sale) return sale_data(ids, claimed);
  if (claimed.returned) return return_data(ids, claimed);
  return subject_data(ids, claimed);
}

}  // namespace

Body::~Body() { crypto::wipe(text_); }

std::string event_id(crypto::PublicIdCodec const& ids, storage::EventKey const& key) {
  return ids.seal(crypto::IdKind::event, key.market, storage::event_no(key));
}

std::optional<Body> render_body(crypto::PublicIdCodec const& ids, privacy::KeyRing const& keys,
                                ClaimedDelivery const& claimed) {
  auto data = data_of(ids, claimed);
  std::optional<std::string> contact;
  if (claimed.contact) {
    contact = open_contact(keys, claimed);
    if (!contact) {
      log::error("webhook.contact", "a sold lead's contact does not open")
          .field("delivery_no", claimed.delivery.delivery_no);
      return std::nullopt;
    }
  }
  std::string text;
  text.reserve(data.size() + (contact ? contact->size() : 0) + 128);
  text += R"({"type":")";
  text += claimed.event.type;
  text += R"(","timestamp":")";
  text += json::format_timestamp(claimed.event.at);
  text += R"(","data":)";
  if (contact) {
    data.pop_back();  // the object's closing brace
    text += data;
    text += R"(,"contact":)";
    text += *contact;
    text += '}';
    crypto::wipe(*contact);
  } else {
    text += data;
  }
  text += '}';
  return Body(std::move(text));
}

}  // namespace leadex::delivery
