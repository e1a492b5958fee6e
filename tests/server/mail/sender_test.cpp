// Mails handed to a real mail server on loopback, and to what is none.

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <future>
#include <sstream>
#include <thread>

#include "server/crypto/bytes.hpp"
#include "server/mail/sender.hpp"

namespace leadex::mail {
namespace {

using namespace std::chrono_literals;

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

int free_port() { return Listener{}.port(); }

/// Debian's aiosmtpd, which keeps what it gets in a Maildir.
class MailServer {
 public:
  MailServer() : port_(free_port()) {
    std::string folder = (std::filesystem::temp_directory_path() / "leadex-mail.XXXXXX").string();
    if (::mkdtemp(folder.data()) == nullptr) throw std::runtime_error("no folder");
    folder_ = folder;
    auto listen = "127.0.0.1:" + std::to_string(port_);
    auto box = (folder_ / "box").string();
    std::array<std::string, 8> words{
        "aiosmtpd", "-n", "-l", listen, "-c", "aiosmtpd.handlers.Mailbox", box, ""};
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
      std::this_thread::sleep_for(100ms);
    }
    throw std::runtime_error("aiosmtpd did not come up");
  }

  int port_;
  std::filesystem::path folder_;
  pid_t pid_{};
};

SenderOptions options_for(std::string url) {
  SenderOptions options;
  options.url = std::move(url);
  options.from = "leads@forms.example.com";
  options.connect_timeout = 2s;
  options.timeout = 5s;
  return options;
}

std::future<Sent> offered(Sender& sender, Message message) {
  auto promise = std::make_shared<std::promise<Sent>>();
  auto future = promise->get_future();
  EXPECT_TRUE(sender.offer(std::move(message), [promise](Sent sent) { promise->set_value(sent); }));
  return future;
}

TEST(MailSender, HandsAMailToARealServer) {
  MailServer const server;
  Sender sender{options_for(server.url())};
  auto first = offered(sender, {"ann@example.org", "Gr\xC3\xBC\xC3\x9F", "One.\n.\nTwo.\n"});
  auto second = offered(sender, {"bob@example.org", "Again", "Three."});
  ASSERT_EQ(first.get(), Sent::taken);
  ASSERT_EQ(second.get(), Sent::taken);
  auto const mails = server.mails();
  ASSERT_EQ(mails.size(), 2U);
  auto const& mail = mails[mails[0].find("To: <ann@example.org>") != std::string::npos ? 0 : 1];
  EXPECT_NE(mail.find("From: <leads@forms.example.com>"), std::string::npos) << mail;
  EXPECT_NE(mail.find("Subject: =?UTF-8?B?R3LDvMOf?="), std::string::npos) << mail;
  EXPECT_NE(mail.find(crypto::base64_encode("One.\r\n.\r\nTwo.\r\n")), std::string::npos) << mail;
}

TEST(MailSender, SendsNothingWithoutTlsWhereItIsRequired) {
  MailServer const server;
  auto options = options_for(server.url());
  options.tls_required = true;
  Sender sender{options};
  EXPECT_EQ(offered(sender, {"ann@example.org", "Hi", "Hi"}).get(), Sent::failed);
  EXPECT_TRUE(server.mails().empty());
}

TEST(MailSender, GivesUpOnAServerThatIsSilentOrNotThere) {
  Sender nobody{options_for("smtp://127.0.0.1:" + std::to_string(free_port()))};
  EXPECT_EQ(offered(nobody, {"ann@example.org", "Hi", "Hi"}).get(), Sent::failed);
  Listener const silent;
  auto options = options_for("smtp://127.0.0.1:" + std::to_string(silent.port()));
  options.timeout = 500ms;
  Sender waiting{options};
  auto const before = std::chrono::steady_clock::now();
  EXPECT_EQ(offered(waiting, {"ann@example.org", "Hi", "Hi"}).get(), Sent::failed);
  EXPECT_LT(std::chrono::steady_clock::now() - before, 5s);
}

TEST(MailSender, KeepsABoundedQueueAndDropsItWhenItStops) {
  Listener const silent;
  auto options = options_for("smtp://127.0.0.1:" + std::to_string(silent.port()));
  options.timeout = 1s;
  options.queue_max = 3;
  Sender sender{options};
  int taken = 0;
  for (int i = 0; i < 20; ++i) {
    taken += sender.offer({"ann@example.org", "Hi", "Hi"}, [](Sent) {}) ? 1 : 0;
  }
  EXPECT_GE(taken, 3);
  EXPECT_LE(taken, 4) << "three that wait, one on its way";
  sender.stop();
  EXPECT_FALSE(sender.offer({"ann@example.org", "Hi", "Hi"}, [](Sent) {}));
}

}  // namespace
}  // namespace leadex::mail
