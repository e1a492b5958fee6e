#pragma once
// DeliveryStore: what the workers of server/delivery need of the database: following a market's
// batches, claiming what is due, telling what came of it. Coroutines of any executor; each call is
// one transaction.

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "billing/values/ids.hpp"
#include "billing/values/result.hpp"
#include "billing/values/time.hpp"
#include "server/storage/sale_reads.hpp"
#include "server/storage/store_error.hpp"
#include "server/storage/webhooks.hpp"

namespace leadex::storage {

struct FanOutBatch {
  std::int64_t seq{};
  std::string body;  ///< market::read_body reads it
};

using SaleKey = std::pair<std::int64_t, std::int32_t>;  ///< lead, slot
struct SaleParties {
  std::int64_t buyer_no{};
  std::int64_t generator_no{};
};

/// An active endpoint as the fan-out matches it.
struct Subscription {
  std::int64_t endpoint_no{};
  std::int64_t tenant_no{};
  std::vector<std::string> events;
};

struct NewDelivery {
  std::int64_t endpoint_no{};
  EventKey event;
  std::string event_type;
  bool confirms{};
};

/// A conversion that its generator may have asked to be told of.
struct NewPostback {
  std::int64_t conversion_no{};
  std::int64_t lead_no{};  ///< of its sale
  market::ConversionState outcome{};
};

/// One step of a market's fan-out. Lives for the job only, on the pool's thread.
class FanOutTx {
 public:
  virtual ~FanOutTx() = default;
  /// The batches after the cursor, without a gap.
  [[nodiscard]] virtual std::vector<FanOutBatch> const& batches() const = 0;
  [[nodiscard]] virtual std::map<SaleKey, SaleParties> parties(
      std::vector<SaleKey> const& keys) = 0;
  [[nodiscard]] virtual std::map<std::int64_t, std::int64_t> lead_owners(
      std::vector<std::int64_t> const& leads) = 0;
  /// Per campaign its definitions as accepted, newest first, at most 16.
  [[nodiscard]] virtual std::map<std::int64_t, std::vector<std::string>> definitions(
      std::vector<std::int64_t> const& campaigns) = 0;
  [[nodiscard]] virtual std::vector<Subscription> subscriptions(
      std::vector<std::int64_t> const& tenants) = 0;
  /// Each once per job.
  virtual void insert(std::span<EventRow const> events) = 0;
  virtual void insert(std::span<NewDelivery const> deliveries, Timestamp now) = 0;
  /// Of those that are of clicks, where the placement names a link.
  virtual void insert(std::span<NewPostback const> postbacks, Timestamp now) = 0;
};

struct FanOutStep {
  bool taken{};              ///< false: another process is at this market
  std::size_t batches{};     ///< followed
  std::size_t deliveries{};  ///< made
  bool more{};               ///< there may be further batches
};

/// What this process is sending to an endpoint already.
struct BusyEndpoint {
  std::int64_t endpoint_no{};
  std::int64_t in_flight{};
};

struct ClaimRequest {
  Timestamp now{};
  std::int64_t limit{};                 ///< deliveries, healthy and failing endpoints together
  std::int64_t failing_limit{};         ///< of them to endpoints whose last attempt failed
  std::int64_t per_endpoint{};          ///< in flight, to a healthy one
  std::int64_t per_failing_endpoint{};  ///< to one whose last attempt failed
  std::vector<BusyEndpoint> busy;
  std::vector<MarketNo> markets;      ///< whose sales can be confirmed from here
  std::chrono::milliseconds lease{};  ///< until then nobody else takes them
};

/// The sealed contact of a sold lead, present only where it may be sent with this delivery.
struct ClaimedContact {
  std::int32_t kek_id{};
  std::string key_wrapped;
  std::string contact_sealed;
};

struct ClaimedReturn {
  SaleId sale;
  market::ReturnState state{};
  std::uint8_t ruling{};
  std::string reason;
  Money credited;
  std::string currency;
};

/// A delivery to be tried now, with all its body is made of, as of the claim.
struct ClaimedDelivery {
  WebhookDelivery delivery;  ///< attempts count this one
  WebhookEndpoint endpoint;
  EventRow event;
  std::string market;            ///< its name; empty: of the exchange
  std::optional<SaleView> sale;  ///< when the subject is a sale
  std::optional<ClaimedContact> contact;
  std::optional<ClaimedReturn> returned;  ///< when the subject is a return or dispute
};

enum class EndpointHealth : std::uint8_t { unchanged, good, failing, gone };

struct DeliveryOutcome {
  std::int64_t delivery_no{};
  std::int64_t endpoint_no{};
  int attempts{};  ///< of the claim: an outcome that comes after its lease changes nothing
  DeliveryStatus status{};
  Timestamp now{};
  Timestamp next_at{};  ///< when still waiting
  std::optional<int> last_status;
  std::optional<std::string> last_error;
  EndpointHealth health{};
  std::optional<Timestamp> paused_until;   ///< of the endpoint
  Timestamp disable_when_failing_since{};  ///< an endpoint failing since before is disabled
};

class DeliveryStore {
 public:
  virtual ~DeliveryStore() = default;
  template <class T>
  using Later = boost::asio::awaitable<Result<T, StoreError>>;
  using FanOutJob = std::function<void(FanOutTx&)>;

  /// Markets with batches that no fan-out has followed yet.
  [[nodiscard]] virtual Later<std::vector<MarketNo>> markets_behind() = 0;
  /// Takes the market for one transaction, gives `job` (copyable; may run again) the next batches,
  /// at most `batches_max`, and moves the cursor behind them: what the job inserts is there exactly
  /// once. What it throws undoes all.
  [[nodiscard]] virtual Later<FanOutStep> fan_out(MarketNo market, int batches_max,
                                                  FanOutJob job) = 0;

  /// Makes the deliveries of events told outside the markets' batches, at most `limit` events.
  [[nodiscard]] virtual Later<FanOutStep> fan_out_own(int limit, Timestamp now) = 0;

  [[nodiscard]] virtual Later<std::vector<ClaimedDelivery>> claim(ClaimRequest request) = 0;
  /// @return whether the endpoint was disabled by this
  [[nodiscard]] virtual Later<bool> finish(DeliveryOutcome outcome) = 0;
};

}  // namespace leadex::storage
