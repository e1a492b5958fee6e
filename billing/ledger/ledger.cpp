#include "billing/ledger/ledger.hpp"

#include <algorithm>
#include <limits>

#include "billing/values/check.hpp"

namespace leadex {

namespace {

constexpr std::int64_t kCounterMax = std::numeric_limits<std::int64_t>::max();

/// Whether `amount` more on one side keeps pending + posted of that side inside int64. With that,
/// posting a pending amount and computing a balance can never overflow.
bool fits(std::int64_t pending, std::int64_t posted, std::int64_t amount) {
  return amount <= kCounterMax - posted - pending;
}

bool above_floor(Account const& account, std::int64_t taken) {
  if (!account.floor_micros) return true;
  return __int128{account.available()} - taken >= *account.floor_micros;
}

bool sound(Account const& account) {
  bool const counters = account.debits_pending >= 0 && account.debits_posted >= 0 &&
                        account.credits_pending >= 0 && account.credits_posted >= 0;
  return counters && fits(account.debits_pending, account.debits_posted, 0) &&
         fits(account.credits_pending, account.credits_posted, 0) && above_floor(account, 0);
}

/// The checks of a transfer that brings new money in: phases posted and pending.
Result<void, LedgerError> check_new(Account const& debit, Account const& credit, Money amount) {
  if (!above_floor(debit, amount.micros)) return refuse(LedgerError::below_floor);
  if (!fits(debit.debits_pending, debit.debits_posted, amount.micros) ||
      !fits(credit.credits_pending, credit.credits_posted, amount.micros)) {
    return refuse(LedgerError::overflow);
  }
  return {};
}

Result<void, LedgerError> check_resolution(Transfer const& pending, Transfer const& transfer) {
  if (pending.debit != transfer.debit || pending.credit != transfer.credit) {
    return refuse(LedgerError::pending_accounts_differ);
  }
  if (transfer.phase == Phase::post_pending) {
    if (transfer.amount > pending.amount) return refuse(LedgerError::pending_amount_exceeded);
  } else if (transfer.amount != pending.amount) {
    return refuse(LedgerError::pending_amount_differs);
  }
  return {};
}

}  // namespace

std::string_view text(LedgerError error) {
  switch (error) {
    case LedgerError::account_exists:
      return "account_exists";
    case LedgerError::amount_not_positive:
      return "amount_not_positive";
    case LedgerError::same_account:
      return "same_account";
    case LedgerError::account_unknown:
      return "account_unknown";
    case LedgerError::pending_reference_wrong:
      return "pending_reference_wrong";
    case LedgerError::pending_not_open:
      return "pending_not_open";
    case LedgerError::pending_accounts_differ:
      return "pending_accounts_differ";
    case LedgerError::pending_amount_exceeded:
      return "pending_amount_exceeded";
    case LedgerError::pending_amount_differs:
      return "pending_amount_differs";
    case LedgerError::reference_in_use:
      return "reference_in_use";
    case LedgerError::below_floor:
      return "below_floor";
    case LedgerError::overflow:
      return "overflow";
  }
  return "unknown";
}

Result<void, LedgerError> Ledger::open_account(Account const& account) {
  if (accounts_.contains(account.account_no)) return refuse(LedgerError::account_exists);
  LEADEX_CHECK(sound(account));
  accounts_.emplace(account.account_no, account);
  return {};
}

Result<void, LedgerError> Ledger::restore_pending(TransferRef ref, Transfer const& transfer) {
  LEADEX_CHECK(transfer.phase == Phase::pending && transfer.amount.micros > 0);
  if (!accounts_.contains(transfer.debit) || !accounts_.contains(transfer.credit)) {
    return refuse(LedgerError::account_unknown);
  }
  if (!open_.emplace(ref, transfer).second) return refuse(LedgerError::reference_in_use);
  return {};
}

Result<void, LedgerError> Ledger::apply(TransferRef ref, Transfer const& transfer) {
  auto const booked = book(ref, transfer);
  if (!booked) return refuse(booked.error());
  note_changed(transfer);
  return {};
}

Result<void, LedgerError> Ledger::apply_all(std::int64_t batch_seq, std::int32_t first_n,
                                            std::span<Transfer const> transfers) {
  std::vector<Undo> done;
  done.reserve(transfers.size());
  TransferRef ref{batch_seq, first_n};
  for (auto const& transfer : transfers) {
    auto booked = book(ref, transfer);
    if (!booked) {
      std::for_each(done.rbegin(), done.rend(), [this](Undo const& undo) { take_back(undo); });
      return refuse(booked.error());
    }
    done.push_back(*std::move(booked));
    ++ref.n;
  }
  for (auto const& transfer : transfers) note_changed(transfer);
  return {};
}

Result<Ledger::Undo, LedgerError> Ledger::book(TransferRef ref, Transfer const& transfer) {
  if (transfer.amount.micros <= 0) return refuse(LedgerError::amount_not_positive);
  if (transfer.debit == transfer.credit) return refuse(LedgerError::same_account);
  auto const debit_at = accounts_.find(transfer.debit);
  auto const credit_at = accounts_.find(transfer.credit);
  if (debit_at == accounts_.end() || credit_at == accounts_.end()) {
    return refuse(LedgerError::account_unknown);
  }
  if (resolves(transfer.phase) != transfer.pending.has_value()) {
    return refuse(LedgerError::pending_reference_wrong);
  }
  Account& debit = debit_at->second;
  Account& credit = credit_at->second;
  std::int64_t const amount = transfer.amount.micros;
  Undo undo{debit, credit, ref, std::nullopt, false};

  if (transfer.pending) {
    auto const open_at = open_.find(*transfer.pending);
    if (open_at == open_.end()) return refuse(LedgerError::pending_not_open);
    if (auto const ok = check_resolution(open_at->second, transfer); !ok) {
      return refuse(ok.error());
    }
    std::int64_t const reserved = open_at->second.amount.micros;
    debit.debits_pending -= reserved;
    credit.credits_pending -= reserved;
    LEADEX_CHECK(debit.debits_pending >= 0 && credit.credits_pending >= 0);
    if (transfer.phase == Phase::post_pending) {
      debit.debits_posted += amount;
      credit.credits_posted += amount;
    }
    undo.ref = *transfer.pending;
    undo.removed = open_at->second;
    open_.erase(open_at);
    return undo;
  }

  if (transfer.phase == Phase::pending && open_.contains(ref)) {
    return refuse(LedgerError::reference_in_use);
  }
  if (auto const ok = check_new(debit, credit, transfer.amount); !ok) return refuse(ok.error());
  if (transfer.phase == Phase::pending) {
    debit.debits_pending += amount;
    credit.credits_pending += amount;
    open_.emplace(ref, transfer);
    undo.added = true;
  } else {
    debit.debits_posted += amount;
    credit.credits_posted += amount;
  }
  return undo;
}

void Ledger::take_back(Undo const& undo) {
  accounts_.at(undo.debit_before.account_no) = undo.debit_before;
  accounts_.at(undo.credit_before.account_no) = undo.credit_before;
  if (undo.added) open_.erase(undo.ref);
  if (undo.removed) open_.emplace(undo.ref, *undo.removed);
}

void Ledger::note_changed(Transfer const& transfer) {
  changed_.push_back(transfer.debit);
  changed_.push_back(transfer.credit);
}

Account const* Ledger::find(std::int64_t account_no) const {
  auto const at = accounts_.find(account_no);
  return at == accounts_.end() ? nullptr : &at->second;
}

Transfer const* Ledger::find_pending(TransferRef ref) const {
  auto const at = open_.find(ref);
  return at == open_.end() ? nullptr : &at->second;
}

std::vector<std::int64_t> Ledger::take_changed() {
  std::ranges::sort(changed_);
  auto const rest = std::ranges::unique(changed_);
  changed_.erase(rest.begin(), rest.end());
  return std::exchange(changed_, {});
}

LedgerTotals Ledger::totals() const {
  LedgerTotals sums;
  for (auto const& [number, account] : accounts_) {
    sums.debits_pending += account.debits_pending;
    sums.debits_posted += account.debits_posted;
    sums.credits_pending += account.credits_pending;
    sums.credits_posted += account.credits_posted;
  }
  return sums;
}

bool Ledger::balanced() const {
  __int128 reserved = 0;
  for (auto const& [ref, transfer] : open_) reserved += transfer.amount.micros;
  auto const sums = totals();
  return sums.debits_posted == sums.credits_posted && sums.debits_pending == reserved &&
         sums.credits_pending == reserved;
}

}  // namespace leadex
