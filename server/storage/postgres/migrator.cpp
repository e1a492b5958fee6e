#include "server/storage/postgres/migrator.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <pqxx/connection>
#include <pqxx/except>
#include <pqxx/nontransaction>
#include <pqxx/transaction>
#include <sstream>
#include <thread>

#include "server/crypto/hash.hpp"
#include "server/storage/postgres/statement.hpp"

namespace leadex::storage::postgres {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kDigits = 4;
constexpr std::int64_t kTurnLock = 0x6c656164657831;  // "leadex1"

constexpr char const* kMakeTable =
    "create schema if not exists leadex_schema; "
    "create table if not exists leadex_schema.migration (number integer primary key, "
    "name text not null, sha256 bytea not null check (length(sha256) = 32), "
    "applied_at timestamptz not null default now())";
constexpr char const* kHasTable = "select to_regclass('leadex_schema.migration') is not null";
constexpr char const* kApplied = "select number, name, sha256 from leadex_schema.migration";
constexpr char const* kNote =
    "insert into leadex_schema.migration (number, name, sha256) values ($1, $2, $3)";
constexpr char const* kTakeTurn = "select pg_try_advisory_lock($1::bigint)";
constexpr char const* kSettings =
    "select set_config('lock_timeout', $1, false), set_config('statement_timeout', '0', false), "
    "set_config('client_min_messages', 'error', false)";

struct Migration {
  std::int32_t number{};
  std::string name;  // of the folder
  std::string up;
  std::string check;
  crypto::Digest sha256{};  // of up.sql
};

struct Applied {
  std::string name;
  crypto::Digest sha256{};
};

tl::unexpected<MigrationError> refused(MigrationFault fault, std::string migration = {},
                                       std::string sqlstate = {}) {
  return refuse(MigrationError{fault, std::move(migration), std::move(sqlstate)});
}

std::optional<std::string> read_file(fs::path const& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (!file || !(text << file.rdbuf())) return std::nullopt;
  return std::move(text).str();
}

std::optional<std::int32_t> number_of(std::string const& name) {
  bool const shaped = name.size() > kDigits + 1 && name[kDigits] == '_' &&
                      std::all_of(name.begin(), name.begin() + kDigits,
                                  [](char c) { return c >= '0' && c <= '9'; });
  if (!shaped) return std::nullopt;
  return std::stoi(name.substr(0, kDigits));
}

Result<std::vector<Migration>, MigrationError> read_folder(std::string const& folder) {
  std::error_code error;
  std::vector<Migration> all;
  for (auto const& entry : fs::directory_iterator(folder, error)) {
    auto const name = entry.path().filename().string();
    auto const number = number_of(name);
    auto up = read_file(entry.path() / "up.sql");
    auto check = read_file(entry.path() / "check.sql");
    if (!number || !up || !check) return refused(MigrationFault::folder_wrong, name);
    auto const digest = crypto::sha256(*up);
    all.push_back({*number, name, std::move(*up), std::move(*check), digest});
  }
  if (error || all.empty()) return refused(MigrationFault::folder_wrong);
  std::ranges::sort(all, {}, &Migration::number);
  std::int32_t expected = 1;
  for (auto const& migration : all) {
    if (migration.number != expected++) {
      return refused(MigrationFault::folder_wrong, migration.name);
    }
  }
  return all;
}

std::map<std::int32_t, Applied> read_applied(pqxx::transaction_base& tx) {
  std::map<std::int32_t, Applied> applied;
  if (!execute(tx, kHasTable).at(0).at(0).as<bool>()) return applied;
  for (auto const& row : execute(tx, kApplied)) {
    applied[row.at(0).as<std::int32_t>()] = {row.at(1).as<std::string>(), read_digest(row.at(2))};
  }
  return applied;
}

std::optional<MigrationError> compare(std::vector<Migration> const& known,
                                      std::map<std::int32_t, Applied> const& applied) {
  for (auto const& [number, row] : applied) {
    auto const found = std::ranges::find(known, number, &Migration::number);
    if (found == known.end()) return MigrationError{MigrationFault::newer, row.name, {}};
    if (found->name != row.name || found->sha256 != row.sha256) {
      return MigrationError{MigrationFault::edited, found->name, {}};
    }
  }
  return std::nullopt;
}

bool take_turn(pqxx::connection& connection, std::chrono::seconds timeout) {
  auto const deadline = std::chrono::steady_clock::now() + timeout;
  for (;;) {
    pqxx::nontransaction tx(connection);
    if (execute(tx, kTakeTurn, Parameters(kTurnLock)).at(0).at(0).as<bool>()) return true;
    if (std::chrono::steady_clock::now() >= deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

/// The SQLSTATE of what went wrong, or nothing.
std::optional<std::string> apply_once(pqxx::connection& connection, Migration const& migration) {
  try {
    pqxx::work tx(connection);
    tx.exec(migration.up);
    tx.exec(migration.check);
    execute(tx, kNote, Parameters(migration.number, migration.name, bytea(migration.sha256)));
    tx.commit();
    return std::nullopt;
  } catch (pqxx::sql_error const& error) {
    return error.sqlstate();
  }
}

std::optional<MigrationError> apply(pqxx::connection& connection, Migration const& migration,
                                    int attempts_max) {
  for (int attempt = 1;; ++attempt) {
    auto const sqlstate = apply_once(connection, migration);
    if (!sqlstate) return std::nullopt;
    bool const locked = *sqlstate == "55P03" || *sqlstate == "40P01";
    if (!locked) return MigrationError{MigrationFault::failed, migration.name, *sqlstate};
    if (attempt == attempts_max) return MigrationError{MigrationFault::busy, migration.name, {}};
    std::this_thread::sleep_for(std::chrono::milliseconds(200 * attempt));
  }
}

}  // namespace

std::string describe(MigrationError const& error) {
  auto const name = error.migration.empty() ? std::string("the migrations") : error.migration;
  switch (error.fault) {
    case MigrationFault::unavailable:
      return "the database does not answer";
    case MigrationFault::folder_wrong:
      return name + ": the folder must hold NNNN_name/{up,check}.sql, numbered from 0001";
    case MigrationFault::edited:
      return name + " was changed after it was applied";
    case MigrationFault::newer:
      return name + " stands in the database but not in this program: it is too old";
    case MigrationFault::busy:
      return name + ": a lock was not given up in time; nothing was changed, try again";
    case MigrationFault::failed:
      return name + " failed with SQLSTATE " + error.sqlstate + "; nothing of it stays";
  }
  return name;
}

Result<std::vector<std::string>, MigrationError> Migrator::migrate() {
  auto const known = read_folder(options_.folder);
  if (!known) return refuse(known.error());
  try {
    pqxx::connection connection(options_.conninfo);
    {
      pqxx::nontransaction tx(connection);
      execute(tx, kSettings, Parameters(std::to_string(options_.lock_timeout.count())));
    }
    if (!take_turn(connection, options_.turn_timeout)) return refused(MigrationFault::busy);
    std::map<std::int32_t, Applied> applied;
    {
      pqxx::work tx(connection);
      tx.exec(kMakeTable);
      applied = read_applied(tx);
      tx.commit();
    }
    if (auto const wrong = compare(*known, applied)) return refuse(*wrong);
    std::vector<std::string> done;
    for (auto const& migration : *known) {
      if (applied.contains(migration.number)) continue;
      if (auto const wrong = apply(connection, migration, options_.attempts_max)) {
        return refuse(*wrong);
      }
      done.push_back(migration.name);
    }
    return done;
  } catch (pqxx::sql_error const& error) {
    return refused(MigrationFault::failed, {}, error.sqlstate());
  } catch (pqxx::failure const&) {
    return refused(MigrationFault::unavailable);
  }
}

Result<std::vector<MigrationState>, MigrationError> Migrator::status() {
  auto const known = read_folder(options_.folder);
  if (!known) return refuse(known.error());
  try {
    pqxx::connection connection(options_.conninfo);
    pqxx::work tx(connection);
    auto const applied = read_applied(tx);
    if (auto const wrong = compare(*known, applied)) return refuse(*wrong);
    std::vector<MigrationState> states;
    for (auto const& migration : *known) {
      states.push_back({migration.number, migration.name, applied.contains(migration.number)});
    }
    return states;
  } catch (pqxx::sql_error const& error) {
    return refused(MigrationFault::failed, {}, error.sqlstate());
  } catch (pqxx::failure const&) {
    return refused(MigrationFault::unavailable);
  }
}

}  // namespace leadex::storage::postgres
