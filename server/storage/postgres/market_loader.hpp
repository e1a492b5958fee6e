#pragma once
// Reads all of a market in one snapshot for its engine and books. Blocking.

#include <pqxx/pqxx>

#include "server/storage/market_store.hpp"

namespace leadex::storage::postgres {

/// `work` is a REPEATABLE READ transaction. @throws pqxx's errors
[[nodiscard]] LoadedMarket load_market(pqxx::transaction_base& work, std::int64_t market_id,
                                       std::int64_t now_us);

}  // namespace leadex::storage::postgres
