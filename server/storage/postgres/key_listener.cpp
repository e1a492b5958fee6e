#include "server/storage/postgres/key_listener.hpp"

#include <chrono>
#include <pqxx/connection>
#include <pqxx/errorhandler>
#include <pqxx/except>
#include <pqxx/nontransaction>
#include <pqxx/notification>
#include <utility>

#include "server/observe/log.hpp"

namespace leadex::storage::postgres {

namespace {

constexpr char const* kChannel = "leadex_keys";
constexpr long kWaitMicros = 200'000;  // how long stop() waits at most
constexpr int kProbeEvery = 25;        // waits between two looks whether the server is there
constexpr std::chrono::milliseconds kPause{500};
constexpr int kPauseParts = 10;

class Receiver final : public pqxx::notification_receiver {
 public:
  Receiver(pqxx::connection_base& connection, std::function<void()> const& changed)
      : pqxx::notification_receiver(connection, kChannel), changed_(changed) {}
  void operator()(std::string const&, int) override { changed_(); }

 private:
  std::function<void()> const& changed_;
};

class Quiet final : public pqxx::errorhandler {
 public:
  explicit Quiet(pqxx::connection_base& connection) : pqxx::errorhandler(connection) {}
  bool operator()(char const[]) noexcept override { return false; }
};

}  // namespace

KeyListener::KeyListener(std::string conninfo, std::function<void()> changed)
    : conninfo_(std::move(conninfo)), changed_(std::move(changed)), thread_([this] { listen(); }) {}

KeyListener::~KeyListener() { stop(); }

void KeyListener::stop() {
  stopping_ = true;
  if (thread_.joinable()) thread_.join();
}

void KeyListener::listen() {
  while (!stopping_) {
    try {
      listen_once();
    } catch (std::exception const&) {
      if (connected_.exchange(false)) {
        log::warn("keys.listener_lost", "changes of keys are heard late until it is back");
      }
    }
    connected_ = false;
    pause();
  }
}

void KeyListener::listen_once() {
  pqxx::connection connection(conninfo_);
  Quiet const quiet(connection);
  Receiver const receiver(connection, changed_);
  connected_ = true;
  changed_();
  int waits = 0;
  while (!stopping_) {
    (void)connection.await_notification(0, kWaitMicros);
    if (++waits % kProbeEvery == 0) {
      // A server that went away in silence is found out; any refusal ends this connection.
      pqxx::nontransaction probe(connection);
      probe.exec("select 1");
    }
    if (!connection.is_open()) throw pqxx::broken_connection();
  }
}

void KeyListener::pause() {
  for (int part = 0; part < kPauseParts && !stopping_; ++part) {
    std::this_thread::sleep_for(kPause / kPauseParts);
  }
}

}  // namespace leadex::storage::postgres
