#include "server/storage/postgres/market_link.hpp"

namespace leadex::storage::postgres {

pqxx::connection& MarketLink::connection() {
  if (!connection_) {
    prepared_.clear();
    auto fresh = std::make_unique<pqxx::connection>(database_);
    pqxx::nontransaction setup{*fresh};
    // Bounds for everything but COMMIT itself, which the caller's own deadline bounds.
    setup.exec0("set statement_timeout = '8s'");
    setup.exec0("set lock_timeout = '8s'");
    setup.exec0("set idle_in_transaction_session_timeout = '20s'");
    setup.exec0("set tcp_keepalives_idle = 5");
    setup.exec0("set tcp_user_timeout = '10s'");
    connection_ = std::move(fresh);
  }
  return *connection_;
}

void MarketLink::close() {
  connection_.reset();
  prepared_.clear();
}

pqxx::result MarketLink::run(pqxx::transaction_base& work, Call const& call) {
  if (prepared_.insert(call.statement->name).second) {
    connection_->prepare(call.statement->name, call.statement->sql);
  }
  std::vector<pqxx::binarystring> params;
  params.reserve(call.params.size());
  for (auto const& param : call.params) params.emplace_back(param.data(), param.size());
  auto result = work.exec_prepared(
      call.statement->name, pqxx::prepare::make_dynamic_params(params.begin(), params.end()));
  if (call.rows_expected >= 0 &&
      static_cast<std::int64_t>(result.affected_rows()) != call.rows_expected) {
    throw RowCountError{call.statement->name};
  }
  return result;
}

}  // namespace leadex::storage::postgres
