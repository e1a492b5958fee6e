#pragma once
// AdapterHarness: two markets whose posted leads are all checked, an adapter's account and a
// verifier's, a real HTTPS endpoint and a real mail server. For one test program.

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "server/api/v1/code_messages.hpp"
#include "server/api/v1/code_pages.hpp"
#include "server/api/v1/delivery_services.hpp"
#include "server/api/v1/http_verifier.hpp"
#include "server/api/v1/intake_services.hpp"
#include "server/app/realtime_checks.hpp"
#include "server/crypto/webhook_signature.hpp"
#include "server/http/server.hpp"
#include "server/storage/postgres/lot_store.hpp"
#include "server/storage/postgres/privacy_store.hpp"
#include "tests/server/api/trade_harness.hpp"
#include "tests/server/http/support.hpp"
#include "tests/support/mail_server.hpp"

namespace leadex::api::adapter_tests {

using namespace std::chrono_literals;

inline Timestamp clock_now() {
  return std::chrono::time_point_cast<Micros>(std::chrono::system_clock::now());
}

/// An HTTPS server on loopback that answers every POST as it was told, and keeps what it got.
class Endpoint {
 public:
  struct Got {
    http::Headers headers;
    std::string body;
  };
  Endpoint() {
    http::test::write_certificate(folder_.path("cert.pem"), folder_.path("key.pem"), 1);
    router_.add("POST", "/judge", "judge",
                [this](http::Request& request) { return take(request); });
    http::ServerOptions options;
    options.tls = {folder_.path("cert.pem"), folder_.path("key.pem")};
    options.drain_timeout = 300ms;
    server_ = std::make_unique<http::Server>(options, router_, nullptr);
    server_->start();
  }
  ~Endpoint() { server_->stop(); }
  Endpoint(Endpoint const&) = delete;
  Endpoint& operator=(Endpoint const&) = delete;

  [[nodiscard]] std::string url() const {
    return "https://127.0.0.1:" + std::to_string(server_->port()) + "/judge";
  }
  [[nodiscard]] std::string ca_file() const { return folder_.path("cert.pem"); }
  void answers(int status, std::string body, std::chrono::milliseconds pause = 0ms) {
    std::lock_guard const lock{guard_};
    status_ = status;
    body_ = std::move(body);
    pause_ = pause;
  }
  [[nodiscard]] std::vector<Got> got() const {
    std::lock_guard const lock{guard_};
    return got_;
  }

 private:
  boost::asio::awaitable<http::Response> take(http::Request& request) {
    auto const body = co_await http::read_whole(*request.body, 64 * 1024);
    std::chrono::milliseconds pause{};
    http::Response response;
    {
      std::lock_guard const lock{guard_};
      got_.push_back({request.headers, body ? *body : ""});
      pause = pause_;
      response = http::make_response(status_, "application/json", body_);
    }
    boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, pause);
    co_await timer.async_wait(boost::asio::use_awaitable);
    co_return response;
  }

  http::test::TempFolder folder_;
  http::Router router_;
  std::unique_ptr<http::Server> server_;
  mutable std::mutex guard_;
  int status_ = 200;
  std::string body_ = R"({"verdict":"good","reason":"confirmed"})";
  std::chrono::milliseconds pause_{};
  std::vector<Got> got_;
};

class AdapterHarness : public TradeHarness {
 protected:
  static constexpr char const* kOtherMarket = "home-insurance.us.usd";

  AdapterHarness() {
    context_.now = [this] { return clock_now() + shift_; };
    context_.intake = &intake_;
    context_.delivery = &delivery_;
    intake_.codes = {.public_url = kPages, .mails = true};
    register_intake(router_, context_);
    register_code_pages(pages_, context_, forms_);
  }
  [[nodiscard]] std::string market_more() const override {
    return R"(,"realtime_check":"after_sale","realtime_check_bp":10000)" + spot_check();
  }
  [[nodiscard]] virtual std::string spot_check() const { return {}; }
  void SetUp() override {
    TradeHarness::SetUp();
    auto const second = market_json(kOtherMarket, market_more());
    ASSERT_EQ(post("/v1/admin/markets", admin_, second).status, 201);
    verifier_ = open_account("verifier");
    adapter_ = open_account("verifier");
    ASSERT_EQ(await(app::commit_realtime_days({past_, numbers_, ring_, *markets_})), 4);
  }
  void TearDown() override {
    mails_.stop();
    intake_.stop();
    TradeHarness::TearDown();
  }

