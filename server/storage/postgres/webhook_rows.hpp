#pragma once
// WebhookRows over tables event, event_pending, webhook_endpoint and webhook_delivery, and the
// readers of their rows for the delivery store. One database job.

#include <pqxx/result>
#include <pqxx/transaction_base>
#include <string>
#include <vector>

#include "server/storage/numbers.hpp"
#include "server/storage/webhooks.hpp"

namespace leadex::storage::postgres {

class PostgresWebhookRows final : public WebhookRows {
 public:
  PostgresWebhookRows(pqxx::transaction_base& tx, NumberRanges& numbers)
      : tx_(tx), numbers_(numbers) {}

  void insert(WebhookEndpoint const& endpoint) override;
  [[nodiscard]] std::vector<WebhookEndpoint> endpoints(std::int64_t tenant_no,
                                                       std::optional<std::int64_t> before_no,
                                                       int limit) override;
  [[nodiscard]] std::optional<WebhookEndpoint> endpoint(std::int64_t tenant_no,
                                                        std::int64_t endpoint_no) override;
  [[nodiscard]] std::int64_t count_endpoints(std::int64_t tenant_no) override;
  [[nodiscard]] bool remove(std::int64_t tenant_no, std::int64_t endpoint_no) override;
  [[nodiscard]] std::vector<WebhookDelivery> deliveries(DeliveryFilter const& filter) override;
  [[nodiscard]] std::optional<WebhookDelivery> delivery(std::int64_t endpoint_no,
                                                        std::int64_t delivery_no) override;
  void resend(std::int64_t delivery_no, Timestamp now) override;
  [[nodiscard]] WebhookDelivery send_test(WebhookEndpoint const& endpoint, Timestamp now) override;
  void emit(NewEvent const& event, Timestamp at) override;
  [[nodiscard]] std::vector<EventRow> events(EventFilter const& filter) override;

 private:
  pqxx::transaction_base& tx_;
  NumberRanges& numbers_;
};

/// What WebhookRows::emit does, for jobs that have a transaction and no number ranges.
void emit_event(pqxx::transaction_base& tx, NewEvent const& event, Timestamp at);

/// "a,b": words without commas as one parameter for string_to_array.
[[nodiscard]] std::string join_list(std::vector<std::string> const& words);
[[nodiscard]] std::vector<std::string> split_list(std::string const& text);

#define LEADEX_ENDPOINT_COLUMNS                                                          \
  "e.endpoint_no, e.tenant_no, e.url, array_to_string(e.events, ','), e.secret_sealed, " \
  "e.deliver_contact, e.status, " LEADEX_MICROS("e.failing_since") ", " LEADEX_MICROS(   \
      "e.created_at")
inline constexpr int kEndpointColumns = 9;
/// The columns above, from `first` on.
[[nodiscard]] WebhookEndpoint read_endpoint(pqxx::row const& row, int first);

#define LEADEX_DELIVERY_COLUMNS \
  "d.delivery_no, d.endpoint_no, d.market_id, d.batch_seq, d.event_n, d.event_type, "        \
  "d.status, d.confirms, d.attempts, " LEADEX_MICROS("d.next_at") ", d.last_status, "        \
  "d.last_error, " LEADEX_MICROS("d.last_at") ", " LEADEX_MICROS("d.created_at")
inline constexpr int kDeliveryColumns = 14;
[[nodiscard]] WebhookDelivery read_delivery(pqxx::row const& row, int first);

}  // namespace leadex::storage::postgres
