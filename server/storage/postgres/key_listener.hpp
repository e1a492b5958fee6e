#pragma once
// KeyListener: hears NOTIFY leadex_keys on a connection and thread of its own, and calls back after
// each one and after every new connection (since what came in between was missed). Started and
// stopped by main.

#include <atomic>
#include <functional>
#include <string>
#include <thread>

namespace leadex::storage::postgres {

class KeyListener {
 public:
  /// @param changed  called on the listener's thread; outlives the listener
  KeyListener(std::string conninfo, std::function<void()> changed);
  ~KeyListener();
  KeyListener(KeyListener const&) = delete;
  KeyListener& operator=(KeyListener const&) = delete;

  void stop();
  /// Whether it hears right now; /readyz shows it.
  [[nodiscard]] bool connected() const { return connected_; }

 private:
  void listen();
  void listen_once();
  void pause();

  std::string conninfo_;
  std::function<void()> changed_;
  std::atomic<bool> stopping_{false};
  std::atomic<bool> connected_{false};
  std::thread thread_;
};

}  // namespace leadex::storage::postgres