  static std::string target(std::string const& market = kMarket) {
    return "/v1/admin/markets/" + market + "/check-verifier";
  }
  Reply put(std::string body, std::string const& market = kMarket) {
    return call(
        {.method = "PUT", .target = target(market), .key = admin_, .body = std::move(body)});
  }
  Reply put_kind(std::string const& kind, std::string const& more = {},
                 std::string const& market = kMarket) {
    auto const url = kind == "email_code" ? "" : R"(,"url":")" + endpoint_.url() + '"';
    auto set =
        put(R"({"kind":")" + kind + R"(","account_id":")" + adapter_.id + '"' + url + more + '}',
            market);
    EXPECT_EQ(set.status, 200) << set.body;
    return set;
  }
  /// Posts a lead and opens its check.
  void checked_lead(std::string const& email, std::string const& phone = {},
                    std::string const& market = kMarket) {
    auto body = lead_json(email);
    if (!phone.empty()) {
      auto const at = body.find(R"("first_name")");
      body.insert(at, R"("phone":")" + phone + "\",");
    }
    body.replace(body.find(kMarket), std::string{kMarket}.size(), market);
    auto const posted = post("/v1/leads", generator_.key, body);
    ASSERT_EQ(posted.status, 201) << posted.body;
    ASSERT_EQ(await(checks_.open()), 1);
  }
  std::int64_t ask_endpoint() { return await(verifier_job_.run()); }
  /// One round; what the mail server says is noted before it ends.
  void ask_people() {
    await_nothing(messages_.run());
    for (int looks = 0; looks < 100 && on_the_way() != "0"; ++looks) {
      std::this_thread::sleep_for(100ms);
      await_nothing(messages_.run());
    }
  }
  std::string on_the_way() {
    return sql(
        "select count(*) from leadex.check_code k join leadex.check_verifier v using (market_id) "
        "where v.kind = 'email_code' and ended_at is null and answer is null and sent_at is null "
        "and tries > 0");
  }
  void await_nothing(boost::asio::awaitable<void> later) {
    boost::asio::co_spawn(own_pool_, std::move(later), boost::asio::use_future).get();
  }
  /// Text of the mails, oldest first by their links.
  std::vector<std::string> mailed() {
    std::vector<std::string> texts;
    for (auto const& mail : mail_server_.mails()) {
      auto at = mail.find("\n\n");
      if (at == std::string::npos) at = mail.find("\r\n\r\n");
      std::string body;
      for (char const c : mail.substr(at)) {
        if (c != '\r' && c != '\n') body += c;
      }
      auto const text = crypto::base64_decode(body);
      texts.push_back(text ? std::string{*text} : "no base64: " + mail);
    }
    return texts;
  }
  static std::string path_in(std::string const& text) {
    auto const at = text.find(std::string{kPages} + "/c/");
    if (at == std::string::npos) return "no link in " + text;
    auto const link = text.substr(at + std::string{kPages}.size());
    return link.substr(0, link.find_first_of("\r\n \""));
  }
  http::Response page(std::string const& method, std::string const& path,
                      std::string const& body = {}) {
    auto const split = http::split_target(path);
    http::MemoryBody bytes(body);
    http::Request request;
    request.method = method;
    request.target = path;
    request.path = split->path;
    request.segments = split->segments;
    request.query = split->query;
    if (method == "POST") {
      request.headers.add("content-type", "application/x-www-form-urlencoded");
    }
    request.peer_address = "192.0.2.7";
    request.request_id = "req_test";
    request.received_at = std::chrono::steady_clock::now();
    request.body = &bytes;
    return await(pages_.answer(request));
  }
  std::string check_is(std::string const& what) {
    return sql("select " + what + " from leadex.spot_check order by market_id, check_no limit 1");
  }
  std::string code_is(std::string const& what) {
    return sql("select " + what + " from leadex.check_code order by begun_at desc limit 1");
  }
  std::string count(std::string const& of) { return sql("select count(*) from leadex." + of); }
  Reply queue(Account const& who) { return get("/v1/admin/spot-checks?status=open", who.key); }

  static constexpr char const* kPages = "https://forms.example.org";
  static constexpr char const* kPhone = "+12024561111";
  std::chrono::hours shift_{0};
  Account verifier_;
  Account adapter_;
  Endpoint endpoint_;
  test::MailServer mail_server_;
  http::Router pages_;
  DeliveryServices delivery_{.url_rules = {.allow_loopback = true}};
  storage::postgres::PostgresLotStore store_{sql_, ring_, [this] { return clock_now() + shift_; }};
  /// As of a time at which today was to come.
  storage::postgres::PostgresLotStore past_{sql_, ring_, [] { return clock_now() - 36h; }};
  storage::postgres::PostgresPrivacyStore persons_{sql_};
  IntakeServices intake_{{store_, numbers_, ring_, *markets_}, {}, {}, context_.now};
  app::RealtimeChecks checks_{intake_.lots, ids_, persons_of(ring_)};
  http::Client client_{
      {.allow_loopback = true, .ca_file = endpoint_.ca_file(), .timeout = 1'500ms}};
  HttpVerifier verifier_job_{context_, intake_.lots, client_};
  mail::Sender mails_{{.url = mail_server_.url(), .from = "leads@forms.example.com"}};
  CodeMessages messages_{context_, {intake_.lots, persons_, client_, &mails_, std::string{kPages}}};
  boost::asio::thread_pool own_pool_{1};
};

}  // namespace leadex::api::adapter_tests
