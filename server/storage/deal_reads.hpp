#pragma once
// DealReads: agreed prices and proposals as the two parties and staff see them. Committed rows
// only. Coroutines of any executor; each call is one transaction.

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
#include "server/storage/principal.hpp"
#include "server/storage/store_error.hpp"
#include "server/storage/viewer.hpp"

namespace leadex::storage {

struct DealView {
  DealId id;
  std::string market;  // its name
  std::string currency;
  std::int64_t buyer_no{};
  std::int64_t generator_no{};
  Money price;
  bool exclusive{};
  std::int64_t proposed_by{};
  market::DealState state{};
  Timestamp proposed_at{};
  Timestamp changed_at{};
};

struct DealCursor {
  std::int64_t proposed_us{};
  MarketNo market{};
  std::int64_t deal_no{};
};
struct DealFilter {
  std::optional<DealCursor> before;
  std::optional<MarketNo> market;
  std::vector<market::DealState> states;  // none: all
  int limit = 50;
};

class DealReads {
 public:
  virtual ~DealReads() = default;
  template <class T>
  using Later = boost::asio::awaitable<Result<T, StoreError>>;

  [[nodiscard]] virtual Later<std::vector<DealView>> list(Viewer viewer, DealFilter filter) = 0;
  [[nodiscard]] virtual Later<std::optional<DealView>> find(Viewer viewer, DealId id) = 0;
  /// Of an account, whatever its status.
  [[nodiscard]] virtual Later<std::optional<Role>> role_of(std::int64_t account_no) = 0;
  /// Those in force; without a reserve and a grade when none were set.
  [[nodiscard]] virtual Later<market::SetSourceTerms> source_terms(MarketNo market,
                                                                   std::int64_t generator_no) = 0;
};

}  // namespace leadex::storage
