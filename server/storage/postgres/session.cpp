#include "server/storage/postgres/session.hpp"

#include <atomic>
#include <pqxx/errorhandler>
#include <pqxx/except>
#include <thread>
#include <utility>

#include "server/crypto/random.hpp"
#include "server/observe/log.hpp"
#include "server/storage/postgres/statement.hpp"

namespace leadex::storage::postgres {

namespace {

constexpr char const* kSettings =
    "select set_config('search_path', 'leadex', false), set_config('statement_timeout', $1, "
    "false), set_config('lock_timeout', $2, false), "
    "set_config('idle_in_transaction_session_timeout', $3, false), set_config('timezone', 'UTC', "
    "false), set_config('bytea_output', 'hex', false)";

std::string in_ms(std::chrono::milliseconds time) { return std::to_string(time.count()); }

bool starts(std::string const& sqlstate, std::string_view prefix) {
  return sqlstate.starts_with(prefix);
}

}  // namespace

/// Keeps the server's messages off stderr (they may quote rows), and notes whether one came: a
/// warning on COMMIT means that it may not be where it should be.
class Session::Notices final : public pqxx::errorhandler {
 public:
  explicit Notices(pqxx::connection_base& connection) : pqxx::errorhandler(connection) {}
  bool operator()(char const[]) noexcept override {
    seen = true;
    return false;
  }
  bool seen = false;
};

Session::Session(SessionOptions options) : options_(std::move(options)) {}
Session::~Session() = default;

Result<void, StoreError> Session::run(Job const& job) {
  bool reconnected = false;
  for (int attempt_no = 1;; ++attempt_no) {
    Failure failure;
    try {
      bool const fresh = connection_ == nullptr || !connection_->is_open();
      if (fresh) connect();
      reconnected = reconnected || fresh;
      return attempt(job);
    } catch (...) {
      failure = failure_of_current_exception();
    }
    if (failure.disconnect) {
      notices_.reset();
      connection_.reset();
    }
    // A connection that had died while nobody used it deserves a second try, a fresh one does not.
    bool const again =
        failure.retry && attempt_no < options_.attempts_max && !(failure.disconnect && reconnected);
    if (!again) return refuse(failure.error);
    if (!failure.disconnect) {
      auto const jitter = static_cast<unsigned char>(crypto::random_bytes(1).front());
      std::this_thread::sleep_for(std::chrono::milliseconds(attempt_no + jitter % 8));
    }
  }
}

void Session::connect() {
  notices_.reset();
  connection_ = std::make_unique<pqxx::connection>(options_.conninfo);
  notices_ = std::make_unique<Notices>(*connection_);
  pqxx::work tx(*connection_);
  execute(tx, kSettings,
          Parameters(in_ms(options_.statement_timeout), in_ms(options_.lock_timeout),
                     in_ms(options_.idle_in_transaction_timeout)));
  tx.commit();
}

Result<void, StoreError> Session::attempt(Job const& job) {
  pqxx::work tx(*connection_);
  if (!job(tx)) {
    tx.abort();
    return {};
  }
  notices_->seen = false;
  tx.commit();
  if (notices_->seen) return refuse(StoreError::outcome_unknown);
  return {};
}

Session::Failure Session::failure_of_current_exception() {
  bool const lost = connection_ == nullptr || !connection_->is_open();
  try {
    throw;
  } catch (JobFailed const& failed) {
    return {failed.error(), false, lost};
  } catch (pqxx::in_doubt_error const&) {
    log::error("database.in_doubt", "the connection broke during COMMIT");
    return {StoreError::outcome_unknown, false, true};
  } catch (pqxx::statement_completion_unknown const&) {
    return {StoreError::outcome_unknown, false, true};
  } catch (pqxx::broken_connection const&) {
    return {StoreError::unavailable, true, true};
  } catch (pqxx::transaction_rollback const&) {
    return {StoreError::retry_later, true, lost};
  } catch (pqxx::integrity_constraint_violation const& refused) {
    log::warn("database.constraint", "a constraint refused a write")
        .field("sqlstate", refused.sqlstate());
    return {StoreError::conflict, false, lost};
  } catch (pqxx::sql_error const& refused) {
    auto const& state = refused.sqlstate();
    bool const leaving = starts(state, "57P") || starts(state, "08") || state == "25006";
    if (lost || leaving) return {StoreError::unavailable, true, true};
    bool const later = state == "57014" || state == "55P03" || starts(state, "53");
    if (later) return {StoreError::retry_later, false, false};
    log::error("database.refused", "the database refused a statement").field("sqlstate", state);
    throw StatementRefused(state);
  } catch (pqxx::failure const&) {
    if (lost) return {StoreError::unavailable, true, true};
    throw std::runtime_error("the database client failed");
  }
}

}  // namespace leadex::storage::postgres
