#pragma once
// FindingRows: cases about buyers that statistics opened and staff decides, which periods were
// judged, and what was verified of sales in the holdout without their buyers. Nothing here moves
// money. Used inside one database job.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "billing/values/ids.hpp"
#include "billing/values/pricing_model.hpp"
#include "billing/values/time.hpp"
#include "matching/quality/finding.hpp"

namespace leadex::storage {

/// The numbers are stored.
enum class FindingState : std::uint8_t { open = 0, upheld = 1, dismissed = 2 };
inline constexpr std::array<std::string_view, 3> kFindingStateTexts{"open", "upheld", "dismissed"};
[[nodiscard]] constexpr std::string_view text(FindingState state) {
  return kFindingStateTexts.at(static_cast<std::size_t>(state));
}

/// What a test found, and of which days.
struct NewFinding {
  MarketNo market{};
  std::int64_t finding_no{};  ///< of the platform's numbers
  quality::Finding finding;
  std::int32_t from_day{};   ///< the first day of sale that was counted, since 1970, UTC
  std::int32_t until_day{};  ///< the first that was not
};

struct FindingCase {
  NewFinding found;
  std::string market;  ///< its name
  Timestamp found_at{};
  FindingState state{};
  std::optional<std::int64_t> decided_by;  ///< principal
  std::optional<Timestamp> decided_at;
  std::string note_sealed;  ///< of the decision; empty when there is none
};

/// When a case is opened, and when the round that found it began to look.
struct OpeningTimes {
  Timestamp now{};
  Timestamp round{};
};

struct FindingFilter {
  std::optional<std::int64_t> before_no;
  std::optional<FindingState> state;
  std::optional<MarketNo> market;
  std::optional<std::int64_t> buyer_no;
  std::optional<quality::FindingKind> kind;
  int limit = 50;
};

/// A sale as far as the holdout is concerned.
struct HoldoutSale {
  std::int64_t buyer_no{};
  PricingModel model{};
  bool stands{};  ///< it was delivered; what was returned or lapsed since counts as well
  Timestamp sold_at{};
};

/// Whether something came of a sale, learnt without its buyer.
struct HoldoutOutcome {
  SaleId sale;
  bool converted{};
  Timestamp verified_at{};
  std::int64_t recorded_by{};  ///< principal
  Timestamp recorded_at{};
};

class FindingRows {
 public:
  virtual ~FindingRows() = default;

  /// Opens a case. @return false when the same one is open, was found or decided since the round
  /// began (which did not know of it), or when its lead had one before
  [[nodiscard]] virtual bool open(NewFinding const& found, OpeningTimes const& at) = 0;
  [[nodiscard]] virtual std::optional<FindingCase> find(MarketNo market,
                                                        std::int64_t finding_no) = 0;
  /// Newest first.
  [[nodiscard]] virtual std::vector<FindingCase> list(FindingFilter const& filter) = 0;
  /// @return false unless it was open
  [[nodiscard]] virtual bool decide(FindingCase const& decided) = 0;

  /// Remembers that the returns of a period, by its first day, were judged. Twice is once.
  virtual void mark_judged(MarketNo market, std::int32_t from_day, Timestamp at) = 0;

  [[nodiscard]] virtual std::optional<HoldoutSale> holdout_sale(SaleId sale) = 0;
  /// @return false when the sale has an outcome already
  [[nodiscard]] virtual bool record(HoldoutOutcome const& outcome) = 0;
};

}  // namespace leadex::storage
