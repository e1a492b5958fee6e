#pragma once
// Reads all of a market in one snapshot for its engine and books. Blocking.

#include <pqxx/pqxx>

#include "server/storage/market_store.hpp"

namespace leadex::storage::postgres {

/// Of a market_version, as read_version reads it.
#define LEADEX_VERSION_COLUMNS                                           \
  "version, settings, coalesce(definition::json->>'dedupe_group', ''), " \
  "coalesce(definition::json->>'duplicate_credit', 'first'), "           \
  "coalesce((definition::json->>'split_bp')::int4, 0)"
[[nodiscard]] SettingsVersion read_version(pqxx::row const& row);

/// `work` is a REPEATABLE READ transaction. @throws pqxx's errors
[[nodiscard]] LoadedMarket load_market(pqxx::transaction_base& work, std::int64_t market_id,
                                       std::int64_t now_us);

}  // namespace leadex::storage::postgres
