#pragma once
// Payout runs and their payouts. Used inside one database job; bank details are sealed snapshots.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "billing/values/money.hpp"
#include "billing/values/time.hpp"

namespace leadex::storage {

enum class PayoutStatus : std::uint8_t { draft, approved, exported, paid, failed };
inline constexpr std::array<std::string_view, 5> kPayoutStatusTexts{"draft", "approved", "exported",
                                                                    "paid", "failed"};
[[nodiscard]] constexpr std::string_view text(PayoutStatus status) {
  return kPayoutStatusTexts.at(static_cast<std::size_t>(status));
}

struct Payout {
  std::int64_t payout_no{};
  std::int64_t run_no{};
  std::int64_t tenant_no{};
  Money amount;
  PayoutStatus status{};
  std::optional<std::string> bank_sealed;
};

struct PayoutRun {
  std::int64_t run_no{};
  std::string currency;
  PayoutStatus status{};
  std::int64_t drafted_by{};  ///< principal
  std::optional<std::int64_t> approved_by;
  Timestamp created_at{};
  std::optional<Timestamp> approved_at;
  std::optional<Timestamp> closed_at;
  std::vector<Payout> payouts;  ///< by number; empty in lists
};

class PayoutRows {
 public:
  virtual ~PayoutRows() = default;
  virtual void insert(PayoutRun const& run) = 0;  ///< with its payouts
  [[nodiscard]] virtual std::optional<PayoutRun> find(std::int64_t run_no) = 0;
  [[nodiscard]] virtual std::optional<PayoutRun> find_locked(std::int64_t run_no) = 0;
  [[nodiscard]] virtual std::vector<PayoutRun> list(std::optional<std::int64_t> before_no,
                                                    int limit) = 0;
  /// Payouts of one generator that are out of draft, newest first.
  [[nodiscard]] virtual std::vector<Payout> list_of(std::int64_t tenant_no,
                                                    std::optional<std::int64_t> before_no,
                                                    int limit) = 0;
  virtual void approve(std::int64_t run_no, std::int64_t principal_no, Timestamp at) = 0;
  /// Run and payouts together; `closed_at` for paid and failed.
  virtual void set_status(std::int64_t run_no, PayoutStatus status,
                          std::optional<Timestamp> closed_at) = 0;
};

}  // namespace leadex::storage
