#include "server/delivery/bid_requests.hpp"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "server/crypto/random.hpp"
#include "server/delivery/bid_message.hpp"
#include "server/observe/log.hpp"
#include "server/privacy/sealed_value.hpp"

namespace leadex::delivery {

namespace asio = boost::asio;

namespace {

using market::LiveBid;
using market::LiveBidder;
using std::chrono::milliseconds;

constexpr std::chrono::seconds kSweepEvery{5};
constexpr std::chrono::seconds kLookAgain{1};
constexpr std::size_t kAnswerBytesMax = 4096;
constexpr int kOk = 200;
constexpr int kNoContent = 204;

Timestamp wall_now() {
  return std::chrono::time_point_cast<Micros>(std::chrono::system_clock::now());
}

http::ClientOptions with_answers_cut(http::ClientOptions options) {
  options.answer_bytes_max = kAnswerBytesMax;
  return options;
}

void log_thrown(std::exception_ptr const& thrown) {
  if (thrown) log::error("bid_request.failed", "a request for a bid ended in an exception");
}

/// The most a campaign pays for what was answered.
std::int64_t ceiling(LiveBidder const& bidder, BidReply const& reply) {
  bool const whole = reply.exclusive || bidder.whole_only;
  return whole ? bidder.exclusive_micros : bidder.bid_micros;
}

/// None for an answer that makes no sense.
std::optional<BidReply> reply_of(http::ClientResponse const& response, std::string_view currency) {
  if (response.status == kNoContent) return BidReply{};
  if (response.status != kOk || response.cut) return std::nullopt;
  return read_bid_reply(response.body, currency);
}

}  // namespace

/// One ping's requests, alive until the last has ended; the ping itself may have gone on before.
struct BidRequests::Round {
  Round(asio::io_context& context, market::BidRound given)
      : about(std::move(given)),
        ping_id("breq_" + crypto::hex_encode(crypto::random_bytes(12))),
        start(bid_request_start(about, ping_id,
                                std::max(milliseconds{0}, std::chrono::floor<milliseconds>(
                                                              about.deadline - Clock::now())))),
        over_at(context, about.deadline) {}

  market::BidRound about;
  std::string ping_id;
  std::string start;
  asio::steady_timer over_at;
  std::size_t pending{};
  bool over{};
  std::vector<LiveBid> bids;

  void ended() {
    if (--pending == 0) over_at.cancel();
  }
};

struct BidRequests::Counters {
  explicit Counters(Metrics& metrics)
      : answered(metrics.deliveries("bid_request", "answered")),
        late(metrics.deliveries("bid_request", "late")),
        timed_out(metrics.deliveries("bid_request", "timed_out")),
        failed(metrics.deliveries("bid_request", "failed")),
        skipped(metrics.deliveries("bid_request", "skipped")) {}

