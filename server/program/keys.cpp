// `leadex keys`: months' epochs listed, wrapped anew, destroyed; and doctor's look at them.

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>

#include "server/app/key_epochs.hpp"
#include "server/program/opened.hpp"
#include "server/program/verbs.hpp"
#include "server/storage/postgres/key_epochs.hpp"

namespace leadex::program {

namespace asio = boost::asio;
namespace pg = storage::postgres;

namespace {

constexpr int kFailure = 1;
constexpr int kNotAllowed = 3;
constexpr int kNotFound = 4;
constexpr int kConflict = 5;
constexpr int kPartial = 6;

long long wide(std::int64_t number) { return static_cast<long long>(number); }

/// Keys and rows for one verb.
class Bench {
 public:
  /// Null after telling why on stderr.
  static std::unique_ptr<Bench> open(Settings const& settings) {
    auto keys = open_keys(settings);
    if (!keys) return nullptr;
    return std::unique_ptr<Bench>{new Bench(settings, std::move(keys))};
  }
  [[nodiscard]] app::EpochServices services() { return {rows_, *keys_}; }
  [[nodiscard]] privacy::EpochKeys const& epochs() const { return *keys_->epochs(); }
  pg::PostgresKeyEpochs& rows() { return rows_; }

  template <class T>
  T await(asio::awaitable<T> later) {
    return asio::co_spawn(thread_, std::move(later), asio::use_future).get();
  }

 private:
  Bench(Settings const& settings, std::unique_ptr<privacy::KeyRing> keys)
      : keys_(std::move(keys)),
        // The list reads every lead's key, however many there are.
        pool_({{.conninfo = settings.database, .statement_timeout = std::chrono::minutes{30}},
               1,
               8,
               std::chrono::minutes{30}}) {}

