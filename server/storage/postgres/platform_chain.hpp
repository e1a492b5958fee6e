#pragma once
// The hash chain of the platform's stream: what a batch of market 0 commits to. Pure; any thread.
//
// Link "platform/1" of batch `seq`, after the hash of batch `seq - 1` (kChainStart for 1):
//   int64 seq, epoch, at_us; bytes body; int64 number of transfers; for each, by n:
//   int64 n, debit, credit, amount, code, phase, lead_no, slot, then int64 pending_seq, pending_n
//   or two nulls; int64 number of accounts changed; for each, by number: int64 account_no, code,
//   owner_no, sub_no, debits_pending, debits_posted, credits_pending, credits_posted as they stand
//   after the batch, and int64 floor or null.

#include <cstdint>
#include <span>
#include <string_view>

#include "billing/ledger/account.hpp"
#include "billing/ledger/transfer.hpp"
#include "server/crypto/hash.hpp"

namespace leadex::storage::postgres {

struct PlatformLink {
  std::int64_t seq{};
  std::int64_t epoch{};
  std::int64_t at_us{};
  std::string_view body;
  std::span<Transfer const> transfers;  ///< n is the index
  std::span<Account const> accounts;    ///< ascending by number
};

[[nodiscard]] crypto::Digest platform_hash(PlatformLink const& link,
                                           crypto::Digest const& previous);

}  // namespace leadex::storage::postgres
