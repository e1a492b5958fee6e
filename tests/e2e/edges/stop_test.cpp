// Stopping and reloading the whole program under load: SIGTERM drains and loses nothing that was
// accepted, a second one forces, SIGHUP changes the certificate for new connections alone.

#include <gtest/gtest.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <iostream>
#include <mutex>
#include <set>
#include <thread>

#include "tests/e2e/edges/lead_csv.hpp"
#include "tests/e2e/edges/rig.hpp"

namespace leadex::e2e {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

/// A `leadex serve` that is a child of this test, so that its exit status can be read.
class OwnServer {
 public:
  explicit OwnServer(std::vector<std::string> const& more = {}) {
    auto const binary = setting("LEADEX_BINARY");
    auto const log = (var_folder() / "log/server.log").string();
    pid_ = ::fork();
    if (pid_ == 0) {
      // Only calls that a child of a program with threads may make.
      int const out = ::open(log.c_str(), O_WRONLY | O_APPEND | O_CREAT, 0600);
      ::dup2(out, STDOUT_FILENO);
      ::dup2(out, STDERR_FILENO);
      std::vector<char const*> arguments = {binary.c_str(), "serve"};
      for (auto const& argument : more) arguments.push_back(argument.c_str());
      arguments.push_back(nullptr);
      ::execv(binary.c_str(), const_cast<char* const*>(arguments.data()));
      ::_exit(127);
    }
    ready_ = within(60s, [] { return Rig{2s}.get("/readyz", "").status == 200; });
  }
  ~OwnServer() {
    if (pid_ > 0 && !status_) {
      ::kill(pid_, SIGKILL);
      static_cast<void>(wait(10s));
    }
  }
  OwnServer(OwnServer const&) = delete;
  OwnServer& operator=(OwnServer const&) = delete;

  [[nodiscard]] bool ready() const { return ready_; }
  [[nodiscard]] pid_t pid() const { return pid_; }
  void signal(int number) const { ::kill(pid_, number); }
  /// Its status as waitpid gives it; none when it still runs.
  std::optional<int> wait(std::chrono::milliseconds time) {
    auto const ended = [this] {
      int status = 0;
      if (!status_ && ::waitpid(pid_, &status, WNOHANG) == pid_) status_ = status;
      return status_.has_value();
    };
    static_cast<void>(within(time, ended));
    return status_;
  }

