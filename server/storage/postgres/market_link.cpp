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
    // Every statement here finds its rows by key. A plan made while a table was small would walk
    // through the whole of it, and be kept when it has grown; it would also lock in its own order.
    setup.exec0("set plan_cache_mode = 'force_generic_plan'");
    setup.exec0("set enable_seqscan = off");
    setup.exec0("set enable_hashjoin = off");
    setup.exec0("set enable_mergejoin = off");
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
