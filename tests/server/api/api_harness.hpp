#pragma once
// ApiHarness: the API's operations over a real database and a real market host, called through the
// router without a socket. Every answer is checked against the contract.

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "server/api/v1/staff.hpp"
#include "server/app/init_exchange.hpp"
#include "server/auth/api_key_mint.hpp"
#include "server/http/target.hpp"
#include "server/json/writer.hpp"
#include "server/storage/postgres/number_ranges.hpp"
#include "server/storage/postgres/platform_transaction.hpp"
#include "tests/support/test_database.hpp"

namespace leadex::api {

/// Operations and statuses whose answers were checked against the contract by this program.
class CheckedAnswers {
 public:
  static CheckedAnswers& all() {
    static CheckedAnswers kAll;
    return kAll;
  }
  void note(std::string const& operation_id, int status) {
    std::lock_guard const lock{guard_};
    seen_.emplace(operation_id, status);
  }
  [[nodiscard]] bool has(std::string const& operation_id, int status) {
    std::lock_guard const lock{guard_};
    return seen_.contains({operation_id, status});
  }

 private:
  std::mutex guard_;
  std::set<std::pair<std::string, int>> seen_;
};

/// An answer with its body parsed, when it is JSON.
struct Reply {
  int status{};
  http::Headers headers;
  std::string body;
  json::Document json;

  [[nodiscard]] json::Value const* find(std::string_view name) const {
    return json.IsObject() ? json::find_member(json, name) : nullptr;
  }
  /// The text of a field; "" when it is not there.
  [[nodiscard]] std::string text(std::string_view name) const {
    auto const* const value = find(name);
    return value != nullptr && value->IsString() ? std::string{json::text_of(*value)} : "";
  }
  [[nodiscard]] std::int64_t number(std::string_view name) const {
    auto const* const value = find(name);
    return value != nullptr && value->IsInt64() ? value->GetInt64() : -1;
  }
  [[nodiscard]] json::Value const& data() const { return *find("data"); }
  [[nodiscard]] std::string header(std::string_view name) const {
    return std::string{headers.find(name).value_or("")};
  }
};

struct Ask {
  std::string method;
  std::string target;
  std::string key;  ///< API key; empty: none
  std::string body;
  std::string idempotency_key;
  http::Headers headers;  ///< besides
};

class ApiHarness : public testing::Test {
 protected:
  ApiHarness() : ApiHarness(auth::RateOptions{.per_minute = 100'000, .burst = 100'000}) {}
  explicit ApiHarness(auth::RateOptions rates)
      : ring_(crypto::Secret(std::string(32, 'r'))),
        ids_(ring_.id_key()),
        mint_(ring_.api_key_pepper()),
        contract_(load_contract()),
        sql_({.session = {.conninfo = database_.app()}, .threads = 4}),
        numbers_({.conninfo = database_.app()}, sql_),
        platform_(sql_, numbers_, ring_),
        authenticator_(platform_, ring_.api_key_pepper(),
                       {.environment = storage::Environment::dev}),
        rates_(rates),
        markets_(
            market::make_market_host({.database = database_.app(), .process_name = "test:1:1"})),
        context_{.database = platform_,
                 .numbers = numbers_,
                 .minter = mint_,
                 .ids = ids_,
                 .keys = ring_,
                 .contract = contract_,
                 .authenticator = authenticator_,
                 .rates = rates_,
                 .markets = *markets_,
                 .environment = storage::Environment::dev,
                 .limits = {},
                 .now = system_now} {
    register_staff(router_, context_);
  }

  void SetUp() override {
    auto const admin = platform_.transact_now([this](storage::PlatformTx& tx) {
      return app::init_exchange(app_tools(context_), tx, "First admin");
    });
    ASSERT_TRUE(admin && *admin);
    admin_ = (*admin)->key;
    markets_->start();
  }

  void TearDown() override {
    markets_->stop();
    threads_.join();
    sql_.stop();
  }

  /// Runs the request on the harness's threads.
  std::future<Reply> later(Ask ask) {
    return boost::asio::co_spawn(threads_, serve(this, std::move(ask)), boost::asio::use_future);
  }
  Reply call(Ask ask) { return later(std::move(ask)).get(); }

  Reply get(std::string target, std::string const& key) {
    return call({.method = "GET", .target = std::move(target), .key = key});
  }
  /// Every call has an Idempotency-Key of its own.
  Reply post(std::string target, std::string const& key, std::string body = {}) {
    return call({.method = "POST",
                 .target = std::move(target),
                 .key = key,
                 .body = std::move(body),
                 .idempotency_key = "auto-" + std::to_string(++posts_)});
  }
  Reply patch(std::string target, std::string const& key, std::string body) {
    return call(
        {.method = "PATCH", .target = std::move(target), .key = key, .body = std::move(body)});
  }