 private:
  pid_t pid_ = -1;
  bool ready_ = false;
  std::optional<int> status_;
};

/// Ends the server that deploy/up started, once; the tests here run their own.
void stop_deployed_server() {
  if (server_was_stopped()) return;
  note_server_stopped();
  auto const pid = server_pid();
  ::kill(pid, SIGTERM);
  ASSERT_TRUE(within(20s, [pid] { return !is_running(pid); }));
}

class Stop : public testing::Test {
 protected:
  void SetUp() override { stop_deployed_server(); }
};

/// How one request over a connection of its own control ended.
enum class End : std::uint8_t { whole, none, torn };

struct Outcome {
  End end{};
  int status = 0;
  std::string body;
};

/// One request on a raw connection: whole means that every byte of an answer came, torn that only
/// some did.
Outcome request(RawTls& raw, std::string const& bytes) {
  raw.send(bytes);
  auto const head = raw.read_until("\r\n\r\n", 20'000);
  auto const end = head.find("\r\n\r\n");
  if (head.empty()) return {End::none, 0, {}};
  if (end == std::string::npos) return {End::torn, 0, head};
  Outcome outcome{End::whole, std::stoi(head.substr(9, 3)), head.substr(end + 4)};
  auto const at = head.find("Content-Length: ");
  std::size_t const length = at == std::string::npos ? 0 : std::stoul(head.substr(at + 16));
  while (outcome.body.size() < length && !raw.closed()) {
    auto const more = raw.read_some(20'000);
    if (more.empty()) break;
    outcome.body += more;
  }
  if (outcome.body.size() != length) outcome.end = End::torn;
  return outcome;
}

std::string post_bytes(std::string const& target, std::string const& key, std::string const& idem,
                       std::string const& body) {
  return "POST " + target + " HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer " + key +
         "\r\nIdempotency-Key: " + idem +
         "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}

/// A request that got no answer: it must never have been carried out.
struct Unanswered {
  std::string target;
  std::string key;
  std::string idempotency_key;
  std::string body;
};

struct Ledger {
  std::mutex guard;
  std::set<std::string> sales;  ///< acknowledged
  int posts = 0;                ///< answered with 201
  int torn = 0;
  int odd = 0;  ///< answers that are none of those expected
  std::string an_odd_one;
  std::vector<Unanswered> unanswered;
};

std::string purchase_json() {
  return R"({"market":")" + std::string{kMarket} +
         R"(","filter":{"attribute":"state","in":["CA"]},"quantity":1,)"
         R"("limit_price":{"amount":"6.00","currency":"USD"},"exclusive":false})";
}

/// Sends one request after the other, each on a connection that lives as long as it may, until
/// nobody listens any more.
void work(Ledger& ledger, bool buys, std::size_t who) {
  Rig const rig;
  auto const key = buys ? rig.keys().buyers.at(who % 3).key : rig.keys().generators.at(who % 2).key;
  auto const target = buys ? "/v1/purchases" : "/v1/leads";
  for (;;) {
    auto raw = std::make_unique<RawTls>(rig.port(), RawTls::Quietly{});
    if (!raw->connected()) return;
    while (!raw->closed()) {
      auto const idem = idempotency_key();
      auto const body = buys ? purchase_json() : lead_json(fresh_person());
      auto const outcome = request(*raw, post_bytes(target, key, idem, body));
      std::lock_guard const lock(ledger.guard);
      if (outcome.end == End::torn) ++ledger.torn;
      if (outcome.end == End::none) {
        ledger.unanswered.push_back({target, key, idem, body});
        break;
      }
      if (outcome.status != 201) {
        ++ledger.odd;
        ledger.an_odd_one = outcome.body;
        continue;
      }
      if (!buys) ++ledger.posts;
      auto const parsed = json::parse(outcome.body);
      if (!buys || !parsed) continue;
      for (auto const& sale : json::find_member(*parsed, "sales")->GetArray()) {
        ledger.sales.emplace(json::text_of(sale));
      }
    }
  }
}

/// All sales of all buyers.
std::set<std::string> known_sales(Rig& rig) {
  std::set<std::string> sales;
  for (auto const& buyer : rig.keys().buyers) {
    std::string cursor;
    do {
      auto const page =
          rig.get("/v1/sales?limit=500" + (cursor.empty() ? "" : "&cursor=" + cursor), buyer.key);
      EXPECT_EQ(page.status, 200) << page.body;
      if (page.status != 200) return sales;
      for (auto const& sale : page.find("data")->GetArray()) {
        sales.emplace(json::text_of(*json::find_member(sale, "id")));
      }
      cursor = page.text("next_cursor");
    } while (!cursor.empty());
  }
  return sales;
}

/// An upload that takes some seconds, whatever happens meanwhile.
Reply slow_upload(std::atomic<bool>& begun) {
  Rig rig;
  auto text = std::make_shared<std::string>(lead_csv_header() + lead_csv_rows(2000));
  auto const piece = text->size() / 40;
  return rig.upload(
      [text, piece, &begun](std::span<char> into) -> std::optional<std::size_t> {
        auto const n = std::min({into.size(), piece, text->size()});
        std::copy_n(text->data(), n, into.data());
        text->erase(0, n);
        std::this_thread::sleep_for(75ms);
        begun = true;
        return n;
      },
      {});
}

TEST_F(Stop, UnderLoadLosesNothingThatWasAccepted) {
  OwnServer server;
  ASSERT_TRUE(server.ready());
  auto const before = [] {
    Rig rig;
    return known_sales(rig);
  }();
  Ledger ledger;
  std::vector<std::thread> workers;
  for (std::size_t i = 0; i < 4; ++i) workers.emplace_back(work, std::ref(ledger), false, i);
  for (std::size_t i = 0; i < 3; ++i) workers.emplace_back(work, std::ref(ledger), true, i);
  ASSERT_TRUE(within(60s, [&] {
    std::lock_guard const lock(ledger.guard);
    return ledger.posts >= 40 && ledger.sales.size() >= 10;
  }));
  Reply uploaded;
  std::atomic<bool> begun{false};
  std::thread uploading([&] { uploaded = slow_upload(begun); });
  ASSERT_TRUE(within(20s, [&] { return begun.load(); }));
  // Kept-alive connections that have asked before may ask once more.
  std::string const readyz = "GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n";
  std::vector<std::unique_ptr<RawTls>> kept;
  auto const port = Rig{}.port();
  for (int i = 0; i < 4; ++i) {
    kept.push_back(std::make_unique<RawTls>(port));
    EXPECT_EQ(request(*kept.back(), readyz).status, 200);
  }

  auto const stopped_at = Clock::now();
  server.signal(SIGTERM);
  int draining = 0;
  for (auto const& one : kept) {
    auto const answer = request(*one, readyz);
    EXPECT_NE(answer.end, End::torn);
    draining += answer.status == 503 && answer.body.find("draining") != std::string::npos ? 1 : 0;
  }
  bool const refused_early =
      within(3s, [&] { return !RawTls(port, RawTls::Quietly{}).connected(); });
  bool const ran_meanwhile = !server.wait(0ms).has_value();
  auto const status = server.wait(15s);
  auto const took = Clock::now() - stopped_at;
  uploading.join();
  for (auto& worker : workers) worker.join();

  EXPECT_GE(draining, 1) << "readyz never said so";
  EXPECT_TRUE(refused_early) << "the listeners stayed open";
  EXPECT_TRUE(ran_meanwhile) << "the listeners close first";
  ASSERT_TRUE(status) << "still running";
  EXPECT_TRUE(WIFEXITED(*status));
  EXPECT_EQ(WEXITSTATUS(*status), 0);
  EXPECT_LT(took, 10s + 10s);
  EXPECT_EQ(uploaded.status, 202) << uploaded.status << ' ' << uploaded.body;
  EXPECT_EQ(ledger.torn, 0);
  EXPECT_EQ(ledger.odd, 0) << ledger.an_odd_one;

  OwnServer again;
  ASSERT_TRUE(again.ready());
  Rig rig;
  auto const after = known_sales(rig);
  std::set<std::string> fresh;
  std::ranges::set_difference(after, before, std::inserter(fresh, fresh.end()));
  EXPECT_EQ(fresh, ledger.sales) << "acknowledged sales and those that stand";
  int carried_out = 0;
  for (auto const& one : ledger.unanswered) {
    auto const reply =
        rig.call("POST", one.target, one.key, one.body, {{"Idempotency-Key", one.idempotency_key}});
    carried_out += reply.headers.contains("idempotent-replayed") ? 1 : 0;
  }
  EXPECT_EQ(carried_out, 0) << "without an answer, of " << ledger.unanswered.size();
  auto const sum = rig.get("/v1/admin/ledger/trial-balance?currency=USD", rig.keys().admin);
  EXPECT_EQ(sum.text("sum"), "0") << sum.body;
  std::cout << "stopped in " << std::chrono::duration_cast<std::chrono::milliseconds>(took).count()
            << " ms with " << ledger.posts << " posts and " << ledger.sales.size()
            << " sales acknowledged, " << ledger.unanswered.size() << " requests never read\n";
  again.signal(SIGTERM);
  EXPECT_EQ(again.wait(20s), std::optional{0});
}

/// A request whose body never ends holds its connection while this lives.
class EndlessUpload {
 public:
  EndlessUpload() : raw_(rig_.port()) {
    raw_.send("POST /v1/batches?market=" + std::string{kMarket} +
              " HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer " + rig_.generator() +
              "\r\nIdempotency-Key: " + idempotency_key() +
              "\r\nContent-Type: text/csv\r\nTransfer-Encoding: chunked\r\n\r\n");
    thread_ = std::thread([this] {
      while (!ended_ && raw_.send("1\r\nx\r\n")) std::this_thread::sleep_for(50ms);
    });
    std::this_thread::sleep_for(500ms);
  }
  ~EndlessUpload() {
    ended_ = true;
    thread_.join();
  }
  EndlessUpload(EndlessUpload const&) = delete;
  EndlessUpload& operator=(EndlessUpload const&) = delete;

 private:
  Rig rig_;
  RawTls raw_;
  std::atomic<bool> ended_{false};
  std::thread thread_;
};

TEST_F(Stop, AnUploadThatNeverEndsIsCutAtTheDrainsEnd) {
  OwnServer server({"--drain-s", "2"});
  ASSERT_TRUE(server.ready());
  EndlessUpload const endless;
  auto const started = Clock::now();
  server.signal(SIGTERM);
  auto const status = server.wait(15s);
  auto const took = Clock::now() - started;
  ASSERT_TRUE(status);
  EXPECT_TRUE(WIFEXITED(*status));
  EXPECT_EQ(WEXITSTATUS(*status), 0);
  EXPECT_GE(took, 1s);
  EXPECT_LT(took, 12s);
}

TEST_F(Stop, ASecondSignalForces) {
  OwnServer server({"--drain-s", "60"});
  ASSERT_TRUE(server.ready());
  EndlessUpload const endless;
  server.signal(SIGTERM);
  EXPECT_FALSE(server.wait(1500ms)) << "it should wait for the upload";
  auto const started = Clock::now();
  server.signal(SIGTERM);
  auto const status = server.wait(10s);
  ASSERT_TRUE(status);
  EXPECT_TRUE(WIFSIGNALED(*status));
  EXPECT_LT(Clock::now() - started, 5s);
}

TEST_F(Stop, HangupChangesTheCertificateForNewConnectionsAlone) {
  OwnServer server;
  ASSERT_TRUE(server.ready());
  auto const tls = var_folder() / "tls";
  auto const old_cert = read_file(tls / "server.crt");
  auto const old_key = read_file(tls / "server.key");
  auto const port = Rig{}.port();
  auto const serial = [port] { return RawTls(port).peer_serial(); };
  auto const write = [&tls](char const* name, std::string const& bytes) {
    std::ofstream{tls / name, std::ios::binary} << bytes;
  };
  auto const lines = [](std::string const& event) {
    auto const log = server_log();
    int n = 0;
    for (auto at = log.find(event); at != std::string::npos; at = log.find(event, at + 1)) ++n;
    return n;
  };
  std::string const livez = "GET /livez HTTP/1.1\r\nHost: a\r\n\r\n";
  auto const first = serial();
  RawTls kept(port);
  EXPECT_EQ(request(kept, livez).status, 200);

  constexpr long kNew = 424242;
  http::test::write_certificate((tls / "server.crt").string(), (tls / "server.key").string(), kNew);
  server.signal(SIGHUP);
  EXPECT_TRUE(within(10s, [&] { return serial() == kNew; }));
  EXPECT_EQ(request(kept, livez).status, 200) << "the kept connection goes on";
  EXPECT_EQ(kept.peer_serial(), first);

  // Each way in which a new pair can be unusable.
  auto const good_cert = read_file(tls / "server.crt");
  auto const good_key = read_file(tls / "server.key");
  int kept_lines = lines("server.certificate_kept");
  struct Case {
    std::string what;
    std::string cert;
    std::string key;
  };
  for (auto const& [what, cert, key] : std::vector<Case>{{"no certificate", "garbage", good_key},
                                                         {"no key", good_cert, ""},
                                                         {"another's key", good_cert, old_key}}) {
    write("server.crt", cert);
    write("server.key", key);
    server.signal(SIGHUP);
    ++kept_lines;
    EXPECT_TRUE(within(10s, [&] { return lines("server.certificate_kept") == kept_lines; }))
        << what;
    EXPECT_EQ(serial(), kNew) << what;
  }
  write("server.crt", old_cert);
  write("server.key", old_key);
  server.signal(SIGHUP);
  EXPECT_TRUE(within(10s, [&] { return serial() == first; }));
  EXPECT_EQ(request(kept, livez).status, 200);
  server.signal(SIGTERM);
  EXPECT_EQ(server.wait(20s), std::optional{0});
}

}  // namespace
}  // namespace leadex::e2e
