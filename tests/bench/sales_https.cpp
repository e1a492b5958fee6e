// leadex-bench-sales_https: durable sales per second through the whole program over HTTPS with
// ordinary keys: leads posted and each sold to a standing campaign, and purchases of one listing
// each.
//   --sales=N (12000)  --purchases=N (4000)  --connections=N (64)  --round=N (1): other people
//   --pgbench=TPS      what pgbench's TPC-B reached on the same cluster, for the ratio
// LEADEX_VAR is the exchange's folder.

#include <fmt/format.h>

#include <filesystem>

#include "server/cli/client/accounts.hpp"
#include "server/cli/client/connection.hpp"
#include "server/cli/client/credentials.hpp"
#include "server/config/settings.hpp"
#include "server/json/time_text.hpp"
#include "tests/bench/figures.hpp"
#include "tests/bench/tls_load.hpp"

namespace leadex::bench {

namespace {

namespace fs = std::filesystem;
using cli::json_object;
using cli::RawJson;

// Of a full bucket's 6000: requests that one account sends, so that no rate is ever met.
constexpr std::size_t kRequestsPerAccount = 3000;
constexpr std::string_view kCurrency = "USD";
constexpr std::string_view kPrice = "1.00";  // the reserve: money for many sales
constexpr std::int64_t kPriceUnits = 1;
// A listing bought as a whole costs its ask for each of the seed market's four shares.
constexpr std::string_view kWholePrice = "4.00";
constexpr std::int64_t kWholePriceUnits = 4;
constexpr std::int64_t kDeposit = 10'000;  // the most that needs no second person

struct Plan {
  std::size_t sales{};
  std::size_t purchases{};
  std::size_t connections{};
  std::int64_t round{};
};

/// Seven digits behind an area code, different for each n below 2.5 million, no service codes.
std::string phone(std::int64_t n) {
  constexpr std::int64_t kLines = 10'000;
  auto exchange = 220 + n / kLines % 250;
  if (exchange % 100 == 11) exchange += 301;
  return fmt::format("+1212{}{:04}", exchange, n % kLines);
}

std::string lead_body(std::string const& market, std::int64_t n, std::string const& now) {
  return fmt::format(
      R"({{"market":"{}","external_id":"bench-{}","ask":{{"amount":"{}","currency":"{}"}},)"
      R"("contact":{{"first_name":"Kim","last_name":"Roe","email":"kim.{}@example.com","phone":"{}",)"
      R"("city":"New York","postal_code":"10001"}},"attributes":{{"state":"NY","age":{},"own_home":{},)"
      R"("vehicle_year":2015,"currently_insured":true,"credit":"good"}},)"
      R"("source":{{"vehicle":"web_form","reason":"quote"}},"consent":{{"at":"{}","text":)"
      R"("I agree to be called about car insurance, also by an automated system."}},"captured_at":"{}"}})",
      market, n, kPrice, kCurrency, n, phone(n), 20 + n % 60, n % 2 == 0 ? "true" : "false", now,
      now);
}

std::string request(std::string_view target, std::string_view key, std::string_view idempotency_key,
                    std::string_view body) {
  return fmt::format(
      "POST {} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {}\r\nIdempotency-Key: {}\r\n"
      "Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{}",
      target, key, idempotency_key, body.size(), body);
}

class Bench {
 public:
  Bench(Plan const& plan, cli::Environment const& environment)
      : plan_(plan),
        access_(cli::find_server({}, environment)),
        credentials_(read(environment)),
        admin_(as(credentials_.admin_key)) {
    auto const requests = plan.sales + plan.purchases;
    for (std::size_t i = 0; i < requests; i += kRequestsPerAccount) {
      generators_.push_back(cli::open_account(admin_, {"generator", "Bench generator", true}).key);
    }
    leads_ = plan.round * static_cast<std::int64_t>(requests);
  }

  /// Leads that nobody bids for come to rest, then are bought one by one.
  LoadResult purchase() {
    (void)run(lead_requests(plan_.purchases), R"("outcome":"listed")");
    std::vector<std::string> requests;
    std::string key;
    std::string campaign;
    for (std::size_t i = 0; i < plan_.purchases; ++i) {
      if (i % kRequestsPerAccount == 0) {
        constexpr auto kMoney = static_cast<std::int64_t>(kRequestsPerAccount) * kWholePriceUnits;
        key = open_buyer(kMoney).key;
        // It pays, and never bids itself: no lead is that old.
        campaign = open_campaign(key, R"({"attribute":"age","gte":109})", kMoney);
      }
      auto const body = fmt::format(
          R"({{"market":"{}","campaign_id":"{}","filter":{{"attribute":"state","in":["NY"]}},"quantity":1,)"
          R"("limit_price":{{"amount":"{}","currency":"{}"}},"exclusive":true}})",
          credentials_.market, campaign, kWholePrice, kCurrency);
      requests.push_back(
          request("/v1/purchases", key, fmt::format("buy-{}-{}", plan_.round, i), body));
    }
    return run(requests, R"("filled":1,)");
  }

