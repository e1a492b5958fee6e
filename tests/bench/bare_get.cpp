// leadex-bench-bare_get: GET /livez against a 200-byte answer of nginx, over TLS 1.3 keep-alive
// connections, both on loopback with the same certificate, turn by turn.
//   --port=P --nginx-port=P (without it the GET alone)   --requests=N  in each slice (40000)
//   --slices=N (3)
// LEADEX_VAR is the exchange's folder; its certificate authority signs for both.

#include "tests/bench/figures.hpp"
#include "tests/bench/tls_load.hpp"

namespace leadex::bench {

namespace {

constexpr std::size_t kClientThreads = 2;

struct Side {
  std::string name;
  std::string request;
  LoadOptions options;
  double seconds{};
  std::vector<double> latencies_ms;
};

void run_slice(Side& side, std::int64_t requests) {
  std::atomic<std::int64_t> left{requests};
  auto const next = [&] {
    return left.fetch_sub(1) > 0 ? std::string_view{side.request} : std::string_view{};
  };
  auto const result =
      run_load(side.options, next, [](int status, std::string_view) { return status == 200; });
  if (result.refused > 0) {
    std::fprintf(stderr, "%s refused: %s\n", side.name.c_str(), result.first_refused.c_str());
    std::exit(1);  // NOLINT(concurrency-mt-unsafe)
  }
  side.seconds += result.seconds;
  side.latencies_ms.insert(side.latencies_ms.end(), result.latencies_ms.begin(),
                           result.latencies_ms.end());
}

double report(Side& side) {
  auto const rate = static_cast<double>(side.latencies_ms.size()) / side.seconds;
  print_figure(side.name, "requests/s", rate);
  print_figure(side.name + ", p50", "ms", percentile(side.latencies_ms, 0.5));
  print_figure(side.name + ", p99", "ms", percentile(side.latencies_ms, 0.99));
  return rate;
}

void compare(std::size_t connections, std::uint16_t port, std::uint16_t nginx_port,
             std::string const& ca_file, std::int64_t requests, std::int64_t slices) {
  auto const with = ", " + std::to_string(connections) + " connections";
  LoadOptions const options{port, ca_file, connections, kClientThreads};
  auto nginx_options = options;
  nginx_options.port = nginx_port;
  Side ours{"GET /livez" + with, "GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", options, 0, {}};
  Side nginx{
      "nginx, 200 bytes" + with, "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", nginx_options, 0, {}};
  for (std::int64_t i = 0; i < slices; ++i) {
    run_slice(ours, requests);
    if (nginx_port != 0) run_slice(nginx, requests);
  }
  auto const rate = report(ours);
  if (nginx_port == 0) return;
  print_figure("GET /livez ÷ nginx" + with, "×", rate / report(nginx));
}

}  // namespace

}  // namespace leadex::bench

int main(int argc, char** argv) {
  std::span<char* const> const arguments{argv, static_cast<std::size_t>(argc)};
  using leadex::bench::count_option;
  auto const port = static_cast<std::uint16_t>(count_option(arguments, "port", 8443));
  auto const nginx_port = static_cast<std::uint16_t>(count_option(arguments, "nginx-port", 0));
  auto const requests = count_option(arguments, "requests", 40'000);
  auto const slices = count_option(arguments, "slices", 3);
  auto const* const var = std::getenv("LEADEX_VAR");  // NOLINT(concurrency-mt-unsafe)
  if (var == nullptr) {
    std::fprintf(stderr, "LEADEX_VAR is not set: run it with deploy/bench\n");
    return 2;
  }
  for (std::size_t const connections : {64U, 8U}) {
    leadex::bench::compare(connections, port, nginx_port, std::string{var} + "/dev/ca.pem",
                           requests, slices);
  }
  return 0;
}
