#pragma once
// Migrator: brings a database to the schema of this program: numbered folders
// NNNN_name/{up,check}.sql, each in one transaction, forwards only. Blocking; for `db migrate`, one
// connection of the owner role. Several at once wait for each other.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "billing/values/result.hpp"
#include "server/storage/store_error.hpp"

namespace leadex::storage::postgres {

struct MigratorOptions {
  std::string conninfo;                          ///< of the owner role
  std::string folder;                            ///< …/schemas/sql
  std::chrono::milliseconds lock_timeout{3000};  ///< of each statement that waits for a table
  int attempts_max = 5;                          ///< of one migration that met a lock
  std::chrono::seconds turn_timeout{60};         ///< waiting for another migrator
};

enum class MigrationFault : std::uint8_t {
  unavailable,   ///< no connection
  folder_wrong,  ///< no folder, a gap or repeat in the numbers, a missing file
  edited,        ///< a migration that was applied has another text now
  newer,         ///< the database holds a migration that this program does not know
  busy,          ///< another migrator or a locked table did not give way
  failed,        ///< up.sql or check.sql did not run; nothing of that migration stays
};

struct MigrationError {
  MigrationFault fault{};
  std::string migration;  ///< "0002_name", or empty
  std::string sqlstate;   ///< for `failed`
};
[[nodiscard]] std::string describe(MigrationError const& error);

struct MigrationState {
  std::int32_t number{};
  std::string name;
  bool applied{};
};

class Migrator {
 public:
  explicit Migrator(MigratorOptions options) : options_(std::move(options)) {}

  /// Applies what is missing, in order. @return the names applied now; empty when none was missing
  [[nodiscard]] Result<std::vector<std::string>, MigrationError> migrate();

  /// All migrations of the folder. Reads only; refuses what migrate would refuse.
  [[nodiscard]] Result<std::vector<MigrationState>, MigrationError> status();

 private:
  MigratorOptions options_;
};

}  // namespace leadex::storage::postgres
