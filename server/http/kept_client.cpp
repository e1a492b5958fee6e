#include "server/http/kept_client.hpp"

#include <algorithm>

#include "server/http/outgoing.hpp"

namespace leadex::http {

KeptClient::KeptClient(ClientOptions options, KeptClientOptions kept,
                       std::shared_ptr<Resolver> resolver)
    : outgoing_(std::make_unique<Outgoing>(std::move(options), std::move(resolver))), kept_(kept) {}

KeptClient::~KeptClient() = default;

asio::awaitable<Result<ClientResponse, ClientError>> KeptClient::send(ClientRequest request) {
  auto const& options = outgoing_->options();
  auto const timeout = request.timeout.count() > 0 ? request.timeout : options.timeout;
  auto const deadline = Clock::now() + timeout;
  auto const target = check_webhook_url(request.url, options);
  if (!target) co_return refuse(target.error());
  auto const head = Outgoing::head_of(*target, request, false);
  if (!head) co_return refuse(ClientError::request_malformed);
  Peer const peer{target->host, target->port};

  auto kept = take(peer);
  bool const rested = kept.has_value();
  for (int tries = 0;; ++tries) {
    if (!kept) {
      auto made = co_await outgoing_->connect(*target, deadline);
      if (!made) co_return refuse(made.error());
      kept = Kept{std::move(*made), Clock::now(), {}};
    }
    auto answer = co_await outgoing_->exchange(*kept->connection, *head, request, deadline);
    if (answer) {
      if (answer->keeps_alive) put_back(peer, std::move(*kept));
      co_return std::move(answer->response);
    }
    kept.reset();
    // Its peer closed it while the request was on the way.
    bool const stale = answer.error() == ClientError::disconnected && rested && tries == 0;
    if (!stale) co_return refuse(answer.error());
  }
}

bool KeptClient::is_usable(Kept& kept, Clock::time_point now) const {
  return now - kept.rests_since < kept_.idle_time && now - kept.made < kept_.lifetime_max &&
         kept.connection->is_reusable();
}

/// The one that rested last: the others may then rest out their time.
std::optional<KeptClient::Kept> KeptClient::take(Peer const& peer) {
  auto const found = resting_.find(peer);
  if (found == resting_.end()) return std::nullopt;
  auto const now = Clock::now();
  std::optional<Kept> taken;
  while (!taken && !found->second.empty()) {
    auto last = std::move(found->second.back());
    found->second.pop_back();
    --idle_;
    if (is_usable(last, now)) taken = std::move(last);
  }
  if (found->second.empty()) resting_.erase(found);
  return taken;
}

void KeptClient::put_back(Peer const& peer, Kept kept) {
  if (kept_.idle_per_peer_max == 0 || kept_.idle_max == 0) return;
  if (idle_ >= kept_.idle_max) drop_longest_resting();
  auto& queue = resting_[peer];
  if (queue.size() >= kept_.idle_per_peer_max) {
    queue.pop_front();
    --idle_;
  }
  kept.rests_since = Clock::now();
  queue.push_back(std::move(kept));
  ++idle_;
}

void KeptClient::drop_longest_resting() {
  auto const longest =
      std::min_element(resting_.begin(), resting_.end(), [](auto const& one, auto const& other) {
        return one.second.front().rests_since < other.second.front().rests_since;
      });
  if (longest == resting_.end()) return;
  longest->second.pop_front();
  --idle_;
  if (longest->second.empty()) resting_.erase(longest);
}

void KeptClient::drop_idle() {
  auto const now = Clock::now();
  for (auto at = resting_.begin(); at != resting_.end();) {
    idle_ -= std::erase_if(at->second, [&](Kept& kept) { return !is_usable(kept, now); });
    at = at->second.empty() ? resting_.erase(at) : std::next(at);
  }
}

void KeptClient::clear() {
  resting_.clear();
  idle_ = 0;
}

}  // namespace leadex::http
