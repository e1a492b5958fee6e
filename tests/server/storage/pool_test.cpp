#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <future>
#include <thread>

#include <pqxx/pqxx>

#include "server/storage/postgres/pool.hpp"
#include "server/storage/postgres/statement.hpp"
#include "tests/support/test_database.hpp"

namespace leadex::storage::postgres {
namespace {

using namespace std::chrono_literals;

class PoolTest : public testing::Test {
 protected:
  PoolOptions options(std::size_t threads = 2) {
    return {
        .session = {.conninfo = files_.app(), .statement_timeout = 1500ms, .lock_timeout = 300ms},
        .threads = threads};
  }
  void as_owner(std::string const& sql) {
    pqxx::connection connection(files_.owner());
    pqxx::work tx(connection);
    tx.exec(sql);
    tx.commit();
  }
  std::int64_t count_ranges() {
    pqxx::connection connection(files_.owner());
    pqxx::work tx(connection);
    return tx.exec1("select count(*) from leadex.number_range").at(0).as<std::int64_t>();
  }

  test::TestDatabase files_;
};

constexpr char const* kInsert = "insert into number_range values ($1, 99, 1)";

TEST_F(PoolTest, CommitsAndReturnsTheValue) {
  Pool pool(options());
  auto const value = pool.run_now([](pqxx::work& tx) {
    execute(tx, kInsert, Parameters(1));
    return std::string("done");
  });
  ASSERT_TRUE(value);
  EXPECT_EQ(*value, "done");
  EXPECT_EQ(count_ranges(), 1);
}

TEST_F(PoolTest, RollsBackWhenTheJobSaysSoOrThrows) {
  Pool pool(options());
  EXPECT_TRUE(pool.run_job_now([](pqxx::work& tx) {
    execute(tx, kInsert, Parameters(1));
    return false;
  }));
  EXPECT_THROW((void)pool.run_now([](pqxx::work& tx) -> int {
    execute(tx, kInsert, Parameters(2));
    throw std::logic_error("a bug");
  }),
               std::logic_error);
  EXPECT_EQ(count_ranges(), 0);
  EXPECT_TRUE(pool.run_now([](pqxx::work& tx) { return execute(tx, "select 1").size(); }));
}

TEST_F(PoolTest, MapsWhatTheDatabaseRefuses) {
  Pool pool(options());
  auto const twice = pool.run_now([](pqxx::work& tx) {
    execute(tx, kInsert, Parameters(1));
    return execute(tx, kInsert, Parameters(1)).size();
  });
  EXPECT_EQ(twice.error(), StoreError::conflict);
  auto const slow =
      pool.run_now([](pqxx::work& tx) { return execute(tx, "select pg_sleep(20)").size(); });
  EXPECT_EQ(slow.error(), StoreError::retry_later);
  try {
    (void)pool.run_now([](pqxx::work& tx) { return execute(tx, "select nonsense").size(); });
    FAIL() << "a statement that cannot run is a bug";
  } catch (StatementRefused const& refused) {
    EXPECT_EQ(refused.sqlstate(), "42703");
    EXPECT_EQ(std::string(refused.what()).find("nonsense"), std::string::npos);
  }
}

TEST_F(PoolTest, GivesUpWaitingForALockSoon) {
  pqxx::connection other(files_.owner());
  pqxx::work holder(other);
  holder.exec("lock table leadex.number_range in access exclusive mode");
  Pool pool(options());
  auto const started = std::chrono::steady_clock::now();
  auto const refused =
      pool.run_now([](pqxx::work& tx) { return execute(tx, kInsert, Parameters(1)).size(); });
  EXPECT_EQ(refused.error(), StoreError::retry_later);
  EXPECT_LT(std::chrono::steady_clock::now() - started, 1400ms);
}

TEST_F(PoolTest, RunsCollidingTransactionsAgain) {
  as_owner("insert into leadex.number_range values (1, 1, 1), (2, 1, 1)");
  Pool pool({.session = {.conninfo = files_.app(), .attempts_max = 12}, .threads = 4});
  constexpr char const* kAdd =
      "update number_range set next_no = next_no + 1 where market_id = $1 and kind = 1";
  std::atomic<int> runs{0};
  std::atomic<int> good{0};
  auto const add_both = [&](int first, int second) {
    return pool.run_now([&, first, second](pqxx::work& tx) {
      ++runs;
      execute(tx, "set transaction isolation level serializable");
      execute(tx, kAdd, Parameters(first));
      std::this_thread::sleep_for(5ms);
      return execute(tx, kAdd, Parameters(second)).affected_rows();
    });
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 5; ++n) {
        if (add_both(1, 2)) ++good;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  pqxx::connection connection(files_.owner());
  pqxx::work tx(connection);
  auto const sums = tx.exec1("select min(next_no), max(next_no) from leadex.number_range");
  EXPECT_EQ(sums.at(0).as<int>(), 1 + good) << "each that was reported done is there once";
  EXPECT_EQ(sums.at(1).as<int>(), 1 + good);
  EXPECT_GT(runs, good) << "the transactions never collided: the test proves nothing";
  EXPECT_GT(good, 0);
}

TEST_F(PoolTest, RefusesMoreThanTheQueueHolds) {
  auto small = options(1);
  small.queue_max = 1;
  Pool pool(small);
  std::promise<void> release;
  auto gate = release.get_future().share();
  std::atomic<bool> running{false};
  auto const block = [&, gate](pqxx::work&) {
    running = true;
    gate.wait();
    return 1;
  };
  std::thread first([&] { EXPECT_TRUE(pool.run_now(block)); });
  while (!running) std::this_thread::sleep_for(1ms);
  boost::asio::io_context context;
  auto second = boost::asio::co_spawn(context, pool.run(block), boost::asio::use_future);
  context.poll();
  auto const third = pool.run_now([](pqxx::work&) { return 1; });
  EXPECT_EQ(third.error(), StoreError::retry_later);
  release.set_value();
  first.join();
  context.run();
  EXPECT_TRUE(second.get());
}

TEST_F(PoolTest, TellsThoseWhoseTurnDoesNotCome) {
  auto slow = options(1);
  slow.wait_max = 300ms;
  Pool pool(slow);
  std::promise<void> begun;
  std::atomic<bool> ended{false};
  std::thread busy([&] {
    EXPECT_TRUE(pool.run_now([&begun](pqxx::work& tx) {
      begun.set_value();
      tx.exec("select pg_sleep(1.2)");
      return true;
    })) << "what has begun is waited for";
    ended = true;
  });
  begun.get_future().wait();
  bool ran = false;
  auto const started = std::chrono::steady_clock::now();
  auto const late = pool.run_now([&ran](pqxx::work&) { return ran = true; });
  EXPECT_FALSE(ended);
  EXPECT_GE(std::chrono::steady_clock::now() - started, 300ms);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error(), StoreError::retry_later);
  busy.join();
  EXPECT_TRUE(pool.run_now([](pqxx::work&) { return true; }));
  EXPECT_FALSE(ran);
}

TEST_F(PoolTest, ConnectsAgainAfterTheServerEndedTheConnection) {
  Pool pool(options(1));
  ASSERT_TRUE(pool.run_now([](pqxx::work& tx) { return execute(tx, "select 1").size(); }));
  auto const pid = [&] {
    return pool.run_now([](pqxx::work& tx) {
      return execute(tx, "select pg_backend_pid()").at(0).at(0).as<int>();
    });
  };
  auto const before = *pid();
  // leadex_owner may not end another role's backend; the role itself may.
  pqxx::connection own(files_.app());
  pqxx::nontransaction killer(own);
  killer.exec_params("select pg_terminate_backend($1)", before);
  std::this_thread::sleep_for(50ms);
  auto const after = pid();
  ASSERT_TRUE(after) << "an idle connection that died is no error of the next job";
  EXPECT_NE(*after, before);
}

TEST_F(PoolTest, TellsThatTheOutcomeIsUnknownWhenCommitIsCut) {
  as_owner(
      "create table leadex.slow (n int); grant insert, select on leadex.slow to leadex_app; "
      "create function leadex.doze() returns trigger language plpgsql as $$ begin perform "
      "pg_sleep(10); return null; end $$; "
      "create constraint trigger doze after insert on leadex.slow deferrable initially deferred "
      "for each row execute function leadex.doze()");
  Pool pool({.session = {.conninfo = files_.app(), .statement_timeout = 30s}, .threads = 1});
  std::atomic<int> pid{0};
  std::atomic<int> runs{0};
  Result<int, StoreError> outcome = 0;
  std::thread worker([&] {
    outcome = pool.run_now([&](pqxx::work& tx) {
      ++runs;
      execute(tx, "insert into slow values (1)");
      pid = execute(tx, "select pg_backend_pid()").at(0).at(0).as<int>();
      return 1;
    });
  });
  while (pid == 0) std::this_thread::sleep_for(1ms);
  std::this_thread::sleep_for(200ms);
  {
    pqxx::connection own(files_.app());
    pqxx::nontransaction killer(own);
    killer.exec_params("select pg_terminate_backend($1)", pid.load());
  }
  worker.join();
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error(), StoreError::outcome_unknown);
  EXPECT_EQ(runs, 1) << "a commit in doubt is never tried again";
}

TEST_F(PoolTest, SaysUnavailableWithoutADatabase) {
  Pool pool({.session = {.conninfo = "host=/nonexistent dbname=x user=y"}, .threads = 1});
  auto const none = pool.run_now([](pqxx::work& tx) { return execute(tx, "select 1").size(); });
  EXPECT_EQ(none.error(), StoreError::unavailable);
  pool.stop();
  EXPECT_EQ(pool.run_now([](pqxx::work&) { return 1; }).error(), StoreError::unavailable);
}

boost::asio::awaitable<bool> comes_back(Pool& pool, std::thread::id home) {
  auto job = [](pqxx::work&) { return std::this_thread::get_id(); };
  auto const worker = co_await pool.run(job);
  co_return worker&&* worker != home&& std::this_thread::get_id() == home;
}

TEST_F(PoolTest, CoroutinesComeBackToTheirOwnThread) {
  Pool pool(options());
  boost::asio::io_context context;
  auto done = boost::asio::co_spawn(context, comes_back(pool, std::this_thread::get_id()),
                                    boost::asio::use_future);
  context.run();
  EXPECT_TRUE(done.get());
}

boost::asio::awaitable<int> throws_inside(Pool& pool) {
  auto job = [](pqxx::work&) -> int { throw std::logic_error("a bug"); };
  auto const never = co_await pool.run(job);
  co_return *never;
}

TEST_F(PoolTest, WhatAJobThrowsArrivesAtTheCoroutine) {
  Pool pool(options());
  boost::asio::io_context context;
  auto done = boost::asio::co_spawn(context, throws_inside(pool), boost::asio::use_future);
  context.run();
  EXPECT_THROW(done.get(), std::logic_error);
}

}  // namespace
}  // namespace leadex::storage::postgres
