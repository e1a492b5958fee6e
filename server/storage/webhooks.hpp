#pragma once
// Events, and the webhook endpoints and deliveries that carry them outside, as the API and other
// jobs of the platform use them. Used inside one database job. No row holds a body: those are
// rendered when sent.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "billing/values/check.hpp"
#include "billing/values/ids.hpp"
#include "billing/values/time.hpp"

namespace leadex::storage {

/// Place of an event: its market's batch and the count inside it; or, for what happened outside a
/// market's batches, minus the number of its subject (own_event_key).
struct EventKey {
  MarketNo market{};
  std::int64_t batch_seq{};
  std::int32_t n{};
  friend auto operator<=>(EventKey const&, EventKey const&) = default;
};

inline constexpr std::int32_t kEventsPerBatchMax = 1 << 20;
inline constexpr std::int64_t kEventSeqMax = std::int64_t{1} << 42;

/// The number of an event's public id, and back. ≥ 0.
[[nodiscard]] constexpr std::int64_t event_no(EventKey const& key) {
  bool const own = key.batch_seq < 0;
  auto const seq = own ? -key.batch_seq : key.batch_seq;
  LEADEX_CHECK(seq < kEventSeqMax && key.n >= 0 && key.n < kEventsPerBatchMax);
  return ((own ? kEventSeqMax : 0) + seq) * kEventsPerBatchMax + key.n;
}
[[nodiscard]] constexpr EventKey event_key(MarketNo market, std::int64_t no) {
  auto const seq = no / kEventsPerBatchMax;
  auto const n = static_cast<std::int32_t>(no % kEventsPerBatchMax);
  return {market, seq >= kEventSeqMax ? kEventSeqMax - seq : seq, n};
}

/// The key of an event outside a market's batches: at most one of each type for a subject, so that
/// telling it twice changes nothing. @param type_no  0 … 255
[[nodiscard]] constexpr EventKey own_event_key(MarketNo market, std::int16_t subject_kind,
                                               std::int64_t subject_no, int type_no) {
  LEADEX_CHECK(subject_no > 0 && subject_kind >= 0 && type_no >= 0 && type_no < 256);
  return {market, -subject_no, subject_kind * 256 + type_no};
}

/// What happened, for one account that it concerns.
struct EventRow {
  EventKey key;
  std::string type;  ///< "sale.created"
  std::int64_t tenant_no{};
  std::int16_t subject_kind{};  ///< number of crypto::IdKind
  std::int64_t subject_no{};    ///< as inside public ids
  Timestamp at{};
};

struct EventFilter {
  std::int64_t tenant_no{};
  std::optional<Timestamp> before_at;  ///< with before: the last event of the page before
  EventKey before;
  std::optional<Timestamp> from;   ///< inclusive
  std::optional<Timestamp> until;  ///< exclusive
  std::vector<std::string> types;  ///< none: all
  int limit = 50;                  ///< 1 … 501
};

enum class EndpointStatus : std::uint8_t { active, disabled, deleted };
inline constexpr std::array<std::string_view, 3> kEndpointStatusTexts{"active", "disabled",
                                                                      "deleted"};

struct WebhookEndpoint {
  std::int64_t endpoint_no{};
  std::int64_t tenant_no{};
  std::string url;
  std::vector<std::string> events;
  std::string secret_sealed;
  bool deliver_contact{};
  EndpointStatus status{};
  std::optional<Timestamp> failing_since;
  Timestamp created_at{};
};

enum class DeliveryStatus : std::uint8_t { waiting, delivered, failed, stopped };
inline constexpr std::array<std::string_view, 4> kDeliveryStatusTexts{"waiting", "delivered",
                                                                      "failed", "stopped"};

struct WebhookDelivery {
  std::int64_t delivery_no{};
  std::int64_t endpoint_no{};
  EventKey event;
  std::string event_type;
  DeliveryStatus status{};
  bool confirms{};  ///< its answer delivers or voids the sale
  int attempts{};
  Timestamp next_at{};
  std::optional<int> last_status;         ///< HTTP status of the last answer
  std::optional<std::string> last_error;  ///< a word of this program, never the peer's
  std::optional<Timestamp> last_at;
  Timestamp created_at{};
};

struct DeliveryFilter {
  std::int64_t endpoint_no{};
  std::optional<std::int64_t> before_no;
  std::vector<DeliveryStatus> states;  ///< none: all
  int limit = 50;
};

/// Events that no market's batch tells of. Their numbers are stored: only add, below 256.
enum class OwnEvent : std::uint8_t {
  batch_checked = 1,
  payout_sent = 2,
  payout_failed = 3,
  lead_erased = 4,
  balance_low = 5,
  webhook_test = 6,
  lead_withdrawn = 7,  ///< before its market had seen it
};
[[nodiscard]] std::string_view text(OwnEvent event);

struct NewEvent {
  MarketNo market{};  ///< 0: of the exchange
  OwnEvent type{};
  std::int64_t tenant_no{};
  std::int16_t subject_kind{};
  std::int64_t subject_no{};  ///< > 0
};

class WebhookRows {
 public:
  virtual ~WebhookRows() = default;

  virtual void insert(WebhookEndpoint const& endpoint) = 0;
  /// Endpoints of one account that are not deleted; newest first.
  [[nodiscard]] virtual std::vector<WebhookEndpoint> endpoints(
      std::int64_t tenant_no, std::optional<std::int64_t> before_no, int limit) = 0;
  [[nodiscard]] virtual std::optional<WebhookEndpoint> endpoint(std::int64_t tenant_no,
                                                                std::int64_t endpoint_no) = 0;
  [[nodiscard]] virtual std::int64_t count_endpoints(std::int64_t tenant_no) = 0;
  /// Nothing waiting is sent any more; false when there was no such endpoint.
  [[nodiscard]] virtual bool remove(std::int64_t tenant_no, std::int64_t endpoint_no) = 0;

  /// Newest first. The caller has asked for the endpoint with its account.
  [[nodiscard]] virtual std::vector<WebhookDelivery> deliveries(DeliveryFilter const& filter) = 0;
  [[nodiscard]] virtual std::optional<WebhookDelivery> delivery(std::int64_t endpoint_no,
                                                                std::int64_t delivery_no) = 0;
  /// Sends an event again, from the first attempt on, when it is not waiting; it no longer decides
  /// about a sale.
  virtual void resend(std::int64_t delivery_no, Timestamp now) = 0;
  /// A delivery of a fresh test event to this endpoint alone.
  [[nodiscard]] virtual WebhookDelivery send_test(WebhookEndpoint const& endpoint,
                                                  Timestamp now) = 0;

  /// Adds the event; the fan-out makes its deliveries. The same event again changes nothing.
  virtual void emit(NewEvent const& event, Timestamp at) = 0;
  /// Newest first, without test events.
  [[nodiscard]] virtual std::vector<EventRow> events(EventFilter const& filter) = 0;
};

}  // namespace leadex::storage
