#pragma once
// Session: one connection of the app role and the transactions on it, one at a time. Connects at
// first use, and again after a failure. Inside this room only; one thread at a time.

#include <chrono>
#include <functional>
#include <memory>
#include <pqxx/connection>
#include <pqxx/transaction>
#include <stdexcept>
#include <string>

#include "billing/values/result.hpp"
#include "server/storage/store_error.hpp"

namespace leadex::storage::postgres {

struct SessionOptions {
  std::string conninfo;  ///< keywords and values, as libpq takes them
  std::chrono::milliseconds statement_timeout{5000};
  std::chrono::milliseconds lock_timeout{3000};
  std::chrono::milliseconds idle_in_transaction_timeout{10'000};
  int attempts_max = 4;  ///< of one job, each from a fresh transaction
};

/// The database refused a statement for a reason that only a bug explains (no such column, no
/// right). Holds the SQLSTATE alone: statements and values stay here.
class StatementRefused : public std::runtime_error {
 public:
  explicit StatementRefused(std::string const& sqlstate)
      : std::runtime_error("the database refused a statement, SQLSTATE " + sqlstate),
        sqlstate_(sqlstate) {}
  [[nodiscard]] std::string const& sqlstate() const { return sqlstate_; }

 private:
  std::string sqlstate_;
};

/// Thrown inside a job to end it with that error, rolled back.
class JobFailed : public std::exception {
 public:
  explicit JobFailed(StoreError error) : error_(error) {}
  [[nodiscard]] StoreError error() const { return error_; }
  [[nodiscard]] char const* what() const noexcept override { return "a database job gave up"; }

 private:
  StoreError error_;
};

class Session {
 public:
  /// true commits, false rolls back.
  using Job = std::function<bool(pqxx::work&)>;

  explicit Session(SessionOptions options);
  ~Session();

  /// One transaction. The job runs again after a serialization failure or deadlock, and once more
  /// when the connection turned out to be dead before COMMIT; never after an in-doubt COMMIT.
  /// What the job itself throws (and StatementRefused) passes through, rolled back.
  [[nodiscard]] Result<void, StoreError> run(Job const& job);

 private:
  class Notices;
  struct Failure {
    StoreError error{};
    bool retry{};       ///< surely rolled back
    bool disconnect{};  ///< the connection is of no more use
  };

  void connect();
  [[nodiscard]] Result<void, StoreError> attempt(Job const& job);
  [[nodiscard]] Failure failure_of_current_exception();

  SessionOptions options_;
  std::unique_ptr<pqxx::connection> connection_;
  std::unique_ptr<Notices> notices_;
};

}  // namespace leadex::storage::postgres
