#pragma once
// ClickStore: placements, and what became of the visits to them. Sold visits are the market's
// writer's; all other counts come from here. Coroutines of any executor; each call is one
// transaction.

#include <boost/asio/awaitable.hpp>
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
#include "server/storage/viewer.hpp"
#include "server/storage/webhooks.hpp"

namespace leadex::storage {

/// What became of a visit. The numbers are stored: new ones go at the end.
enum class VisitOutcome : std::uint8_t {
  charged = 0,
  unsold = 1,    // no campaign wanted it
  not_get = 2,   // HEAD: nobody looked at anything
  prefetch = 3,  // a browser's guess
  bot = 4,
  repeated = 5,        // the visitor was charged for within a day
  velocity = 6,        // too many visits from one address
  paused = 7,          // the placement, or its generator's account
  busy = 8,            // the market could not be asked in time
  sold_on_result = 9,  // to a campaign that pays for what comes of it
};
inline constexpr std::size_t kVisitOutcomes = 10;

struct Placement {
  PlacementId id;
  std::string market;  // its name; set by reads
  std::string currency;
  std::int64_t generator_no{};
  std::string name;
  std::int32_t version{};  // of the market's settings; names the attributes
  std::vector<market::AttributeText> attributes;
  std::string definition;  // the attributes as JSON, as accepted
  std::string fallback_url;
  std::optional<std::string> postback_url;
  bool paused{};
  bool suspended{};  // its generator's account
  Timestamp created_at{};
};

struct PlacementCursor {
  std::int64_t created_us{};
  MarketNo market{};
  std::int64_t placement_no{};
};
struct PlacementFilter {
  std::optional<PlacementCursor> before;
  std::optional<MarketNo> market;
  int limit = 50;
};

/// One more or many of an outcome on a UTC day.
struct VisitCount {
  PlacementId placement;
  std::int32_t day{};  // since 1970
  VisitOutcome outcome{};
  std::int64_t n{};
  Money gross;  // charged ones alone: what comes of others is told by their sales
  Money net;
};

/// What a generator was told of a click's conversion, or will be.
struct PostbackView {
  ConversionId conversion;
  ClickId click;
  std::string event;
  market::ConversionState outcome{};  ///< that is told
  DeliveryStatus status{};
  int attempts{};
  Timestamp next_at{};  ///< while it is waiting
  std::optional<int> last_status;
  std::optional<std::string> last_error;
  std::optional<Timestamp> last_at;
  Timestamp created_at{};
};

class ClickStore {
 public:
  virtual ~ClickStore() = default;
  template <class T>
  using Later = boost::asio::awaitable<Result<T, StoreError>>;

  /// Always true.
  [[nodiscard]] virtual Later<bool> insert(Placement placement) = 0;
  [[nodiscard]] virtual Later<std::vector<Placement>> list(Viewer viewer,
                                                           PlacementFilter filter) = 0;
  [[nodiscard]] virtual Later<std::optional<Placement>> find(Viewer viewer, PlacementId id) = 0;
  /// False when the viewer has no such placement.
  [[nodiscard]] virtual Later<bool> pause(Viewer viewer, PlacementId id, bool paused) = 0;
  /// Newest conversions first. @param before_no  number of the last conversion of the page before
  [[nodiscard]] virtual Later<std::vector<PostbackView>> postbacks(
      Viewer viewer, PlacementId id, std::optional<std::int64_t> before_no, int limit) = 0;
  /// Whosever it is: for a visitor, who has its public id from its generator's page.
  [[nodiscard]] virtual Later<std::optional<Placement>> visited(PlacementId id) = 0;

  /// Adds to the counts, and is always true; never sold ones, which stand in the batch of their
  /// sale.
  [[nodiscard]] virtual Later<bool> add(std::vector<VisitCount> counts) = 0;
  /// By day, the latest first, then by outcome. @param from_day, to_day  both included
  [[nodiscard]] virtual Later<std::vector<VisitCount>> counts(PlacementId id, std::int32_t from_day,
                                                              std::int32_t to_day) = 0;
};

}  // namespace leadex::storage
