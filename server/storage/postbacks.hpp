#pragma once
// PostbackStore: generators are told what came of their clicks; this claims what is due and keeps
// what came of telling it. Rows hold neither addresses nor values: both are read with the claim.
// Coroutines of any executor; each call is one transaction.

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "billing/values/ids.hpp"
#include "billing/values/money.hpp"
#include "billing/values/result.hpp"
#include "billing/values/time.hpp"
#include "matching/market/outcome.hpp"
#include "server/storage/store_error.hpp"
#include "server/storage/webhooks.hpp"

namespace leadex::storage {

/// What this process is sending to a generator already.
struct BusyGenerator {
  std::int64_t tenant_no{};
  std::int64_t in_flight{};
};

struct PostbackClaim {
  Timestamp now{};
  std::int64_t limit{};               ///< in all
  std::int64_t failing_limit{};       ///< of them, to generators whose last attempt failed
  std::int64_t per_tenant{};          ///< in flight, to one generator
  std::int64_t per_failing_tenant{};  ///< in flight, to one whose last attempt failed
  std::vector<BusyGenerator> busy;
  std::vector<std::int64_t> failing;          ///< generators whose last attempt from here failed
  std::chrono::milliseconds lease{};          ///< until then nobody else takes them
  std::chrono::milliseconds give_up_after{};  ///< older ones fail without another attempt
};

/// What is told of a conversion. Nothing in it says who the buyer is.
struct PostbackValues {
  ConversionId conversion;
  ClickId click;
  PlacementId placement;
  market::ConversionState outcome{};
  std::string event;
  std::string transaction_id;
  Timestamp at{};  ///< when it happened
  Money payout;    ///< the generator's part of what was paid for it
  std::string currency;
  std::vector<std::string> subs;  ///< of the click, sub1 first
  std::string attributes;         ///< of the placement, JSON
};

/// A postback to be tried now.
struct ClaimedPostback {
  std::int64_t tenant_no{};  ///< the generator
  int attempts{};            ///< this one counted
  Timestamp created_at{};
  std::string url;  ///< as it was stored, its macros not filled in
  PostbackValues values;
};

struct PostbackOutcome {
  ConversionId conversion;
  int attempts{};  ///< of the claim: an outcome that comes after its lease changes nothing
  DeliveryStatus status{};
  Timestamp now{};
  Timestamp next_at{};  ///< when still waiting
  std::optional<int> last_status;
  std::optional<std::string> last_error;  ///< a word of this program, never the peer's
};

class PostbackStore {
 public:
  virtual ~PostbackStore() = default;
  template <class T>
  using Later = boost::asio::awaitable<Result<T, StoreError>>;

  /// Those that waited longest first, those of failing generators last. Suspended generators are
  /// told nothing; what is too old by then fails, some of it in each call.
  [[nodiscard]] virtual Later<std::vector<ClaimedPostback>> claim(PostbackClaim request) = 0;
  /// Always true.
  [[nodiscard]] virtual Later<bool> finish(PostbackOutcome outcome) = 0;
};

}  // namespace leadex::storage
