#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "server/app/init_exchange.hpp"
#include "server/auth/api_key_mint.hpp"
#include "server/crypto/public_id.hpp"
#include "server/privacy/root_key.hpp"
#include "server/program/opened.hpp"
#include "server/program/verbs.hpp"
#include "server/storage/postgres/migrator.hpp"
#include "server/storage/postgres/number_ranges.hpp"
#include "server/storage/postgres/platform_transaction.hpp"

namespace leadex::program {

namespace pg = storage::postgres;

namespace {

constexpr int kFailure = 1;
constexpr int kNotFound = 4;

storage::Environment environment_of(Settings const& settings) {
  return settings.environment == "dev" ? storage::Environment::dev
                                       : storage::Environment::production;
}

pg::Migrator migrator_of(Settings const& settings) {
  pg::MigratorOptions options;
  options.conninfo = settings.database_owner;
  options.folder = settings.schemas + "/sql";
  return pg::Migrator{options};
}

/// Makes the root key on the first run; afterwards the one that is there counts.
bool make_root_key(Settings const& settings) {
  auto const path = root_key_path(settings);
  if (std::filesystem::exists(path)) return true;
  std::filesystem::create_directories(std::filesystem::path{path}.parent_path());
  std::filesystem::permissions(std::filesystem::path{path}.parent_path(),
                               std::filesystem::perms::owner_all);
  auto const made = privacy::create_root_key_file(path);
  if (!made) {
    std::fprintf(stderr, "The root key file cannot be made: %s\n", privacy::describe(made.error()));
  }
  return made.has_value();
}

}  // namespace

int init(cli::LocalOptions const& options) {
  auto const loaded = open_settings(options);
  if (!loaded || !make_root_key(loaded->settings)) return kFailure;
  auto const& settings = loaded->settings;
  auto const keys = open_keys(settings);
  if (!keys) return kFailure;
  pg::SessionOptions session;
  session.conninfo = settings.database;
  pg::Pool pool{{session, 1, 8}};
  pg::PostgresNumberRanges numbers{session, pool};
  pg::PostgresDatabase database{pool, numbers, *keys};
  auth::ApiKeyMint const minter{keys->api_key_pepper()};
  app::AppTools const tools{*keys, minter, {environment_of(settings), settings.deposit_limit}};
  auto const first = app::act_now(database, [&](storage::PlatformTx& tx) {
    return app::init_exchange(tools, tx, "First admin");
  });
  if (!first) {
    std::fprintf(stderr, "The exchange was not initialised: %s\n",
                 std::string{app::text(first.error().code)}.c_str());
    return kFailure;
  }
  std::fprintf(stderr, "The first admin's key, shown this once:\n");
  std::printf("%s\n", first->key.c_str());
  return EXIT_SUCCESS;
}

int db_migrate(cli::LocalOptions const& options) {
  auto const loaded = open_settings(options);
  if (!loaded) return kFailure;
  auto const applied = migrator_of(loaded->settings).migrate();
  if (!applied) {
    std::fprintf(stderr, "%s\n", pg::describe(applied.error()).c_str());
    return kFailure;
  }
  for (auto const& name : *applied) std::printf("applied %s\n", name.c_str());
  if (applied->empty()) std::printf("nothing to apply\n");
  return EXIT_SUCCESS;
}

int db_status(cli::LocalOptions const& options) {
  auto const loaded = open_settings(options);
  if (!loaded) return kFailure;
  auto const states = migrator_of(loaded->settings).status();
  if (!states) {
    std::fprintf(stderr, "%s\n", pg::describe(states.error()).c_str());
    return kFailure;
  }
  for (auto const& state : *states) {
    std::printf("%-8s %s\n", state.applied ? "applied" : "missing", state.name.c_str());
  }
  return EXIT_SUCCESS;
}

int doctor(cli::LocalOptions const& options) {
  auto const loaded = open_settings(options);
  if (!loaded) return kFailure;
  auto const& settings = loaded->settings;
  bool good = true;
  auto const say = [&](char const* what, bool fine, char const* hint) {
    std::printf("%-24s %s\n", what, fine ? "ok" : hint);
    good = good && fine;
  };
  auto const keys = open_keys(settings);
  say("root key", keys != nullptr, "missing or not private: run `leadex init`");
  auto const file = [&](std::string const& set, char const* standard) {
    return std::filesystem::exists(set.empty() ? settings.var + standard : set);
  };
  say("TLS certificate", file(settings.tls_certificate, "/tls/server.crt"), "no such file");
  say("TLS key", file(settings.tls_key, "/tls/server.key"), "no such file");
  say("openapi.yaml", std::filesystem::exists(settings.schemas + "/openapi.yaml"),
      "not in the schemas folder");
  pg::SessionOptions session;
  session.conninfo = settings.database;
  pg::Pool pool{{session, 1, 8}};
  bool const answers = pool.run_now([](pqxx::work&) { return true; }).has_value();
  say("database", answers, "does not answer");
  if (keys && answers) good = check_epochs(settings) && good;
  return good ? EXIT_SUCCESS : kFailure;
}

int config_show(cli::LocalOptions const& options) {
  auto const loaded = open_settings(options);
  if (!loaded) return kFailure;
  std::printf("%s", show(*loaded).c_str());
  return EXIT_SUCCESS;
}

int id_show(cli::LocalOptions const& options, std::string const& id) {
  auto const loaded = open_settings(options);
  if (!loaded) return kFailure;
  auto const keys = open_keys(loaded->settings);
  if (!keys) return kFailure;
  auto const opened = crypto::PublicIdCodec{keys->id_key()}.open_any(id);
  if (!opened) {
    std::fprintf(stderr, "This id was not made by this exchange.\n");
    return kNotFound;
  }
  std::printf("market %u no %lld\n", opened->market, static_cast<long long>(opened->no));
  return EXIT_SUCCESS;
}

}  // namespace leadex::program
