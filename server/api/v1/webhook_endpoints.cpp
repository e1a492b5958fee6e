#include "server/api/v1/webhook_endpoints.hpp"

#include "server/api/market_ref.hpp"
#include "server/api/paging.hpp"
#include "server/api/staff_idempotency.hpp"
#include "server/api/v1/delivery_services.hpp"
#include "server/api/v1/delivery_shapes.hpp"
#include "server/crypto/webhook_signature.hpp"
#include "server/http/client.hpp"
#include "server/privacy/sealed_value.hpp"

namespace leadex::api {

namespace {

using storage::PlatformTx;
using storage::WebhookEndpoint;

app::AuditObject audited(WebhookEndpoint const& endpoint) {
  return {endpoint.tenant_no, "webhook_endpoint", endpoint.endpoint_no};
}

/// As the body asks; the contract has checked its form.
WebhookEndpoint read_endpoint(ApiCall const& call) {
  WebhookEndpoint endpoint;
  endpoint.tenant_no = call.account_no();
  endpoint.url = json::text_of(*json::find_member(call.body, "url"));
  for (auto const& type : json::find_member(call.body, "events")->GetArray()) {
    endpoint.events.emplace_back(json::text_of(type));
  }
  auto const* contact = json::find_member(call.body, "deliver_contact");
  endpoint.deliver_contact = contact != nullptr && contact->IsTrue();
  return endpoint;
}

app::AppResult<app::Answer> insert_endpoint(ApiContext const& context, std::int64_t principal_no,
                                            WebhookEndpoint endpoint, PlatformTx& tx) {
  if (tx.webhooks().count_endpoints(endpoint.tenant_no) >= context.delivery->endpoints_max) {
    constexpr auto kDetail = "This account has as many webhook endpoints as it may.";
    return app::fail(app::AppCode::validation_failed, kDetail, {{"", "limit_reached", kDetail}});
  }
  auto const secret = crypto::WebhookSecret::generate().text();
  endpoint.endpoint_no = tx.next_number(0, storage::NumberKind::webhook_endpoint);
  endpoint.created_at = tx.now();
  auto const row = privacy::row_key(endpoint.endpoint_no);
  endpoint.secret_sealed = privacy::SecretBox(context.keys)
                               .seal({"webhook_endpoint", 0, row, "secret_sealed"}, secret.view());
  tx.webhooks().insert(endpoint);
  app::AuditPayload payload;
  payload.add("deliver_contact", std::int64_t{endpoint.deliver_contact});
  app::audit(tx, principal_no, "webhook_endpoint.created", audited(endpoint), std::move(payload));
  json::JsonWriter body;
  write_endpoint(body, context.ids, endpoint, secret.view());
  return app::Answer{201, body.str()};
}

/// 202 with the delivery.
app::Answer on_its_way(ApiContext const& context, storage::WebhookDelivery const& delivery) {
  json::JsonWriter body;
  write_delivery(body, context.ids, delivery);
  return {202, body.str()};
}

void tell_sender(ApiCall const& call) {
  if (call.ctx.delivery->due) call.ctx.delivery->due();
}

}  // namespace

asio::awaitable<ApiResult> create_webhook_endpoint(ApiCall& call) {
  auto endpoint = read_endpoint(call);
  auto const target = http::check_webhook_url(endpoint.url, call.ctx.delivery->url_rules);
  if (!target) {
    co_return invalid("/url", std::string(to_string(target.error())),
                      "Not an address that webhooks may be sent to: https, a public name, port 443 "
                      "or 8443.");
  }
  auto& context = call.ctx;
  auto const principal_no = call.principal.principal_no;
  auto action = [&context, principal_no, endpoint](PlatformTx& tx) {
    return insert_endpoint(context, principal_no, endpoint, tx);
  };
  co_return co_await transact_once(call, std::move(action), "/v1/webhook-endpoints/");
}

asio::awaitable<ApiResult> list_webhook_endpoints(ApiCall& call) {
  auto const page = read_page(call);
  if (!page) co_return refuse(page.error());
  auto const account = call.account_no();
  auto const before = page->before_no();
  auto const fetch = page->fetch();
  auto const rows = co_await call.ctx.database.transact([account, before, fetch](PlatformTx& tx) {
    return tx.webhooks().endpoints(account, before, fetch);
  });
  if (!rows) co_return refuse(problem_of(rows.error()));
  co_return answer_page(
      call, *page, *rows,
      [&call](json::JsonWriter& writer, WebhookEndpoint const& endpoint) {
        write_endpoint(writer, call.ctx.ids, endpoint);
      },
      [](WebhookEndpoint const& endpoint) { return std::vector{endpoint.endpoint_no}; });
}

asio::awaitable<ApiResult> get_webhook_endpoint(ApiCall& call) {
  auto const number = endpoint_no(call);
  if (!number) co_return refuse(number.error());
  auto const account = call.account_no();
  auto const found = co_await call.ctx.database.transact(
      [account, no = *number](PlatformTx& tx) { return tx.webhooks().endpoint(account, no); });
  if (!found) co_return refuse(problem_of(found.error()));
  if (!*found) co_return problem(Code::not_found);
  json::JsonWriter body;
  write_endpoint(body, call.ctx.ids, **found);
  co_return answer(200, body);
}

asio::awaitable<ApiResult> delete_webhook_endpoint(ApiCall& call) {
  auto const number = endpoint_no(call);
  if (!number) co_return refuse(number.error());
  auto const account = call.account_no();
  auto const principal_no = call.principal.principal_no;
  auto const removed =
      co_await call.ctx.database.transact([account, principal_no, no = *number](PlatformTx& tx) {
        auto const endpoint = tx.webhooks().endpoint(account, no);
        if (!endpoint || !tx.webhooks().remove(account, no)) return false;
        app::audit(tx, principal_no, "webhook_endpoint.deleted", audited(*endpoint), {});
        return true;
      });
  if (!removed) co_return refuse(problem_of(removed.error()));
  if (!*removed) co_return problem(Code::not_found);
  co_return no_content();
}

asio::awaitable<ApiResult> test_webhook_endpoint(ApiCall& call) {
  auto const number = endpoint_no(call);
  if (!number) co_return refuse(number.error());
  auto const account = call.account_no();
  auto& context = call.ctx;
  auto result = co_await transact_once(
      call, [&context, account, no = *number](PlatformTx& tx) -> app::AppResult<app::Answer> {
        auto const endpoint = tx.webhooks().endpoint(account, no);
        if (!endpoint) return app::fail(app::AppCode::not_found, {});
        if (endpoint->status != storage::EndpointStatus::active) {
          return app::fail(app::AppCode::wrong_state, "The endpoint is disabled.");
        }
        return on_its_way(context, tx.webhooks().send_test(*endpoint, tx.now()));
      });
  if (result) tell_sender(call);
  co_return result;
}

asio::awaitable<ApiResult> list_webhook_deliveries(ApiCall& call) {
  auto const number = endpoint_no(call);
  if (!number) co_return refuse(number.error());
  auto const page = read_page(call);
  if (!page) co_return refuse(page.error());
  storage::DeliveryFilter filter{.endpoint_no = *number, .before_no = page->before_no()};
  filter.limit = page->fetch();
  for (auto const& word : call.query_list("status")) {
    for (std::size_t i = 0; i < storage::kDeliveryStatusTexts.size(); ++i) {
      if (storage::kDeliveryStatusTexts.at(i) == word) {
        filter.states.push_back(static_cast<storage::DeliveryStatus>(i));
      }
    }
  }
  using Rows = std::optional<std::vector<storage::WebhookDelivery>>;
  auto const account = call.account_no();
  auto const rows = co_await call.ctx.database.transact([account, filter](PlatformTx& tx) -> Rows {
    if (!tx.webhooks().endpoint(account, filter.endpoint_no)) return std::nullopt;
    return tx.webhooks().deliveries(filter);
  });
  if (!rows) co_return refuse(problem_of(rows.error()));
  if (!*rows) co_return problem(Code::not_found);
  co_return answer_page(
      call, *page, **rows,
      [&call](json::JsonWriter& writer, storage::WebhookDelivery const& delivery) {
        write_delivery(writer, call.ctx.ids, delivery);
      },
      [](storage::WebhookDelivery const& delivery) { return std::vector{delivery.delivery_no}; });
}

asio::awaitable<ApiResult> resend_webhook_delivery(ApiCall& call) {
  auto const number = endpoint_no(call);
  if (!number) co_return refuse(number.error());
  auto const delivery = call.ctx.ids.open(call.param("delivery_id"), crypto::IdKind::delivery);
  if (!delivery || delivery->market != 0) co_return problem(Code::not_found);
  auto const account = call.account_no();
  auto& context = call.ctx;
  auto result = co_await transact_once(
      call,
      [&context, account, no = *number,
       delivery_no = delivery->no](PlatformTx& tx) -> app::AppResult<app::Answer> {
        auto const endpoint = tx.webhooks().endpoint(account, no);
        if (!endpoint || !tx.webhooks().delivery(no, delivery_no)) {
          return app::fail(app::AppCode::not_found, {});
        }
        if (endpoint->status != storage::EndpointStatus::active) {
          return app::fail(app::AppCode::wrong_state, "The endpoint is disabled.");
        }
        tx.webhooks().resend(delivery_no, tx.now());
        return on_its_way(context, *tx.webhooks().delivery(no, delivery_no));
      });
  if (result) tell_sender(call);
  co_return result;
}

}  // namespace leadex::api