  /// Leads that a standing campaign buys as they come.
  LoadResult sell() {
    auto const money = static_cast<std::int64_t>(plan_.sales) * kPriceUnits;
    auto const buyer = open_buyer(money);
    auto const campaign = open_campaign(buyer.key, R"({"attribute":"state","in":["NY"]})", money);
    auto result = run(lead_requests(plan_.sales), R"("outcome":"sold")");
    (void)cli::Api(as(buyer.key)).post("/v1/campaigns/" + campaign + "/pause");
    return result;
  }

 private:
  static cli::Credentials read(cli::Environment const& environment) {
    auto const file = fs::path(cli::var_folder(environment)) / "dev" / "credentials.json";
    auto found = cli::read_credentials(file.string());
    if (!found) throw cli::Failure(cli::kUsage, "no credentials.json: run it with deploy/bench");
    return std::move(*found);
  }
  [[nodiscard]] cli::ApiAccess as(std::string key) const {
    auto access = access_;
    access.key = std::move(key);
    return access;
  }

  cli::AccountKey open_buyer(std::int64_t money) {
    auto buyer = cli::open_account(admin_, {"buyer", "Bench buyer"});
    for (std::int64_t given = 0; given < money; given += kDeposit) {
      cli::deposit(admin_, buyer.account_id, fmt::format("{}.00", kDeposit), kCurrency,
                   fmt::format("bench {} {}", plan_.round, given));
    }
    return buyer;
  }

  std::string open_campaign(std::string const& key, std::string const& targeting,
                            std::int64_t budget) {
    cli::Api buyer(as(key));
    RawJson const pricing{json_object({{"model", "cpl"},
                                       {"bid", cli::money(kPrice, kCurrency)},
                                       {"exclusive_bid", cli::money(kPrice, kCurrency)}})};
    auto const made = buyer.post("/v1/campaigns", json_object({{"name", "Bench"},
                                                               {"market", credentials_.market},
                                                               {"pricing", pricing},
                                                               {"targeting", RawJson{targeting}},
                                                               {"exclusivity", "exclusive"}}));
    auto const id = made.json()["id"].text();
    (void)buyer.post(
        "/v1/campaigns/" + id + "/fund",
        json_object({{"amount", cli::money(fmt::format("{}.00", budget), kCurrency)}}));
    return id;
  }

  std::vector<std::string> lead_requests(std::size_t count) {
    auto const now = json::format_timestamp(
        std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now()));
    std::vector<std::string> requests;
    for (std::size_t i = 0; i < count; ++i) {
      auto const n = leads_++;
      requests.push_back(request("/v1/leads", generators_[i % generators_.size()],
                                 fmt::format("lead-{}", n),
                                 lead_body(credentials_.market, n, now)));
    }
    return requests;
  }

  LoadResult run(std::vector<std::string> const& requests, std::string_view wanted) const {
    std::atomic<std::size_t> next{0};
    auto const port = access_.base_url.substr(access_.base_url.rfind(':') + 1);
    LoadOptions const options{static_cast<std::uint16_t>(std::stoi(port)), access_.ca_file,
                              plan_.connections, 1};
    auto result = run_load(
        options,
        [&] {
          auto const i = next.fetch_add(1);
          return i < requests.size() ? std::string_view{requests[i]} : std::string_view{};
        },
        [&](int status, std::string_view body) {
          return status == 201 && body.find(wanted) != std::string_view::npos;
        });
    if (result.refused > 0) {
      throw cli::Failure(cli::kFailed,
                         fmt::format("{} of {} were refused, first: {}", result.refused,
                                     requests.size(), result.first_refused));
    }
    return result;
  }

  Plan plan_;
  cli::ApiAccess access_;
  cli::Credentials credentials_;
  cli::Api admin_;
  std::vector<std::string> generators_;
  std::int64_t leads_{};
};

void report(std::string const& name, LoadResult result, double pgbench) {
  print_figure(name, "per s", result.rate());
  print_figure(name + ", p50", "ms", percentile(result.latencies_ms, 0.5));
  print_figure(name + ", p99", "ms", percentile(result.latencies_ms, 0.99));
  if (pgbench > 0) print_figure(name + " ÷ pgbench TPC-B", "×", result.rate() / pgbench);
}

}  // namespace

}  // namespace leadex::bench

int main(int argc, char** argv) {
  using namespace leadex::bench;  // NOLINT(google-build-using-namespace)
  std::span<char* const> const arguments{argv, static_cast<std::size_t>(argc)};
  auto const size = [&](std::string_view name, std::int64_t standard) {
    return static_cast<std::size_t>(count_option(arguments, name, standard));
  };
  Plan const plan{size("sales", 12'000), size("purchases", 4'000), size("connections", 64),
                  count_option(arguments, "round", 1)};
  auto const pgbench = count_option(arguments, "pgbench", 0);
  try {
    Bench bench{plan, leadex::leadex_environment()};
    report("purchases of one listing over HTTPS", bench.purchase(), static_cast<double>(pgbench));
    report("leads posted and sold over HTTPS", bench.sell(), static_cast<double>(pgbench));
  } catch (std::exception const& failure) {
    std::fprintf(stderr, "%s\n", failure.what());
    return 1;
  }
  return 0;
}
