#pragma once
// Sender: hands mails to a mail server over SMTP, one after the other on a thread of its own. What
// waits is bounded; whoever needs a mail to get there asks again until it is told that it was
// taken. offer() from any thread.

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "server/mail/message.hpp"

namespace leadex::mail {

struct SenderOptions {
  std::string url;  ///< smtp://host:port or smtps://host:port
  std::string user;
  std::string password;
  std::string from;     ///< mailable
  bool tls_required{};  ///< smtp:// without STARTTLS sends nothing
  std::string ca_file;  ///< PEM; empty: the system's
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::milliseconds timeout{30'000};  ///< of one mail in all
  std::size_t queue_max = 256;
};

enum class Sent : std::uint8_t {
  taken,    ///< by the mail server
  refused,  ///< for good: a 5xx to the address or the mail
  failed,   ///< this time
};

class Sender {
 public:
  /// Called on the sender's thread; it must not block for long or throw.
  using Told = std::function<void(Sent)>;

  explicit Sender(SenderOptions options);
  ~Sender();  ///< stop()
  Sender(Sender const&) = delete;
  Sender& operator=(Sender const&) = delete;

  /// False, and nobody is told, when the queue is full or the sender has stopped.
  /// @param message  its address is mailable
  [[nodiscard]] bool offer(Message message, Told told);

  /// Drops what waits, without telling, and ends after the mail that is on its way.
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace leadex::mail
