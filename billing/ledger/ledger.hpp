#pragma once
// Ledger: the double-entry book of the accounts of one stream, in memory, with two-phase transfers.
// Owned by the stream's single writer and used on its strand only; not safe for two threads.

#include <cstdint>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "billing/ledger/account.hpp"
#include "billing/ledger/transfer.hpp"
#include "billing/values/result.hpp"

namespace leadex {

/// Why a transfer is refused, in the order in which the rules are checked.
enum class LedgerError : std::uint8_t {
  account_exists,           ///< open_account: the number is taken
  amount_not_positive,      ///< amount ≤ 0
  same_account,             ///< debit = credit
  account_unknown,          ///< debit or credit is not in the book
  pending_reference_wrong,  ///< a resolving phase without reference, or another phase with one
  pending_not_open,         ///< never opened, or resolved before
  pending_accounts_differ,  ///< the resolution names other accounts than the pending transfer
  pending_amount_exceeded,  ///< a post of more than was reserved
  pending_amount_differs,   ///< a void or expiry of another amount than was reserved
  reference_in_use,         ///< a pending transfer under a reference that is open already
  below_floor,              ///< the debited account would fall below its floor
  overflow,                 ///< a counter, or the sum of two on one side, would leave int64
};

[[nodiscard]] std::string_view text(LedgerError error);

/// Sums over all accounts, in micros, wide enough for any number of accounts.
struct LedgerTotals {
  __int128 debits_pending{};
  __int128 debits_posted{};
  __int128 credits_pending{};
  __int128 credits_posted{};
};

class Ledger {
 public:
  /// Adds an account, new (all counters 0) or as reloaded. A reloaded account may not stand below
  /// its floor nor hold a negative counter: that is a broken store and stops the process.
  /// @errors account_exists
  [[nodiscard]] Result<void, LedgerError> open_account(Account const& account);

  /// Reload only: notes an open pending transfer whose amount the reloaded counters hold already.
  /// @errors reference_in_use, account_unknown
  [[nodiscard]] Result<void, LedgerError> restore_pending(TransferRef ref,
                                                          Transfer const& transfer);

  /// Books one transfer under its place in the stream; refused transfers change nothing.
  /// @errors all but account_exists, in the order of the enum    @cost O(1)
  [[nodiscard]] Result<void, LedgerError> apply(TransferRef ref, Transfer const& transfer);

  /// Books all or none; the first gets the reference (batch_seq, first_n), the next n + 1, and so
  /// on. A later transfer may resolve an earlier one of the same span.
  /// @errors that of the first transfer refused    @cost O(transfers)
  [[nodiscard]] Result<void, LedgerError> apply_all(std::int64_t batch_seq, std::int32_t first_n,
                                                    std::span<Transfer const> transfers);

  /// The account, or null. The pointer holds until the next open_account.
  [[nodiscard]] Account const* find(std::int64_t account_no) const;

  /// The open pending transfer under that reference, or null.
  [[nodiscard]] Transfer const* find_pending(TransferRef ref) const;

  /// Numbers of the accounts changed since the last call, ascending, each once: the rows a batch
  /// updates.
  [[nodiscard]] std::vector<std::int64_t> take_changed();

  /// @cost O(accounts)
  [[nodiscard]] LedgerTotals totals() const;

  /// Posted debits equal posted credits, pending ones too, and both equal the open pendings.
  /// @cost O(accounts + open pendings)
  [[nodiscard]] bool balanced() const;

  [[nodiscard]] std::size_t account_count() const { return accounts_.size(); }
  [[nodiscard]] std::size_t open_pending_count() const { return open_.size(); }

  /// All accounts, in no order; for reports and snapshots.
  [[nodiscard]] std::unordered_map<std::int64_t, Account> const& accounts() const {
    return accounts_;
  }

 private:
  struct Undo {
    Account debit_before;
    Account credit_before;
    TransferRef ref;                  // key in open_ that the transfer added or removed
    std::optional<Transfer> removed;  // the pending transfer it resolved
    bool added{};
  };

  [[nodiscard]] Result<Undo, LedgerError> book(TransferRef ref, Transfer const& transfer);
  void take_back(Undo const& undo);
  void note_changed(Transfer const& transfer);

  std::unordered_map<std::int64_t, Account> accounts_;
  std::unordered_map<TransferRef, Transfer> open_;
  std::vector<std::int64_t> changed_;
};

}  // namespace leadex
