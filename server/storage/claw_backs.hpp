#pragma once
// ClawBacks: orders of staff to take back what a settled sale brought. The market's writer carries
// each out once and closes its row. Used inside one database job.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "billing/values/ids.hpp"
#include "billing/values/money.hpp"
#include "billing/values/time.hpp"
#include "matching/market/outcome.hpp"

namespace leadex::storage {

/// A sale as far as a claw-back is concerned.
struct ClawBackSale {
  SaleId id;
  std::string currency;
  std::int64_t buyer_no{};
  std::int64_t campaign_no{};  ///< 0: the buyer's desk
  std::int64_t generator_no{};
  Money gross;
  Money fee;
  Money credited;
  market::SaleState state{};
  bool order_open{};        ///< an order for it waits for the market
  market::LeadShare share;  ///< of its lead
};

/// waiting: for a second person; refused: by that person, or by the market, which is a bug.
enum class ClawBackStatus : std::uint8_t { waiting, open, booked, refused };
inline constexpr std::array<std::string_view, 4> kClawBackStatusTexts{"waiting", "open", "booked",
                                                                      "refused"};
[[nodiscard]] constexpr std::string_view text(ClawBackStatus status) {
  return kClawBackStatusTexts.at(static_cast<std::size_t>(status));
}

struct ClawBackOrder {
  std::int64_t order_no{};
  SaleId sale;
  Money amount;
  std::string reason_sealed;
  std::int64_t ordered_by{};  ///< principal
  Timestamp ordered_at{};
  std::optional<std::int64_t> approval_no;
};

struct ClawBackRow {
  ClawBackOrder order;
  std::string market;  ///< its name
  std::string currency;
  ClawBackStatus status{};
};

/// An order that the market may carry out, with its sale as it stands.
struct OpenClawBack {
  ClawBackOrder order;
  ClawBackSale sale;
};

class ClawBackRows {
 public:
  virtual ~ClawBackRows() = default;

  /// The sale; other orders for it wait until this job has ended, so that what is read here holds.
  [[nodiscard]] virtual std::optional<ClawBackSale> sale_locked(SaleId sale) = 0;
  /// @param ready  false: it waits for approve()
  virtual void insert(ClawBackOrder const& order, bool ready) = 0;
  [[nodiscard]] virtual std::optional<ClawBackOrder> find(std::int64_t order_no) = 0;
  virtual void approve(std::int64_t order_no, std::int64_t principal_no) = 0;
  /// The market did not take it: it is not tried again.
  virtual void give_up(std::int64_t order_no) = 0;
  /// Of one market (or all), oldest first.
  [[nodiscard]] virtual std::vector<OpenClawBack> open(std::optional<MarketNo> market,
                                                       int limit) = 0;
  /// Newest first.
  [[nodiscard]] virtual std::vector<ClawBackRow> list(std::optional<std::int64_t> before_no,
                                                      int limit) = 0;
};

}  // namespace leadex::storage
