#pragma once
// TruthReads: the counts that buyers' reports are tested by (docs/decisions/0013-buyer-truth.md),
// for the job and for staff only. Committed rows only; every read is bounded. Coroutines of any
// executor; each call is one transaction.

#include <boost/asio/awaitable.hpp>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "billing/values/ids.hpp"
#include "billing/values/result.hpp"
#include "billing/values/time.hpp"
#include "matching/quality/finding.hpp"
#include "server/storage/lots.hpp"
#include "server/storage/store_error.hpp"

namespace leadex::storage {

/// Days of sale since 1970, UTC: from the first to the one before `until`.
struct SaleDays {
  std::int32_t from{};
  std::int32_t until{};
};

/// A buyer's cases of one kind; those about single leads by lead.
struct PastCases {
  std::int64_t buyer_no{};
  quality::FindingKind kind{};
  std::int64_t lead_no{};  // 0: of many
  bool open{};
  std::optional<std::int32_t> decided_day;  // of the last one decided
};

/// Sales that are alike as far as the tests tell them apart.
struct SaleSegment {
  std::int64_t generator_no{};
  std::int32_t vehicle{};  // 0 among returns: they are not told apart by it
  std::string event;       // that the sale is paid for; empty among returns
  bool exclusive{};
  bool recycled{};  // sold after its lead had been listed again
  friend auto operator<=>(SaleSegment const&, SaleSegment const&) = default;
};

/// Leads of one segment that one buyer bought on one day. Events are conversions that were reported
/// and that nobody rejected (one that the lead's return ended counts), or returns that stand.
struct EventCounts {
  std::int32_t day{};
  SaleSegment segment;
  std::int64_t buyer_no{};
  std::int64_t leads{};
  std::int64_t events{};
  std::int64_t open{};  // sales that may still get or lose an event, or be no sale at all
};

/// A verified conversion of a sale in the holdout.
struct VerifiedSale {
  std::int64_t buyer_no{};
  std::int32_t day{};  // of the sale
  bool reported{};     // as in EventCounts
  bool open{};         // that may still change
};

struct ReturnedSale {
  std::int64_t return_no{};
  std::int64_t opened_us{};
  std::int64_t buyer_no{};
  std::int64_t lead_no{};
  std::int64_t generator_no{};
  std::int64_t sold_us{};
  bool as_duplicate{};
  bool
      stands{};  // all its money went back, by the buyer's word: the exchange's own data prove none
};

struct ReportedSale {
  std::int64_t conversion_no{};
  std::int64_t told_us{};
  std::int64_t buyer_no{};
  std::int64_t lead_no{};
  std::int64_t at_us{};
  bool stands{};     // nobody rejected it; that its lead was returned does not count as that
  bool confirmed{};  // reported by the buyer itself
};

struct HoldoutCursor {
  std::int64_t sold_us{};
  std::int64_t lead_no{};
  std::int32_t slot{};
};
struct UnverifiedSale {
  SaleId id;
  std::int64_t buyer_no{};
  std::int64_t generator_no{};
  Timestamp sold_at{};
  std::string event;  // to verify
  Timestamp until{};  // its last instant
  bool exclusive{};
};

class TruthReads {
 public:
  static constexpr int kCountsMax = 200'000;  ///< rows of one read of counts
  static constexpr int kDaysMax = 7;          ///< days of one read of counts
  static constexpr int kPageMax = 1000;

  virtual ~TruthReads() = default;
  template <class T>
  using Later = boost::asio::awaitable<Result<T, StoreError>>;

  /// All but those about single leads that were found before `since_us`.
  [[nodiscard]] virtual Later<std::vector<PastCases>> past_cases(MarketNo market,
                                                                 std::int64_t since_us) = 0;
  /// Periods from that day on whose returns were judged, by their first day, in order.
  [[nodiscard]] virtual Later<std::vector<std::int32_t>> judged(MarketNo market,
                                                                std::int32_t from_day) = 0;

  /// Of sales per acquisition. In order of day and segment; as many as kCountsMax may be too few.
  /// @param days  at most kDaysMax
  [[nodiscard]] virtual Later<std::vector<EventCounts>> conversions(MarketNo market,
                                                                    SaleDays days) = 0;
  /// Of sales of leads outside of trials, in the same order and as many. What the exchange's own
  /// data prove is no claim of the buyer: such sales are left out.
  [[nodiscard]] virtual Later<std::vector<EventCounts>> returns(MarketNo market, SaleDays days) = 0;

  /// Of those days of sale, whose windows have ended and whose outcomes were recorded before the
  /// day `days.until`: so what is added later comes later. In order of the day on which both were
  /// so, then of the window's end and of number; as many as kCountsMax may be too few.
  [[nodiscard]] virtual Later<std::vector<VerifiedSale>> verified(MarketNo market,
                                                                  SaleDays days) = 0;

  /// Newest first, at most kPageMax, before that number.
  [[nodiscard]] virtual Later<std::vector<ReturnedSale>> returned(
      MarketNo market, std::optional<std::int64_t> before_no) = 0;
  [[nodiscard]] virtual Later<std::vector<ReportedSale>> reported(
      MarketNo market, std::optional<std::int64_t> before_no) = 0;
  /// What is left of the sealed contacts of at most kPageMax leads; only what opens them is set.
  [[nodiscard]] virtual Later<std::vector<SealedLead>> contacts(
      MarketNo market, std::vector<std::int64_t> lead_nos) = 0;

  /// Sales per acquisition whose outcome nobody has recorded, newest first, at most kPageMax, sold
  /// at or after `since_us`.
  [[nodiscard]] virtual Later<std::vector<UnverifiedSale>> unverified(
      MarketNo market, std::optional<HoldoutCursor> before, std::int64_t since_us) = 0;
};

}  // namespace leadex::storage
