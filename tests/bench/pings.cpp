// leadex-bench-pings: pings over HTTPS with ordinary keys, each of them matched: as many as there
// can be against a bare GET of the same server, turn by turn; then at half of that by a sender that
// does not wait for answers; then with twenty buyers' endpoints to ask, of which one hangs.
//   --pings=N (12000) and --bare=N (40000) in each slice   --slices=N (3)   --connections=N (64)
//   --open-seconds=N (8)   --live-pings=N (1500)  --live-rate=N (60) a second  --tmax-ms=N (300)
//   --no-live     without the endpoints
// LEADEX_VAR is the exchange's folder; its certificate serves the buyers' endpoints too.

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <filesystem>

#include "server/cli/client/accounts.hpp"
#include "server/cli/client/connection.hpp"
#include "server/cli/client/credentials.hpp"
#include "server/config/settings.hpp"
#include "server/http/server.hpp"
#include "tests/bench/figures.hpp"
#include "tests/bench/tls_load.hpp"

namespace leadex::bench {

namespace {

namespace fs = std::filesystem;
namespace asio = boost::asio;
using cli::json_object;
using cli::RawJson;

// Of a full bucket's 6000: requests that one account sends, so that no rate is ever met.
constexpr std::size_t kRequestsPerAccount = 3000;
constexpr std::string_view kCurrency = "USD";
constexpr std::string_view kPrice = "1.00";
constexpr std::int64_t kDeposit = 10'000;  // the most that needs no second person
constexpr std::int64_t kBudget = 80'000;   // covers what pings hold until they are over
constexpr int kBuyers = 20;

struct Plan {
  std::size_t pings{};
  std::size_t bare{};
  std::int64_t slices{};
  std::size_t connections{};
  std::int64_t open_seconds{};
  std::size_t live_pings{};
  std::int64_t live_rate{};
  std::int64_t tmax_ms{};
};

/// A buyer's own server: bids at once, or never answers.
class BuyerServer {
 public:
  BuyerServer(std::string const& var, bool hangs) {
    router_.add("POST", "/bid", "bid",
                [hangs](http::Request& request) { return answer(request, hangs); });
    http::ServerOptions options;
    options.tls = {var + "/tls/server.crt", var + "/tls/server.key"};
    options.drain_timeout = std::chrono::milliseconds{100};
    server_ = std::make_unique<http::Server>(options, router_, nullptr);
    server_->start();
  }
  ~BuyerServer() { server_->stop(); }
  BuyerServer(BuyerServer const&) = delete;
  BuyerServer& operator=(BuyerServer const&) = delete;
  [[nodiscard]] std::string url() const {
    return fmt::format("https://127.0.0.1:{}/bid", server_->port());
  }

 private:
  static asio::awaitable<http::Response> answer(http::Request& request, bool hangs) {
    (void)co_await http::read_whole(*request.body, 64 * 1024);
    if (hangs) {
      asio::steady_timer timer(co_await asio::this_coro::executor, std::chrono::seconds{20});
      co_await timer.async_wait(asio::use_awaitable);
    }
    co_return http::make_response(200, "application/json",
                                  R"({"bid":{"amount":"1.00","currency":"USD"}})");
  }

  http::Router router_;
  std::unique_ptr<http::Server> server_;
};

class Bench {
 public:
  Bench(Plan const& plan, cli::Environment const& environment)
      : plan_(plan),
        var_(cli::var_folder(environment)),
        access_(cli::find_server({}, environment)),
        credentials_(read()),
        admin_(as(credentials_.admin_key)) {
    // What a ping holds is free again after a second: else no budget would be large enough.
    (void)admin_.patch("/v1/admin/markets/" + credentials_.market,
                       json_object({{"ping_ttl_s", std::int64_t{1}}}));
  }
  ~Bench() {
    try {
      (void)admin_.patch("/v1/admin/markets/" + credentials_.market,
                         json_object({{"ping_ttl_s", std::int64_t{60}}}));
    } catch (std::exception const& failure) {
      std::fprintf(stderr, "the market keeps its short pings: %s\n", failure.what());
    }
  }
  Bench(Bench const&) = delete;
  Bench& operator=(Bench const&) = delete;

