// leadex-bench-clicks: charged visits per second over HTTPS, each durable before its 302, against a
// bare 302 of the same server: the link of a paused placement, which asks neither market nor
// database. Turn by turn over the same kept connections.
//   --clicks=N in each slice (20000)  --slices=N (3)  --connections=N (512)  --round=N (1): other
//   visitors
// LEADEX_VAR is the exchange's folder; the server runs with LEADEX_CLICKS_PER_MINUTE_MAX=0, since
// all visitors have one address.

#include <fmt/format.h>

#include <filesystem>

#include "server/cli/client/accounts.hpp"
#include "server/cli/client/connection.hpp"
#include "server/cli/client/credentials.hpp"
#include "server/config/settings.hpp"
#include "tests/bench/figures.hpp"
#include "tests/bench/tls_load.hpp"

namespace leadex::bench {

namespace {

namespace fs = std::filesystem;
using cli::json_object;
using cli::RawJson;

constexpr std::string_view kCurrency = "USD";
constexpr std::string_view kBid = "0.01";
constexpr std::int64_t kDeposit = 10'000;  // the most that needs no second person

struct Plan {
  std::int64_t clicks{};
  std::int64_t slices{};
  std::size_t connections{};
  std::int64_t round{};
};

struct Side {
  std::string name;
  std::string placement;
  std::int64_t sent{};
  double seconds{};
  std::vector<double> latencies_ms;
};

class Bench {
 public:
  Bench(Plan const& plan, cli::Environment const& environment)
      : plan_(plan),
        access_(cli::find_server({}, environment)),
        credentials_(read(environment)),
        generator_(as(open("generator").key)) {
    auto const account = open("buyer");
    cli::Api admin(as(credentials_.admin_key));
    cli::deposit(admin, account.account_id, fmt::format("{}.00", kDeposit), kCurrency,
                 fmt::format("bench clicks {}", plan.round));
    cli::Api buyer(as(account.key));
    RawJson const pricing{json_object({{"model", "cpc"}, {"bid", cli::money(kBid, kCurrency)}})};
    auto const made = buyer.post(
        "/v1/campaigns", json_object({{"name", "Bench"},
                                      {"market", credentials_.market},
                                      {"pricing", pricing},
                                      {"landing_url", "https://shop.example.com/?c={click_id}"}}));
    auto const id = made.json()["id"].text();
    (void)buyer.post(
        "/v1/campaigns/" + id + "/fund",
        json_object({{"amount", cli::money(fmt::format("{}.00", kDeposit), kCurrency)}}));
    charged_.name = "charged clicks";
    charged_.placement = place();
    bare_.name = "bare 302 (paused link)";
    bare_.placement = place();
    (void)generator_.patch("/v1/placements/" + bare_.placement,
                           json_object({{"status", "paused"}}));
  }

  void run() {
    for (std::int64_t i = 0; i < plan_.slices; ++i) {
      run_slice(charged_);
      run_slice(bare_);
    }
    auto const stats = generator_.get("/v1/placements/" + charged_.placement + "/stats");
    auto const charged = stats.json()["charged"].integer();
    if (charged != charged_.sent) {
      throw cli::Failure(cli::kFailed,
                         fmt::format("{} of {} clicks were charged", charged, charged_.sent));
    }
    auto const rate = report(charged_);
    print_figure("charged clicks ÷ bare 302", "×", rate / report(bare_));
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
  [[nodiscard]] cli::AccountKey open(std::string const& role) const {
    cli::Api admin(as(credentials_.admin_key));
    return cli::open_account(admin, {role, "Bench " + role, role == "generator"});
  }

  std::string place() {
    auto const made = generator_.post("/v1/placements",
                                      json_object({{"market", credentials_.market},
                                                   {"name", "Bench"},
                                                   {"fallback_url", "https://news.example.com/"}}));
    return made.json()["id"].text();
  }

  void run_slice(Side& side) {
    std::vector<std::string> requests;
    for (std::int64_t i = 0; i < plan_.clicks; ++i) {
      requests.push_back(fmt::format(
          "GET /c/{}?sub1=bench HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: Browser {}.{}\r\n\r\n",
          side.placement, plan_.round, side.sent++));
    }
    std::atomic<std::size_t> next{0};
    auto const port = access_.base_url.substr(access_.base_url.rfind(':') + 1);
    LoadOptions const options{static_cast<std::uint16_t>(std::stoi(port)), access_.ca_file,
                              plan_.connections, 1};
    auto const result = run_load(
        options,
        [&] {
          auto const i = next.fetch_add(1);
          return i < requests.size() ? std::string_view{requests[i]} : std::string_view{};
        },
        [](int status, std::string_view) { return status == 302; });
    if (result.refused > 0) throw cli::Failure(cli::kFailed, result.first_refused);
    side.seconds += result.seconds;
    side.latencies_ms.insert(side.latencies_ms.end(), result.latencies_ms.begin(),
                             result.latencies_ms.end());
  }

  static double report(Side& side) {
    auto const rate = static_cast<double>(side.latencies_ms.size()) / side.seconds;
    print_figure(side.name, "per s", rate);
    print_figure(side.name + ", p50", "ms", percentile(side.latencies_ms, 0.5));
    print_figure(side.name + ", p99", "ms", percentile(side.latencies_ms, 0.99));
    return rate;
  }

  Plan plan_;
  cli::ApiAccess access_;
  cli::Credentials credentials_;
  cli::Api generator_;
  Side charged_;
  Side bare_;
};

}  // namespace

}  // namespace leadex::bench

int main(int argc, char** argv) {
  using namespace leadex::bench;  // NOLINT(google-build-using-namespace)
  std::span<char* const> const arguments{argv, static_cast<std::size_t>(argc)};
  Plan const plan{count_option(arguments, "clicks", 20'000), count_option(arguments, "slices", 3),
                  static_cast<std::size_t>(count_option(arguments, "connections", 512)),
                  count_option(arguments, "round", 1)};
  try {
    Bench{plan, leadex::leadex_environment()}.run();
  } catch (std::exception const& failure) {
    std::fprintf(stderr, "%s\n", failure.what());
    return 1;
  }
  return 0;
}
