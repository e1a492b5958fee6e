#pragma once
// ConversionReads: conversions as their buyer and staff see them, and the counts that estimates are
// made from. Committed rows only. Coroutines of any executor; each call is one transaction.

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "billing/values/ids.hpp"
#include "billing/values/money.hpp"
#include "billing/values/result.hpp"
#include "billing/values/time.hpp"
#include "matching/estimate/estimate_version.hpp"
#include "matching/market/outcome.hpp"
#include "server/storage/store_error.hpp"
#include "server/storage/viewer.hpp"

namespace leadex::storage {

struct ConversionView {
  ConversionId id;
  std::string market;  // its name
  std::string currency;
  SaleId sale;
  bool of_visit{};  // the sale's number is a click's
  std::int64_t buyer_no{};
  std::string event;
  std::string transaction_id;
  Timestamp at{};  // when it happened
  std::optional<Money> value;
  std::optional<Money> price;  // once it is approved
  market::ConversionState state{};
  bool confirmed{};                    // reported by its buyer
  std::optional<Timestamp> decide_by;  // pending: silence approves it then
  Timestamp told_at{};
  Timestamp moved_at{};
};

struct ConversionCursor {
  std::int64_t told_us{};
  MarketNo market{};
  std::int64_t conversion_no{};
};
struct ConversionFilter {
  std::optional<ConversionCursor> before;
  std::optional<MarketNo> market;
  std::vector<market::ConversionState> states;  // none: all
  int limit = 50;
};

/// What a conversion can be of.
struct BoughtSale {
  SaleId id;
  std::int64_t campaign_no{};
  PricingModel model{};
  std::int64_t sold_us{};
  std::string event;  // that is paid for; empty where nothing that comes later is
};

/// Counts of one campaign's leads, or visits, from one generator on one day.
struct SoldCounts {
  bool per_acquisition{};
  bool visits{};
  estimate::Cohort cohort;
};
struct CountedDays {
  std::int32_t from{};     // days since 1970, UTC
  std::int32_t as_of{};    // the first day not counted
  std::int64_t buckets{};  // of conversions, 1 … estimate::kBucketsMax
};

class ConversionReads {
 public:
  virtual ~ConversionReads() = default;
  template <class T>
  using Later = boost::asio::awaitable<Result<T, StoreError>>;

  /// Newest first.
  [[nodiscard]] virtual Later<std::vector<ConversionView>> list(Viewer viewer,
                                                                ConversionFilter filter) = 0;
  [[nodiscard]] virtual Later<std::optional<ConversionView>> find(Viewer viewer,
                                                                  ConversionId id) = 0;
  /// The buyer's latest sale of the lead, or the click, of that number, if it has one.
  [[nodiscard]] virtual Later<std::optional<BoughtSale>> bought(std::int64_t buyer_no,
                                                                LeadId number) = 0;

  /// Of leads sold to campaigns; clicks, which cannot be returned, are left out.
  [[nodiscard]] virtual Later<std::vector<SoldCounts>> sold_counts(MarketNo market,
                                                                   CountedDays days) = 0;
  /// The last version of each of the newest `limit` days that have any, ascending.
  [[nodiscard]] virtual Later<std::vector<estimate::EstimateVersion>> estimates(MarketNo market,
                                                                                int limit) = 0;
};

}  // namespace leadex::storage
