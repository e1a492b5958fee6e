#pragma once
// MailServer: a real mail server on loopback for tests, and sockets that are none.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace leadex::test {

/// A TCP socket that listens on loopback; accepts nothing.
class Listener {
 public:
  Listener() : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    if (::bind(socket_, any, size) != 0 || ::listen(socket_, 8) != 0 ||
        ::getsockname(socket_, any, &size) != 0) {
      throw std::runtime_error("no port");
    }
    port_ = ntohs(address.sin_port);
  }
  ~Listener() { ::close(socket_); }
  Listener(Listener const&) = delete;
  Listener& operator=(Listener const&) = delete;
  [[nodiscard]] int port() const { return port_; }

 private:
  int socket_;
  int port_{};
};

inline int free_port() { return Listener{}.port(); }

/// Debian's aiosmtpd, which keeps what it gets in a Maildir. It has no mailbox `nobody`: such an
/// address is refused for good.
class MailServer {
 public:
  MailServer() : port_(free_port()) {
    std::string folder = (std::filesystem::temp_directory_path() / "leadex-mail.XXXXXX").string();
    if (::mkdtemp(folder.data()) == nullptr) throw std::runtime_error("no folder");
    folder_ = folder;
    std::ofstream(folder_ / "leadex_box.py")
        << "from aiosmtpd.handlers import Mailbox\n\n\nclass Box(Mailbox):\n"
           "    async def handle_RCPT(self, server, session, envelope, address, options):\n"
           "        if address.startswith('nobody@'):\n            return '550 no such mailbox'\n"
           "        envelope.rcpt_tos.append(address)\n        return '250 OK'\n";
    ::setenv("PYTHONPATH", folder_.c_str(), 1);
    auto listen = "127.0.0.1:" + std::to_string(port_);
    auto box = (folder_ / "box").string();
    std::array<std::string, 8> words{"aiosmtpd",       "-n", "-l", listen, "-c",
                                     "leadex_box.Box", box,  ""};
    std::array<char*, 8> arguments{};
    for (std::size_t i = 0; i + 1 < words.size(); ++i) arguments.at(i) = words.at(i).data();
    if (::posix_spawn(&pid_, "/usr/bin/aiosmtpd", nullptr, nullptr, arguments.data(), environ) != 0)
      throw std::runtime_error("aiosmtpd is not installed");
    wait();
  }
  ~MailServer() {
    ::kill(pid_, SIGTERM);
    ::waitpid(pid_, nullptr, 0);
    std::filesystem::remove_all(folder_);
  }
  MailServer(MailServer const&) = delete;
  MailServer& operator=(MailServer const&) = delete;

  [[nodiscard]] std::string url() const { return "smtp://127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] std::vector<std::string> mails() const {
    std::vector<std::string> found;
    auto const fresh = folder_ / "box" / "new";
    if (!std::filesystem::exists(fresh)) return found;
    for (auto const& entry : std::filesystem::directory_iterator(fresh)) {
      std::ifstream file(entry.path(), std::ios::binary);
      found.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    }
    return found;
  }

 private:
  void wait() const {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port_));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (int i = 0; i < 300; ++i) {
      int const one = ::socket(AF_INET, SOCK_STREAM, 0);
      bool const up = ::connect(one, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
      ::close(one);
      if (up) return;
      std::this_thread::sleep_for(std::chrono::milliseconds{100});
    }
    throw std::runtime_error("aiosmtpd did not come up");
  }

  int port_;
  std::filesystem::path folder_;
  pid_t pid_{};
};

}  // namespace leadex::test