  prometheus::Counter& answered;
  prometheus::Counter& late;
  prometheus::Counter& timed_out;
  prometheus::Counter& failed;
  prometheus::Counter& skipped;
};

BidRequests::BidRequests(http::ClientOptions client, BidRequestParts parts,
                         BidRequestOptions options)
    : parts_(parts),
      options_(std::move(options)),
      counters_(parts.metrics != nullptr ? std::make_unique<Counters>(*parts.metrics) : nullptr),
      since_(wall_now()),
      client_(with_answers_cut(std::move(client)), options_.kept),
      work_(asio::make_work_guard(context_)) {
  asio::co_spawn(context_, sweep(), log_thrown);
  thread_ = std::thread([this] { context_.run(); });
}

BidRequests::~BidRequests() { stop(); }

void BidRequests::stop() {
  if (!thread_.joinable()) return;
  stopped_ = true;
  asio::post(context_, [this] {
    stopping_ = true;
    sweep_timer_.cancel();
    work_.reset();
  });
  thread_.join();
  client_.clear();
}

asio::awaitable<std::vector<LiveBid>> BidRequests::ask(market::BidRound round) {
  if (stopped_) co_return std::vector<LiveBid>{};
  co_return co_await asio::co_spawn(context_, ask_here(std::move(round)), asio::use_awaitable);
}

asio::awaitable<void> BidRequests::changed(CampaignId campaign) {
  if (stopped_) co_return;
  co_await asio::co_spawn(context_, changed_here(campaign), asio::use_awaitable);
}

asio::awaitable<market::BidEndpointState> BidRequests::state(CampaignId campaign) {
  if (stopped_) co_return market::BidEndpointState{.since = since_};
  co_return co_await asio::co_spawn(context_, state_here(campaign), asio::use_awaitable);
}

asio::awaitable<std::vector<LiveBid>> BidRequests::ask_here(market::BidRound given) {
  auto const now = Clock::now();
  if (stopping_ || given.deadline <= now) co_return std::vector<LiveBid>{};
  auto const round = std::make_shared<Round>(context_, std::move(given));
  auto const market = round->about.market;
  Bidders unknown;
  std::vector<std::int64_t> stale;
  for (auto const& bidder : round->about.bidders) {
    auto& known = known_[{market, bidder.campaign_no}];
    if (known.version < bidder.version) {
      // Where nothing was found a moment ago, nobody looks again at once.
      bool const looked = known.read && now - *known.read < kLookAgain;
      if (!known.reading && !looked) unknown.push_back(bidder);
      continue;
    }
    bool const old = now - known.read.value_or(now) > options_.target_age_max;
    if (old && !known.reading) stale.push_back(bidder.campaign_no);
    start(round, bidder);
  }
  if (!unknown.empty()) {
    ++round->pending;
    asio::co_spawn(context_, read_then_start(round, std::move(unknown)),
                   [round](std::exception_ptr const& thrown) {
                     log_thrown(thrown);
                     round->ended();
                   });
  }
  if (!stale.empty()) asio::co_spawn(context_, read(market, std::move(stale)), log_thrown);
  if (round->pending > 0) {
    co_await round->over_at.async_wait(asio::as_tuple(asio::use_awaitable));
  }
  round->over = true;
  auto bids = std::move(round->bids);
  std::sort(bids.begin(), bids.end(), [](LiveBid const& one, LiveBid const& other) {
    return one.campaign_no < other.campaign_no;
  });
  co_return bids;
}

/// What is known of it: whether it may be asked at all, then on its way.
void BidRequests::start(std::shared_ptr<Round> const& round, LiveBidder const& bidder) {
  auto& known = known_[{round->about.market, bidder.campaign_no}];
  auto const target = known.target;
  if (!target || round->over) return;
  auto& endpoint = *target->endpoint;
  bool const busy =
      in_flight_ >= options_.in_flight_max || endpoint.in_flight >= options_.per_endpoint_max;
  auto const ticket = busy ? std::nullopt : endpoint.breaker.admit(Clock::now());
  if (!ticket) {
    ++known.counts.skipped;
    if (counters_) counters_->skipped.Increment();
    return;
  }
  ++known.counts.asked;
  ++endpoint.in_flight;
  ++in_flight_;
  ++round->pending;
  asio::co_spawn(context_, request(round, bidder, target, *ticket),
                 [this, round, target](std::exception_ptr const& thrown) {
                   log_thrown(thrown);
                   --target->endpoint->in_flight;
                   --in_flight_;
                   round->ended();
                 });
}

asio::awaitable<void> BidRequests::request(std::shared_ptr<Round> round, LiveBidder bidder,
                                           std::shared_ptr<Target const> target,
                                           CircuitBreaker::Ticket ticket) {
  auto const body = bid_request(round->start, target->campaign_id);
  auto const id = round->ping_id + "_" + target->campaign_id;
  auto const at_s = std::chrono::floor<std::chrono::seconds>(wall_now()).time_since_epoch().count();
  http::ClientRequest sent;
  sent.url = target->url;
  sent.timeout = std::max(milliseconds{1},
                          std::chrono::floor<milliseconds>(round->about.deadline - Clock::now())) +
                 options_.late;
  sent.headers = {{"content-type", "application/json"},
                  {"user-agent", "Leadex"},
                  {"webhook-id", id},
                  {"webhook-timestamp", std::to_string(at_s)},
                  {"webhook-signature", target->secret.sign(id, at_s, body)}};
  sent.body = body;
  auto const response = co_await client_.send(std::move(sent));

  auto const now = Clock::now();
  auto& counts = known_[{round->about.market, bidder.campaign_no}].counts;
  auto& breaker = target->endpoint->breaker;
  auto const reply = response ? reply_of(*response, round->about.settings->currency) : std::nullopt;
  if (!reply) {
    bool const silent = !response && response.error() == http::ClientError::timeout;
    ++(silent ? counts.timed_out : counts.failed);
    if (counters_) (silent ? counters_->timed_out : counters_->failed).Increment();
    breaker.failed(ticket, now);
    co_return;
  }
  if (round->over || now > round->about.deadline) {
    ++counts.late;
    if (counters_) counters_->late.Increment();
    breaker.failed(ticket, now);
    co_return;
  }
  ++counts.answered;
  if (counters_) counters_->answered.Increment();
  breaker.succeeded(ticket);
  if (reply->bid.micros == 0) co_return;
  auto const most = ceiling(bidder, *reply);
  ++counts.bids;
  if (reply->bid.micros > most && !bidder.in_trial) ++counts.cut;
  round->bids.push_back({bidder.campaign_no, std::min(reply->bid.micros, most), reply->exclusive});
}

asio::awaitable<void> BidRequests::read_then_start(std::shared_ptr<Round> round, Bidders bidders) {
  std::vector<std::int64_t> campaigns;
  for (auto const& bidder : bidders) campaigns.push_back(bidder.campaign_no);
  co_await read(round->about.market, std::move(campaigns));
  for (auto const& bidder : bidders) {
    auto const known = known_.find({round->about.market, bidder.campaign_no});
    // Its latest version may not be committed yet: that one is asked from the next ping on.
    bool const there = known != known_.end() && known->second.version >= bidder.version;
    if (there) start(round, bidder);
  }
}

asio::awaitable<void> BidRequests::read(MarketNo market, std::vector<std::int64_t> campaigns) {
  for (auto const no : campaigns) known_[{market, no}].reading = true;
  Result<std::vector<storage::BidTarget>, storage::StoreError> found =
      refuse(storage::StoreError::unavailable);
  try {
    found = co_await parts_.targets.find(market, campaigns);
  } catch (std::exception const& error) {
    // A bug, e.g. a row that cannot be read: it must not keep the campaigns from being read again.
    log::error("bid_request.failed", "reading where campaigns bid ended in an exception")
        .field("error", error.what());
  }
  if (!found) {
    log::warn("bid_request.unknown", "where campaigns bid could not be read")
        .field("error", storage::text(found.error()));
  }
  for (auto const no : campaigns) {
    auto& known = known_[{market, no}];
    known.reading = false;
    if (!found) continue;
    known.read = Clock::now();
    known.target.reset();
  }
  if (!found) co_return;
  for (auto const& row : *found) learn(market, row, known_[{market, row.campaign_no}]);
}

void BidRequests::learn(MarketNo market, storage::BidTarget const& row, Known& known) {
  known.version = row.version;
  auto const key = privacy::row_key(row.endpoint_no);
  auto const plain = privacy::SecretBox(parts_.keys)
                         .open({"webhook_endpoint", 0, key, "secret_sealed"}, row.secret_sealed);
  auto secret = plain ? crypto::WebhookSecret::parse(plain->view()) : std::nullopt;
  if (!secret) {
    log::error("bid_request.secret", "a secret that signs requests for bids does not open")
        .field("endpoint_no", row.endpoint_no);
    return;
  }
  known.target = std::make_shared<Target const>(
      Target{row.url, parts_.ids.seal(CampaignId{market, row.campaign_no}), std::move(*secret),
             endpoint_of(row.buyer_no, row.url)});
}

std::shared_ptr<BidRequests::Endpoint> BidRequests::endpoint_of(std::int64_t buyer_no,
                                                                std::string const& url) {
  auto& kept = endpoints_[{buyer_no, url}];
  if (auto known = kept.lock()) return known;
  auto fresh = std::make_shared<Endpoint>(Endpoint{CircuitBreaker{options_.breaker}, 0});
  kept = fresh;
  return fresh;
}

asio::awaitable<void> BidRequests::changed_here(CampaignId campaign) {
  if (stopping_) co_return;
  co_await read(campaign.market, std::vector{campaign.no});
  auto const known = known_.find(campaign);
  if (known != known_.end() && !known->second.target) known_.erase(known);
}

asio::awaitable<market::BidEndpointState> BidRequests::state_here(CampaignId campaign) {
  market::BidEndpointState state{.since = since_};
  auto const known = known_.find(campaign);
  if (known == known_.end()) co_return state;
  state.counts = known->second.counts;
  auto const& target = known->second.target;
  state.resting = target && target->endpoint->breaker.state() != BreakerState::closed;
  co_return state;
}

/// Closes what rests too long, and forgets endpoints that no campaign names any more.
asio::awaitable<void> BidRequests::sweep() {
  while (!stopping_) {
    client_.drop_idle();
    std::erase_if(endpoints_, [](auto const& entry) { return entry.second.expired(); });
    sweep_timer_.expires_after(kSweepEvery);
    co_await sweep_timer_.async_wait(asio::as_tuple(asio::use_awaitable));
  }
}

}  // namespace leadex::delivery
