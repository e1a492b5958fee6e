#pragma once
// Sale settlement: turns what happens to one sale (award, void, credit, settlement, release of the
// holdback) into transfers of its market's stream. Pure: state in, new state and transfers out; the
// market's writer numbers and books them. Any thread.

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "billing/commission/commission.hpp"
#include "billing/ledger/transfer.hpp"
#include "billing/values/result.hpp"

namespace leadex {

/// Which sale, and the numbers of the accounts it moves money between. For a resale in principal
/// mode the exchange's own accounts stand in the generator's places.
struct SaleRoute {
  std::int64_t lead_no{};
  std::int32_t slot{};
  std::int64_t budget{};
  std::int64_t generator_pending{};
  std::int64_t generator_earned{};
  std::int64_t generator_holdback{};
  std::int64_t commission{};
};

/// Where the money of a sale is.
enum class SaleStage : std::uint8_t {
  held,     ///< pending: reserved in the budget
  posted,   ///< a part was credited before settlement: the rest is with generator_pending, posted
  settled,  ///< with generator_earned and, for `holdback`, with generator_holdback
  closed,   ///< voided, or credited in full; nothing more can happen
  unheld,   ///< nowhere yet: no budget holds it, it is paid when it settles
};

/// The money state of one sale; the row of a sale holds all of it.
struct SaleMoney {
  SalePrice sold;  ///< as sold; never changes
  Money credited;  ///< given back to the buyer so far, in all
  Money holdback;  ///< of this sale, still held back
  SaleStage stage{};
  friend bool operator==(SaleMoney const&, SaleMoney const&) = default;
};

/// What the generator keeps of the sale as it stands (0 once closed by a void).
[[nodiscard]] SalePrice kept_part(SaleMoney const& money);

/// The two pending transfers of an award. Symbolic, because the writer gives the numbers: an award
/// and its settlement may be decided before the first of them is committed.
enum class SaleLeg : std::uint8_t { none, net, commission };

struct PlannedTransfer {
  Transfer transfer;  ///< `pending` not set yet
  SaleLeg resolves{};
};

/// Up to six transfers in the order in which they are booked; never allocates.
class TransferPlan {
 public:
  void push(PlannedTransfer const& planned);
  [[nodiscard]] std::span<PlannedTransfer const> view() const { return {items_.data(), size_}; }
  [[nodiscard]] auto begin() const { return view().begin(); }
  [[nodiscard]] auto end() const { return view().end(); }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }

 private:
  std::array<PlannedTransfer, 6> items_{};
  std::size_t size_{};
};

/// Where the two legs of an award stand in the stream; a leg of amount 0 was never booked.
struct SalePendings {
  std::optional<TransferRef> net;
  std::optional<TransferRef> commission;
};

/// The references of an award's legs from the place of its first transfer and the price: net comes
/// first, legs of amount 0 are omitted. So a sale stores one reference only.
[[nodiscard]] SalePendings pendings_of(TransferRef first, SalePrice const& sold);

/// Fills in the reference that `planned` resolves; a missing one is a broken invariant.
[[nodiscard]] Transfer bind(PlannedTransfer const& planned, SalePendings const& pendings);

struct SaleStep {
  SaleMoney after;
  TransferPlan plan;
};

/// In the order in which they are checked.
enum class SettlementError : std::uint8_t {
  wrong_stage,          ///< the sale is closed, settled already, or not yet settled
  amount_not_positive,  ///< a credit of nothing
  amount_exceeds_sale,  ///< credits would exceed the gross price
};

[[nodiscard]] std::string_view text(SettlementError error);

/// All steps omit legs of amount 0, since a transfer of nothing is refused by the ledger: a sale
/// without commission has one pending transfer, a free one (gross 0) none.

/// Pending net: budget → generator_pending; pending commission: budget → commission.
[[nodiscard]] SaleStep award(SaleRoute const& route, SalePrice const& price);

/// A sale of which nothing is held: no transfers. Credits and voids of it move nothing either.
[[nodiscard]] SaleMoney award_unheld(SalePrice const& price);

enum class VoidCause : std::uint8_t { withdrawn, expired };

/// Gives the whole reservation back (delivery refused or late, lead withdrawn): voids or expires
/// both legs. @errors wrong_stage unless held
/// or unheld
[[nodiscard]] Result<SaleStep, SettlementError> void_sale(SaleRoute const& route,
                                                          SaleMoney const& money, VoidCause cause);

/// Gives exactly `amount` back to the budget, net and commission shrinking pro rata (see
/// credited_part). Held: voids both legs (all of it) or posts what remains of each, which releases
/// the credit. Posted: from generator_pending and commission. Settled (claw-back): the net part
/// from this sale's holdback first, then from generator_earned, which may go negative.
/// @errors all, in order
[[nodiscard]] Result<SaleStep, SettlementError> credit_buyer(SaleRoute const& route,
                                                             SaleMoney const& money, Money amount);

/// credit_buyer of all that is not credited yet. @errors wrong_stage when closed or nothing is left
[[nodiscard]] Result<SaleStep, SettlementError> return_sale(SaleRoute const& route,
                                                            SaleMoney const& money);

/// Posts both legs as far as still held, then moves generator_pending → generator_holdback
/// (floor(net × rate)) and the rest → generator_earned. Unheld: what remains leaves the budget
/// first. @errors wrong_stage unless held, posted or unheld
[[nodiscard]] Result<SaleStep, SettlementError> settle_sale(SaleRoute const& route,
                                                            SaleMoney const& money,
                                                            BasisPoints holdback_rate);

/// generator_holdback → generator_earned, all that is left of this sale; an empty plan when nothing
/// is, as after a claw-back. @errors wrong_stage while held or posted
[[nodiscard]] Result<SaleStep, SettlementError> release_holdback(SaleRoute const& route,
                                                                 SaleMoney const& money);

}  // namespace leadex
