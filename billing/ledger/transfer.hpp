#pragma once
// Transfer: one immutable movement between two accounts of one stream, posted at once or in two
// phases (pending, then posted in full or part, voided or expired). Pure; any thread.

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "billing/values/money.hpp"

namespace leadex {

/// Why money moved. The numbers are stored; new codes go at the end.
enum class TransferCode : std::uint8_t {
  deposit,
  fund,
  defund,
  sale_net,
  sale_commission,
  settle,
  holdback,
  release,
  return_,
  claw_back,
  payout,
  correction,
  promise,
  duplicate_share,       ///< of a settled sale, to the generator who brought the person later
  duplicate_share_back,  ///< what a claw-back takes of it
};

inline constexpr std::array<std::string_view, 15> kTransferCodeTexts{
    "deposit", "fund",       "defund",  "sale_net",        "sale_commission",
    "settle",  "holdback",   "release", "return",          "claw_back",
    "payout",  "correction", "promise", "duplicate_share", "duplicate_share_back"};

[[nodiscard]] constexpr std::string_view text(TransferCode code) {
  return kTransferCodeTexts.at(static_cast<std::size_t>(code));
}

[[nodiscard]] constexpr std::optional<TransferCode> transfer_code_from_text(std::string_view name) {
  for (std::size_t i = 0; i < kTransferCodeTexts.size(); ++i) {
    if (kTransferCodeTexts.at(i) == name) return static_cast<TransferCode>(i);
  }
  return std::nullopt;
}

/// What a transfer does to the counters. The last three resolve one open pending transfer.
enum class Phase : std::uint8_t { posted, pending, post_pending, void_pending, expire_pending };

inline constexpr std::array<std::string_view, 5> kPhaseTexts{"posted", "pending", "post_pending",
                                                             "void_pending", "expire_pending"};

[[nodiscard]] constexpr std::string_view text(Phase phase) {
  return kPhaseTexts.at(static_cast<std::size_t>(phase));
}

[[nodiscard]] constexpr bool resolves(Phase phase) {
  return phase != Phase::posted && phase != Phase::pending;
}

/// Where a transfer stands in its stream: the n-th transfer of a committed batch.
struct TransferRef {
  std::int64_t batch_seq{};
  std::int32_t n{};
  friend auto operator<=>(TransferRef const&, TransferRef const&) = default;
};

/// Debits one account and credits another. `amount` > 0 in every phase: a post names what is
/// posted (the rest is released), a void or expiry repeats the whole pending amount.
struct Transfer {
  std::int64_t debit{};   ///< account number
  std::int64_t credit{};  ///< account number
  Money amount;
  TransferCode code{};
  Phase phase{};
  std::int64_t lead_no{};              ///< 0 when no sale is concerned
  std::int32_t slot{};                 ///< share slot of the sale
  std::optional<TransferRef> pending;  ///< set exactly when `phase` resolves
  friend bool operator==(Transfer const&, Transfer const&) = default;
};

}  // namespace leadex

template <>
struct std::hash<leadex::TransferRef> {
  std::size_t operator()(leadex::TransferRef const& ref) const noexcept {
    return std::hash<std::uint64_t>{}(static_cast<std::uint64_t>(ref.batch_seq) *
                                          0x9E3779B97F4A7C15ULL ^
                                      static_cast<std::uint64_t>(ref.n));
  }
};