  void run_standing() {
    auto const buyer = open_buyer(kBudget);
    auto const campaign = open_campaign(buyer.key, R"("NY")", {}, kBudget);
    LoadResult bare;
    LoadResult pings;
    for (std::int64_t i = 0; i < plan_.slices; ++i) {
      add(bare, run_bare());
      add(pings, run_closed(plan_.pings));
    }
    print_figure("bare GET /livez", "per s", bare.rate());
    print_figure("pings over HTTPS", "per s", pings.rate());
    print_figure("pings ÷ bare GET", "×", pings.rate() / bare.rate());
    auto const half = pings.rate() / 2;
    auto open = run_open(static_cast<std::size_t>(half * static_cast<double>(plan_.open_seconds)),
                         half, ping_body("NY"));
    print_figure("pings at half of that, sent", "per s", open.rate());
    print_figure("pings at half of that, p50", "ms", percentile(open.latencies_ms, 0.5));
    print_figure("pings at half of that, p99", "ms", percentile(open.latencies_ms, 0.99));
    print_refused("pings at half of that", open);
    (void)cli::Api(as(buyer.key)).post("/v1/campaigns/" + campaign + "/pause");
  }

  void run_live() {
    std::vector<std::unique_ptr<BuyerServer>> servers;
    std::vector<std::pair<std::string, std::string>> campaigns;  // key, id
    for (int i = 0; i < kBuyers; ++i) {
      servers.push_back(std::make_unique<BuyerServer>(var_, i == 0));
      auto const buyer = open_buyer(1000);
      auto const url = servers.back()->url();
      campaigns.emplace_back(buyer.key, open_campaign(buyer.key, R"("CA")", url, 1000));
    }
    auto const rate = static_cast<double>(plan_.live_rate);
    auto open = run_open(plan_.live_pings, rate, ping_body("CA", plan_.tmax_ms));
    auto const limit = static_cast<double>(plan_.tmax_ms);
    auto const inside = std::count_if(open.latencies_ms.begin(), open.latencies_ms.end(),
                                      [limit](double ms) { return ms <= limit; });
    auto const all = static_cast<double>(open.latencies_ms.size());
    auto const name = fmt::format("pings that ask {} endpoints, one hanging", kBuyers);
    print_figure(name + fmt::format(", inside tmax_ms {}", plan_.tmax_ms), "%",
                 100.0 * static_cast<double>(inside) / all);
    print_figure(name + ", p50", "ms", percentile(open.latencies_ms, 0.5));
    print_figure(name + ", p99", "ms", percentile(open.latencies_ms, 0.99));
    print_refused(name, open);
    for (auto const& [key, id] : campaigns) {
      (void)cli::Api(as(key)).post("/v1/campaigns/" + id + "/pause");
    }
  }

 private:
  [[nodiscard]] cli::Credentials read() const {
    auto found = cli::read_credentials((fs::path(var_) / "dev" / "credentials.json").string());
    if (!found) throw cli::Failure(cli::kUsage, "no credentials.json: run it with deploy/bench");
    return std::move(*found);
  }
  [[nodiscard]] cli::ApiAccess as(std::string key) const {
    auto access = access_;
    access.key = std::move(key);
    return access;
  }
  cli::AccountKey open_buyer(std::int64_t money) {
    auto buyer = cli::open_account(admin_, {"buyer", "Ping bench buyer"});
    for (auto left = money; left > 0; left -= kDeposit) {
      cli::deposit(admin_, buyer.account_id, fmt::format("{}.00", std::min(left, kDeposit)),
                   kCurrency, fmt::format("ping bench {}", ++deposits_));
    }
    return buyer;
  }
  /// Bids live where an address is given.
  std::string open_campaign(std::string const& key, std::string const& state,
                            std::string const& url, std::int64_t budget) {
    cli::Api buyer(as(key));
    auto bid = cli::money(kPrice, kCurrency);
    RawJson const pricing{json_object({{"model", "cpl"}, {"bid", bid}})};
    RawJson const targeting{R"({"attribute":"state","in":[)" + state + "]}"};
    auto body = json_object({{"name", "Ping bench"},
                             {"market", credentials_.market},
                             {"pricing", pricing},
                             {"targeting", targeting},
                             {"exclusivity", "shared"}});
    if (!url.empty()) {
      RawJson const events{R"(["sale.created"])"};
      auto const hook =
          buyer.post("/v1/webhook-endpoints", json_object({{"url", url}, {"events", events}}));
      body.pop_back();
      body += fmt::format(R"(,"webhook_endpoint_id":"{}","bid_url":"{}"}})",
                          hook.json()["id"].text(), url);
    }
    auto const id = buyer.post("/v1/campaigns", body).json()["id"].text();
    (void)buyer.post(
        "/v1/campaigns/" + id + "/fund",
        json_object({{"amount", cli::money(fmt::format("{}.00", budget), kCurrency)}}));
    return id;
  }

