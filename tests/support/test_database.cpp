#include "tests/support/test_database.hpp"

#include <cstdlib>
#include <mutex>
#include <optional>
#include <pqxx/pqxx>
#include <stdexcept>
#include <string_view>

#include "server/crypto/bytes.hpp"
#include "server/crypto/random.hpp"
#include "server/storage/postgres/migrator.hpp"

// libpqxx 6.4 loses one PGresult each time that a connection breaks under a statement: make_result
// asks for the client encoding, which throws, before anything owns the result.
extern "C" char const* __lsan_default_suppressions();  // NOLINT(bugprone-reserved-identifier)
extern "C" char const* __lsan_default_suppressions() { return "leak:PQmakeEmptyPGresult"; }

namespace leadex::test {
namespace {

std::string setting(char const* name) {
  char const* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody sets it
  if (value == nullptr || *value == '\0') {
    throw std::runtime_error(std::string(name) +
                             " is not set: run the tests with deploy/test, which starts a "
                             "PostgreSQL cluster for them");
  }
  return value;
}

/// Replaces the value of one keyword of a conninfo without quoted blanks.
std::string with(std::string const& conninfo, std::string_view keyword, std::string const& value) {
  auto const name = std::string(keyword) + '=';
  auto const at = conninfo.starts_with(name) ? 0 : conninfo.find(' ' + name) + 1;
  if (at == 0 && !conninfo.starts_with(name)) return conninfo + ' ' + name + value;
  auto const end = std::min(conninfo.find(' ', at), conninfo.size());
  return conninfo.substr(0, at) + name + value + conninfo.substr(end);
}

void migrate(std::string const& owner) {
  storage::postgres::Migrator migrator({.conninfo = owner, .folder = TestDatabase::migrations()});
  if (auto const done = migrator.migrate(); !done) {
    throw std::runtime_error(describe(done.error()));
  }
}

constexpr char const* kTemplate = "leadex_migrated";
// Nobody may be connected to the template while it is copied: copies share this lock.
constexpr char const* kCopyLock = "select pg_advisory_lock_shared(7301)";
constexpr char const* kChangeLock = "select pg_advisory_lock(7301)";

/// The migrations run once in a cluster; every test's database is a copy. Test programs that start
/// together wait for the first.
void prepare_template(std::string const& admin) {
  static std::once_flag once;
  std::call_once(once, [&] {
    pqxx::connection connection(admin);
    pqxx::nontransaction tx(connection);
    tx.exec(kChangeLock);
    if (tx.exec("select from pg_database where datname = '" + std::string(kTemplate) + "'")
            .empty()) {
      tx.exec("create database " + tx.quote_name(kTemplate));
    }
    migrate(with(admin, "dbname", kTemplate));
  });
}

}  // namespace

TestDatabase::TestDatabase(bool migrated) : admin_(setting("LEADEX_TEST_DATABASE")) {
  auto const app_password = setting("LEADEX_TEST_APP_PASSWORD");
  name_ = "test_" + crypto::hex_encode(crypto::random_bytes(8));
  if (migrated) prepare_template(admin_);
  {
    pqxx::connection connection(admin_);
    pqxx::nontransaction tx(connection);
    if (migrated) tx.exec(kCopyLock);
    tx.exec("create database " + tx.quote_name(name_) +
            (migrated ? " template " + tx.quote_name(kTemplate) : ""));
  }
  owner_ = with(admin_, "dbname", name_);
  app_ = with(with(owner_, "user", "leadex_app"), "password", app_password);
}

TestDatabase::~TestDatabase() {
  try {
    pqxx::connection connection(admin_);
    pqxx::nontransaction tx(connection);
    tx.exec("drop database if exists " + tx.quote_name(name_) + " with (force)");
  } catch (std::exception const&) {
    // The cluster is thrown away anyway; a destructor has nobody to tell.
  }
}

}  // namespace leadex::test
