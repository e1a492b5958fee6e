#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>

#include "server/observe/log.hpp"
#include "server/program/exchange.hpp"
#include "server/program/opened.hpp"
#include "server/program/verbs.hpp"

namespace leadex::program {

namespace asio = boost::asio;

namespace {

constexpr int kFailure = 1;

/// SIGHUP reads the certificate again; the first SIGTERM or SIGINT ends the wait, a second the
/// process.
class Signals {
 public:
  explicit Signals(Exchange& exchange) : exchange_(exchange) { wait(); }
  void run() {
    context_.run_one();
    while (!ending_) context_.run_one();
  }
  void force_from_now_on() {
    std::signal(SIGTERM, SIG_DFL);
    std::signal(SIGINT, SIG_DFL);
  }

 private:
  void wait() {
    signals_.async_wait([this](boost::system::error_code error, int signal) {
      if (error) return;
      if (signal == SIGHUP) {
        exchange_.reload_certificate();
        return wait();
      }
      ending_ = true;
    });
  }
  Exchange& exchange_;
  asio::io_context context_;
  asio::signal_set signals_{context_, SIGTERM, SIGINT, SIGHUP};
  bool ending_ = false;
};

}  // namespace

int serve(cli::LocalOptions const& options) {
  auto const loaded = open_settings(options);
  if (!loaded) return kFailure;
  auto const& settings = loaded->settings;
  auto keys = open_keys(settings);
  if (!keys) return kFailure;
  log::Options log_options;
  log_options.level = log::level_from_text(settings.log_level).value_or(log::Level::info);
  log_options.format = settings.log_format == "text" ? log::Format::text : log::Format::json;
  log::start_process_log(log_options);
  std::signal(SIGPIPE, SIG_IGN);
  try {
    Exchange exchange{settings, std::move(keys)};
    Signals signals{exchange};
    exchange.start();
    signals.run();
    signals.force_from_now_on();
    exchange.stop();
  } catch (std::exception const& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return kFailure;
  }
  return EXIT_SUCCESS;
}

}  // namespace leadex::program
