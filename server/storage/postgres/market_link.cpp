#include "server/storage/postgres/market_link.hpp"

namespace leadex::storage::postgres {

namespace {

// Uses of a connection after which its statements are planned anew: tables grow, and a plan made on
// a small one may take an index that fits no longer.
constexpr int kPlansKept = 64;

}  // namespace

pqxx::connection& MarketLink::connection() {
  if (!connection_) {
    open();
  } else if (++uses_ % kPlansKept == 0) {
    pqxx::nontransaction{*connection_}.exec0("discard plans");
  }
  return *connection_;
}

void MarketLink::open() {
  prepared_.clear();
  auto fresh = std::make_unique<pqxx::connection>(database_);
  pqxx::nontransaction setup{*fresh};
  // Bounds for everything but COMMIT itself, which the caller's own deadline bounds.
  setup.exec0("set statement_timeout = '8s'");
  setup.exec0("set lock_timeout = '8s'");
  setup.exec0("set idle_in_transaction_session_timeout = '20s'");
  setup.exec0("set tcp_keepalives_idle = 5");
  setup.exec0("set tcp_user_timeout = '10s'");
  // Every statement names the rows it wants: none may walk through a table, nor pair each key with
  // each row found, however small the table was when the plan was made.
  setup.exec0("set plan_cache_mode = 'force_generic_plan'");
  setup.exec0("set enable_seqscan = off");
  setup.exec0("set enable_nestloop = off");
  setup.exec0("set enable_mergejoin = off");
  connection_ = std::move(fresh);
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
  if (call.rows_expected != kAnyRows &&
      static_cast<std::int64_t>(result.affected_rows()) != call.rows_expected) {
    throw RowCountError{call.statement->name};
  }
  return result;
}

}  // namespace leadex::storage::postgres
