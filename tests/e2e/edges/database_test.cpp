// A PostgreSQL that stands still: queues stay bounded, who cannot be served hears 503 and when to
// come back, and after it goes on everything does within seconds; what was answered is there.

#include <gtest/gtest.h>

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <fstream>
#include <iostream>
#include <mutex>
#include <set>
#include <sstream>
#include <thread>

#include "tests/e2e/edges/rig.hpp"

namespace leadex::e2e {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

pid_t postmaster() {
  // The data lies elsewhere when the database's user cannot reach the folder.
  auto data = var_folder() / "pg/data";
  auto const elsewhere = read_file(var_folder() / "pg/data.elsewhere");
  if (!elsewhere.empty()) data = elsewhere.substr(0, elsewhere.find('\n'));
  std::ifstream file{data / "postmaster.pid"};
  pid_t pid = 0;
  file >> pid;
  return pid;
}

/// The processes whose parent is `parent`.
std::vector<pid_t> children_of(pid_t parent) {
  std::vector<pid_t> children;
  for (auto const& entry : std::filesystem::directory_iterator{"/proc"}) {
    auto const name = entry.path().filename().string();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    auto const stat = read_file(entry.path() / "stat");
    auto const rest = stat.find(") ");
    if (rest == std::string::npos) continue;
    std::istringstream fields{stat.substr(rest + 2)};
    char state = 0;
    pid_t of = 0;
    fields >> state >> of;
    if (of == parent) children.push_back(static_cast<pid_t>(std::stol(name)));
  }
  return children;
}

bool is_postgres(pid_t pid) {
  return pid > 1 && read_file("/proc/" + std::to_string(pid) + "/comm") == "postgres\n";
}

/// Holds the whole database still while it lives.
class Standstill {
 public:
  Standstill() {
    auto const head = postmaster();
    if (!is_postgres(head)) return;
    // The head first, so that it starts no new process meanwhile.
    stop(head);
    for (auto const child : children_of(head)) {
      if (is_postgres(child)) stop(child);
    }
  }
  ~Standstill() { go_on(); }
  Standstill(Standstill const&) = delete;
  Standstill& operator=(Standstill const&) = delete;
  void go_on() {
    for (auto const pid : stopped_) ::kill(pid, SIGCONT);
    stopped_.clear();
  }
  [[nodiscard]] bool holds() const { return !stopped_.empty() && errno_ == 0; }

 private:
  void stop(pid_t pid) {
    if (::kill(pid, SIGSTOP) == 0) {
      stopped_.push_back(pid);
    } else {
      errno_ = errno;
    }
  }
  std::vector<pid_t> stopped_;
  int errno_ = 0;
};

/// What happened to requests of one kind.
struct Tally {
  std::mutex guard;
  std::map<std::string, int> outcomes;
  std::set<std::string> leads;  ///< external ids whose post was answered with 201
  Clock::duration longest{};
  int without_retry_after = 0;

  void note(Reply const& reply, Clock::duration took, std::string const& external_id) {
    std::lock_guard const lock(guard);
    ++outcomes[std::to_string(reply.status) + ' ' +
               (reply.status == 0 ? reply.body : reply.code())];
    longest = std::max(longest, took);
    if (reply.status == 201) leads.insert(external_id);
    if (reply.status == 503 && !reply.headers.contains("retry-after")) ++without_retry_after;
  }
};

TEST(Database, AFullQueueAnswers503AndStandingStillEndsWell) {
  constexpr int kPosters = 40;  // the market's queue of this exchange holds 8
  constexpr auto kStill = 10s;
  Rig rig;
  ASSERT_EQ(rig.post("/v1/leads", rig.generator(), lead_json(fresh_person())).status, 201);
  Tally during;
  std::atomic<bool> stop{false};
  std::vector<std::thread> posters;
  auto still = std::make_unique<Standstill>();
  ASSERT_TRUE(still->holds())
      << "the database's processes cannot be stopped: run as root or as their user";
  auto const began = Clock::now();
  for (int t = 0; t < kPosters; ++t) {
    posters.emplace_back([&] {
      Rig mine;
      while (!stop) {
        auto const n = fresh_person();
        auto const started = Clock::now();
        auto const reply = mine.post("/v1/leads", mine.generator(), lead_json(n));
        during.note(reply, Clock::now() - started, std::to_string(n));
        if (reply.status == 503) std::this_thread::sleep_for(200ms);
      }
    });
  }
  std::this_thread::sleep_until(began + kStill);
  {
    std::lock_guard const lock(during.guard);
    std::cout << "while the database stood still:";
    for (auto const& [outcome, n] : during.outcomes)
      std::cout << ' ' << outcome << ": " << n << ';';
    std::cout << '\n';
    int refused = 0;
    for (auto const& [outcome, n] : during.outcomes) {
      EXPECT_TRUE(outcome.starts_with("503 ")) << outcome;
      if (outcome.starts_with("503 ")) refused += n;
    }
    EXPECT_GT(refused, 0) << "nobody was told to come back";
    EXPECT_EQ(during.without_retry_after, 0);
  }
  auto const live = rig.get("/livez", "");
  EXPECT_EQ(live.status, 200);
  still->go_on();
  auto const resumed = Clock::now();
  EXPECT_TRUE(within(5s, [&] {
    return rig.post("/v1/leads", rig.generator(), lead_json(fresh_person())).status == 201;
  })) << "no recovery within 5 s";
  std::cout << "recovered after "
            << std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - resumed).count()
            << " ms\n";
  stop = true;
  for (auto& poster : posters) poster.join();
  EXPECT_LT(during.longest, kStill + 10s);
  for (auto const& [outcome, n] : during.outcomes) {
    EXPECT_TRUE(outcome.starts_with("503 ") || outcome.starts_with("201 ")) << outcome << ' ' << n;
  }
  EXPECT_TRUE(within(5s, [&] { return rig.get("/readyz", "").status == 200; }));
}

TEST(Database, ReadersAreToldTooAndComeBack) {
  Rig rig;
  ASSERT_EQ(rig.get("/v1/sales", rig.buyer()).status, 200);
  Tally during;
  auto still = std::make_unique<Standstill>();
  ASSERT_TRUE(still->holds());
  std::vector<std::thread> readers;
  for (int t = 0; t < 30; ++t) {
    readers.emplace_back([&] {
      Rig mine;
      auto const started = Clock::now();
      auto const reply = mine.get("/v1/sales", mine.buyer());
      during.note(reply, Clock::now() - started, {});
    });
  }
  std::this_thread::sleep_for(9s);
  {
    std::lock_guard const lock(during.guard);
    // Those whose query had begun wait with it; nobody waits for his turn for ever.
    int told = 0;
    for (auto const& [outcome, n] : during.outcomes) told += outcome.starts_with("503 ") ? n : 0;
    EXPECT_GE(told, 20);
    EXPECT_EQ(during.without_retry_after, 0);
  }
  still->go_on();
  EXPECT_TRUE(within(5s, [&] { return rig.get("/v1/sales", rig.buyer()).status == 200; }));
  for (auto& reader : readers) reader.join();
  for (auto const& [outcome, n] : during.outcomes) {
    EXPECT_TRUE(outcome.starts_with("200 ") || outcome.starts_with("503 ")) << outcome << ' ' << n;
  }
}

}  // namespace
}  // namespace leadex::e2e