  [[nodiscard]] std::string ping_body(std::string_view state, std::int64_t tmax_ms = 1000) const {
    return fmt::format(
        R"({{"market":"{}","attributes":{{"state":"{}","age":34,"own_home":true,"vehicle_year":2015,)"
        R"("currently_insured":true,"credit":"good"}},"source":{{"vehicle":"web_form","reason":"quote"}},)"
        R"("tmax_ms":{}}})",
        credentials_.market, state, tmax_ms);
  }
  /// One text for each account, which sends it again and again.
  std::vector<std::string> requests(std::size_t count, std::string const& body) {
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < count; i += kRequestsPerAccount) {
      auto const key = cli::open_account(admin_, {"generator", "Ping bench generator", true}).key;
      texts.push_back(
          fmt::format("POST /v1/pings HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {}\r\n"
                      "Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{}",
                      key, body.size(), body));
    }
    return texts;
  }
  [[nodiscard]] LoadOptions options(std::size_t threads) const {
    auto const port = access_.base_url.substr(access_.base_url.rfind(':') + 1);
    return {static_cast<std::uint16_t>(std::stoi(port)), access_.ca_file, plan_.connections,
            threads};
  }

  LoadResult run_bare() const {
    static constexpr std::string_view kBare = "GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
    std::atomic<std::int64_t> left{static_cast<std::int64_t>(plan_.bare)};
    return checked(run_load(
        options(1), [&] { return left.fetch_sub(1) > 0 ? kBare : std::string_view{}; },
        [](int status, std::string_view) { return status == 200; }));
  }
  LoadResult run_closed(std::size_t count) {
    auto const texts = requests(count, ping_body("NY"));
    std::atomic<std::size_t> next{0};
    return checked(run_load(
        options(1),
        [&] {
          auto const i = next.fetch_add(1);
          return i < count ? std::string_view{texts[i % texts.size()]} : std::string_view{};
        },
        matched));
  }
  LoadResult run_open(std::size_t count, double per_second, std::string const& body) {
    auto const texts = requests(count, body);
    std::size_t next = 0;
    return run_open_load(
        options(1), per_second,
        [&] {
          auto const i = next++;
          return i < count ? std::string_view{texts[i % texts.size()]} : std::string_view{};
        },
        matched);
  }
  /// Whoever does not wait for answers may be told to come again.
  static void print_refused(std::string const& name, LoadResult const& result) {
    print_figure(name + ", refused as busy", "%",
                 100.0 * static_cast<double>(result.refused) /
                     static_cast<double>(result.latencies_ms.size()));
    if (result.refused > 0) std::fprintf(stderr, "first: %s\n", result.first_refused.c_str());
  }
  static bool matched(int status, std::string_view body) {
    return status == 200 && body.find(R"("outcome":"matched")") != std::string_view::npos;
  }
  static LoadResult checked(LoadResult result) {
    if (result.refused == 0) return result;
    throw cli::Failure(cli::kFailed,
                       fmt::format("{} of {} were not as wanted, first: {}", result.refused,
                                   result.latencies_ms.size(), result.first_refused));
  }
  static void add(LoadResult& all, LoadResult const& part) {
    all.seconds += part.seconds;
    all.latencies_ms.insert(all.latencies_ms.end(), part.latencies_ms.begin(),
                            part.latencies_ms.end());
  }

  Plan plan_;
  std::string var_;
  cli::ApiAccess access_;
  cli::Credentials credentials_;
  cli::Api admin_;
  std::int64_t deposits_{};
};

}  // namespace

}  // namespace leadex::bench

int main(int argc, char** argv) {
  using namespace leadex::bench;  // NOLINT(google-build-using-namespace)
  std::span<char* const> const arguments{argv, static_cast<std::size_t>(argc)};
  auto const size = [&](std::string_view name, std::int64_t standard) {
    return static_cast<std::size_t>(count_option(arguments, name, standard));
  };
  Plan const plan{.pings = size("pings", 12'000),
                  .bare = size("bare", 40'000),
                  .slices = count_option(arguments, "slices", 3),
                  .connections = size("connections", 64),
                  .open_seconds = count_option(arguments, "open-seconds", 8),
                  .live_pings = size("live-pings", 1500),
                  .live_rate = count_option(arguments, "live-rate", 60),
                  .tmax_ms = count_option(arguments, "tmax-ms", 300)};
  try {
    Bench bench{plan, leadex::leadex_environment()};
    bench.run_standing();
    // Deadlines of milliseconds say nothing about a program that sanitizers slow down.
    bool const live =
        std::ranges::find(arguments, std::string_view{"--no-live"}) == arguments.end();
    if (live) bench.run_live();
  } catch (std::exception const& failure) {
    std::fprintf(stderr, "%s\n", failure.what());
    return 1;
  }
  return 0;
}
