#include "tests/support/name_server.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <thread>

namespace leadex::test {

namespace {

namespace fs = std::filesystem;

// Names under zone.test: what each has is what the tests ask for. `negative` is how long "there is
// none" holds.
constexpr std::string_view kZone = R"($ORIGIN zone.test.
$TTL 300
@ 300 IN SOA ns root 1 3600 600 86400 2
@ IN NS ns
ns IN A 127.0.0.1
mx IN MX 10 mail.elsewhere.example.
two IN MX 10 mail.elsewhere.example.
two IN MX 20 other.elsewhere.example.
null IN MX 0 .
nullandmore IN MX 0 .
nullandmore IN MX 10 mail.elsewhere.example.
aonly IN A 192.0.2.1
sixonly IN AAAA 2001:db8::1
textonly IN TXT "no mail here"
short 1 IN MX 10 mail.elsewhere.example.
alias IN CNAME mx
dangling IN CNAME nowhere
onward IN CNAME aonly
xn--bcher-kva IN MX 10 mail.elsewhere.example.
)";

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

int bound_socket(std::uint16_t& port) {
  int const made = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  auto address = loopback(0);
  socklen_t size = sizeof address;
  if (made < 0 || bind(made, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      getsockname(made, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw std::system_error(errno, std::generic_category(), "no loopback socket");
  }
  port = ntohs(address.sin_port);
  return made;
}

std::string long_answer() {
  std::string zone;
  for (int i = 0; i < 80; ++i) {
    zone += "big IN MX " + std::to_string(i) + " a-long-name-of-a-mail-exchange-" +
            std::to_string(i) + ".elsewhere.example.\n";
  }
  return zone;
}

void write_files(fs::path const& folder, std::uint16_t port) {
  std::ofstream{folder / "zone.test"} << kZone << long_answer();
  auto const path = [&](char const* name) { return (folder / name).string(); };
  std::ofstream{folder / "nsd.conf"}
      << "server:\n  ip-address: 127.0.0.1@" << port << "\n  port: " << port
      << "\n  database: \"\"\n  username: \"\"\n  chroot: \"\"\n  zonesdir: \"" << folder.string()
      << "\"\n  pidfile: \"\"\n  logfile: \"" << path("log") << "\"\n  xfrdfile: \"" << path("xfrd")
      << "\"\n  zonelistfile: \"" << path("zones") << "\"\n  xfrdir: \"" << folder.string()
      << "\"\n  cookie-secret-file: \"\"\n  server-count: 1\n  rrl-ratelimit: 0\n"
      << "remote-control:\n  control-enable: no\n"
      << "zone:\n  name: zone.test\n  zonefile: zone.test\n"
      << "zone:\n  name: broken.test\n  zonefile: is-not-there\n";
}

/// A plain question for the SOA of zone.test; any answer will do.
bool answers(std::uint16_t port) {
  constexpr std::array<unsigned char, 27> kQuestion{0,   1,   0,   0,   0,   1,   0,   0,   0,
                                                    0,   0,   0,   4,   'z', 'o', 'n', 'e', 4,
                                                    't', 'e', 's', 't', 0,   0,   6,   0,   1};
  std::uint16_t own = 0;
  int const asking = bound_socket(own);
  auto const to = loopback(port);
  sendto(asking, kQuestion.data(), kQuestion.size(), 0, reinterpret_cast<sockaddr const*>(&to),
         sizeof to);
  pollfd wait{asking, POLLIN, 0};
  std::array<char, 512> answer{};
  bool const said = poll(&wait, 1, 100) == 1 && recv(asking, answer.data(), answer.size(), 0) > 12;
  close(asking);
  return said;
}

}  // namespace

fs::path NameServer::program() {
  if (char const* const named = std::getenv("LEADEX_NSD")) return named;
  for (fs::path path : {fs::path{"build/deps/nsd/usr/sbin/nsd"}, fs::path{"/usr/sbin/nsd"}}) {
    if (fs::exists(path)) return path;
  }
  return {};
}

bool NameServer::there() {
  if (!program().empty()) return true;
  std::cerr
      << "\n*** NO NAME SERVER (nsd): run deploy/lib/install.sh test; this test proves nothing "
         "now ***\n\n";
  return false;
}

NameServer::NameServer() {
  std::string name = (fs::temp_directory_path() / "leadex-nsd.XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no folder for the name server");
  folder_ = name;
  close(bound_socket(port_));
  write_files(folder_, port_);
  auto const path = program().string();
  auto const config = (folder_ / "nsd.conf").string();
  pid_ = fork();
  if (pid_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    int const nowhere = open("/dev/null", O_RDWR);
    dup2(nowhere, STDOUT_FILENO);
    dup2(nowhere, STDERR_FILENO);
    execl(path.c_str(), "nsd", "-d", "-c", config.c_str(), nullptr);
    _exit(127);
  }
  for (int i = 0; i < 200; ++i) {
    if (answers(port_)) return;
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
  }
  std::ifstream log{folder_ / "log"};
  std::cerr << log.rdbuf();
  throw std::runtime_error("the name server does not answer");
}

NameServer::~NameServer() {
  stop();
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

void NameServer::stop() {
  if (pid_ <= 0) return;
  kill(pid_, SIGTERM);
  waitpid(pid_, nullptr, 0);
  pid_ = 0;
}

std::string NameServer::address() const { return "127.0.0.1:" + std::to_string(port_); }

SilentServer::SilentServer() : socket_(bound_socket(port_)) {}

SilentServer::~SilentServer() { close(socket_); }

std::string SilentServer::address() const { return "127.0.0.1:" + std::to_string(port_); }

int SilentServer::questions() const {
  std::array<char, 512> question{};
  int count = 0;
  while (recv(socket_, question.data(), question.size(), MSG_DONTWAIT) > 0) ++count;
  return count;
}

}  // namespace leadex::test
