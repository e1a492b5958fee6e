#pragma once
// Checks the books of one stream: for the platform the chain and every account, batch by batch; for
// any stream the accounts' counters against the sums of its transfers. Inside this room only; one
// transaction with one snapshot.

#include <pqxx/transaction_base>

#include "server/storage/verify.hpp"

namespace leadex::storage::postgres {

[[nodiscard]] LedgerReport check_ledger(pqxx::transaction_base& tx, MarketNo market);

}  // namespace leadex::storage::postgres
