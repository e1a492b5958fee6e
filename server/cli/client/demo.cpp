#include "server/cli/client/demo.hpp"

#include <fmt/format.h>

#include <chrono>

#include "server/cli/client/demo_stage.hpp"
#include "server/cli/client/dev_seed.hpp"
#include "server/cli/client/listing_output.hpp"
#include "server/crypto/bytes.hpp"
#include "server/crypto/random.hpp"

namespace leadex::cli {

namespace {

/// The server of the credentials, unless a flag or the environment names another one.
ApiAccess server_of(Credentials const& keys, ConnectOptions options,
                    Environment const& environment) {
  bool const named = !options.base_url.empty() || environment.contains("LEADEX_BASE_URL") ||
                     environment.contains("LEADEX_PORT");
  if (!named) options.base_url = keys.base_url;
  return find_server(options, environment);
}

Timestamp now() { return std::chrono::floor<Micros>(std::chrono::system_clock::now()); }

void play(DemoStage& stage) {
  place_campaigns(stage);
  bring_leads(stage);
  check_sample(stage);
  show_first_sales(stage);
  give_back(stage);
  buy_what_rests(stage);
  let_windows_close(stage);
  pay_out(stage);
  close_books(stage);
}

}  // namespace

int run_demo(ConnectOptions const& options, Environment const& environment) {
  auto const path = credentials_file(environment);
  auto const keys = read_credentials(path);
  if (!keys) throw Failure(kNotAllowed, path + " is missing: run leadex dev seed first");
  auto const began = std::chrono::steady_clock::now();
  DemoReport report;
  auto cast = gather_cast(report, server_of(*keys, options, environment), *keys);
  DemoStage stage{.report = report, .cast = std::move(cast)};
  stage.file = make_demo_file(crypto::read_be64(crypto::random_bytes(8)), now());

  try {
    play(stage);
  } catch (Failure const&) {
    (void)end_campaigns(stage);
    throw;
  }
  auto const seconds =
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - began)
          .count();
  print_out(fmt::format("\n{} checks, {} failed, {} s\n", stage.report.checks(),
                        stage.report.failed(), seconds));
  return stage.report.sound() ? kOk : kFailed;
}

}  // namespace leadex::cli
