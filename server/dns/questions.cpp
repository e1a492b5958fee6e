#include "server/dns/questions.hpp"

#include <ares.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <map>
#include <mutex>
#include <span>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

namespace leadex::dns {
namespace {

constexpr int kClassInternet = 1;
constexpr int kEdnsBytes = 1232;  // fits every path whole; longer answers come over TCP
constexpr auto kWakeAtLeast = std::chrono::seconds{1};

// ares_library_init counts its users and is not safe to call from two threads.
void begin_library() {
  static std::once_flag once;
  std::call_once(once, [] {
    if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS) {
      throw std::runtime_error("c-ares cannot start.");
    }
  });
}

struct FreeChannel {
  void operator()(ares_channeldata* channel) const { ares_destroy(channel); }
};
using Channel = std::unique_ptr<ares_channeldata, FreeChannel>;

struct Asked {
  RecordType type{};
  std::function<void(Reply const&)> reply;
};

ReplyKind kind_of(int status) {
  switch (status) {
    case ARES_SUCCESS:
      return ReplyKind::answered;
    case ARES_ENODATA:
      return ReplyKind::no_data;
    case ARES_ENOTFOUND:
      return ReplyKind::no_name;
    case ARES_ETIMEOUT:
    case ARES_ECONNREFUSED:
    case ARES_ECANCELLED:
    case ARES_EDESTRUCTION:
      return ReplyKind::silent;
    default:
      return ReplyKind::failed;
  }
}

void on_reply(void* context, int status, int /*timeouts*/, unsigned char* bytes, int size) {
  std::unique_ptr<Asked> const asked{static_cast<Asked*>(context)};
  Reply reply{.kind = kind_of(status), .answer = {}};
  bool const said = reply.kind != ReplyKind::failed && reply.kind != ReplyKind::silent;
  if (said && bytes != nullptr && size > 0) {
    auto const answer = read_answer({bytes, static_cast<std::size_t>(size)}, asked->type);
    if (answer) {
      reply.answer = *answer;
    } else {
      reply.kind = ReplyKind::failed;
    }
  }
  asked->reply(reply);
}

}  // namespace

class Questions::Loop {
 public:
  explicit Loop(QuestionOptions const& options) {
    begin_library();
    open_channel(options);
    wake_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (wake_ < 0) throw std::runtime_error("No event for the name questions.");
    thread_ = std::thread{[this] { run(); }};
  }
  ~Loop() {
    stop();
    close(wake_);
  }
  Loop(Loop const&) = delete;
  Loop& operator=(Loop const&) = delete;

  void stop() {
    {
      std::lock_guard const lock(guard_);
      if (std::exchange(stopping_, true)) return;
    }
    wake();
    thread_.join();
  }

  void post(std::function<void()> work) {
    {
      std::lock_guard const lock(guard_);
      if (stopping_) return;
      work_.push_back(std::move(work));
    }
    wake();
  }

  void ask(std::string const& name, RecordType type, std::function<void(Reply const&)> reply) {
    if (closing_) return;
    auto asked = std::make_unique<Asked>(Asked{type, std::move(reply)});
    ares_query(channel_.get(), name.c_str(), kClassInternet, static_cast<int>(type), on_reply,
               asked.release());
  }

 private:
  void open_channel(QuestionOptions const& options) {
    // Nothing of this machine's own resolver settings: neither its search list nor its hosts file.
    std::string lookups = "b";
    std::string no_file = "/dev/null";
    ares_options wanted{};
    wanted.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES | ARES_FLAG_EDNS;
    wanted.timeout = static_cast<int>(options.try_timeout.count());
    wanted.tries = options.tries;
    wanted.ednspsz = kEdnsBytes;
    wanted.lookups = lookups.data();
    wanted.resolvconf_path = no_file.data();
    wanted.sock_state_cb = [](void* self, ares_socket_t socket, int readable, int writable) {
      static_cast<Loop*>(self)->watch(socket, readable != 0, writable != 0);
    };
    wanted.sock_state_cb_data = this;
    constexpr int kMask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_EDNSPSZ |
                          ARES_OPT_LOOKUPS | ARES_OPT_RESOLVCONF | ARES_OPT_SOCK_STATE_CB;
    ares_channel channel = nullptr;
    if (ares_init_options(&channel, &wanted, kMask) != ARES_SUCCESS) {
      throw std::runtime_error("c-ares cannot be set up.");
    }
    channel_.reset(channel);
    if (options.servers.empty() ||
        ares_set_servers_ports_csv(channel, options.servers.c_str()) != ARES_SUCCESS) {
      throw std::runtime_error("The list of name servers cannot be read.");
    }
  }

  void watch(int socket, bool readable, bool writable) {
    if (!readable && !writable) {
      watched_.erase(socket);
      return;
    }
    watched_[socket] = static_cast<short>((readable ? POLLIN : 0) | (writable ? POLLOUT : 0));
  }

  void wake() const {
    std::uint64_t const one = 1;
    [[maybe_unused]] auto const written = write(wake_, &one, sizeof one);  // full: it wakes anyway
  }

  void run() {
    while (do_posted()) {
      wait();
    }
    closing_ = true;
    ares_cancel(channel_.get());
  }

  /// False once it is to stop.
  bool do_posted() {
    std::vector<std::function<void()>> work;
    {
      std::lock_guard const lock(guard_);
      if (stopping_) return false;
      work.swap(work_);
    }
    for (auto const& one : work) one();
    return true;
  }

  void wait() {
    std::vector<pollfd> sockets{{.fd = wake_, .events = POLLIN, .revents = 0}};
    for (auto const& [socket, events] : watched_) sockets.push_back({socket, events, 0});
    timeval most{.tv_sec = kWakeAtLeast.count(), .tv_usec = 0};
    timeval room{};
    auto const* const until = ares_timeout(channel_.get(), &most, &room);
    auto const wait_ms = static_cast<int>(until->tv_sec * 1000 + until->tv_usec / 1000 + 1);
    poll(sockets.data(), sockets.size(), wait_ms);
    if (sockets.front().revents != 0) {
      std::uint64_t count = 0;
      [[maybe_unused]] auto const got = read(wake_, &count, sizeof count);
    }
    for (auto const& socket : std::span{sockets}.subspan(1)) {
      bool const in = (socket.revents & (POLLIN | POLLERR | POLLHUP)) != 0;
      bool const out = (socket.revents & POLLOUT) != 0;
      if (!in && !out) continue;
      ares_process_fd(channel_.get(), in ? socket.fd : ARES_SOCKET_BAD,
                      out ? socket.fd : ARES_SOCKET_BAD);
    }
    ares_process_fd(channel_.get(), ARES_SOCKET_BAD, ARES_SOCKET_BAD);  // what ran out of time
  }

  std::map<int, short> watched_;  // before the channel, which closes its sockets as it ends
  Channel channel_;
  int wake_ = -1;
  bool closing_ = false;  // of the thread alone
  std::mutex guard_;
  bool stopping_ = false;                    // under guard_
  std::vector<std::function<void()>> work_;  // under guard_
  std::thread thread_;
};

Questions::Questions(QuestionOptions const& options) : loop_(std::make_unique<Loop>(options)) {}
Questions::~Questions() = default;

void Questions::stop() { loop_->stop(); }

void Questions::post(std::function<void()> work) { loop_->post(std::move(work)); }

void Questions::ask(std::string const& name, RecordType type,
                    std::function<void(Reply const&)> reply) {
  loop_->ask(name, type, std::move(reply));
}

}  // namespace leadex::dns