  struct Account {
    std::string id;
    std::string key;
  };
  Account open_account(std::string const& role, std::string const& more = {}) {
    auto const account = post("/v1/admin/accounts", admin_,
                              R"({"role":")" + role + R"(","name":"A )" + role + '"' + more + '}');
    EXPECT_EQ(account.status, 201) << account.body;
    auto const id = account.text("id");
    auto const key = post("/v1/admin/accounts/" + id + "/api-keys", admin_);
    EXPECT_EQ(key.status, 201) << key.body;
    return {id, key.text("key")};
  }

  static std::string market_json(std::string const& id = "auto-insurance.us.usd",
                                 std::string const& more = {}) {
    return R"({"id":")" + id + R"(","name":"Auto insurance","currency":"USD","country":"US",)" +
           R"("attributes":{"type":"object","properties":{"state":{"type":"string","enum":["CA",)" +
           R"("TX"]},"age":{"type":"integer","minimum":16,"maximum":110}},"required":["state"]},)" +
           R"("auction":{"reserve":{"amount":"2.00","currency":"USD"}},)" +
           R"("commission":{"rate_bp":1500})" + more + '}';
  }

  storage::postgres::PostgresDatabase& platform() { return platform_; }

  std::string admin_;
  test::TestDatabase database_;
  privacy::KeyRing ring_;
  crypto::PublicIdCodec ids_;
  auth::ApiKeyMint mint_;
  json::Contract contract_;
  storage::postgres::Pool sql_;
  storage::postgres::PostgresNumberRanges numbers_;
  storage::postgres::PostgresDatabase platform_;
  auth::Authenticator authenticator_;
  auth::AccountRates rates_;
  std::unique_ptr<market::MarketHost> markets_;
  ApiContext context_;
  http::Router router_;

 private:
  static Timestamp system_now() {
    return std::chrono::time_point_cast<Micros>(std::chrono::system_clock::now());
  }
  static json::Contract load_contract() {
    auto contract = json::Contract::load("schemas/openapi.yaml");
    if (!contract) throw std::runtime_error(contract.error());
    return std::move(*contract);
  }

  static boost::asio::awaitable<Reply> serve(ApiHarness* harness, Ask ask) {
    auto const target = http::split_target(ask.target);
    if (!target) throw std::invalid_argument("a target that cannot be one");
    http::MemoryBody body(ask.body);
    http::Request request;
    request.method = ask.method;
    request.target = ask.target;
    request.path = target->path;
    request.segments = target->segments;
    request.query = target->query;
    request.headers = std::move(ask.headers);
    if (!ask.key.empty()) request.headers.add("authorization", "Bearer " + ask.key);
    if (!ask.idempotency_key.empty()) {
      request.headers.add("idempotency-key", ask.idempotency_key);
    }
    if (!ask.body.empty() && !request.headers.contains("content-type")) {
      request.headers.add("content-type", "application/json");
    }
    request.peer_address = "127.0.0.1";
    request.request_id = "req_test";
    request.received_at = std::chrono::steady_clock::now();
    request.body = &body;
    auto response = co_await harness->router_.answer(request);
    while (response.stream) {
      auto const piece = co_await response.stream->next();
      if (!piece || piece->empty()) break;
      response.body += *piece;
    }
    response.stream.reset();
    co_return harness->reply_of(request, std::move(response));
  }

  Reply reply_of(http::Request const& request, http::Response response) const {
    Reply reply{response.status, std::move(response.headers), std::move(response.body), {}};
    auto const type = reply.header("Content-Type");
    if (type.ends_with("json")) {
      auto document = json::parse(reply.body, {.bytes = reply.body.size() + 1});
      EXPECT_TRUE(document.has_value()) << reply.body;
      if (document) reply.json = std::move(*document);
    }
    if (request.operation_id.empty()) return reply;
    CheckedAnswers::all().note(request.operation_id, reply.status);
    if (reply.body.empty()) return reply;
    for (auto const& fault :
         contract_.validate_response(request.operation_id, reply.status, reply.json, type)) {
      ADD_FAILURE() << request.operation_id << " answered " << reply.status << ": " << fault.pointer
                    << ' ' << fault.code << ' ' << fault.detail << '\n'
                    << reply.body;
    }
    return reply;
  }

  int posts_ = 0;
  boost::asio::thread_pool threads_{2};
};

}  // namespace leadex::api
