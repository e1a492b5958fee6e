// The marker test of personal data: marks in every personal field, a whole trade with all that goes
// wrong on the way, a killed server; and then nowhere a mark in plain text or in a usual disguise.

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <fstream>

#include "tests/e2e/marker/scan.hpp"
#include "tests/e2e/marker/stage.hpp"

namespace leadex::e2e {
namespace {

std::string setting(char const* name) {
  char const* const value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe)
  EXPECT_NE(value, nullptr) << name;
  return value == nullptr ? "" : value;
}

void kill_server_and_start_again() {
  std::ifstream file(setting("LEADEX_VAR") + "/run/server.pid");
  int pid = 0;
  ASSERT_TRUE(file >> pid);
  ASSERT_EQ(kill(pid, SIGKILL), 0);
  auto const up = "env -u LEADEX_DATABASE_OWNER '" + setting("LEADEX_UP") +
                  "' --no-demo --binary '" + setting("LEADEX_BINARY") + "' >/dev/null";
  ASSERT_EQ(std::system(up.c_str()), 0);  // NOLINT(cert-env33-c,concurrency-mt-unsafe)
}

void expect_nothing(Scan const& scan) {
  for (auto const& hit : scan.hits) ADD_FAILURE() << hit;
}

TEST(Marker, FormsAreFoundInWhateverTheyStand) {
  auto const forms = all_forms();
  for (auto const& form : forms) {
    auto const found = found_in("before" + form.bytes + "behind", forms);
    EXPECT_TRUE(std::ranges::find(found, form.what) != found.end()) << form.what;
  }
  EXPECT_TRUE(found_in("nothing of the kind stands here", forms).empty());
}

/// What is planted on purpose is found: in a table's file, in the write-ahead log, in the dump, in
/// the server's log and in the folder.
void expect_planted_is_found(Scanner const& scanner) {
  Scanner::database("plant " + std::string{kCore});
  std::ofstream(setting("LEADEX_VAR") + "/log/planted.log")
      << "GET /v1/x?phone=" << phone(3) << '\n';
  std::ofstream(setting("LEADEX_VAR") + "/dev/planted") << "UXp2eGtqdw==";  // the core in base64
  auto const scan = scanner.everything();
  for (auto const* part : {"database base", "database pg_wal", "pg_dump", "var/log", "var/dev"}) {
    EXPECT_FALSE(scan.of(part).empty()) << "a planted mark was not found in " << part;
  }
  Scanner::database("unplant");
}

TEST(Marker, StandsNowhereInPlainText) {
  Scanner::database("prepare");
  kill_server_and_start_again();  // with the metrics on, on a log that keeps its pages whole
  Stage stage;
  stage.first_act();
  kill_server_and_start_again();
  stage.second_act();

  for (auto const& slip : stage.slips()) ADD_FAILURE() << "in an answer: " << slip;
  EXPECT_GT(stage.revealed(), 10) << "the marks have to come out where they belong";
  int delivered = 0;
  for (auto const& body : stage.delivered())
    delivered += body.find(kCore) != std::string::npos ? 1 : 0;
  EXPECT_GT(delivered, 0) << "the endpoint was to be sent a contact";

  Scanner const scanner;
  auto const scan = scanner.everything();
  std::cout << "contacts shown where they belong: " << stage.revealed()
            << ", by webhook: " << delivered << "; looked through:\n"
            << scan.summary();
  expect_nothing(scan);
  for (auto const* part : {"database base", "database pg_wal", "pg_dump", "commit bodies",
                           "PostgreSQL's log", "var/log", "var/dev", "metrics"}) {
    auto const found = scan.parts.find(part);
    ASSERT_NE(found, scan.parts.end()) << part;
    EXPECT_GT(found->second.files, 0U) << part;
  }
  expect_planted_is_found(scanner);
}

}  // namespace
}  // namespace leadex::e2e
