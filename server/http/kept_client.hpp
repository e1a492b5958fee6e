#pragma once
// KeptClient: the outgoing client for peers that are asked again and again within milliseconds. The
// same rules on targets as Client; connections rest between requests and are used again. All calls
// on one executor that runs one thing at a time; connections belong to it, so clear() comes before
// its end.

#include <deque>
#include <map>

#include "server/http/client.hpp"

namespace leadex::http {

struct KeptClientOptions {
  std::size_t idle_per_peer_max = 32;               ///< connections of one host and port that rest
  std::size_t idle_max = 1024;                      ///< of all
  std::chrono::milliseconds idle_time{20'000};      ///< then a resting connection is closed
  std::chrono::milliseconds lifetime_max{300'000};  ///< then the name is resolved and judged anew
};

class Connection;
class Outgoing;

class KeptClient {
 public:
  /// Throws std::runtime_error when `ca_file` cannot be read.
  KeptClient(ClientOptions options, KeptClientOptions kept,
             std::shared_ptr<Resolver> resolver = nullptr);
  ~KeptClient();
  KeptClient(KeptClient const&) = delete;
  KeptClient& operator=(KeptClient const&) = delete;

  /// One request on a resting connection to the URL's host and port, or on a new one. A resting one
  /// that turns out closed is replaced once: only for requests that may arrive twice. No redirect.
  [[nodiscard]] asio::awaitable<Result<ClientResponse, ClientError>> send(ClientRequest request);

  /// Closes what has rested or lived too long, or was closed by its peer.
  void drop_idle();
  /// Closes all that rest.
  void clear();
  [[nodiscard]] std::size_t idle() const { return idle_; }

 private:
  using Clock = std::chrono::steady_clock;
  using Peer = std::pair<std::string, std::uint16_t>;
  struct Kept {
    std::unique_ptr<Connection> connection;
    Clock::time_point made;
    Clock::time_point rests_since;
  };

  [[nodiscard]] bool is_usable(Kept& kept, Clock::time_point now) const;
  [[nodiscard]] std::optional<Kept> take(Peer const& peer);
  void put_back(Peer const& peer, Kept kept);
  void drop_longest_resting();

  std::unique_ptr<Outgoing> outgoing_;
  KeptClientOptions kept_;
  std::map<Peer, std::deque<Kept>> resting_;  // the latest last; no empty queue
  std::size_t idle_ = 0;
};

}  // namespace leadex::http
