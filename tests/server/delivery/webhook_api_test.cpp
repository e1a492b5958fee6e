// The operations of webhook endpoints, deliveries and events, as their accounts call them.

#include <pqxx/pqxx>

#include "server/api/v1/delivery.hpp"
#include "server/api/v1/delivery_services.hpp"
#include "server/crypto/webhook_signature.hpp"
#include "tests/server/api/api_harness.hpp"

namespace leadex::api {
namespace {

constexpr auto* kEndpoints = "/v1/webhook-endpoints";

class WebhookApi : public ApiHarness {
 protected:
  WebhookApi() {
    context_.delivery = &services_;
    register_delivery(router_, context_);
  }
  void SetUp() override {
    ApiHarness::SetUp();
    buyer_ = open_account("buyer");
    other_ = open_account("buyer");
  }
  Reply create(Account const& account, std::string const& url = "https://hooks.example.com/in") {
    return post(kEndpoints, account.key,
                R"({"url":")" + url + R"(","events":["sale.created"],"deliver_contact":true})");
  }
  std::string sql(std::string const& query) {
    pqxx::connection connection(database_.owner());
    pqxx::work tx(connection);
    auto const text = tx.exec1(query).at(0).as<std::string>();
    tx.commit();
    return text;
  }

  DeliveryServices services_{.url_rules = {}, .due = [this] { ++due_; }, .endpoints_max = 3};
  int due_ = 0;
  Account buyer_;
  Account other_;
};

TEST_F(WebhookApi, ShowsTheSecretOnceAndKeepsItSealed) {
  auto const made = create(buyer_);
  ASSERT_EQ(made.status, 201) << made.body;
  auto const secret = made.text("secret");
  EXPECT_TRUE(crypto::WebhookSecret::parse(secret).has_value());
  EXPECT_EQ(made.header("Location"), kEndpoints + std::string("/") + made.text("id"));
  auto const shown = get(made.header("Location"), buyer_.key);
  ASSERT_EQ(shown.status, 200);
  EXPECT_EQ(shown.find("secret"), nullptr);
  EXPECT_EQ(shown.text("url"), "https://hooks.example.com/in");
  EXPECT_EQ(get(kEndpoints, buyer_.key).body.find(secret), std::string::npos);
  EXPECT_EQ(sql("select count(*) from leadex.webhook_endpoint e where e::text like '%" + secret +
                "%' or position('" + secret + "'::bytea in e.secret_sealed) > 0"),
            "0");
}

TEST_F(WebhookApi, TakesNoAddressInsideNorAnUnknownEvent) {
  for (auto const* url : {"http://hooks.example.com/", "https://127.0.0.1/", "https://10.1.2.3/",
                          "https://hooks.example.com:22/", "https://me@hooks.example.com/",
                          "https://localhost/", "https://[::1]/", "https://169.254.169.254/"}) {
    EXPECT_EQ(create(buyer_, url).status, 422) << url;
  }
  EXPECT_EQ(post(kEndpoints, buyer_.key,
                 R"({"url":"https://hooks.example.com/","events":["sale.stolen"]})")
                .status,
            422);
  EXPECT_EQ(sql("select count(*) from leadex.webhook_endpoint"), "0");
}

TEST_F(WebhookApi, RepeatsAnAnswerUnderItsKeyAndLimitsTheNumber) {
  Ask const ask{.method = "POST",
                .target = kEndpoints,
                .key = buyer_.key,
                .body = R"({"url":"https://hooks.example.com/","events":["sale.created"]})",
                .idempotency_key = "once"};
  auto const first = call(ask);
  auto const again = call(ask);
  EXPECT_EQ(first.status, 201);
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(again.header("Idempotent-Replayed"), "true");
  EXPECT_EQ(create(buyer_).status, 201);
  EXPECT_EQ(create(buyer_).status, 201);
  EXPECT_EQ(create(buyer_).status, 422) << "three are the limit here";
  EXPECT_EQ(create(other_).status, 201);
}

TEST_F(WebhookApi, AnotherAccountsEndpointIsAsUnknownAsNone) {
  auto const made = create(buyer_);
  auto const path = made.header("Location");
  EXPECT_EQ(post(path + "/test", buyer_.key).status, 202);
  auto const delivery = get(path + "/deliveries", buyer_.key);
  ASSERT_EQ(delivery.data().Size(), 1U);
  auto const delivery_id = json::text_of(*json::find_member(delivery.data()[0], "id"));
  auto const resend = path + "/deliveries/" + std::string(delivery_id) + "/resend";
  auto const unknown =
      get(kEndpoints + std::string("/") + ids_.seal(crypto::IdKind::webhook_endpoint, 0, 999),
          other_.key);
  EXPECT_EQ(unknown.status, 404);
  EXPECT_EQ(get(path, other_.key).body, unknown.body);
  EXPECT_EQ(get(path + "/deliveries", other_.key).status, 404);
  EXPECT_EQ(post(path + "/test", other_.key).status, 404);
  EXPECT_EQ(post(resend, other_.key).status, 404);
  EXPECT_EQ(call({.method = "DELETE", .target = path, .key = other_.key}).status, 404);
  auto const own = create(other_).header("Location");
  EXPECT_EQ(post(own + "/deliveries/" + std::string(delivery_id) + "/resend", other_.key).status,
            404)
      << "a delivery of another endpoint";
  EXPECT_EQ(get(path, buyer_.key).status, 200);
}

TEST_F(WebhookApi, ATestIsOnItsWayAndCanBeSentAgain) {
  auto const path = create(buyer_).header("Location");
  auto const sent = post(path + "/test", buyer_.key);
  ASSERT_EQ(sent.status, 202) << sent.body;
  EXPECT_EQ(sent.text("status"), "waiting");
  EXPECT_EQ(due_, 1);
  sql("with d as (update leadex.webhook_delivery set status = 'failed', attempts = 10 returning 1) "
      "select count(*) from d");
  EXPECT_EQ(get(path + "/deliveries?status=waiting", buyer_.key).data().Size(), 0U);
  auto const again = post(path + "/deliveries/" + sent.text("id") + "/resend", buyer_.key);
  ASSERT_EQ(again.status, 202) << again.body;
  EXPECT_EQ(again.text("status"), "waiting");
  EXPECT_EQ(again.number("attempts"), 0);
  EXPECT_EQ(get(path + "/deliveries?status=waiting,failed", buyer_.key).data().Size(), 1U);
}

TEST_F(WebhookApi, ADeletedEndpointIsGoneAndItsQueueStopped) {
  auto const path = create(buyer_).header("Location");
  ASSERT_EQ(post(path + "/test", buyer_.key).status, 202);
  EXPECT_EQ(call({.method = "DELETE", .target = path, .key = buyer_.key}).status, 204);
  EXPECT_EQ(get(path, buyer_.key).status, 404);
  EXPECT_EQ(get(kEndpoints, buyer_.key).data().Size(), 0U);
  EXPECT_EQ(post(path + "/test", buyer_.key).status, 404);
  EXPECT_EQ(sql("select string_agg(status, ',') from leadex.webhook_delivery"), "stopped");
  EXPECT_EQ(sql("select count(*) from leadex.audit where action in ('webhook_endpoint.created', "
                "'webhook_endpoint.deleted')"),
            "2");
}

TEST_F(WebhookApi, EventsAreTheCallersOwnNewestFirstInPages) {
  auto const account = ids_.open(buyer_.id, crypto::IdKind::account);
  ASSERT_TRUE(account.has_value());
  auto const done = platform_.transact_now([no = account->no](storage::PlatformTx& tx) {
    for (std::int64_t payout = 1; payout <= 5; ++payout) {
      tx.webhooks().emit({0, storage::OwnEvent::payout_sent, no,
                          static_cast<std::int16_t>(crypto::IdKind::payout), payout},
                         tx.now() + Micros(payout));
    }
    return true;
  });
  ASSERT_TRUE(done.has_value());
  EXPECT_EQ(get("/v1/events", other_.key).data().Size(), 0U);
  std::vector<std::string> seen;
  std::string target = "/v1/events?limit=2";
  for (int page = 0; page < 4 && !target.empty(); ++page) {
    auto const reply = get(target, buyer_.key);
    ASSERT_EQ(reply.status, 200) << reply.body;
    for (auto const& event : reply.data().GetArray()) {
      seen.emplace_back(json::text_of(*json::find_member(*json::find_member(event, "data"), "id")));
    }
    auto const cursor = reply.text("next_cursor");
    target = cursor.empty() ? "" : "/v1/events?limit=2&cursor=" + cursor;
  }
  ASSERT_EQ(seen.size(), 5U);
  for (std::int64_t i = 0; i < 5; ++i) {
    EXPECT_EQ(seen[static_cast<std::size_t>(i)], ids_.seal(crypto::IdKind::payout, 0, 5 - i));
  }
  EXPECT_EQ(get("/v1/events?type=payout.failed", buyer_.key).data().Size(), 0U);
  EXPECT_EQ(get("/v1/events?type=payout.sent,payout.failed", buyer_.key).data().Size(), 5U);
}

}  // namespace
}  // namespace leadex::api