  std::unique_ptr<privacy::KeyRing> keys_;
  asio::thread_pool thread_{1};  // outlives the pool, whose threads answer into it
  pg::Pool pool_;
  pg::PostgresKeyEpochs rows_{pool_};
};

struct MonthLine {
  privacy::EpochState file;
  std::int64_t leads{};
  std::int64_t waiting{};
  std::int64_t derived{};
};

char const* state_of(MonthLine const& line) {
  if (line.file.destroyed) return line.file.present ? "not gone" : "destroyed";
  if (line.file.present) return "kept";
  return line.leads + line.waiting > 0 ? "lost" : "none";
}

/// Every month that has a file, a tombstone or leads; empty after telling why on stderr.
std::optional<std::map<privacy::EpochMonth, MonthLine>> months_of(Bench& bench) {
  std::map<privacy::EpochMonth, MonthLine> months;
  auto const files = bench.epochs().files().list();
  if (!files) {
    std::fprintf(stderr, "%s.\n", privacy::describe(files.error()));
    return std::nullopt;
  }
  for (auto const& file : *files) months[file.month].file = file;
  auto const uses = bench.await(bench.rows().uses());
  if (!uses) {
    std::fprintf(stderr, "The database does not answer.\n");
    return std::nullopt;
  }
  for (auto const& use : *uses) {
    if (!privacy::is_kek_id(use.kek_id)) continue;  // waiting forms under the secret box
    bool const epoch = privacy::is_epoch_kek(use.kek_id);
    auto& line = months[epoch ? use.kek_id - privacy::kEpochKeks : use.kek_id];
    (epoch ? line.leads : line.derived) += use.leads;
    line.waiting += use.waiting;
  }
  return months;
}

int exit_code_of(app::DestroyRefusal refusal) {
  switch (refusal) {
    case app::DestroyRefusal::too_young:
      return kNotAllowed;
    case app::DestroyRefusal::no_epoch:
      return kNotFound;
    case app::DestroyRefusal::derived:
    case app::DestroyRefusal::in_use:
    case app::DestroyRefusal::other_file:
      return kConflict;
    case app::DestroyRefusal::no_answer:
    case app::DestroyRefusal::file_trouble:
      break;
  }
  return kFailure;
}

}  // namespace

int keys_list(cli::LocalOptions const& options) {
  auto const loaded = open_settings(options);
  if (!loaded) return kFailure;
  auto const bench = Bench::open(loaded->settings);
  if (!bench) return kFailure;
  auto const months = months_of(*bench);
  if (!months) return kFailure;
  std::printf("%-9s%-11s%12s%10s%24s\n", "month", "epoch", "leads", "waiting",
              "leads without epoch");
  for (auto const& [month, line] : *months) {
    std::printf("%-9s%-11s%12lld%10lld%24lld\n", privacy::epoch_name(month).c_str(), state_of(line),
                wide(line.leads), wide(line.waiting), wide(line.derived));
  }
  return EXIT_SUCCESS;
}

int keys_rewrap(cli::LocalOptions const& options) {
  auto const loaded = open_settings(options);
  if (!loaded) return kFailure;
  auto const bench = Bench::open(loaded->settings);
  if (!bench) return kFailure;
  constexpr std::int64_t kTellEvery = 100'000;
  auto const tell = [told = std::int64_t{0}](app::Rewrapped const& so_far) mutable {
    if (so_far.done < told + kTellEvery) return;
    told = so_far.done;
    std::fprintf(stderr, "%lld wrapped anew\n", wide(so_far.done));
  };
  auto const done = bench->await(app::rewrap_month(bench->services(), options.month, tell));
  if (!done) {
    std::fprintf(stderr, "%s: %s. What is done stays.\n",
                 privacy::epoch_name(done.error().month).c_str(),
                 app::describe(done.error().trouble));
    return kFailure;
  }
  std::printf("%s: %lld wrapped anew, %lld changed by others meanwhile, %lld do not open\n",
              privacy::epoch_name(options.month).c_str(), wide(done->done), wide(done->passed),
              wide(done->damaged));
  return done->damaged == 0 ? EXIT_SUCCESS : kPartial;
}

int keys_destroy(cli::LocalOptions const& options) {
  auto const loaded = open_settings(options);
  if (!loaded) return kFailure;
  auto const bench = Bench::open(loaded->settings);
  if (!bench) return kFailure;
  auto const done =
      bench->await(app::destroy_month(bench->services(), options.month, wall_clock()));
  if (!done) {
    std::fprintf(stderr, "%s\n", app::describe(done.error()));
    return exit_code_of(done.error());
  }
  std::printf(
      "The key of %s is destroyed. Destroy its copies as well, wherever epoch files are kept.\n",
      privacy::epoch_name(options.month).c_str());
  return EXIT_SUCCESS;
}

bool check_epochs(Settings const& settings) {
  auto const bench = Bench::open(settings);
  if (!bench) return false;
  auto const months = months_of(*bench);
  if (!months) return false;
  auto const noted = bench->await(bench->rows().noted());
  bool good = noted.has_value();
  for (auto const& [month, line] : *months) {
    std::string_view const state = state_of(line);
    auto said = std::string{state};
    if (state == "kept") {
      auto const key = bench->epochs().of(month);
      said = key ? "ok" : privacy::describe(key.error());
    }
    for (auto const& epoch : noted.value_or(std::vector<storage::NotedEpoch>{})) {
      auto const check = bench->epochs().check_value(month);
      if (epoch.kek_id != privacy::kEpochKeks + month || !check) continue;
      if (*check != epoch.check_value) said = "another file than the database knows";
      if (epoch.destroyed) said = "came back after it was destroyed";
    }
    if (said == "none") said = "ok, no epoch: the root key alone opens its leads";
    bool const fine = said.starts_with("ok") || said == "destroyed";
    std::printf("key epoch %-14s %s\n", privacy::epoch_name(month).c_str(), said.c_str());
    good = good && fine;
  }
  return good;
}

}  // namespace leadex::program
