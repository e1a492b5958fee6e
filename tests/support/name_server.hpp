#pragma once
// A real name server (Debian's nsd) on loopback for tests, with the zones they ask about. Skips,
// and says so loudly, are the caller's where it is not there. Tests only.

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>

namespace leadex::test {

class NameServer {
 public:
  /// LEADEX_NSD, or what deploy/lib/install.sh unpacked, or the machine's own; empty: none.
  [[nodiscard]] static std::filesystem::path program();
  /// Says loudly when there is none.
  [[nodiscard]] static bool there();

  NameServer();   ///< starts it and waits for its first answer
  ~NameServer();  ///< stops it
  NameServer(NameServer const&) = delete;
  NameServer& operator=(NameServer const&) = delete;

  /// "127.0.0.1:53053", as the setting dns_servers wants it.
  [[nodiscard]] std::string address() const;
  void stop();

 private:
  std::filesystem::path folder_;
  std::uint16_t port_{};
  pid_t pid_{};
};

/// A socket that takes questions and never answers.
class SilentServer {
 public:
  SilentServer();
  ~SilentServer();
  SilentServer(SilentServer const&) = delete;
  SilentServer& operator=(SilentServer const&) = delete;
  [[nodiscard]] std::string address() const;
  /// Datagrams that came so far; they are taken.
  [[nodiscard]] int questions() const;

 private:
  std::uint16_t port_{};  // before the socket, whose making sets it
  int socket_{-1};
};

}  // namespace leadex::test
