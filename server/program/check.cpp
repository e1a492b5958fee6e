#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "server/app/audit_heads.hpp"
#include "server/market/replay.hpp"
#include "server/program/opened.hpp"
#include "server/program/verbs.hpp"
#include "server/storage/postgres/verifier.hpp"

namespace leadex::program {

namespace {

constexpr int kFailure = 1;
constexpr int kNotFound = 4;

long long wide(std::int64_t number) { return static_cast<long long>(number); }

/// Markets to look at: one by name, or all.
std::optional<std::vector<storage::MarketRow>> markets_of(storage::MarketStore& store,
                                                          cli::LocalOptions const& options) {
  auto const all = store.markets();
  if (!all) {
    std::fprintf(stderr, "The database does not answer.\n");
    return std::nullopt;
  }
  std::vector<storage::MarketRow> chosen;
  for (auto const& row : *all) {
    if (!options.market || *options.market == row.name) chosen.push_back(row);
  }
  if (chosen.empty() && options.market) {
    std::fprintf(stderr, "There is no market of that name.\n");
    return std::nullopt;
  }
  return chosen;
}

/// @return whether the stream is in order
bool report_stream(std::string const& name, market::ReplayReport const& report, double seconds,
                   bool decisions) {
  if (report.fault) {
    std::printf("%s: batch %lld command %lld: %s\n", name.c_str(), wide(report.fault->seq),
                wide(report.fault->n), report.fault->what.c_str());
    return false;
  }
  auto const per_auction = report.auctions == 0 ? 0 : report.auction_bytes / report.auctions;
  std::printf("%s: %s; %lld batches, %lld commands, %lld auctions", name.c_str(),
              decisions ? "identical" : "in order", wide(report.batches), wide(report.commands),
              wide(report.auctions));
  if (decisions) std::printf(", %lld sales", wide(report.sales));
  std::printf("; %lld bytes per auction; %.2f s; epoch %lld since batch %lld\n", wide(per_auction),
              seconds, wide(report.epoch), wide(report.epoch_since));
  return true;
}

int run_replay(cli::LocalOptions const& options, market::ReplayScope scope) {
  auto const loaded = open_settings(options);
  if (!loaded) return kFailure;
  auto const store = storage::make_market_store(loaded->settings.database);
  auto const markets = markets_of(*store, options);
  if (!markets) return kNotFound;
  bool good = true;
  for (auto const& row : *markets) {
    auto const begin = std::chrono::steady_clock::now();
    auto const report = market::replay(*store, static_cast<MarketNo>(row.market_id), scope);
    if (!report) {
      std::fprintf(stderr, "The database does not answer.\n");
      return kFailure;
    }
    std::chrono::duration<double> const spent = std::chrono::steady_clock::now() - begin;
    good =
        report_stream(row.name, *report, spent.count(), scope == market::ReplayScope::decisions) &&
        good;
  }
  return good ? EXIT_SUCCESS : kFailure;
}

}  // namespace

int replay(cli::LocalOptions const& options) {
  return run_replay(options, market::ReplayScope::decisions);
}

int verify_ledger(cli::LocalOptions const& options) {
  if (auto const chain = run_replay(options, market::ReplayScope::chain); chain != EXIT_SUCCESS) {
    return chain;
  }
  auto const loaded = open_settings(options);
  auto const keys = open_keys(loaded->settings);
  if (!keys) return kFailure;
  auto const verifier = storage::postgres::make_verifier(loaded->settings.database,
                                                         keys->audit_signing().public_key());
  auto const store = storage::make_market_store(loaded->settings.database);
  auto markets = markets_of(*store, options);
  if (!markets) return kNotFound;
  if (!options.market) markets->insert(markets->begin(), {0, "platform", "", ""});
  for (auto const& row : *markets) {
    auto const report = verifier->verify_ledger(static_cast<MarketNo>(row.market_id));
    if (!report) {
      std::fprintf(stderr, "The database does not answer.\n");
      return kFailure;
    }
    if (auto const& problem = report->problem) {
      std::printf("%s: batch %lld account %lld: %s\n", row.name.c_str(), wide(problem->batch_seq),
                  wide(problem->account_no), problem->reason.c_str());
      return kFailure;
    }
    std::printf("%s: balances equal their %lld transfers; %lld accounts\n", row.name.c_str(),
                wide(report->transfers), wide(report->accounts));
  }
  return EXIT_SUCCESS;
}

int verify_audit(cli::LocalOptions const& options) {
  auto const loaded = open_settings(options);
  if (!loaded) return kFailure;
  auto const keys = open_keys(loaded->settings);
  if (!keys) return kFailure;
  auto const heads = app::read_audit_heads(audit_heads_path(loaded->settings));
  if (!heads) {
    std::fprintf(stderr, "The signed heads cannot be read.\n");
    return kFailure;
  }
  auto const verifier = storage::postgres::make_verifier(loaded->settings.database,
                                                         keys->audit_signing().public_key());
  auto const report = verifier->verify_audit(*heads);
  if (!report) {
    std::fprintf(stderr, "The database does not answer.\n");
    return kFailure;
  }
  for (auto const& problem : report->problems) {
    std::printf("stream %u row %lld: %s\n", problem.stream, wide(problem.first_bad_seq),
                problem.reason.c_str());
  }
  if (!report->problems.empty()) return kFailure;
  std::printf("audit in order: %lld rows, %lld signed heads\n", wide(report->rows),
              wide(report->heads));
  return EXIT_SUCCESS;
}

cli::LocalVerbs local_verbs() {
  return {.serve = serve,
          .init = init,
          .db_migrate = db_migrate,
          .db_status = db_status,
          .replay = replay,
          .verify_ledger = verify_ledger,
          .verify_audit = verify_audit,
          .doctor = doctor,
          .config_show = config_show,
          .keys_list = keys_list,
          .keys_rewrap = keys_rewrap,
          .keys_destroy = keys_destroy,
          .id_show = id_show};
}

}  // namespace leadex::program
