#include "server/storage/postgres/migrator.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <pqxx/pqxx>
#include <thread>

#include "tests/support/test_database.hpp"

namespace leadex::storage::postgres {
namespace {

namespace fs = std::filesystem;

class MigratorTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "leadex-migrations.XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { fs::remove_all(folder_); }

  void add(std::string const& name, std::string const& up, std::string const& check = "select 1;") {
    fs::create_directories(folder_ / name);
    std::ofstream(folder_ / name / "up.sql") << up;
    std::ofstream(folder_ / name / "check.sql") << check;
  }
  MigratorOptions options() const {
    return {.conninfo = files_.owner(),
            .folder = folder_.string(),
            .lock_timeout = std::chrono::milliseconds(100),
            .attempts_max = 2};
  }
  bool has_table(std::string const& name) const {
    pqxx::connection connection(files_.owner());
    pqxx::work tx(connection);
    return !tx.exec_params1("select to_regclass($1)", name).at(0).is_null();
  }

  fs::path folder_;
  test::TestDatabase files_{false};
};

TEST_F(MigratorTest, AppliesWhatIsMissingInOrderAndNothingTwice) {
  add("0001_one", "create table one (n int); insert into one values (1);");
  Migrator migrator(options());
  EXPECT_EQ(migrator.migrate().value(), std::vector<std::string>{"0001_one"});
  add("0002_two", "create table two as select n + 1 as n from one;",
      "select 1 / count(*) from two");
  auto const states = migrator.status().value();
  ASSERT_EQ(states.size(), 2U);
  EXPECT_TRUE(states[0].applied);
  EXPECT_FALSE(states[1].applied);
  EXPECT_FALSE(has_table("two")) << "status only looks";
  EXPECT_EQ(migrator.migrate().value(), std::vector<std::string>{"0002_two"});
  EXPECT_TRUE(migrator.migrate().value().empty());
}

TEST_F(MigratorTest, LeavesNothingOfAMigrationWhoseCheckFails) {
  add("0001_one", "create table one (n int);");
  add("0002_two", "create table two (n int);", "select 1 / 0;");
  auto const done = Migrator(options()).migrate();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().fault, MigrationFault::failed);
  EXPECT_EQ(done.error().migration, "0002_two");
  EXPECT_EQ(done.error().sqlstate, "22012");
  EXPECT_TRUE(has_table("one"));
  EXPECT_FALSE(has_table("two"));
}

TEST_F(MigratorTest, RefusesAnEditedMigration) {
  add("0001_one", "create table one (n int);");
  ASSERT_TRUE(Migrator(options()).migrate());
  add("0001_one", "create table one (n bigint);");
  EXPECT_EQ(Migrator(options()).migrate().error().fault, MigrationFault::edited);
  EXPECT_EQ(Migrator(options()).status().error().fault, MigrationFault::edited);
}

TEST_F(MigratorTest, RefusesADatabaseThatIsNewerThanTheProgram) {
  add("0001_one", "create table one (n int);");
  add("0002_two", "create table two (n int);");
  ASSERT_TRUE(Migrator(options()).migrate());
  fs::remove_all(folder_ / "0002_two");
  EXPECT_EQ(Migrator(options()).migrate().error().fault, MigrationFault::newer);
}

TEST_F(MigratorTest, RefusesAFolderWithAGapOrAMissingFile) {
  EXPECT_EQ(Migrator(options()).migrate().error().fault, MigrationFault::folder_wrong);
  add("0001_one", "select 1;");
  add("0003_three", "select 1;");
  EXPECT_EQ(Migrator(options()).migrate().error().fault, MigrationFault::folder_wrong);
  fs::remove_all(folder_ / "0003_three");
  fs::remove(folder_ / "0001_one" / "check.sql");
  EXPECT_EQ(Migrator(options()).migrate().error().fault, MigrationFault::folder_wrong);
}

TEST_F(MigratorTest, GivesUpOnALockedTableAndChangesNothing) {
  add("0001_one", "create table one (n int);");
  ASSERT_TRUE(Migrator(options()).migrate());
  add("0002_two", "create table two (n int); alter table one add m int;");
  {
    pqxx::connection other(files_.owner());
    pqxx::work holder(other);
    holder.exec("select * from one");
    EXPECT_EQ(Migrator(options()).migrate().error().fault, MigrationFault::busy);
  }
  EXPECT_FALSE(has_table("two"));
  EXPECT_TRUE(Migrator(options()).migrate());
}

