// The partitions of repeated answers, kept by the hourly job over a real database.

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>
#include <pqxx/pqxx>

#include "server/storage/postgres/upkeep.hpp"
#include "tests/support/test_database.hpp"

namespace leadex::storage::postgres {
namespace {

TEST(IdempotencyDays, AreOpenedAndDroppedHoweverOftenOneAsks) {
  test::TestDatabase const database;
  Pool pool({.session = {.conninfo = database.app()}, .threads = 2});
  PostgresUpkeep upkeep(pool);
  boost::asio::thread_pool threads{2};
  auto const wait = [&](auto later) {
    return boost::asio::co_spawn(threads, std::move(later), boost::asio::use_future);
  };
  auto const partitions = [&] {
    pqxx::connection connection(database.owner());
    pqxx::read_transaction tx(connection);
    return tx
        .exec1(
            "select count(*) from pg_inherits where inhparent = 'leadex.idempotency'::regclass "
            "and inhrelid::regclass::text ~ '_[0-9]+$'")
        .at(0)
        .as<int>();
  };
  auto first = wait(upkeep.open_idempotency_days(20'000, 20'003));
  auto second = wait(upkeep.open_idempotency_days(20'001, 20'004));
  EXPECT_TRUE(first.get().has_value());
  EXPECT_TRUE(second.get().has_value());
  EXPECT_EQ(partitions(), 5);
  EXPECT_EQ(wait(upkeep.drop_idempotency_days_before(20'002)).get().value_or(-1), 2);
  EXPECT_EQ(wait(upkeep.drop_idempotency_days_before(20'002)).get().value_or(-1), 0);
  EXPECT_EQ(partitions(), 3);
  threads.join();
  pool.stop();
}

}  // namespace
}  // namespace leadex::storage::postgres
