#pragma once
// Runs a Call (market_statements.hpp) inside a transaction of the pool, without preparing it.
// Inside this room only; used on the thread of the connection.

#include <pqxx/binarystring>
#include <pqxx/prepared_statement>
#include <pqxx/transaction_base>
#include <stdexcept>
#include <vector>

#include "server/storage/postgres/binary_array.hpp"
#include "server/storage/postgres/market_statements.hpp"

namespace leadex::storage::postgres {

/// @throws when it touched another number of rows than it must: an invariant is broken.
inline void run_binary(pqxx::transaction_base& tx, Call const& call) {
  std::vector<pqxx::binarystring> params;
  params.reserve(call.params.size());
  for (auto const& param : call.params) params.emplace_back(param.data(), param.size());
  auto const result = tx.exec_params(
      call.statement->sql, pqxx::prepare::make_dynamic_params(params.begin(), params.end()));
  if (call.rows_expected != kAnyRows &&
      static_cast<std::int64_t>(result.affected_rows()) != call.rows_expected) {
    throw std::runtime_error(std::string{"wrong number of rows written by "} +
                             call.statement->name);
  }
}

/// The one bigint that a select of these parameters gives.
inline std::int64_t read_binary_count(pqxx::transaction_base& tx, char const* sql,
                                      std::vector<std::string> const& values) {
  std::vector<pqxx::binarystring> params;
  params.reserve(values.size());
  for (auto const& value : values) params.emplace_back(value.data(), value.size());
  auto const rows =
      tx.exec_params(sql, pqxx::prepare::make_dynamic_params(params.begin(), params.end()));
  return rows.at(0).at(0).as<std::int64_t>();
}

}  // namespace leadex::storage::postgres