TEST_F(MigratorTest, SeveralAtOnceTakeTurns) {
  add("0001_one", "create table one (n int); select pg_sleep(0.2); insert into one values (1);");
  std::vector<std::thread> threads;
  std::atomic<int> applied{0};
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      auto const done = Migrator(options()).migrate();
      EXPECT_TRUE(done);
      if (done) applied += static_cast<int>(done->size());
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(applied, 1);
}

TEST_F(MigratorTest, SaysUnavailableWithoutADatabase) {
  add("0001_one", "select 1;");
  auto wrong = options();
  wrong.conninfo = "host=/nonexistent dbname=x user=y";
  EXPECT_EQ(Migrator(wrong).migrate().error().fault, MigrationFault::unavailable);
}

TEST_F(MigratorTest, TheExchangesOwnMigrationsRunOneByOne) {
  Migrator migrator({.conninfo = files_.owner(), .folder = test::TestDatabase::migrations()});
  auto const done = migrator.migrate();
  ASSERT_TRUE(done) << describe(done.error());
  EXPECT_EQ(done->front(), "0001_exchange");
  EXPECT_TRUE(migrator.migrate()->empty());
}

TEST_F(MigratorTest, PostbacksComeToADatabaseThatHasConversions) {
  fs::path const own = test::TestDatabase::migrations();
  for (auto const& entry : fs::directory_iterator(own)) {
    auto const name = entry.path().filename().string();
    if (name < "0013") fs::copy(entry.path(), folder_ / name, fs::copy_options::recursive);
  }
  Migrator migrator(options());
  ASSERT_TRUE(migrator.migrate());
  std::string const conversion =
      "insert into leadex.conversion (market_id, conversion_no, lead_no, slot, buyer, campaign, "
      "event, transaction_id, at_us, price, state, confirmed, due_us, told_us, moved_us, "
      "batch_seq) values ";
  {
    pqxx::connection connection(files_.owner());
    pqxx::work tx(connection);
    tx.exec(
        "insert into leadex.acquisition (market_id, lead_no, slot, until_us, value_bp, event) "
        "values (1, 1, 0, 9, 0, 'policy')");
    tx.exec(conversion +
            "(1, 1, 1, 0, 11, 3, 'policy', 't', 1, 5, 1, true, 0, 1, 1, 1), "
            "(1, 2, 2, 1, 11, 3, 'policy', 't', 1, null, 2, false, 0, 1, 1, 1), "
            "(1, 3, 2, 0, 11, 3, 'policy', 'u', 1, null, 0, false, 7, 1, 1, 1)");
    tx.exec(
        "insert into leadex.campaign_counter values (1, 3, 1, 2, null, 2, null, 1, 2, null, 2, "
        "null, 1, 2, null, 2, null, 1, 2, null, 2, null)");
    tx.commit();
  }
  fs::copy(own / "0013_postbacks", folder_ / "0013_postbacks", fs::copy_options::recursive);
  auto const done = migrator.migrate();
  ASSERT_TRUE(done) << describe(done.error());
  EXPECT_EQ(*done, std::vector<std::string>{"0013_postbacks"});
  pqxx::connection connection(files_.owner());
  auto const taken = [&](std::string const& values) {
    pqxx::work tx(connection);
    try {
      tx.exec(conversion + values);
    } catch (pqxx::integrity_constraint_violation const&) {
      return false;
    }
    tx.commit();
    return true;
  };
  EXPECT_FALSE(taken("(1, 4, 4, 0, 11, 3, 'policy', 't', 1, 5, 1, true, 0, 1, 1, 1)"))
      << "what was unique still is";
  EXPECT_FALSE(taken("(1, 4, 4, 0, 11, 3, 'sale', 't', 1, null, 5, true, 0, 1, 1, 1)"));
  EXPECT_FALSE(taken("(1, 4, 4, 0, 11, 3, 'sale', 'v', 1, 5, 5, true, 0, 1, 1, 1)"));
  EXPECT_TRUE(taken("(1, 4, 4, 0, 11, 3, 'sale', 't', 1, null, 5, false, 0, 1, 1, 1)"));
  EXPECT_FALSE(taken("(1, 5, 4, 0, 11, 3, 'sale', 'w', 1, null, 5, false, 0, 1, 1, 1)"));
  pqxx::work tx(connection);
  EXPECT_EQ(tx.exec1("select count(*) from leadex.acquisition where not visit")[0].as<int>(), 1);
  EXPECT_EQ(tx.exec1("select day_visits + visit_turn from leadex.campaign_counter")[0].as<int>(),
            0);
}

}  // namespace
}  // namespace leadex::storage::postgres
